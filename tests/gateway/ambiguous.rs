//! Requests that gateway and engine could read in different ways: 400, and nothing is forwarded. Each has a twin
//! that differs in the one thing and is served.

use reqwest::Method;

use crate::stage::Stage;
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::world::order;

#[tokio::test]
async fn a_doubled_tenant_parameter_is_refused() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    for query in [
        format!("tenantIdIn={tenant}&tenantIdIn={tenant}"),
        format!("tenantIdIn={tenant}&tenant%49dIn=tOther"),
        format!("tenantIdIn={tenant}&name=x&tenantIdIn="),
        "withoutTenantId=false&withoutTenantId=false".to_owned(),
    ] {
        app.get(&format!("/task?{query}")).await.refused(400, "TG400-QUERY");
    }
    stage.recorder.nothing();
    app.get(&format!("/task?tenantIdIn={tenant}&name=x")).await.ok();
    assert_eq!(stage.recorder.seen().len(), 1);
}

#[tokio::test]
async fn a_doubled_json_key_is_refused() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    for body in [
        r#"{"tenantIdIn":["T"],"tenantIdIn":["T"]}"#,
        r#"{"tenantIdIn":["T"],"tenant\u0049dIn":[]}"#,
        r#"{"name":"x","name":"y"}"#,
        r#"{"orQueries":[{"name":"x","name":"y"}]}"#,
    ] {
        let body = body.replace('T', &tenant);
        app.json(Method::POST, "/task", &body).await.refused(400, "TG400-BODY");
    }
    stage.recorder.nothing();
    let twin = format!(r#"{{"tenantIdIn":["{tenant}"],"name":"x","orQueries":[{{"name":"y"}}]}}"#);
    app.json(Method::POST, "/task", &twin).await.ok();
    assert_eq!(stage.recorder.seen().len(), 1);
}

#[tokio::test]
async fn an_unreadable_body_is_refused() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    for body in ["{", "[1,", "nonsense", r#"{"a":1}{"b":2}"#, r#"{"name":"\ud800"}"#, "{'name':1}"] {
        app.json(Method::POST, "/task", body).await.refused(400, "TG400-BODY");
    }
    // UTF-16, which the engine would read.
    let utf16: Vec<u8> = "{\"name\":\"x\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let headers = [("content-type", "application/json")];
    app.send(Method::POST, "/task", &headers, utf16).await.refused(400, "TG400-BODY");
    stage.recorder.nothing();
    app.json(Method::POST, "/task", r#"{"name":"x"}"#).await.ok();
    assert_eq!(stage.recorder.seen().len(), 1);
}

#[tokio::test]
async fn a_doubled_tenant_part_is_refused() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    let model = order("x");
    let form = || Form::deployment("x", Some(&tenant), &[("order.bpmn", &model)]);
    app.form("/deployment/create", form().field("tenant-id", &tenant)).await.refused(400, "TG400-MULTIPART");
    app.form("/deployment/create", form().field("TENANT-ID", "tOther")).await.refused(400, "TG400-MULTIPART");
    // The engine's connection may have been opened by then; no whole deployment went through it.
    assert!(stage.recorder.seen().iter().all(|seen| !seen.message.complete));
    stage.recorder.forget();
    app.form("/deployment/create", form()).await.ok();
    assert!(stage.recorder.only().message.complete);
}
