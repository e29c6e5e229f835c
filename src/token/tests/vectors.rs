//! Samples of RFC 7515, 7520, 7797 and 8037: what others signed and wrote, read by us.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::support::*;
use crate::refusal::Kind;
use crate::token::keys::{KeySet, filter};
use crate::token::{bearer, header, verify};

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors/jose-cookbook/");
    let text = std::fs::read_to_string(format!("{folder}{name}.json")).expect("a sample");
    serde_json::from_str(&text).expect("JSON")
}

/// The public half, named.
fn public(key: &Value) -> Value {
    let mut key = key.clone();
    for secret in ["d", "p", "q", "dp", "dq", "qi"] {
        key.as_object_mut().expect("key").remove(secret);
    }
    key["kid"] = json!("k");
    key
}

/// Signatures by others hold under the keys as we read them, and fall with one changed bit.
#[test]
fn signatures_hold() {
    for (name, algorithm) in [
        ("jws_4_1.rsa_v15_signature", Algorithm::RS256),
        ("jws_4_2.rsa-pss_signature", Algorithm::PS384),
        ("curve25519_jws", Algorithm::EdDSA),
    ] {
        let sample = sample(name);
        let set = json!({ "keys": [public(&sample["input"]["key"])] }).to_string();
        let written = filter::keys(set.as_bytes(), 1).expect("a key").keys;
        let (set, odd) = KeySet::new(written);
        assert_eq!(odd, Vec::<String>::new());
        let key = set.get("k").expect("the key");
        let compact = sample["output"]["compact"].as_str().expect("a token");
        let holds = |text: &str| {
            let value = format!("Bearer {text}");
            let token = bearer::token(&[value.as_bytes()], 8192).and_then(bearer::split).expect("a shape");
            verify::signature_holds(&token, key, algorithm)
        };
        assert_eq!(holds(compact), Ok(()), "{name}");
        let at = compact.rfind('.').expect("a dot") + 10;
        let flipped = if &compact[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{flipped}{}", &compact[..at], &compact[at + 1..]);
        assert!(holds(&changed).is_err(), "{name}");
    }
}

/// What RFC 7520, 7797 and 7516 offer besides is not for us: HMAC, ES512, detached, unencoded, JSON, encrypted.
#[tokio::test]
async fn other_forms_are_refused() {
    let pair = Pair::rsa_a("018c0ae5-4d9b-471b-bfd6-eef314bc7037");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[server.settings()], &fast());
    assert_eq!(user(&tokens, &pair.sign(&claims("https://issuer.example/"))).await, Ok("app-one".into()));
    let mut seen = 0;
    for name in [
        "jws_4_1.rsa_v15_signature",
        "jws_4_2.rsa-pss_signature",
        "jws_4_3.ecdsa_signature",
        "jws_4_4.hmac-sha2_integrity_protection",
        "jws_4_5.signature_with_detached_content",
        "jws_4_6.protecting_specific_header_fields",
        "jws_4_7.protecting_content_only",
        "jws_4_8.multiple_signatures",
        "rfc7797_4.2.hmac-sha2_b64_false",
        "rfc7797_hmac-sha2_b64_false",
        "curve25519_jws",
        "curve25519_ecdh-es",
    ] {
        for (form, value) in sample(name)["output"].as_object().expect("forms") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(user(&tokens, &text).await, Err(Kind::TokenMalformed), "{name} {form}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// Keys as RFC 7520 section 3 writes them.
#[test]
fn keys_are_read_or_left_out() {
    let taken = |key: Value| filter::keys(json!({ "keys": [key] }).to_string().as_bytes(), 1).is_ok();
    for (name, expected) in [
        ("jwk_3_3.rsa_public_key", true),
        ("jwk_3_4.rsa_private_key", false),
        // P-521, which nothing here verifies.
        ("jwk_3_1.ec_public_key", false),
        ("jwk_3_2.ec_private_key", false),
        ("jwk_3_5.symmetric_key_mac_computation", false),
        ("jwk_3_6.symmetric_key_encryption", false),
    ] {
        assert_eq!(taken(sample(name)), expected, "{name}");
    }
    assert!(taken(public(&sample("jwk_3_4.rsa_private_key"))), "without its secret half");
}

/// RFC 7515 appendix E: extensions that must be understood are refused, as none is.
#[test]
fn the_sample_of_crit_is_refused() {
    let read = |text: &str| {
        let value = format!("Bearer {text}.RkFJTA.AA");
        let token = bearer::token(&[value.as_bytes()], 8192).and_then(bearer::split).expect("a shape");
        header::read(&token).err().map(|r| r.kind())
    };
    let extended = "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0";
    assert_eq!(read(extended), Some(Kind::TokenMalformed));
    assert_eq!(read("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ"), None, "the twin without it");
}
