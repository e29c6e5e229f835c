//! What must hold for any input: the fuzz targets and the replay of their seeds call these.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::keys::{KeySet, filter};
use super::{bearer, claims, header, json};
use crate::config::Issuer;
use crate::tenancy::Tenant;

/// A header, or with a first byte of 0 a whole `Authorization` value. Whoever reads a header that we took with
/// another reader reads the same.
pub fn header(data: &[u8]) {
    let value = match data.split_first() {
        Some((0, value)) => value.to_vec(),
        _ => format!("Bearer {}.e30.AA", URL_SAFE_NO_PAD.encode(data)).into_bytes(),
    };
    let Ok(text) = bearer::token(&[&value], 8192) else { return };
    let Ok(token) = bearer::split(text) else { return };
    assert_eq!(text, format!("{}.{}", token.signed, token.signature).as_bytes());
    let signature = URL_SAFE_NO_PAD.decode(token.signature).expect("canonical");
    assert_eq!(token.signature, URL_SAFE_NO_PAD.encode(signature));
    let Ok(read) = header::read(&token) else { return };
    let bytes = URL_SAFE_NO_PAD.decode(token.header).expect("canonical");
    let other: Value = serde_json::from_slice(&bytes).expect("another reader takes it");
    assert_eq!(other["kid"], read.kid.as_str());
    assert_eq!(other["alg"].as_str().and_then(|a| a.parse().ok()), Some(read.algorithm));
    for name in ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"] {
        assert!(other.get(name).is_none(), "{name}");
    }
}

/// Claims. What is taken proves one client, which another reader finds, too, for our audience, in time.
pub fn claims(data: &[u8]) {
    let issuer = Issuer {
        issuer: "i".into(),
        audiences: vec!["a".into()],
        audience_optional: false,
        jwks_url: String::new(),
        discovery: false,
        algorithms: Vec::new(),
        leeway: Duration::from_secs(30),
        client_id_claims: vec!["azp".into(), "client_id".into()],
        application_tokens_only: true,
        people: None,
        required_claims: Vec::new(),
        ca_file: None,
        allow_http: false,
    };
    let now = 1_800_000_000.0;
    let Ok(read) = json::object(data) else { return };
    let other: Value = serde_json::from_slice(data).expect("another reader takes it");
    assert_eq!(other.as_object(), Some(&read));
    assert_eq!(claims::unverified_issuer(&read), other["iss"].as_str());
    let Ok(proved) = claims::check(&read, &issuer, now) else { return };
    let claims::Bearer::Application(client_id) = proved.bearer else { panic!("nobody takes people here") };
    assert!(other["azp"] == client_id || other["client_id"] == client_id);
    assert!(other["exp"].as_f64().expect("a time") > now - 30.0);
    assert!(other["aud"] == "a" || other["aud"].as_array().expect("audiences").iter().any(|a| a == "a"));
    if let Ok(tenant) = Tenant::parse(client_id, &[]) {
        let tame = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        assert!(tenant.as_str().chars().all(tame) && tenant.as_str().len() <= 64);
    }
}

/// A key set. What is taken has one key a name, none of them symmetric, and not too many.
pub fn keys(data: &[u8]) {
    let Ok(found) = filter::keys(data, 8) else { return };
    assert!((1..=8).contains(&found.keys.len()));
    let names: HashSet<_> = found.keys.iter().map(|k| k.key_id().to_owned()).collect();
    assert_eq!(names.len(), found.keys.len());
    let count = found.keys.len();
    let (set, odd) = KeySet::new(found.keys);
    assert_eq!(set.len() + odd.len(), count);
    for name in names {
        if let Some(key) = set.get(&name) {
            assert!(key.algorithms().next().is_some());
            assert!(!key.algorithms().any(super::algorithm::is_symmetric));
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn replay() {
        crate::fuzzing::replay("token_header", super::header);
        crate::fuzzing::replay("token_claims", super::claims);
        crate::fuzzing::replay("token_keys", super::keys);
    }
}
