//! `PUT /process-definition/suspended` by key: the engine would act on the key in every tenant (facts 1), so each
//! own version is named by its id.

use super::{Planned, Planning, relayed};
use crate::context::RequestContext;
use crate::isolation::{List, OwnQuery, OwnWrite};
use crate::json::Json;
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::Caller;

const KEY: &str = "processDefinitionKey";
/// Most versions of a key.
const MOST: usize = 10_000;
/// What the engine takes besides the selector.
const FIELDS: [&str; 3] = ["suspended", "includeProcessInstances", "executionDate"];

/// A key and what the client said about it.
pub(crate) struct Plan {
    key: String,
    body: Json,
}

/// Without a key it is narrowed by its rule.
pub(super) fn plan(mut planning: Planning<'_>) -> Result<Planned, Refusal> {
    let mut body = planning.asks.body.take().unwrap_or_else(Json::object);
    let Some(key) = body.remove(KEY).filter(|key| !key.is_null()) else {
        planning.asks.body = Some(body);
        return planning.narrowed();
    };
    planning.caller.needs_own()?;
    let wrong = || Refusal::new(Kind::BodyAmbiguous, format!("`{KEY}` must be a string"));
    let key = key.as_str().ok_or_else(wrong)?;
    if body.remove("processDefinitionId").is_some_and(|id| !id.is_null()) {
        let what = format!("name either `{KEY}` or `processDefinitionId`");
        return Err(Refusal::new(Kind::BodyAmbiguous, what));
    }
    Ok(Planned::Handled(super::Plan::SuspendDefinitions(Plan { key, body })))
}

impl Plan {
    fn versions<'a>(&self, caller: &'a Caller) -> OwnQuery<'a> {
        OwnQuery::new(List::ProcessDefinitions, caller)
            .with("key", &self.key)
            .with("sortBy", "version")
            .with("sortOrder", "asc")
    }

    fn said(&self, write: OwnWrite) -> OwnWrite {
        FIELDS.iter().fold(write, |write, field| write.taking(&self.body, field, field))
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let none = "PUT /process-definition/suspended with a key that nobody has";
        match self.key.as_str() {
            "" => vec![none.to_owned()],
            _ => vec![
                super::question(&self.versions(caller)),
                format!("for each: PUT {}", super::path(&["process-definition", super::ANY, "suspended"])),
                format!("if there is none: {none}"),
            ],
        }
    }
}

pub(super) async fn handle(ctx: &RequestContext<'_>, plan: &Plan) -> Result<Reply, Refusal> {
    // An empty key would be no filter to the list.
    let own = match plan.key.as_str() {
        "" => Vec::new(),
        _ => plan.versions(ctx.caller()).all(ctx.engine, MOST).await?,
    };
    let mut writes = Vec::new();
    for version in &own {
        let write = OwnWrite::below("PUT", "process-definition", &version.id()?).then("suspended");
        writes.push(plan.said(write));
    }
    if writes.is_empty() {
        let path = ["process-definition", "suspended"];
        writes.push(plan.said(OwnWrite::about_nobody("PUT", path, KEY)));
    }
    let mut reply = Reply::empty();
    for write in writes {
        let (status, json) = write.send(ctx.engine, ctx.caller()).await?;
        reply = relayed(status, json.as_ref());
        if !status.is_success() {
            break;
        }
    }
    Ok(reply)
}
