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
mod unsent;
mod upload;

pub(crate) use deploy::deploy;
pub(crate) use unsent::{FormCheck, check_form};
pub(crate) use upload::upload;

use crate::context::RequestContext;
use crate::isolation::narrow::{Narrowing, Outcome, RequestParts};
use crate::isolation::{Draft, OwnQuery, ResourceId};
use crate::json::Json;
use crate::percent::encode_path;
use crate::policy::{Forward, Handler, Policy};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::Caller;

/// What a plan is made of.
pub(crate) struct Planning<'a> {
    /// How the request is narrowed.
    pub(crate) narrowing: &'a Narrowing<'a>,
    pub(crate) forward: &'a Forward,
    pub(crate) caller: &'a Caller,
    /// The types that the client takes, if it says so.
    pub(crate) accept: Option<&'a str>,
    /// What the client asks.
    pub(crate) asks: RequestParts,
}

/// What a request comes to before the engine was asked anything.
#[allow(clippy::large_enum_variant, reason = "made once a request, and moved on at once")]
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

    /// Refuses another type than JSON, for what code makes.
    fn only_json(&self) -> Result<(), Refusal> {
        let takes_json = |accept: &str| {
            accept.contains("json") || accept.contains("*/*") || accept.contains("application/*")
        };
        match self.accept {
            Some(accept) if !takes_json(accept) => {
                Err(Refusal::new(Kind::FieldDenied, "the answer is available as `application/json` only"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The request as its rule narrows it.
    fn narrowed(self) -> Result<Planned, Refusal> {
        Ok(Planned::Narrowed(self.narrowing.narrow(self.forward, self.asks)?))
    }

    /// The draft of the request as its rule narrows it, for a plan that goes on with it.
    fn draft(self, plan: impl FnOnce(Draft) -> Plan) -> Result<Planned, Refusal> {
        Ok(match self.narrowing.narrow(self.forward, self.asks)? {
            Outcome::Forward(draft) => Planned::Handled(plan(draft)),
            empty @ Outcome::Empty(_) => Planned::Narrowed(empty),
        })
    }
}

/// Plans an operation that code carries out.
///
/// # Errors
/// What the operation refuses without asking the engine.
pub(crate) fn plan(handler: Handler, planning: Planning<'_>) -> Result<Planned, Refusal> {
    match handler {
        Handler::Message => message::plan(planning),
        Handler::TopicNames => Ok(topics::plan(&planning)),
        Handler::DefinitionStatistics => statistics::plan(&planning),
        Handler::TaskReport => report::plan_tasks(&planning),
        Handler::InstanceReport => report::plan_instances(planning),
        Handler::SuspendDefinitions => suspend::plan(planning),
        Handler::FilterRead => filter::plan_read(planning),
        Handler::FilterRun => filter::plan_run(planning),
        Handler::Redeploy => redeploy::plan(planning),
        Handler::DeployedForm => form::plan(planning),
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

    /// What the engine is asked by it before the request that goes on, for people.
    pub(crate) fn describe(&self, caller: &Caller) -> Vec<String> {
        match self {
            Plan::Message(plan) => plan.describe(caller),
            Plan::TopicNames(plan) => plan.describe(caller),
            Plan::DefinitionStatistics(plan) => plan.describe(caller),
            Plan::TaskReport(plan) => plan.describe(caller),
            Plan::InstanceReport(plan) => plan.describe(caller),
            Plan::SuspendDefinitions(plan) => plan.describe(caller),
            Plan::FilterRead(_) => Vec::new(),
            Plan::FilterRun(plan) => plan.describe(caller),
            Plan::Redeploy(plan) => plan.describe(caller),
            Plan::DeployedForm(plan) => plan.describe(caller),
        }
    }

    /// What it asks behind the request that goes on, for people.
    pub(crate) fn describe_behind(&self, caller: &Caller) -> Vec<String> {
        match self {
            Plan::FilterRead(_) => filter::describe_counts(caller),
            Plan::Message(_)
            | Plan::TopicNames(_)
            | Plan::DefinitionStatistics(_)
            | Plan::TaskReport(_)
            | Plan::InstanceReport(_)
            | Plan::SuspendDefinitions(_)
            | Plan::FilterRun(_)
            | Plan::Redeploy(_)
            | Plan::DeployedForm(_) => Vec::new(),
        }
    }

    /// An id that it looks up, other than those of the request that goes on.
    pub(crate) fn looks_up(&self, policy: &Policy) -> Option<ResourceId> {
        match self {
            Plan::Message(plan) => Some(plan.asked(policy)),
            Plan::TopicNames(_)
            | Plan::DefinitionStatistics(_)
            | Plan::TaskReport(_)
            | Plan::InstanceReport(_)
            | Plan::SuspendDefinitions(_)
            | Plan::FilterRead(_)
            | Plan::FilterRun(_)
            | Plan::Redeploy(_)
            | Plan::DeployedForm(_) => None,
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

    /// The request that goes on in its place where the caller has no such thing.
    pub(crate) fn otherwise(&self) -> Option<&Draft> {
        match self {
            Plan::FilterRun(plan) => Some(plan.otherwise()),
            Plan::DeployedForm(plan) => plan.otherwise(),
            Plan::FilterRead(_)
            | Plan::Redeploy(_)
            | Plan::Message(_)
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

/// What stands for values that only the engine can tell.
const ANY: &str = "…";

/// A question of the gateway's own, for people.
fn question(query: &OwnQuery<'_>) -> String {
    asked(query, "")
}

/// The same, asking how many there are.
fn count_question(query: &OwnQuery<'_>) -> String {
    asked(query, "/count")
}

fn asked(query: &OwnQuery<'_>, below: &str) -> String {
    match query.pages().as_deref() {
        Ok([first, _, ..]) => format!("{}, and so on for all tenants", written(first.request(below))),
        Ok(_) | Err(_) => written(query.request(below)),
    }
}

fn written((method, target, body): (&str, String, Option<Vec<u8>>)) -> String {
    let body = body.map(|body| format!(" {}", String::from_utf8_lossy(&body))).unwrap_or_default();
    format!("{method} {}{body}", readable(&target))
}

/// A path of the engine, for people.
fn path(segments: &[&str]) -> String {
    readable(&encode_path("", segments.iter().copied()))
}

fn readable(target: &str) -> String {
    target.replace("%E2%80%A6", ANY)
}

/// The engine's answer to a write of ours, handed on.
fn relayed(status: http::StatusCode, json: Option<&Json>) -> Reply {
    match json {
        None if status == http::StatusCode::NO_CONTENT => Reply::empty(),
        json => Reply::json(status.as_u16(), json.map(Json::write).unwrap_or_default()),
    }
}
