//! Claims: each attack beside the honest twin that differs in one claim.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Bearer, Claims, Proved, check, unverified_issuer};
use crate::config::{Issuer, People};
use crate::refusal::Kind;

const NOW: f64 = 1_800_000_000.0;

fn settings() -> Issuer {
    Issuer {
        issuer: "https://issuer.example/".into(),
        audiences: vec!["api".into(), "other-api".into()],
        audience_optional: false,
        jwks_url: String::new(),
        discovery: false,
        algorithms: vec![jsonwebtoken::Algorithm::RS256],
        leeway: Duration::from_secs(30),
        client_id_claims: vec!["azp".into(), "client_id".into()],
        application_tokens_only: true,
        people: None,
        required_claims: Vec::new(),
        ca_file: None,
        allow_http: false,
    }
}

/// Good claims, then changed: a value is set, [`GONE`] removes.
const GONE: &str = "\u{0}gone";

fn claims(changes: &Value) -> Claims {
    let mut claims = json!({
        "iss": "https://issuer.example/", "aud": "api", "azp": "app", "sub": "app@clients",
        "gty": "client-credentials", "iat": 1_799_999_990, "exp": 1_800_000_100,
    });
    for (name, value) in changes.as_object().expect("changes") {
        if value == GONE {
            claims.as_object_mut().expect("claims").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims.as_object().expect("claims").clone()
}

fn found(changes: &Value, settings: &Issuer) -> Result<String, Kind> {
    let claims = claims(changes);
    let Proved { bearer, .. } = check(&claims, settings, NOW).map_err(|r| r.kind())?;
    Ok(match bearer {
        Bearer::Application(client_id) => client_id.to_owned(),
        Bearer::Person { prefix, sub } => format!("person {prefix}{sub}"),
    })
}

fn table(settings: &Issuer, rows: &[(&str, Value, Result<&str, Kind>)]) {
    assert!(rows.iter().any(|r| r.2.is_ok()) && rows.iter().any(|r| r.2.is_err()), "a twin is missing");
    for (name, changes, expected) in rows {
        assert_eq!(found(changes, settings), expected.map(str::to_owned), "{name}: {changes}");
    }
}

#[test]
fn times() {
    let (expired, early, wrong) = (Err(Kind::TokenExpired), Err(Kind::TokenEarly), Err(Kind::TokenClaims));
    table(
        &settings(),
        &[
            ("good", json!({}), Ok("app")),
            ("exp with fraction", json!({ "exp": 1_800_000_000.5 }), Ok("app")),
            ("exp just within leeway", json!({ "exp": 1_799_999_971 }), Ok("app")),
            ("exp at the leeway's edge", json!({ "exp": 1_799_999_970 }), expired),
            ("exp long ago", json!({ "exp": 1 }), expired),
            ("exp zero", json!({ "exp": 0 }), expired),
            ("exp missing", json!({ "exp": GONE }), wrong),
            ("exp null", json!({ "exp": null }), wrong),
            ("exp string", json!({ "exp": "1800000100" }), wrong),
            ("exp array", json!({ "exp": [1_800_000_100] }), wrong),
            ("exp true", json!({ "exp": true }), wrong),
            ("exp negative", json!({ "exp": -1_800_000_100_i64 }), wrong),
            ("exp in the year 9999", json!({ "exp": 253_402_300_799_i64 }), Ok("app")),
            ("exp after the year 9999", json!({ "exp": 253_402_300_800_i64 }), wrong),
            ("exp huge", json!({ "exp": 1e300 }), wrong),
            ("exp greatest u64", json!({ "exp": u64::MAX }), wrong),
            ("nbf now", json!({ "nbf": 1_800_000_000 }), Ok("app")),
            ("nbf within leeway", json!({ "nbf": 1_800_000_030 }), Ok("app")),
            ("nbf ahead", json!({ "nbf": 1_800_000_031 }), early),
            ("nbf string", json!({ "nbf": "0" }), wrong),
            ("nbf null", json!({ "nbf": null }), wrong),
            ("iat missing", json!({ "iat": GONE }), Ok("app")),
            ("iat within leeway", json!({ "iat": 1_800_000_030 }), Ok("app")),
            ("iat ahead", json!({ "iat": 1_800_000_031 }), early),
            ("iat string", json!({ "iat": "1" }), wrong),
            ("iat negative", json!({ "iat": -1 }), wrong),
        ],
    );
}

#[test]
fn audience() {
    let (other, wrong) = (Err(Kind::TokenAudience), Err(Kind::TokenClaims));
    let rows = [
        ("string", json!({ "aud": "api" }), Ok("app")),
        ("second of the settings", json!({ "aud": "other-api" }), Ok("app")),
        ("array", json!({ "aud": ["x", "api"] }), Ok("app")),
        ("another", json!({ "aud": "x" }), other),
        ("only others", json!({ "aud": ["x", "y"] }), other),
        ("missing", json!({ "aud": GONE }), other),
        ("empty", json!({ "aud": "" }), other),
        ("empty array", json!({ "aud": [] }), other),
        ("prefix of ours", json!({ "aud": "ap" }), other),
        ("ours as prefix", json!({ "aud": "api/" }), other),
        ("other case", json!({ "aud": "API" }), other),
        ("number", json!({ "aud": 42 }), wrong),
        ("null", json!({ "aud": null }), wrong),
        ("object", json!({ "aud": { "api": true } }), wrong),
        ("array with a number", json!({ "aud": ["api", 42] }), wrong),
        ("array in array", json!({ "aud": [["api"]] }), wrong),
    ];
    table(&settings(), &rows);
    let mut optional = Issuer { audience_optional: true, ..settings() };
    table(
        &optional,
        &[
            ("missing", json!({ "aud": GONE }), Ok("app")),
            ("ours", json!({ "aud": "api" }), Ok("app")),
            ("another", json!({ "aud": "x" }), other),
            ("null", json!({ "aud": null }), wrong),
        ],
    );
    optional.audiences.clear();
    table(
        &optional,
        &[("missing", json!({ "aud": GONE }), Ok("app")), ("any", json!({ "aud": "api" }), other)],
    );
}

#[test]
fn client_id() {
    let wrong = Err(Kind::TokenClaims);
    table(
        &Issuer { application_tokens_only: false, ..settings() },
        &[
            ("azp", json!({}), Ok("app")),
            ("client_id", json!({ "azp": GONE, "client_id": "app" }), Ok("app")),
            ("both equal", json!({ "client_id": "app" }), Ok("app")),
            ("both, differing", json!({ "client_id": "victim" }), wrong),
            ("both, differing in case", json!({ "client_id": "App" }), wrong),
            ("none", json!({ "azp": GONE }), wrong),
            ("none but sub and aud", json!({ "azp": GONE, "sub": "app" }), wrong),
            ("azp null, no way to the next", json!({ "azp": null, "client_id": "app" }), wrong),
            ("azp array", json!({ "azp": ["app"] }), wrong),
            ("azp object", json!({ "azp": { "id": "app" } }), wrong),
            ("azp number", json!({ "azp": 1 }), wrong),
            ("client_id array beside azp", json!({ "client_id": ["app"] }), wrong),
            ("client_id null beside azp", json!({ "client_id": null }), wrong),
            ("a claim nobody configured", json!({ "cid": "victim" }), Ok("app")),
        ],
    );
}

#[test]
fn application_tokens_only() {
    let user = Err(Kind::TokenNotApplication);
    let rows = |user| {
        [
            ("gty", json!({ "sub": "anything" }), Ok("app")),
            ("sub with @clients", json!({ "gty": GONE }), Ok("app")),
            ("sub is the client", json!({ "gty": GONE, "sub": "app" }), Ok("app")),
            ("idtyp app", json!({ "gty": GONE, "sub": "x", "idtyp": "app" }), Ok("app")),
            ("a user through the application", json!({ "gty": GONE, "sub": "auth0|1" }), user),
            ("no proof at all", json!({ "gty": GONE, "sub": GONE }), user),
            ("sub of another client", json!({ "gty": GONE, "sub": "other@clients" }), user),
            ("sub with suffix twice", json!({ "gty": GONE, "sub": "app@clients@clients" }), user),
            ("sub array", json!({ "gty": GONE, "sub": ["app"] }), user),
            ("another grant", json!({ "gty": "password" }), user),
            ("another grant, sub fits", json!({ "gty": "password", "sub": "app" }), user),
            ("gty as OAuth spells it", json!({ "gty": "client_credentials" }), Ok("app")),
            ("gty as OAuth spells it, alone", json!({ "gty": "client_credentials", "sub": "x" }), user),
            ("gty array", json!({ "gty": ["client-credentials"], "sub": "app" }), user),
            ("gty null", json!({ "gty": null }), user),
            ("idtyp user", json!({ "idtyp": "user" }), user),
            ("idtyp user, sub fits", json!({ "gty": GONE, "sub": "app", "idtyp": "user" }), user),
        ]
    };
    table(&settings(), &rows(user));
    let open = Issuer { application_tokens_only: false, ..settings() };
    for (name, changes, _) in rows(Ok("app")) {
        assert_eq!(found(&changes, &open), Ok("app".into()), "{name}");
    }
}

/// People who sign in by the client `web`, or whose tokens are for the audience `people`.
fn with_people(audiences: &[&str], client_ids: &[&str]) -> Issuer {
    let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect();
    let people =
        People { audiences: texts(audiences), client_ids: texts(client_ids), prefix: "person:".into() };
    Issuer { application_tokens_only: false, people: Some(people), ..settings() }
}

#[test]
fn people_by_their_client() {
    let user = Err(Kind::TokenNotApplication);
    let ada = |more: Value| {
        let mut ada = json!({ "azp": "web", "gty": GONE, "sub": "auth0|ada" });
        more.as_object().unwrap().iter().for_each(|(name, value)| ada[name] = value.clone());
        ada
    };
    let person = Ok("person person:auth0|ada");
    table(
        &with_people(&[], &["web"]),
        &[
            ("an application", json!({}), Ok("app")),
            ("a person", ada(json!({})), person),
            ("a person, by another client", ada(json!({ "azp": "app" })), user),
            ("a person, by no client", ada(json!({ "azp": GONE })), Err(Kind::TokenClaims)),
            ("a person, by two clients", ada(json!({ "client_id": "app" })), Err(Kind::TokenClaims)),
            ("a person for another audience", ada(json!({ "aud": "people" })), Err(Kind::TokenAudience)),
            ("a person's ID token", ada(json!({ "nonce": "x" })), Err(Kind::TokenClaims)),
            ("a person without name", ada(json!({ "sub": GONE })), Err(Kind::TokenClaims)),
            ("a person whose name is a list", ada(json!({ "sub": ["auth0|ada"] })), Err(Kind::TokenClaims)),
            // Users who may choose their name can't become the application by which they sign in.
            ("a person named like the client", ada(json!({ "sub": "web" })), Ok("person person:web")),
            ("the client itself", ada(json!({ "sub": "web", "gty": "client-credentials" })), Ok("web")),
            ("another client by its name", json!({ "gty": GONE, "sub": "app" }), Ok("app")),
            ("a claim says user", json!({ "azp": "web", "idtyp": "user" }), Ok("person person:app@clients")),
        ],
    );
}

#[test]
fn people_by_their_audience() {
    let ada = |aud: Value| json!({ "gty": GONE, "sub": "auth0|ada", "aud": aud });
    let of = |more: Value| {
        let mut ada = ada(json!("people"));
        more.as_object().unwrap().iter().for_each(|(name, value)| ada[name] = value.clone());
        ada
    };
    let (none, both) = (Err(Kind::TokenAudience), Ok("person person:app@clients"));
    table(
        &with_people(&["people"], &[]),
        &[
            ("an application", json!({}), Ok("app")),
            (
                "an application for the people's audience",
                json!({ "aud": "people" }),
                Err(Kind::TokenAudience),
            ),
            ("a person", ada(json!("people")), Ok("person person:auth0|ada")),
            ("a person for several", ada(json!(["x", "people"])), Ok("person person:auth0|ada")),
            ("a person for the applications' audience", ada(json!("api")), Err(Kind::TokenAudience)),
            ("a person for none", ada(json!(GONE)), Err(Kind::TokenAudience)),
            ("a person by no client", of(json!({ "azp": GONE })), Ok("person person:auth0|ada")),
            ("a person by two clients", of(json!({ "client_id": "x" })), Err(Kind::TokenClaims)),
            ("a person by a list", of(json!({ "azp": ["app"] })), Err(Kind::TokenClaims)),
            // An application's token is no person's, whatever it lacks.
            ("by no client, but of one", of(json!({ "azp": GONE, "gty": "client-credentials" })), none),
            ("by no client, but an application", of(json!({ "azp": GONE, "idtyp": "app" })), none),
            // Who may choose a name can't become the application by which they sign in, whichever it is.
            ("named like the client", of(json!({ "sub": "app" })), Ok("person person:app")),
            ("for both", of(json!({ "sub": "app@clients", "aud": ["api", "people"] })), both),
            ("an application by its name", json!({ "gty": GONE, "sub": "app" }), Ok("app")),
        ],
    );
    table(
        &with_people(&["people"], &["web"]),
        &[
            (
                "both",
                json!({ "gty": GONE, "sub": "a", "aud": "people", "azp": "web" }),
                Ok("person person:a"),
            ),
            ("the audience alone", ada(json!("people")), Err(Kind::TokenNotApplication)),
        ],
    );
}

#[test]
fn tokens_of_another_kind() {
    let (bound, wrong) = (Err(Kind::TokenNotApplication), Err(Kind::TokenClaims));
    for open in [false, true] {
        table(
            &Issuer { application_tokens_only: !open, ..settings() },
            &[
                ("access token", json!({ "jti": "x", "scope": "a b", "acr": "1" }), Ok("app")),
                ("bound to a certificate", json!({ "cnf": { "x5t#S256": "AAAA" } }), bound),
                ("bound to a DPoP key", json!({ "cnf": { "jkt": "AAAA" } }), bound),
                ("cnf null", json!({ "cnf": null }), bound),
                ("ID token: nonce", json!({ "nonce": "x" }), wrong),
                ("ID token: at_hash", json!({ "at_hash": "x" }), wrong),
                ("ID token: c_hash", json!({ "c_hash": "x" }), wrong),
                ("logout token", json!({ "events": {} }), wrong),
                ("Keycloak's access token", json!({ "typ": "Bearer" }), Ok("app")),
                ("Keycloak's ID token", json!({ "typ": "ID" }), wrong),
                ("Keycloak's refresh token", json!({ "typ": "Refresh" }), wrong),
                ("Cognito's access token", json!({ "token_use": "access" }), Ok("app")),
                ("Cognito's ID token", json!({ "token_use": "id" }), wrong),
            ],
        );
    }
}

#[test]
fn required_claims() {
    let required = vec![("org_id".to_owned(), json!("org_1")), ("tier".to_owned(), json!(1))];
    let wrong = Err(Kind::TokenClaims);
    table(
        &Issuer { required_claims: required, ..settings() },
        &[
            ("as required", json!({ "org_id": "org_1", "tier": 1 }), Ok("app")),
            ("another", json!({ "org_id": "org_2", "tier": 1 }), wrong),
            ("one missing", json!({ "org_id": "org_1" }), wrong),
            ("all missing", json!({}), wrong),
            ("another type", json!({ "org_id": "org_1", "tier": "1" }), wrong),
            ("in an array", json!({ "org_id": ["org_1"], "tier": 1 }), wrong),
        ],
    );
}

#[test]
fn iss_is_exactly_one_string() {
    let of = |iss: Value| unverified_issuer(&claims(&json!({ "iss": iss }))).map(str::to_owned);
    assert_eq!(of(json!("https://issuer.example/")), Some("https://issuer.example/".into()));
    for iss in [json!(["https://issuer.example/"]), json!(null), json!(1), json!({}), json!(GONE)] {
        assert_eq!(of(iss.clone()), None, "{iss}");
    }
}
