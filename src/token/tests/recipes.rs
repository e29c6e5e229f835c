//! One recipe per kind of issuer: its settings as docs/tokens-and-keys.md has them, an application's token as it
//! really looks, and the user's token that comes through the same application.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::support::*;
use crate::config;
use crate::refusal::Kind;

const NAME: &str = "https://issuer.example/";

/// The settings under a heading of the page.
fn documented(heading: &str) -> config::Issuer {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tokens-and-keys.md"));
    let (_, under) = page.split_once(&format!("\n### {heading}\n")).expect("the heading");
    let block = under.split("```yaml\n").nth(1).and_then(|b| b.split("```").next()).expect("a block");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recipe.yaml");
    std::fs::write(&file, format!("engine: {{ url: http://camunda:8080/engine-rest }}\n{block}"))
        .expect("a file");
    let args = config::GatherArgs { config: Some(file), ..config::GatherArgs::default() };
    let gathered = config::gather(&args, std::iter::empty());
    let mut settings = gathered.settings.unwrap_or_else(|| panic!("{heading}: {:?}", gathered.findings));
    assert_eq!(settings.issuers.len(), 1, "{heading}");
    settings.issuers.remove(0)
}

/// Signs both and looks what becomes of them.
async fn recipe(heading: &str, typ: &str, application: Value, user_token: Value) -> Kind {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let here = server.settings();
    let settings = documented(heading);
    let settings =
        config::Issuer { issuer: here.issuer, jwks_url: here.jwks_url, discovery: false, ..settings };
    let tokens = tokens(&[settings], &fast());
    let sign = |claims: Value| {
        let mut claims = claims;
        claims["iss"] = json!(NAME);
        claims["iat"] = json!(now());
        claims["exp"] = json!(now() + 600);
        pair.sign_text(&json!({ "alg": "RS256", "kid": "k", "typ": typ }).to_string(), &claims.to_string())
    };
    assert_eq!(user(&tokens, &sign(application)).await, Ok("app-one".into()));
    user(&tokens, &sign(user_token)).await.expect_err("a user's token")
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

macro_rules! auth0 {
    ($name:literal) => {
        sample(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors/auth0/", $name)))
    };
}

/// Auth0, default profile: nothing to configure.
#[tokio::test]
async fn auth0_default_profile() {
    let mut application = auth0!("auth0_default_profile_m2m_claims.json");
    application["azp"] = json!("app-one");
    application["sub"] = json!("app-one@clients");
    let mut user_token = auth0!("auth0_default_profile_user_claims.json");
    user_token["azp"] = json!("app-one");
    for claims in [&mut application, &mut user_token] {
        claims["aud"] = json!(AUDIENCE);
    }
    assert_eq!(recipe("Auth0", "JWT", application, user_token).await, Kind::TokenNotApplication);
}

/// Auth0, RFC 9068 profile: nothing to configure.
#[tokio::test]
async fn auth0_rfc_9068_profile() {
    let mut user_token = auth0!("auth0_rfc9068_profile_user_claims.json");
    user_token["client_id"] = json!("app-one");
    user_token["aud"] = json!([AUDIENCE, "https://my-domain.auth0.com/userinfo"]);
    let mut application = user_token.clone();
    application["sub"] = json!("app-one@clients");
    assert_eq!(recipe("Auth0", "at+jwt", application, user_token).await, Kind::TokenNotApplication);
}

/// Keycloak: a service account's `sub` is a user's id, so the proof is `client_id`, which the `service_account`
/// scope's mapper sets in the client credentials grant only. `azp` must not be a fallback, as users' tokens have it.
#[tokio::test]
async fn keycloak() {
    let common = json!({
        "jti": "trrtcc:0f5ff1b6-6f4c-4d3b-8d3f-1f1b4cbd1c0a", "aud": [AUDIENCE, "account"], "typ": "Bearer",
        "azp": "app-one", "acr": "1", "realm_access": { "roles": ["offline_access"] }, "scope": "profile email",
        "sub": "6c3b9ee3-4b4e-4b1a-8c5f-5b0a6f1a6f11",
    });
    let mut application = common.clone();
    application["client_id"] = json!("app-one");
    application["clientHost"] = json!("127.0.0.1");
    application["preferred_username"] = json!("service-account-app-one");
    let mut user_token = common;
    user_token["preferred_username"] = json!("service-account-app-one");
    user_token["sid"] = json!("x");
    assert_eq!(recipe("Keycloak", "JWT", application, user_token).await, Kind::TokenClaims);
}

/// Entra ID, v2 tokens, with the optional claim `idtyp` switched on in the API's registration.
#[tokio::test]
async fn entra_id() {
    let application = json!({
        "aud": AUDIENCE, "azp": "app-one", "azpacr": "1", "idtyp": "app", "oid": "oid-1", "sub": "oid-1",
        "tid": "00000000-0000-0000-0000-000000000000", "uti": "x", "ver": "2.0", "rh": "x", "roles": ["engine"],
    });
    let mut user_token = application.clone();
    user_token["idtyp"] = json!("user");
    user_token["scp"] = json!("engine");
    assert_eq!(recipe("Entra ID", "JWT", application, user_token).await, Kind::TokenNotApplication);
}

/// Entra ID, v1 tokens: the client is `appid`.
#[tokio::test]
async fn entra_id_v1() {
    let application = json!({
        "aud": AUDIENCE, "appid": "app-one", "appidacr": "1", "idtyp": "app", "oid": "o", "sub": "o",
        "tid": "t", "ver": "1.0",
    });
    let mut user_token = application.clone();
    user_token.as_object_mut().expect("claims").remove("idtyp");
    user_token["upn"] = json!("someone@example.com");
    assert_eq!(
        recipe("Entra ID, version 1 tokens", "JWT", application, user_token).await,
        Kind::TokenNotApplication
    );
}

/// Okta: the client is `cid`, and `sub` is the client in the client credentials grant.
#[tokio::test]
async fn okta() {
    let application = json!({
        "ver": 1, "jti": "AT.x", "aud": AUDIENCE, "cid": "app-one", "scp": ["engine"], "sub": "app-one",
    });
    let mut user_token = application.clone();
    user_token["uid"] = json!("00u1");
    user_token["sub"] = json!("someone@example.com");
    assert_eq!(recipe("Okta", "JWT", application, user_token).await, Kind::TokenNotApplication);
}

/// Cognito: no `aud`; a required claim stands in for it.
#[tokio::test]
async fn cognito() {
    let application = json!({
        "sub": "app-one", "token_use": "access", "scope": "engine/use", "auth_time": now(), "version": 2,
        "jti": "x", "client_id": "app-one",
    });
    let mut user_token = application.clone();
    user_token["sub"] = json!("4c3b9ee3-4b4e-4b1a-8c5f-5b0a6f1a6f11");
    user_token["username"] = json!("app-one");
    assert_eq!(recipe("Amazon Cognito", "JWT", application, user_token).await, Kind::TokenNotApplication);
}

/// Hydra and its like: `client_id`, `sub` is the client, `aud` an array that is empty unless asked for.
#[tokio::test]
async fn hydra_like() {
    let application = json!({
        "aud": [AUDIENCE], "client_id": "app-one", "ext": {}, "jti": "x", "nbf": now(), "scp": ["engine"],
        "sub": "app-one",
    });
    let mut user_token = application.clone();
    user_token["sub"] = json!("someone");
    assert_eq!(recipe("Ory Hydra", "JWT", application.clone(), user_token).await, Kind::TokenNotApplication);
    let mut unasked = application.clone();
    unasked["aud"] = json!([]);
    assert_eq!(recipe("Ory Hydra", "JWT", application, unasked).await, Kind::TokenAudience);
}

/// PS, ES and EdDSA by setting, each with the key's own algorithm.
#[tokio::test]
async fn other_algorithms() {
    let pairs = [
        Pair::rsa_a("ps").with(Algorithm::PS256),
        Pair::p256("p256"),
        Pair::p384("p384"),
        Pair::ed25519("ed"),
        Pair::rsa_b("rs"),
    ];
    let server = Misbehaving::new(Does::keys(&pairs.iter().collect::<Vec<_>>())).await;
    for only in &pairs {
        let settings = config::Issuer { algorithms: vec![only.algorithm], ..server.settings() };
        let tokens = tokens(&[settings], &fast());
        for pair in &pairs {
            let allowed = pair.algorithm == only.algorithm;
            let expected = if allowed { Ok("app-one".into()) } else { Err(Kind::TokenSignature) };
            assert_eq!(user(&tokens, &pair.sign(&claims(NAME))).await, expected, "{:?}", pair.algorithm);
        }
    }
}
