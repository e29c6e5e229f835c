//! Outcome → status, headers and body on the connection: the only place that knows how a refusal looks.

use actix_web::body::{BodyStream, MessageBody, None as NoBody, SizedStream};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::refusal::{Kind, Refusal};
use crate::response::{MAX_BUFFERED, Reply, ReplyBody};

/// A long body goes out in pieces of this size.
const PIECE: usize = 32 * 1024;
/// The realm of the challenge (RFC 6750 section 3).
const REALM: &str = "tenantgate";

fn builder(status: u16) -> HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

/// A name in the server's type, of an older version of the same library. Those that most replies have are known.
fn server_name(name: &http::HeaderName) -> Option<HeaderName> {
    match () {
        () if *name == http::header::CONTENT_TYPE => Some(header::CONTENT_TYPE),
        () if *name == http::header::CACHE_CONTROL => Some(header::CACHE_CONTROL),
        () if *name == http::header::DATE => Some(header::DATE),
        () => HeaderName::from_bytes(name.as_str().as_bytes()).ok(),
    }
}

/// A refusal as the engine's clients read errors: `{"type","message","code"}`.
pub(super) fn refusal(refusal: &Refusal) -> HttpResponse {
    let kind = refusal.kind();
    let body = serde_json::json!({
        "type": kind.error_type(),
        "message": refusal.message(),
        "code": kind.code(),
    });
    let mut response = builder(kind.status().as_u16());
    response.insert_header(("content-type", "application/json"));
    response.insert_header(("cache-control", "no-store"));
    if let Some(challenge) = challenge(refusal) {
        response.insert_header(("www-authenticate", challenge));
    }
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.insert_header(("retry-after", seconds.to_string()));
    }
    response.body(body.to_string())
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

/// A reply; `head` drops its body (RFC 9110 section 9.3.2). `stopped` is called when the guard stops a stream.
pub(super) fn reply(reply: Reply, head: bool, stopped: impl Fn(&Refusal) + 'static) -> HttpResponse {
    let mut response = builder(reply.status);
    for (name, value) in &reply.headers {
        if let (Some(name), Ok(value)) = (server_name(name), HeaderValue::from_bytes(value.as_bytes())) {
            response.append_header((name, value));
        }
    }
    // These never have a body, and no length (RFC 9110 sections 15.3.5 and 15.4.5).
    if matches!(reply.status, 204 | 304) {
        return response.body(NoBody::new());
    }
    if head {
        // The length that GET would tell, where it is known (RFC 9110 section 8.6); never 0 for what has a body.
        return match &reply.body {
            ReplyBody::Whole(bytes) => response.body(length_only(bytes.len() as u64)),
            ReplyBody::Stream { length: Some(length), .. } => response.body(length_only(*length)),
            ReplyBody::Stream { length: None, .. } => response.body(NoBody::new()),
        };
    }
    match reply.body {
        ReplyBody::Whole(bytes) if bytes.len() as u64 <= MAX_BUFFERED => response.body(bytes),
        // A long one goes out as slowly as it is read: what is held for the request is held as long.
        ReplyBody::Whole(bytes) => {
            let length = bytes.len();
            // Piece by piece: the server copies what it is given into a buffer of its own.
            let pieces = (0..length).step_by(PIECE).map(move |from| {
                let _ = &stopped;
                Ok::<_, std::io::Error>(bytes.slice(from..length.min(from + PIECE)))
            });
            response.body(SizedStream::new(length as u64, futures_util::stream::iter(pieces)))
        }
        ReplyBody::Stream { answer, guard, length } => {
            if let Some(length) = length {
                response.no_chunking(length);
            }
            // Not `streaming`: it would add a content type where the engine said none.
            response.body(BodyStream::new(pieces(answer, guard, stopped)))
        }
    }
}

/// A body that tells its length and has nothing in it: the server writes no body in an answer to HEAD.
fn length_only(length: u64) -> impl MessageBody {
    SizedStream::new(length, futures_util::stream::empty::<Result<bytes::Bytes, std::io::Error>>())
}

/// The body as it streams: an error ends the connection without its end, so the client can't take it for whole.
fn pieces(
    answer: crate::isolation::Answer,
    guard: Option<Box<crate::response::Guard>>,
    stopped: impl Fn(&Refusal) + 'static,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, std::io::Error>> {
    let broken = |what: String| std::io::Error::other(what);
    futures_util::stream::unfold(Some((answer, guard, stopped)), move |state| async move {
        let (mut answer, mut guard, stopped) = state?;
        loop {
            let (piece, last) = match answer.piece().await {
                Ok(Some(piece)) => (guard.as_mut().map_or(Ok(piece.clone()), |g| g.piece(&piece)), false),
                Ok(None) => (guard.as_mut().map_or(Ok(bytes::Bytes::new()), |g| g.finish()), true),
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
