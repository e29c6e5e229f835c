//! What acts on many at once and at once: by ids, by queries, by keys.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, deployed, model};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::snapshot::{Snapshot, assert_same, snapshot};
use crate::support::world::{Side, World, start};
use crate::support::{missing_id, random};

/// A stage, two tenants with the same two-step process beside the world's, and B's state.
struct Scene {
    stage: Stage,
    world: World,
    /// The process `steps…` of either, with an instance of each.
    own: (String, String),
    theirs: (String, String),
    key: String,
    before: Snapshot,
}

impl Scene {
    async fn set() -> Self {
        let (stage, world) = (Stage::start().await, World::seed().await);
        let key = format!("steps{}", random());
        let own = two_steps(&world.engine, &world.a, &key).await;
        let theirs = two_steps(&world.engine, &world.b, &key).await;
        let before = snapshot(&world.engine, &world.b.tenant).await;
        Self { stage, world, own, theirs, key, before }
    }

    fn app(&self) -> Api {
        self.stage.client(&self.world.a.tenant)
    }

    async fn unchanged(&self) {
        assert_same(&self.before, &snapshot(&self.world.engine, &self.world.b.tenant).await);
    }

    async fn suspended(&self, path: &str) -> bool {
        self.world.engine.get(path).await.ok().json()["suspended"] == json!(true)
    }
}

async fn two_steps(engine: &Api, side: &Side, key: &str) -> (String, String) {
    let inside = r#"<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="one"/><userTask id="one"/>
        <sequenceFlow id="b" sourceRef="one" targetRef="two"/><userTask id="two"/>"#;
    let text = model(key, "", inside);
    let definition = deployed(&deploy_model(engine, Some(&side.tenant), "s.bpmn", &text).await.ok().json());
    let instance = start(engine, &definition, &side.marker).await;
    (definition, instance)
}

fn said(reply: &Reply, asked: &str) -> (u16, String) {
    (reply.status, reply.text().replace(asked, "<id>"))
}

/// Asks with a list that holds a foreign id, then a missing one in its place, then the engine itself: all the same.
async fn list_as_missing(app: &Api, engine: &Api, method: Method, path: &str, body: &Value, foreign: &str) {
    let missing = missing_id();
    let ask = async |api: &Api, id: &str| {
        let body = body.to_string().replace("ID", id);
        said(&api.json(method.clone(), path, &body).await, id)
    };
    let reply = ask(app, foreign).await;
    assert_eq!(reply, ask(app, &missing).await, "{method} {path} {body}");
    assert_eq!(reply, ask(engine, &missing).await, "{method} {path} {body}");
}

#[tokio::test]
async fn suspending_instances_and_jobs_stays_inside() {
    let scene = Scene::set().await;
    let (app, engine, a, b) = (scene.app(), &scene.world.engine, &scene.world.a, &scene.world.b);
    // Alone and beside an own one.
    for ids in [json!(["ID"]), json!(["ID", a.order])] {
        let body = json!({"processInstanceIds": ids, "suspended": true});
        list_as_missing(&app, engine, Method::PUT, "/process-instance/suspended", &body, &b.order).await;
    }
    let by = |field: &str| json!({field: "ID", "suspended": true}).to_string();
    for (path, field, foreign) in [
        ("/process-instance/suspended", "processDefinitionId", &b.order_definition),
        ("/job/suspended", "processDefinitionId", &b.watch_definition),
        ("/job/suspended", "processInstanceId", &b.watch),
        ("/job-definition/suspended", "processDefinitionId", &b.watch_definition),
        ("/process-definition/suspended", "processDefinitionId", &b.order_definition),
    ] {
        as_missing(&app, engine, &Method::PUT, path, &by(field), foreign).await;
    }
    as_missing(
        &app,
        engine,
        &Method::PUT,
        "/process-instance/ID/suspended",
        r#"{"suspended":true}"#,
        &b.order,
    )
    .await;
    for path in ["/process-instance/suspended", "/job/suspended", "/job-definition/suspended"] {
        let key = |rest: Value| {
            let mut body = json!({"processDefinitionKey": "watch", "suspended": true});
            body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            body
        };
        scene.stage.recorder.forget();
        app.put(path, key(json!({"processDefinitionTenantId": b.tenant}))).await.refused(403, "TG403-TENANT");
        let without = key(json!({"processDefinitionWithoutTenantId": true}));
        app.put(path, without).await.refused(403, "TG403-TENANTLESS");
        scene.stage.recorder.nothing();
        for rest in [
            json!({}),
            json!({"processDefinitionTenantId": null}),
            json!({"processDefinitionTenantId": a.tenant}),
        ] {
            app.put(path, key(rest)).await.status(204);
        }
    }
    assert!(scene.suspended(&format!("/process-instance/{}", a.watch)).await);
    assert!(scene.suspended(&format!("/job/{}", a.timer)).await);
    for query in ["processInstanceQuery", "historicProcessInstanceQuery"] {
        let path = "/process-instance/suspended";
        app.put(path, json!({query: {"tenantIdIn": [b.tenant]}, "suspended": true}))
            .await
            .refused(403, "TG403-TENANT");
        let without = json!({query: {"withoutTenantId": true}, "suspended": true});
        app.put(path, without).await.refused(403, "TG403-TENANTLESS");
        for suspended in [true, false] {
            app.put(path, json!({query: {}, "suspended": suspended})).await.status(204);
            assert_eq!(
                scene.suspended(&format!("/process-instance/{}", a.order)).await,
                suspended,
                "{query}"
            );
        }
    }
    scene.unchanged().await;
}

#[tokio::test]
async fn suspending_a_key_means_own_versions() {
    let scene = Scene::set().await;
    let (app, engine, a) = (scene.app(), &scene.world.engine, &scene.world.a);
    let second = two_steps(engine, a, &scene.key).await;
    let body = |key: &str, suspended: bool| json!({"processDefinitionKey": key, "suspended": suspended, "includeProcessInstances": true});
    let path = "/process-definition/suspended";
    for suspended in [true, false] {
        app.put(path, body(&scene.key, suspended)).await.status(204);
        for (definition, instance) in [&scene.own, &second] {
            assert_eq!(scene.suspended(&format!("/process-definition/{definition}")).await, suspended);
            assert_eq!(scene.suspended(&format!("/process-instance/{instance}")).await, suspended);
        }
    }
    // A key that only B has is one that nobody has.
    let (key, unknown) = (format!("b{}", random()), format!("b{}", random()));
    let theirs = two_steps(engine, &scene.world.b, &key).await;
    let (foreign, missing) =
        (app.put(path, body(&key, true)).await, app.put(path, body(&unknown, true)).await);
    assert_eq!(said(&foreign, &key), said(&missing, &unknown));
    assert_eq!(said(&foreign, &key), said(&engine.put(path, body(&unknown, true)).await, &unknown));
    assert!(!scene.suspended(&format!("/process-definition/{}", theirs.0)).await);
    for (method, tail, rest) in
        [("PUT", "/suspended", r#"{"suspended":true}"#), ("DELETE", "/delete", ""), ("DELETE", "", "")]
    {
        let ask = async |key: &str| {
            let path = format!("/process-definition/key/{key}{tail}");
            said(&app.json(method.parse().unwrap(), &path, rest).await, key)
        };
        assert_eq!(ask(&key).await, ask(&unknown).await, "{method} {tail}");
    }
    engine.get(&format!("/process-definition/{}", theirs.0)).await.ok();
    engine.delete(&format!("/process-definition/{}?cascade=true", theirs.0)).await.ok();
    let deployments =
        format!("/deployment?tenantIdIn={}&sortBy=deploymentTime&sortOrder=desc", scene.world.b.tenant);
    let newest = engine.get(&deployments).await.ok().json()[0]["id"].as_str().unwrap().to_owned();
    engine.delete(&format!("/deployment/{newest}?cascade=true")).await.ok();
    // The twin of deleting: all own versions go, B's of the same key stays.
    app.delete(&format!("/process-definition/key/{}/delete?cascade=true", scene.key)).await.status(204);
    engine.get(&format!("/process-definition/{}", scene.own.0)).await.status(404);
    scene.unchanged().await;
}

#[tokio::test]
async fn modification_and_restart_stay_inside() {
    let scene = Scene::set().await;
    let (app, engine, a, b) = (scene.app(), &scene.world.engine, &scene.world.a, &scene.world.b);
    let two = json!([{"type": "startBeforeActivity", "activityId": "two"}]);
    let modify = |definition: &str, rest: Value| {
        let mut body = json!({"processDefinitionId": definition, "instructions": two});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    };
    let path = "/modification/execute";
    for ids in [json!(["ID"]), json!(["ID", scene.own.1]), json!([scene.own.1, "ID"])] {
        let body = modify(&scene.own.0, json!({"processInstanceIds": ids}));
        list_as_missing(&app, engine, Method::POST, path, &body, &scene.theirs.1).await;
    }
    let foreign = modify("ID", json!({"processInstanceIds": [scene.own.1]})).to_string();
    as_missing(&app, engine, &Method::POST, path, &foreign, &scene.theirs.0).await;
    let by_query = |query: Value| modify(&scene.own.0, json!({"processInstanceQuery": query}));
    app.post(path, by_query(json!({"tenantIdIn": [b.tenant]}))).await.refused(403, "TG403-TENANT");
    app.post(path, by_query(json!({"withoutTenantId": true}))).await.refused(403, "TG403-TENANTLESS");
    let tasks = async || {
        let path = format!("/task?processInstanceId={}&taskDefinitionKey=two", scene.own.1);
        engine.get(&path).await.ok().ids().len()
    };
    assert_eq!(tasks().await, 0);
    app.post(path, modify(&scene.own.0, json!({"processInstanceIds": [scene.own.1]}))).await.status(204);
    let query = by_query(json!({"processDefinitionId": scene.own.0}));
    app.post(path, query).await.status(204);
    assert_eq!(tasks().await, 2);
    // Restarting what ended.
    let ended = async |of: &(String, String), side: &Side| {
        let instance = start(engine, &of.0, &side.marker).await;
        engine.delete(&format!("/process-instance/{instance}")).await.ok();
        instance
    };
    let (own, foreign) = (ended(&scene.own, a).await, ended(&scene.theirs, b).await);
    let before = snapshot(engine, &b.tenant).await;
    let path = format!("/process-definition/{}/restart", scene.own.0);
    for ids in [json!(["ID"]), json!(["ID", own])] {
        let body = json!({"processInstanceIds": ids, "instructions": two});
        list_as_missing(&app, engine, Method::POST, &path, &body, &foreign).await;
    }
    let by_query = |query: Value| json!({"historicProcessInstanceQuery": query, "instructions": two});
    app.post(&path, by_query(json!({"tenantIdIn": [b.tenant]}))).await.refused(403, "TG403-TENANT");
    let body = json!({"processInstanceIds": [own], "instructions": two});
    let definition = "/process-definition/ID/restart";
    as_missing(&app, engine, &Method::POST, definition, &body.to_string(), &scene.theirs.0).await;
    app.post(&path, body).await.status(204);
    app.post(&path, by_query(json!({"processInstanceIds": [own]}))).await.status(204);
    let running = format!("/process-instance?processDefinitionId={}", scene.own.0);
    assert_eq!(app.get(&running).await.ok().ids().len(), 3);
    assert_same(&before, &snapshot(engine, &b.tenant).await);
}

#[tokio::test]
async fn migration_stays_inside() {
    let scene = Scene::set().await;
    let (app, engine) = (scene.app(), &scene.world.engine);
    let next = two_steps(engine, &scene.world.a, &scene.key).await;
    let plan = |source: &str, target: &str| {
        json!({"sourceProcessDefinitionId": source, "targetProcessDefinitionId": target,
            "instructions": [{"sourceActivityIds": ["one"], "targetActivityIds": ["one"]}]})
    };
    for (source, target) in [("ID", scene.own.0.as_str()), (&scene.own.0, "ID")] {
        for path in ["/migration/generate", "/migration/validate"] {
            as_missing(&app, engine, &Method::POST, path, &plan(source, target).to_string(), &scene.theirs.0)
                .await;
        }
        let body = json!({"migrationPlan": plan(source, target), "processInstanceIds": [scene.own.1]});
        as_missing(&app, engine, &Method::POST, "/migration/execute", &body.to_string(), &scene.theirs.0)
            .await;
    }
    let body = |ids: Value| json!({"migrationPlan": plan(&scene.own.0, &next.0), "processInstanceIds": ids});
    for ids in [json!(["ID"]), json!(["ID", scene.own.1])] {
        list_as_missing(&app, engine, Method::POST, "/migration/execute", &body(ids), &scene.theirs.1).await;
    }
    let query = json!({"migrationPlan": plan(&scene.own.0, &next.0), "processInstanceQuery": {"tenantIdIn": [scene.world.b.tenant]}});
    app.post("/migration/execute", query).await.refused(403, "TG403-TENANT");
    // The twin.
    for path in ["/migration/generate", "/migration/validate"] {
        let ask = async |api: &Api| {
            let mut answer = api.post(path, plan(&scene.own.0, &next.0)).await.ok().json();
            // The engine names the instructions in any order.
            if let Some(list) = answer["instructions"].as_array_mut() {
                list.sort_by_key(Value::to_string);
            }
            answer
        };
        assert_eq!(ask(&app).await, ask(engine).await, "{path}");
    }
    app.post("/migration/execute", body(json!([scene.own.1]))).await.status(204);
    let moved = engine.get(&format!("/process-instance/{}", scene.own.1)).await.ok().json();
    assert_eq!(moved["definitionId"], json!(next.0));
    scene.unchanged().await;
}

#[tokio::test]
async fn retries_of_external_tasks_stay_inside() {
    let scene = Scene::set().await;
    let (app, engine, a, b) = (scene.app(), &scene.world.engine, &scene.world.a, &scene.world.b);
    let path = "/external-task/retries";
    for (field, own, foreign) in
        [("externalTaskIds", &a.ship, &b.ship), ("processInstanceIds", &a.shipping, &b.shipping)]
    {
        for ids in [json!(["ID"]), json!(["ID", own])] {
            list_as_missing(&app, engine, Method::PUT, path, &json!({field: ids, "retries": 7}), foreign)
                .await;
        }
    }
    let retries =
        async || engine.get(&format!("/external-task/{}", a.ship)).await.ok().json()["retries"].clone();
    for (number, query) in
        ["externalTaskQuery", "processInstanceQuery", "historicProcessInstanceQuery"].iter().enumerate()
    {
        let theirs = json!({*query: {"tenantIdIn": [b.tenant]}, "retries": 9});
        app.put(path, theirs).await.refused(403, "TG403-TENANT");
        app.put(path, json!({*query: {}, "retries": number + 20})).await.status(204);
        assert_eq!(retries().await, json!(number + 20), "{query}");
    }
    app.put(path, json!({"externalTaskIds": [a.ship], "retries": 8})).await.status(204);
    assert_eq!(retries().await, json!(8));
    scene.unchanged().await;
}
