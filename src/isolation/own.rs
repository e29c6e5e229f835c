//! The gateway's own questions and writes: pinned to the caller by the builder, or below a record that a look-up found
//! to be the caller's. Nothing here takes a path or an id from a client.

use bytes::Bytes;

use super::engine::{Engine, Found, needed, rows, unreadable};
use super::substitutes::fresh;
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Caller;

/// Rows of one page of a list.
const PAGE: usize = 1000;

/// An id that a look-up found to be the caller's: the only one that a write takes.
///
/// ```
/// fn takes(_: &tenantgate::isolation::OwnId) {}
/// ```
/// ```compile_fail,E0423
/// let _ = tenantgate::isolation::OwnId("4711".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnId(String);

/// An id that the caller may read: its own, or a shared record's where those are readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadableId(String);

impl OwnId {
    pub(super) fn found(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ReadableId {
    pub(super) fn found(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<OwnId> for ReadableId {
    fn from(own: OwnId) -> Self {
        Self(own.0)
    }
}

/// A record that shows the caller as its owner.
#[derive(Clone, Debug)]
pub(crate) struct OwnRow(Json);

impl OwnRow {
    /// The record.
    pub(crate) fn json(&self) -> &Json {
        &self.0
    }

    /// The record, to be changed.
    pub(crate) fn into_json(self) -> Json {
        self.0
    }

    /// A text that it must have.
    ///
    /// # Errors
    /// [`Kind::EngineAnswer`] where it is missing.
    pub(crate) fn text(&self, name: &str) -> Result<String, Refusal> {
        needed(&self.0, name)
    }

    /// Its id.
    ///
    /// # Errors
    /// [`Kind::EngineAnswer`] where it has none.
    pub(crate) fn id(&self) -> Result<OwnId, Refusal> {
        Ok(OwnId(self.text("id")?))
    }
}

/// The engine's lists that the gateway asks by itself; each can be pinned to an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Deployments,
    Executions,
    ExternalTasks,
    Filters,
    HistoricTasks,
    Incidents,
    Jobs,
    ProcessDefinitions,
    ProcessInstances,
}

impl List {
    fn path(self) -> &'static str {
        match self {
            List::Deployments => "/deployment",
            List::Executions => "/execution",
            List::ExternalTasks => "/external-task",
            List::Filters => "/filter",
            List::HistoricTasks => "/history/task",
            List::Incidents => "/incident",
            List::Jobs => "/job",
            List::ProcessDefinitions => "/process-definition",
            List::ProcessInstances => "/process-instance",
        }
    }

    /// The parameter that pins the owner, and the field of a row that shows it.
    fn pin(self) -> (&'static str, &'static str) {
        match self {
            List::Filters => ("owner", "owner"),
            List::Deployments
            | List::Executions
            | List::ExternalTasks
            | List::HistoricTasks
            | List::Incidents
            | List::Jobs
            | List::ProcessDefinitions
            | List::ProcessInstances => ("tenantIdIn", "tenantId"),
        }
    }
}

/// A question about the caller's own records. The pin is put in when it is asked, and rows of others are dropped.
///
/// ```
/// fn takes(_: &tenantgate::isolation::OwnQuery<'_>) {}
/// ```
/// ```compile_fail,E0451
/// use tenantgate::isolation::OwnQuery;
/// let _ = OwnQuery { list: todo!(), caller: todo!(), pairs: vec![], conditions: vec![] };
/// ```
#[derive(Clone, Debug)]
pub struct OwnQuery<'a> {
    list: List,
    caller: &'a Caller,
    pairs: Vec<(&'static str, String)>,
    conditions: Vec<(&'static str, Json)>,
}

impl<'a> OwnQuery<'a> {
    /// A question about a list.
    pub(crate) fn new(list: List, caller: &'a Caller) -> Self {
        Self { list, caller, pairs: Vec::new(), conditions: Vec::new() }
    }

    /// Narrows it by a parameter; the list is asked by GET.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.pairs.push((name, value.to_owned()));
        self
    }

    /// Narrows it by a field of the query; the list is asked by POST.
    #[must_use]
    pub(crate) fn condition(mut self, name: &'static str, value: Json) -> Self {
        self.conditions.push((name, value));
        self
    }

    /// The request as the engine gets it: method, target and body.
    pub(crate) fn request(&self, below: &str) -> (&'static str, String, Option<Vec<u8>>) {
        let (pin, _) = self.list.pin();
        let mut target = format!("{}{below}", self.list.path());
        let pairs = || self.pairs.iter().filter(|(name, _)| !widens(name)).map(|(n, v)| (*n, v.as_str()));
        if self.conditions.is_empty() {
            encode_query(&mut target, pairs().chain([(pin, self.caller.tenant().as_str())]));
            return ("GET", target, None);
        }
        encode_query(&mut target, pairs());
        let mut body = Json::object();
        for (name, value) in self.conditions.iter().filter(|(name, _)| !widens(name)) {
            body.set(name, value.clone());
        }
        body.set(pin, Json::strings([self.caller.tenant().as_str()]));
        ("POST", target, Some(body.write()))
    }

    async fn ask(&self, engine: &Engine, below: &str) -> Result<Json, Refusal> {
        let (method, target, body) = self.request(below);
        engine.ask(method, &target, body, self.caller).await
    }

    /// The caller's rows.
    ///
    /// # Errors
    /// The engine did not answer with a list whose rows say whose they are.
    pub(crate) async fn rows(&self, engine: &Engine) -> Result<Vec<OwnRow>, Refusal> {
        Ok(self.page(engine).await?.0)
    }

    /// The caller's rows of one page, and how many rows it had.
    async fn page(&self, engine: &Engine) -> Result<(Vec<OwnRow>, usize), Refusal> {
        let list = self.ask(engine, "").await?;
        let (_, owner) = self.list.pin();
        let mut own = Vec::new();
        let all = rows(&list)?;
        for row in all {
            if needed(row, owner)? == self.caller.tenant().as_str() {
                own.push(OwnRow(row.clone()));
            }
        }
        Ok((own, all.len()))
    }

    /// All rows, page by page; the question has to sort them.
    ///
    /// # Errors
    /// As [`OwnQuery::rows`], and [`Kind::FieldDenied`] for more than `most`.
    pub(crate) async fn all(self, engine: &Engine, most: usize) -> Result<Vec<OwnRow>, Refusal> {
        let mut all = Vec::new();
        loop {
            let first = all.len().to_string();
            let page = self.clone().with("firstResult", &first).with("maxResults", &PAGE.to_string());
            let (own, count) = page.page(engine).await?;
            all.extend(own);
            if count < PAGE {
                return Ok(all);
            }
            if all.len() >= most {
                let what =
                    format!("this is answered from your own records, and there are more than {most} of them");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
        }
    }

    /// The engine's error, if it refuses the question itself as one that it can't read.
    ///
    /// # Errors
    /// Any other answer than a 2xx or 400.
    pub(crate) async fn refused(&self, engine: &Engine) -> Result<Option<(http::StatusCode, Json)>, Refusal> {
        let (method, target, body) = self.request("/count");
        match engine.relay(method, &target, body, self.caller).await? {
            (status, Some(error)) if status == http::StatusCode::BAD_REQUEST => Ok(Some((status, error))),
            (status, _) if status.is_success() => Ok(None),
            (status, _) => Err(unreadable().because(status)),
        }
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// The engine did not answer with a count.
    pub(crate) async fn count(&self, engine: &Engine) -> Result<u64, Refusal> {
        count_of(&self.ask(engine, "/count").await?)
    }
}

/// Names that would unpin a question; none of the gateway's own has one.
fn widens(name: &str) -> bool {
    ["tenantIdIn", "owner", "orQueries"].contains(&name) || name.ends_with("ithoutTenantId")
}

fn count_of(json: &Json) -> Result<u64, Refusal> {
    let text = json.member("count").and_then(Json::leaf).and_then(|leaf| std::str::from_utf8(leaf).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
}

/// A path that the caller may read.
#[derive(Clone, Debug)]
pub(crate) struct ReadPath(Vec<String>);

impl ReadPath {
    /// Below a record.
    pub(crate) fn below(resource: &'static str, id: &ReadableId) -> Self {
        Self(vec![resource.to_owned(), id.0.clone()])
    }

    /// Below the caller's newest definition of a key.
    pub(crate) fn by_key(resource: &'static str, key: &str, caller: &Caller) -> Self {
        Self([resource, "key", key, "tenant-id", caller.tenant().as_str()].map(str::to_owned).to_vec())
    }

    /// Below the shared definition of a key, which has no tenant.
    pub(crate) fn by_shared_key(resource: &'static str, key: &str) -> Self {
        Self([resource, "key", key].map(str::to_owned).to_vec())
    }

    /// One segment further.
    #[must_use]
    pub(crate) fn then(mut self, segment: &'static str) -> Self {
        self.0.push(segment.to_owned());
        self
    }

    /// One segment further, by a text that the engine binds to what stands before it.
    #[must_use]
    pub(crate) fn bound(mut self, text: &str) -> Self {
        self.0.push(text.to_owned());
        self
    }

    /// The path.
    pub(crate) fn target(&self) -> String {
        encode_path("", self.0.iter().map(String::as_str))
    }

    /// What stands there.
    ///
    /// # Errors
    /// The engine answered neither a record nor that there is none.
    pub(crate) async fn get(&self, engine: &Engine, caller: &Caller) -> Result<Found, Refusal> {
        engine.ask_one(&self.target(), caller).await
    }

    /// The rows that stand there; they belong to what stands before them.
    ///
    /// # Errors
    /// The engine did not answer with a list.
    pub(crate) async fn rows(&self, engine: &Engine, caller: &Caller) -> Result<Vec<Json>, Refusal> {
        let list = engine.ask("GET", &self.target(), None, caller).await?;
        Ok(rows(&list)?.to_vec())
    }

    /// The bytes that stand there; none for more than `limit`.
    ///
    /// # Errors
    /// The engine did not answer with them.
    pub(crate) async fn bytes(
        &self,
        engine: &Engine,
        caller: &Caller,
        limit: usize,
    ) -> Result<Option<Bytes>, Refusal> {
        engine.ask_bytes(&self.target(), caller, limit).await
    }

    /// The count of a stored query that stands there, with the caller put in: that outweighs what is stored.
    ///
    /// # Errors
    /// The engine did not answer with a count.
    pub(crate) async fn pinned_count(&self, engine: &Engine, caller: &Caller) -> Result<u64, Refusal> {
        let mut body = Json::object();
        body.set("tenantIdIn", Json::strings([caller.tenant().as_str()]));
        count_of(&engine.ask("POST", &self.target(), Some(body.write()), caller).await?)
    }
}

/// A write of the gateway's own, to a record of the caller's. Its body holds what the client said, under names that the
/// code knows, and no id.
///
/// ```
/// fn takes(_: &tenantgate::isolation::OwnWrite) {}
/// ```
/// ```compile_fail,E0451
/// use tenantgate::isolation::OwnWrite;
/// let _ = OwnWrite { method: "DELETE", segments: vec![], body: todo!() };
/// ```
#[derive(Clone, Debug)]
pub struct OwnWrite {
    method: &'static str,
    segments: Vec<String>,
    body: Json,
}

impl OwnWrite {
    /// A write to what is below a record.
    pub(crate) fn below(method: &'static str, resource: &'static str, id: &OwnId) -> Self {
        Self { method, segments: vec![resource.to_owned(), id.0.clone()], body: Json::object() }
    }

    /// A write to a collection, about a key that nobody has: the engine says what it says to such a key.
    pub(crate) fn about_nobody(method: &'static str, path: [&'static str; 2], field: &'static str) -> Self {
        let mut body = Json::object();
        body.set(field, Json::string(&fresh()));
        Self { method, segments: path.map(str::to_owned).to_vec(), body }
    }

    /// One segment further.
    #[must_use]
    pub(crate) fn then(mut self, segment: &'static str) -> Self {
        self.segments.push(segment.to_owned());
        self
    }

    /// One segment further, by a text that the engine binds to what stands before it.
    #[must_use]
    pub(crate) fn bound(mut self, text: &str) -> Self {
        self.segments.push(text.to_owned());
        self
    }

    /// Takes over a field of the client's body, if it is there.
    #[must_use]
    pub(crate) fn taking(mut self, client: &Json, field: &str, name: &'static str) -> Self {
        if let Some(value) = client.member(field) {
            self.body.set(name, value.clone());
        }
        self
    }

    /// Sends it; the engine's status and body are handed on, whatever they are.
    ///
    /// # Errors
    /// No answer, or one that is not JSON.
    pub(crate) async fn send(
        &self,
        engine: &Engine,
        caller: &Caller,
    ) -> Result<(http::StatusCode, Option<Json>), Refusal> {
        let target = encode_path("", self.segments.iter().map(String::as_str));
        engine.relay(self.method, &target, Some(self.body.write()), caller).await
    }
}
