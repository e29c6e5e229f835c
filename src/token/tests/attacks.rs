//! Forged and abused tokens, end to end. Each table begins with what is taken.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::support::*;
use crate::config;
use crate::refusal::Kind;
use crate::token::Tokens;

const NAME: &str = "https://issuer.example/";

async fn ready(pair: &Pair) -> (Misbehaving, Tokens) {
    let server = Misbehaving::new(Does::keys(&[pair])).await;
    let tokens = tokens(&[server.settings()], &fast());
    until("ready", || tokens.ready().is_ok()).await;
    (server, tokens)
}

fn with(changes: Value) -> Value {
    let mut claims = claims(NAME);
    for (name, value) in changes.as_object().expect("changes") {
        claims[name] = value.clone();
    }
    claims
}

#[test]
fn tokens_can_be_shared() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Tokens>();
}

#[tokio::test]
async fn forged_signatures() {
    let (pair, other) = (Pair::rsa_a("k"), Pair::rsa_b("k"));
    let (_server, tokens) = ready(&pair).await;
    let good = pair.sign(&claims(NAME));
    let (signed, signature) = good.rsplit_once('.').expect("a token");
    let (header, body) = signed.split_once('.').expect("a token");
    let second = pair.sign(&with(json!({ "azp": "victim", "sub": "victim" })));
    let victim = URL_SAFE_NO_PAD.encode(with(json!({ "azp": "victim", "sub": "victim" })).to_string());
    let swapped_header = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256", "kid": "k" }).to_string());
    let hmac = |secret: &[u8]| {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "kid": "k" }).to_string());
        let signed = format!("{header}.{body}");
        let key = EncodingKey::from_secret(secret);
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("signed");
        format!("{signed}.{signature}")
    };
    let public = pair.public();
    let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().expect("n")).expect("base64");
    let with_key = |name: &str, value: Value| {
        let mut header = other.header();
        header[name] = value;
        other.sign_text(&header.to_string(), &claims(NAME).to_string())
    };
    let no_kid = pair.sign_text(r#"{"alg":"RS256"}"#, &claims(NAME).to_string());
    let (bad, unread) = (Err(Kind::TokenSignature), Err(Kind::TokenMalformed));
    let rows = [
        ("good", good.clone(), Ok("app-one".to_owned())),
        ("another key's", other.sign(&claims(NAME)), bad.clone()),
        ("claims changed", format!("{header}.{victim}.{signature}"), bad.clone()),
        ("header changed", format!("{swapped_header}.{body}.{signature}"), bad.clone()),
        ("of another token", format!("{signed}.{}", second.rsplit_once('.').expect("token").1), bad.clone()),
        ("cut off", format!("{signed}.{}", &signature[..signature.len() - 2]), bad.clone()),
        ("a little longer", format!("{signed}.{signature}AAAA"), bad.clone()),
        ("one byte", format!("{signed}.AA"), bad.clone()),
        ("zeros", format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 256])), bad.clone()),
        ("HMAC with the modulus", hmac(&modulus), bad.clone()),
        ("HMAC with the key as JSON", hmac(public.to_string().as_bytes()), bad.clone()),
        ("HMAC with nothing", hmac(b""), bad.clone()),
        ("unknown kid", Pair::rsa_a("x").sign(&claims(NAME)), bad.clone()),
        ("kid as path", Pair::rsa_a("../../etc/passwd").sign(&claims(NAME)), bad.clone()),
        ("kid as SQL", Pair::rsa_a("' OR 1=1 --").sign(&claims(NAME)), bad.clone()),
        ("kid as address", Pair::rsa_a("https://evil.example/k").sign(&claims(NAME)), bad.clone()),
        ("kid in another case", Pair::rsa_a("K").sign(&claims(NAME)), bad.clone()),
        ("another type's algorithm", Pair::p256("k").sign(&claims(NAME)), bad),
        ("no kid", no_kid, unread.clone()),
        ("brings its key", with_key("jwk", other.public()), unread.clone()),
        ("brings its key's address", with_key("jku", json!("https://evil.example/jwks")), unread.clone()),
        ("brings its certificate", with_key("x5c", json!(["AAAA"])), unread.clone()),
        ("signature in padding", format!("{good}=="), unread.clone()),
        ("no signature", format!("{signed}."), unread.clone()),
        ("alg none", format!("{}.{body}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)), unread),
    ];
    for (name, token, expected) in rows {
        assert_eq!(user(&tokens, &token).await, expected, "{name}");
    }
    assert_eq!(user(&tokens, &good).await, Ok("app-one".into()), "none of them spoilt the good one");
}

#[tokio::test]
async fn the_algorithm_must_be_the_keys_own() {
    let pair = Pair::rsa_a("k");
    let mut bare = pair.public();
    bare.as_object_mut().expect("key").remove("alg");
    for (name, key, ps) in [
        ("any of its type", bare, Ok("app-one".to_owned())),
        ("RS256 only", pair.public(), Err(Kind::TokenSignature)),
    ] {
        let server = Misbehaving::new(Does::json(&json!({ "keys": [key] }))).await;
        let mut settings = server.settings();
        settings.algorithms = vec![Algorithm::RS256, Algorithm::PS256];
        let tokens = tokens(&[settings], &fast());
        assert_eq!(user(&tokens, &pair.sign(&claims(NAME))).await, Ok("app-one".into()), "{name}");
        let other = pair.clone().with(Algorithm::PS256).sign(&claims(NAME));
        assert_eq!(user(&tokens, &other).await, ps, "{name}");
    }
}

#[tokio::test]
async fn claims_that_can_be_read_in_two_ways() {
    let pair = Pair::rsa_a("k");
    let (_server, tokens) = ready(&pair).await;
    let good = claims(NAME).to_string();
    let more = |more: &str| good.replacen('{', &format!("{{{more},"), 1);
    let rows = [
        ("good", good.clone(), Ok("app-one".to_owned())),
        ("blanks around", format!(" {good}\n"), Ok("app-one".to_owned())),
        ("azp twice", more(r#""azp":"victim""#), Err(Kind::TokenMalformed)),
        ("azp twice by escape", more(r#""\u0061zp":"victim""#), Err(Kind::TokenMalformed)),
        ("iss twice", more(r#""iss":"https://evil.example/""#), Err(Kind::TokenMalformed)),
        ("exp twice", more(r#""exp":9999999999"#), Err(Kind::TokenMalformed)),
        ("unknown twice", more(r#""x":1,"x":1"#), Err(Kind::TokenMalformed)),
        ("twice in depth", more(r#""x":{"y":1,"y":1}"#), Err(Kind::TokenMalformed)),
        ("exp 1e400", more(r#""exp2":1e400"#), Err(Kind::TokenMalformed)),
        ("two objects", format!("{good}{good}"), Err(Kind::TokenMalformed)),
        ("array", format!("[{good}]"), Err(Kind::TokenMalformed)),
        ("another token inside", pair.sign(&claims(NAME)), Err(Kind::TokenMalformed)),
        ("nothing", String::from(" "), Err(Kind::TokenMalformed)),
    ];
    for (name, text, expected) in rows {
        let token = pair.sign_text(&pair.header().to_string(), &text);
        assert_eq!(user(&tokens, &token).await, expected, "{name}");
    }
}

/// The same bytes in another spelling: the signature covers the spelling, so it holds; another reader may not
/// take it, and the remembered token would have two names.
#[tokio::test]
async fn base64_with_loose_bits() {
    let pair = Pair::rsa_a("k");
    let (_server, tokens) = ready(&pair).await;
    let mut text = claims(NAME).to_string();
    while text.len() % 3 != 1 {
        text.push(' ');
    }
    let header = URL_SAFE_NO_PAD.encode(pair.header().to_string());
    let good = URL_SAFE_NO_PAD.encode(text);
    // One byte in two characters leaves four bits, which must be zero: A, Q, g or w.
    let loose = format!("{}{}", &good[..good.len() - 1], char::from(good.as_bytes()[good.len() - 1] + 1));
    let sign = |claims: &str| pair.sign_parts(&format!("{header}.{claims}"));
    assert_eq!(user(&tokens, &sign(&good)).await, Ok("app-one".into()));
    assert_eq!(user(&tokens, &sign(&loose)).await, Err(Kind::TokenMalformed));
    assert_eq!(user(&tokens, &sign(&format!("{good}=="))).await, Err(Kind::TokenMalformed));
}

#[tokio::test]
async fn the_issuer_chooses_the_keys_and_a_kid_never_crosses() {
    let (one, two) = (Pair::rsa_a("same"), Pair::rsa_b("same"));
    let first = Misbehaving::new(Does::keys(&[&one])).await;
    let second = Misbehaving::new(Does::keys(&[&two])).await;
    let mut settings = [issuer("https://one.example/", first.jwks_url()), issuer(NAME, second.jwks_url())];
    settings[1].audiences = vec!["other".into()];
    let tokens = tokens(&settings, &fast());
    let of = |iss: Value, aud: &str| with(json!({ "iss": iss, "aud": aud }));
    let unknown = Err(Kind::TokenIssuer);
    let rows = [
        ("first", &one, of(json!("https://one.example/"), AUDIENCE), Ok("app-one".to_owned())),
        ("second", &two, of(json!(NAME), "other"), Ok("app-one".to_owned())),
        (
            "second's key as first",
            &two,
            of(json!("https://one.example/"), AUDIENCE),
            Err(Kind::TokenSignature),
        ),
        ("first's key as second", &one, of(json!(NAME), "other"), Err(Kind::TokenSignature)),
        ("second for first's audience", &two, of(json!(NAME), AUDIENCE), Err(Kind::TokenAudience)),
        ("no slash", &one, of(json!("https://one.example"), AUDIENCE), unknown.clone()),
        ("another case", &one, of(json!("https://ONE.example/"), AUDIENCE), unknown.clone()),
        ("longer", &one, of(json!("https://one.example/x"), AUDIENCE), unknown.clone()),
        ("both", &one, of(json!(["https://one.example/", NAME]), AUDIENCE), unknown.clone()),
        ("null", &one, of(json!(null), AUDIENCE), unknown.clone()),
        ("nobody", &one, of(json!(""), AUDIENCE), unknown),
    ];
    for (name, pair, claims, expected) in rows {
        assert_eq!(user(&tokens, &pair.sign(&claims)).await, expected, "{name}");
    }
}

/// The usual mistake is told by name; another issuer is only shown.
#[tokio::test]
async fn the_cause_names_a_final_slash_that_differs() {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[issuer("https://one.example/", server.jwks_url())], &fast());
    for (iss, slash) in [("https://one.example", true), ("https://two.example", false)] {
        let token = format!("Bearer {}", pair.sign(&with(json!({ "iss": iss }))));
        let refusal = tokens.caller(&[token.as_bytes()]).await.err().unwrap();
        assert_eq!(refusal.kind(), Kind::TokenIssuer);
        let cause = refusal.cause().unwrap();
        assert_eq!(cause.contains("by the final slash only"), slash, "{cause}");
        assert!(cause.contains(iss), "{cause}");
    }
}

#[tokio::test]
async fn client_ids_that_are_no_tenants() {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let reserved = config::Tenancy { reserved_client_ids: vec!["root".into()], ..Default::default() };
    let tokens = Tokens::new(&[server.settings()], &fast(), &reserved, &config::Permissions::default(), 8192)
        .expect("settings");
    tokens.start();
    for id in ["app", "CS2MNgcX1VZFCJaEzfKw2VPAAS0gzhqP", "a.b-c_d", "0", "null", &"a".repeat(64)] {
        let token = pair.sign(&with(json!({ "azp": id })));
        assert_eq!(user(&tokens, &token).await, Ok(id.to_owned()));
    }
    for id in [
        "",
        "a,b",
        "..",
        ".",
        "a/b",
        "a%2fb",
        "a b",
        " a",
        "a\r\nX-Camunda-User: b",
        "a\0",
        "ä",
        "a\u{ff0c}b",
        "*",
        "'",
        "\"",
        "-a",
        "_a",
        "camunda-admin",
        "Camunda-Admin",
        "root",
        "ROOT",
        &"a".repeat(65),
    ] {
        let token = pair.sign(&with(json!({ "azp": id })));
        assert_eq!(user(&tokens, &token).await, Err(Kind::ClientId), "{id:?}");
    }
}

#[tokio::test]
async fn a_remembered_token_is_found_by_the_whole_of_it() {
    let pair = Pair::rsa_a("k");
    let (_server, tokens) = ready(&pair).await;
    let good = pair.sign(&claims(NAME));
    assert_eq!(user(&tokens, &good).await, Ok("app-one".into()));
    let forged = format!("{}.{}", good.rsplit_once('.').expect("token").0, URL_SAFE_NO_PAD.encode([7; 256]));
    for _ in 0..2 {
        assert_eq!(user(&tokens, &forged).await, Err(Kind::TokenSignature));
        assert_eq!(user(&tokens, &good).await, Ok("app-one".into()));
    }
    assert_eq!(tokens.stats().remembered_hits, 2);
}

#[tokio::test]
async fn remembered_tokens_are_few_and_short_lived() {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let remember =
        |tokens, time| config::Keys { remember_tokens: tokens, remember_tokens_for: time, ..fast() };
    let minute = Duration::from_secs(60);
    for (name, keys, kept, hits) in [
        ("many", remember(1000, minute), 50, 1),
        ("few", remember(10, minute), 10, 1),
        ("none", remember(0, minute), 0, 0),
        ("for no time", remember(1000, Duration::ZERO), 0, 0),
        ("for a short time", remember(1000, Duration::from_millis(50)), 0, 0),
    ] {
        let tokens = tokens(&[server.settings()], &keys);
        let mut last = String::new();
        for i in 0..50 {
            last = pair.sign(&with(json!({ "jti": i })));
            assert_eq!(user(&tokens, &last).await, Ok("app-one".into()), "{name}");
            if i == 0 {
                until("housekeeping", || tokens.stats().remembered <= kept.max(1)).await;
            }
        }
        if kept == 0 {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        assert!(tokens.stats().remembered <= kept, "{name}: {}", tokens.stats().remembered);
        if name == "many" {
            assert_eq!(tokens.stats().remembered, kept, "{name}");
        }
        if name != "few" {
            assert_eq!(user(&tokens, &last).await, Ok("app-one".into()), "{name}");
            assert_eq!(tokens.stats().remembered_hits, hits, "{name}");
        }
    }
}

#[tokio::test]
async fn a_remembered_token_costs_a_fraction() {
    let pair = Pair::rsa_a("k");
    let (_server, tokens) = ready(&pair).await;
    let one = pair.sign(&claims(NAME));
    let fresh: Vec<_> = (0..50).map(|i| pair.sign(&with(json!({ "jti": i })))).collect();
    assert_eq!(user(&tokens, &one).await, Ok("app-one".into()));
    let (mut seen, mut unseen) = (Duration::MAX, Duration::MAX);
    for token in &fresh {
        for (token, best) in [(&one, &mut seen), (token, &mut unseen)] {
            let value = format!("Bearer {token}");
            let begin = Instant::now();
            let found = tokens.caller(&[value.as_bytes()]).await;
            *best = (*best).min(begin.elapsed());
            assert!(found.is_ok());
        }
    }
    println!("remembered {seen:?}, verified {unseen:?}");
    assert!(seen * 2 < unseen, "remembered {seen:?}, verified {unseen:?}");
}

#[tokio::test]
async fn neither_answer_nor_log_shows_the_token_and_only_the_log_names_the_key() {
    let pair = Pair::rsa_a("key-name");
    let (_server, tokens) = ready(&pair).await;
    let forged = Pair::rsa_b("key-name");
    let refused = [
        forged.sign(&claims(NAME)),
        Pair::rsa_a("unknown-key").sign(&claims(NAME)),
        Pair::p256("key-name").sign(&claims(NAME)),
        pair.sign(&with(json!({ "exp": 1 }))),
        pair.sign(&with(json!({ "aud": "secret-audience" }))),
        pair.sign(&with(json!({ "iss": "https://evil.example/" }))),
        pair.sign_text(r#"{"alg":"none","kid":"key-name"}"#, "{}"),
        "xyzzy.plugh.frotz".to_owned(),
    ];
    let mut texts = std::collections::HashMap::<Kind, String>::new();
    for token in refused {
        let refusal = outcome(&tokens, &token).await.expect_err("refused");
        let cause = refusal.cause().expect("a cause").to_owned();
        let (message, everything) = (refusal.message().to_owned(), format!("{refusal:?}"));
        for part in token.split('.').filter(|p| p.len() > 3) {
            assert!(!everything.contains(part), "{everything}");
        }
        for secret in ["key-name", "unknown-key", "secret-audience", "evil", "app-one"] {
            assert!(!message.contains(secret), "{message}");
        }
        if refusal.kind() == Kind::TokenSignature {
            assert!(cause.contains("-key`") || cause.contains("key-name`"), "{cause}");
        }
        // One text for one kind: the ways to fail a signature can't be told apart from outside.
        assert_eq!(*texts.entry(refusal.kind()).or_insert_with(|| message.clone()), message);
    }
    assert!(texts.len() >= 5);
}

#[test]
fn settings_that_would_take_too_much_are_refused() {
    let good = || issuer(NAME, "https://issuer.example/jwks".into());
    let new = |issuers: &[config::Issuer]| {
        let made = Tokens::new(
            issuers,
            &config::Keys::default(),
            &config::Tenancy::default(),
            &config::Permissions::default(),
            8192,
        );
        made.err().map(|error| crate::causes::in_full(&error))
    };
    assert_eq!(new(&[good()]), None);
    assert_eq!(
        new(&[config::Issuer { allow_http: true, jwks_url: "http://a.example/".into(), ..good() }]),
        None
    );
    let cases = [
        ("no issuer", vec![]),
        ("twice", vec![good(), good()]),
        ("no name", vec![config::Issuer { issuer: String::new(), ..good() }]),
        ("no audience", vec![config::Issuer { audiences: vec![], ..good() }]),
        ("empty audience", vec![config::Issuer { audiences: vec![String::new()], ..good() }]),
        ("no algorithm", vec![config::Issuer { algorithms: vec![], ..good() }]),
        (
            "symmetric",
            vec![config::Issuer { algorithms: vec![Algorithm::RS256, Algorithm::HS256], ..good() }],
        ),
        ("no client id claim", vec![config::Issuer { client_id_claims: vec![], ..good() }]),
        ("http", vec![config::Issuer { jwks_url: "http://issuer.example/jwks".into(), ..good() }]),
        ("no address", vec![config::Issuer { jwks_url: "issuer.example".into(), ..good() }]),
        ("no such file", vec![config::Issuer { ca_file: Some("/nonexistent/ca.pem".into()), ..good() }]),
        (
            "http discovery",
            vec![config::Issuer { discovery: true, issuer: "http://a.example/".into(), ..good() }],
        ),
    ];
    for (name, issuers) in cases {
        assert!(new(&issuers).is_some(), "{name}");
    }
}
