//! Saved filters: they have an owner and no tenant (facts 3). Running one always goes by POST with the tenant put in,
//! which outweighs whatever the stored query says; stored expressions would run inside the engine.

use futures_util::future::try_join_all;

use super::{Planned, Planning};
use crate::context::RequestContext;
use crate::isolation::{Draft, List, OwnQuery, ReadPath};
use crate::json::{self, Json, plain_parameter};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::Caller;

use std::time::Duration;

/// Most filters of one answer that are counted: each takes a request.
const MOST_COUNTED: usize = 100;
/// How many are counted at a time.
const AT_A_TIME: usize = 8;

/// `GET /filter` and `GET /filter/{id}`: the engine's own count would run each stored query over all tenants.
pub(super) fn plan_read(mut planning: Planning<'_>) -> Result<Planned, Refusal> {
    let first = planning.asks.query.iter().find(|(name, _)| name == "itemCount");
    if !first.is_some_and(|(_, value)| plain_parameter(value)) {
        return planning.narrowed();
    }
    planning.asks.query.retain(|(name, _)| name != "itemCount");
    planning.draft(super::Plan::FilterRead)
}

pub(super) async fn handle_read(ctx: &RequestContext<'_>, draft: Draft) -> Result<Reply, Refusal> {
    let reply = ctx.carry_out(draft, Duration::ZERO).await?;
    if reply.status != 200 {
        return Ok(reply);
    }
    let (reply, whole) = reply.into_whole(ctx.limit()).await?;
    let mut filters: Json = json::read(&whole, 1000)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    match &mut filters {
        Json::Array(list) => {
            if list.len() > MOST_COUNTED {
                let what =
                    format!("`itemCount` is limited to {MOST_COUNTED} filters at a time; use `maxResults`");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
            for group in list.chunks_mut(AT_A_TIME) {
                try_join_all(group.iter_mut().map(|filter| count(ctx, filter))).await?;
            }
        }
        one @ (Json::Object(_) | Json::Leaf(_) | Json::Hole(_)) => count(ctx, one).await?,
    }
    Ok(reply.with_body(filters.write()))
}

/// Puts a filter's count in; one whose query has expressions is not run.
async fn count(ctx: &RequestContext<'_>, filter: &mut Json) -> Result<(), Refusal> {
    if filter.member("query").is_some_and(has_expression) {
        return Ok(());
    }
    let Some(id) = filter.text("id") else { return Ok(()) };
    let own = OwnQuery::new(List::Filters, ctx.caller()).with("filterId", &id).rows(ctx.engine).await?;
    let Some(own) = own.first() else { return Ok(()) };
    let own = own.id()?;
    let count = ReadPath::below("filter", &own.into()).then("count");
    let count = count.pinned_count(ctx.engine, ctx.caller()).await?;
    filter.set("itemCount", Json::Leaf(count.to_string().into()));
    Ok(())
}

/// `GET|POST /filter/{id}/list|singleResult|count`.
pub(crate) struct RunPlan {
    id: String,
    /// The own filter runs by POST.
    own: Draft,
    /// What goes on where the filter is not the caller's: it is answered as one that never existed.
    other: Draft,
}

pub(super) fn plan_run(planning: Planning<'_>) -> Result<Planned, Refusal> {
    // For a filter that does not exist the engine words its answer by whether a query came along, and the pin must not
    // count as one.
    let without_query =
        planning.asks.body.as_ref().is_none_or(|body| matches!(body, Json::Object(all) if all.is_empty()));
    let id = planning.param(0).to_owned();
    planning.draft(|draft| {
        let other = if without_query { draft.by("GET") } else { draft.clone() };
        super::Plan::FilterRun(RunPlan { id, own: draft.by("POST"), other })
    })
}

impl RunPlan {
    fn query<'a>(&self, caller: &'a Caller) -> OwnQuery<'a> {
        OwnQuery::new(List::Filters, caller).with("filterId", &self.id)
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        vec![super::question(&self.query(caller))]
    }

    pub(super) fn goes_on(&self) -> &Draft {
        &self.own
    }

    pub(super) fn otherwise(&self) -> &Draft {
        &self.other
    }
}

/// How the filters of an answer are counted.
pub(super) fn describe_counts(caller: &Caller) -> Vec<String> {
    let own = OwnQuery::new(List::Filters, caller).with("filterId", super::ANY);
    vec![
        format!("does each filter belong to the caller? {}", super::question(&own)),
        format!("for each: POST {}, with the tenant inserted", super::path(&["filter", super::ANY, "count"])),
    ]
}

pub(super) async fn handle_run(ctx: &RequestContext<'_>, plan: RunPlan) -> Result<Reply, Refusal> {
    let found = plan.query(ctx.caller()).rows(ctx.engine).await?;
    let mut draft = plan.other;
    for filter in found {
        if filter.text("id")? != plan.id {
            continue;
        }
        if filter.json().member("query").is_some_and(has_expression) {
            let what = "the filter's stored query contains expressions, which would run inside the engine; store it without them";
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
        draft = plan.own;
        break;
    }
    ctx.carry_out(draft, Duration::ZERO).await
}

/// Whether a stored query has a key that the engine evaluates.
fn has_expression(query: &Json) -> bool {
    match query {
        Json::Object(members) => members
            .iter()
            .any(|(key, value)| (key.ends_with("Expression") && !value.is_null()) || has_expression(value)),
        Json::Array(elements) => elements.iter().any(has_expression),
        Json::Leaf(_) | Json::Hole(_) => false,
    }
}
