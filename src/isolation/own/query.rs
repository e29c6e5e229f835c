//! Questions about the caller's own records.

use super::OwnRow;
use crate::isolation::engine::{Engine, needed, rows, unreadable};
use crate::json::Json;
use crate::percent::encode_query;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Level, Tenant};

/// Most tenants of one question: they have to fit into its target.
const MOST_TENANTS: usize = 90;
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
/// let _ = OwnQuery { list: todo!(), caller: todo!(), tenants: vec![], pairs: vec![], conditions: vec![] };
/// ```
#[derive(Clone, Debug)]
pub struct OwnQuery<'a> {
    list: List,
    caller: &'a Caller,
    /// Whose rows are asked for. A person may have none; then nothing is asked.
    tenants: Vec<&'a Tenant>,
    pairs: Vec<(&'static str, String)>,
    conditions: Vec<(&'static str, Json)>,
}

impl<'a> OwnQuery<'a> {
    /// A question about the caller's own rows of a list.
    pub(crate) fn new(list: List, caller: &'a Caller) -> Self {
        Self {
            list,
            caller,
            tenants: caller.own().into_iter().collect(),
            pairs: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// A question about the rows of a list that the caller may read: its own, and those of tenants that are granted.
    pub(crate) fn granted(list: List, caller: &'a Caller) -> Self {
        // An owner is a user, and no grant makes the caller another one.
        let tenants = match list.pin() {
            (_, "tenantId") => caller.tenants(Level::Read).collect(),
            _ => caller.own().into_iter().collect(),
        };
        Self { tenants, ..Self::new(list, caller) }
    }

    /// A question about one granted tenant's rows of a list.
    pub(crate) fn of_tenant(list: List, caller: &'a Caller, tenant: &Tenant) -> Self {
        let granted = caller.tenants(Level::Read).filter(|one| *one == tenant).collect();
        Self { tenants: granted, ..Self::new(list, caller) }
    }

    /// Narrows it to the tenant of a row.
    #[must_use]
    pub(crate) fn of(mut self, row: &OwnRow) -> Self {
        let of: Vec<&Tenant> = self.tenants.iter().copied().filter(|tenant| **tenant == row.tenant).collect();
        // A row of another question: its tenant is none of these.
        self.tenants = if of.is_empty() { self.caller.own().into_iter().collect() } else { of };
        self
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
            let tenants = Tenant::joined(self.tenants.iter().copied());
            encode_query(&mut target, pairs().chain([(pin, tenants.as_str())]));
            return ("GET", target, None);
        }
        encode_query(&mut target, pairs());
        let mut body = Json::object();
        for (name, value) in self.conditions.iter().filter(|(name, _)| !widens(name)) {
            body.set(name, value.clone());
        }
        body.set(pin, Json::strings(self.tenants.iter().map(|tenant| tenant.as_str())));
        ("POST", target, Some(body.write()))
    }

    async fn ask(&self, engine: &Engine, below: &str) -> Result<Json, Refusal> {
        self.names_tenants()?;
        if self.tenants.len() > MOST_TENANTS {
            let what =
                format!("this is answered for at most {MOST_TENANTS} tenants; use a token that grants fewer");
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
        let (method, target, body) = self.request(below);
        engine.ask(method, &target, body, self.caller).await
    }

    /// An empty pin would mean all tenants.
    fn names_tenants(&self) -> Result<(), Refusal> {
        if self.tenants.is_empty() { self.caller.needs_own().map(drop) } else { Ok(()) }
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
        let mut rows_of = Vec::new();
        let all = rows(&list)?;
        for row in all {
            let owner = needed(row, owner)?;
            if let Some(tenant) = self.tenants.iter().find(|tenant| tenant.as_str() == owner) {
                let own = self.caller.own() == Some(*tenant);
                rows_of.push(OwnRow { json: row.clone(), tenant: (*tenant).clone(), own });
            }
        }
        Ok((rows_of, all.len()))
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
        self.names_tenants()?;
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
