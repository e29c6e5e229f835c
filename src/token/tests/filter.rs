//! Key sets: each odd key beside the good one that differs in one thing.

use serde_json::{Value, json};

use super::{Filtered, keys};
use crate::token::keys::Cause;

/// RFC 7515 appendix A.2's modulus; Auth0's sample has the same length.
fn rsa() -> Value {
    let samples =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors/auth0/auth0_sample_jwks.json"));
    let mut sample: Value = serde_json::from_str(samples).expect("JSON");
    sample["keys"][0].take()
}

/// RFC 7517 appendix A.1.
fn ec() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "kid": "ec",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" })
}

/// RFC 8037 appendix A.2.
fn ed() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

fn changed(mut key: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().expect("changes") {
        key[name] = value.clone();
    }
    key
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().expect("key").remove(name);
    key
}

fn filtered(list: &[Value]) -> Result<Filtered, Cause> {
    keys(json!({ "keys": list }).to_string().as_bytes(), 64).map_err(|f| f.cause)
}

/// A second key stands beside each, so that one odd key can be told from an odd set.
fn taken(key: &Value) -> bool {
    let other = changed(ec(), json!({ "kid": "other" }));
    let found = filtered(&[key.clone(), other]).expect("the other is good");
    assert!(found.keys.iter().any(|k| k.key_id() == "other"), "an odd key cost the good one: {key}");
    found.keys.len() == 2
}

#[test]
fn good_keys_are_taken() {
    for key in [
        rsa(),
        ec(),
        ed(),
        without(rsa(), "alg"),
        without(rsa(), "use"),
        changed(rsa(), json!({ "alg": "PS512" })),
        changed(rsa(), json!({ "e": "Aw" })),
        changed(rsa(), json!({ "x5c": 1, "x5t": null, "unknown": {} })),
        changed(ec(), json!({ "use": "sig", "key_ops": ["verify"], "alg": "ES256" })),
        changed(ed(), json!({ "alg": "EdDSA" })),
    ] {
        assert!(taken(&key), "{key}");
    }
}

#[test]
fn odd_keys_are_left_out_one_by_one() {
    let even = rsa()["n"].as_str().expect("n")[..340].to_owned() + "AA";
    let short = rsa()["n"].as_str().expect("n").chars().take(340).collect::<String>();
    for (name, key) in [
        ("encryption key", changed(rsa(), json!({ "use": "enc" }))),
        ("unknown use", changed(rsa(), json!({ "use": "tls" }))),
        ("use in another case", changed(rsa(), json!({ "use": "SIG" }))),
        ("use null", changed(rsa(), json!({ "use": null }))),
        ("key_ops without verify", changed(rsa(), json!({ "key_ops": ["sign"] }))),
        ("key_ops empty", changed(rsa(), json!({ "key_ops": [] }))),
        ("key_ops string", changed(rsa(), json!({ "key_ops": "verify" }))),
        ("no kid", without(rsa(), "kid")),
        ("kid empty", changed(rsa(), json!({ "kid": "" }))),
        ("kid number", changed(rsa(), json!({ "kid": 1 }))),
        ("kid too long", changed(rsa(), json!({ "kid": "k".repeat(257) }))),
        ("shorter than 2048 bits", changed(rsa(), json!({ "n": short }))),
        ("even modulus", changed(rsa(), json!({ "n": even }))),
        ("modulus missing", without(rsa(), "n")),
        ("modulus in base64 with padding", changed(rsa(), json!({ "n": "yeNlzlub94Yge+==" }))),
        ("e is 1", changed(rsa(), json!({ "e": "AQ" }))),
        ("e is 2", changed(rsa(), json!({ "e": "Ag" }))),
        ("e is even", changed(rsa(), json!({ "e": "AQAA" }))),
        ("e is 0", changed(rsa(), json!({ "e": "AA" }))),
        ("e of 256 bytes", changed(rsa(), json!({ "e": rsa()["n"] }))),
        ("alg of encryption", changed(rsa(), json!({ "alg": "RSA-OAEP" }))),
        ("alg of another type", changed(rsa(), json!({ "alg": "ES256" }))),
        ("alg symmetric", changed(rsa(), json!({ "alg": "HS256" }))),
        ("alg none", changed(rsa(), json!({ "alg": "none" }))),
        ("alg null", changed(rsa(), json!({ "alg": null }))),
        ("alg of another curve", changed(ec(), json!({ "alg": "ES384" }))),
        ("curve that does not fit", changed(ec(), json!({ "crv": "P-384" }))),
        ("curve of a coin", changed(ec(), json!({ "crv": "secp256k1" }))),
        ("curve missing", without(ec(), "crv")),
        ("short coordinate", changed(ec(), json!({ "x": "AAAA" }))),
        ("key agreement", changed(ed(), json!({ "crv": "X25519" }))),
        ("Ed25519 with a short part", changed(ed(), json!({ "x": "AAAA" }))),
        ("symmetric", json!({ "kty": "oct", "kid": "k", "k": "AAAA" })),
        ("secret half", changed(rsa(), json!({ "d": "AAAA" }))),
        ("secret half of a curve", changed(ec(), json!({ "d": "AAAA" }))),
        ("unknown type", json!({ "kty": "AKP", "kid": "k", "alg": "ML-DSA-44", "pub": "AAAA" })),
        ("type in another case", changed(rsa(), json!({ "kty": "rsa" }))),
        ("no type", without(rsa(), "kty")),
        ("null", Value::Null),
        ("string", json!("key")),
    ] {
        assert!(!taken(&key), "{name}: {key}");
    }
}

#[test]
fn equal_kids_drop_each_other() {
    let named = |key: Value| changed(key, json!({ "kid": "same" }));
    let count = |list: &[Value]| filtered(list).map(|f| f.keys.len());
    let far = changed(ed(), json!({ "kid": "far" }));
    assert_eq!(count(&[named(rsa()), ec(), far.clone()]), Ok(3));
    assert_eq!(count(&[named(rsa()), named(ec()), far.clone()]), Ok(1));
    assert_eq!(count(&[named(rsa()), named(rsa()), far.clone()]), Ok(1), "even the same key");
    let odd = changed(named(ec()), json!({ "x": "AAAA" }));
    assert_eq!(count(&[named(rsa()), odd, far.clone()]), Ok(1), "an odd key counts");
    let enc = changed(named(ec()), json!({ "use": "enc" }));
    assert_eq!(count(&[named(rsa()), enc, far]), Ok(2), "a key for encryption does not");
}

#[test]
fn a_key_that_can_be_read_in_two_ways_is_left_out() {
    let other = ec().to_string();
    for (text, taken) in
        [(r#""use":"sig""#, 2), (r#""use":"sig","use":"enc""#, 1), (r#""use":"sig","\u0075se":"sig""#, 1)]
    {
        let rsa = without(rsa(), "use").to_string();
        let rsa = format!("{{{text},{}", &rsa[1..]);
        let body = format!(r#"{{"keys":[{rsa},{other}]}}"#);
        assert_eq!(keys(body.as_bytes(), 64).map(|f| f.keys.len()).ok(), Some(taken), "{text}");
    }
}

#[test]
fn sets_that_are_none() {
    let cause = |body: &str| keys(body.as_bytes(), 64).map(|f| f.keys.len()).map_err(|f| f.cause);
    assert_eq!(cause(&json!({ "keys": [ec()], "more": [] }).to_string()), Ok(1));
    for body in ["", "{}", "[]", "<html>", r#"{"keys":null}"#, r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(cause(body), Err(Cause::Content), "{body}");
    }
    for body in [r#"{"keys":[]}"#, r#"{"keys":[1]}"#] {
        assert_eq!(cause(body), Err(Cause::Empty), "{body}");
    }
    let truncated = json!({ "keys": [ec(), rsa()] }).to_string();
    assert_eq!(cause(&truncated[..truncated.len() - 1]), Err(Cause::Content));
}

#[test]
fn the_number_of_keys_is_bounded() {
    let many: Vec<_> = (0..100).map(|i| changed(ec(), json!({ "kid": i.to_string() }))).collect();
    let found = filtered(&many).expect("keys");
    assert_eq!((found.keys.len(), found.odd.len()), (64, 36));
}
