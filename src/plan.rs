//! A request and its rule become a plan: what would be sent, asked or refused. It is made without the engine, so the
//! server carries it out and `explain` prints it.

use std::time::Duration;

use bytes::Bytes;

use crate::admission::{Granted, Memory};
use crate::config::Settings;
use crate::isolation::narrow::{Fitted, Narrowing, Outcome, Pages, RequestParts, class_names};
use crate::isolation::{Draft, Handles, KeyQuestion};
use crate::json::{self, Json};
use crate::operations::{self, Planned, Planning};
use crate::policy::{Body, Empty, Forward, How, Local, Multipart, Operation, Policy};
use crate::refusal::{Kind, Refusal};
use crate::request::{Headers, Payload};
use crate::response::Reply;
use crate::tenancy::Caller;

/// Longest long poll that the engine takes (facts 4).
const LONGEST_POLL: Duration = Duration::from_secs(1800);

/// What plans are made by.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) settings: &'a Settings,
    pub(crate) handles: &'a Handles,
    pub(crate) caller: &'a Caller,
}

/// What a client asks for.
#[derive(Clone)]
pub(crate) struct ClientRequest<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) method: String,
    pub(crate) query: Vec<(String, String)>,
    /// The types that it takes, if it says so.
    pub(crate) accept: Option<&'a str>,
    /// The JSON body, if one was sent.
    pub(crate) body: Option<Json>,
}

/// What a request comes to before the engine is asked anything.
pub(crate) enum Plan {
    /// Answered without the engine.
    Answer(Box<Reply>),
    /// One narrowed request.
    Send(Draft),
    /// A list or count of more tenants than one request names.
    SendPages(Pages),
    /// One narrowed request by key: the caller's own definition, or a granted tenant's, or the shared one where that is
    /// readable and none of them has the key.
    SendByKey { question: KeyQuestion, own: Draft, shared: Option<Draft> },
    /// A form, whose parts are checked while it streams.
    Form(Draft, Multipart),
    /// Carried out by code.
    Handled(operations::Plan),
}

/// A rule's way to the engine, or its answer.
pub(crate) enum Way<'a> {
    Forward(&'a Forward),
    Answer(Box<Reply>),
}

/// Where an operation goes by its rule.
///
/// # Errors
/// [`Kind::Denied`] with the rule's reason.
pub(crate) fn way<'a>(operation: &'a Operation, engine_name: &str) -> Result<Way<'a>, Refusal> {
    match &operation.rule.how {
        How::Deny(reason) => {
            let what = format!("`{}` is denied: {reason}", operation.rule.operation);
            Err(Refusal::new(Kind::Denied, what))
        }
        How::Local(Local::Options) => Ok(Way::Answer(json(&b"{\"links\":[]}"[..]))),
        How::Local(Local::Engines) => {
            let engines = serde_json::json!([{ "name": engine_name }]).to_string();
            Ok(Way::Answer(json(engines)))
        }
        How::Forward(forward) => Ok(Way::Forward(forward)),
    }
}

/// The answer to a path and method that no rule names.
///
/// # Errors
/// [`Kind::NoRule`], but for `OPTIONS` of a path that has operations.
pub(crate) fn without_rule(policy: &Policy, method: &str, segments: &[String]) -> Result<Reply, Refusal> {
    // The engine answers OPTIONS on any path with a description of its whole interface (facts 13).
    match policy.methods(segments) {
        methods if method == "OPTIONS" && !methods.is_empty() => Ok(Reply::allow(&methods)),
        _ => Err(Refusal::new(Kind::NoRule, "there is no such operation")),
    }
}

/// A body by its rule: JSON that was read whole with the memory that it takes, or a form that was not read yet.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) json: Option<Json>,
    pub(crate) form: Option<Payload>,
    pub(crate) granted: Option<Granted>,
}

impl Planner<'_> {
    /// The body by the rule; what the rule does not take is dropped.
    ///
    /// # Errors
    /// A fault of the transfer, and a body that can't be read in one way only.
    pub(crate) async fn body(
        &self,
        forward: &Forward,
        headers: &Headers,
        payload: Payload,
        memory: &Memory,
    ) -> Result<Sent, Refusal> {
        match forward.body {
            Body::None => Ok(Sent::default()),
            Body::Multipart(_) => Ok(Sent { form: Some(payload), ..Sent::default() }),
            Body::Json(_) if !headers.has_body => Ok(Sent::default()),
            Body::Json(_) => {
                let limit = self.settings.limits.max_json_bytes;
                let (whole, granted) = Box::pin(payload.whole(limit, memory)).await?;
                let json = self.json(headers.content_type.as_deref(), &whole)?;
                Ok(Sent { json, form: None, granted: Some(granted) })
            }
        }
    }

    /// Reads a JSON body; none where none was sent.
    ///
    /// # Errors
    /// Another content type, JSON with more than one reading, or a class name that values can't have.
    fn json(&self, content_type: Option<&str>, body: &Bytes) -> Result<Option<Json>, Refusal> {
        if body.is_empty() {
            return Ok(None);
        }
        let essence = content_type.and_then(|t| t.split(';').next());
        if !essence.is_some_and(|e| e.trim().eq_ignore_ascii_case("application/json")) {
            let what = "the body's content type must be `application/json`";
            return Err(Refusal::new(Kind::ContentType, what));
        }
        let json = json::read(body, self.settings.limits.max_json_depth).map_err(|fault| {
            Refusal::new(Kind::BodyAmbiguous, format!("the body cannot be read: {fault}"))
        })?;
        class_names(&json, &self.settings.values.object_types)?;
        Ok(Some(json))
    }

    /// Plans a request.
    ///
    /// # Errors
    /// Whatever its rule refuses without asking the engine.
    pub(crate) fn plan(&self, asked: ClientRequest<'_>, forward: &Forward) -> Result<Plan, Refusal> {
        let tenancy = &self.settings.tenancy;
        let narrowing = Narrowing::new(self.policy, tenancy, self.handles, self.caller, asked.operation);
        let asks = RequestParts { method: asked.method, query: asked.query, body: asked.body };
        if let Some(handler) = forward.handler {
            let (caller, accept) = (self.caller, asked.accept);
            let planning = Planning { narrowing: &narrowing, forward, caller, accept, asks };
            return Ok(match operations::plan(handler, planning)? {
                Planned::Answer(reply) => Plan::Answer(Box::new(reply)),
                Planned::Narrowed(outcome) => sent(outcome, forward),
                Planned::Handled(plan) => Plan::Handled(plan),
            });
        }
        let Some((question, may_be_shared)) = narrowing.key_question(forward)? else {
            let draft = match narrowing.narrow(forward, asks)? {
                Outcome::Forward(draft) => draft,
                empty @ Outcome::Empty(_) => return Ok(sent(empty, forward)),
            };
            return Ok(match narrowing.fitted(forward, draft, self.settings.engine.max_target_bytes())? {
                Fitted::Whole(draft) => sent(Outcome::Forward(draft), forward),
                Fitted::Pages(pages) => Plan::SendPages(pages),
            });
        };
        let own = match narrowing.narrow(forward, asks.clone())? {
            Outcome::Forward(own) => own,
            empty @ Outcome::Empty(_) => return Ok(sent(empty, forward)),
        };
        if !may_be_shared {
            return Ok(Plan::SendByKey { question, own, shared: None });
        }
        Ok(match narrowing.without_key_tenant().narrow(forward, asks)? {
            Outcome::Forward(shared) => Plan::SendByKey { question, own, shared: Some(shared) },
            empty @ Outcome::Empty(_) => sent(empty, forward),
        })
    }
}

fn json(body: impl Into<Bytes>) -> Box<Reply> {
    Box::new(Reply::json(200, body))
}

fn sent(outcome: Outcome, forward: &Forward) -> Plan {
    match (outcome, forward.body) {
        (Outcome::Empty(Empty::List), _) => Plan::Answer(json(&b"[]"[..])),
        (Outcome::Empty(Empty::Count), _) => Plan::Answer(json(&b"{\"count\":0}"[..])),
        (Outcome::Forward(draft), Body::Multipart(form)) => Plan::Form(draft, form),
        (Outcome::Forward(draft), Body::None | Body::Json(_)) => Plan::Send(draft),
    }
}

/// How much longer than usual the answer may take: a long poll says so in its body.
pub(crate) fn extra_timeout(forward: &Forward, body: Option<&Json>) -> Duration {
    if !forward.long_poll {
        return Duration::ZERO;
    }
    let asked = body
        .and_then(|b| b.member("asyncResponseTimeout"))
        .and_then(|v| std::str::from_utf8(v.leaf()?).ok()?.trim_matches('"').parse::<f64>().ok());
    match asked {
        Some(milliseconds) if milliseconds > 0.0 => {
            Duration::from_secs_f64((milliseconds / 1000.0).min(LONGEST_POLL.as_secs_f64()))
        }
        Some(_) | None => Duration::ZERO,
    }
}
