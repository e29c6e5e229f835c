//! URLs and origins in settings: read strictly, for what is compared or joined later must have one reading.
//!
//! In: a URL as written. Out: its parts, or why it can't be used, without the URL itself: it may hold a
//! password.

use url::{Host, Url};

/// Why a URL can't be used. It never repeats the URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressFault {
    #[error("it contains blanks, control characters or backslashes")]
    Characters,
    #[error("it is not a URL: {0}")]
    NotUrl(#[from] url::ParseError),
    #[error("it must begin with http:// or https://")]
    Scheme,
    #[error("it must not contain user and password")]
    UserInfo,
    #[error("it must not contain a query")]
    Query,
    #[error("it must not contain a fragment")]
    Fragment,
    #[error("it must end after host and port")]
    NotOrigin,
    #[error("its path may contain letters, digits, `-`, `_`, `.` and `~` between single slashes")]
    Path,
}

/// A URL that can be used: http or https, a host, no user info, no query, no fragment.
pub(super) fn parse(text: &str) -> Result<Url, AddressFault> {
    if text.trim() != text || text.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
        return Err(AddressFault::Characters);
    }
    let url = Url::parse(text)?;
    // The URL library forgives `http:/host` and `http:host`; what was meant is then a guess.
    let after_scheme = text.get(url.scheme().len()..).unwrap_or_default();
    if !matches!(url.scheme(), "http" | "https") || !after_scheme.starts_with("://") {
        return Err(AddressFault::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(AddressFault::UserInfo);
    }
    if text.contains('?') {
        return Err(AddressFault::Query);
    }
    if text.contains('#') { Err(AddressFault::Fragment) } else { Ok(url) }
}

/// Origin and base path of an engine's URL.
pub(super) fn engine(text: &str) -> Result<(String, String), AddressFault> {
    Ok((parse(text)?.origin().ascii_serialization(), base_path(text)?))
}

/// Scheme and authority and nothing else but a single slash, in lower case and without default port (RFC 6454
/// section 6.2).
pub(super) fn bare_origin(text: &str) -> Result<String, AddressFault> {
    let url = parse(text)?;
    if url.path() != "/" || path(text).len() > 1 {
        return Err(AddressFault::NotOrigin);
    }
    Ok(url.origin().ascii_serialization())
}

/// The path of an engine URL without slash at its end.
///
/// It must be plain: requests are recognised by it, so it must have one reading only.
pub(super) fn base_path(text: &str) -> Result<String, AddressFault> {
    let path = path(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |s: &str| {
        !matches!(s, "" | "." | "..")
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
    };
    if path.is_empty() || path.split('/').skip(1).all(plain) {
        return Ok(path.to_owned());
    }
    Err(AddressFault::Path)
}

/// Whether only this machine can answer there, so that nobody sits on the way.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether it is an Auth0 tenant's URL without the slash that its tokens' `iss` has.
pub(super) fn is_auth0_without_slash(issuer: &str) -> bool {
    let auth0 = parse(issuer).is_ok_and(|url| url.host_str().is_some_and(|h| h.ends_with(".auth0.com")));
    auth0 && !issuer.ends_with('/')
}

/// `issuer` and `/.well-known/jwks.json` with exactly one slash between.
pub(super) fn default_jwks_url(issuer: &str) -> String {
    format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'))
}

fn after_scheme(text: &str) -> &str {
    text.split_once("://").map_or("", |(_, rest)| rest)
}

fn authority(text: &str) -> &str {
    after_scheme(text).split('/').next().unwrap_or_default()
}

fn path(text: &str) -> &str {
    let rest = after_scheme(text);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
}
