//! What must hold for any input: the fuzz targets and the replay of their seeds call these.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::caller::CallerRules;
use super::keys::{KeySet, filter};
use super::{bearer, claims, header, json};
use crate::config::{Issuer, Level, Permissions};
use crate::tenancy::Caller;

/// Every setting that reads a claim.
const TENANCY: &str = "\
tenant_from: [{ claim: org_id, map: { org_1: orders } }, { claim: [app, tenant], prefix: t- }, { claim: azp }]
grants: [{ claim: tenants, level: read }, { claim: [app, tenants] }, { scope: 'tenant:{tenant}:{level}' }]
all_tenants: { scope: 'every:{level}' }
";

static RULES: LazyLock<CallerRules> = LazyLock::new(|| {
    let tenancy = serde_saphyr::from_str(TENANCY).expect("settings");
    let permissions = Permissions { deploy: Some(vec!["ship".to_owned()]), ..Permissions::default() };
    CallerRules::new(&tenancy, &permissions).expect("patterns")
});

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

/// Claims. What is taken proves one client, which another reader finds, too, for our audience, in time; and it grants what
/// other readers find in the token, and nothing else.
pub fn claims(data: &[u8]) {
    drop(caller_of(data));
}

fn caller_of(data: &[u8]) -> Option<Caller> {
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
    let read = json::object(data).ok()?;
    let other: Value = serde_json::from_slice(data).expect("another reader takes it");
    assert_eq!(other.as_object(), Some(&read));
    assert_eq!(claims::unverified_issuer(&read), other["iss"].as_str());
    let proved = claims::check(&read, &issuer, now).ok()?;
    let claims::Bearer::Application(client_id) = proved.bearer else { panic!("nobody takes people here") };
    assert!(other["azp"] == client_id || other["client_id"] == client_id);
    assert!(other["exp"].as_f64().expect("a time") > now - 30.0);
    assert!(other["aud"] == "a" || other["aud"].as_array().expect("audiences").iter().any(|a| a == "a"));
    let caller = RULES.caller(&read, &proved, &issuer).ok()?;
    let own = caller.own().expect("an application has a tenant");
    for (tenant, _) in caller.grants().iter().chain([(own, Level::All)]) {
        let tame = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        assert!(tenant.as_str().chars().all(tame) && (1..=64).contains(&tenant.as_str().len()));
        assert!(!tenant.as_str().eq_ignore_ascii_case("camunda-admin"));
    }
    assert_eq!(caller.user(), client_id);
    own_tenant(&caller, &other);
    granted(&caller, &other);
    Some(caller)
}

/// The first claim names the tenant, and no client is called as another one's.
fn own_tenant(caller: &Caller, token: &Value) {
    let tenant = caller.own().expect("an application has a tenant").as_str();
    let client = token.get("azp").unwrap_or(&token["client_id"]).as_str().expect("a client id");
    if let Some(organization) = token.get("org_id") {
        assert_eq!((organization.as_str(), tenant), (Some("org_1"), "orders"));
    } else if let Some(named) = token.get("app").and_then(|app| app.get("tenant")) {
        assert_eq!(Some(tenant), named.as_str().map(|named| format!("t-{named}")).as_deref());
    } else {
        let lower = tenant.to_ascii_lowercase();
        assert!(tenant == client && lower != "orders" && !lower.starts_with("t-"), "{tenant}");
    }
}

/// Each grant stands in a claim or scope that a setting names, with its level.
fn granted(caller: &Caller, token: &Value) {
    let scopes = scopes(token);
    let mut named = BTreeSet::new();
    let claims = [token.get("tenants"), token.get("app").and_then(|app| app.get("tenants"))];
    for (claim, default) in
        claims.into_iter().zip(["read", "none"]).filter_map(|(c, level)| Some((c?, level)))
    {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for item in claim.as_array().into_iter().flatten() {
            match item.as_object() {
                None => named.insert((text(item), default.to_owned())),
                Some(_) => named.insert((text(&item["tenant"]), text(&item["level"]))),
            };
        }
        named.extend(claim.as_object().into_iter().flatten().map(|(id, level)| (id.clone(), text(level))));
    }
    let pairs = scopes.iter().filter_map(|scope| scope.strip_prefix("tenant:")?.rsplit_once(':'));
    named.extend(pairs.map(|(id, level)| (id.to_owned(), level.to_owned())));
    for (tenant, level) in caller.grants().iter() {
        assert!(Some(tenant) != caller.own(), "the own tenant is never granted");
        assert!(named.contains(&(tenant.to_string(), level.to_string())), "{tenant}={level} of {named:?}");
    }
    for level in [Level::Read, Level::Work] {
        let every = caller.all_tenants() >= Some(level);
        let said = [Level::Read, Level::Work].into_iter().filter(|said| *said >= level);
        assert_eq!(every, said.into_iter().any(|said| scopes.contains(format!("every:{said}").as_str())));
    }
    assert!(caller.all_tenants() != Some(Level::All) && !scopes.contains("every:all"));
    assert_eq!(caller.permits().kinds().any(|kind| kind == "deploy"), scopes.contains("ship"));
}

/// As other readers find them.
fn scopes(token: &Value) -> BTreeSet<&str> {
    let text = token["scope"].as_str().into_iter().flat_map(|text| text.split(' '));
    let lists = [&token["scope"], &token["permissions"]].into_iter().filter_map(Value::as_array).flatten();
    text.chain(lists.filter_map(Value::as_str)).filter(|scope| !scope.is_empty()).collect()
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
    use super::*;

    #[test]
    fn replay() {
        crate::fuzzing::replay("token_header", super::header);
        crate::fuzzing::replay("token_claims", super::claims);
        crate::fuzzing::replay("token_keys", super::keys);
    }

    /// Each setting is met by a seed.
    #[test]
    fn seeds_name_tenants_and_grant_others() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/token_claims");
        let files = std::fs::read_dir(folder).expect("seeds").map(|file| file.expect("a seed").path());
        let callers: Vec<Caller> =
            files.filter_map(|file| caller_of(&std::fs::read(file).expect("a seed"))).collect();
        let any = |met: &dyn Fn(&Caller) -> bool| callers.iter().any(met);
        for start in ["orders", "t-", "app"] {
            assert!(
                any(&|caller| caller.own().is_some_and(|own| own.as_str().starts_with(start))),
                "{start}"
            );
        }
        for level in [Level::Read, Level::Work, Level::All] {
            assert!(any(&|caller| caller.grants().level("B") == Some(level)), "{level}");
        }
        assert!(any(&|caller| caller.all_tenants() == Some(Level::Read)));
        assert!(any(&|caller| caller.permits().kinds().any(|kind| kind == "deploy")));
    }
}
