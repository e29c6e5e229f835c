//! A reply: status, headers, and a body that is either there or still streams.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use super::guard::{Guard, Watch};
use super::headers::{NO_STORE, reply_headers};
use crate::admission::{PIECE, Place, keeping};
use crate::isolation::Answer;
use crate::isolation::Substitutes;
use crate::refusal::{Kind, Refusal};

/// Answers up to this length are looked at whole before the first byte goes out.
const MAX_BUFFERED: u64 = 64 * 1024;

/// The places that a request takes.
pub(crate) type Places = (Place, tokio::sync::OwnedSemaphorePermit);

/// What goes back to the client.
pub(crate) struct Reply {
    /// The status.
    pub status: u16,
    /// Its headers, without the length.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: ReplyBody,
    /// The places in the tenant's share and among all requests, held until the last byte: a slow reader takes a connection and memory all the while.
    pub share: Option<Places>,
}

/// A reply's body.
pub(crate) enum ReplyBody {
    /// All there.
    Whole(Bytes),
    /// Streams from the engine.
    Stream {
        /// The engine's answer.
        answer: Answer,
        /// What watches it.
        guard: Option<Box<Guard>>,
        /// Its length, where nothing can change it.
        length: Option<u64>,
    },
}

impl Reply {
    /// A JSON answer of the gateway's own.
    pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let headers = vec![json, (CACHE_CONTROL, NO_STORE)];
        Self { status, headers, body: ReplyBody::Whole(body.into()), share: None }
    }

    /// An answer of the gateway's own without anything in it: 204, as the engine does, without a content type.
    pub(crate) fn empty() -> Self {
        let headers = vec![(CACHE_CONTROL, NO_STORE)];
        Self { status: 204, headers, body: ReplyBody::Whole(Bytes::new()), share: None }
    }
}

impl Reply {
    /// The answer to OPTIONS: the methods that a path has (RFC 9110 section 9.3.7).
    pub(crate) fn allow(methods: &[&str]) -> Self {
        let mut all: Vec<&str> = methods.to_vec();
        if all.contains(&"GET") {
            all.push("HEAD");
        }
        all.push("OPTIONS");
        let all = HeaderValue::from_str(&all.join(", "));
        let headers = all.into_iter().map(|all| (ALLOW, all)).collect();
        Self { status: 204, headers, body: ReplyBody::Whole(Bytes::new()), share: None }
    }
}

/// Errors of the engine that name the record in conflict, which may be another tenant's.
const NAME_OTHERS: &[&str] = &["OptimisticLockingException", "ENGINE-03005"];
/// Longest error that is looked at; longer ones are no error messages.
const ERROR: usize = 1024 * 1024;

/// An error that names others keeps its status and type and gets our text.
fn without_others(whole: Bytes) -> Bytes {
    let text = String::from_utf8_lossy(&whole);
    if !NAME_OTHERS.iter().any(|name| text.contains(name)) {
        return whole;
    }
    let error: serde_json::Value = serde_json::from_slice(&whole).unwrap_or_default();
    let kind = error.get("type").cloned().unwrap_or_else(|| "OptimisticLockingException".into());
    let code = error.get("code").cloned().unwrap_or_default();
    let message = "something else was written at the same time; try again";
    format!("{{\"type\":{kind},\"message\":\"{message}\",\"code\":{code}}}").into()
}

/// A reply whose body streams, unless it is short.
///
/// # Errors
/// A short answer that the guard stops.
pub(crate) async fn streamed(mut answer: Answer, watch: Watch) -> Result<Reply, Refusal> {
    let headers =
        reply_headers(std::mem::take(&mut answer.headers), &watch.engine_origins, &watch.public_origin);
    let status = answer.status.as_u16();
    let guarded = answer.is_json() && !watch.guarded.is_empty() && answer.status.is_success();
    let failed = answer.is_json() && answer.status.is_server_error();
    let length = answer.length();
    let body = if failed {
        ReplyBody::Whole(without_others(answer.whole(ERROR).await?.unwrap_or_default()))
    } else if let Some(whole) = whole_or_long(&mut answer, guarded).await? {
        ReplyBody::Whole(if guarded { guard_whole(&whole, watch)? } else { whole })
    } else {
        ReplyBody::Stream {
            length: length.filter(|_| !guarded),
            guard: guarded.then(|| Box::new(Guard::new(watch))),
            answer,
        }
    };
    Ok(Reply { status, headers, body, share: None })
}

/// A body that is not worth a stream: one that has arrived, or a short one that has to be looked at.
async fn whole_or_long(answer: &mut Answer, guarded: bool) -> Result<Option<Bytes>, Refusal> {
    let short = usize::try_from(MAX_BUFFERED).unwrap_or(usize::MAX);
    match answer.all_here(short) {
        None if guarded && answer.length().is_some_and(|length| length <= MAX_BUFFERED) => {
            answer.whole(usize::MAX).await
        }
        here => Ok(here),
    }
}

/// A reply that is held whole, with the asked ids put back in place of those that stood for them.
///
/// # Errors
/// The guard's stop, or an answer longer than `limit`.
pub(crate) async fn buffered(
    mut answer: Answer,
    watch: Watch,
    substitutes: &Substitutes,
    limit: usize,
) -> Result<Reply, Refusal> {
    let headers =
        reply_headers(std::mem::take(&mut answer.headers), &watch.engine_origins, &watch.public_origin);
    let Some(whole) = answer.whole(limit).await? else {
        return Err(Refusal::new(Kind::EngineAnswer, "the engine's answer is too long to be checked"));
    };
    let json = answer.is_json();
    let whole = if json && answer.status.is_server_error() {
        without_others(whole)
    } else if json && answer.status.is_success() && !watch.guarded.is_empty() && !whole.is_empty() {
        guard_whole(&whole, watch)?
    } else {
        whole
    };
    let restored = substitutes.restore(&whole, json).into();
    let body = ReplyBody::Whole(made_of(restored, whole));
    Ok(Reply { status: answer.status.as_u16(), headers, body, share: None })
}

/// A reply to an answer whose body was already read.
///
/// # Errors
/// The guard's stop.
pub(crate) fn whole(mut answer: Answer, whole: &Bytes, watch: Watch) -> Result<Reply, Refusal> {
    let headers =
        reply_headers(std::mem::take(&mut answer.headers), &watch.engine_origins, &watch.public_origin);
    let guarded = answer.is_json() && !watch.guarded.is_empty() && answer.status.is_success();
    let body = if guarded { guard_whole(whole, watch)? } else { whole.clone() };
    Ok(Reply { status: answer.status.as_u16(), headers, body: ReplyBody::Whole(body), share: None })
}

/// A JSON answer of the gateway's own that holds records of the engine.
///
/// # Errors
/// The guard's stop.
pub(crate) fn guarded_json(whole: &Bytes, watch: Watch) -> Result<Reply, Refusal> {
    Ok(Reply::json(200, guard_whole(whole, watch)?))
}

impl Reply {
    /// The same reply with its body read whole.
    ///
    /// # Errors
    /// A fault of the transfer, the guard's stop, or a body longer than `limit`.
    pub(crate) async fn into_whole(self, limit: usize) -> Result<(Self, Bytes), Refusal> {
        let bytes = match self.body {
            ReplyBody::Whole(bytes) => bytes,
            ReplyBody::Stream { mut answer, guard, .. } => {
                let whole = answer.whole(limit).await?;
                let whole = whole
                    .ok_or_else(|| Refusal::new(Kind::EngineAnswer, "the engine's answer is too long"))?;
                match guard {
                    Some(guard) => guard.whole(&whole)?,
                    None => whole,
                }
            }
        };
        Ok((Self { body: ReplyBody::Whole(bytes.clone()), ..self }, bytes))
    }

    /// The same reply, holding its places until its last byte.
    #[must_use]
    pub(crate) fn holding(self, share: Places) -> Self {
        Self { share: Some(share), ..self }
    }

    /// The same reply with another body.
    #[must_use]
    pub(crate) fn with_body(self, body: impl Into<Bytes>) -> Self {
        let body = match self.body {
            ReplyBody::Whole(whole) => made_of(body.into(), whole),
            ReplyBody::Stream { .. } => body.into(),
        };
        Self { body: ReplyBody::Whole(body), ..self }
    }

    /// Changes a body that is whole.
    ///
    /// # Errors
    /// The change's refusal.
    pub(crate) fn change(
        mut self,
        change: impl FnOnce(&Bytes) -> Result<Bytes, Refusal>,
    ) -> Result<Self, Refusal> {
        if let ReplyBody::Whole(bytes) = &self.body {
            self.body = ReplyBody::Whole(made_of(change(bytes)?, bytes.clone()));
        }
        Ok(self)
    }
}

pub(crate) fn guard_whole(whole: &Bytes, watch: Watch) -> Result<Bytes, Refusal> {
    Ok(made_of(Guard::new(watch).whole(whole)?, whole.clone()))
}

/// A body that was made of a held answer. A long one keeps the answer, and with it the memory that both were granted, until
/// it has gone out: a slow reader takes it all the while.
pub(crate) fn made_of(body: Bytes, source: impl Send + 'static) -> Bytes {
    if body.len() > PIECE { keeping(body, source) } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_names_others_keeps_its_type_only() {
        let run = |text: &'static str| {
            String::from_utf8(without_others(Bytes::from_static(text.as_bytes())).to_vec()).unwrap()
        };
        let other = r#"{"type":"OptimisticLockingException","message":"ENGINE-03005 Execution of 'DELETE EventSubscriptionEntity[b-1]' failed.","code":1}"#;
        let error = run(other);
        assert!(
            error.contains(r#""type":"OptimisticLockingException""#) && error.contains(r#""code":1"#),
            "{error}"
        );
        assert!(!error.contains("b-1"));
        let own = r#"{"type":"RestException","message":"Cannot complete task a-1: task is null","code":0}"#;
        assert_eq!(run(own), own);
    }
}
