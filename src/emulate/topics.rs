//! `GET /external-task/topic-names`, from the tenant's own external tasks: the engine's list has no tenant to pin.

use super::text;
use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::proxy::Reply;
use crate::refusal::Refusal;
use crate::rewrite::encode_query;

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
        if first.is_some_and(|(_, value)| value.eq_ignore_ascii_case("true")) {
            pairs.push((same, "true"));
        }
    }
    encode_query(&mut target, pairs);
    let mut names: Vec<String> =
        travel.all_rows(&target, MOST).await?.iter().filter_map(|task| task.text("topicName")).collect();
    names.sort();
    names.dedup();
    Ok(Reply::json(200, text(&Json::strings(names.iter().map(String::as_str)))))
}
