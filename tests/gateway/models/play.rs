//! Deploying a model, starting what is in it, carrying it on to its end, and reading what its owner sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;

/// What a model may ask for from outside.
pub struct Listener {
    port: u16,
    seen: Arc<AtomicUsize>,
}

impl Listener {
    /// Answers everybody with 404, and counts.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counter = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
            }
        });
        Self { port, seen }
    }

    /// How often somebody came.
    pub fn count(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

/// A file of the corpus; an address in it is the listener's.
pub fn read(folder: &str, name: &str, listener: &Listener) -> Vec<u8> {
    let bytes = std::fs::read(format!("tests/data/models/{folder}/{name}")).unwrap();
    match String::from_utf8(bytes) {
        Ok(text) => text.replace("127.0.0.1:18777", &format!("127.0.0.1:{}", listener.port)).into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

/// What the models call, decide by and show, of that owner.
pub fn beside(owner: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir("tests/data/models/beside")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap().replace("OWNER", owner);
            (path.file_name().unwrap().to_string_lossy().into_owned(), text.into_bytes())
        })
        .collect();
    files.sort();
    files
}

/// The id of the new deployment, or what the engine said.
pub async fn deploy(api: &Api, tenant: Option<&str>, files: &[(String, Vec<u8>)]) -> Result<String, String> {
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    Ok(good(api.form("/deployment/create", Form::deployment("models", tenant, &files)).await)?.id())
}

/// Starts, creates or evaluates what that file defines; its key is `model-` and the file's name. Says what its owner
/// sees then and after one step, or what the engine said.
pub async fn play(api: &Api, tenant: &str, file: &str) -> Result<String, String> {
    let (name, kind) = file.rsplit_once('.').unwrap();
    let what = match kind {
        "bpmn" => ["process-definition", "start"],
        "cmmn" => ["case-definition", "create"],
        "dmn" => ["decision-definition", "evaluate"],
        _ => return Ok("a form is only shown".to_owned()),
    };
    let path = format!("/{}/key/model-{name}/tenant-id/{tenant}/{}", what[0], what[1]);
    let answer = good(api.post(&path, json!({"variables": variables(name)})).await)?.text();
    let mut shown = answer + &read_all(api, tenant).await?;
    if let Some(task) = rows(api, &format!("/task?tenantIdIn={tenant}")).await?.first() {
        let task = task["id"].as_str().unwrap();
        // Submitting a form runs its validators, which completing does not.
        let form = json!({"variables": {"f": {"value": "text"}}});
        good(api.post(&format!("/task/{task}/submit-form"), form).await)?;
        shown += &read_all(api, tenant).await?;
    }
    Ok(shown)
}

/// Carries everything of the tenant on until nothing runs. Says what its owner sees then, or what does not end.
pub async fn finish(api: &Api, tenant: &str) -> Result<String, String> {
    let own = format!("tenantIdIn={tenant}");
    for _ in 0..40 {
        let processes = rows(api, &format!("/history/process-instance?unfinished=true&{own}")).await?;
        let cases = rows(api, &format!("/history/case-instance?active=true&{own}")).await?;
        if processes.is_empty() && cases.is_empty() {
            return read_all(api, tenant).await;
        }
        // One at a time: it may end the others.
        if let Some(task) = rows(api, &format!("/task?{own}")).await?.first() {
            good(api.post(&format!("/task/{}/complete", id(task)), json!({})).await)?;
        }
        let waiting = rows(api, &format!("/external-task?notLocked=true&{own}")).await?;
        let topics: Vec<_> =
            waiting.iter().map(|w| json!({"topicName": w["topicName"], "lockDuration": 60000})).collect();
        let fetch = json!({"workerId": "w", "maxTasks": 10, "topics": topics});
        if !topics.is_empty() {
            let fetched = good(api.post("/external-task/fetchAndLock", fetch).await)?.json();
            for task in fetched.as_array().unwrap() {
                let complete = format!("/external-task/{}/complete", id(task));
                good(api.post(&complete, json!({"workerId": "w"})).await)?;
            }
        }
        for wait in rows(api, &format!("/event-subscription?eventType=message&{own}")).await? {
            let message =
                json!({"messageName": wait["eventName"], "processInstanceId": wait["processInstanceId"]});
            good(api.post("/message", message).await)?;
        }
        for execution in rows(api, &format!("/case-execution?enabled=true&{own}")).await? {
            good(api.post(&format!("/case-execution/{}/manual-start", id(&execution)), json!({})).await)?;
        }
        for job in rows(api, &format!("/job?{own}")).await? {
            // The engine's own executor may have been faster.
            api.post(&format!("/job/{}/execute", id(&job)), json!({})).await;
        }
    }
    Err(format!("does not end: {}", read_all(api, tenant).await?))
}

/// Takes what ended of the tenant's out of the history.
pub async fn forget(engine: &Api, tenant: &str) {
    for row in rows(engine, &format!("/history/process-instance?tenantIdIn={tenant}")).await.unwrap() {
        engine.delete(&format!("/process-instance/{}", id(&row))).await;
        engine.delete(&format!("/history/process-instance/{}", id(&row))).await.ok();
    }
}

async fn read_all(api: &Api, tenant: &str) -> Result<String, String> {
    let mut shown = String::new();
    for list in [
        "history/process-instance",
        "history/variable-instance",
        "history/activity-instance",
        "history/case-activity-instance",
        "task",
        "external-task",
        "event-subscription",
        "case-execution",
    ] {
        shown += &good(api.get(&format!("/{list}?tenantIdIn={tenant}")).await)?.text();
    }
    for task in rows(api, &format!("/task?tenantIdIn={tenant}")).await? {
        if task.get("camundaFormRef").is_some_and(|form| !form.is_null()) {
            shown += &api.get(&format!("/task/{}/deployed-form", id(&task))).await.text();
        }
    }
    Ok(shown)
}

fn variables(name: &str) -> Value {
    // A File is an object of a class that FEEL can ask for its class.
    let f = match name {
        "dmn-feel" => json!({"type": "File", "value": "", "valueInfo": {"filename": "f"}}),
        _ => json!({"value": 1}),
    };
    json!({
        "x": {"value": "v"}, "t": {"value": "modelB1"}, "approved": {"value": true}, "amount": {"value": 200},
        "wait": {"value": "PT0S"}, "größe": {"value": 5}, "region": {"value": "EU"}, "number": {"value": "n1"},
        "starter": {"value": "anna"}, "urgency": {"value": 5}, "due": {"value": "2030-01-01T00:00:00"},
        "cancelled": {"value": false}, "f": f,
    })
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

async fn rows(api: &Api, path: &str) -> Result<Vec<Value>, String> {
    Ok(good(api.get(path).await)?.json().as_array().unwrap().clone())
}

fn good(reply: Reply) -> Result<Reply, String> {
    if reply.status < 300 { Ok(reply) } else { Err(reply.text()) }
}
