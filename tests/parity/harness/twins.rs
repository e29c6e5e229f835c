//! Writes on twins: the same fresh records for each, the same write, and the same look at what came of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::by_id::by_key;
use super::compare::{self, Ask};
use super::forms::FormCase;
use super::plain;
use super::plenty::Plenty;
use super::writes::Write;
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::world::{files, first};
use crate::support::{missing_id, random};

/// Two tenants alike, and the way through the gateway for one of them.
pub struct Pair {
    /// Written through the gateway.
    pub own: Plenty,
    /// Written at the engine itself.
    pub twin: Plenty,
    /// The gateway.
    pub through: Api,
}

type Names = BTreeMap<String, String>;

impl Pair {
    /// What differs after this write, if anything.
    pub async fn difference(&self, case: &Write) -> Option<String> {
        let texts = case.texts();
        let (ours, theirs) = (fresh(&self.own, &texts).await, fresh(&self.twin, &texts).await);
        let before = (counts(&self.own).await, counts(&self.twin).await);
        let ask = |path: String, body: String| {
            if body.is_empty() { Ask::of(&path) } else { Ask::json(&path, &body) }
        };
        let to_gateway = ask(fill(&case.path, &ours), fill(&case.body, &ours));
        let path = by_key(&fill(&case.path, &theirs), &theirs["T"]);
        let to_engine = ask(path, fill(&case.engine_body, &theirs));
        let (got, wanted) = (
            to_gateway.send(&self.through, &case.method).await,
            to_engine.send(&self.twin.engine, &case.method).await,
        );
        self.judge(got, wanted, (&ours, &before.0), (&theirs, &before.1)).await
    }

    /// The same for a form.
    pub async fn form_difference(&self, case: &FormCase) -> Option<String> {
        let texts = format!("{} {}", case.path, String::from_utf8_lossy(&case.body("", true)));
        let (ours, theirs) = (fresh(&self.own, &texts).await, fresh(&self.twin, &texts).await);
        let before = (counts(&self.own).await, counts(&self.twin).await);
        let ask = |names: &Names, engine: bool| Ask {
            path: fill(&case.path, names),
            headers: vec![("content-type".into(), case.content_type.clone())],
            body: case.body(&names["T"], engine),
        };
        let got = ask(&ours, false).send(&self.through, "POST").await;
        let wanted = ask(&theirs, true).send(&self.twin.engine, "POST").await;
        self.judge(got, wanted, (&ours, &before.0), (&theirs, &before.1)).await
    }

    async fn judge(
        &self,
        mut got: Reply,
        mut wanted: Reply,
        (ours, before_ours): (&Names, &Counts),
        (theirs, before_theirs): (&Names, &Counts),
    ) -> Option<String> {
        for (of, reply) in [(&self.own, &got), (&self.twin, &wanted)] {
            ended(of, reply).await;
        }
        let grown = (grown(&self.own, before_ours).await, grown(&self.twin, before_theirs).await);
        let origin = |api: &Api| api.base().trim_end_matches("/engine-rest").to_owned();
        let text = got.text().replace(&origin(&self.through), &origin(&self.own.engine));
        let (a, b) = (plain::json(&text, ours, false), plain::json(&wanted.text(), theirs, false));
        let effects =
            (self.effects(&self.own, ours, &got).await, self.effects(&self.twin, theirs, &wanted).await);
        for (reply, value, names) in [(&mut got, &a, ours), (&mut wanted, &b, theirs)] {
            reply.body = value.to_string().into_bytes();
            for (_, header) in &mut reply.headers {
                *header = plain::text(header, names);
            }
        }
        if let Some(difference) = compare::answers(&got, &wanted) {
            return Some(difference);
        }
        if grown.0 != grown.1 {
            return Some(format!("effect\n    gateway {:?}\n    engine  {:?}", grown.0, grown.1));
        }
        let differing = effects.0.iter().zip(&effects.1).find(|(a, b)| a != b)?;
        Some(format!("effect\n    gateway {:?}\n    engine  {:?}", differing.0, differing.1))
    }

    /// What the records and those that the answer names are now, as the engine shows them.
    async fn effects(&self, plenty: &Plenty, names: &Names, reply: &Reply) -> Vec<(String, Value)> {
        let mut paths = BTreeSet::new();
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let mut names = names.clone();
        if let Some(id) = answer["id"].as_str() {
            names.insert("created".into(), id.to_owned());
        }
        for name in names.keys() {
            paths.extend(looks(name));
        }
        let deployed = answer["deploymentTime"].is_string();
        if deployed {
            paths.extend([
                "/deployment?id={created}",
                "/deployment/{created}/resources",
                "/process-definition?deploymentId={created}",
            ]);
        }
        let mut all = Vec::new();
        // In the engine a made incident's configuration is bound to its tenant; answers show it as it was sent.
        let bound = format!("tenantgate:{}:", plenty.side.tenant);
        for path in paths {
            let text = plenty.engine.get(&fill(path, &names)).await.text().replace(&bound, "");
            all.push((path.to_owned(), plain::json(&text, &names, true)));
        }
        if deployed {
            all.push(("files".into(), deployed_files(&plenty.engine, &names).await));
        }
        all
    }
}

/// Waits until the batch that an answer names is done, so that its whole effect shows.
async fn ended(of: &Plenty, reply: &Reply) {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let (Some(id), true) = (answer["id"].as_str(), answer["totalJobs"].is_number()) else { return };
    let id = id.split('.').next().unwrap_or_default();
    // The batch itself is only taken away by a later look at it.
    for _ in 0..300 {
        let list = of.engine.get(&format!("/batch/statistics?batchId={id}")).await.ok().json();
        let done = |batch: &Value| batch["jobsCreated"] == batch["totalJobs"] && batch["remainingJobs"] == 0;
        if list.as_array().unwrap().first().is_none_or(done) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the batch {id} does not end: {reply}");
}

type Counts = Vec<(&'static str, i64)>;

/// How much a tenant has of what writes can add or take.
async fn counts(of: &Plenty) -> Counts {
    let lists = [
        "task",
        "process-instance",
        "case-instance",
        "deployment",
        "history/decision-instance",
        "history/batch",
    ];
    let mut all = Vec::new();
    for list in lists {
        let count = of.engine.get(&format!("/{list}/count?tenantIdIn={}", of.side.tenant)).await.ok().json();
        all.push((list, count["count"].as_i64().unwrap()));
    }
    all
}

async fn grown(of: &Plenty, before: &Counts) -> Counts {
    let now = counts(of).await;
    now.into_iter().zip(before).map(|((list, now), (_, then))| (list, now - then)).collect()
}

/// File names and contents of a deployment.
async fn deployed_files(engine: &Api, names: &Names) -> Value {
    let id = &names["created"];
    let list = engine.get(&format!("/deployment/{id}/resources")).await.ok().json();
    let mut all = serde_json::Map::new();
    for file in list.as_array().unwrap() {
        let data =
            engine.get(&format!("/deployment/{id}/resources/{}/data", file["id"].as_str().unwrap())).await;
        let text: String = data.body.iter().map(|b| char::from(*b)).collect();
        all.insert(file["name"].to_string(), Value::String(plain::text(&text, names)));
    }
    Value::Object(all)
}

/// What to look at after a write that named such a record.
fn looks(name: &str) -> &'static [&'static str] {
    macro_rules! instance {
        ($n:literal) => {
            &[
                concat!("/process-instance?processInstanceIds={", $n, "}"),
                concat!("/execution?processInstanceId={", $n, "}"),
                concat!("/task?processInstanceId={", $n, "}"),
                concat!("/external-task?processInstanceId={", $n, "}"),
                concat!("/job?processInstanceId={", $n, "}"),
                concat!("/incident?processInstanceId={", $n, "}"),
                concat!("/event-subscription?processInstanceId={", $n, "}"),
                concat!("/variable-instance?processInstanceIdIn={", $n, "}"),
                concat!("/history/process-instance?processInstanceId={", $n, "}"),
                concat!("/history/activity-instance?processInstanceId={", $n, "}"),
                concat!("/history/task?processInstanceId={", $n, "}"),
                concat!("/history/variable-instance?processInstanceId={", $n, "}"),
                concat!("/history/incident?processInstanceId={", $n, "}"),
                concat!("/process-instance/{", $n, "}/comment"),
            ]
        };
    }
    match name {
        "order" => instance!("order"),
        "shipping" => instance!("shipping"),
        "watch" => instance!("watch"),
        "failing" => instance!("failing"),
        "finished" => instance!("finished"),
        "filled" => instance!("filled"),
        "working" => instance!("working"),
        "created" => &[
            "/process-instance?processInstanceIds={created}",
            "/task?processInstanceId={created}",
            "/external-task?processInstanceId={created}",
            "/variable-instance?processInstanceIdIn={created}",
            "/history/activity-instance?processInstanceId={created}",
            "/variable-instance?caseInstanceIdIn={created}",
            "/case-execution?caseInstanceId={created}",
            "/job-definition?jobDefinitionId={created}",
        ],
        "review" => &[
            "/task/{review}/identity-links",
            "/task/{review}/comment",
            "/task/{review}/attachment",
            "/task/{review}/localVariables",
            "/history/identity-link-log?taskId={review}",
        ],
        "errand" => {
            &["/task?taskId={errand}", "/history/task?taskId={errand}", "/task?parentTaskId={errand}"]
        }
        "newCase" => &[
            "/case-instance?caseInstanceId={newCase}",
            "/case-execution?caseInstanceId={newCase}",
            "/variable-instance?caseInstanceIdIn={newCase}",
            "/history/case-instance?caseInstanceId={newCase}",
            "/history/case-activity-instance?caseInstanceId={newCase}",
        ],
        "spare" => &[
            "/deployment?id={spare}",
            "/process-definition?deploymentId={spare}",
            "/decision-definition?deploymentId={spare}",
            "/case-definition?deploymentId={spare}",
            "/job-definition?processDefinitionKey={spareKey}w",
            "/process-instance?deploymentId={spare}",
        ],
        "batch" => &["/batch?batchId={batch}", "/history/batch?batchId={batch}"],
        "ownFilter" => &["/filter?filterId={ownFilter}", "/filter/{ownFilter}"],
        "decided" => &["/history/decision-instance?decisionInstanceId={decided}"],
        "finishedBatch" => &["/history/batch?batchId={finishedBatch}"],
        "T" => &["/tenant/{T}", "/user/{T}/profile"],
        _ => &[],
    }
}

/// A text with its names filled in.
pub fn fill(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Fresh records of one twin, as far as the texts name them.
async fn fresh(of: &Plenty, texts: &str) -> Names {
    let mut names = of.names.clone();
    let wants = |any: &[&str]| any.iter().any(|n| texts.contains(&format!("{{{n}}}")));
    let mut put = |name: &str, id: String| drop(names.insert(name.to_owned(), id));
    let engine = &of.engine;
    let marker = &of.side.marker;
    put("missing", missing_id());
    let start = async |definition: &str, key: &str| {
        let body = json!({"businessKey": key, "variables": {"note": {"value": key}, "amount": {"value": 10, "type": "Integer"}}});
        engine.post(&format!("/process-definition/{definition}/start"), body).await.ok().id()
    };
    let lock = json!({"workerId": "w", "lockDuration": 600_000});
    if wants(&["order", "review", "comment", "attachment", "ownIncident"]) {
        let order = start(&of.side.order_definition, marker).await;
        let review = first(engine, "/task", &order).await;
        if wants(&["comment"]) {
            let body = json!({"message": "old", "processInstanceId": order});
            put("comment", engine.post(&format!("/task/{review}/comment/create"), body).await.ok().id());
        }
        if wants(&["attachment"]) {
            let form = Form::new().field("attachment-name", "a").file("content", "a.txt", b"a");
            put(
                "attachment",
                engine.form(&format!("/task/{review}/attachment/create"), form).await.ok().id(),
            );
        }
        if wants(&["ownIncident"]) {
            let body = json!({"incidentType": "mine", "configuration": order});
            put(
                "ownIncident",
                engine.post(&format!("/execution/{order}/create-incident"), body).await.ok().id(),
            );
        }
        put("order", order);
        put("review", review);
    }
    if wants(&["shipping", "ship", "locked", "finished", "finishedVariable"]) {
        let shipping = start(&of.side.order_definition, marker).await;
        let review = first(engine, "/task", &shipping).await;
        engine.post(&format!("/task/{review}/complete"), json!({})).await.ok();
        let ship = first(engine, "/external-task", &shipping).await;
        if wants(&["locked", "finished", "finishedVariable"]) {
            engine.post(&format!("/external-task/{ship}/lock"), lock.clone()).await.ok();
        }
        if wants(&["finished", "finishedVariable"]) {
            engine.post(&format!("/external-task/{ship}/complete"), json!({"workerId": "w"})).await.ok();
            let list = engine
                .get(&format!("/history/variable-instance?processInstanceId={shipping}&variableName=note"))
                .await;
            put("finishedVariable", list.ids()[0].clone());
            put("finished", shipping);
        } else {
            put("locked", ship.clone());
            put("ship", ship);
            put("shipping", shipping);
        }
    }
    if wants(&["watch", "timer", "goodsExecution", "closingExecution", "incident", "uniqueKey"]) {
        let key = format!("key{}", random());
        let watch = start(&of.side.watch_definition, &key).await;
        put("timer", first(engine, "/job", &watch).await);
        for (name, activity) in [("goodsExecution", "goods"), ("closingExecution", "closing")] {
            let list =
                engine.get(&format!("/execution?processInstanceId={watch}&activityId={activity}")).await.ok();
            put(name, list.ids()[0].clone());
        }
        if wants(&["incident"]) {
            let count = first(engine, "/external-task", &watch).await;
            engine.post(&format!("/external-task/{count}/lock"), lock.clone()).await.ok();
            let body = json!({"workerId": "w", "errorMessage": "m", "retries": 0});
            engine.post(&format!("/external-task/{count}/failure"), body).await.ok();
            put("incident", first(engine, "/incident", &watch).await);
        }
        put("uniqueKey", key);
        put("watch", watch);
    }
    if wants(&["fill", "work"]) {
        let filled = start(&of.names["formDefinition"].clone(), marker).await;
        let task = first(engine, "/task", &filled).await;
        if wants(&["work"]) {
            engine.post(&format!("/task/{task}/complete"), json!({})).await.ok();
            let work = first(engine, "/external-task", &filled).await;
            engine.post(&format!("/external-task/{work}/lock"), lock.clone()).await.ok();
            put("work", work);
            put("working", filled);
        } else {
            put("fill", task);
            put("filled", filled);
        }
    }
    if wants(&["errand"]) {
        let id = format!("errand{}", random());
        engine
            .post("/task/create", json!({"id": id, "name": "Errand", "tenantId": of.side.tenant}))
            .await
            .ok();
        put("errand", id);
    }
    if wants(&["newCase", "look", "call"]) {
        let path = format!("/case-definition/{}/create", of.names["caseDefinition"]);
        let case = engine
            .post(&path, json!({"businessKey": marker, "variables": {"note": {"value": marker}}}))
            .await
            .ok()
            .id();
        for (name, activity) in [("look", "itemLook"), ("call", "itemCall")] {
            let list = engine
                .get(&format!("/case-execution?caseInstanceId={case}&activityId={activity}"))
                .await
                .ok();
            put(name, list.ids()[0].clone());
        }
        put("newCase", case);
    }
    if texts.contains("{spare") {
        for (name, id) in spare(of).await {
            put(&name, id);
        }
    }
    if wants(&["ownFilter"]) {
        let name = format!("Errand {}", random());
        for _ in 0..2 {
            let task = json!({"name": name, "tenantId": of.side.tenant});
            engine.post("/task/create", task).await.ok();
        }
        let query = json!({"tenantIdIn": [of.side.tenant], "name": name});
        put("errandName", name);
        let body = json!({"resourceType": "Task", "name": "Own", "owner": of.side.tenant, "query": query});
        put("ownFilter", engine.post("/filter/create", body).await.ok().id());
    }
    if wants(&["decided"]) {
        let path = format!("/decision-definition/key/discount/tenant-id/{}/evaluate", of.side.tenant);
        engine.post(&path, json!({"variables": {"amount": {"value": 5, "type": "Integer"}}})).await.ok();
        let list = format!(
            "/history/decision-instance?tenantIdIn={}&sortBy=evaluationTime&sortOrder=desc&maxResults=1",
            of.side.tenant
        );
        put("decided", engine.get(&list).await.ok().ids()[0].clone());
    }
    if wants(&["batch", "finishedBatch"]) {
        let order = start(&of.side.order_definition, marker).await;
        let path = format!("/process-instance/{order}/modification-async");
        let body = json!({"instructions": [{"type": "startBeforeActivity", "activityId": "review"}]});
        let mut batch = engine.post(&path, body.clone()).await.ok().id();
        if wants(&["batch"]) {
            while !stays_suspended(engine, &batch).await {
                batch = engine.post(&path, body.clone()).await.ok().id();
            }
            put("batch", batch);
        } else {
            for _ in 0..240 {
                if engine.get(&format!("/batch/{batch}")).await.status == 404 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            put("finishedBatch", batch);
        }
    }
    names
}

/// Suspends a batch; false where the engine is done with it before, or soon after: with jobs that it had begun.
async fn stays_suspended(engine: &Api, batch: &str) -> bool {
    let suspend = json!({"suspended": true});
    if engine.put(&format!("/batch/{batch}/suspended"), suspend).await.status != 204 {
        return false;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    engine.get(&format!("/batch/{batch}")).await.status == 200
}

/// A deployment of its own with keys of its own.
async fn spare(of: &Plenty) -> Vec<(String, String)> {
    let key = format!("spare{}", random());
    let marker = &of.side.marker;
    let claim = include_str!("../models/claim.cmmn").replace("id=\"claim\"", &format!("id=\"{key}c\""));
    let mut all: Vec<(&str, Vec<u8>)> = files(marker)
        .into_iter()
        .map(|(name, content)| {
            let text = String::from_utf8(content).unwrap();
            let text = text
                .replace("process id=\"order\"", &format!("process id=\"{key}\""))
                .replace("process id=\"watch\"", &format!("process id=\"{key}w\""))
                .replace("decision id=\"discount\"", &format!("decision id=\"{key}d\""))
                .replace("id=\"pricing\"", &format!("id=\"{key}r\""));
            (name, text.into_bytes())
        })
        .collect();
    all.push(("claim.cmmn", claim.into_bytes()));
    let files: Vec<(&str, &[u8])> = all.iter().map(|(n, c)| (*n, c.as_slice())).collect();
    let form = Form::deployment("spare", Some(&of.side.tenant), &files);
    let reply = of.engine.form("/deployment/create", form).await.ok().json();
    let id = |kind: &str, wanted: &str| {
        let all = reply[kind].as_object().unwrap();
        all.values().find(|d| d["key"] == wanted).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/job-definition?processDefinitionKey={key}w");
    let jobs = of.engine.get(&path).await.ok().ids();
    let start = format!("/process-definition/{}/start", id("deployedProcessDefinitions", &format!("{key}w")));
    if !of.side.tenant.is_empty() {
        of.engine.post(&start, json!({})).await.ok();
    }
    vec![
        ("spare".into(), reply["id"].as_str().unwrap().to_owned()),
        ("spareDefinition".into(), id("deployedProcessDefinitions", &key)),
        ("spareWatch".into(), id("deployedProcessDefinitions", &format!("{key}w"))),
        ("spareDecision".into(), id("deployedDecisionDefinitions", &format!("{key}d"))),
        ("spareCase".into(), id("deployedCaseDefinitions", &format!("{key}c"))),
        ("spareJobDefinition".into(), jobs[0].clone()),
        ("spareKey".into(), key),
    ]
}
