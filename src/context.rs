//! One request with what it needs on its way, and the last stages: a permit is sent, its answer guarded, and the reply
//! made of it.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::admission::{Share, Shares};
use crate::form::{self, FormWriter, Parts};
use crate::isolation::narrow::Pages;
use crate::isolation::{
    Answer, Content, Draft, Engine, Judgement, KeyOwner, KeyQuestion, OwnId, OwnedIds, Permit, ReadableId,
    RequestBody, ResourceId, full,
};
use crate::policy::{Empty, Forward, ResourceTypeId, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::request::{Headers, Payload};
use crate::response::{self, Reply, Watch, buffered, streamed};
use crate::state::AppState;
use crate::telemetry::RequestRecord;
use crate::tenancy::Caller;

/// How long a form may take to go through, on top of the engine's own time. Nothing waits for it: its client has to keep a
/// pace, the engine has to take each piece, and both have an end.
const FORM_TIMEOUT: Duration = Duration::from_secs(7 * 24 * 3600);

/// One request with everything that it needs.
pub(crate) struct RequestContext<'a> {
    /// What all requests share.
    pub(crate) state: &'a AppState,
    /// This worker's connections.
    pub(crate) engine: &'a Engine,
    /// Who asks.
    pub(crate) asks: &'a Caller,
    /// Who asks, where tenants have come since that every tenant is granted of.
    pub(crate) renewed: OnceCell<Caller>,
    /// The headers that count.
    pub(crate) headers: &'a Headers,
    /// Scheme and authority that links show.
    pub(crate) public_origin: Arc<str>,
    /// The kind of its rule.
    pub(crate) kind: RuleKind,
    /// Its rule's way to the engine.
    pub(crate) forward: &'a Forward,
    /// What the request has shown so far.
    pub(crate) record: &'a RequestRecord,
}

impl<'a> RequestContext<'a> {
    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        self.renewed.get().unwrap_or(self.asks)
    }

    /// What a look-up comes to. Where it does not find all, a caller that is granted every tenant may have named a record of
    /// a tenant that came since: then it is looked up once more.
    async fn judged<T>(
        &self,
        judge: impl AsyncFn(&Caller) -> Result<T, Refusal>,
        found: impl Fn(&T) -> bool,
    ) -> Result<T, Refusal> {
        let judged = judge(self.caller()).await?;
        if self.asks.all_tenants().is_none() || self.renewed.get().is_some() || found(&judged) {
            return Ok(judged);
        }
        match Box::pin(self.state.every_tenant.anew(self.engine, self.asks)).await {
            Some(caller) => judge(self.renewed.get_or_init(|| caller)).await,
            None => Ok(judged),
        }
    }

    /// A place among the tenant's requests of a sort that costs much; who has too many waits for one of its own to
    /// end, at most as long as for the engine.
    pub(crate) async fn in_line(&self, shares: &Shares, long_poll: bool) -> Result<Share, Refusal> {
        shares.wait(&self.caller().share(), long_poll, self.state.settings.engine.timeout).await
    }

    /// The same for a form, which holds a thread of the engine as long as its client sends: all tenants' together leave some
    /// to other requests.
    pub(crate) async fn in_line_to_upload(&self, shares: &Shares) -> Result<impl Sized + use<>, Refusal> {
        let share = self.in_line(shares, false).await?;
        let place = self.state.admission.all_uploads.clone().acquire_owned();
        match tokio::time::timeout(self.state.settings.engine.timeout, place).await {
            Ok(Ok(place)) => Ok((share, place)),
            Ok(Err(_)) | Err(_) => {
                let what = "too many uploads and deployments are in progress; try again";
                Err(Refusal::new(Kind::Overloaded, what).retry_after(5))
            }
        }
    }

    /// The id, if it is the caller's.
    pub(crate) async fn own_id(
        &self,
        resource_type: ResourceTypeId,
        id: &str,
    ) -> Result<Option<OwnId>, Refusal> {
        let asked = ResourceId::new(resource_type, id.to_owned(), self.kind);
        let judge =
            async |caller: &Caller| self.state.ownership.own_id(self.engine, caller, asked.clone()).await;
        self.judged(judge, Option::is_some).await
    }

    /// The id, if the caller may read what it names: its own, or a shared one where those are readable.
    pub(crate) async fn readable_id(
        &self,
        resource_type: ResourceTypeId,
        id: &str,
    ) -> Result<Option<ReadableId>, Refusal> {
        let asked = ResourceId::new(resource_type, id.to_owned(), self.kind);
        let judge = async |caller: &Caller| {
            self.state.ownership.readable_id(self.engine, caller, asked.clone()).await
        };
        self.judged(judge, Option::is_some).await
    }

    /// Whose definition a key is.
    pub(crate) async fn key_owner(&self, question: &KeyQuestion) -> Result<KeyOwner, Refusal> {
        question.put(self.engine, self.caller()).await
    }

    /// Ownership look-ups, then the permit.
    pub(crate) async fn permit(&self, draft: Draft) -> Result<Permit, Refusal> {
        let questions = draft.questions();
        let asks = questions.iter().any(|question| question.resource_type() != ResourceTypeId::TENANT);
        let began = asks.then(Instant::now);
        let judge = async |caller: &Caller| self.state.ownership.of(self.engine, caller, &questions).await;
        let all = |owned: &OwnedIds| questions.iter().all(|asked| owned.id(asked).is_some());
        let owned = self.judged(judge, all).await?;
        if let Some(began) = began {
            self.record.look_up_seconds.set(Some(began.elapsed().as_secs_f64()));
        }
        Ok(draft.permit(&owned))
    }

    /// Ownership → permit → engine request → reply.
    pub(crate) async fn carry_out(&self, draft: Draft, extra_timeout: Duration) -> Result<Reply, Refusal> {
        if self.forward.own_answer {
            return Box::pin(self.own_answer(draft)).await;
        }
        let permit = self.permit(draft).await?;
        let answer = self.send(&permit, extra_timeout).await?;
        self.reply(answer, &permit).await
    }

    /// The same with none of its ids looked up: each is answered as one that never existed.
    pub(crate) async fn as_missing(&self, draft: Draft) -> Result<Reply, Refusal> {
        let permit = draft.permit(&OwnedIds::default());
        let answer = self.send(&permit, Duration::ZERO).await?;
        self.reply(answer, &permit).await
    }

    /// The same for a list or count in pages of tenants: one reply. The first page that the engine refuses is the answer.
    pub(crate) async fn carry_out_pages(&self, pages: Pages) -> Result<Reply, Refusal> {
        let _share = self.in_line(&self.state.admission.heavy, true).await?;
        let mut room = self.limit();
        let (mut wholes, mut last) = (Vec::new(), None);
        for draft in pages.drafts {
            let reply = self.carry_out(draft, Duration::ZERO).await?;
            if reply.status != 200 {
                return Ok(reply);
            }
            let (reply, whole) = reply.into_whole(room).await?;
            room = room.checked_sub(whole.len()).ok_or_else(|| {
                Refusal::new(Kind::EngineAnswer, "the engine's answers are too long to be held")
            })?;
            wholes.push(whole);
            last = Some(reply);
        }
        let last = last.ok_or_else(|| Refusal::new(Kind::Internal, "there is no page to ask for"))?;
        let all = match pages.answers {
            Empty::List => response::one_list(&wholes)?,
            Empty::Count => response::one_count(&wholes)?,
        };
        Ok(last.with_body(response::made_of(all.into(), wholes)))
    }

    /// Sends a form that is read and written anew while it streams.
    pub(crate) async fn send_form(
        &self,
        permit: &Permit,
        payload: Payload,
        rebuild: impl AsyncFnOnce(&mut Parts, FormWriter) -> Result<(), Refusal>,
    ) -> Result<Answer, Refusal> {
        let boundary = form::boundary(self.headers.content_type.as_deref())?;
        let mut parts = Parts::new(payload.pieces(self.state.settings.limits.max_stream_bytes), &boundary);
        let patience = self.state.settings.engine.timeout;
        let (writer, out) = form::channel(patience);
        let exchange =
            self.exchange(permit, Some(&out.content_type), RequestBody::Stream(out.body), FORM_TIMEOUT);
        let rebuild = rebuild(&mut parts, writer);
        tokio::pin!(exchange, rebuild);
        let late = |_| Refusal::new(Kind::EngineTimeout, "the engine did not answer in time");
        // A small form is read to its end before the engine hears of it.
        tokio::select! {
            rebuilt = &mut rebuild => {
                rebuilt?;
                return tokio::time::timeout(patience, exchange).await.map_err(late)?;
            }
            () = out.enough.notified() => {}
        }
        tokio::select! {
            // The engine answered before it had the whole form.
            early = &mut exchange => early,
            rebuilt = &mut rebuild => match rebuilt {
                // The engine stopped reading: it has answered, or its connection says why.
                Err(refusal) if refusal.kind() == Kind::EngineUnreachable => {
                    tokio::time::timeout(patience, exchange).await.map_err(late)?
                }
                // Dropping the exchange drops the engine's connection: it never sees the end of the form.
                Err(refusal) => Err(refusal),
                Ok(()) => tokio::time::timeout(patience, exchange).await.map_err(late)?,
            },
        }
    }

    /// Sends a permit whose body is there.
    async fn send(&self, permit: &Permit, extra_timeout: Duration) -> Result<Answer, Refusal> {
        let (content_type, bytes) = match permit.content() {
            Content::None => (None, Bytes::new()),
            Content::Json(bytes) => (Some("application/json"), bytes.clone()),
            Content::Multipart(_) => {
                return Err(Refusal::new(Kind::Internal, "a form has to be sent by `send_form`"));
            }
        };
        self.exchange(permit, content_type, full(bytes), extra_timeout).await
    }

    async fn exchange(
        &self,
        permit: &Permit,
        content_type: Option<&str>,
        body: RequestBody,
        extra_timeout: Duration,
    ) -> Result<Answer, Refusal> {
        let began = Instant::now();
        let sent = self.engine.send(permit, self.caller(), self.headers, content_type, body, extra_timeout);
        let answer = sent.await;
        self.record.engine_seconds.set(Some(began.elapsed().as_secs_f64()));
        if let Ok(answer) = &answer {
            self.record.engine_status.set(Some(answer.status.as_u16()));
        }
        answer
    }

    /// What to watch in the answer.
    pub(crate) fn watch(&self, without_tenant: bool) -> Watch {
        Watch {
            caller: self.caller().clone(),
            level: self.kind.level(),
            without_tenant,
            guarded: self.forward.guarded.clone(),
            engine_origins: self.state.engine_origins.clone(),
            public_origin: self.public_origin.clone(),
        }
    }

    /// Answer → guard → reply.
    pub(crate) async fn reply(&self, answer: Answer, permit: &Permit) -> Result<Reply, Refusal> {
        let watch = self.watch(permit.without_tenant());
        let handles = permit.by_handle() || self.forward.makes_batch;
        if permit.substitutes().is_empty() && !handles {
            return streamed(answer, watch).await;
        }
        let signs = handles && answer.is_json() && answer.status.is_success();
        let reply = buffered(answer, watch, permit.substitutes(), self.limit()).await?;
        if !signs {
            return Ok(reply);
        }
        let (handles, caller) = (&self.state.handles, self.caller());
        reply.change(|whole| {
            response::reveal(whole, &self.forward.answer, handles, caller, self.forward.makes_batch)
        })
    }

    /// The longest answer that is held, in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.state.settings.limits.max_held_answer_bytes
    }

    /// One round trip for an own record: it is asked for, and its owner read in the answer before a byte goes out.
    /// Whatever is not the caller's is asked for again under an id that never existed, a missing one as well, so
    /// that both take the same time.
    async fn own_answer(&self, draft: Draft) -> Result<Reply, Refusal> {
        let [asked] = <[ResourceId; 1]>::try_from(draft.questions())
            .map_err(|_| Refusal::new(Kind::Internal, "the rule names more than one id"))?;
        let ownership = &self.state.ownership;
        let mut owned = ownership.by_handle(self.caller(), &asked);
        if owned.is_none() && asked.plausible() {
            let judge = async |caller: &Caller| {
                if ownership.is_others(self.engine, caller, &asked).await? {
                    // As many questions as for a missing one.
                    self.send(&draft.clone().permit(&OwnedIds::default()), Duration::ZERO).await?;
                    return Ok(Judgement::NotOwn);
                }
                let unjudged = self.probe(&draft).await?;
                ownership.judge(self.engine, caller, &asked, unjudged, self.limit()).await
            };
            match self.judged(judge, |judged| !matches!(judged, Judgement::NotOwn)).await? {
                Judgement::Own(judged) => {
                    let watch = self.watch(draft.without_tenant());
                    return match judged.whole {
                        Some(whole) => response::whole(judged.answer, &whole, watch),
                        None => streamed(judged.answer, watch).await,
                    };
                }
                Judgement::OwnAndLong(found) => owned = Some(found),
                Judgement::NotOwn => {}
            }
        }
        let permit = draft.permit(&owned.unwrap_or_default());
        let answer = self.send(&permit, Duration::ZERO).await?;
        self.reply(answer, &permit).await
    }

    async fn probe(&self, draft: &Draft) -> Result<crate::isolation::Unjudged, Refusal> {
        let began = Instant::now();
        let unjudged = self.engine.probe(&draft.probe(), self.caller(), self.headers).await?;
        self.record.engine_seconds.set(Some(began.elapsed().as_secs_f64()));
        self.record.engine_status.set(Some(unjudged.status().as_u16()));
        Ok(unjudged)
    }
}
