//! A key set as sent → the keys that may verify signatures.
//!
//! In: the body of the issuer's answer. Out: the usable keys, and for each other one why it was left out. An
//! odd key never costs the others (RFC 7517 section 5), and a doubtful one is left out.
//!
//! `jwks_client_rs` brings the type of a key, [`JsonWebKey`], and nothing else: its own reader fails the whole set for
//! one odd key, has no limit for the body, follows redirects and takes no authority of one's own, and its client
//! blocks known keys while it fetches.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwks_client_rs::JsonWebKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::{Cause, Failure};
use crate::token::header::MAX_KID;
use crate::token::json;
use crate::token::log_text::for_log;

/// Smallest and largest RSA modulus, in bits (RFC 7518 section 3.3; aws-lc's own upper limit).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key set, sorted out.
#[derive(Default)]
pub(crate) struct Filtered {
    /// The usable keys; each has its own `kid`.
    pub(crate) keys: Vec<JsonWebKey>,
    /// What is wrong with which key.
    pub(crate) odd: Vec<String>,
    /// How many keys are for something else (encryption, say), which is no fault.
    pub(crate) for_others: usize,
}

/// Keys stay text until each is read by itself.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// Why a key is left out.
enum LeftOut {
    ForOthers,
    Odd(&'static str),
}
use LeftOut::{ForOthers, Odd};

/// Takes the keys that may verify signatures, at most `max_keys`.
///
/// # Errors
/// When the body is no key set, or none of its keys is usable.
pub(crate) fn keys(body: &[u8], max_keys: usize) -> Result<Filtered, Failure> {
    let written: Written<'_> = serde_json::from_slice(body)
        .map_err(|e| Failure::new(Cause::Content, format_args!("not a key set, at column {}", e.column())))?;
    let mut filtered = Filtered::default();
    let mut found = Vec::new();
    let mut named: HashMap<String, usize> = HashMap::new();
    for (index, text) in written.keys.iter().enumerate() {
        let name = |kid: Option<&str>| match kid {
            Some(kid) => format!("key {index} (`{}`)", for_log(kid)),
            None => format!("key {index}"),
        };
        let key = match json::object(text.get().as_bytes()) {
            Ok(key) => key,
            Err(why) => {
                filtered.odd.push(format!("{}: {why}", name(None)));
                continue;
            }
        };
        let kid = key.get("kid").and_then(Value::as_str);
        match usable(&key) {
            // Its `kid` does not count either: an issuer may use one for a signing and an encryption key.
            Err(ForOthers) => {
                filtered.for_others += 1;
                continue;
            }
            Err(Odd(why)) => filtered.odd.push(format!("{}: {why}", name(kid))),
            Ok(usable) => found.push((name(kid), usable)),
        }
        // An odd key counts, too: it may be the one that the issuer means by this `kid`.
        if let Some(kid) = kid {
            *named.entry(kid.to_owned()).or_default() += 1;
        }
    }
    for (name, key) in found {
        if named.get(key.key_id()).is_some_and(|n| *n > 1) {
            filtered.odd.push(format!("{name}: another key has the same `kid`"));
        } else if filtered.keys.len() >= max_keys {
            filtered.odd.push(format!("{name}: more than {max_keys} keys"));
        } else {
            filtered.keys.push(key);
        }
    }
    if filtered.keys.is_empty() {
        let why = filtered.odd.first().cloned().unwrap_or_else(|| "no key for signatures".into());
        return Err(Failure::new(Cause::Empty, format_args!("no usable key; {why}")));
    }
    Ok(filtered)
}

/// Looks at one key by itself (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
fn usable(key: &Map<String, Value>) -> Result<JsonWebKey, LeftOut> {
    match key.get("use") {
        None => {}
        Some(Value::String(u)) if u == "sig" => {}
        Some(_) => return Err(ForOthers),
    }
    match key.get("key_ops") {
        None => {}
        Some(Value::Array(ops)) if ops.iter().any(|op| op == "verify") => {}
        Some(_) => return Err(ForOthers),
    }
    // With its private parts published, anybody can sign.
    if ["d", "p", "q", "k"].iter().any(|part| key.contains_key(*part)) {
        return Err(Odd("it holds secret parts"));
    }
    match key.get("kid") {
        Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= MAX_KID => {}
        _ => return Err(Odd("its `kid` is missing, empty, too long or not a string")),
    }
    let algorithms = fitting(key)?;
    match key.get("alg") {
        None => {}
        Some(Value::String(alg)) if algorithms.contains(&alg.as_str()) => {}
        Some(_) => return Err(Odd("its `alg` does not fit its type, or is not supported")),
    }
    // Only members that were checked: `JsonWebKey` fails for an odd `x5c`, say.
    let read = ["kty", "kid", "alg", "n", "e", "crv", "x", "y"];
    let members = read.iter().filter_map(|name| Some(((*name).to_owned(), key.get(*name)?.clone())));
    serde_json::from_value(Value::Object(members.collect())).map_err(|_| Odd("it can't be read"))
}

/// The algorithms that a key of this type and curve can verify. Checks its numbers on the way.
fn fitting(key: &Map<String, Value>) -> Result<&'static [&'static str], LeftOut> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        let text = text(name).ok_or(Odd("a part is missing or not a string"))?;
        URL_SAFE_NO_PAD.decode(text).map_err(|_| Odd("a part is not canonical base64url"))
    };
    match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            if !RSA_BITS.contains(&bits(&n)) || n.last().is_none_or(|b| b % 2 == 0) {
                return Err(Odd("its modulus is too short, too long or even"));
            }
            // e = 1 makes every signature hold; even ones are no RSA.
            if !(2..=33).contains(&bits(&e)) || e.last().is_none_or(|b| b % 2 == 0) {
                return Err(Odd("its exponent is too small, too large or even"));
            }
            Ok(&["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
        }
        (Some("EC"), Some("P-256")) => point(&bytes("x")?, &bytes("y")?, 32).map(|()| ["ES256"].as_slice()),
        (Some("EC"), Some("P-384")) => point(&bytes("x")?, &bytes("y")?, 48).map(|()| ["ES384"].as_slice()),
        (Some("OKP"), Some("Ed25519")) if bytes("x")?.len() == 32 => Ok(&["EdDSA"]),
        (Some("OKP"), Some("Ed25519")) => Err(Odd("its part has the wrong length")),
        // Key agreement, no signatures.
        (Some("OKP"), Some("X25519" | "X448")) => Err(ForOthers),
        _ => Err(Odd("its type or curve is not supported")),
    }
}

/// Both coordinates in full length (RFC 7518 section 6.2.1.2).
fn point(x: &[u8], y: &[u8], length: usize) -> Result<(), LeftOut> {
    if x.len() == length && y.len() == length { Ok(()) } else { Err(Odd("a part has the wrong length")) }
}

/// Bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    match number.get(zeros) {
        Some(first) => (number.len() - zeros) * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

#[cfg(test)]
#[path = "../tests/filter.rs"]
mod tests;
