//! Headers on their way to the engine and back: identity set exactly once whatever the client sends, the bearer
//! token kept back, hop-by-hop headers ended here.

use serde_json::json;

use crate::stage::{Stage, issuer};
use crate::support::random;
use crate::support::raw;
use crate::support::recorder::Seen;

/// Name as a careless reader behind us would fold it, and value.
fn folded(seen: &Seen) -> Vec<(String, String)> {
    let fold =
        |(name, value): &(String, String)| (name.to_ascii_lowercase().replace('_', "-"), value.clone());
    seen.message.headers.iter().map(fold).collect()
}

fn identity(seen: &Seen) -> Vec<(String, String)> {
    let mut headers = folded(seen);
    headers.retain(|(name, _)| name.starts_with("x-camunda"));
    headers.sort();
    headers
}

#[tokio::test]
async fn identity_headers_are_the_tokens_whatever_the_client_sends() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let bearer = format!("Authorization: Bearer {}", issuer().token(&tenant));
    let honest: Vec<(String, String)> =
        vec![("x-camunda-tenants".into(), tenant.clone()), ("x-camunda-user".into(), tenant.clone())];
    // The first is the honest request itself.
    for forged in [
        &[][..],
        &["X-Camunda-User: camunda-admin", "X-Camunda-Tenants: tOther"],
        &["x-camunda-user: camunda-admin", "x-camunda-tenants: tOther"],
        &["X-CAMUNDA-USER: camunda-admin", "X-CAMUNDA-TENANTS: tOther"],
        &["X_Camunda_User: camunda-admin", "X_Camunda_Tenants: tOther"],
        &["x-camunda_user: camunda-admin", "x_camunda-tenants: tOther"],
        &["X-Camunda-User: camunda-admin", "X-Camunda-User: camunda-admin"],
        &["X-Camunda-Tenants: tOther", "X_CAMUNDA_TENANTS: tOther,tThird"],
        &["Connection: close, X-Camunda-User", "X-Camunda-User: camunda-admin"],
        &["Connection: X-Camunda-Tenants", "Connection: x-camunda-user, close"],
        &["Connection: close, x_camunda_user, authorization", "x_camunda_user: camunda-admin"],
    ] {
        stage.recorder.forget();
        let mut headers = vec![bearer.clone()];
        headers.extend(forged.iter().map(|h| (*h).to_owned()));
        let request = raw::request("GET /engine-rest/task", &headers, "");
        let reply = raw::exchange(stage.gateway.address, &request).expect("an answer");
        // Refusing a strange spelling is as good as taking it away.
        if reply.status == 400 && !forged.is_empty() {
            stage.recorder.nothing();
            continue;
        }
        assert_eq!(reply.status, 200, "{forged:?}: {reply}");
        assert_eq!(identity(&stage.recorder.only()), honest, "{forged:?}");
    }
}

#[tokio::test]
async fn the_bearer_token_is_not_forwarded() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    app.get("/task").await.ok();
    app.post("/task", json!({})).await.ok();
    let seen = stage.recorder.seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert!(seen.header("authorization").is_empty());
        assert!(!format!("{seen:?}").contains("Bearer"));
    }
}

#[tokio::test]
async fn hop_by_hop_headers_end_here() {
    let stage = Stage::start().await;
    let bearer = format!("Authorization: Bearer {}", issuer().token(&format!("t{}", random())));
    let ask = |headers: &[&str]| {
        stage.recorder.forget();
        let headers: Vec<_> =
            std::iter::once(bearer.clone()).chain(headers.iter().map(|h| (*h).into())).collect();
        let reply =
            raw::exchange(stage.gateway.address, &raw::request("GET /engine-rest/task", &headers, ""));
        reply.expect("an answer").status(200);
        folded(&stage.recorder.only()).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let hop = ["keep-alive", "proxy-authorization", "te", "proxy-connection", "trailer"];
    let names = ask(&[
        "Keep-Alive: timeout=5",
        "Proxy-Authorization: Basic eDp5",
        "TE: gzip",
        "Proxy-Connection: keep-alive",
        "Trailer: X-Camunda-User",
    ]);
    assert!(hop.iter().all(|h| !names.iter().any(|n| n == h)), "{names:?}");
    let language = "Accept-Language: de";
    let named = ask(&[language, "Connection: close, Accept-Language"]);
    assert!(!named.iter().any(|n| n == "accept-language"), "{named:?}");
    let twin = ask(&[language, "Connection: close"]);
    assert!(twin.iter().any(|n| n == "accept-language"), "{twin:?}");
}

#[tokio::test]
async fn answers_are_not_kept_by_caches() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    // The engine leaves POST open and says no-cache on GET.
    assert_eq!(app.post("/task", json!({})).await.ok().header("cache-control"), Some("private, no-store"));
    assert_eq!(app.get("/task").await.ok().header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn hal_never_reaches_the_engine() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let accept = [("accept", "application/hal+json, application/json;q=0.1")];
    let reply = app.send(reqwest::Method::GET, "/task", &accept, Vec::new()).await.ok();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(!format!("{:?}", stage.recorder.only().header("accept")).contains("hal"));
    // Where JSON is refused or stands behind a wildcard, the engine would answer HAL.
    for wish in [
        "application/json;q=0, */*",
        "application/json;q=0.1, application/*",
        "*/*;q=0.9, application/json;q=0",
    ] {
        let hal = [("accept", wish)];
        let reply = app.send(reqwest::Method::GET, "/task", &hal, Vec::new()).await.ok();
        assert_eq!(reply.header("content-type"), Some("application/json"), "{wish}");
    }
    // The twin: another type is asked for as it was.
    stage.recorder.forget();
    app.send(reqwest::Method::GET, "/task", &[("accept", "text/csv;q=0.5")], Vec::new()).await;
    assert_eq!(stage.recorder.only().header("accept"), ["text/csv;q=0.500"]);
}
