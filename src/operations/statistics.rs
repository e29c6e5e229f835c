//! `GET /process-definition/statistics`, counted for the tenant's own definitions: the engine's own reads everybody's
//! rows and has no tenant to pin.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use futures_util::future::try_join_all;

use super::{Planned, Planning};
use crate::context::RequestContext;
use crate::isolation::{List, OwnQuery, OwnRow};
use crate::json::{Json, plain_parameter};
use crate::refusal::Refusal;
use crate::response::{self, Reply};
use crate::tenancy::Caller;

/// Most definitions: each is counted by a request of its own.
const MOST_DEFINITIONS: usize = 5_000;
/// Most incidents, and failed jobs, that are read to be counted.
const MOST_ROWS: usize = 100_000;
/// How many definitions are counted at a time.
const AT_A_TIME: usize = 8;
/// The class that the engine names.
const CLASS: &str = "org.camunda.bpm.engine.rest.dto.repository.ProcessDefinitionStatisticsResultDto";

/// Which incidents are counted.
#[derive(Clone, PartialEq, Eq)]
enum Incidents {
    None,
    All,
    /// Those that no other incident caused.
    Roots,
    OfType(String),
}

/// What is counted besides instances.
pub(crate) struct Plan {
    failed_jobs: bool,
    incidents: Incidents,
}

pub(super) fn plan(planning: &Planning<'_>) -> Result<Planned, Refusal> {
    let first =
        |name: &str| planning.asks.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let names = ["incidents", "incidentsForType", "rootIncidents"];
    for (one, other, words) in [
        (0, 1, "includeIncidents or includeIncidentsForType"),
        (0, 2, "includeIncidents or includeRootIncidents"),
        (2, 1, "includeRootIncidents or includeIncidentsForType"),
    ] {
        let both = [one, other].iter().all(|n| names.get(*n).is_some_and(|name| first(name).is_some()));
        if both {
            let what = format!("Only one of the query parameter {words} can be set.");
            return Ok(Planned::Answer(super::invalid_request(&what)));
        }
    }
    let yes = |name: &str| first(name).is_some_and(plain_parameter);
    let incidents = match first("incidentsForType") {
        _ if yes("incidents") => Incidents::All,
        Some(kind) => Incidents::OfType(kind.to_owned()),
        None if yes("rootIncidents") => Incidents::Roots,
        None => Incidents::None,
    };
    planning.only_json()?;
    let plan = Plan { failed_jobs: yes("failedJobs"), incidents };
    Ok(Planned::Handled(super::Plan::DefinitionStatistics(plan)))
}

/// Incidents by definition, then by type.
type ByType = HashMap<String, BTreeMap<String, u64>>;

impl Plan {
    fn definitions(caller: &Caller) -> OwnQuery<'_> {
        OwnQuery::granted(List::ProcessDefinitions, caller).with("sortBy", "id").with("sortOrder", "asc")
    }

    fn instances<'a>(definition: &str, caller: &'a Caller) -> OwnQuery<'a> {
        OwnQuery::granted(List::ProcessInstances, caller).with("processDefinitionId", definition)
    }

    fn jobs(caller: &Caller) -> OwnQuery<'_> {
        let failed = OwnQuery::granted(List::Jobs, caller).with("noRetriesLeft", "true");
        failed.with("sortBy", "jobId").with("sortOrder", "asc")
    }

    fn incidents<'a>(&self, caller: &'a Caller) -> Option<OwnQuery<'a>> {
        let all =
            OwnQuery::granted(List::Incidents, caller).with("sortBy", "incidentId").with("sortOrder", "asc");
        match &self.incidents {
            Incidents::None => None,
            Incidents::All | Incidents::Roots => Some(all),
            Incidents::OfType(kind) => Some(all.with("incidentType", kind)),
        }
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let mut questions = vec![super::question(&Self::definitions(caller))];
        questions.extend(self.failed_jobs.then(|| super::question(&Self::jobs(caller))));
        questions.extend(self.incidents(caller).map(|incidents| super::question(&incidents)));
        let instances = super::count_question(&Self::instances(super::ANY, caller));
        questions.push(format!("for each definition: {instances}"));
        questions
    }

    async fn failed_jobs(&self, ctx: &RequestContext<'_>) -> Result<HashMap<String, u64>, Refusal> {
        let mut failed = HashMap::new();
        if self.failed_jobs {
            for job in Self::jobs(ctx.caller()).all(ctx.engine, MOST_ROWS).await? {
                if let Some(definition) = job.json().text("processDefinitionId") {
                    *failed.entry(definition).or_default() += 1;
                }
            }
        }
        Ok(failed)
    }

    async fn by_type(&self, ctx: &RequestContext<'_>) -> Result<ByType, Refusal> {
        let mut by_type = ByType::new();
        let Some(query) = self.incidents(ctx.caller()) else { return Ok(by_type) };
        for incident in query.all(ctx.engine, MOST_ROWS).await? {
            let root = incident.json().text("rootCauseIncidentId");
            if self.incidents == Incidents::Roots && root != Some(incident.text("id")?) {
                continue;
            }
            if let Some(definition) = incident.json().text("processDefinitionId") {
                let kinds = by_type.entry(definition).or_default();
                *kinds.entry(incident.text("incidentType")?).or_default() += 1;
            }
        }
        Ok(by_type)
    }
}

pub(super) async fn handle(ctx: &RequestContext<'_>, plan: &Plan) -> Result<Reply, Refusal> {
    let _share = ctx.in_line(&ctx.state.admission.heavy, true).await?;
    let definitions = Plan::definitions(ctx.caller()).all(ctx.engine, MOST_DEFINITIONS).await?;
    let (failed, incidents) = (plan.failed_jobs(ctx).await?, plan.by_type(ctx).await?);
    let mut rows = Vec::with_capacity(definitions.len());
    for group in definitions.chunks(AT_A_TIME) {
        let counts = group.iter().map(async |definition| {
            let id = definition.text("id")?;
            let instances = Plan::instances(&id, ctx.caller()).of(definition).count(ctx.engine).await?;
            let none = BTreeMap::new();
            let failed = failed.get(&id).copied().unwrap_or_default();
            Ok::<_, Refusal>(row(&id, instances, failed, incidents.get(&id).unwrap_or(&none), definition))
        });
        rows.extend(try_join_all(counts).await?);
    }
    // The links of a definition show the engine's own address.
    let answer: Bytes = Json::Array(rows).write().into();
    response::guarded_json(&answer, ctx.watch(false))
}

/// A row as the engine writes it.
fn row(
    id: &str,
    instances: u64,
    failed_jobs: u64,
    incidents: &BTreeMap<String, u64>,
    definition: &OwnRow,
) -> Json {
    let number = |number: u64| Json::Leaf(number.to_string().into());
    let incidents = incidents.iter().map(|(kind, count)| {
        let mut incident = Json::object();
        incident.set("incidentType", Json::string(kind));
        incident.set("incidentCount", number(*count));
        incident
    });
    let mut shown = definition.json().clone();
    // The engine's statistics do not read these.
    shown.set("description", Json::null());
    shown.set("historyTimeToLive", Json::null());
    let mut row = Json::object();
    row.set("@class", Json::string(CLASS));
    row.set("id", Json::string(id));
    row.set("instances", number(instances));
    row.set("failedJobs", number(failed_jobs));
    row.set("incidents", Json::Array(incidents.collect()));
    row.set("definition", shown);
    row
}
