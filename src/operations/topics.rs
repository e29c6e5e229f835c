//! `GET /external-task/topic-names`, from the tenant's own external tasks: the engine's list has no tenant to pin.

use super::{Planned, Planning};
use crate::context::RequestContext;
use crate::isolation::{List, OwnQuery};
use crate::json::{Json, plain_parameter};
use crate::refusal::Refusal;
use crate::response::Reply;
use crate::tenancy::Caller;

/// Most external tasks that are read for it.
const MOST: usize = 100_000;

/// The engine's parameters, and those of the list that mean the same.
const SAME: &[(&str, &str)] = &[
    ("withLockedTasks", "locked"),
    ("withUnlockedTasks", "notLocked"),
    ("withRetriesLeft", "withRetriesLeft"),
];

/// Parameters of the list of external tasks that have to be true.
pub(crate) struct Plan(Vec<&'static str>);

pub(super) fn plan(planning: &Planning<'_>) -> Planned {
    // The first of equal names counts, and what is not `true` narrows nothing, as in the engine (facts 2).
    let asked = |name: &str| {
        let first = planning.asks.query.iter().find(|(n, _)| n == name);
        first.is_some_and(|(_, value)| plain_parameter(value))
    };
    let same = SAME.iter().filter(|(name, _)| asked(name)).map(|(_, same)| *same);
    Planned::Handled(super::Plan::TopicNames(Plan(same.collect())))
}

impl Plan {
    fn query<'a>(&self, caller: &'a Caller) -> OwnQuery<'a> {
        let query =
            OwnQuery::granted(List::ExternalTasks, caller).with("sortBy", "id").with("sortOrder", "asc");
        self.0.iter().fold(query, |query, name| query.with(name, "true"))
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        vec![super::question(&self.query(caller))]
    }
}

pub(super) async fn handle(ctx: &RequestContext<'_>, plan: &Plan) -> Result<Reply, Refusal> {
    let tasks = plan.query(ctx.caller()).all(ctx.engine, MOST).await?;
    let mut names = tasks.iter().map(|task| task.text("topicName")).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    let names: Json = Json::strings(names.iter().map(String::as_str));
    Ok(Reply::json(200, names.write()))
}
