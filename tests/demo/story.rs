//! The story: each application sets itself up as if the engine were its own, works, and reaches for the other.

use reqwest::Method;
use serde_json::{Value, json};

use crate::applications::name;
use crate::support::api::{Api, Reply};
use crate::support::gateway::Gateway;
use crate::support::issuer::{AUDIENCE, Issuer, SECRET};
use crate::support::missing_id;
use crate::support::multipart::Form;
use crate::support::snapshot::{Snapshot, snapshot};
use crate::support::world::order;
use crate::table::{Meant, Table};

/// The first application.
pub const A: &str = "webshop";
/// The second.
pub const B: &str = "insurance";
/// The third, which nobody told the gateway about.
pub const C: &str = "newcomer";

/// Everything the story plays on.
pub struct Stage {
    /// How the steps came out.
    pub table: Table,
    engine: Api,
    issuer: Api,
    gateway: Api,
}

/// An application: its client id, its token at work, and what it started.
struct App {
    id: &'static str,
    api: Api,
    instance: String,
    task: String,
}

impl Stage {
    /// A stage whose parts are up.
    pub fn new(engine: &str, issuer: &Issuer, gateway: &Gateway) -> Self {
        Self {
            table: Table::default(),
            engine: Api::new(engine),
            issuer: Api::new(issuer.issuer()),
            gateway: gateway.api(),
        }
    }

    /// All chapters.
    pub async fn play(&mut self) {
        let a = self.set_up(A).await;
        let b = self.set_up(B).await;
        // Reaching for what was never made would prove nothing.
        if a.task.is_empty() || b.task.is_empty() {
            return;
        }
        self.reach_over(&a, &b).await;
        self.reach_over(&b, &a).await;
        self.finish(&a).await;
        self.finish(&b).await;
        self.table.heading(&format!("{C}: a client the gateway has never heard of"));
        let token = self.token(C).await;
        let third = self.gateway.with_token(&token);
        let tasks = third.get("/task").await;
        self.allowed(C, "GET /task", &tasks, 200, (tasks.text() == "[]").then_some("an empty list"));
    }

    fn allowed(&mut self, who: &str, asks: &str, reply: &Reply, status: u16, also: Option<&str>) {
        let wrong = (reply.status != status || also.is_none())
            .then(|| format!("expected {status}, got {}", brief(reply)));
        let came = format!("{} {}", reply.status, also.unwrap_or_default());
        self.table.step(who, asks, Meant::Allowed, came.trim_end(), wrong);
    }

    fn refused(&mut self, who: &str, asks: &str, reply: &Reply, status: u16, code: &str) {
        let got = reply.refusal().unwrap_or_default();
        let wrong =
            (reply.status != status || got != code).then(|| format!("expected {code}, got {}", brief(reply)));
        self.table.step(who, asks, Meant::Refused, format!("{} {got}", reply.status).trim_end(), wrong);
    }

    /// The foreign id must be answered as one that never existed: status, headers and body.
    async fn as_missing(&mut self, app: &App, asks: &str, template: &str, id: &str, body: Option<&Value>) {
        let missing = if template.contains("tenant-id") { "nobody".to_owned() } else { missing_id() };
        let ask = async |id: &str| {
            let path = template.replace("{id}", id);
            match body {
                Some(body) => app.api.post(&path, body.clone()).await,
                None => app.api.get(&path).await,
            }
        };
        let (foreign, unknown) = (ask(id).await, ask(&missing).await);
        let same = told(&foreign, id) == told(&unknown, &missing);
        let wrong = (!same || foreign.status < 400)
            .then(|| format!("not answered as an unknown id: {} and {}", brief(&foreign), brief(&unknown)));
        let came = format!("{} as an id that never existed", foreign.status);
        self.table.step(app.id, asks, Meant::Refused, &came, wrong);
    }

    async fn token(&mut self, id: &'static str) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={SECRET}&audience={}",
            AUDIENCE.replace(':', "%3A").replace('/', "%2F")
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = self.issuer.send(Method::POST, "/oauth/token", &headers, form.into_bytes()).await;
        let token = reply.json()["access_token"].as_str().unwrap_or_default().to_owned();
        let also = (!token.is_empty()).then_some("a token");
        self.allowed(id, "POST /oauth/token (at the issuer, by form)", &reply, 200, also);
        token
    }

    async fn set_up(&mut self, id: &'static str) -> App {
        self.table.heading(&format!("{id}: sets itself up, as if the engine were its own"));
        let token = self.token(id).await;
        let api = self.gateway.with_token(&token);
        let reply = api.get(&format!("/tenant/{id}")).await;
        self.allowed(id, &format!("GET /tenant/{id}"), &reply, 404, Some("not there yet"));
        let reply = api.post("/tenant/create", json!({"id": id, "name": name(id)})).await;
        self.allowed(id, &format!("POST /tenant/create {{\"id\":\"{id}\"}}"), &reply, 204, Some(""));
        let form = Form::deployment("order", Some(id), &[("order.bpmn", &order(id))]);
        let reply = api.form("/deployment/create", form).await;
        let own = field(&reply, "tenantId") == id;
        self.allowed(
            id,
            "POST /deployment/create order.bpmn",
            &reply,
            200,
            own.then_some("deployed as its own"),
        );
        let reply = api.post("/process-definition/key/order/start", json!({"businessKey": id})).await;
        let instance = field(&reply, "id");
        let own = field(&reply, "tenantId") == id;
        self.allowed(
            id,
            "POST /process-definition/key/order/start",
            &reply,
            200,
            own.then_some("own definition"),
        );
        let by_get = api.get(&format!("/task?tenantIdIn={id}")).await;
        let one = rows(&by_get) == [id];
        self.allowed(id, &format!("GET /task?tenantIdIn={id}"), &by_get, 200, one.then_some("its one task"));
        let by_post = api.post("/task", json!({"tenantIdIn": [id]})).await;
        let one = rows(&by_post) == [id];
        let asks = format!("POST /task {{\"tenantIdIn\":[\"{id}\"]}}");
        self.allowed(id, &asks, &by_post, 200, one.then_some("the same"));
        let first: Value = serde_json::from_slice(&by_get.body).unwrap_or_default();
        let task = first[0]["id"].as_str().unwrap_or_default().to_owned();
        App { id, api, instance, task }
    }

    async fn reach_over(&mut self, app: &App, other: &App) {
        let (me, them) = (app.id, other.id);
        self.table.heading(&format!("{me}: reaches for what is {them}'s, knowing every id of it"));
        let before = self.state(them).await;
        let tenant = "TG403-TENANT";
        let reply = app.api.get(&format!("/task?tenantIdIn={them}")).await;
        self.refused(me, &format!("GET /task?tenantIdIn={them}"), &reply, 403, tenant);
        let reply = app.api.get(&format!("/task?tenantIdIn={me},{them}")).await;
        self.refused(me, &format!("GET /task?tenantIdIn={me},{them}"), &reply, 403, tenant);
        let reply = app.api.post("/task", json!({"tenantIdIn": [them]})).await;
        self.refused(me, &format!("POST /task {{\"tenantIdIn\":[\"{them}\"]}}"), &reply, 403, tenant);
        let twice = format!(r#"{{"tenantIdIn":["{me}"],"tenantIdIn":["{them}"]}}"#);
        let reply = app.api.json(Method::POST, "/task", &twice).await;
        self.refused(me, "POST /task with tenantIdIn twice", &reply, 400, "TG400-BODY");
        let form = Form::deployment("order", Some(them), &[("order.bpmn", &order("taken"))]);
        let reply = app.api.form("/deployment/create", form).await;
        self.refused(me, &format!("POST /deployment/create tenant-id={them}"), &reply, 403, tenant);
        self.as_missing(app, &format!("GET /task/{}", other.task), "/task/{id}", &other.task, None).await;
        let (asks, body) = (format!("POST /task/{}/complete", other.task), json!({}));
        self.as_missing(app, &asks, "/task/{id}/complete", &other.task, Some(&body)).await;
        let asks = format!("GET /process-instance/{}", other.instance);
        self.as_missing(app, &asks, "/process-instance/{id}", &other.instance, None).await;
        let asks = format!("POST …/key/order/tenant-id/{them}/start");
        let path = "/process-definition/key/order/tenant-id/{id}/start";
        self.as_missing(app, &asks, path, them, Some(&body)).await;
        let reply = app.api.get("/authorization").await;
        self.refused(me, "GET /authorization", &reply, 403, "TG403-DENIED");
        let reply = self.gateway.get("/task").await;
        self.refused("(nobody)", "GET /task without a token", &reply, 401, "TG401-MISSING");
        // What is served, and yet shows own rows only.
        let reply = app.api.get("/task").await;
        let one = rows(&reply) == [me];
        self.allowed(me, "GET /task", &reply, 200, one.then_some("its own, nothing else"));
        let forged = [("X-Camunda-User", "camunda-admin"), ("X_Camunda_Tenants", them)];
        let reply = app.api.send(Method::GET, "/task", &forged, Vec::new()).await;
        let one = rows(&reply) == [me];
        self.allowed(
            me,
            "GET /task with forged identity headers",
            &reply,
            200,
            one.then_some("its own, nothing else"),
        );
        let same = before == self.state(them).await;
        let came = if same { "the same before and after" } else { "changed" };
        let wrong = (!same).then(|| format!("something of {them} changed"));
        self.table.step("(engine)", &format!("the whole state of {them}"), Meant::Allowed, came, wrong);
    }

    async fn finish(&mut self, app: &App) {
        let me = app.id;
        self.table.heading(&format!("{me}: finishes its work"));
        let reply = app.api.post(&format!("/task/{}/claim", app.task), json!({"userId": "clerk"})).await;
        self.allowed(me, "POST /task/{own}/claim", &reply, 204, Some(""));
        let reply = app.api.post(&format!("/task/{}/complete", app.task), json!({})).await;
        self.allowed(me, "POST /task/{own}/complete", &reply, 204, Some(""));
        let fetch = json!({
            "workerId": "worker", "maxTasks": 10, "topics": [{"topicName": "ship", "lockDuration": 60_000}],
        });
        let reply = app.api.post("/external-task/fetchAndLock", fetch).await;
        let one = rows(&reply) == [me];
        self.allowed(
            me,
            "POST /external-task/fetchAndLock",
            &reply,
            200,
            one.then_some("its own, nothing else"),
        );
        let first: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let task = first[0]["id"].as_str().unwrap_or_default();
        let reply =
            app.api.post(&format!("/external-task/{task}/complete"), json!({"workerId": "worker"})).await;
        self.allowed(me, "POST /external-task/{own}/complete", &reply, 204, Some(""));
        let reply = app.api.get(&format!("/history/process-instance/{}", app.instance)).await;
        let done = field(&reply, "state") == "COMPLETED";
        self.allowed(me, "GET /history/process-instance/{own}", &reply, 200, done.then_some("completed"));
    }

    async fn state(&self, tenant: &str) -> Snapshot {
        snapshot(&self.engine, tenant).await
    }
}

/// What an answer tells; a name in the id's place may have another length.
fn told(reply: &Reply, id: &str) -> (u16, Vec<(String, String)>, String) {
    let (status, mut headers, body) = reply.telling(id);
    headers.retain(|(name, _)| name != "content-length");
    (status, headers, body)
}

/// Status and the beginning of the body.
fn brief(reply: &Reply) -> String {
    format!("{} {}", reply.status, reply.text().chars().take(160).collect::<String>())
}

fn field(reply: &Reply, name: &str) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body[name].as_str().unwrap_or_default().to_owned()
}

/// The tenants of the rows of a list.
fn rows(reply: &Reply) -> Vec<String> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let rows = body.as_array().into_iter().flatten();
    rows.map(|row| row["tenantId"].as_str().unwrap_or("none").to_owned()).collect()
}
