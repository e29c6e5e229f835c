//! Statistics and reports that have no tenant to pin: filtered where each row names its tenant, or narrowed to the
//! tenant's own definitions.

use bytes::Bytes;

use super::{fresh, handed_on, text};
use crate::isolation::engine::{needed, rows};
use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

/// Most own definitions that a report can be narrowed to: a target of about 8 KiB, the engine's default limit.
const MOST_DEFINITIONS: usize = 90;

/// `GET /process-definition/statistics`: each row holds its definition, which names the tenant.
pub(super) async fn statistics(travel: &Travel<'_>, request: &Request<'_>) -> Result<Reply, Refusal> {
    own_of(travel, request, "/process-definition/statistics", |row| row.member("definition").cloned()).await
}

/// `GET /history/task/report`: rows of `reportType=count` name their tenant, those of `duration` do not.
pub(super) async fn tasks(travel: &Travel<'_>, request: &Request<'_>) -> Result<Reply, Refusal> {
    if request.query.iter().any(|(n, v)| n == "reportType" && v.eq_ignore_ascii_case("duration")) {
        let what = "`reportType=duration` covers all tenants; `reportType=count` can be had";
        return Err(Refusal::new(Kind::FieldDenied, what));
    }
    own_of(travel, request, "/history/task/report", |row| Some(row.clone())).await
}

/// The rows of an answer whose owner is the caller.
async fn own_of(
    travel: &Travel<'_>,
    request: &Request<'_>,
    path: &str,
    owner: impl Fn(&Json) -> Option<Json>,
) -> Result<Reply, Refusal> {
    let takes_json =
        |accept: &str| accept.contains("json") || accept.contains("*/*") || accept.contains("application/*");
    if travel.headers.accept.as_deref().is_some_and(|accept| !takes_json(accept)) {
        return Err(Refusal::new(Kind::FieldDenied, "this can be had as `application/json` only"));
    }
    let _share = travel.in_line(&travel.state.heavy, true).await?;
    let mut target = path.to_owned();
    encode_query(&mut target, request.query.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let (status, json) = travel.engine.relay("GET", &target, None, travel.caller).await?;
    let json = match json {
        Some(json) if status.is_success() => json,
        other => return Ok(handed_on(status, other.as_ref())),
    };
    let own = rows(&json)?.iter().filter(|row| owner(row).is_some_and(|o| travel.is_own(&o))).cloned();
    let answer = Bytes::from(text(&Json::Array(own.collect())));
    // The links of a row show the engine's own address.
    crate::response::guarded_json(&answer, travel.watch_own(request.forward))
}

/// `GET /history/process-instance/report`: narrowed to the ids of own definitions, then it goes on. An empty list
/// would mean all (facts 1), so an id that never existed stands for none.
pub(super) async fn instances(
    travel: &Travel<'_>,
    request: &mut Request<'_>,
) -> Result<Option<Reply>, Refusal> {
    const IDS: &str = "processDefinitionIdIn";
    const KEYS: &str = "processDefinitionKeyIn";
    let first = |name: &str| request.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let list = |value: Option<String>| -> Option<Vec<String>> {
        let items: Vec<String> = value?.split(',').filter(|i| !i.is_empty()).map(str::to_owned).collect();
        (!items.is_empty()).then_some(items)
    };
    let (ids, keys) = (list(first(IDS)), list(first(KEYS)));
    let mut target = encode_path("", ["process-definition"]);
    encode_query(
        &mut target,
        [("tenantIdIn", travel.caller.tenant().as_str()), ("sortBy", "id"), ("sortOrder", "asc")],
    );
    let own = travel.all_rows(&target, 10_000).await?;
    let mut narrowed = Vec::new();
    for row in &own {
        let (id, key) = (needed(row, "id")?, needed(row, "key")?);
        let among = |list: &Option<Vec<String>>, value| list.as_ref().is_none_or(|l| l.contains(value));
        if among(&ids, &id) && among(&keys, &key) {
            narrowed.push(id);
        }
    }
    if narrowed.len() > MOST_DEFINITIONS {
        let what = format!("you have more than {MOST_DEFINITIONS} definitions; name some by `{IDS}`");
        return Err(Refusal::new(Kind::FieldDenied, what));
    }
    if narrowed.is_empty() {
        narrowed.push(fresh());
    }
    request.query.retain(|(name, _)| name != IDS && name != KEYS);
    request.query.push((IDS.to_owned(), narrowed.join(",")));
    Ok(None)
}
