//! I1–I10: ids of others, wherever they may stand. What the access matrix shows for each operation alone is here
//! mixed with own ids, and over time.

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::support::missing_id;
use crate::support::multipart::Form;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, first, order, start};

#[tokio::test]
async fn i1_i2_a_foreign_id_is_none_at_first_and_later() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    // B's own look-up is remembered for B alone.
    other.get(&format!("/task/{}/variables", b.review)).await.ok();
    let before = snapshot(&engine, &b.tenant).await;
    for _ in 0..3 {
        let foreign = app.get(&format!("/task/{}/variables", b.review)).await;
        let missing = missing_id();
        let reply = app.get(&format!("/task/{missing}/variables")).await;
        assert_eq!(foreign.telling(&b.review), reply.telling(&missing));
        b.not_in(&foreign);
    }
    // An id that was A's and is gone belongs to nobody: chosen again it can't be, so nobody else gets it.
    app.delete(&format!("/task/{}", a.errand)).await.ok();
    app.post("/task/create", json!({"id": b.errand, "name": "x"})).await.refused(403, "TG403-TASK-ID");
    app.post("/task/create", json!({"id": missing_id(), "name": "x"})).await.refused(403, "TG403-TASK-ID");
    app.post("/task/create", json!({"name": "x"})).await.ok();
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn i3_own_and_foreign_ids_in_one_list() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    for id in [&b.order, &missing_id()] {
        stage.recorder.forget();
        let body = json!({"suspended": true, "processInstanceIds": [a.order, id]});
        let reply = app.put("/process-instance/suspended", body).await;
        b.not_in(&reply);
        let sent = stage.recorder.seen().last().unwrap().json();
        let sent = sent["processInstanceIds"].as_array().unwrap();
        assert_eq!(sent.len(), 2, "order and count are kept");
        assert_eq!(sent[0], a.order.as_str());
        assert_ne!(sent[1], b.order.as_str());
    }
    // The lists ask for both and answer the own one.
    let both = json!({"processInstanceIds": [a.order, b.order]});
    assert_eq!(app.post("/process-instance", both).await.ok().ids(), std::slice::from_ref(&a.order));
    let definitions = format!("processDefinitionIdIn={},{}", a.order_definition, b.order_definition);
    let rows = app.get(&format!("/process-definition?{definitions}")).await.ok();
    assert_eq!(rows.ids(), std::slice::from_ref(&a.order_definition));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    let own = json!({"suspended": false, "processInstanceIds": [a.order]});
    app.put("/process-instance/suspended", own).await.ok();
}

#[tokio::test]
async fn i4_filters_and_batches_of_others() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let filter = |query: Value| json!({"resourceType": "Task", "name": "all", "query": query});
    let theirs = other.post("/filter/create", filter(json!({}))).await.ok().id();
    let mine = app.post("/filter/create", filter(json!({}))).await.ok().id();
    let missing = missing_id();
    for path in ["", "/list", "/count", "/singleResult"] {
        let foreign = app.get(&format!("/filter/{theirs}{path}")).await;
        let none = app.get(&format!("/filter/{missing}{path}")).await;
        assert_eq!(foreign.telling(&theirs), none.telling(&missing), "{path}");
    }
    let tasks = app.get(&format!("/filter/{mine}/list")).await.ok();
    assert!(tasks.ids().contains(&a.review));
    b.not_in(&tasks);
    // A stored query that asks for B, made past the gateway, still finds nothing of B.
    let wide =
        json!({"resourceType": "Task", "name": "x", "owner": a.tenant, "query": {"tenantIdIn": [b.tenant]}});
    let wide = engine.post("/filter/create", wide).await.ok().id();
    let found = app.get(&format!("/filter/{wide}/list")).await;
    b.not_in(&found);
    app.post("/filter/create", filter(json!({"tenantIdIn": [b.tenant]}))).await.refused(403, "TG403-TENANT");
    app.post("/filter/create", filter(json!({"assigneeExpression": "${1}"})))
        .await
        .refused(403, "TG403-FIELD");
    let owned = json!({"resourceType": "Task", "name": "x", "owner": b.tenant, "query": {}});
    app.post("/filter/create", owned).await.refused(403, "TG403-TENANT");
    // A batch's handle is its tenant's alone; cut, changed or raw it is nothing.
    let delete = json!({"processInstanceIds": [b.shipping], "deleteReason": "x"});
    let batch = other.post("/process-instance/delete", delete).await.ok().id();
    let raw = batch.split('.').next().unwrap().to_owned();
    let swapped = format!("{}x", &batch[..batch.len() - 1]);
    for id in [&batch, &raw, &swapped] {
        let foreign = app.get(&format!("/history/batch/{id}")).await;
        let none = app.get(&format!("/history/batch/{missing}")).await;
        // Handles are longer than ids, and so is an answer that holds one.
        let (status, _, text) = foreign.telling(id);
        assert_eq!((status, text), (none.status, none.text().replace(&missing, "<id>")), "{id}");
    }
    other.get(&format!("/history/batch/{batch}")).await.ok();
    for id in [mine, theirs, wide] {
        engine.delete(&format!("/filter/{id}")).await;
    }
}

#[tokio::test]
async fn i5_keys_and_events_stay_with_the_caller() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let started = app.post("/process-definition/key/order/start", json!({})).await.ok();
    assert_eq!(started.json()["tenantId"], a.tenant.as_str());
    app.post("/message", json!({"messageName": "goods", "all": true})).await.ok();
    app.post("/signal", json!({"name": "closing"})).await.ok();
    let reply = app.post("/message", json!({"messageName": "goods", "processInstanceId": b.watch})).await;
    b.not_in(&reply);
    let missing = missing_id();
    let none = app.post("/message", json!({"messageName": "goods", "processInstanceId": missing})).await;
    assert_eq!(reply.telling(&b.watch), none.telling(&missing));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twin: B's own message reaches it.
    stage.client(&b.tenant).post("/message", json!({"messageName": "goods"})).await.ok();
}

#[tokio::test]
async fn i6_what_has_no_tenant_is_hidden() {
    let stage = Stage::start().await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let model =
        String::from_utf8(order("MARKERxSHARED")).unwrap().replace("id=\"order\"", "id=\"sharedOrder\"");
    let form = Form::deployment("shared", None, &[("order.bpmn", model.as_bytes())]);
    let deployed = engine.form("/deployment/create", form).await.ok();
    let definition =
        deployed.json()["deployedProcessDefinitions"].as_object().unwrap().keys().next().unwrap().clone();
    let instance = start(&engine, &definition, "MARKERxSHARED").await;
    let task = first(&engine, "/task", &instance).await;
    app.get("/process-definition/key/sharedOrder").await.status(404);
    app.get(&format!("/process-definition/{definition}/xml")).await.status(404);
    app.get(&format!("/deployment/{}", deployed.id())).await.status(404);
    let complete = app.post(&format!("/task/{task}/complete"), json!({})).await;
    assert_ne!(complete.status, 204);
    assert!(!app.get("/task").await.ok().text().contains("MARKERxSHARED"));
    engine.get(&format!("/task/{task}")).await.ok();
    // The twin, under the other setting: to be read, not to be started or worked on.
    let readable = Stage::with(|plan| plan.config("tenancy:\n  shared_resources: readable\n")).await;
    let app = readable.client(&a.tenant);
    assert!(
        app.get(&format!("/process-definition/{definition}/xml")).await.ok().text().contains("MARKERxSHARED")
    );
    let start = app.post(&format!("/process-definition/{definition}/start"), json!({})).await;
    assert_ne!(start.status, 200, "{start}");
    assert_ne!(app.post(&format!("/task/{task}/complete"), json!({})).await.status, 204);
    engine.delete(&format!("/deployment/{}?cascade=true", deployed.id())).await.ok();
}

#[tokio::test]
async fn i7_answers_tell_nothing_of_others() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for path in [
        "/task/count",
        "/history/activity-instance/count",
        "/process-definition/statistics",
        "/external-task/topic-names",
        &format!("/process-definition/{}/statistics", b.order_definition),
        &format!("/history/process-definition/{}/statistics", b.order_definition),
        &format!("/history/user-operation?processInstanceId={}", b.order),
        &format!(
            "/history/process-instance/report?reportType=duration&periodUnit=month&processDefinitionIdIn={}",
            b.order_definition
        ),
    ] {
        let reply = app.get(path).await;
        b.not_in(&reply);
    }
    assert_eq!(app.get("/task/count").await.ok().json()["count"], 3);
    // An error of the engine that could name another's record.
    let parent = json!({"name": "x", "parentTaskId": b.review});
    let mut reply = app.post("/task/create", parent).await;
    reply.asked.push_str(&b.review);
    b.not_in(&reply);
    let migrate = json!({
        "migrationPlan": {"sourceProcessDefinitionId": a.order_definition, "targetProcessDefinitionId": b.order_definition,
            "instructions": []},
        "processInstanceIds": [a.order, b.order],
    });
    let reply = app.post("/migration/execute", migrate).await;
    assert!(reply.status >= 400);
    // Links show the gateway as it was asked, never the engine.
    let own = app.get(&format!("/process-instance/{}", a.order)).await.ok();
    let engine_port = crate::support::engine::url();
    assert!(!own.text().contains(engine_port.trim_end_matches("/engine-rest")), "{own}");
    assert!(own.text().contains(&a.order));
}

#[tokio::test]
async fn i8_the_bodys_id_and_the_paths() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = engine.get(&format!("/tenant/{}", b.tenant)).await.ok().text();
    app.put(&format!("/tenant/{}", a.tenant), json!({"id": b.tenant, "name": "x"}))
        .await
        .refused(403, "TG403-TENANT");
    app.put(&format!("/user/{}/profile", a.tenant), json!({"id": b.tenant}))
        .await
        .refused(403, "TG403-TENANT");
    assert_eq!(engine.get(&format!("/tenant/{}", b.tenant)).await.ok().text(), before);
    stage.recorder.nothing();
    app.put(&format!("/tenant/{}", a.tenant), json!({"id": a.tenant, "name": "x"})).await.ok();
}

#[tokio::test]
async fn i9_i10_an_empty_pin_and_a_dropped_wish() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    // All foreign: none is left, and that is not `no filter`.
    let body = json!({"processInstanceIds": [b.order, b.watch]});
    assert_eq!(app.post("/process-instance", body).await.ok().text(), "[]");
    let none = json!({"suspended": true, "processInstanceIds": []});
    b.not_in(&app.put("/process-instance/suspended", none).await);
    // Without the wish these would hit all of A's own.
    for wish in [json!({"withoutTenantId": true}), json!({"orQueries": [{"withoutTenantId": true}]})] {
        let body = json!({"suspended": true, "processInstanceQuery": wish});
        let reply = app.put("/process-instance/suspended", body).await;
        assert!(reply.status >= 400, "{reply}");
    }
    let running = app.get("/process-instance?suspended=true").await.ok();
    assert_eq!(running.text(), "[]");
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    let own = json!({"suspended": true, "processInstanceQuery": {"processInstanceIds": [a.order]}});
    app.put("/process-instance/suspended", own).await.ok();
    assert_eq!(app.get("/process-instance?suspended=true").await.ok().ids(), std::slice::from_ref(&a.order));
}
