//! The requests that go to the engine.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::ExposeSecret;

use super::accept::accept;
use super::answer::Answer;
use super::body::{RequestBody, empty, full};
use super::error::{EngineSetupError, NotAlive};
use super::http1::ExchangeError;
use super::pool::{Pool, SendError};
use super::request::RequestHead;
use super::tls::tls;
use crate::causes;
use crate::config;
use crate::isolation::permit::{Permit, Probe, Unjudged};
use crate::json::{self, Json};
use crate::refusal::{Kind, Refusal};
use crate::request::Headers;
use crate::tenancy::Caller;

/// Largest answer to a question of the gateway's own; records of a list, a few hundred bytes each.
const MAX_OWN_ANSWER: usize = 64 * 1024 * 1024;

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

/// The status and the JSON of an answer; none: its body is empty.
async fn whole(mut answer: Answer) -> Result<(http::StatusCode, Option<Json>), Refusal> {
    let whole = answer.whole(MAX_OWN_ANSWER).await?;
    let whole = whole.ok_or_else(|| Refusal::new(Kind::EngineAnswer, "the engine's answer is too long"))?;
    if whole.is_empty() {
        return Ok((answer.status, None));
    }
    if !answer.is_json() {
        return Err(unexpected(answer.status));
    }
    let json = json::read(&whole, 500)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    Ok((answer.status, Some(json)))
}

/// The JSON of a 2xx.
fn expected((status, json): (http::StatusCode, Option<Json>)) -> Result<Json, Refusal> {
    if status.is_success() { json.ok_or_else(|| unexpected("nothing")) } else { Err(unexpected(status)) }
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
}

impl Engine {
    /// Builds the pool; nothing is connected yet.
    ///
    /// # Errors
    /// Certificates that can't be read, or header names that are none.
    pub(crate) fn new(
        engine: &config::Engine,
        identity: &config::IdentityHeaders,
    ) -> Result<Self, EngineSetupError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(engine.connect_timeout));
        http.set_nodelay(true);
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(engine.ca_file.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let authorization = engine
            .basic_auth
            .as_ref()
            .map(|basic| {
                use base64::Engine as _;
                let pair = format!("{}:{}", basic.username, basic.password.expose_secret());
                let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
                HeaderValue::from_str(&text).map(|mut v| {
                    v.set_sensitive(true);
                    v
                })
            })
            .transpose()
            .map_err(EngineSetupError::Authorization)?;
        let name = |name: &str| {
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|source| EngineSetupError::HeaderName { name: name.to_owned(), source })
        };
        let pool = Pool::new(https, &engine.origin)?;
        let host = pool.host().and_then(|host| HeaderValue::from_str(host).ok());
        let host = host.ok_or_else(|| EngineSetupError::NoHost(engine.origin.clone()))?;
        let mut fixed = [b"host: ", host.as_bytes(), b"\r\n"].concat();
        if let Some(value) = authorization {
            fixed.extend_from_slice(
                &[AUTHORIZATION.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat(),
            );
        }
        Ok(Self {
            pool,
            base_path: engine.base_path.clone(),
            fixed,
            user: name(&identity.user)?,
            tenants: name(&identity.tenants)?,
            timeout: engine.timeout,
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
        self.exchange(head, body, extra_timeout).await
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
        Ok(Unjudged { answer: self.exchange(head, empty(), Duration::ZERO).await? })
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

    /// The one question that is pinned to nobody and asked in nobody's name: an engine, or a proxy, that reads the identity
    /// headers would show that caller's tenants only.
    ///
    /// # Errors
    /// As [`Engine::ask`].
    pub(in crate::isolation) async fn ask_for_nobody(&self, target: &str) -> Result<Json, Refusal> {
        expected(whole(self.own_request("GET", target, None, None).await?).await?)
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
            (status, _) => Err(unexpected(status)),
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
        whole(self.own_request(method, target, json, Some(caller)).await?).await
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
            return Err(unexpected(answer.status));
        }
        answer.whole(limit).await
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
        self.exchange(head, body, Duration::ZERO).await
    }

    /// Whether the engine answers, for readiness.
    ///
    /// # Errors
    /// Why it is not ready.
    pub(crate) async fn alive(&self) -> Result<(), NotAlive> {
        let head = self.request("GET", "/version", None).map_err(NotAlive::NoAnswer)?;
        match self.exchange(head, empty(), Duration::ZERO).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(NotAlive::Status(answer.status)),
            Err(refusal) => Err(NotAlive::NoAnswer(refusal)),
        }
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
        let mut head = RequestHead::new(method, [&self.base_path, target], &self.fixed)?;
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
    ) -> Result<Answer, Refusal> {
        let head_only = head.head_only;
        let sent = self.pool.send(head.end(body), head_only);
        match tokio::time::timeout(self.timeout + extra_timeout, sent).await {
            Ok(Ok((head, lease))) => Ok(Answer::new(head, lease, self.timeout)),
            Ok(Err(error)) => {
                let refusal = match &error {
                    SendError::Exchange(ExchangeError::Broken(broken)) if !broken.is_cut_off() => {
                        Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read")
                    }
                    SendError::Connect(_) | SendError::Exchange(_) => {
                        Refusal::new(Kind::EngineUnreachable, "the engine can't be reached")
                    }
                };
                Err(refusal.because(causes::in_full(&error)))
            }
            Err(_) => Err(Refusal::new(Kind::EngineTimeout, "the engine did not answer in time")),
        }
    }
}
