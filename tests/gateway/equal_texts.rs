//! The engine matches some rows by texts that clients choose: keys, names, topics, references to a case or task. Both
//! tenants have the same ones here; A deploys, suspends, throws and ends its own, and B's stay as they are.
//! Which statements match so, and why the rest don't, is told by `tests/data/engine-statements.tsv`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, model, until};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{Side, World, first, start};
use crate::support::{missing_id, random};

/// A process that a timer, a message, a signal and a condition start.
fn starters(key: &str, name: &str) -> String {
    let roots = format!(r#"<message id="m" name="{name}"/><signal id="g" name="{name}"/>"#);
    let timer = "<timerEventDefinition><timeDate>2099-01-01T00:00:00</timeDate></timerEventDefinition>";
    let condition = format!(
        r#"<conditionalEventDefinition><condition xsi:type="tFormalExpression">${{{name} == 1}}</condition></conditionalEventDefinition>"#
    );
    let events = [
        timer,
        r#"<messageEventDefinition messageRef="m"/>"#,
        r#"<signalEventDefinition signalRef="g"/>"#,
        &condition,
    ];
    let starts: String = events
        .iter()
        .enumerate()
        .map(|(n, event)| {
            format!(r#"<startEvent id="s{n}">{event}</startEvent><sequenceFlow id="f{n}" sourceRef="s{n}" targetRef="t"/>"#)
        })
        .collect();
    model(key, &roots, &format!(r#"{starts}<userTask id="t"/>"#))
}

async fn count(engine: &Api, path: &str) -> u64 {
    engine.get(path).await.ok().json()["count"].as_u64().unwrap()
}

/// The definitions that a tenant's start events of that name would start, and those of its start timers.
async fn starting(engine: &Api, tenant: &str, key: &str, name: &str) -> (usize, usize) {
    let events = format!("/event-subscription?eventName={name}&tenantIdIn={tenant}");
    let events = engine.get(&events).await.ok().ids().len();
    let jobs = format!("/job?timers=true&processDefinitionKey={key}&tenantIdIn={tenant}");
    (events, engine.get(&jobs).await.ok().ids().len())
}

/// Start timers are found by the key, start events by the definition; deploying again takes the old ones away.
#[tokio::test]
async fn deploying_again_leaves_anothers_start_events_alone() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let (key, name) = (format!("starts{}", random()), format!("n{}", random()));
    let text = starters(&key, &name);
    deploy_model(&engine, Some(&b.tenant), "m.bpmn", &text).await.ok();
    // A message and a signal by name; the condition has none.
    assert_eq!(starting(&engine, &b.tenant, &key, &name).await, (2, 1));
    let before = snapshot(&engine, &b.tenant).await;
    let mut deployments = Vec::new();
    for _ in 0..2 {
        let made = deploy_model(&app, None, "m.bpmn", &text).await.ok();
        deployments.push(made.id());
        // The twin: A's own are replaced.
        assert_eq!(starting(&engine, &a.tenant, &key, &name).await, (2, 1));
        assert_same(&before, &snapshot(&engine, &b.tenant).await);
    }
    // The newest goes, and the one before starts again.
    app.delete(&format!("/deployment/{}?cascade=true", deployments[1])).await.status(204);
    assert_eq!(starting(&engine, &a.tenant, &key, &name).await, (2, 1));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    app.delete(&format!("/process-definition/key/{key}/delete?cascade=true")).await.status(204);
    assert_eq!(starting(&engine, &a.tenant, &key, &name).await, (0, 0));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// A deployment looks for forgotten start events by `KEY:%:%`, where `_` stands for any character.
#[tokio::test]
async fn a_key_that_is_a_pattern_leaves_anothers_start_events_alone() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let (key, name) = (format!("k{}{}{}", random(), random(), random()), format!("n{}", random()));
    deploy_model(&engine, Some(&b.tenant), "m.bpmn", &starters(&key, &name)).await.ok();
    let before = snapshot(&engine, &b.tenant).await;
    let pattern = "_".repeat(key.len());
    for _ in 0..2 {
        deploy_model(&app, None, "m.bpmn", &starters(&pattern, &name)).await.ok();
        assert_same(&before, &snapshot(&engine, &b.tenant).await);
    }
    // The twin: A's own of the first deployment went.
    assert_eq!(starting(&engine, &a.tenant, &pattern, &name).await, (2, 1));
    app.delete(&format!("/process-definition/key/{pattern}/delete?cascade=true")).await.status(204);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// Suspending by key at a later time is a job without tenant; it still means the caller's own.
#[tokio::test]
async fn a_suspension_put_off_stays_inside() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let is = async |path: &str, suspended: bool| {
        until(&format!("{path} is suspended: {suspended}"), || async {
            engine.get(path).await.ok().json()["suspended"] == json!(suspended)
        })
        .await;
    };
    let (job, instance) = (format!("/job/{}", a.timer), format!("/process-instance/{}", a.watch));
    let definition = format!("/process-definition/{}", a.watch_definition);
    // In the past: the engine does it as soon as it can.
    let then = "2020-01-01T00:00:00.000+0000";
    for suspended in [true, false] {
        let body = json!({"processDefinitionKey": "watch", "suspended": suspended, "includeJobs": true, "executionDate": then});
        app.put("/job-definition/suspended", body).await.status(204);
        is(&job, suspended).await;
        assert_same(&before, &snapshot(&engine, &b.tenant).await);
    }
    let body = |suspended: bool| json!({"suspended": suspended, "includeProcessInstances": true, "executionDate": then});
    app.put("/process-definition/key/watch/suspended", body(true)).await.status(204);
    is(&definition, true).await;
    is(&instance, true).await;
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    let mut by_key = body(false);
    by_key["processDefinitionKey"] = json!("watch");
    app.put("/process-definition/suspended", by_key).await.status(204);
    is(&definition, false).await;
    is(&instance, false).await;
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// A model's signal goes to everybody who waits for that name in the thrower's tenant.
#[tokio::test]
async fn a_thrown_signal_wakes_own_executions_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let key = format!("throws{}", random());
    let text = model(
        &key,
        r#"<signal id="g" name="closing"/>"#,
        r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/>
           <endEvent id="e"><signalEventDefinition signalRef="g"/></endEvent>"#,
    );
    deploy_model(&app, None, "m.bpmn", &text).await.ok();
    let waiting = async |side: &Side| {
        count(&engine, &format!("/event-subscription/count?eventName=closing&tenantIdIn={}", side.tenant))
            .await
    };
    assert_eq!((waiting(&a).await, waiting(&b).await), (1, 1));
    let before = snapshot(&engine, &b.tenant).await;
    app.post(&format!("/process-definition/key/{key}/start"), json!({})).await.ok();
    assert_eq!((waiting(&a).await, waiting(&b).await), (0, 1));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// A case of that side; its id.
async fn case(engine: &Api, side: &Side) -> String {
    let text =
        include_str!("matrix/models/claim.cmmn").replace("KEY", "claim").replace("MARKER", &side.marker);
    let form = Form::deployment("claim", Some(&side.tenant), &[("claim.cmmn", text.as_bytes())]);
    engine.form("/deployment/create", form).await.ok();
    let path = format!("/case-definition/key/claim/tenant-id/{}/create", side.tenant);
    engine.post(&path, json!({"businessKey": side.marker})).await.ok().id()
}

/// References that the engine keeps unchecked: what hangs on a case or task is read by its variables, and ends with it.
#[tokio::test]
async fn nothing_hangs_on_anothers_case_or_task() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let (own, theirs) = (case(&engine, &a).await, case(&engine, &b).await);
    let hanging = async |case: &str, parent: &str, instance: &str| {
        let comments = engine.get(&format!("/process-instance/{instance}/comment")).await.ok().json();
        (
            count(&engine, &format!("/task/count?caseInstanceId={case}")).await,
            count(&engine, &format!("/task/count?parentTaskId={parent}")).await,
            count(&engine, &format!("/process-instance/count?caseInstanceId={case}")).await,
            comments.as_array().unwrap().len(),
        )
    };
    let before = snapshot(&engine, &b.tenant).await;
    let hung = hanging(&theirs, &b.errand, &b.order).await;
    app.post("/task/create", json!({"name": "mine"})).await.ok();
    let mine = app.get("/task?name=mine").await.ok().ids().remove(0);
    let start_path = format!("/process-definition/{}/start", a.order_definition);
    let comment = format!("/task/{}/comment/create", a.review);
    let task = format!("/task/{mine}");
    let update = |field: &str, id: &str| json!({"name": "mine", "tenantId": a.tenant, field: id});
    as_missing(&app, &engine, &Method::PUT, &task, &update("caseInstanceId", "ID").to_string(), &theirs)
        .await;
    let fresh = missing_id();
    for (path, field, foreign) in [
        ("/task/create", "caseInstanceId", &theirs),
        ("/task/create", "parentTaskId", &b.errand),
        (&start_path, "caseInstanceId", &theirs),
        (&comment, "processInstanceId", &b.order),
    ] {
        let ask = async |id: &str| {
            let reply = app.post(path, json!({"name": "hung", "message": "hung", field: id})).await;
            // What was made has an id and a time of its own.
            let mut shown: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            for own in ["id", "time", "links", field] {
                if let Some(object) = shown.as_object_mut() {
                    object.remove(own);
                }
            }
            b.not_in(&Reply { asked: id.to_owned(), ..reply.clone() });
            (reply.status, shown.to_string().replace(id, "<id>"))
        };
        assert_eq!(ask(foreign).await, ask(&fresh).await, "{path} {field}");
    }
    app.put(&task, update("parentTaskId", &b.errand)).await;
    assert_eq!(hanging(&theirs, &b.errand, &b.order).await, hung);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twins.
    let was = hanging(&own, &a.errand, &a.shipping).await;
    app.post("/task/create", json!({"name": "hung", "caseInstanceId": own})).await.ok();
    app.post("/task/create", json!({"name": "hung", "parentTaskId": a.errand})).await.ok();
    app.post(&start_path, json!({"caseInstanceId": own})).await.ok();
    app.post(&comment, json!({"message": "x", "processInstanceId": a.shipping})).await.ok();
    let now = hanging(&own, &a.errand, &a.shipping).await;
    // The tasks of an instance hang where it hangs.
    assert_eq!(now, (was.0 + 2, was.1 + 1, was.2 + 1, was.3 + 1));
    // What hangs on it ends with it.
    app.delete(&format!("/task/{}", a.errand)).await.status(204);
    assert_eq!(count(&engine, &format!("/task/count?parentTaskId={}", a.errand)).await, 0);
    app.post(&format!("/case-instance/{own}/terminate"), json!({})).await.status(204);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// Comments, variables, authorizations and batches hang on bare ids: none can be taken.
#[tokio::test]
async fn no_id_of_a_record_is_chosen_by_a_client() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let filter = json!({"name": "all", "resourceType": "Task", "owner": b.tenant, "query": {"tenantIdIn": [b.tenant]}});
    let filter = engine.post("/filter/create", filter).await.ok().id();
    let suspend = json!({"processInstanceIds": [b.order], "suspended": false});
    let batch = engine.post("/process-instance/suspended-async", suspend).await.ok().id();
    let before = snapshot(&engine, &b.tenant).await;
    stage.recorder.forget();
    // A variable of a task with a batch's or an execution's id would be in its scope.
    for id in [&batch, &b.order, &b.review, &b.deployment, &filter, &missing_id()] {
        app.post("/task/create", json!({"id": id, "name": "x"})).await.refused(403, "TG403-TASK-ID");
    }
    app.post("/tenant/create", json!({"id": b.tenant, "name": "x"})).await.refused(403, "TG403-TENANT");
    stage.recorder.nothing();
    // The engine gives these ids of its own whatever is asked for, as in the twins without.
    let made = |mut body: Value, id: Option<&str>| {
        if let Some(id) = id {
            body["id"] = json!(id);
        }
        body
    };
    let incident = json!({"incidentType": "mine", "message": "x"});
    let query = json!({"name": "all", "resourceType": "Task", "query": {}});
    let comment = json!({"message": "x"});
    let instance = format!("/process-definition/{}/start", a.order_definition);
    for (path, body, theirs) in [
        ("/filter/create", query, &filter),
        (&format!("/task/{}/comment/create", a.review), comment, &b.order),
        (&format!("/execution/{}/create-incident", a.order), incident, &b.order),
        (&instance, json!({}), &b.order),
    ] {
        for id in [Some(theirs.as_str()), None] {
            let new = app.post(path, made(body.clone(), id)).await.ok().id();
            assert_ne!(&new, theirs, "{path}");
        }
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// Everything that a tenant can end, where the other has the same texts everywhere.
#[tokio::test]
async fn ending_own_things_ends_nothing_that_is_alike() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let same = format!("same{}", random());
    let mut shipping = Vec::new();
    for side in [&b, &a] {
        let instance = start(&engine, &side.order_definition, &same).await;
        let review = first(&engine, "/task", &instance).await;
        let body = json!({"message": same});
        engine.post(&format!("/task/{review}/comment/create"), body).await.ok();
        let variables = json!({"modifications": {"note": {"value": same}}});
        engine.post(&format!("/task/{review}/localVariables"), variables).await.ok();
        engine
            .post(&format!("/task/{review}/identity-links"), json!({"userId": same, "type": "candidate"}))
            .await
            .ok();
        let task = json!({"name": same, "assignee": same, "tenantId": side.tenant});
        engine.post("/task/create", task).await.ok();
        let filter =
            json!({"name": same, "resourceType": "Task", "owner": side.tenant, "query": {"name": same}});
        engine.post("/filter/create", filter).await.ok();
        let lock = json!({"workerId": same, "lockDuration": 600_000});
        engine.post(&format!("/external-task/{}/lock", side.ship), lock).await.ok();
        shipping.push((instance, review));
    }
    let before = snapshot(&engine, &b.tenant).await;
    let (instance, review) = &shipping[1];
    app.post(&format!("/external-task/{}/complete", a.ship), json!({"workerId": same})).await.status(204);
    app.post(&format!("/task/{review}/complete"), json!({})).await.status(204);
    app.delete(&format!("/process-instance/{instance}")).await.status(204);
    app.delete(&format!("/history/process-instance/{instance}")).await.status(204);
    for filter in app.get(&format!("/filter?name={same}")).await.ok().ids() {
        app.delete(&format!("/filter/{filter}")).await.status(204);
    }
    for task in app.get(&format!("/task?name={same}")).await.ok().ids() {
        app.delete(&format!("/task/{task}")).await.status(204);
    }
    app.put(&format!("/job/{}/retries", a.timer), json!({"retries": 0})).await.status(204);
    app.put(&format!("/job/{}/retries", a.timer), json!({"retries": 1})).await.status(204);
    app.put(&format!("/external-task/{}/retries", a.count), json!({"retries": 1})).await.status(204);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // With the deployment goes all that is left; the twin of what stays.
    app.delete(&format!("/deployment/{}?cascade=true", a.deployment)).await.status(204);
    let left = format!("/history/process-instance/count?tenantIdIn={}", a.tenant);
    assert_eq!(count(&engine, &left).await, 0);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}
