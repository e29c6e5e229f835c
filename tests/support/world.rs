//! Two tenants on the engine with the same keys and names, told apart by markers in every free text.
//!
//! Everything is made through the engine itself, so that a world does not depend on what is under test.

use serde_json::{Value, json};

use super::api::{Api, Reply};
use super::multipart::Form;
use super::{engine, random};

const ORDER: &str = include_str!("models/order.bpmn");
const WATCH: &str = include_str!("models/watch.bpmn");
const DISCOUNT: &str = include_str!("models/discount.dmn");

/// The files of a tenant's deployment, marked.
pub fn files(marker: &str) -> [(&'static str, Vec<u8>); 3] {
    [("order.bpmn", ORDER), ("watch.bpmn", WATCH), ("discount.dmn", DISCOUNT)]
        .map(|(name, text)| (name, text.replace("MARKER", marker).into_bytes()))
}

/// The story's only model, marked.
pub fn order(marker: &str) -> Vec<u8> {
    ORDER.replace("MARKER", marker).into_bytes()
}

/// One tenant and the ids of what it has.
#[derive(Clone, Debug)]
pub struct Side {
    /// The tenant, which is the client id too.
    pub tenant: String,
    /// Stands in every free text of this tenant and nowhere else.
    pub marker: String,
    /// The deployment of all three files.
    pub deployment: String,
    /// The definition of `order`.
    pub order_definition: String,
    /// The definition of `watch`.
    pub watch_definition: String,
    /// An instance of `order`, waiting at its user task.
    pub order: String,
    /// The user task `review` of that instance.
    pub review: String,
    /// An instance of `order`, waiting at its external task `ship`.
    pub shipping: String,
    /// The external task `ship` of that instance; not locked.
    pub ship: String,
    /// An instance of `watch`, waiting at everything.
    pub watch: String,
    /// The external task `count` of `watch`, failed: it has an incident.
    pub count: String,
    /// The timer job of `watch`.
    pub timer: String,
    /// A finished instance of `order`.
    pub finished: String,
    /// A task without process.
    pub errand: String,
}

/// Two tenants alike.
pub struct World {
    /// The caller's side.
    pub a: Side,
    /// The other's.
    pub b: Side,
    /// A client of the engine itself.
    pub engine: Api,
}

impl World {
    /// Two new tenants with everything.
    pub async fn seed() -> Self {
        let engine = engine::api();
        Self { a: Side::seed(&engine, "A").await, b: Side::seed(&engine, "B").await, engine }
    }
}

impl Side {
    /// A new tenant whose id begins with `t` and that letter.
    pub async fn seed(engine: &Api, letter: &str) -> Self {
        let name = format!("{letter}{}", random());
        let (tenant, marker) = (format!("t{name}"), format!("MARKERx{name}"));
        engine.post("/tenant/create", json!({"id": tenant, "name": marker})).await.ok();
        let deployed = deploy(engine, &tenant, &marker).await;
        let definition = |key: &str| {
            let all = deployed["deployedProcessDefinitions"].as_object().unwrap();
            all.values().find(|d| d["key"] == key).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (order_definition, watch_definition) = (definition("order"), definition("watch"));
        let order = start(engine, &order_definition, &marker).await;
        let shipping = start(engine, &order_definition, &marker).await;
        let finished = start(engine, &order_definition, &marker).await;
        let watch = start(engine, &watch_definition, &marker).await;
        for instance in [&shipping, &finished] {
            let task = first(engine, "/task", instance).await;
            engine.post(&format!("/task/{task}/complete"), json!({})).await.ok();
        }
        let done = first(engine, "/external-task", &finished).await;
        end(engine, &done, "complete", json!({"variables": {"parcel": {"value": marker}}})).await;
        let count = first(engine, "/external-task", &watch).await;
        let trouble = json!({"errorMessage": marker, "errorDetails": marker, "retries": 0});
        end(engine, &count, "failure", trouble).await;
        let review = first(engine, "/task", &order).await;
        engine.post(&format!("/task/{review}/comment/create"), json!({"message": marker})).await.ok();
        let attachment = Form::new()
            .field("attachment-name", &marker)
            .field("attachment-description", &marker)
            .file("content", "note.txt", marker.as_bytes());
        engine.form(&format!("/task/{review}/attachment/create"), attachment).await.ok();
        let errand = format!("errand{}", random());
        let task = json!({"id": errand, "name": "Errand", "description": marker, "tenantId": tenant});
        engine.post("/task/create", task).await.ok();
        Self {
            ship: first(engine, "/external-task", &shipping).await,
            timer: first(engine, "/job", &watch).await,
            deployment: deployed["id"].as_str().unwrap().to_owned(),
            review,
            count,
            order_definition,
            watch_definition,
            order,
            shipping,
            watch,
            finished,
            errand,
            marker,
            tenant,
        }
    }

    /// Every text that must not show up where another tenant reads.
    pub fn secrets(&self) -> Vec<&str> {
        let all = [
            &self.tenant,
            &self.marker,
            &self.deployment,
            &self.order_definition,
            &self.watch_definition,
            &self.order,
            &self.review,
            &self.shipping,
            &self.ship,
            &self.watch,
            &self.count,
            &self.timer,
            &self.finished,
            &self.errand,
        ];
        all.map(String::as_str).to_vec()
    }

    /// Fails the test when the answer holds anything of this tenant, but what the caller itself had asked for.
    #[track_caller]
    pub fn not_in(&self, reply: &Reply) {
        let text = format!("{:?} {}", reply.headers, reply.text());
        for secret in self.secrets().into_iter().filter(|s| !reply.asked.contains(s)) {
            assert!(!text.contains(secret), "`{secret}` of {} shows in {reply}", self.tenant);
        }
    }

    /// Fails the test when the answer does not hold this tenant's marker: the twin of [`Side::not_in`].
    #[track_caller]
    pub fn is_in(&self, reply: &Reply) {
        assert!(reply.text().contains(&self.marker), "nothing of {} in {reply}", self.tenant);
    }
}

/// Deploys all three files for a tenant; the engine's answer.
pub async fn deploy(engine: &Api, tenant: &str, marker: &str) -> Value {
    let files = files(marker);
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    engine.form("/deployment/create", Form::deployment(marker, Some(tenant), &files)).await.ok().json()
}

/// Starts an instance with a marked business key and variable; its id.
pub async fn start(engine: &Api, definition: &str, marker: &str) -> String {
    let body = json!({
        "businessKey": marker,
        "variables": {"note": {"value": marker}, "amount": {"value": 10, "type": "Integer"}},
    });
    engine.post(&format!("/process-definition/{definition}/start"), body).await.ok().id()
}

/// The first of a list for an instance; its id.
pub async fn first(engine: &Api, list: &str, instance: &str) -> String {
    let reply = engine.get(&format!("{list}?processInstanceId={instance}")).await.ok();
    reply.ids().into_iter().next().unwrap_or_else(|| panic!("empty: {reply}"))
}

/// Locks an external task and ends it with `complete` or `failure`.
async fn end(engine: &Api, task: &str, how: &str, mut body: Value) {
    let lock = json!({"workerId": "seed", "lockDuration": 60_000});
    engine.post(&format!("/external-task/{task}/lock"), lock).await.ok();
    body["workerId"] = json!("seed");
    engine.post(&format!("/external-task/{task}/{how}"), body).await.ok();
}
