//! `GET /external-task/topic-names`, from the tenant's own external tasks: the engine's list has no tenant to pin.

use super::text;
use crate::isolation::engine::needed;
use crate::journey::{Request, Travel};
use crate::json::{Json, plain_parameter};
use crate::percent::encode_query;
use crate::refusal::Refusal;
use crate::response::Reply;

/// Most external tasks that are read for it.
const MOST: usize = 100_000;

/// The engine's parameters, and those of the list that mean the same.
const SAME: &[(&str, &str)] = &[
    ("withLockedTasks", "locked"),
    ("withUnlockedTasks", "notLocked"),
    ("withRetriesLeft", "withRetriesLeft"),
];

pub(super) async fn carry(travel: &Travel<'_>, request: &Request<'_>) -> Result<Reply, Refusal> {
    let mut target = "/external-task".to_owned();
    let mut pairs =
        vec![("tenantIdIn", travel.caller.tenant().as_str()), ("sortBy", "id"), ("sortOrder", "asc")];
    for (name, same) in SAME {
        // The first of equal names counts, and whatever is not `true` is no wish, as in the engine (facts 2); its
        // list of external tasks would refuse other words.
        let first = request.query.iter().find(|(n, _)| n == name);
        if first.is_some_and(|(_, value)| plain_parameter(value)) {
            pairs.push((same, "true"));
        }
    }
    encode_query(&mut target, pairs);
    let tasks = travel.all_rows(&target, MOST).await?;
    let mut names = tasks.iter().map(|task| needed(task, "topicName")).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    Ok(Reply::json(200, text(&Json::strings(names.iter().map(String::as_str)))))
}
