//! Messages, signals and conditions reach own executions and own start events only.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, deployed, model};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{Side, World, start};
use crate::support::{missing_id, random};

/// A process that a message starts, and one that waits for it (in `ways` branches) after a plain start.
fn message_models(name: &str, ways: usize) -> (String, String) {
    let root = format!(r#"<message id="m" name="{name}"/>"#);
    let definition = r#"<messageEventDefinition messageRef="m"/>"#;
    let starts = format!(
        r#"<startEvent id="s">{definition}</startEvent><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t"/>"#
    );
    let mut waits =
        r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="p"/><parallelGateway id="p"/>"#
            .to_owned();
    for way in 0..ways {
        waits += &format!(
            r#"<sequenceFlow id="f{way}" sourceRef="p" targetRef="c{way}"/>
            <intermediateCatchEvent id="c{way}">{definition}</intermediateCatchEvent>
            <sequenceFlow id="g{way}" sourceRef="c{way}" targetRef="t{way}"/><userTask id="t{way}"/>"#
        );
    }
    (model(&format!("starts{name}"), &root, &starts), model(&format!("waits{name}"), &root, &waits))
}

async fn put_in(engine: &Api, side: &Side, text: &str) -> String {
    deployed(&deploy_model(engine, Some(&side.tenant), "m.bpmn", text).await.ok().json())
}

async fn running(engine: &Api, definition: &str) -> usize {
    engine.get(&format!("/process-instance?processDefinitionId={definition}")).await.ok().ids().len()
}

/// Two answers that say the same.
#[track_caller]
fn same(through: &Reply, direct: &Reply) {
    assert_eq!((through.status, through.text()), (direct.status, direct.text()), "{through}");
}

#[tokio::test]
async fn a_message_reaches_own_executions_and_start_events_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let name = format!("m{}", random());
    let (starts, waits) = message_models(&name, 1);
    put_in(&engine, &b, &starts).await;
    let (theirs, own) = (put_in(&engine, &b, &waits).await, put_in(&engine, &a, &waits).await);
    start(&engine, &theirs, &b.marker).await;
    let before = snapshot(&engine, &b.tenant).await;
    let nobody = format!("n{}", random());
    // Only B waits for it, and only B has a start event: as if nobody did.
    for all in [false, true] {
        let through = app.post("/message", json!({"messageName": name, "all": all})).await;
        same(
            &through,
            &engine.post("/message", json!({"messageName": name, "all": all, "tenantId": nobody})).await,
        );
    }
    for foreign in [
        json!({"messageName": name, "tenantId": b.tenant}),
        json!({"messageName": name, "tenantId": b.tenant, "all": true}),
    ] {
        app.post("/message", foreign).await.refused(403, "TG403-TENANT");
    }
    app.post("/message", json!({"messageName": name, "withoutTenantId": true}))
        .await
        .refused(403, "TG403-TENANTLESS");
    app.post("/message", json!({})).await.status(400);
    // The twins: own executions, by business key, by keys of either type, all of them, with results.
    for body in [
        json!({}),
        json!({"businessKey": a.marker}),
        json!({"correlationKeys": {"note": {"value": a.marker}, "amount": {"value": 10, "type": "Integer"}}}),
        json!({"all": true, "resultEnabled": true}),
        json!({"tenantId": a.tenant, "withoutTenantId": false}),
    ] {
        let mut body = body;
        start(&engine, &own, &a.marker).await;
        body["messageName"] = json!(name);
        for (wrong, value) in [
            ("businessKey", json!("other")),
            ("correlationKeys", json!({"amount": {"value": 11, "type": "Integer"}})),
        ] {
            let mut narrow = body.clone();
            narrow["all"] = json!(false);
            narrow[wrong] = value;
            app.post("/message", narrow).await.status(400);
        }
        let reply = app.post("/message", body.clone()).await.ok();
        b.not_in(&reply);
        if body.get("resultEnabled").is_some() {
            assert_eq!(reply.json()[0]["execution"]["tenantId"], json!(a.tenant), "{reply}");
        }
    }
    // An own start event is started.
    let own = put_in(&engine, &a, &starts).await;
    app.post("/message", json!({"messageName": name, "resultEnabled": true})).await.ok();
    assert_eq!(running(&engine, &own).await, 1);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_message_to_an_instance_starts_nothing_of_another() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let name = format!("m{}", random());
    let (starts, waits) = message_models(&name, 1);
    put_in(&engine, &b, &starts).await;
    let definition = put_in(&engine, &b, &waits).await;
    let foreign = start(&engine, &definition, &b.marker).await;
    let before = snapshot(&engine, &b.tenant).await;
    let send = async |api: &Api, instance: &str, name: &str, rest: Value| {
        let mut body = rest;
        body["messageName"] = json!(name);
        body["processInstanceId"] = json!(instance);
        api.post("/message", body).await
    };
    // The own instance waits for nothing: the engine would start B's process.
    let unknown = format!("u{}", random());
    for rest in [
        json!({}),
        json!({"resultEnabled": true}),
        json!({"all": true}),
        json!({"all": true, "resultEnabled": true}),
    ] {
        let through = send(&app, &a.order, &name, rest.clone()).await;
        let direct = send(&engine, &a.order, &unknown, rest).await;
        assert_eq!((through.status, through.text()), (direct.status, direct.text().replace(&unknown, &name)));
        b.not_in(&through);
    }
    // B's instance waits for it: to A it never existed.
    let missing = missing_id();
    for rest in [json!({}), json!({"all": true}), json!({"resultEnabled": true})] {
        let foreign = send(&app, &foreign, &name, rest.clone()).await;
        same(&foreign, &send(&app, &missing, &name, rest).await);
    }
    let body = json!({"messageName": unknown, "processInstanceId": "ID"}).to_string();
    as_missing(&app, &engine, &Method::POST, "/message", &body, &foreign).await;
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // What the engine refuses is refused in its words, what can't be expressed is refused.
    let both = json!({"tenantId": a.tenant});
    same(&send(&app, &a.watch, "goods", both.clone()).await, &send(&engine, &a.watch, "goods", both).await);
    send(&app, &a.watch, "goods", json!({"tenantId": b.tenant})).await.refused(403, "TG403-TENANT");
    send(&app, &a.watch, "goods", json!({"withoutTenantId": true})).await.refused(403, "TG403-TENANTLESS");
    let number = json!({"correlationKeys": {"amount": {"value": 10, "type": "Integer"}}});
    send(&app, &a.watch, "goods", number).await.refused(403, "TG403-FIELD");
    for rest in [json!({"businessKey": "other"}), json!({"correlationKeys": {"note": {"value": "other"}}})] {
        let through = send(&app, &a.watch, "goods", rest.clone()).await;
        same(&through, &send(&engine, &a.watch, "goods", rest).await.status(400));
    }
    // The twin: business key and text match, the instance goes on and gets its variables.
    let matching = json!({
        "businessKey": a.marker, "correlationKeys": {"note": {"value": a.marker, "type": "String"}},
        "processVariables": {"got": {"value": "it", "type": "String"}},
    });
    send(&app, &a.watch, "goods", matching).await.status(204);
    assert_eq!(
        engine.get(&format!("/process-instance/{}/variables/got", a.watch)).await.ok().json()["value"],
        "it"
    );
    let waits =
        engine.get(&format!("/event-subscription?processInstanceId={}&eventName=goods", a.watch)).await;
    assert_eq!(waits.json(), json!([]));
}

/// What the engine takes for true must not be false here, and the other way round.
#[tokio::test]
async fn flags_of_a_message_to_an_instance_are_read_as_the_engine_reads_them() {
    let stage = Stage::start().await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let unknown = format!("u{}", random());
    for value in [
        "true",
        "false",
        "null",
        "\"true\"",
        "\"TRUE\"",
        "\"tRue\"",
        "\" true \"",
        "\"false\"",
        "\"\"",
        "\"null\"",
        "\"yes\"",
        "\"1\"",
        "0",
        "1",
        "2",
        "-1",
        "1.0",
        "[]",
        "{}",
    ] {
        let all = format!(r#"{{"messageName":"{unknown}","processInstanceId":"{}","all":{value}}}"#, a.order);
        // Without an instance, as the engine would start what begins with the message: nothing does.
        let direct = all.replace("processInstanceId", "ignored");
        let through = app.json(Method::POST, "/message", &all).await;
        let direct = engine.json(Method::POST, "/message", &direct).await;
        assert_eq!(through.status, direct.status, "{value}: {through}");
        if direct.text().contains("InvalidRequestException") {
            through.refused(400, "TG400-BODY");
        }
    }
}

#[tokio::test]
async fn several_matches_in_an_instance_are_answered_as_by_the_engine() {
    let stage = Stage::start().await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let name = format!("m{}", random());
    let definition = put_in(&engine, &a, &message_models(&name, 2).1).await;
    let (one, two) = (start(&engine, &definition, "x").await, start(&engine, &definition, "x").await);
    let send = async |api: &Api, instance: &str, rest: Value| {
        let mut body = rest;
        body["messageName"] = json!(name);
        body["processInstanceId"] = json!(instance);
        api.post("/message", body).await
    };
    for rest in [
        json!({}),
        json!({"businessKey": "x", "correlationKeys": {}}),
        json!({"correlationKeys": {"note": {"value": "x"}}}),
    ] {
        let direct = send(&engine, &one, rest.clone()).await.status(400);
        same(&send(&app, &one, rest).await, &direct);
    }
    let all = json!({"all": true, "resultEnabled": true});
    let (through, direct) = (send(&app, &one, all.clone()).await.ok(), send(&engine, &two, all).await.ok());
    let plain = |reply: &Reply, instance: &str| {
        let mut results = reply.json();
        for result in results.as_array_mut().unwrap() {
            assert_eq!(result["execution"]["processInstanceId"], instance, "{reply}");
            result["execution"]["processInstanceId"] = json!(null);
            result["execution"]["id"] = json!(null);
        }
        results
    };
    assert_eq!(plain(&through, &one), plain(&direct, &two));
    let tasks = engine.get(&format!("/task?processInstanceId={one}")).await.ok().ids();
    assert_eq!(tasks.len(), 2);
}

#[tokio::test]
async fn a_signal_reaches_own_executions_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let waits = async |side: &Side| {
        let path = format!("/event-subscription?eventName=closing&tenantIdIn={}", side.tenant);
        let list = engine.get(&path).await.ok().json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|s| s["executionId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let extra = start(&engine, &a.watch_definition, &a.marker).await;
    let (own, foreign) = (waits(&a).await, waits(&b).await);
    assert_eq!((own.len(), foreign.len()), (2, 1));
    let before = snapshot(&engine, &b.tenant).await;
    let body = json!({"name": "closing", "executionId": "ID"}).to_string();
    as_missing(&app, &engine, &Method::POST, "/signal", &body, &foreign[0]).await;
    let named = |tenant: &str| json!({"name": "closing", "tenantId": tenant});
    app.post("/signal", named(&b.tenant)).await.refused(403, "TG403-TENANT");
    app.post("/signal", json!({"name": "closing", "withoutTenantId": true}))
        .await
        .refused(403, "TG403-TENANTLESS");
    assert_eq!(waits(&a).await.len(), 2);
    let both = json!({"name": "closing", "tenantId": a.tenant, "executionId": own[0]});
    same(&app.post("/signal", both.clone()).await, &engine.post("/signal", both).await.status(400));
    app.post("/signal", json!({"name": "closing", "executionId": own[0]})).await.status(204);
    assert_eq!(waits(&a).await, own[1..]);
    app.post("/signal", json!({"name": "closing"})).await.status(204);
    assert_eq!(waits(&a).await, [""; 0]);
    let _ = extra;
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twin: B's own broadcast reaches it.
    stage.client(&b.tenant).post("/signal", named(&b.tenant)).await.status(204);
    assert_eq!(waits(&b).await, [""; 0]);
}

#[tokio::test]
async fn a_condition_starts_own_processes_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let name = format!("go{}", random());
    let text = model(
        &format!("when{name}"),
        "",
        &format!(
            r#"<startEvent id="s"><conditionalEventDefinition><condition xsi:type="tFormalExpression">${{{name} == 1}}</condition>
            </conditionalEventDefinition></startEvent><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t"/>"#
        ),
    );
    let theirs = put_in(&engine, &b, &text).await;
    let before = snapshot(&engine, &b.tenant).await;
    let go = |rest: Value| {
        let mut body = rest;
        body["variables"] = json!({name.clone(): {"value": 1, "type": "Integer"}});
        body
    };
    let nobody = format!("n{}", random());
    let direct = engine.post("/condition", go(json!({"tenantId": nobody}))).await;
    same(&app.post("/condition", go(json!({}))).await, &direct);
    let body = go(json!({"processDefinitionId": "ID"})).to_string();
    as_missing(&app, &engine, &Method::POST, "/condition", &body, &theirs).await;
    app.post("/condition", go(json!({"tenantId": b.tenant}))).await.refused(403, "TG403-TENANT");
    app.post("/condition", go(json!({"withoutTenantId": true}))).await.refused(403, "TG403-TENANTLESS");
    let own = put_in(&engine, &a, &text).await;
    for body in [go(json!({})), go(json!({"processDefinitionId": own})), go(json!({"tenantId": a.tenant}))] {
        let started = app.post("/condition", body).await.ok();
        assert_eq!(started.json()[0]["tenantId"], json!(a.tenant), "{started}");
        assert_eq!(started.json().as_array().unwrap().len(), 1, "{started}");
    }
    assert_eq!(running(&engine, &own).await, 3);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}
