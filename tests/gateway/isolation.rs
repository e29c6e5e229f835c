//! What the tests of isolation share: answers to foreign ids held against those to missing ones, batches run to
//! their end, and conditions that are waited for.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::{Api, Reply};
use crate::support::{missing_id, random};

/// Asks until the condition holds; fails the test after two minutes.
#[track_caller]
pub fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) -> impl Future<Output = ()> {
    let patience = Instant::now() + Duration::from_secs(120);
    let what = what.to_owned();
    async move {
        while !holds().await {
            assert!(Instant::now() < patience, "never: {what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The engine's id in a handle.
#[track_caller]
pub fn raw(handle: &str) -> String {
    handle.rsplit_once('.').unwrap_or_else(|| panic!("no handle: {handle}")).0.to_owned()
}

/// Waits until a batch is done, or every job of it that is left has failed for good.
pub async fn settled(engine: &Api, batch: &str) {
    until(&format!("the batch {batch} is done or failed"), || async {
        let all = engine.get(&format!("/batch/statistics?batchId={batch}")).await.ok().json();
        all.as_array()
            .unwrap()
            .iter()
            .all(|b| b["jobsCreated"] == b["totalJobs"] && b["remainingJobs"] == b["failedJobs"])
    })
    .await;
}

/// Brings a batch to its end: it is finished, or each of its jobs has failed for good. The engine's own executor
/// takes its time between tries, so its jobs are executed here as well.
pub async fn batch_to_its_end(engine: &Api, id: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let rows = engine.get(&format!("/batch/statistics?batchId={id}")).await.ok().json();
        let Some(batch) = rows.get(0) else { return };
        let count = |field: &str| batch[field].as_u64().unwrap_or(0);
        let all_made = count("jobsCreated") == count("totalJobs");
        if all_made && count("remainingJobs") > 0 && count("remainingJobs") == count("failedJobs") {
            return;
        }
        assert!(Instant::now() < patience, "the batch never ended: {batch}");
        // The seed job makes the others; the monitor ends the batch when all are done.
        for kind in ["seedJobDefinitionId", "batchJobDefinitionId", "monitorJobDefinitionId"] {
            let definition = batch[kind].as_str().unwrap_or_default();
            let jobs =
                engine.get(&format!("/job?withRetriesLeft=true&jobDefinitionId={definition}")).await.ok();
            for job in jobs.ids() {
                // It may fail, as it should, or meet the executor at the same job.
                engine.post(&format!("/job/{job}/execute"), Value::Null).await;
            }
        }
    }
}

/// Waits until a batch has ended; the engine looks every half minute whether one has.
pub async fn ended(engine: &Api, batch: &str) {
    until(&format!("the batch {batch} has ended"), || async {
        engine.get(&format!("/batch/count?batchId={batch}")).await.ok().json()["count"] == 0
    })
    .await;
}

/// An id of the same shape that never existed.
pub fn missing_like(id: &str) -> String {
    let fresh = missing_id();
    id.rsplit_once(':').map_or(fresh.clone(), |(key, _)| format!("{key}:{fresh}"))
}

/// What an answer tells its reader, with `<id>` for the asked id: the body's length, which counts it, is left out.
pub fn telling(reply: &Reply, asked: &str) -> (u16, Vec<(String, String)>, String) {
    let (status, mut headers, text) = reply.telling(asked);
    headers.retain(|(name, _)| name != "content-length");
    (status, headers, text)
}

/// Fails the test unless the caller gets for a foreign id what it gets for one that never existed, and the engine
/// says the same of one that never existed. `ID` stands for the id in path and body.
pub async fn as_missing(app: &Api, engine: &Api, method: &Method, path: &str, body: &str, foreign: &str) {
    let ask = async |api: &Api, id: &str| {
        api.json(method.clone(), &path.replace("ID", id), &body.replace("ID", id)).await
    };
    let missing = missing_like(foreign);
    let reply = telling(&ask(app, foreign).await, foreign);
    assert_eq!(reply, telling(&ask(app, &missing).await, &missing), "{method} {path} {body} {foreign}");
    let direct = telling(&ask(engine, &missing).await, &missing);
    assert_eq!((reply.0, reply.2), (direct.0, direct.2), "{method} {path} {body} {foreign}");
}

/// Deploys one model for a tenant, through whatever client; its definition's id.
pub async fn deploy_model(api: &Api, tenant: Option<&str>, name: &str, model: &str) -> Reply {
    use crate::support::multipart::Form;
    let form = Form::deployment(&format!("d{}", random()), tenant, &[(name, model.as_bytes())]);
    api.form("/deployment/create", form).await
}

/// The id of the only process definition that a deployment's answer names.
#[track_caller]
pub fn deployed(answer: &Value) -> String {
    let all = answer["deployedProcessDefinitions"].as_object().unwrap_or_else(|| panic!("{answer}"));
    all.keys().next().unwrap().clone()
}

/// A BPMN document around a process `key` whose inside is given; `roots` stand beside it.
pub fn model(key: &str, roots: &str, inside: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="https://tenantgate.example/models">
  {roots}
  <process id="{key}" isExecutable="true" camunda:historyTimeToLive="P180D">{inside}</process>
</definitions>"#
    )
}

/// Evaluates a tenant's decision; the ids of its historic decision instances.
pub async fn decide(engine: &Api, tenant: &str) -> Vec<String> {
    let path = format!("/decision-definition/key/discount/tenant-id/{tenant}/evaluate");
    engine.post(&path, json!({"variables": {"amount": {"value": 5}}})).await.ok();
    engine.get(&format!("/history/decision-instance?tenantIdIn={tenant}")).await.ok().ids()
}

/// A form that shows a text.
pub fn form_file(id: &str, text: &str) -> String {
    json!({"id": id, "type": "default", "components": [{"type": "text", "text": text}]}).to_string()
}

/// The UUIDs in a text.
pub fn uuids(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let is_uuid = |part: &[u8]| {
        part.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at + 36 <= bytes.len() {
        if is_uuid(&bytes[at..at + 36]) {
            found.push(text[at..at + 36].to_owned());
            at += 36;
        } else {
            at += 1;
        }
    }
    found
}
