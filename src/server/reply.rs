//! Outcome → status, headers and body on the connection: the only place that knows how a refusal looks.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};

use super::response::{Body, Response};
use crate::refusal::{Kind, Refusal};
use crate::response::{Reply, ReplyBody};

/// The realm of the challenge (RFC 6750 section 3).
const REALM: &str = "tenantgate";

/// A refusal as the engine's clients read errors: `{"type","message","code"}`.
pub(super) fn refusal<T>(refusal: &Refusal) -> Response<T> {
    let kind = refusal.kind();
    let body = serde_json::json!({
        "type": kind.error_type(),
        "message": refusal.message(),
        "code": kind.code(),
    });
    let mut headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let challenge = challenge(refusal).and_then(|challenge| HeaderValue::from_str(&challenge).ok());
    headers.extend(challenge.map(|challenge| (WWW_AUTHENTICATE, challenge)));
    headers.extend(refusal.retry_after_seconds().map(|seconds| (RETRY_AFTER, seconds.into())));
    let body = Body::Whole(body.to_string().into());
    // What follows on this connection may be the rest of what could not be read.
    let close = matches!(kind.status().as_u16(), 400 | 408);
    Response { status: kind.status().as_u16(), headers, body, close, known: false, _held: None }
}

/// The challenge of RFC 6750 section 3: no error code when no token was sent.
fn challenge(refusal: &Refusal) -> Option<String> {
    let kind = refusal.kind();
    let error = match kind.status().as_u16() {
        401 if kind == Kind::TokenMissing => return Some(format!("Bearer realm=\"{REALM}\"")),
        401 => "invalid_token",
        403 if refusal.needed_scopes().is_some() => "insufficient_scope",
        403 if matches!(
            kind,
            Kind::TokenNotApplication
                | Kind::ClientId
                | Kind::Level
                | Kind::TenantClaim
                | Kind::Grant
                | Kind::MissingScope
        ) =>
        {
            "insufficient_scope"
        }
        _ => return None,
    };
    // A quoted string holds neither quotes nor backslashes here: messages are our own texts.
    let quoted = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii() && !matches!(c, '"' | '\\') && !c.is_control()).collect()
    };
    let text = quoted(refusal.message());
    let scope = refusal.needed_scopes().filter(|scopes| !scopes.is_empty());
    let scope = scope.map_or_else(String::new, |scopes| format!(", scope=\"{}\"", quoted(scopes)));
    Some(format!("Bearer realm=\"{REALM}\", error=\"{error}\"{scope}, error_description=\"{text}\""))
}

/// A reply, which holds that until its last byte. `stopped` is called when the guard stops a stream.
pub(super) fn reply<T: 'static>(reply: Reply, held: T, stopped: impl Fn(&Refusal) + 'static) -> Response<T> {
    let body = match reply.body {
        ReplyBody::Whole(bytes) => Body::Whole(bytes),
        ReplyBody::Stream { answer, guard, length } => {
            Body::Stream { pieces: pieces(answer, guard, stopped).boxed_local(), length }
        }
    };
    let (status, headers) = (reply.status, reply.headers);
    Response { status, headers, body, close: false, known: false, _held: Some(held) }
}

/// The body as it streams: an error ends the connection without its end, so the client can't take it for whole.
fn pieces(
    answer: crate::isolation::Answer,
    guard: Option<Box<crate::response::Guard>>,
    stopped: impl Fn(&Refusal) + 'static,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let broken = |what: String| std::io::Error::other(what);
    futures_util::stream::unfold(Some((answer, guard, stopped)), move |state| async move {
        let (mut answer, mut guard, stopped) = state?;
        loop {
            let (piece, last) = match answer.piece().await {
                Ok(Some(piece)) => (guard.as_mut().map_or(Ok(piece.clone()), |g| g.piece(&piece)), false),
                Ok(None) => (guard.as_mut().map_or(Ok(Bytes::new()), |g| g.finish()), true),
                Err(refusal) => return Some((Err(broken(refusal.to_string())), None)),
            };
            match piece {
                Err(refusal) => {
                    stopped(&refusal);
                    return Some((Err(broken(refusal.to_string())), None));
                }
                Ok(piece) if last && piece.is_empty() => return None,
                Ok(piece) if last => return Some((Ok(piece), None)),
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Some((Ok(piece), Some((answer, guard, stopped)))),
            }
        }
    })
}
