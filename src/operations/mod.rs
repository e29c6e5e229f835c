//! Operations that one narrowed request can't carry out: one file each.
//!
//! Each has a `plan`, made of the request alone, and `handle`, which asks the engine and carries the plan out. What a
//! plan needs to know of the engine is a question in it, never a guess.

mod deploy;
mod filter;
mod form;
mod message;
mod redeploy;
mod report;
mod statistics;
mod suspend;
mod topics;
mod upload;

pub(crate) use deploy::deploy;
pub(crate) use upload::upload;

use crate::context::RequestContext;
use crate::isolation::narrow::{Asks, Narrowing, Outcome};
use crate::isolation::{Draft, OwnQuery};
use crate::json::Json;
use crate::policy::{Emulation, Forward, Rule};
use crate::refusal::Refusal;
use crate::response::Reply;
use crate::tenancy::Caller;

/// What a plan is made of.
pub(crate) struct Planning<'a> {
    /// How the request is narrowed.
    pub(crate) narrowing: &'a Narrowing<'a>,
    pub(crate) rule: &'a Rule,
    pub(crate) forward: &'a Forward,
    pub(crate) caller: &'a Caller,
    /// What the client asks.
    pub(crate) asks: Asks,
}

/// What a request comes to before the engine was asked anything.
pub(crate) enum Planned {
    /// Answered without the engine.
    Answer(Reply),
    /// One narrowed request.
    Narrowed(Outcome),
    /// Carried out by code.
    Handled(Plan),
}

/// An operation that code carries out.
pub(crate) enum Plan {
    Message(message::Plan),
    TopicNames(topics::Plan),
    DefinitionStatistics(statistics::Plan),
    TaskReport(report::TaskPlan),
    InstanceReport(report::InstancePlan),
    SuspendDefinitions(suspend::Plan),
    FilterRead(Draft),
    FilterRun(filter::RunPlan),
    Redeploy(redeploy::Plan),
    DeployedForm(form::Plan),
}

impl Planning<'_> {
    /// The value of a parameter of the path.
    fn param(&self, number: usize) -> &str {
        self.narrowing.param(number)
    }

    /// The request as its rule narrows it.
    fn narrowed(self) -> Result<Planned, Refusal> {
        Ok(Planned::Narrowed(self.narrowing.narrow(self.rule, self.forward, self.asks)?))
    }

    /// The draft of the request as its rule narrows it, for a plan that goes on with it.
    fn draft(self, plan: impl FnOnce(Draft) -> Plan) -> Result<Planned, Refusal> {
        Ok(match self.narrowing.narrow(self.rule, self.forward, self.asks)? {
            Outcome::Forward(draft) => Planned::Handled(plan(draft)),
            empty @ Outcome::Empty(_) => Planned::Narrowed(empty),
        })
    }
}

/// Plans an operation that code carries out.
///
/// # Errors
/// What the operation refuses without asking the engine.
pub(crate) fn plan(handler: Emulation, planning: Planning<'_>) -> Result<Planned, Refusal> {
    match handler {
        Emulation::Message => message::plan(planning),
        Emulation::TopicNames => Ok(topics::plan(&planning)),
        Emulation::DefinitionStatistics => statistics::plan(&planning),
        Emulation::TaskReport => report::plan_tasks(&planning),
        Emulation::InstanceReport => report::plan_instances(planning),
        Emulation::SuspendDefinitions => suspend::plan(planning),
        Emulation::FilterRead => filter::plan_read(planning),
        Emulation::FilterRun => filter::plan_run(planning),
        Emulation::Redeploy => redeploy::plan(planning),
        Emulation::DeployedForm => form::plan(planning),
    }
}

impl Plan {
    /// Carries the plan out.
    ///
    /// # Errors
    /// The engine did not answer a question, or the operation refuses by what it answered.
    pub(crate) async fn handle(self, ctx: &RequestContext<'_>) -> Result<Reply, Refusal> {
        match self {
            Plan::Message(plan) => message::handle(ctx, &plan).await,
            Plan::TopicNames(plan) => topics::handle(ctx, &plan).await,
            Plan::DefinitionStatistics(plan) => statistics::handle(ctx, &plan).await,
            Plan::TaskReport(plan) => report::handle_tasks(ctx, &plan).await,
            Plan::InstanceReport(plan) => report::handle_instances(ctx, plan).await,
            Plan::SuspendDefinitions(plan) => suspend::handle(ctx, &plan).await,
            Plan::FilterRead(draft) => filter::handle_read(ctx, draft).await,
            Plan::FilterRun(plan) => filter::handle_run(ctx, plan).await,
            Plan::Redeploy(plan) => redeploy::handle(ctx, plan).await,
            Plan::DeployedForm(plan) => form::handle(ctx, plan).await,
        }
    }

    /// What the engine is asked by it, for people.
    pub(crate) fn describe(&self, caller: &Caller) -> Vec<String> {
        match self {
            Plan::Message(plan) => plan.describe(caller),
            Plan::TopicNames(plan) => plan.describe(caller),
            Plan::DefinitionStatistics(plan) => plan.describe(caller),
            Plan::TaskReport(plan) => plan.describe(caller),
            Plan::InstanceReport(plan) => plan.describe(caller),
            Plan::SuspendDefinitions(plan) => plan.describe(caller),
            Plan::FilterRead(_) => {
                vec!["for each filter: POST /filter/…/count {\"tenantIdIn\": […]}".to_owned()]
            }
            Plan::FilterRun(plan) => plan.describe(caller),
            Plan::Redeploy(plan) => plan.describe(),
            Plan::DeployedForm(plan) => plan.describe(),
        }
    }

    /// The request that goes on in the end, where it is known before.
    pub(crate) fn goes_on(&self) -> Option<&Draft> {
        match self {
            Plan::FilterRead(draft) => Some(draft),
            Plan::FilterRun(plan) => Some(plan.goes_on()),
            Plan::Redeploy(plan) => Some(plan.goes_on()),
            Plan::DeployedForm(plan) => Some(plan.goes_on()),
            Plan::Message(_)
            | Plan::TopicNames(_)
            | Plan::DefinitionStatistics(_)
            | Plan::TaskReport(_)
            | Plan::InstanceReport(_)
            | Plan::SuspendDefinitions(_) => None,
        }
    }
}

/// An error as the engine words it for a parameter that it does not take.
fn invalid_request(what: &str) -> Reply {
    let mut body = Json::object();
    body.set("type", Json::string("InvalidRequestException"));
    body.set("message", Json::string(what));
    body.set("code", Json::null());
    Reply::json(400, body.write())
}

/// A question of the gateway's own, for people.
fn question(query: &OwnQuery<'_>) -> String {
    let (method, target, body) = query.request("");
    let body = body.map(|body| format!(" {}", String::from_utf8_lossy(&body))).unwrap_or_default();
    format!("{method} {target}{body}")
}

/// The engine's answer to a write of ours, handed on.
fn relayed(status: http::StatusCode, json: Option<&Json>) -> Reply {
    match json {
        None if status == http::StatusCode::NO_CONTENT => Reply::empty(),
        json => Reply::json(status.as_u16(), json.map(Json::write).unwrap_or_default()),
    }
}
