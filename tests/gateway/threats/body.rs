//! J1–J7: a body has one reading or is 400, and what goes on was written anew.

use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, issuer};
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::raw;
use crate::support::world::{World, order};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn j1_duplicate_keys() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for body in [
        r#"{"tenantIdIn":["A"],"tenantIdIn":["B"]}"#,
        r#"{"tenantIdIn":["A"],"tenantIdIn":null}"#,
        r#"{"orQueries":[{"name":"x"}],"orQueries":[]}"#,
        r#"{"taskVariables":[{"name":"x","name":"y"}]}"#,
    ] {
        let body = body.replace('A', &a.tenant).replace('B', &b.tenant);
        app.json(Method::POST, "/task", &body).await.refused(400, "TG400-BODY");
    }
    stage.recorder.nothing();
    let twin = format!(r#"{{"tenantIdIn":["{}"],"name":"x"}}"#, a.tenant);
    app.json(Method::POST, "/task", &twin).await.ok();
}

#[tokio::test]
async fn j2_nested_queries() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let own = app.post("/task", json!({"orQueries": [{"tenantIdIn": [a.tenant]}]})).await.ok();
    a.is_in(&own);
    stage.recorder.forget();
    for (path, body) in [
        ("/task", json!({"orQueries": [{"tenantIdIn": [b.tenant]}]})),
        ("/process-instance", json!({"orQueries": [{"tenantIdIn": [a.tenant, b.tenant]}]})),
        ("/history/task", json!({"orQueries": [{"tenantIdIn": [b.tenant]}]})),
        (
            "/external-task/fetchAndLock",
            json!({"workerId": "w", "maxTasks": 1, "topics": [
                {"topicName": "ship", "lockDuration": 1, "tenantIdIn": [b.tenant]}]}),
        ),
    ] {
        app.post(path, body).await.refused(403, "TG403-TENANT");
    }
    let bulk = json!({"suspended": true, "processInstanceQuery": {"tenantIdIn": [b.tenant]}});
    app.put("/process-instance/suspended", bulk).await.refused(403, "TG403-TENANT");
    stage.recorder.nothing();
    // Embedded, empty: it would be everything.
    let bulk = json!({"suspended": false, "processInstanceQuery": {}});
    app.put("/process-instance/suspended", bulk).await.ok();
    assert_eq!(stage.recorder.only().json()["processInstanceQuery"]["tenantIdIn"], json!([a.tenant]));
}

#[tokio::test]
async fn j3_empty_and_mistyped_tenants() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for body in [json!({"tenantIdIn": null}), json!({"tenantIdIn": []}), json!({})] {
        stage.recorder.forget();
        let reply = app.post("/task", body.clone()).await.ok();
        b.not_in(&reply);
        assert_eq!(stage.recorder.only().json()["tenantIdIn"], json!([a.tenant]), "{body}");
    }
    stage.recorder.forget();
    for wrong in [json!([null]), json!({"x": 1}), json!([[a.tenant]]), json!(true), json!(1)] {
        let reply = app.post("/task", json!({"tenantIdIn": wrong})).await;
        assert!([400, 403].contains(&reply.status), "{wrong}: {reply}");
    }
    for wrong in [json!([b.tenant]), json!(b.tenant)] {
        let reply = app.post("/signal", json!({"name": "x", "tenantId": wrong})).await;
        assert!([400, 403].contains(&reply.status), "{wrong}: {reply}");
    }
    stage.recorder.nothing();
    for none in [json!(null), json!("")] {
        stage.recorder.forget();
        app.post("/signal", json!({"name": format!("x{}", random()), "tenantId": none})).await.ok();
        assert_eq!(stage.recorder.only().json()["tenantId"], json!(a.tenant));
    }
}

#[tokio::test]
async fn j4_tricks_with_parts() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = engine.get(&format!("/deployment/count?tenantIdIn={}", b.tenant)).await.ok().text();
    let model = order("x");
    let named = [
        "form-data; name=\"tenant-id\"; name=\"x\"",
        "form-data; name=\"x\"; name=\"tenant-id\"",
        "form-data; name=tenant-id",
        "form-data; NAME=\"tenant-id\"",
        "form-data; name=\"=?UTF-8?Q?tenant-id?=\"",
        "form-data; name=\"=?UTF-8?B?dGVuYW50LWlk?=\"",
        "form-data; name*=UTF-8''tenant-id",
        "form-data; name=\"tenant-id\"; filename=\"t.txt\"",
        "form-data;\r\n name=\"tenant-id\"",
        "form-data; name=\"Tenant-Id\"",
    ];
    for name in named {
        let form = Form::new()
            .field("deployment-name", "x")
            .file("order.bpmn", "order.bpmn", &model)
            .part(&[&format!("Content-Disposition: {name}")], b.tenant.as_bytes());
        let reply = app.form("/deployment/create", form).await;
        // Refused, or read as what it is not: never B's.
        assert!(
            [400, 403].contains(&reply.status) || reply.json()["tenantId"] == a.tenant.as_str(),
            "{name}: {reply}"
        );
        b.not_in(&reply);
    }
    let after = engine.get(&format!("/deployment/count?tenantIdIn={}", b.tenant)).await.ok().text();
    assert_eq!(before, after);
    let twin = Form::deployment("x", Some(&a.tenant), &[("order.bpmn", &model)]);
    assert_eq!(app.form("/deployment/create", twin).await.ok().json()["tenantId"], a.tenant.as_str());
}

#[tokio::test]
async fn j5_content_types() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    let body = || br#"{"name":"x"}"#.to_vec();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "text/json", "application/hal+json"] {
        let reply = app.send(Method::POST, "/task", &[("content-type", kind)], body()).await;
        reply.refused(415, "TG415-CONTENT-TYPE");
    }
    app.send(Method::POST, "/task", &[], body()).await.refused(415, "TG415-CONTENT-TYPE");
    let utf16: Vec<u8> = r#"{"name":"x"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    app.send(Method::POST, "/task", &JSON, utf16).await.refused(400, "TG400-BODY");
    let gzip = [JSON[0], ("content-encoding", "gzip")];
    app.send(Method::POST, "/task", &gzip, body()).await.status(400);
    stage.recorder.nothing();
    // The charset means nothing: the bytes are UTF-8, and so is what goes on.
    let charset = [("content-type", "application/json; charset=utf-16")];
    app.send(Method::POST, "/task", &charset, body()).await.ok();
    let sent = stage.recorder.only();
    assert_eq!(sent.json()["tenantIdIn"], json!([tenant]));
    assert!(!format!("{:?}", sent.header("content-type")).contains("utf-16"));
}

#[tokio::test]
async fn j6_sizes() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    app.json(Method::POST, "/task", &deep).await.refused(400, "TG400-BODY");
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(64 * 1024 * 1024));
    let reply = app.try_send(Method::POST, "/task", &JSON, large.into_bytes()).await;
    // The answer may come while the client still sends; a client may see only the end of its connection then.
    if let Ok(reply) = reply {
        reply.refused(413, "TG413-BODY");
    }
    stage.recorder.nothing();
    // The twin: in chunks, and as deep as people write.
    let bearer = format!("Authorization: Bearer {}", issuer().token(&tenant));
    let chunked = format!(
        "POST /engine-rest/task HTTP/1.1\r\nHost: g\r\n{bearer}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{{\"x\":\r\n6\r\n[[1]]}}\r\n0\r\n\r\n"
    );
    let reply = raw::exchange(stage.gateway.address, chunked.as_bytes()).unwrap();
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn j7_escaped_keys_and_exact_numbers() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let escaped = format!(r#"{{"tenant\u0049dIn":["{}"]}}"#, b.tenant);
    app.json(Method::POST, "/task", &escaped).await.refused(403, "TG403-TENANT");
    let escaped = format!(r#"{{"tenantIdIn":["{}"],"\u0074enantIdIn":[]}}"#, a.tenant);
    app.json(Method::POST, "/task", &escaped).await.refused(400, "TG400-BODY");
    stage.recorder.nothing();
    // Numbers go on digit by digit: a double in between would change them.
    let path = format!("/task/{}/variables/big", a.review);
    let number = r#"{"value":9007199254740993,"type":"Long"}"#;
    app.json(Method::PUT, &path, number).await.ok();
    let seen = stage.recorder.seen();
    assert!(seen.last().unwrap().text().contains("9007199254740993"));
    assert!(app.get(&path).await.ok().text().contains("9007199254740993"));
}
