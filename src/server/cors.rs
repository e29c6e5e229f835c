//! Cross-origin requests of browsers (Fetch standard, section 3.3): off unless origins are set.
//!
//! A preflight has no token, so it is answered before one is asked for; it says what any page of an allowed origin
//! may send, and nothing about operations. Credentials are never allowed: tokens go in `Authorization`, which the
//! page sets itself.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};

use super::response::{Body, Response};
use crate::config::Cors;
use crate::request::Head;

/// How long browsers may remember a preflight, in seconds; they cap it themselves.
const REMEMBER: &str = "600";

/// The request's origin, if it is allowed.
pub(super) fn allowed(cors: &Cors, request: &Head<'_>) -> Option<HeaderValue> {
    if cors.allowed_origins.is_empty() {
        return None;
    }
    let mut origins = request.all("origin");
    let (origin, None) = (origins.next()?, origins.next()) else { return None };
    let origin = cors.allowed_origins.iter().find(|o| o.as_bytes() == origin)?;
    HeaderValue::from_str(origin).ok()
}

/// The answer to a preflight, if the request is one.
pub(super) fn preflight<T>(origin: &HeaderValue, request: &Head<'_>) -> Option<Response<T>> {
    let first = |name: &str| request.all(name).next().and_then(|value| HeaderValue::from_bytes(value).ok());
    let mut headers = vec![(ACCESS_CONTROL_ALLOW_METHODS, first("access-control-request-method")?)];
    headers
        .extend(first("access-control-request-headers").map(|asked| (ACCESS_CONTROL_ALLOW_HEADERS, asked)));
    headers.push((ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBER)));
    let mut response = Response {
        status: 204,
        headers,
        body: Body::Whole(Bytes::new()),
        close: false,
        known: false,
        _held: None,
    };
    mark(&mut response, origin);
    Some(response)
}

/// Marks an answer for the page of an allowed origin.
pub(super) fn mark<T>(response: &mut Response<T>, origin: &HeaderValue) {
    let headers = &mut response.headers;
    headers.retain(|(name, _)| ![ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS].contains(name));
    let exposed = HeaderValue::from_static("content-disposition, location, www-authenticate");
    headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
    headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, exposed));
    headers.push((VARY, HeaderValue::from_static("origin")));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of a request with these lines.
    fn with<T>(lines: &[&str], look: impl FnOnce(&Head<'_>) -> T) -> T {
        let text = format!("OPTIONS / HTTP/1.1\r\nHost: g\r\n{}\r\n", lines.concat());
        let mut room = crate::request::room();
        look(&Head::read(text.as_bytes(), &mut room).unwrap())
    }

    #[test]
    fn only_named_origins_are_allowed() {
        let cors = Cors { allowed_origins: vec!["https://app.example.com".into()] };
        let own = "Origin: https://app.example.com\r\n";
        let is_allowed =
            |cors: &Cors, lines: &[&str]| with(lines, |request| allowed(cors, request).is_some());
        assert!(is_allowed(&cors, &[own]));
        for other in
            ["https://app.example.com.evil.org", "https://evil.org", "null", "http://app.example.com"]
        {
            assert!(!is_allowed(&cors, &[&format!("Origin: {other}\r\n")]), "{other}");
        }
        assert!(!is_allowed(&cors, &[own, "Origin: https://evil.org\r\n"]));
        assert!(!is_allowed(&Cors::default(), &[own]));
    }

    #[test]
    fn a_preflight_is_answered_without_credentials() {
        let origin = HeaderValue::from_static("https://app.example.com");
        let asked =
            ["Access-Control-Request-Method: PUT\r\n", "access-control-request-headers: authorization\r\n"];
        let answer = with(&asked, |request| preflight::<()>(&origin, request)).unwrap();
        let value = |name: &str| {
            let line = answer.headers.iter().find(|(n, _)| n == name);
            line.map(|(_, v)| v.to_str().unwrap().to_owned())
        };
        assert_eq!(value("access-control-allow-origin").as_deref(), Some("https://app.example.com"));
        assert_eq!(value("access-control-allow-methods").as_deref(), Some("PUT"));
        assert_eq!(value("access-control-allow-headers").as_deref(), Some("authorization"));
        assert_eq!(value("access-control-allow-credentials"), None);
        assert!(with(&[], |request| preflight::<()>(&origin, request)).is_none());
    }
}
