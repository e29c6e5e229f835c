//! Questions about the caller's own records.

use super::OwnRow;
use crate::isolation::engine::{Engine, needed, rows, unreadable};
use crate::json::Json;
use crate::percent::encode_query;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Caller;

/// Rows of one page of a list.
const PAGE: usize = 1000;

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

pub(super) fn count_of(json: &Json) -> Result<u64, Refusal> {
    let text = json.member("count").and_then(Json::leaf).and_then(|leaf| std::str::from_utf8(leaf).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
}
