//! Whose id tokens are taken.

#[path = "../../support/mod.rs"]
mod support;

use serde_json::{Value, json};

use super::*;
use support::issuer::{Issuer as Signer, Key, now};

fn client(signer: &Signer) -> Issuer {
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    let settings = Settings {
        listen: String::new(),
        url: url.clone(),
        engine: url,
        issuer: signer.issuer().to_owned(),
        client_id: "page".into(),
        client_secret: SecretString::from("demo"),
        audience: String::new(),
        scope: String::new(),
        user_claim: "sub".into(),
    };
    Issuer::new(&settings).unwrap()
}

/// The claims of an honest id token.
fn honest(signer: &Signer) -> Value {
    json!({
        "iss": signer.issuer(), "aud": "page", "sub": "ada", "name": "Ada", "iat": now(), "exp": now() + 600, "nonce": "n",
    })
}

#[tokio::test]
async fn an_id_token_is_the_issuers_for_this_client_and_this_attempt() {
    let signer = Signer::start();
    let (issuer, key) = (client(&signer), signer.key());
    let ada = issuer.verified(&key.sign(&key.header(), &honest(&signer)), "n").await;
    assert_eq!(ada, Ok(Person { id: "ada".into(), name: "Ada".into() }));
    for (claim, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("gateway")),
        ("aud", json!(["page", "gateway"])),
        ("azp", json!("gateway")),
        ("iss", json!("https://evil.example/")),
        ("exp", json!(now() - 3600)),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a\u{0}b")),
    ] {
        let mut claims = honest(&signer);
        claims[claim] = value.clone();
        let found = issuer.verified(&key.sign(&key.header(), &claims), "n").await;
        assert!(found.is_err(), "{claim}: {value}: {found:?}");
    }
    let mut several = honest(&signer);
    (several["aud"], several["azp"]) = (json!(["page", "gateway"]), json!("page"));
    assert!(issuer.verified(&key.sign(&key.header(), &several), "n").await.is_ok());
}

#[tokio::test]
async fn a_signature_is_by_the_issuers_key_and_algorithm() {
    let signer = Signer::start();
    let (issuer, key, claims) = (client(&signer), signer.key(), honest(&signer));
    let other = Key::generate();
    let mut named_alike = other.header();
    named_alike["kid"] = json!(key.kid);
    for (header, by) in [(other.header(), &other), (named_alike, &other)] {
        assert!(issuer.verified(&by.sign(&header, &claims), "n").await.is_err(), "{header}");
    }
    for alg in ["none", "HS256", "RS512", "ES256"] {
        let mut header = key.header();
        header["alg"] = json!(alg);
        assert!(issuer.verified(&key.sign(&header, &claims), "n").await.is_err(), "{alg}");
    }
    let honest = key.sign(&key.header(), &claims);
    let unsigned = format!("{}.", honest.rsplit_once('.').unwrap().0);
    assert!(issuer.verified(&unsigned, "n").await.is_err());
    // The twin; and a key that came since.
    assert!(issuer.verified(&honest, "n").await.is_ok());
    let next = signer.rotate();
    assert!(issuer.verified(&next.sign(&next.header(), &claims), "n").await.is_ok());
}

#[tokio::test]
async fn the_own_token_is_asked_for_once_and_anew_after_a_no() {
    let signer = Signer::start();
    let issuer = Issuer { audience: "gateway".into(), ..client(&signer) };
    let texts = async || issuer.own_token().await.unwrap().expose_secret().to_owned();
    let first = texts().await;
    assert_eq!(texts().await, first);
    signer.rotate();
    issuer.refused(&SecretString::from("another")).await;
    assert_eq!(texts().await, first, "what was refused was another");
    issuer.refused(&SecretString::from(first.as_str())).await;
    assert_ne!(texts().await, first);
}
