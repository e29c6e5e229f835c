//! What fifty tenants ask, and what became of it: each answer is looked through for the marker of another tenant, and each
//! write is kept in mind to be found again, or not, at the engine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::{Api, Reply};

/// Stands before the number of its tenant in every text of it.
const MARK: &str = "marker-";

/// What became of the requests of a phase: by operation and outcome, how many.
pub type Outcomes = BTreeMap<(&'static str, String), usize>;

/// Where a write was said to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Answered with 2xx.
    Done,
    /// Refused or failed, or no answer: the client can't know.
    Failed,
}

/// One tenant.
pub struct Tenant {
    pub number: usize,
    pub id: String,
    api: Mutex<Api>,
    /// Each started instance by its business key, and each completed task by its id.
    pub started: Mutex<BTreeMap<String, Said>>,
    pub completed: Mutex<BTreeMap<String, Said>>,
    /// An instance that others know and ask for.
    pub known: Mutex<Option<String>>,
    next: AtomicUsize,
}

/// What all clients share.
pub struct Field {
    pub tenants: Vec<Tenant>,
    pub outcomes: Mutex<Outcomes>,
    pub leaks: Mutex<Vec<String>>,
    pub over: AtomicBool,
    /// Everybody asks for long answers besides.
    pub flood: AtomicBool,
}

impl Tenant {
    pub fn new(number: usize, id: String, api: Api) -> Self {
        Self {
            number,
            id,
            api: Mutex::new(api),
            started: Mutex::default(),
            completed: Mutex::default(),
            known: Mutex::default(),
            next: AtomicUsize::new(0),
        }
    }

    /// The text that stands in all that it has.
    pub fn marker(&self) -> String {
        format!("{MARK}{:02}", self.number)
    }

    /// Signs in anew.
    pub fn renew(&self, token: &str) {
        let mut api = self.api.lock().unwrap();
        *api = api.with_token(token);
    }

    fn api(&self) -> Api {
        self.api.lock().unwrap().clone()
    }
}

impl Field {
    /// Takes what was counted so far.
    pub fn taken(&self) -> Outcomes {
        std::mem::take(&mut self.outcomes.lock().unwrap())
    }

    fn count(&self, operation: &'static str, outcome: String) {
        *self.outcomes.lock().unwrap().entry((operation, outcome)).or_default() += 1;
    }

    /// Asks, counts, and looks through the answer.
    async fn ask(
        &self,
        tenant: &Tenant,
        operation: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Option<Reply> {
        let headers = [("content-type", "application/json")];
        let headers = if body.is_some() { &headers[..] } else { &[] };
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let Ok(reply) = tenant.api().try_send(method, path, headers, body).await else {
            self.count(operation, "no answer".into());
            return None;
        };
        let code = reply.refusal().unwrap_or_default();
        let waits = if reply.status == 503 && reply.header("retry-after").is_none() {
            " without Retry-After"
        } else {
            ""
        };
        self.count(operation, format!("{} {code}{waits}", reply.status).trim().to_owned());
        let (text, own) = (reply.text(), tenant.marker());
        if let Some(foreign) = text.match_indices(MARK).find(|(at, _)| !text[*at..].starts_with(&own)) {
            let what: String = text[foreign.0..].chars().take(40).collect();
            self.leaks.lock().unwrap().push(format!("{} saw {what} in {reply}", tenant.id));
        }
        Some(reply)
    }

    /// A tenant's client that asks until it is over; `seed` sets its order apart from others'.
    pub async fn client(self: Arc<Self>, tenant: usize, seed: usize) {
        let mut at = seed;
        while !self.over.load(Ordering::SeqCst) {
            // A walk through all residues, in another order for each client.
            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pick = at >> 33;
            self.step(&self.tenants[tenant], pick % 10, pick / 10).await;
            tokio::time::sleep(Duration::from_millis(150 + (pick % 200) as u64)).await;
        }
    }

    async fn step(&self, tenant: &Tenant, kind: usize, pick: usize) {
        let get = Method::GET;
        match kind {
            0 | 1 => self.start(tenant).await,
            2 => drop(self.ask(tenant, "list", get, "/task?maxResults=20", None).await),
            3 => {
                let body = json!({"sorting": [{"sortBy": "businessKey", "sortOrder": "desc"}]});
                self.ask(tenant, "query", Method::POST, "/process-instance?maxResults=20", Some(body)).await;
            }
            4 => drop(self.ask(tenant, "by key", get, "/process-definition/key/soak", None).await),
            5 => drop(self.ask(tenant, "count", get, "/history/process-instance/count", None).await),
            6 => self.foreign(tenant, pick).await,
            7 => self.complete(tenant).await,
            8 => self.work(tenant, pick).await,
            _ => self.own(tenant).await,
        }
        if self.flood.load(Ordering::SeqCst) {
            let path = "/history/activity-instance?maxResults=20000";
            self.ask(tenant, "flood", Method::GET, path, None).await;
        }
    }

    async fn start(&self, tenant: &Tenant) {
        let key = format!("{}-{}", tenant.marker(), tenant.next.fetch_add(1, Ordering::SeqCst));
        tenant.started.lock().unwrap().insert(key.clone(), Said::Failed);
        let marked = json!({"text": {"value": tenant.marker(), "type": "String"}});
        let body = json!({"businessKey": key, "variables": marked});
        let path = "/process-definition/key/soak/start";
        let Some(reply) = self.ask(tenant, "start", Method::POST, path, Some(body)).await else { return };
        if reply.status == 200 {
            tenant.started.lock().unwrap().insert(key, Said::Done);
            tenant.known.lock().unwrap().get_or_insert_with(|| reply.id());
        }
    }

    async fn complete(&self, tenant: &Tenant) {
        let Some(reply) = self.ask(tenant, "list", Method::GET, "/task?maxResults=5", None).await else {
            return;
        };
        let Some(task) = (reply.status == 200).then(|| reply.ids().first().cloned()).flatten() else {
            return;
        };
        tenant.completed.lock().unwrap().insert(task.clone(), Said::Failed);
        let path = format!("/task/{task}/complete");
        let reply = self.ask(tenant, "complete", Method::POST, &path, Some(json!({}))).await;
        if reply.is_some_and(|reply| reply.status == 204) {
            tenant.completed.lock().unwrap().insert(task, Said::Done);
        }
    }

    /// A long poll, short or long, and what it got done.
    async fn work(&self, tenant: &Tenant, pick: usize) {
        let worker = tenant.marker();
        let body = json!({"workerId": worker, "maxTasks": 3, "asyncResponseTimeout": if pick.is_multiple_of(2) { 4_000 } else { 20_000 },
            "topics": [{"topicName": "soak", "lockDuration": 5000}]});
        let path = "/external-task/fetchAndLock";
        let Some(reply) = self.ask(tenant, "long poll", Method::POST, path, Some(body)).await else { return };
        for task in if reply.status == 200 { reply.ids() } else { Vec::new() } {
            let path = format!("/external-task/{task}/complete");
            self.ask(tenant, "work", Method::POST, &path, Some(json!({"workerId": worker}))).await;
        }
    }

    /// An instance of another tenant: as one that never existed.
    async fn foreign(&self, tenant: &Tenant, pick: usize) {
        let other = &self.tenants[pick % self.tenants.len()];
        let Some(id) = other.known.lock().unwrap().clone().filter(|_| other.number != tenant.number) else {
            return;
        };
        let path = format!("/process-instance/{id}");
        let Some(reply) = self.ask(tenant, "foreign", Method::GET, &path, None).await else { return };
        if reply.status < 400 {
            self.leaks.lock().unwrap().push(format!("{} was answered {reply}", tenant.id));
        }
    }

    async fn own(&self, tenant: &Tenant) {
        let Some(id) = tenant.known.lock().unwrap().clone() else { return };
        let path = format!("/history/process-instance/{id}");
        let Some(reply) = self.ask(tenant, "own", Method::GET, &path, None).await else { return };
        if reply.status == 200 && !reply.text().contains(&tenant.marker()) {
            self.leaks.lock().unwrap().push(format!("{} was answered {reply} of itself", tenant.id));
        }
    }
}
