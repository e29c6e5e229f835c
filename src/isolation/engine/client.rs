//! The requests that go to the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};

use super::accept::accept;
use super::addresses::Addresses;
use super::answer::Answer;
use super::body::{RequestBody, empty, full};
use super::error::{EngineSetupError, NotAlive};
use super::pool::{Pool, SendError};
use super::request::{RequestHead, authorization};
use crate::admission::Memory;
use crate::causes;
use crate::config;
use crate::isolation::permit::{Permit, Probe, Unjudged};
use crate::json::{self, Json};
use crate::refusal::{Kind, Refusal};
use crate::request::Headers;
use crate::tenancy::Caller;

/// Largest answer to a question of the gateway's own; records of a list, a few hundred bytes each.
const MAX_OWN_ANSWER: usize = 64 * 1024 * 1024;
/// What such an answer takes, in its lengths: itself, and what is read of it.
const READ: usize = 5;

/// The answer to a question about one record.
pub(crate) enum Found {
    /// The record.
    Yes(Json),
    /// There is none: the engine's error.
    No(Json),
}

fn unexpected(what: impl std::fmt::Display) -> Refusal {
    let message = "the engine did not answer a look-up that this request depends on; nothing was forwarded";
    Refusal::new(Kind::EngineAnswer, message).because(format!("the engine answered {what}"))
}

/// The refusal of a status that no answer to a question has.
fn unexpected_status(status: http::StatusCode) -> Refusal {
    if status == http::StatusCode::SERVICE_UNAVAILABLE {
        let message = "the engine, or what stands before it, is not available; nothing was forwarded";
        return Refusal::new(Kind::EngineAway, message).because("the engine answered 503").retry_after(1);
    }
    unexpected(status)
}

/// The status and the JSON of an answer; none: its body is empty.
async fn whole(mut answer: Answer, limit: usize) -> Result<(http::StatusCode, Option<Json>), Refusal> {
    let whole = answer.weighed(limit, READ).await?;
    let whole = whole.ok_or_else(|| Refusal::new(Kind::EngineAnswer, "the engine's answer is too long"))?;
    if whole.is_empty() {
        return Ok((answer.status, None));
    }
    if !answer.is_json() {
        return Err(unexpected_status(answer.status));
    }
    let json = json::read(&whole, 500)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    Ok((answer.status, Some(json)))
}

/// The JSON of a 2xx.
fn expected((status, json): (http::StatusCode, Option<Json>)) -> Result<Json, Refusal> {
    if status.is_success() {
        json.ok_or_else(|| unexpected("nothing"))
    } else {
        Err(unexpected_status(status))
    }
}

/// The engine, as one worker sees it.
pub(crate) struct Engine {
    pool: Pool,
    base_path: String,
    /// The lines that all requests have, written.
    fixed: Vec<u8>,
    user: HeaderName,
    tenants: HeaderName,
    timeout: Duration,
    memory: Memory,
}

impl Engine {
    /// Builds the pool; nothing is connected yet.
    ///
    /// # Errors
    /// A header that can't be written.
    pub(crate) fn new(
        addresses: Arc<Addresses>,
        engine: &config::Engine,
        identity: &config::IdentityHeaders,
        memory: Memory,
    ) -> Result<Self, EngineSetupError> {
        let name = |name: &str| {
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|source| EngineSetupError::HeaderName { name: name.to_owned(), source })
        };
        Ok(Self {
            pool: Pool::new(addresses),
            base_path: engine.base_path.clone(),
            fixed: authorization(engine)?,
            user: name(&identity.user)?,
            tenants: name(&identity.tenants)?,
            timeout: engine.timeout,
            memory,
        })
    }

    /// Sends a permitted request. `extra_timeout` is added to the time that the answer may take to begin.
    ///
    /// # Errors
    /// Kinds 502 and 504.
    pub(crate) async fn send(
        &self,
        permit: &Permit,
        caller: &Caller,
        headers: &Headers,
        content_type: Option<&str>,
        body: RequestBody,
        extra_timeout: Duration,
    ) -> Result<Answer, Refusal> {
        let mut head = self.client_request(&permit.method, &permit.target, caller, headers)?;
        if let Some(content_type) = content_type {
            head.text(CONTENT_TYPE.as_str(), content_type)?;
        }
        self.exchange(head, body, extra_timeout, self.memory.of(caller.share())).await
    }

    /// Asks for a record whose owner the answer shows.
    ///
    /// # Errors
    /// Kinds 502 and 504.
    pub(crate) async fn probe(
        &self,
        probe: &Probe,
        caller: &Caller,
        headers: &Headers,
    ) -> Result<Unjudged, Refusal> {
        let head = self.client_request(&probe.method, &probe.target, caller, headers)?;
        let memory = self.memory.of(caller.share());
        Ok(Unjudged { answer: self.exchange(head, empty(), Duration::ZERO, memory).await? })
    }

    /// A question of the gateway's own: the JSON of a 2xx, or a refusal. An engine in trouble must never pass for one
    /// that found nothing: what the question was to keep out would go on.
    ///
    /// # Errors
    /// Kinds 502 and 504; any other status, or an answer that is not JSON, is [`Kind::EngineAnswer`].
    pub(in crate::isolation) async fn ask(
        &self,
        method: &str,
        target: &str,
        json: Option<Vec<u8>>,
        caller: &Caller,
    ) -> Result<Json, Refusal> {
        expected(self.relay(method, target, json, caller).await?)
    }

    /// A question that is pinned to nobody and asked in nobody's name, for who has tenants, or whether others have an id: an
    /// engine, or a proxy, that reads the identity headers would show that caller's tenants only.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub(in crate::isolation) async fn ask_for_nobody(&self, target: &str) -> Result<Json, Refusal> {
        let answer = self.own_request("GET", target, None, None).await?;
        expected(whole(answer, self.max_own_answer()).await?)
    }

    /// A question about one record: none where the engine says, in JSON, that there is no such record.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub(in crate::isolation) async fn ask_one(
        &self,
        target: &str,
        caller: &Caller,
    ) -> Result<Found, Refusal> {
        match self.relay("GET", target, None, caller).await? {
            (http::StatusCode::NOT_FOUND, Some(error)) => Ok(Found::No(error)),
            (status, Some(json)) if status.is_success() => Ok(Found::Yes(json)),
            (status, _) => Err(unexpected_status(status)),
        }
    }

    /// A request of the gateway's own whose answer is handed on to the client, whatever its status; none: the body is
    /// empty.
    ///
    /// # Errors
    /// Kinds 502 and 504; a body that is not JSON is [`Kind::EngineAnswer`].
    pub(in crate::isolation) async fn relay(
        &self,
        method: &str,
        target: &str,
        json: Option<Vec<u8>>,
        caller: &Caller,
    ) -> Result<(http::StatusCode, Option<Json>), Refusal> {
        let answer = self.own_request(method, target, json, Some(caller)).await?;
        whole(answer, self.max_own_answer()).await
    }

    /// Bytes that stand somewhere; none for more than `limit`.
    ///
    /// # Errors
    /// As [`Engine::ask`], for an answer of any type.
    pub(in crate::isolation) async fn ask_bytes(
        &self,
        target: &str,
        caller: &Caller,
        limit: usize,
    ) -> Result<Option<Bytes>, Refusal> {
        let mut answer = self.own_request("GET", target, None, Some(caller)).await?;
        if !answer.status.is_success() {
            return Err(unexpected_status(answer.status));
        }
        answer.whole(limit).await
    }

    /// Longest answer to a question: one that could never be granted its memory would be asked for in vain again and again.
    fn max_own_answer(&self) -> usize {
        MAX_OWN_ANSWER.min(self.memory.bytes() / READ)
    }

    async fn own_request(
        &self,
        method: &str,
        target: &str,
        json: Option<Vec<u8>>,
        caller: Option<&Caller>,
    ) -> Result<Answer, Refusal> {
        let mut head = self.request(method, target, caller)?;
        head.text(ACCEPT.as_str(), "application/json, */*;q=0.1")?;
        if json.is_some() {
            head.text(CONTENT_TYPE.as_str(), "application/json")?;
        }
        let body = json.map_or_else(empty, |json| full(json.into()));
        self.exchange(head, body, Duration::ZERO, self.memory.clone()).await
    }

    /// Whether the engine answers at any address, for readiness.
    ///
    /// # Errors
    /// Why it is not ready.
    pub(crate) async fn alive(&self) -> Result<(), NotAlive> {
        self.pool.addresses.any_alive().await
    }

    /// A client's request: identity, the headers that go on, and what the client takes.
    fn client_request(
        &self,
        method: &str,
        target: &str,
        caller: &Caller,
        headers: &Headers,
    ) -> Result<RequestHead, Refusal> {
        let mut head = self.request(method, target, Some(caller))?;
        for (at, (name, value)) in headers.passed.iter().enumerate() {
            // The last line of a name counts.
            if !headers.passed.iter().skip(at + 1).any(|(later, _)| later == name) {
                head.value(name, value);
            }
        }
        if let Some(asked) = headers.accept.as_deref() {
            head.value(ACCEPT.as_str(), &accept(asked));
        }
        Ok(head)
    }

    fn request(&self, method: &str, target: &str, caller: Option<&Caller>) -> Result<RequestHead, Refusal> {
        let mut head = RequestHead::new(
            method,
            [&self.base_path, target],
            self.pool.addresses.first_host_line(),
            &self.fixed,
        )?;
        if let Some(caller) = caller {
            // Set exactly once, after the client's own lines were dropped: a missing one would fail open behind us.
            head.text(self.user.as_str(), caller.user())?;
            // Empty for a person.
            head.text(self.tenants.as_str(), caller.own().map_or("", |own| own.as_str()))?;
        }
        Ok(head)
    }

    async fn exchange(
        &self,
        head: RequestHead,
        body: RequestBody,
        extra_timeout: Duration,
        memory: Memory,
    ) -> Result<Answer, Refusal> {
        let until = Instant::now() + self.timeout + extra_timeout;
        match self.pool.send(head.end(body), until).await {
            Ok((head, lease)) => Ok(Answer::new(head, lease, self.timeout, memory)),
            Err(error) => Err(refusal(&error).because(causes::in_full(&error))),
        }
    }
}

/// What a request without an answer is refused with. It may be tried again at once where nothing of it was sent; else it may
/// have been carried out.
fn refusal(error: &SendError) -> Refusal {
    match error {
        SendError::LeftOut(remaining) => {
            let seconds = remaining.as_millis().div_ceil(1000).max(1);
            Refusal::new(Kind::EngineAway, "the engine is away at the moment; try again")
                .retry_after(u32::try_from(seconds).unwrap_or(1))
        }
        SendError::Connect(_) | SendError::NoAddress => {
            Refusal::new(Kind::EngineUnreachable, "the engine can't be reached").retry_after(1)
        }
        SendError::Exchange(error) if error.is_cut_off() => {
            Refusal::new(Kind::EngineUnreachable, "the engine ended the connection without an answer")
        }
        SendError::Exchange(_) => Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read"),
        SendError::Late => Refusal::new(Kind::EngineTimeout, "the engine did not answer in time"),
    }
}
