//! Questions about the caller's own records.

use super::OwnRow;
use crate::isolation::engine::{Engine, LONGEST_TARGET, needed, rows, unreadable};
use crate::json::Json;
use crate::percent::encode_query;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Level, Tenant};

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
        Self::at_level(list, caller, Level::Read)
    }

    /// A question about the rows of the caller's own tenant and of those that are granted at this level.
    pub(crate) fn at_level(list: List, caller: &'a Caller, level: Level) -> Self {
        // An owner is a user, and no grant makes the caller another one.
        let tenants = match list.pin() {
            (_, "tenantId") => caller.tenants(level).collect(),
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

    /// The same question about as many tenants at a time as fit into its target: they share no row. A question by POST
    /// names all at once.
    pub(crate) fn pages(&self) -> Result<Vec<Self>, Refusal> {
        if self.tenants.len() < 2 || !self.conditions.is_empty() {
            return Ok(vec![self.clone()]);
        }
        let none = Self { tenants: Vec::new(), ..self.clone() };
        let longest = none.with("firstResult", "1000000").with("maxResults", "1000").request("/count").1;
        let room = LONGEST_TARGET.checked_sub(longest.len());
        let pages = room.and_then(|room| Tenant::pages(&self.tenants, room)).ok_or_else(|| {
            Refusal::new(Kind::TargetTooLong, "the query string is too long for the engine")
        })?;
        Ok(pages.into_iter().map(|page| Self { tenants: page.to_vec(), ..self.clone() }).collect())
    }

    async fn ask(&self, engine: &Engine, below: &str) -> Result<Json, Refusal> {
        self.names_tenants()?;
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
        let mut all = Vec::new();
        for page in self.pages()? {
            all.extend(page.page(engine).await?.0);
        }
        Ok(all)
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
                let in_full = self.caller.level(&owner) == Some(Level::All);
                rows_of.push(OwnRow { json: row.clone(), tenant: (*tenant).clone(), in_full });
            }
        }
        Ok((rows_of, all.len()))
    }

    /// All rows, page by page; the question has to sort them.
    ///
    /// # Errors
    /// As [`OwnQuery::rows`], and [`Kind::FieldDenied`] for more than `most`.
    pub(crate) async fn all(self, engine: &Engine, most: usize) -> Result<Vec<OwnRow>, Refusal> {
        let mut all: Vec<OwnRow> = Vec::new();
        let pages = self.pages()?;
        for tenants in &pages {
            let before = all.len();
            loop {
                let first = (all.len() - before).to_string();
                let page = tenants.clone().with("firstResult", &first).with("maxResults", &PAGE.to_string());
                let (own, count) = page.page(engine).await?;
                all.extend(own);
                if count < PAGE {
                    break;
                }
                if all.len() >= most {
                    return Err(too_many(most));
                }
            }
        }
        // Each page's tenants came sorted.
        if let (Some((_, by)), true) =
            (self.pairs.iter().find(|(name, _)| *name == "sortBy"), pages.len() > 1)
        {
            all.sort_by_cached_key(|row| row.json().text(by));
        }
        if all.len() > most && pages.len() > 1 {
            return Err(too_many(most));
        }
        Ok(all)
    }

    /// The engine's error, if it refuses the question itself as one that it can't read.
    ///
    /// # Errors
    /// Any other answer than a 2xx or 400.
    pub(crate) async fn refused(&self, engine: &Engine) -> Result<Option<(http::StatusCode, Json)>, Refusal> {
        self.names_tenants()?;
        // Whose rows are counted is the same to it.
        let one = Self { tenants: self.tenants.iter().take(1).copied().collect(), ..self.clone() };
        let (method, target, body) = one.request("/count");
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
        let mut sum = 0;
        for page in self.pages()? {
            sum += count_of(&page.ask(engine, "/count").await?)?;
        }
        Ok(sum)
    }
}

fn too_many(most: usize) -> Refusal {
    let what = format!("this is computed from your own records, and there are more than {most} of them");
    Refusal::new(Kind::FieldDenied, what)
}

/// Names that would unpin a question; none of the gateway's own has one.
fn widens(name: &str) -> bool {
    ["tenantIdIn", "owner", "orQueries"].contains(&name) || name.ends_with("ithoutTenantId")
}

pub(in crate::isolation) fn count_of(json: &Json) -> Result<u64, Refusal> {
    let text = json.member("count").and_then(Json::leaf).and_then(|leaf| std::str::from_utf8(leaf).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(unreadable)
}
