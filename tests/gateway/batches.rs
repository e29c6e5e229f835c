//! Batches: what makes one acts on own records only, and one without tenant is known by a handle that is good for
//! its maker alone. Jobs are run to their end before the other's state is looked at.

use serde_json::{Value, json};

use crate::isolation::{decide, ended, raw, settled};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::missing_id;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{Side, World, first, start};

/// Whose ids a list holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ids {
    /// Instances of `watch`, which have a timer job.
    Instances,
    Jobs,
    ExternalTasks,
    Finished,
    Decisions,
    Batches,
}

/// The ids in a batch without tenant that are handles.
const HANDLES: &[&str] = &["id", "seedJobDefinitionId", "monitorJobDefinitionId", "batchJobDefinitionId"];

/// What makes a batch from a list: path, the list's field, whose ids it holds, and what else the body holds.
const BY_LIST: &[(&str, &str, Ids, &str)] = &[
    (
        "/process-instance/variables-async",
        "processInstanceIds",
        Ids::Instances,
        r#"{"variables":{"x":{"value":"1"}}}"#,
    ),
    ("/process-instance/job-retries", "processInstances", Ids::Instances, r#"{"retries":4}"#),
    (
        "/process-instance/job-retries-historic-query-based",
        "processInstances",
        Ids::Instances,
        r#"{"retries":4}"#,
    ),
    ("/process-instance/suspended-async", "processInstanceIds", Ids::Instances, r#"{"suspended":true}"#),
    ("/process-instance/message-async", "processInstanceIds", Ids::Instances, r#"{"messageName":"goods"}"#),
    ("/job/retries", "jobIds", Ids::Jobs, r#"{"retries":4}"#),
    ("/external-task/retries-async", "externalTaskIds", Ids::ExternalTasks, r#"{"retries":4}"#),
    ("/process-instance/delete", "processInstanceIds", Ids::Instances, r#"{"deleteReason":"x"}"#),
    (
        "/process-instance/delete-historic-query-based",
        "processInstanceIds",
        Ids::Instances,
        r#"{"deleteReason":"x"}"#,
    ),
    (
        "/history/process-instance/set-removal-time",
        "historicProcessInstanceIds",
        Ids::Finished,
        r#"{"clearedRemovalTime":true}"#,
    ),
    ("/history/process-instance/delete", "historicProcessInstanceIds", Ids::Finished, "{}"),
    (
        "/history/decision-instance/set-removal-time",
        "historicDecisionInstanceIds",
        Ids::Decisions,
        r#"{"clearedRemovalTime":true}"#,
    ),
    ("/history/decision-instance/delete", "historicDecisionInstanceIds", Ids::Decisions, "{}"),
    ("/history/batch/set-removal-time", "historicBatchIds", Ids::Batches, r#"{"clearedRemovalTime":true}"#),
];

/// What makes a batch from an embedded query: path, the query's field, and what else the body holds.
const BY_QUERY: &[(&str, &str, &str)] = &[
    ("/process-instance/variables-async", "processInstanceQuery", r#"{"variables":{"x":{"value":"1"}}}"#),
    (
        "/process-instance/variables-async",
        "historicProcessInstanceQuery",
        r#"{"variables":{"x":{"value":"1"}}}"#,
    ),
    ("/process-instance/message-async", "processInstanceQuery", r#"{"messageName":"goods"}"#),
    ("/process-instance/message-async", "historicProcessInstanceQuery", r#"{"messageName":"goods"}"#),
    ("/process-instance/job-retries", "processInstanceQuery", r#"{"retries":4}"#),
    (
        "/process-instance/job-retries-historic-query-based",
        "historicProcessInstanceQuery",
        r#"{"retries":4}"#,
    ),
    ("/job/retries", "jobQuery", r#"{"retries":4}"#),
    ("/external-task/retries-async", "externalTaskQuery", r#"{"retries":4}"#),
    ("/external-task/retries-async", "processInstanceQuery", r#"{"retries":4}"#),
    ("/external-task/retries-async", "historicProcessInstanceQuery", r#"{"retries":4}"#),
    ("/process-instance/suspended-async", "processInstanceQuery", r#"{"suspended":true}"#),
    ("/process-instance/suspended-async", "historicProcessInstanceQuery", r#"{"suspended":false}"#),
    ("/process-instance/delete", "processInstanceQuery", r#"{"deleteReason":"x"}"#),
    (
        "/process-instance/delete-historic-query-based",
        "historicProcessInstanceQuery",
        r#"{"deleteReason":"x"}"#,
    ),
    (
        "/history/process-instance/set-removal-time",
        "historicProcessInstanceQuery",
        r#"{"clearedRemovalTime":true}"#,
    ),
    (
        "/history/decision-instance/set-removal-time",
        "historicDecisionInstanceQuery",
        r#"{"clearedRemovalTime":true}"#,
    ),
    ("/history/process-instance/delete", "historicProcessInstanceQuery", "{}"),
    ("/history/decision-instance/delete", "historicDecisionInstanceQuery", "{}"),
];

fn body(field: &str, value: &Value, rest: &str) -> Value {
    let mut body: Value = serde_json::from_str(rest).unwrap();
    body[field] = value.clone();
    body
}

/// What an answer to making a batch tells, without the ids that the engine makes anew.
fn told(reply: &Reply, asked: &str) -> (u16, Value) {
    let text = reply.text().replace(asked, "<id>");
    let mut told: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
    if reply.status == 200 {
        for new in
            ["id", "seedJobDefinitionId", "monitorJobDefinitionId", "batchJobDefinitionId", "startTime"]
        {
            told[new] = Value::Null;
        }
    }
    (reply.status, told)
}

/// A fresh record of a tenant; `app` makes batches as that tenant.
async fn fresh(engine: &Api, app: &Api, side: &Side, ids: Ids) -> String {
    if ids == Ids::Batches {
        let instance = start(engine, &side.order_definition, &side.marker).await;
        let made = json!({"processInstanceIds": [instance], "suspended": true});
        let made = app.post("/process-instance/suspended-async", made).await.ok().id();
        settled(engine, &raw(&made)).await;
        return made;
    }
    if ids == Ids::Decisions {
        let before =
            engine.get(&format!("/history/decision-instance?tenantIdIn={}", side.tenant)).await.ids();
        let after = decide(engine, &side.tenant).await;
        return after.into_iter().find(|id| !before.contains(id)).unwrap();
    }
    let instance = start(engine, &side.watch_definition, &side.marker).await;
    match ids {
        Ids::Jobs => first(engine, "/job", &instance).await,
        Ids::ExternalTasks => first(engine, "/external-task", &instance).await,
        Ids::Finished => {
            engine.delete(&format!("/process-instance/{instance}")).await.ok();
            instance
        }
        Ids::Instances | Ids::Decisions | Ids::Batches => instance,
    }
}

#[tokio::test]
async fn a_batch_over_a_list_touches_own_records_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let mut cases = Vec::new();
    for (path, field, ids, rest) in BY_LIST {
        let own = fresh(&engine, &app, &a, *ids).await;
        let foreign = fresh(&engine, &other, &b, *ids).await;
        cases.push((*path, *field, *rest, own, foreign));
    }
    let before = snapshot(&engine, &b.tenant).await;
    let mut made = Vec::new();
    for (path, field, rest, own, foreign) in &cases {
        // A handle and what is inside it are equally foreign.
        let inside = foreign.rsplit_once('.').map(|(id, _)| id.to_owned());
        for foreign in [Some(foreign.clone()), inside].into_iter().flatten() {
            let missing = missing_id();
            let ask = async |api: &Api, ids: Value| api.post(path, body(field, &ids, rest)).await;
            stage.recorder.forget();
            let alone = ask(&app, json!([foreign])).await;
            let sent = stage.recorder.seen();
            let sent = sent.iter().find(|s| s.path.ends_with(path)).unwrap();
            assert!(!sent.text().contains(&foreign), "{path}");
            assert!(!sent.text().contains("Query"), "a query was added: {}", sent.text());
            b.not_in(&alone);
            assert_eq!(told(&alone, &foreign), told(&ask(&app, json!([missing])).await, &missing), "{path}");
            assert_eq!(
                told(&alone, &foreign),
                told(&ask(&engine, json!([missing])).await, &missing),
                "{path}"
            );
            if alone.status == 200 {
                made.push(raw(&alone.id()));
            }
        }
        // Mixed: order and count stay, the own one is worked on.
        stage.recorder.forget();
        let mixed = app.post(path, body(field, &json!([foreign, own]), rest)).await;
        let sent = stage.recorder.seen();
        let sent = sent.iter().find(|s| s.path.ends_with(path)).unwrap().json();
        let own_id = own.rsplit_once('.').map_or(own.as_str(), |(id, _)| id);
        assert_eq!(sent[*field].as_array().unwrap().len(), 2, "{path}");
        assert_eq!(sent[*field][1], own_id, "{path}");
        b.not_in(&mixed);
        if mixed.status == 200 {
            made.push(raw(&mixed.id()));
        }
    }
    for batch in &made {
        settled(&engine, batch).await;
    }
    assert!(made.len() > BY_LIST.len(), "{} batches only", made.len());
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_batch_over_own_ids_does_its_work() {
    let stage = Stage::start().await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let mut made = Vec::new();
    for (path, field, ids, rest) in BY_LIST {
        let own = fresh(&engine, &app, &a, *ids).await;
        let dto = app.post(path, body(field, &json!([own]), rest)).await.ok().json();
        assert_eq!(dto["tenantId"], Value::Null, "{path}");
        assert_eq!(dto["totalJobs"], 1, "{path}");
        for handle in HANDLES {
            raw(dto[handle].as_str().unwrap());
        }
        made.push((*path, dto["id"].as_str().unwrap().to_owned()));
    }
    for (path, handle) in made {
        let batch = raw(&handle);
        ended(&engine, &batch).await;
        let done = app.get(&format!("/history/batch/{handle}")).await.ok().json();
        assert_eq!(done["id"], json!(handle), "{path}");
        // The same as the engine shows, but for the ids that are handles.
        let mut direct = engine.get(&format!("/history/batch/{batch}")).await.ok().json();
        for name in HANDLES {
            assert_eq!(direct[name], json!(raw(done[name].as_str().unwrap())), "{path}");
            direct[name] = done[name].clone();
        }
        assert_eq!(done, direct, "{path}");
    }
}

#[tokio::test]
async fn embedded_queries_are_pinned_and_never_added() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    for side in [&a, &b] {
        decide(&engine, &side.tenant).await;
    }
    let before = snapshot(&engine, &b.tenant).await;
    let mut made = Vec::new();
    for (path, field, rest) in BY_QUERY {
        let ask = async |query: Value| app.post(path, body(field, &query, rest)).await;
        stage.recorder.forget();
        ask(json!({"tenantIdIn": [b.tenant]})).await.refused(403, "TG403-TENANT");
        ask(json!({"tenantIdIn": [a.tenant, b.tenant]})).await.refused(403, "TG403-TENANT");
        // `ExternalTaskQuery` knows no such wish and ignores it.
        if *field != "externalTaskQuery" {
            ask(json!({"withoutTenantId": true})).await.refused(403, "TG403-TENANTLESS");
        }
        stage.recorder.nothing();
        for query in
            [json!({}), json!({"tenantIdIn": []}), json!({"withoutTenantId": false, "tenantIdIn": null})]
        {
            stage.recorder.forget();
            let reply = ask(query).await;
            let sent = stage.recorder.seen().into_iter().find(|s| s.path.ends_with(path)).unwrap().json();
            let mut expected = json!({"tenantIdIn": [a.tenant]});
            if *field == "externalTaskQuery" && sent[*field].get("withoutTenantId").is_some() {
                expected["withoutTenantId"] = json!(false);
            }
            assert_eq!(sent, body(field, &expected, rest), "{path} {field}");
            b.not_in(&reply);
            if reply.status == 200 {
                made.push(raw(&reply.id()));
            }
        }
    }
    for batch in &made {
        settled(&engine, batch).await;
    }
    assert!(made.len() > BY_QUERY.len(), "{} batches only", made.len());
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // They did their work: A has nothing left that runs, and no history of decisions.
    let left = async |list: &str| engine.get(&format!("{list}?tenantIdIn={}", a.tenant)).await.ok().json();
    assert_eq!(left("/process-instance").await, json!([]));
    assert_eq!(left("/history/decision-instance").await, json!([]));
}

#[tokio::test]
async fn no_list_and_no_query_is_answered_as_by_the_engine() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &b.tenant).await);
    for (path, field, _, rest) in BY_LIST {
        for list in [Value::Null, json!([])] {
            let direct = engine.post(path, body(field, &list, rest)).await;
            let through = app.post(path, body(field, &list, rest)).await;
            assert_eq!((through.status, through.text()), (direct.status, direct.text()), "{path} {list}");
            assert!(!(200..300).contains(&through.status), "{through}");
        }
    }
    assert_same(&before.0, &snapshot(&engine, &a.tenant).await);
    assert_same(&before.1, &snapshot(&engine, &b.tenant).await);
}
