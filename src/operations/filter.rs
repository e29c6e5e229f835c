//! Saved filters: they have an owner and no tenant (facts 3). Running one always goes by POST with the tenant put in,
//! which outweighs whatever the stored query says; stored expressions would run inside the engine.

use futures_util::future::try_join_all;

use super::text;
use crate::isolation::engine::{needed, rows, unreadable};
use crate::journey::{Request, Trace, Travel};
use crate::json::{self, Json, plain_parameter};
use crate::percent::{encode_path, encode_query};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

/// Most filters of one answer that are counted: each takes a request.
const MOST_COUNTED: usize = 100;
/// How many are counted at a time.
const AT_A_TIME: usize = 8;

/// `GET /filter` and `GET /filter/{id}`: the engine's own count would run each stored query over all tenants.
pub(super) async fn read(
    travel: &Travel<'_>,
    request: &mut Request<'_>,
    trace: &mut Trace,
) -> Result<Option<Reply>, Refusal> {
    if !request.query.iter().find(|(n, _)| n == "itemCount").is_some_and(|(_, v)| plain_parameter(v)) {
        return Ok(None);
    }
    request.query.retain(|(name, _)| name != "itemCount");
    let reply = travel.narrowed(request, trace).await?;
    if reply.status != 200 {
        return Ok(Some(reply));
    }
    let limit = travel.state.settings.limits.max_held_answer_bytes;
    let (reply, whole) = reply.into_whole(limit).await?;
    let mut filters = json::read(&whole, 1000)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    match &mut filters {
        Json::Array(list) => {
            if list.len() > MOST_COUNTED {
                let what =
                    format!("`itemCount` takes at most {MOST_COUNTED} filters at a time; use `maxResults`");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
            for group in list.chunks_mut(AT_A_TIME) {
                try_join_all(group.iter_mut().map(|filter| count(travel, filter))).await?;
            }
        }
        one @ (Json::Object(_) | Json::Leaf(_) | Json::Id(_)) => count(travel, one).await?,
    }
    Ok(Some(reply.with_body(text(&filters))))
}

async fn count(travel: &Travel<'_>, filter: &mut Json) -> Result<(), Refusal> {
    if filter.member("query").is_some_and(has_expression) {
        return Ok(());
    }
    let Some(id) = filter.text("id") else { return Ok(()) };
    let mut body = Json::object();
    body.set("tenantIdIn", Json::strings([travel.caller.tenant().as_str()]));
    let target = encode_path("", ["filter", id.as_str(), "count"]);
    let json = travel.engine.ask("POST", &target, Some(text(&body)), travel.caller).await?;
    let count = json.member("count").filter(|count| !count.is_null()).ok_or_else(unreadable)?;
    filter.set("itemCount", count.clone());
    Ok(())
}

/// Runs an own filter by POST; a foreign or missing one goes on and is answered as one that never existed.
pub(super) async fn run(travel: &Travel<'_>, request: &mut Request<'_>) -> Result<Option<Reply>, Refusal> {
    let mut target = "/filter".to_owned();
    let (owner, id) = (travel.caller.user(), request.param(0));
    encode_query(&mut target, [("filterId", id), ("owner", owner)]);
    let list = travel.engine.ask("GET", &target, None, travel.caller).await?;
    let mut own = None;
    for filter in rows(&list)? {
        if needed(filter, "owner")? == owner && needed(filter, "id")? == id {
            own = Some(filter);
        }
    }
    let Some(filter) = own else {
        // For a filter that is not there the engine words its answer by whether a query came along, and the pin
        // must not count as one.
        if request
            .body
            .as_ref()
            .is_none_or(|body| matches!(body, Json::Object(members) if members.is_empty()))
        {
            request.method = "GET".to_owned();
        }
        return Ok(None);
    };
    if filter.member("query").is_some_and(has_expression) {
        let what = "the filter's stored query has expressions, which run inside the engine; store it without";
        return Err(Refusal::new(Kind::FieldDenied, what));
    }
    request.method = "POST".to_owned();
    Ok(None)
}

/// Whether a stored query has a key that the engine evaluates.
fn has_expression(query: &Json) -> bool {
    match query {
        Json::Object(members) => members
            .iter()
            .any(|(key, value)| (key.ends_with("Expression") && !value.is_null()) || has_expression(value)),
        Json::Array(elements) => elements.iter().any(has_expression),
        Json::Leaf(_) | Json::Id(_) => false,
    }
}
