//! The last stages: a permit is sent, its answer guarded, and the reply made of it.
//!
//! In: a permit, or the draft of a request whose answer shows its owner. Out: the reply. Nothing goes to the engine
//! here without a permit.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};

use super::{Trace, Travel};
use crate::form::{self, FormWriter, Parts};
use crate::isolation::engine::{Answer, RequestBody};
use crate::isolation::narrow::{Content, Draft, Permit};
use crate::isolation::ownership::{Asked, Owned};
use crate::policy::Forward;
use crate::refusal::{Kind, Refusal};
use crate::request::Payload;
use crate::response::{Reply, Watch, held, streamed};

/// How long a form may take to go through, on top of the engine's own time: its size is limited, not its time, and
/// a client that stops sending is cut off by the time between two pieces.
const FORM_PATIENCE: Duration = Duration::from_secs(3600);

impl Travel<'_> {
    /// Sends a form that is read and written anew while it streams.
    pub(crate) async fn form(
        &self,
        permit: &Permit,
        payload: Payload,
        trace: &mut Trace,
        rebuild: impl AsyncFnOnce(&mut Parts, FormWriter) -> Result<(), Refusal>,
    ) -> Result<Answer, Refusal> {
        let boundary = form::boundary(self.headers.content_type.as_deref())?;
        let mut parts = Parts::new(payload.pieces(self.state.settings.limits.max_stream_bytes), &boundary);
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

    /// What to watch in an answer that holds own records only.
    pub(crate) fn watch_own(&self, forward: &Forward) -> Watch {
        Watch {
            tenant: self.caller.tenant().clone(),
            tenantless: false,
            guarded: forward.guarded.clone(),
            engine_origin: self.state.engine_origin.clone(),
            public_origin: self.public_origin.clone(),
        }
    }

    pub(crate) fn watch(&self, permit: &Permit, forward: &Forward) -> Watch {
        Watch { tenantless: permit.tenantless(), ..self.watch_own(forward) }
    }

    /// Answer → guard → reply.
    pub(crate) async fn reply(
        &self,
        answer: Answer,
        permit: &Permit,
        forward: &Forward,
    ) -> Result<Reply, Refusal> {
        let watch = self.watch(permit, forward);
        let handles = permit.by_handle() || forward.makes_batch;
        if permit.stand_ins().is_empty() && !handles {
            return streamed(answer, watch).await;
        }
        let signs = handles && answer.is_json() && answer.status.is_success();
        let limit = self.state.settings.limits.max_held_answer_bytes;
        let reply = held(answer, watch, permit.stand_ins(), limit).await?;
        if !signs {
            return Ok(reply);
        }
        let (handles, tenant) = (&self.state.handles, self.caller.tenant());
        reply.change(|whole| {
            crate::response::reveal(whole, &forward.answer, handles, tenant, forward.makes_batch)
        })
    }

    /// One round trip for an own record: it is asked for, and its owner read in the answer before a byte goes out.
    /// Whatever is not the caller's is asked for again under an id that never existed, a missing one as well, so
    /// that both take the same time.
    pub(super) async fn own_answer(
        &self,
        draft: Draft,
        forward: &Forward,
        trace: &mut Trace,
    ) -> Result<Reply, Refusal> {
        let [asked] = <[Asked; 1]>::try_from(draft.questions())
            .map_err(|_| Refusal::new(Kind::Internal, "the rule names more than one id"))?;
        if let Some(id) = self.state.ownership.opened(self.caller, &asked) {
            let mut owned = Owned::default();
            owned.insert_opened(asked, id);
            let permit = draft.permit(&owned);
            let answer = self.send(&permit, Duration::ZERO, trace).await?;
            return self.reply(answer, &permit, forward).await;
        }
        if asked.plausible() {
            let mut to_check = Owned::default();
            to_check.insert(asked.clone(), asked.id().to_owned());
            let permit = draft.clone().permit(&to_check);
            let mut answer = self.send(&permit, Duration::ZERO, trace).await?;
            let limit = self.state.settings.limits.max_held_answer_bytes;
            let whole = if answer.status.is_success() { answer.whole(limit).await? } else { None };
            let own = match &whole {
                Some(whole) => self.state.ownership.shows(self.caller, &asked, whole)?,
                // Too long to hold, or an error of the engine about what may well be an own record.
                None if answer.status != http::StatusCode::NOT_FOUND => {
                    let owned =
                        self.state.ownership.of(self.engine, self.caller, vec![asked.clone()]).await?;
                    owned.id(&asked).is_some()
                }
                None => false,
            };
            if own {
                let watch = self.watch(&permit, forward);
                return match whole {
                    Some(whole) => crate::response::whole(&answer, &whole, watch),
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
