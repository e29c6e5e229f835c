//! The names of the identity headers.
//!
//! In: names as written. Out: names as sent, and findings for those that would break or widen requests.

use super::finding::Code as F;
use super::meant::Checks;
use super::{IdentityHeaders, written};

/// Headers that mean something to HTTP, to proxies or to the engine: overwriting one breaks or widens requests.
const KNOWN: &[&str] = &[
    "authorization",
    "cookie",
    "set-cookie",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "transfer-encoding",
    "expect",
    "range",
    "date",
    "pragma",
    "cache-control",
    "vary",
    "via",
    "warning",
    "age",
    "etag",
    "location",
    "allow",
    "from",
    "origin",
    "referer",
    "user-agent",
    "forwarded",
    "traceparent",
    "tracestate",
    "baggage",
    "x-request-id",
    "x-real-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-requested-with",
    "www-authenticate",
    "max-forwards",
    "http2-settings",
    "server",
    "link",
    "retry-after",
    "last-modified",
];
/// Beginnings of such names.
const KNOWN_BEGINNINGS: &[&str] =
    &["accept", "access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-", "x-xsrf-", "x-csrf-"];

/// The identity headers that `written` means, in lower case.
pub(crate) fn identity_headers(c: &mut Checks<'_>, written: &written::IdentityHeaders) -> IdentityHeaders {
    let mut name = |path: &str, text: &str| {
        let lower = text.to_ascii_lowercase();
        // No `_`: servers drop such headers or read them as `-`, so two spellings would name one header.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = lower.as_bytes();
        if !edge(bytes.first()) || !edge(bytes.last()) || !lower.bytes().all(plain) || lower.len() > 64 {
            let message = format!("`{path}` is no name for a header");
            c.report(F::InvalidIdentityHeader, path, message, "take letters, digits and `-`, at most 64");
        } else if KNOWN.contains(&lower.as_str()) || KNOWN_BEGINNINGS.iter().any(|b| lower.starts_with(b)) {
            let message = format!("`{path}` is `{lower}`, a header with another meaning");
            c.report(F::KnownIdentityHeader, path, message, "take a name of its own, as `X-Camunda-User`");
        }
        lower
    };
    let user = name("identity_headers.user", &written.user);
    let tenants = name("identity_headers.tenants", &written.tenants);
    if user == tenants {
        let tenants = "identity_headers.tenants";
        let path = if c.is_written(tenants) { tenants } else { "identity_headers.user" };
        let message = "both identity headers have the same name";
        c.report(F::SameIdentityHeaders, path, message, "give each a name of its own");
    }
    IdentityHeaders { user, tenants }
}
