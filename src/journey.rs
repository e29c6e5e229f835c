//! The stages of a request in order, as code, and nothing else.
//!
//! arrival → token → caller → share → operation → body → rule → ownership → permit → engine request → answer →
//! guard → reply. Each stage hands on a proof that the next one takes; the token comes before the operation, so a
//! stranger learns nothing about either.

mod answer;

use std::sync::Arc;
use std::time::Duration;

use crate::admission::{Granted, Share, Shares};
use crate::form::Parts;
use crate::isolation::engine::Engine;
use crate::isolation::narrow::{Context, Draft, Outcome, Permit, narrow};
use crate::json::{self, Json};
use crate::operations;
use crate::policy::{Body, Empty, FamilyId, Forward, How, Local, Multipart, Operation};
use crate::refusal::{Kind, Refusal};
use crate::request::{Arrival, Headers, Payload};
use crate::response::Reply;
use crate::state::AppState;
use crate::tenancy::{Caller, Tenant};

/// Longest long poll that the engine takes (facts 4).
const LONGEST_POLL: Duration = Duration::from_secs(1800);

/// What a request has shown so far, for the access log and the figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// The tenant that the token proved.
    pub tenant: Option<Tenant>,
    /// The operation's rule, as `GET /task/{id}`.
    pub operation: Option<Arc<str>>,
    /// The values of the path's parameters, for the audit stream.
    pub ids: Vec<String>,
    /// The rule's kind.
    pub kind: Option<&'static str>,
    /// The engine's status.
    pub engine_status: Option<u16>,
    /// Seconds until the engine's answer began.
    pub engine_seconds: Option<f64>,
    /// Seconds that look-ups took.
    pub look_up_seconds: Option<f64>,
    /// The place in the tenant's share, held until the last byte of the reply: who reads slowly takes a connection
    /// and memory as long.
    pub share: Option<Arc<Share>>,
}

/// What is asked, past the operation: what emulations may change before it is narrowed.
pub(crate) struct Request<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) forward: &'a Forward,
    pub(crate) method: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Json>,
    /// The memory that the body takes.
    pub(crate) granted: Option<Granted>,
    /// The path\'s key is read without tenant.
    pub(crate) shared_key: bool,
}

impl<'a> Request<'a> {
    /// A decoded parameter of the path.
    pub(crate) fn param(&self, number: usize) -> &'a str {
        self.operation.params.get(number).map_or("", String::as_str)
    }
}

/// One request with everything it needs on its way.
pub(crate) struct Travel<'a> {
    /// What all requests share.
    pub state: &'a AppState,
    /// This worker's connections.
    pub engine: &'a Engine,
    /// Who asks.
    pub caller: &'a Caller,
    /// The headers that count.
    pub headers: &'a Headers,
    /// Scheme and authority that links show.
    pub public_origin: Arc<str>,
}

/// Takes a request from its arrival to its reply. `found`: the operation of its method and path, if there is one;
/// nothing is told of it before the token is verified.
///
/// # Errors
/// The stage's refusal.
pub(crate) async fn journey(
    state: &AppState,
    engine: &Engine,
    arrival: Arrival,
    found: Option<Operation>,
    payload: Payload,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    let Arrival { method, segments, query, headers, head: _ } = arrival;
    let authorization: Vec<&[u8]> = headers.authorization.iter().map(Vec::as_slice).collect();
    let caller = state.tokens.caller(&authorization).await?;
    trace.tenant = Some(caller.tenant().clone());

    let Some(operation) = found else {
        // The engine answers OPTIONS on any path with a description of its whole interface (facts 13).
        return match state.policy.methods(&segments) {
            methods if method == "OPTIONS" && !methods.is_empty() => Ok(Reply::allow(&methods)),
            _ => Err(Refusal::new(Kind::NoRule, "there is no such operation")),
        };
    };
    trace.operation = Some(operation.rule.operation.clone());
    trace.kind = Some(operation.rule.kind.name());
    trace.ids.clone_from(&operation.params);

    let share =
        state.shares.take(caller.tenant(), matches!(&operation.rule.how, How::Forward(f) if f.long_poll))?;
    trace.share = Some(Arc::new(share));
    let forward = match &operation.rule.how {
        How::Deny(reason) => {
            return Err(Refusal::new(
                Kind::Denied,
                format!("`{}` is denied: {reason}", operation.rule.operation),
            ));
        }
        How::Local(Local::Options) => return Ok(Reply::json(200, &b"{\"links\":[]}"[..])),
        How::Local(Local::Engines) => {
            return Ok(Reply::json(200, serde_json::json!([{ "name": state.base.engine }]).to_string()));
        }
        How::Forward(forward) => forward,
    };
    let public_origin = state
        .public_origin
        .clone()
        .unwrap_or_else(|| format!("http://{}", headers.host.as_deref().unwrap_or("localhost")).into());
    let travel = Travel { state, engine, caller: &caller, headers: &headers, public_origin };
    let request = Request {
        operation: &operation,
        forward,
        method,
        query,
        body: None,
        granted: None,
        shared_key: false,
    };
    travel.forward(request, payload, trace).await
}

impl Travel<'_> {
    async fn forward(
        &self,
        mut request: Request<'_>,
        payload: Payload,
        trace: &mut Trace,
    ) -> Result<Reply, Refusal> {
        let form = self.body(&mut request, payload).await?;
        request.shared_key = self.shared_key(&request).await?;
        if let Some(emulation) = request.forward.emulate
            && let Some(reply) = Box::pin(operations::carry(self, emulation, &mut request, trace)).await?
        {
            return Ok(reply);
        }
        match form {
            // Ways that few requests take are boxed: the journey of all others is moved about with them.
            Some(payload) => Box::pin(self.narrowed_form(&mut request, payload, trace)).await,
            None => self.narrowed(&mut request, trace).await,
        }
    }

    /// A place among the tenant's requests of a sort that costs much; who has too many waits for one of its own to
    /// end, at most as long as for the engine.
    pub(crate) async fn in_line(&self, shares: &Shares, long_poll: bool) -> Result<Share, Refusal> {
        shares.wait(self.caller.tenant(), long_poll, self.state.settings.engine.timeout).await
    }

    /// Narrows a request by its rule.
    fn narrow(&self, request: &mut Request<'_>) -> Result<Outcome, Refusal> {
        let context = Context {
            policy: &self.state.policy,
            tenant: self.caller.tenant(),
            kind: request.operation.rule.kind,
            shared: self.state.settings.tenancy.shared_resources,
            handles: &self.state.handles,
            params: &request.operation.params,
            shared_key: request.shared_key,
        };
        let (query, body) = (request.query.clone(), request.body.take());
        narrow(&context, &request.operation.rule, request.forward, &request.method, query, body)
    }

    /// Ownership look-ups, then the permit.
    async fn permit(&self, draft: Draft, trace: &mut Trace) -> Result<Permit, Refusal> {
        let began = std::time::Instant::now();
        let questions = draft.questions();
        let asks = questions.iter().any(|q| q.family() != FamilyId::TENANT);
        let owned = self.state.ownership.of(self.engine, self.caller, questions).await?;
        if asks {
            trace.look_up_seconds = Some(began.elapsed().as_secs_f64());
        }
        Ok(draft.permit(&owned))
    }

    /// Rule → ownership → permit → engine request → reply.
    pub(crate) async fn narrowed(
        &self,
        request: &mut Request<'_>,
        trace: &mut Trace,
    ) -> Result<Reply, Refusal> {
        let patience = patience(request.forward, request.body.as_ref());
        let draft = match self.narrow(request)? {
            Outcome::Empty(Empty::List) => return Ok(Reply::json(200, &b"[]"[..])),
            Outcome::Empty(Empty::Count) => return Ok(Reply::json(200, &b"{\"count\":0}"[..])),
            Outcome::Forward(draft) => draft,
        };
        if request.forward.own_answer {
            return Box::pin(self.own_answer(draft, request.forward, trace)).await;
        }
        let permit = self.permit(draft, trace).await?;
        let answer = self.send(&permit, patience, trace).await?;
        self.reply(answer, &permit, request.forward).await
    }

    async fn narrowed_form(
        &self,
        request: &mut Request<'_>,
        payload: Payload,
        trace: &mut Trace,
    ) -> Result<Reply, Refusal> {
        let Outcome::Forward(draft) = self.narrow(request)? else {
            return Err(Refusal::new(Kind::Internal, "a form can't be answered empty"));
        };
        let permit = self.permit(draft, trace).await?;
        let Body::Multipart(form) = request.forward.body else {
            return Err(Refusal::new(Kind::Internal, "the rule takes no form"));
        };
        if form == Multipart::Deployment {
            return operations::deploy(self, &permit, request.forward, payload, trace).await;
        }
        let _share = self.in_line(&self.state.uploads, false).await?;
        let rebuild =
            async |parts: &mut Parts, out| crate::isolation::narrow::forms::rebuild(form, parts, out).await;
        let answer = self.form(&permit, payload, trace, rebuild).await?;
        self.reply(answer, &permit, request.forward).await
    }

    /// The body by the rule: JSON read whole into the request, a form handed on, anything else dropped.
    async fn body(&self, request: &mut Request<'_>, payload: Payload) -> Result<Option<Payload>, Refusal> {
        match request.forward.body {
            Body::None => Ok(None),
            Body::Multipart(_) => Ok(Some(payload)),
            Body::Json(_) => {
                let limits = &self.state.settings.limits;
                if !self.headers.has_body {
                    return Ok(None);
                }
                let (whole, granted) =
                    Box::pin(payload.whole(limits.max_json_bytes, &self.state.memory)).await?;
                request.granted = Some(granted);
                if whole.is_empty() {
                    return Ok(None);
                }
                let essence = self.headers.content_type.as_deref().and_then(|t| t.split(';').next());
                if !essence.is_some_and(|e| e.trim().eq_ignore_ascii_case("application/json")) {
                    let what = "the body's content type must be `application/json`";
                    return Err(Refusal::new(Kind::ContentType, what));
                }
                let json = json::read(&whole, limits.max_json_depth).map_err(|fault| {
                    Refusal::new(Kind::BodyAmbiguous, format!("the body can't be read: {fault}"))
                })?;
                crate::isolation::narrow::class_names(&json, &self.state.settings.object_types)?;
                request.body = Some(json);
                Ok(None)
            }
        }
    }
}

/// How much longer than usual the answer may take: a long poll says so in its body.
fn patience(forward: &Forward, body: Option<&Json>) -> Duration {
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
        _ => Duration::ZERO,
    }
}
