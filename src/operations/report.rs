//! Reports that have no tenant to pin, made of the tenant's own records.

use std::time::Duration;

use super::{Planned, Planning, relayed};
use crate::context::RequestContext;
use crate::isolation::narrow::Outcome;
use crate::isolation::{Draft, List, OwnQuery, OwnRow};
use crate::json::Json;
use crate::refusal::{Kind, Refusal};
use crate::response::{self, Reply};
use crate::tenancy::Caller;

/// Most own definitions that a report can be narrowed to: a target of about 8 KiB, the engine's default limit.
const MOST_IN_A_TARGET: usize = 90;
/// Most definitions that are read.
const MOST_DEFINITIONS: usize = 10_000;
/// Most different names of tasks in a report: each takes two requests.
const MOST_NAMES: usize = 2_000;

/// `GET /history/task/report` with `reportType=count`.
pub(crate) struct TaskPlan {
    by_name: bool,
    /// `finishedAfter` and `finishedBefore` of the list, from `completedAfter` and `completedBefore`.
    times: Vec<(&'static str, String)>,
}

/// Stands for a key where only the times count.
const NO_KEY: &str = "x";

/// By the names of tasks.
fn sorted(tasks: OwnQuery<'_>) -> OwnQuery<'_> {
    tasks.with("sortBy", "taskName").with("sortOrder", "asc")
}

/// The engine's words for a report that it does not make.
pub(super) fn plan_tasks(planning: &Planning<'_>) -> Result<Planned, Refusal> {
    let first =
        |name: &str| planning.asks.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let invalid = |what: &str| Ok(Planned::Answer(super::invalid_request(what)));
    match first("reportType") {
        None => return invalid("Parameter reportType is not set."),
        Some("count") => {}
        Some("duration") => {
            let what = "`reportType=duration` covers all tenants; use `reportType=count`";
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
        Some(other) => {
            return invalid(&format!("Cannot set query parameter 'reportType' to value '{other}'"));
        }
    }
    let by_name = match first("groupBy") {
        Some("taskName") => true,
        Some("processDefinition") => false,
        other => {
            return invalid(&format!("groupBy parameter has invalid value: {}", other.unwrap_or("null")));
        }
    };
    planning.only_json()?;
    let times = [("finishedAfter", "completedAfter"), ("finishedBefore", "completedBefore")];
    let times = times.iter().filter_map(|(of_list, name)| Some((*of_list, first(name)?.to_owned())));
    Ok(Planned::Handled(super::Plan::TaskReport(TaskPlan { by_name, times: times.collect() })))
}

impl TaskPlan {
    /// The newest version of each own key.
    fn definitions(caller: &Caller) -> OwnQuery<'_> {
        let newest = OwnQuery::granted(List::ProcessDefinitions, caller).with("latestVersion", "true");
        newest.with("sortBy", "name").with("sortOrder", "asc")
    }

    /// Finished tasks of a key.
    fn finished<'a>(&self, key: &str, caller: &'a Caller) -> OwnQuery<'a> {
        let query = OwnQuery::granted(List::HistoricTasks, caller)
            .with("finished", "true")
            .with("processDefinitionKey", key);
        self.times.iter().fold(query, |query, (name, value)| query.with(name, value))
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let finished = self.finished(super::ANY, caller);
        let mut questions = Vec::new();
        if !self.times.is_empty() {
            let readable = super::count_question(&self.finished(NO_KEY, caller));
            questions.push(format!("can the times be read? {readable}"));
        }
        questions.push(super::question(&Self::definitions(caller)));
        if self.by_name {
            questions.push(format!("for each key: {}", super::question(&sorted(finished.clone()))));
            let named = super::count_question(&finished.with("taskName", super::ANY));
            questions.push(format!("for each name: {named}"));
        } else {
            questions.push(format!("for each key: {}", super::count_question(&finished)));
        }
        questions
    }

    async fn sorted(
        &self,
        ctx: &RequestContext<'_>,
        definition: &OwnRow,
        first: u64,
        most: usize,
    ) -> Result<Vec<OwnRow>, Refusal> {
        let finished = self.finished(&definition.text("key")?, ctx.caller()).of(definition);
        let sorted = sorted(finished);
        let page = sorted.with("firstResult", &first.to_string()).with("maxResults", &most.to_string());
        page.rows(ctx.engine).await
    }

    /// Each name of a key's finished tasks, and how many have it. The list is sorted by name, so the next name stands
    /// behind all of the one before: two requests a name, however many tasks there are.
    async fn names(
        &self,
        ctx: &RequestContext<'_>,
        definition: &OwnRow,
    ) -> Result<Vec<(String, u64)>, Refusal> {
        let mut names: Vec<(String, u64)> = Vec::new();
        let mut first: u64 = 0;
        loop {
            let Some(task) = self.sorted(ctx, definition, first, 1).await?.into_iter().next() else {
                return Ok(names);
            };
            match task.json().text("name") {
                Some(name) if !name.is_empty() && names.last().is_none_or(|(last, _)| *last != name) => {
                    let count = self
                        .finished(&definition.text("key")?, ctx.caller())
                        .of(definition)
                        .with("taskName", &name)
                        .count(ctx.engine)
                        .await?;
                    first += count.max(1);
                    names.push((name, count));
                }
                // One more has ended meanwhile.
                Some(name) if !name.is_empty() => first += 1,
                // Tasks without a name are not reported; they stand first or last, by the database.
                Some(_) | None => {
                    let page = self.sorted(ctx, definition, first, 1000).await?;
                    let nameless =
                        |task: &&OwnRow| task.json().text("name").is_none_or(|name| name.is_empty());
                    first += page.iter().take_while(nameless).count().max(1) as u64;
                }
            }
            if names.len() > MOST_NAMES {
                let what = format!("there are more than {MOST_NAMES} task names; narrow the report by time");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
        }
    }
}

pub(super) async fn handle_tasks(ctx: &RequestContext<'_>, plan: &TaskPlan) -> Result<Reply, Refusal> {
    let _share = ctx.in_line(&ctx.state.admission.heavy, true).await?;
    if let Some(refused) = times_refused(ctx, plan).await? {
        return Ok(refused);
    }
    let definitions = TaskPlan::definitions(ctx.caller()).all(ctx.engine, MOST_DEFINITIONS).await?;
    let mut rows: Vec<(Option<String>, u64, Json)> = Vec::new();
    for definition in &definitions {
        let key = definition.text("key")?;
        if plan.by_name {
            for (name, count) in plan.names(ctx, definition).await? {
                rows.push((Some(name.clone()), count, row(Some(&name), count, definition)));
            }
        } else {
            let count = plan.finished(&key, ctx.caller()).of(definition).count(ctx.engine).await?;
            if count > 0 {
                rows.push((None, count, row(None, count, definition)));
            }
        }
    }
    // As the engine sorts them: by name, then the larger count first. Without names, definitions came sorted.
    if plan.by_name {
        rows.sort_by(|(name, count, _), (other, most, _)| name.cmp(other).then(most.cmp(count)));
    }
    let answer = Json::Array(rows.into_iter().map(|(_, _, row)| row).collect()).write();
    response::guarded_json(&answer.into(), ctx.watch(false))
}

/// The engine's answer to times that it can't read, under the names that the client sent.
async fn times_refused(ctx: &RequestContext<'_>, plan: &TaskPlan) -> Result<Option<Reply>, Refusal> {
    if plan.times.is_empty() {
        return Ok(None);
    }
    let Some((status, error)) = plan.finished(NO_KEY, ctx.caller()).refused(ctx.engine).await? else {
        return Ok(None);
    };
    let mut error = error;
    let message = error.text("message").unwrap_or_default();
    error.set("message", Json::string(&message.replace("'finished", "'completed")));
    Ok(Some(relayed(status, Some(&error))))
}

fn row(name: Option<&str>, count: u64, definition: &OwnRow) -> Json {
    let of = |field: &str| definition.json().member(field).cloned().unwrap_or_else(Json::null);
    let mut row = Json::object();
    row.set("count", Json::Leaf(count.to_string().into()));
    row.set("processDefinitionKey", of("key"));
    row.set("processDefinitionId", of("id"));
    row.set("processDefinitionName", of("name"));
    row.set("taskName", name.map_or_else(Json::null, Json::string));
    row.set("tenantId", of("tenantId"));
    row
}

const IDS: &str = "processDefinitionIdIn";
const KEYS: &str = "processDefinitionKeyIn";

/// `GET /history/process-instance/report`: narrowed to the ids of own definitions, then it goes on.
pub(crate) struct InstancePlan {
    ids: Option<Vec<String>>,
    keys: Option<Vec<String>>,
    /// The report, to which the ids come.
    report: Draft,
}

pub(super) fn plan_instances(planning: Planning<'_>) -> Result<Planned, Refusal> {
    let mut asks = planning.asks;
    let list = |name: &str| -> Option<Vec<String>> {
        let (_, value) = asks.query.iter().find(|(n, _)| n == name)?;
        let items: Vec<String> = value.split(',').filter(|i| !i.is_empty()).map(str::to_owned).collect();
        (!items.is_empty()).then_some(items)
    };
    let (ids, keys) = (list(IDS), list(KEYS));
    asks.query.retain(|(name, _)| name != IDS && name != KEYS);
    Ok(match planning.narrowing.narrow(planning.forward, asks)? {
        Outcome::Forward(report) => {
            Planned::Handled(super::Plan::InstanceReport(InstancePlan { ids, keys, report }))
        }
        empty @ Outcome::Empty(_) => Planned::Narrowed(empty),
    })
}

impl InstancePlan {
    fn definitions(caller: &Caller) -> OwnQuery<'_> {
        OwnQuery::granted(List::ProcessDefinitions, caller).with("sortBy", "id").with("sortOrder", "asc")
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let report = self.report.preview();
        let and = if report.target.contains('?') { '&' } else { '?' };
        let ids = format!("{and}{IDS}={}", super::ANY);
        vec![
            super::question(&Self::definitions(caller)),
            format!("then, with their ids: {} {}{ids}", report.method, super::readable(&report.target)),
        ]
    }
}

pub(super) async fn handle_instances(ctx: &RequestContext<'_>, plan: InstancePlan) -> Result<Reply, Refusal> {
    let own = InstancePlan::definitions(ctx.caller()).all(ctx.engine, MOST_DEFINITIONS).await?;
    let mut narrowed = Vec::new();
    for definition in &own {
        let (id, key) = (definition.text("id")?, definition.text("key")?);
        let among = |list: &Option<Vec<String>>, value| list.as_ref().is_none_or(|l| l.contains(value));
        if among(&plan.ids, &id) && among(&plan.keys, &key) {
            narrowed.push(definition.readable_id()?);
        }
    }
    if narrowed.len() > MOST_IN_A_TARGET {
        let what = format!("you have more than {MOST_IN_A_TARGET} definitions; name some with `{IDS}`");
        return Err(Refusal::new(Kind::FieldDenied, what));
    }
    ctx.carry_out(plan.report.among(IDS, &narrowed), Duration::ZERO).await
}
