//! Cross-origin requests of browsers (Fetch standard, section 3.3): off unless origins are set.
//!
//! A preflight has no token, so it is answered before one is asked for; it says what any page of an allowed origin
//! may send, and nothing about operations. Credentials are never allowed: tokens go in `Authorization`, which the
//! page sets itself.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderValue};

use crate::config::Cors;

/// How long browsers may remember a preflight, in seconds; they cap it themselves.
const REMEMBER: &str = "600";

/// The request's origin, if it is allowed.
pub(super) fn allowed(cors: &Cors, request: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = request.get_all("origin");
    let (origin, None) = (origins.next()?, origins.next()) else { return None };
    let text = origin.to_str().ok()?;
    cors.allowed_origins.iter().any(|o| o == text).then(|| origin.clone())
}

/// The answer to a preflight, if the request is one.
pub(super) fn preflight(origin: &HeaderValue, request: &HeaderMap) -> Option<HttpResponse> {
    let method = request.get("access-control-request-method")?;
    let mut response = HttpResponse::NoContent();
    response.insert_header(("access-control-allow-methods", method.clone()));
    if let Some(headers) = request.get("access-control-request-headers") {
        response.insert_header(("access-control-allow-headers", headers.clone()));
    }
    response.insert_header(("access-control-max-age", REMEMBER));
    let mut response = response.finish();
    mark(&mut response, origin);
    Some(response)
}

/// Marks an answer for the page of an allowed origin.
pub(super) fn mark(response: &mut HttpResponse, origin: &HeaderValue) {
    use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, VARY};
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("content-disposition, location, www-authenticate"),
    );
    headers.append(VARY, HeaderValue::from_static("origin"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_named_origins_are_allowed() {
        let cors = Cors { allowed_origins: vec!["https://app.example.com".into()] };
        assert!(allowed(&cors, &headers(&[("origin", "https://app.example.com")])).is_some());
        for other in
            ["https://app.example.com.evil.org", "https://evil.org", "null", "http://app.example.com"]
        {
            assert!(allowed(&cors, &headers(&[("origin", other)])).is_none(), "{other}");
        }
        let two = headers(&[("origin", "https://app.example.com"), ("origin", "https://evil.org")]);
        assert!(allowed(&cors, &two).is_none());
        assert!(allowed(&Cors::default(), &headers(&[("origin", "https://app.example.com")])).is_none());
    }

    #[test]
    fn a_preflight_is_answered_without_credentials() {
        let origin = HeaderValue::from_static("https://app.example.com");
        let asked = headers(&[
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization"),
        ]);
        let answer = preflight(&origin, &asked).unwrap();
        let value = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(value("access-control-allow-origin").as_deref(), Some("https://app.example.com"));
        assert_eq!(value("access-control-allow-methods").as_deref(), Some("PUT"));
        assert_eq!(value("access-control-allow-credentials"), None);
        assert!(preflight(&origin, &headers(&[])).is_none());
    }
}
