//! `POST /deployment/{id}/redeploy`: what would be deployed again is inspected again; rules may have become
//! stricter, or the deployment was made before the gateway was there.

use super::{Planned, Planning};
use crate::context::RequestContext;
use crate::isolation::{Draft, List, OwnQuery, OwnRow, ReadPath, needed, unreadable};
use crate::json::Json;
use crate::model::{self, Inspector};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::{Caller, Level};

use std::time::Duration;

/// Which resources of a deployment are deployed again; both lists empty: all.
pub(crate) struct Plan {
    deployment: String,
    ids: Vec<String>,
    names: Vec<String>,
    draft: Draft,
}

pub(super) fn plan(planning: Planning<'_>) -> Result<Planned, Refusal> {
    let body = planning.asks.body.as_ref();
    let (ids, names) = (strings(body, "resourceIds")?, strings(body, "resourceNames")?);
    let deployment = planning.param(0).to_owned();
    planning.draft(|draft| super::Plan::Redeploy(Plan { deployment, ids, names, draft }))
}

/// The strings of a list in the body. The engine would turn anything else into a string: a number would name a resource
/// that nobody inspected.
fn strings(body: Option<&Json>, field: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::new(Kind::BodyAmbiguous, format!("`{field}` must be a list of strings"));
    match body.and_then(|body| body.member(field)) {
        None => Ok(Vec::new()),
        Some(null) if null.is_null() => Ok(Vec::new()),
        Some(Json::Array(elements)) => elements.iter().map(|e| e.as_str().ok_or_else(wrong)).collect(),
        Some(Json::Object(_) | Json::Leaf(_) | Json::Hole(_)) => Err(wrong()),
    }
}

impl Plan {
    /// Whether a resource is deployed again. A database may find a name that differs by case, or by blanks at its end.
    fn takes(&self, id: &str, name: &str) -> bool {
        let alike = |other: &String| other.trim().to_lowercase() == name.trim().to_lowercase();
        let all = self.ids.is_empty() && self.names.is_empty();
        all || self.ids.iter().any(|own| own == id) || self.names.iter().any(alike)
    }

    /// The deployment, in tenants to which the caller may deploy. Its model is inspected as that tenant's.
    fn found<'a>(&self, caller: &'a Caller) -> OwnQuery<'a> {
        OwnQuery::at_level(List::Deployments, caller, Level::All).with("id", &self.deployment)
    }

    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let resources = super::path(&["deployment", &self.deployment, "resources"]);
        vec![
            super::question(&self.found(caller)),
            format!("GET {resources}"),
            format!("for each model that is deployed again: GET {resources}/{}/data", super::ANY),
        ]
    }

    pub(super) fn goes_on(&self) -> &Draft {
        &self.draft
    }
}

pub(super) async fn handle(ctx: &RequestContext<'_>, plan: Plan) -> Result<Reply, Refusal> {
    if let Some(own) = ctx.own_id(ctx.state.policy.types.deployment, &plan.deployment).await? {
        let found = plan.found(ctx.caller()).rows(ctx.engine).await?;
        // What goes on was inspected, or nothing goes on.
        let [deployment] = found.as_slice() else { return Err(unreadable()) };
        if deployment.text("id")? != own.as_str() {
            return Err(unreadable());
        }
        inspect(ctx, &plan, deployment).await?;
    }
    ctx.carry_out(plan.draft, Duration::ZERO).await
}

async fn inspect(ctx: &RequestContext<'_>, plan: &Plan, deployment: &OwnRow) -> Result<(), Refusal> {
    let resources = ReadPath::below("deployment", &deployment.readable_id()?).then("resources");
    let tenant = deployment.tenant().as_str();
    let limit = ctx.state.settings.deployments.max_model_bytes.unwrap_or(model::MAX_BYTES);
    let mut findings = Vec::new();
    for resource in resources.rows(ctx.engine, ctx.caller()).await? {
        let (id, name) = (needed(&resource, "id")?, needed(&resource, "name")?);
        if !plan.takes(&id, &name) || Inspector::kind(&name).is_none() {
            continue;
        }
        let data = resources.clone().bound(&id).then("data");
        let bytes = data.bytes(ctx.engine, ctx.caller(), limit.min(model::MAX_BYTES)).await?;
        let too_long =
            || Refusal::new(Kind::BodyTooLarge, format!("the file `{name}` is too large to be inspected"));
        let bytes = bytes.ok_or_else(too_long)?;
        findings.extend(ctx.state.inspections.inspect(&name, &bytes, tenant).await?);
    }
    if findings.is_empty() { Ok(()) } else { Err(model::refusal(&findings)) }
}
