//! Handles of batches without tenant: taken wherever a batch's id is, on every replica with the key, and for
//! nobody but their maker.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, deployed, model, raw, settled, until};
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, start};
use crate::support::{missing_id, random};

/// A batch that stays, because its only job fails: it is about an external task that never existed.
async fn failing(app: &Api) -> Value {
    let body = json!({"externalTaskIds": [missing_id()], "retries": 1});
    app.post("/external-task/retries-async", body).await.ok().json()
}

fn text<'a>(dto: &'a Value, name: &str) -> &'a str {
    dto[name].as_str().unwrap_or_else(|| panic!("no {name}: {dto}"))
}

/// Paths that take the handle of a batch, and all that only look.
const LOOK: &[&str] = &[
    "/batch/ID",
    "/batch?batchId=ID",
    "/batch/count?batchId=ID",
    "/batch/statistics?batchId=ID",
    "/batch/statistics/count?batchId=ID",
    "/history/batch/ID",
    "/history/batch?batchId=ID",
    "/history/batch/count?batchId=ID",
];

/// The same for the job definition of a batch, with the body of a POST.
const LOOK_AT_JOBS: &[(&str, &str, &str)] = &[
    ("GET", "/job?jobDefinitionId=ID", ""),
    ("GET", "/job/count?jobDefinitionId=ID", ""),
    ("POST", "/job", r#"{"jobDefinitionId":"ID"}"#),
    ("POST", "/job/count", r#"{"jobDefinitionId":"ID"}"#),
    ("GET", "/history/job-log?jobDefinitionId=ID", ""),
    ("GET", "/history/job-log/count?jobDefinitionId=ID", ""),
    ("POST", "/history/job-log", r#"{"jobDefinitionId":"ID"}"#),
    ("POST", "/history/job-log/count", r#"{"jobDefinitionId":"ID"}"#),
    ("GET", "/job-definition/ID", ""),
];

#[tokio::test]
async fn a_handle_is_taken_wherever_a_batch_is_named() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let made = failing(&app).await;
    let (handle, jobs) = (text(&made, "id"), text(&made, "batchJobDefinitionId"));
    settled(&engine, &raw(handle)).await;
    let back = |text: &str| text.replace(handle, &raw(handle)).replace(jobs, &raw(jobs));
    for path in LOOK {
        let through = app.get(&path.replace("ID", handle)).await.ok();
        let direct = engine.get(&path.replace("ID", &raw(handle))).await.ok();
        assert!(direct.text().contains(&raw(handle)) || direct.text() == r#"{"count":1}"#, "{direct}");
        let mut all = back(&through.text());
        for other in ["seedJobDefinitionId", "monitorJobDefinitionId"] {
            all = all.replace(text(&made, other), &raw(text(&made, other)));
        }
        assert_eq!(all, direct.text(), "{path}");
        assert!(!through.text().contains(&format!("\"{}\"", raw(handle))), "{through}");
    }
    for (method, path, body) in LOOK_AT_JOBS {
        let ask = async |api: &Api, id: &str| {
            let method: Method = method.parse().unwrap();
            api.json(method, &path.replace("ID", id), &body.replace("ID", id)).await.ok()
        };
        let (through, direct) = (ask(&app, jobs).await, ask(&engine, &raw(jobs)).await);
        assert!(direct.text().contains(&raw(jobs)) || !direct.text().contains(r#""count":0"#), "{direct}");
        assert_eq!(back(&through.text()), direct.text(), "{method} {path}");
    }
    // The failed job is found and tried again.
    let job = app.get(&format!("/job?jobDefinitionId={jobs}&noRetriesLeft=true")).await.ok().json();
    assert_eq!((&job[0]["batchId"], &job[0]["retries"]), (&json!(handle), &json!(0)), "{job}");
    let tried = async || {
        let log = format!("/history/job-log/count?jobDefinitionId={jobs}&failureLog=true");
        app.get(&log).await.ok().json()["count"].as_u64().unwrap()
    };
    let first = tried().await;
    app.put(&format!("/job-definition/{jobs}/retries"), json!({"retries": 1})).await.status(204);
    until("the job is tried again", || async { tried().await > first }).await;
    // Suspended, woken, deleted.
    for suspended in [true, false] {
        app.put(&format!("/batch/{handle}/suspended"), json!({"suspended": suspended})).await.status(204);
        let shown = engine.get(&format!("/batch/{}", raw(handle))).await.ok().json();
        assert_eq!(shown["suspended"], suspended);
    }
    app.delete(&format!("/batch/{handle}")).await.status(204);
    engine.get(&format!("/batch/{}", raw(handle))).await.status(404);
    app.delete(&format!("/history/batch/{handle}")).await.status(204);
    engine.get(&format!("/history/batch/{}", raw(handle))).await.status(404);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// Ids that are worth nothing to A, made from handles of A and B.
fn worthless(own: &str, jobs: &str, other: &str) -> Vec<String> {
    let (id, mac) = own.rsplit_once('.').unwrap();
    let (foreign, foreign_mac) = other.rsplit_once('.').unwrap();
    let flipped = if mac.starts_with('A') { 'B' } else { 'A' };
    vec![
        other.to_owned(),
        id.to_owned(),
        foreign.to_owned(),
        format!("{foreign}.{mac}"),
        format!("{id}.{foreign_mac}"),
        format!("{id}.{flipped}{}", &mac[1..]),
        own[..own.len() - 1].to_owned(),
        format!("{own}A"),
        format!("{own}="),
        format!("{id}."),
        format!("{}.{mac}", id.to_uppercase()),
        format!("{}.{}", id, jobs.rsplit_once('.').unwrap().1),
        jobs.to_owned(),
    ]
}

#[tokio::test]
async fn anything_but_an_own_handle_is_as_an_id_that_never_existed() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let (own, foreign) = (failing(&app).await, failing(&other).await);
    for made in [&own, &foreign] {
        settled(&engine, &raw(text(made, "id"))).await;
    }
    let state = async || {
        let mut all = Vec::new();
        for made in [&own, &foreign] {
            for (path, name) in [
                ("/batch/ID", "id"),
                ("/history/batch/ID", "id"),
                ("/job?jobDefinitionId=ID", "batchJobDefinitionId"),
            ] {
                all.push(engine.get(&path.replace("ID", &raw(text(made, name)))).await.ok().text());
            }
        }
        all
    };
    let before = state().await;
    let job = "batchJobDefinitionId";
    let batches = worthless(text(&own, "id"), text(&own, job), text(&foreign, "id"));
    for id in &batches {
        let ask = |method: &'static str, path: &'static str, body: &'static str| {
            let (app, engine, method) = (app.clone(), engine.clone(), method.parse().unwrap());
            async move { as_missing(&app, &engine, &method, path, body, id).await }
        };
        for path in LOOK {
            ask("GET", path, "").await;
        }
        ask("PUT", "/batch/ID/suspended", r#"{"suspended":true}"#).await;
        ask("DELETE", "/batch/ID", "").await;
        ask("DELETE", "/history/batch/ID", "").await;
    }
    for id in worthless(text(&own, job), text(&own, "id"), text(&foreign, job)) {
        for (method, path, body) in LOOK_AT_JOBS {
            as_missing(&app, &engine, &method.parse().unwrap(), path, body, &id).await;
        }
        let retries = "/job-definition/ID/retries";
        as_missing(&app, &engine, &Method::PUT, retries, r#"{"retries":1}"#, &id).await;
        let suspended = "/job-definition/ID/suspended";
        as_missing(&app, &engine, &Method::PUT, suspended, r#"{"suspended":true}"#, &id).await;
    }
    assert_eq!(before, state().await);
    // Without a handle, batches without tenant are in no list.
    for path in ["/batch", "/history/batch", "/batch/statistics", "/job", "/history/job-log"] {
        let list = app.get(path).await.ok().text();
        for made in [&own, &foreign] {
            assert!(!list.contains(&raw(text(made, "id"))), "{path}");
        }
        assert_eq!(app.get(&format!("{path}?withoutTenantId=true")).await.ok().text(), "[]", "{path}");
    }
}

#[tokio::test]
async fn a_handle_works_on_every_replica_with_its_key_and_after_a_restart() {
    let World { a, engine, .. } = World::seed().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (old, new) = (file("old", &"o".repeat(48)), file("new", &"n".repeat(48)));
    let with = async |keys: &[&String]| {
        let list: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        let yaml = format!("tenancy: {{ batch_key_files: [{}] }}\n", list.join(", "));
        Stage::with(|plan| plan.config(&yaml)).await
    };
    let first = with(&[&old]).await;
    let made = failing(&first.client(&a.tenant)).await;
    let path = format!("/batch/{}", text(&made, "id"));
    let replica = with(&[&old]).await;
    let shown = first.client(&a.tenant).get(&path).await.ok();
    assert_eq!(replica.client(&a.tenant).get(&path).await.ok().json()["id"], shown.json()["id"]);
    drop((first, replica));
    let restarted = with(&[&old]).await;
    restarted.client(&a.tenant).get(&path).await.ok();
    let rotated = with(&[&new, &old]).await;
    rotated.client(&a.tenant).get(&path).await.ok();
    // The twin: another key, or none, knows nothing of it.
    for stage in [with(&[&new]).await, Stage::start().await] {
        stage.client(&a.tenant).get(&path).await.status(404);
    }
    settled(&engine, &raw(text(&made, "id"))).await;
    rotated.client(&a.tenant).delete(&path).await.status(204);
}

/// Waits at `one`; `two` is where modifications go.
fn two_steps() -> (String, String) {
    let key = format!("steps{}", random());
    let inside = r#"<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="one"/><userTask id="one"/>
        <sequenceFlow id="b" sourceRef="one" targetRef="two"/><userTask id="two"/>"#;
    (key.clone(), model(&key, "", inside))
}

#[tokio::test]
async fn batches_with_a_tenant_keep_their_ids() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let (_, text_of) = two_steps();
    let deploy = async |tenant: &str, text: &str| {
        deployed(&deploy_model(&engine, Some(tenant), "steps.bpmn", text).await.ok().json())
    };
    let old = deploy(&a.tenant, &text_of).await;
    let new = deploy(&a.tenant, &text_of.replace("<startEvent", "<startEvent name=\"x\"")).await;
    let theirs = deploy(&b.tenant, &text_of).await;
    let other = start(&engine, &theirs, &b.marker).await;
    let before = snapshot(&engine, &b.tenant).await;
    let finished = start(&engine, &old, &a.marker).await;
    engine.delete(&format!("/process-instance/{finished}")).await.ok();
    let one = start(&engine, &old, &a.marker).await;
    let before_two = json!([{"type": "startBeforeActivity", "activityId": "two"}]);
    let plan = json!({"sourceProcessDefinitionId": old, "targetProcessDefinitionId": new,
        "instructions": [{"sourceActivityIds": ["one"], "targetActivityIds": ["one"]}]});
    let cases = [
        (format!("/process-instance/{one}/modification-async"), json!({"instructions": before_two})),
        (
            "/modification/executeAsync".into(),
            json!({"processDefinitionId": old, "processInstanceIds": [one], "instructions": before_two}),
        ),
        (
            format!("/process-definition/{old}/restart-async"),
            json!({"processInstanceIds": [finished], "instructions": before_two}),
        ),
        (
            "/migration/executeAsync".into(),
            json!({"migrationPlan": plan, "processInstanceIds": [start(&engine, &old, &a.marker).await]}),
        ),
    ];
    for (path, body) in cases {
        let made = app.post(&path, body.clone()).await.ok().json();
        let id = text(&made, "id");
        assert!(!id.contains('.') && made["tenantId"] == json!(a.tenant), "{path}: {made}");
        let listed = app.get("/history/batch").await.ok();
        assert!(listed.ids().contains(&id.to_owned()), "{path}");
        assert_eq!(app.get(&format!("/history/batch?batchId={id}")).await.ok().ids(), [id]);
        let direct = engine.get(&format!("/history/batch/{id}")).await.ok().json();
        let shown = app.get(&format!("/history/batch/{id}")).await.ok().json();
        assert_eq!(shown["batchJobDefinitionId"], direct["batchJobDefinitionId"]);
        as_missing(&stage.client(&b.tenant), &engine, &Method::GET, "/history/batch/ID", "", id).await;
        settled(&engine, id).await;
        // The same with B's instance in it: as one that never existed.
        let mut foreign = body;
        if foreign.get("processInstanceIds").is_some() {
            let asked = async |api: &Api, id: &str, foreign: &mut Value| {
                foreign["processInstanceIds"] = json!([id]);
                let reply = api.post(&path, foreign.clone()).await;
                if reply.status == 200 {
                    settled(&engine, text(&reply.json(), "id")).await;
                }
                (
                    reply.status,
                    if reply.status == 200 { String::new() } else { reply.text().replace(id, "<id>") },
                )
            };
            let missing = missing_id();
            assert_eq!(
                asked(&app, &other, &mut foreign).await,
                asked(&engine, &missing, &mut foreign).await,
                "{path}"
            );
        }
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}
