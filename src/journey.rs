//! The stages of a request in order, as code, and nothing else.
//!
//! arrival → token → caller → share → operation → body → rule → ownership → permit → engine request → answer →
//! guard → reply. Each stage hands on a proof that the next one takes; the token comes before the operation, so a
//! stranger learns nothing about either.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};

use crate::emulate;
use crate::engine::{Answer, Engine, RequestBody};
use crate::form::{self, FormWriter, Parts};
use crate::gate::Gate;
use crate::json::{self, Json};
use crate::ownership::{Asked, Owned};
use crate::policy::{Body, Empty, Forward, How, Local, Multipart, Operation};
use crate::proxy::{Reply, Watch, held, streamed};
use crate::refusal::{Kind, Refusal};
use crate::rewrite::{Content, Context, Draft, Outcome, Permit, narrow};
use crate::server::{Arrival, Headers, Payload};
use crate::tenancy::Caller;

/// Longest long poll that the engine takes (facts 4).
const LONGEST_POLL: Duration = Duration::from_secs(1800);

/// How long a form may take to go through, on top of the engine's own time: its size is limited, not its time, and
/// a client that stops sending is cut off by the time between two pieces.
const FORM_PATIENCE: Duration = Duration::from_secs(3600);

/// What a request has shown so far, for the access log and the figures.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The tenant that the token proved.
    pub tenant: Option<String>,
    /// The operation's rule, as `GET /task/{id}`.
    pub operation: Option<String>,
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
}

/// One request with everything it needs on its way.
pub struct Travel<'a> {
    /// What all requests share.
    pub gate: &'a Gate,
    /// This worker's connections.
    pub engine: &'a Engine,
    /// Who asks.
    pub caller: &'a Caller,
    /// The headers that count.
    pub headers: &'a Headers,
    /// Scheme and authority that links show.
    pub public_origin: &'a str,
}

/// Takes a request from its arrival to its reply.
///
/// # Errors
/// The stage's refusal.
pub async fn journey(
    gate: &Gate,
    engine: &Engine,
    arrival: Arrival,
    payload: Payload,
    trace: &mut Trace,
) -> Result<Reply, Refusal> {
    let authorization: Vec<&[u8]> = arrival.headers.authorization.iter().map(Vec::as_slice).collect();
    let caller = gate.tokens.caller(&authorization).await?;
    trace.tenant = Some(caller.tenant().as_str().to_owned());

    let operation = gate
        .policy
        .find(&arrival.method, &arrival.segments)
        .ok_or_else(|| Refusal::new(Kind::NoRule, "there is no such operation"))?;
    trace.operation = Some(operation.rule.operation.clone());
    trace.kind = Some(operation.rule.kind.name());
    trace.ids.clone_from(&operation.params);

    let _share =
        gate.shares.take(caller.tenant(), matches!(&operation.rule.how, How::Forward(f) if f.long_poll))?;
    let forward = match &operation.rule.how {
        How::Deny(reason) => {
            return Err(Refusal::new(
                Kind::Denied,
                format!("`{}` is denied: {reason}", operation.rule.operation),
            ));
        }
        How::Local(Local::Options) => return Ok(Reply::json(200, &b"{\"links\":[]}"[..])),
        How::Local(Local::Engines) => {
            return Ok(Reply::json(200, serde_json::json!([{ "name": gate.base.engine }]).to_string()));
        }
        How::Forward(forward) => forward,
    };
    let public_origin = gate
        .settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", arrival.headers.host.as_deref().unwrap_or("localhost")));
    let travel =
        Travel { gate, engine, caller: &caller, headers: &arrival.headers, public_origin: &public_origin };
    travel.forward(&operation, forward, &arrival, payload, trace).await
}

impl Travel<'_> {
    async fn forward(
        &self,
        operation: &Operation,
        forward: &Forward,
        arrival: &Arrival,
        payload: Payload,
        trace: &mut Trace,
    ) -> Result<Reply, Refusal> {
        let (body, form) = self.body(forward, payload).await?;
        let patience = patience(forward, body.as_ref());
        let context = Context {
            policy: &self.gate.policy,
            tenant: self.caller.tenant(),
            kind: operation.rule.kind,
            shared: self.gate.settings.tenancy.shared_resources,
            params: &operation.params,
        };
        let draft =
            match narrow(&context, &operation.rule, forward, &arrival.method, arrival.query.clone(), body)? {
                Outcome::Empty(Empty::List) => return Ok(Reply::json(200, &b"[]"[..])),
                Outcome::Empty(Empty::Count) => return Ok(Reply::json(200, &b"{\"count\":0}"[..])),
                Outcome::Forward(draft) => draft,
            };
        if forward.own_answer {
            return self.own_answer(draft, forward, trace).await;
        }
        let began = std::time::Instant::now();
        let questions = draft.questions();
        let asks = questions.iter().any(|q| q.family() != crate::policy::FamilyId::TENANT);
        let owned = self.gate.ownership.of(self.engine, self.caller, questions).await?;
        if asks {
            trace.look_up_seconds = Some(began.elapsed().as_secs_f64());
        }
        let permit = draft.permit(&owned);
        match (forward.body, form) {
            (Body::Multipart(Multipart::Deployment), Some(payload)) => {
                emulate::deploy(self, &permit, forward, payload, trace).await
            }
            (Body::Multipart(form), Some(payload)) => {
                let rebuild =
                    async |parts: &mut Parts, out| crate::rewrite::forms::rebuild(form, parts, out).await;
                let answer = self.form(&permit, payload, trace, rebuild).await?;
                self.reply(answer, &permit, forward).await
            }
            (Body::None | Body::Json(_) | Body::Multipart(_), _) => {
                let answer = self.send(&permit, patience, trace).await?;
                self.reply(answer, &permit, forward).await
            }
        }
    }

    /// Sends a form that is read and written anew while it streams.
    pub(crate) async fn form(
        &self,
        permit: &Permit,
        payload: Payload,
        trace: &mut Trace,
        rebuild: impl AsyncFnOnce(&mut Parts, FormWriter) -> Result<(), Refusal>,
    ) -> Result<Answer, Refusal> {
        let boundary = form::boundary(self.headers.content_type.as_deref())?;
        let mut parts = Parts::new(payload.pieces(self.gate.settings.limits.max_stream_bytes), &boundary);
        let (writer, out) = form::channel();
        let exchange = self.exchange(permit, Some(&out.content_type), out.body, FORM_PATIENCE, trace);
        let rebuild = rebuild(&mut parts, writer);
        tokio::pin!(exchange, rebuild);
        // A small form is read to its end before the engine hears of it.
        tokio::select! {
            rebuilt = &mut rebuild => {
                rebuilt?;
                return exchange.await;
            }
            () = out.enough.notified() => {}
        }
        tokio::select! {
            // The engine answered before it had the whole form.
            early = &mut exchange => early,
            rebuilt = &mut rebuild => match rebuilt {
                // The engine stopped reading: it has answered, or its connection says why.
                Err(refusal) if refusal.kind() == Kind::EngineUnreachable => exchange.await,
                // Dropping the exchange drops the engine's connection: it never sees the end of the form.
                Err(refusal) => Err(refusal),
                Ok(()) => exchange.await,
            },
        }
    }

    /// The body by the rule: JSON read whole, a form handed on, anything else dropped.
    async fn body(
        &self,
        forward: &Forward,
        payload: Payload,
    ) -> Result<(Option<Json>, Option<Payload>), Refusal> {
        match forward.body {
            Body::None => Ok((None, None)),
            Body::Multipart(_) => Ok((None, Some(payload))),
            Body::Json(_) => {
                let whole = if self.headers.has_body {
                    payload.whole(self.gate.settings.limits.max_json_bytes).await?
                } else {
                    Bytes::new()
                };
                if whole.is_empty() {
                    return Ok((None, None));
                }
                let essence = self.headers.content_type.as_deref().and_then(|t| t.split(';').next());
                if !essence.is_some_and(|e| e.trim().eq_ignore_ascii_case("application/json")) {
                    let what = "the body's content type must be `application/json`";
                    return Err(Refusal::new(Kind::ContentType, what));
                }
                let json = json::read(&whole, self.gate.settings.limits.max_json_depth).map_err(|fault| {
                    Refusal::new(Kind::BodyAmbiguous, format!("the body can't be read: {fault}"))
                })?;
                crate::rewrite::class_names(&json, &self.gate.settings.object_types)?;
                Ok((Some(json), None))
            }
        }
    }

    /// Sends a permit whose body is there.
    pub(crate) async fn send(
        &self,
        permit: &Permit,
        patience: Duration,
        trace: &mut Trace,
    ) -> Result<Answer, Refusal> {
        let (content_type, bytes) = match permit.content() {
            Content::None => (None, Bytes::new()),
            Content::Json(bytes) => (Some("application/json"), bytes.clone()),
            // A form streams through `send_form`.
            Content::Multipart(_) => {
                return Err(Refusal::new(Kind::Internal, "the form was lost on its way"));
            }
        };
        let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        self.exchange(permit, content_type, body, patience, trace).await
    }

    pub(crate) async fn exchange(
        &self,
        permit: &Permit,
        content_type: Option<&str>,
        body: RequestBody,
        patience: Duration,
        trace: &mut Trace,
    ) -> Result<Answer, Refusal> {
        let began = std::time::Instant::now();
        let answer = self.engine.send(permit, self.caller, self.headers, content_type, body, patience).await;
        trace.engine_seconds = Some(began.elapsed().as_secs_f64());
        if let Ok(answer) = &answer {
            trace.engine_status = Some(answer.status.as_u16());
        }
        answer
    }

    pub(crate) fn watch(&self, permit: &Permit, forward: &Forward) -> Watch {
        Watch {
            tenant: self.caller.tenant().clone(),
            tenantless: permit.tenantless(),
            dtos: forward.answer.clone(),
            engine_origin: self.gate.settings.engine.origin.clone(),
            public_origin: self.public_origin.to_owned(),
        }
    }

    /// Answer → guard → reply.
    pub(crate) async fn reply(
        &self,
        answer: Answer,
        permit: &Permit,
        forward: &Forward,
    ) -> Result<Reply, Refusal> {
        let watch = self.watch(permit, forward);
        if permit.stand_ins().is_empty() {
            streamed(answer, watch).await
        } else {
            held(answer, watch, permit.stand_ins(), self.gate.settings.limits.max_held_answer_bytes).await
        }
    }

    /// One round trip for an own record: it is asked for, and its owner read in the answer before a byte goes out.
    /// Whatever is not the caller's is asked for again under an id that never existed, a missing one as well, so
    /// that both take the same time.
    async fn own_answer(&self, draft: Draft, forward: &Forward, trace: &mut Trace) -> Result<Reply, Refusal> {
        let [asked] = <[Asked; 1]>::try_from(draft.questions())
            .map_err(|_| Refusal::new(Kind::Internal, "the rule names more than one id"))?;
        if asked.plausible() {
            let mut to_check = Owned::default();
            to_check.insert(asked.clone(), asked.id().to_owned());
            let permit = draft.clone().permit(&to_check);
            let mut answer = self.send(&permit, Duration::ZERO, trace).await?;
            let limit = self.gate.settings.limits.max_held_answer_bytes;
            let whole = if answer.status.is_success() { answer.whole(limit).await? } else { None };
            let own = match &whole {
                Some(whole) => self.gate.ownership.shows(self.caller, &asked, whole),
                // Too long to hold, or an error of the engine about what may well be an own record.
                None if answer.status != http::StatusCode::NOT_FOUND => {
                    let owned = self.gate.ownership.of(self.engine, self.caller, vec![asked.clone()]).await?;
                    owned.id(&asked).is_some()
                }
                None => false,
            };
            if own {
                let watch = self.watch(&permit, forward);
                return match whole {
                    Some(whole) => crate::proxy::whole(&answer, &whole, watch),
                    None if answer.status.is_success() => {
                        let again = self.send(&permit, Duration::ZERO, trace).await?;
                        streamed(again, watch).await
                    }
                    None => streamed(answer, watch).await,
                };
            }
        }
        let permit = draft.permit(&Owned::default());
        let answer = self.send(&permit, Duration::ZERO, trace).await?;
        self.reply(answer, &permit, forward).await
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
