//! H1–H8: who the caller is comes from the token alone.

use serde_json::{Value, json};

use super::Raw;
use crate::stage::{Stage, issuer};
use crate::support::random;
use crate::support::recorder::Seen;

fn told(seen: &Seen) -> Vec<String> {
    let own = |name: &str| name.to_ascii_lowercase().replace('_', "-").starts_with("x-camunda");
    seen.message
        .headers
        .iter()
        .filter(|(n, _)| own(n))
        .map(|(n, v)| format!("{n}: {v}").to_lowercase())
        .collect()
}

#[tokio::test]
async fn h1_h2_h3_forged_identity_and_connection_headers() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let raw = Raw::new(&stage, &tenant);
    let honest = [format!("x-camunda-user: {tenant}"), format!("x-camunda-tenants: {tenant}")];
    for forged in [
        &[][..],
        &["X-Camunda-User: camunda-admin", "X-CAMUNDA-TENANTS: tOther"],
        &["x_camunda_user: camunda-admin", "X-Camunda_Tenants: tOther"],
        &["X-Camunda-User: camunda-admin, x", "X-Camunda-User: y"],
        &["Connection: close, X-Camunda-User, X-Camunda-Tenants"],
        &["Connection: close", "Connection: x-camunda-user"],
        &["Connection: close, Host, Content-Length", "TE: trailers", "Keep-Alive: timeout=9"],
    ] {
        stage.recorder.forget();
        let reply = raw.ask("GET /engine-rest/task", forged, "");
        if reply.status == 400 && !forged.is_empty() {
            stage.recorder.nothing();
            continue;
        }
        assert_eq!(reply.status, 200, "{forged:?}: {reply}");
        let mut told = told(&stage.recorder.only());
        told.sort();
        let mut expected = honest.iter().map(|h| h.to_lowercase()).collect::<Vec<_>>();
        expected.sort();
        assert_eq!(told, expected, "{forged:?}");
    }
}

#[tokio::test]
async fn h4_claims_that_are_no_client_id() {
    let stage = Stage::start().await;
    let anyone = stage.gateway.api();
    let tenant = format!("t{}", random());
    let values: Vec<Value> = vec![
        json!(format!("{tenant},tOther")),
        json!("a\r\nX-Camunda-User: camunda-admin"),
        json!("a b"),
        json!("a\"b"),
        json!("tenänt"),
        json!(""),
        json!(".."),
        json!("."),
        json!("a/b"),
        json!("camunda-admin"),
        json!("a".repeat(65)),
        json!([tenant]),
        json!({"id": tenant}),
        json!(7),
        json!(true),
        Value::Null,
    ];
    for value in values {
        let token = issuer().token_with(&tenant, |_, claims| {
            claims["azp"] = value.clone();
            claims["sub"] = json!(format!("{}@clients", value.as_str().unwrap_or("x")));
        });
        let reply = anyone.with_token(&token).get("/task").await;
        assert!([401, 403].contains(&reply.status), "{value}: {reply}");
    }
    stage.recorder.nothing();
    anyone.with_token(&issuer().token(&tenant)).get("/task").await.ok();
}

#[tokio::test]
async fn h5_what_goes_on_of_headers() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    let sent = [
        "Cookie: JSESSIONID=x",
        "X-Forwarded-User: admin",
        "Proxy-Authorization: Basic eDp5",
        "X-Real-IP: 1.1.1.1",
    ];
    assert_eq!(raw.ask("GET /engine-rest/task", &sent, "").status, 200);
    let seen = stage.recorder.only();
    for name in ["authorization", "cookie", "x-forwarded-user", "proxy-authorization", "x-real-ip"] {
        assert!(seen.header(name).is_empty(), "{name}: {seen:?}");
    }
    // The twin: a header that means no harm.
    stage.recorder.forget();
    raw.ask("GET /engine-rest/task", &["Accept-Language: de"], "");
    assert_eq!(stage.recorder.only().header("accept-language"), ["de"]);
}

#[tokio::test]
async fn h6_h7_users_and_claims_that_disagree() {
    let stage = Stage::start().await;
    let anyone = stage.gateway.api();
    let tenant = format!("t{}", random());
    type Change = fn(&mut Value);
    let changes: [Change; 5] = [
        // A user's token for the same application.
        |c| (c["sub"], c["gty"]) = (json!("auth0|someone"), json!("password")),
        |c| (c["sub"], c["gty"]) = (json!("auth0|someone"), Value::Null),
        // The first claim is there and can't be read: no falling back to the next.
        |c| (c["client_id"], c["azp"]) = (c["azp"].clone(), json!("a,b")),
        |c| (c["client_id"], c["azp"]) = (c["azp"].clone(), json!(7)),
        // Two that differ.
        |c| c["client_id"] = json!("tOther"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let token = issuer().token_with(&tenant, |_, claims| change(claims));
        let reply = anyone.with_token(&token).get("/task").await;
        assert!([401, 403].contains(&reply.status), "{number}: {reply}");
    }
    stage.recorder.nothing();
    // The twin: two that agree.
    let token = issuer().token_with(&tenant, |_, claims| claims["client_id"] = claims["azp"].clone());
    anyone.with_token(&token).get("/task").await.ok();
}

#[tokio::test]
async fn h8_ids_that_differ_in_case_are_different() {
    let stage = Stage::start().await;
    let name = random();
    let (lower, upper) = (format!("tcase{name}"), format!("tCASE{name}"));
    stage.client(&lower).post("/task/create", json!({"name": "x"})).await.ok();
    let other = stage.client(&upper).get("/task").await.ok();
    assert_eq!(other.text(), "[]");
    assert_eq!(stage.client(&lower).get("/task").await.ok().ids().len(), 1);
}
