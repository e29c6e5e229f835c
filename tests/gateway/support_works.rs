//! The helpers themselves, against the real engine without a gateway between: a helper that sees nothing would
//! let every other test pass.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::api::Api;
use crate::support::issuer::{AUDIENCE, Issuer, SECRET};
use crate::support::multipart::Form;
use crate::support::recorder::{Answer, Recorder};
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::World;
use crate::support::{engine, free_port, missing_id, raw};

#[tokio::test]
async fn a_snapshot_sees_everything_of_its_tenant_and_nothing_else() {
    let world = World::seed().await;
    let before = snapshot(&world.engine, &world.b.tenant).await;
    let filled = before.values().filter(|v| v.as_array().is_some_and(|rows| !rows.is_empty())).count();
    assert!(filled >= 20, "only {filled} lists hold rows: {before:#?}");
    let text = format!("{before:?}");
    for secret in world.b.secrets() {
        assert!(text.contains(secret), "`{secret}` is in no list");
    }
    assert!(world.a.secrets().iter().all(|secret| !text.contains(secret)));
    // Work of A leaves it alone, work of B does not.
    world.engine.post(&format!("/task/{}/complete", world.a.review), json!({})).await.ok();
    let after = snapshot(&world.engine, &world.b.tenant).await;
    assert_same(&before, &after);
    world.engine.post(&format!("/task/{}/claim", world.b.review), json!({"userId": "x"})).await.ok();
    let claimed = snapshot(&world.engine, &world.b.tenant).await;
    assert_ne!(before, claimed);
}

#[tokio::test]
async fn a_foreign_text_is_noticed() {
    let world = World::seed().await;
    // Both tenants' and no others': a list of all may meet a deployment that another test is just removing.
    let both = format!("/task?tenantIdIn={},{}", world.a.tenant, world.b.tenant);
    let open = world.engine.get(&both).await.ok();
    world.a.is_in(&open);
    assert!(std::panic::catch_unwind(|| world.b.not_in(&open)).is_err());
    let own = world.engine.get(&format!("/task?tenantIdIn={}", world.a.tenant)).await.ok();
    world.a.is_in(&own);
    world.b.not_in(&own);
}

#[tokio::test]
async fn the_recorder_writes_down_what_reached_the_engine() {
    let recorder = Recorder::before(&engine::url());
    let api = Api::new(&recorder.url());
    let asked = json!({"tenantIdIn": [missing_id()]});
    let reply = api.post("/task?maxResults=%31", asked.clone()).await.ok();
    assert_eq!(reply.json(), json!([]));
    let seen = recorder.only();
    assert_eq!(
        (seen.line(), seen.query.as_deref()),
        ("POST /engine-rest/task".into(), Some("maxResults=%31"))
    );
    assert_eq!((seen.json(), seen.header("Content-Type")), (asked, vec!["application/json"]));
    // Spelling and order stay as they lay on the wire.
    recorder.forget();
    let to = recorder.url().trim_start_matches("http://").trim_end_matches("/engine-rest").parse().unwrap();
    let headers = ["X_Camunda-USER: x".to_owned(), "x-b: 1".to_owned(), "X-B: 2".to_owned()];
    let reply = raw::exchange(to, &raw::request("GET /engine-rest/task/%20/../x?a=b", &headers, "")).unwrap();
    assert_eq!(reply.status, 404);
    let seen = recorder.only();
    assert_eq!(seen.path, "/engine-rest/task/%20/../x");
    assert!(seen.message.headers.iter().any(|(name, _)| name == "X_Camunda-USER"));
    assert_eq!(seen.header("x-b"), ["1", "2"]);
}

#[tokio::test]
async fn the_recorder_follows_its_script() {
    let fake = Recorder::fake();
    let api = Api::new(&fake.url());
    fake.script(|seen| match seen.path.as_str() {
        "/engine-rest/task" => Answer::Json(500, r#"{"type":"x"}"#.into()),
        "/engine-rest/job" => {
            Answer::After(Duration::from_millis(300), Box::new(Answer::Json(200, "[]".into())))
        }
        "/engine-rest/batch" => Answer::Raw(b"HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n[".to_vec()),
        "/engine-rest/filter" => Answer::Hang,
        _ => Answer::Cut,
    });
    assert_eq!(api.get("/task").await.status, 500);
    let began = Instant::now();
    assert_eq!(api.get("/job").await.ok().text(), "[]");
    assert!(began.elapsed() >= Duration::from_millis(300));
    for path in ["/batch", "/incident"] {
        assert!(api.try_send(reqwest::Method::GET, path, &[], Vec::new()).await.is_err(), "{path}");
    }
    let hanging = tokio::time::timeout(Duration::from_millis(300), api.get("/filter"));
    assert!(hanging.await.is_err());
    assert_eq!(fake.seen().len(), 5);
}

#[tokio::test]
async fn the_issuer_gives_tokens_by_form_and_by_json() {
    let issuer = Issuer::start_at(free_port());
    let api = Api::new(issuer.issuer());
    let form = format!(
        "grant_type=client_credentials&client_id=appOne&client_secret={SECRET}&audience=https%3A%2F%2Fx"
    );
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let by_form =
        api.send(reqwest::Method::POST, "/oauth/token", &form_type, form.clone().into_bytes()).await.ok();
    let asked = json!({
        "grant_type": "client_credentials", "client_id": "appOne", "client_secret": SECRET, "audience": "https://x",
    });
    let by_json = api.post("/oauth/token", asked.clone()).await.ok();
    let keys: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(api.get("/.well-known/jwks.json").await.ok().json()).unwrap();
    for reply in [by_form, by_json] {
        assert_eq!(reply.json()["token_type"], "Bearer");
        let token = reply.json()["access_token"].as_str().unwrap().to_owned();
        let claims = check(&token, &keys, issuer.issuer(), "https://x").unwrap();
        assert_eq!((&claims["azp"], &claims["sub"]), (&json!("appOne"), &json!("appOne@clients")));
    }
    // The twins: wrong secret, and a key that is not the issuer's.
    let wrong = form.replace(SECRET, "wrong").into_bytes();
    api.send(reqwest::Method::POST, "/oauth/token", &form_type, wrong).await.status(401);
    assert!(check(&issuer.token("appOne"), &keys, issuer.issuer(), AUDIENCE).is_some());
    issuer.rotate();
    assert!(check(&issuer.token("appOne"), &keys, issuer.issuer(), AUDIENCE).is_none());
}

fn check(
    token: &str,
    keys: &jsonwebtoken::jwk::JwkSet,
    issuer: &str,
    audience: &str,
) -> Option<serde_json::Value> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid)?).ok()?;
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[audience]);
    Some(jsonwebtoken::decode(token, &key, &rules).ok()?.claims)
}

#[tokio::test]
async fn the_engine_takes_large_deployments() {
    let large = vec![b'x'; 20 * 1024 * 1024];
    let form = Form::deployment("large", None, &[("large.txt", &large)]);
    let id = engine::api().form("/deployment/create", form).await.ok().id();
    let resources = engine::api().get(&format!("/deployment/{id}/resources")).await.ok().json();
    let resource = resources[0]["id"].as_str().unwrap().to_owned();
    let back = engine::api().get(&format!("/deployment/{id}/resources/{resource}/data")).await.ok();
    assert_eq!(back.body.len(), large.len());
    engine::api().delete(&format!("/deployment/{id}")).await.ok();
}
