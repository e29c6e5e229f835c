//! The story's operations. A and B hold the same keys and names, told apart by markers; A sees and changes its
//! own, and a foreign id is answered exactly as one that never existed.

use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::recorder::Seen;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{Side, World, order};

/// An operation on one id: method, path and body with `ID` in the id's place, and whose id it is.
type ById = (&'static str, &'static str, &'static str, fn(&Side) -> &String);

/// In an order in which the last of each kind uses its own id up.
const BY_ID: &[ById] = &[
    ("GET", "/process-definition/ID", "", |s| &s.order_definition),
    ("POST", "/process-definition/ID/start", r#"{"businessKey":"x"}"#, |s| &s.order_definition),
    ("GET", "/process-instance/ID", "", |s| &s.order),
    ("GET", "/process-instance/ID/variables", "", |s| &s.order),
    ("GET", "/process-instance/ID/variables/note", "", |s| &s.order),
    ("PUT", "/process-instance/ID/variables/note", r#"{"value":"x"}"#, |s| &s.order),
    ("GET", "/history/process-instance/ID", "", |s| &s.finished),
    ("GET", "/task/ID", "", |s| &s.review),
    ("GET", "/task/ID/variables", "", |s| &s.review),
    ("GET", "/task/ID/variables/note", "", |s| &s.review),
    ("PUT", "/task/ID/variables/note", r#"{"value":"x"}"#, |s| &s.review),
    ("POST", "/task/ID/variables", r#"{"modifications":{"note":{"value":"x"}}}"#, |s| &s.review),
    ("POST", "/task/ID/claim", r#"{"userId":"someone"}"#, |s| &s.review),
    ("POST", "/task/ID/complete", r#"{"variables":{"note":{"value":"x"}}}"#, |s| &s.review),
];

fn asked(template: &str, id: &str) -> String {
    template.replace("ID", id)
}

/// An id of the same shape that never existed.
fn missing_like(id: &str) -> String {
    let fresh = crate::support::missing_id();
    id.rsplit_once(':').map_or(fresh.clone(), |(key, _)| format!("{key}:{fresh}"))
}

#[tokio::test]
async fn a_foreign_id_is_answered_as_a_missing_one() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    for (method, path, body, of) in BY_ID {
        let method: Method = method.parse().unwrap();
        let (own, foreign) = (of(&a), of(&b));
        let missing = missing_like(foreign);
        stage.recorder.forget();
        let reply = app.json(method.clone(), &asked(path, foreign), body).await;
        // Look-ups may ask for the id, pinned to A; nothing that changes may name it.
        let look_up =
            |s: &Seen| s.path.ends_with("/process-instance") && s.json()["tenantIdIn"] == json!([a.tenant]);
        let names = |s: &Seen| s.path.contains(foreign) || s.text().contains(foreign);
        let reached = |s: &Seen| s.method != "GET" && names(s) && !look_up(s);
        assert!(!stage.recorder.seen().iter().any(reached), "{:?}", stage.recorder.seen());
        b.not_in(&reply);
        let through = app.json(method.clone(), &asked(path, &missing), body).await;
        assert_eq!(reply.telling(foreign), through.telling(&missing), "{method} {path}");
        let direct = engine.json(method.clone(), &asked(path, &missing), body).await;
        let (status, _, text) = reply.telling(foreign);
        assert_eq!(
            (status, text),
            (direct.status, direct.text().replace(&missing, "<id>")),
            "{method} {path}"
        );
        // The twin: the same with the own id is served.
        let reply = app.json(method, &asked(path, own), body).await.ok();
        b.not_in(&reply);
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn own_ids_are_answered_as_the_engine_answers() {
    let stage = Stage::start().await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for (method, path, _, of) in BY_ID.iter().filter(|(method, ..)| *method == "GET") {
        let path = asked(path, of(&a));
        let (through, direct) = (app.get(&path).await.ok(), engine.get(&path).await.ok());
        assert_eq!(through.text(), direct.text(), "{method} {path}");
        assert_eq!(through.header("content-type"), direct.header("content-type"), "{method} {path}");
    }
}

#[tokio::test]
async fn lists_hold_own_rows_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    for list in
        ["/process-definition", "/process-instance", "/task", "/external-task", "/history/process-instance"]
    {
        let own = format!("tenantIdIn={}", a.tenant);
        let expected = engine.get(&format!("{list}?{own}")).await.ok().ids();
        assert!(!expected.is_empty(), "{list}");
        // No tenant, an empty one, the own one.
        for query in ["", "?tenantIdIn=", &format!("?{own}")] {
            stage.recorder.forget();
            let reply = app.get(&format!("{list}{query}")).await.ok();
            assert_eq!(reply.ids(), expected, "{list}{query}");
            b.not_in(&reply);
            assert_eq!(stage.recorder.only().query.as_deref(), Some(own.as_str()), "{list}{query}");
        }
        stage.recorder.forget();
        let other = format!("{list}?tenantIdIn={}", b.tenant);
        app.get(&other).await.refused(403, "TG403-TENANT");
        app.get(&format!("{list}?{own},{}", b.tenant)).await.refused(403, "TG403-TENANT");
        stage.recorder.nothing();
    }
}

#[tokio::test]
async fn the_task_list_by_post_holds_own_rows_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let expected = engine.get(&format!("/task?tenantIdIn={}", a.tenant)).await.ok().ids();
    assert!(expected.len() >= 2);
    let bodies = [
        json!({}),
        json!({"tenantIdIn": null}),
        json!({"tenantIdIn": []}),
        json!({"tenantIdIn": [a.tenant]}),
        json!({"orQueries": [{"tenantIdIn": [a.tenant], "name": "no such"}]}),
    ];
    for body in bodies {
        stage.recorder.forget();
        let reply = app.post("/task", body.clone()).await.ok();
        assert_eq!(reply.ids(), expected, "{body}");
        b.not_in(&reply);
        assert_eq!(stage.recorder.only().json()["tenantIdIn"], json!([a.tenant]), "{body}");
    }
    // No body at all means every tenant to the engine.
    stage.recorder.forget();
    assert_eq!(app.json(Method::POST, "/task", "").await.ok().ids(), expected);
    assert_eq!(stage.recorder.only().json()["tenantIdIn"], json!([a.tenant]));
    stage.recorder.forget();
    for foreign in [json!({"tenantIdIn": [b.tenant]}), json!({"tenantIdIn": [a.tenant, b.tenant]})] {
        app.post("/task", foreign).await.refused(403, "TG403-TENANT");
    }
    stage.recorder.nothing();
}

#[tokio::test]
async fn wishes_for_records_without_tenant_do_not_widen() {
    let stage = Stage::start().await;
    let World { a, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    assert_eq!(app.get("/task?withoutTenantId=true").await.ok().json(), json!([]));
    stage.recorder.nothing();
    // Inside `orQueries` the wish stays, and the outer pin narrows it: dropped, it would find all of A's.
    let inner = json!({"orQueries": [{"withoutTenantId": true}]});
    assert_eq!(app.post("/task", inner).await.ok().json(), json!([]));
    stage.recorder.forget();
    // The twin: false asks for nothing.
    assert!(!app.get("/task?withoutTenantId=false").await.ok().ids().is_empty());
    assert_eq!(stage.recorder.only().query, Some(format!("tenantIdIn={}", a.tenant)));
}

#[tokio::test]
async fn a_deployment_becomes_the_callers() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let model = order(&a.marker);
    let before = snapshot(&engine, &b.tenant).await;
    for tenant in [None, Some(""), Some(a.tenant.as_str())] {
        let form = Form::deployment("again", tenant, &[("order.bpmn", &model)]);
        let deployed = app.form("/deployment/create", form).await.ok();
        assert_eq!(deployed.json()["tenantId"], a.tenant.as_str(), "{tenant:?}");
        b.not_in(&deployed);
    }
    stage.recorder.forget();
    let form = Form::deployment("again", Some(&b.tenant), &[("order.bpmn", &model)]);
    app.form("/deployment/create", form).await.refused(403, "TG403-TENANT");
    assert!(stage.recorder.seen().iter().all(|seen| !seen.message.complete));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_large_file_comes_through_whole() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let large: Vec<u8> =
        (0..20 * 1024 * 1024_u32).map(|i| b"0123456789abcdef\r\n-"[i as usize % 19]).collect();
    app.form("/deployment/create", Form::deployment("large", None, &[("large.txt", &large)])).await.ok();
    let sent = stage.recorder.only().message.body;
    assert!(sent.windows(large.len()).any(|part| part == large), "not the same bytes");
}

#[tokio::test]
async fn keys_mean_the_callers_own_definition() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let own = format!("/process-definition/key/order/tenant-id/{}", a.tenant);
    for path in ["/process-definition/key/order", &own] {
        stage.recorder.forget();
        let reply = app.get(path).await.ok();
        assert_eq!(reply.id(), a.order_definition);
        assert_eq!(stage.recorder.only().path, format!("/engine-rest{own}"));
        let started = app.post(&format!("{path}/start"), json!({"businessKey": "x"})).await.ok().json();
        assert_eq!(started["tenantId"], a.tenant.as_str());
    }
    // Another's tenant in the path is as one that does not exist.
    let before = snapshot(&engine, &b.tenant).await;
    let missing = format!("tM{}", random());
    for (method, tail, body) in [("GET", "", ""), ("POST", "/start", r#"{"businessKey":"x"}"#)] {
        let ask = |tenant: &str| {
            let path = format!("/process-definition/key/order/tenant-id/{tenant}{tail}");
            let app = app.clone();
            async move { app.json(method.parse().unwrap(), &path, body).await }
        };
        let foreign = ask(&b.tenant).await.status(404);
        assert_eq!(foreign.telling(&b.tenant), ask(&missing).await.telling(&missing));
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn external_tasks_are_fetched_and_completed_by_their_own_tenant() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let fetch = json!({
        "workerId": "worker", "maxTasks": 100,
        "topics": [{"topicName": "ship", "lockDuration": 60_000}, {"topicName": "count", "lockDuration": 60_000}],
    });
    let before = snapshot(&engine, &b.tenant).await;
    stage.recorder.forget();
    let fetched = app.post("/external-task/fetchAndLock", fetch.clone()).await.ok();
    assert_eq!(fetched.ids(), std::slice::from_ref(&a.ship));
    b.not_in(&fetched);
    for topic in stage.recorder.only().json()["topics"].as_array().unwrap() {
        assert_eq!(topic["tenantIdIn"], json!([a.tenant]), "{topic}");
    }
    let mut foreign = fetch.clone();
    foreign["topics"][1]["tenantIdIn"] = json!([b.tenant]);
    app.post("/external-task/fetchAndLock", foreign).await.refused(403, "TG403-TENANT");
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // B locks its own with the same worker id; A knows both and still can't complete it.
    assert_eq!(
        other.post("/external-task/fetchAndLock", fetch).await.ok().ids(),
        std::slice::from_ref(&b.ship)
    );
    let before = snapshot(&engine, &b.tenant).await;
    let complete = |id: &str| (format!("/external-task/{id}/complete"), json!({"workerId": "worker"}));
    let (path, body) = complete(&b.ship);
    let reply = app.post(&path, body).await;
    let missing = crate::support::missing_id();
    let (path, body) = complete(&missing);
    assert_eq!(reply.telling(&b.ship), app.post(&path, body).await.telling(&missing));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    let (path, body) = complete(&a.ship);
    app.post(&path, body).await.status(204);
}

#[tokio::test]
async fn what_has_no_rule_is_refused() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    for (method, path) in
        [("GET", "/no-such-operation"), ("PATCH", "/task"), ("GET", "/optimize/decision-instance")]
    {
        let reply = app.send(method.parse().unwrap(), path, &[], Vec::new()).await.status(403);
        assert!(reply.refusal().is_some(), "{reply}");
    }
    for path in ["/authorization", "/metrics", "/user", "/history/cleanup/job"] {
        app.get(path).await.refused(403, "TG403-DENIED");
    }
    stage.recorder.nothing();
    app.get("/task").await.ok();
}
