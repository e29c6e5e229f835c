//! Which of the engine's headers go back to the client.

use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION,
    PROXY_AUTHENTICATE, SERVER, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// A cache between client and gateway must not keep one tenant's answer for another.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");

const DROPPED: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    SERVER,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The engine's headers without those that are about the connection (RFC 9110 section 7.6.1), its cookies (they are
/// the gateway's session, shared by all tenants) and its name. The length is set anew when the body is written.
pub(crate) fn reply_headers(engine: &HeaderMap, engine_origin: &str, public_origin: &str) -> HeaderMap {
    let mut headers = engine.clone();
    for value in engine.get_all(CONNECTION) {
        for name in value.to_str().unwrap_or_default().split(',') {
            headers.remove(name.trim());
        }
    }
    for name in &DROPPED {
        headers.remove(name);
    }
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()?.strip_prefix(engine_origin));
    let location = location.and_then(|rest| HeaderValue::from_str(&format!("{public_origin}{rest}")).ok());
    if let Some(location) = location {
        headers.insert(LOCATION, location);
    }
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let mut engine = HeaderMap::new();
        for (name, value) in lines {
            engine.append(*name, HeaderValue::from_static(value));
        }
        let headers = reply_headers(&engine, "http://engine:8080", "https://public");
        let lines = headers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()));
        let mut lines: Vec<_> = lines.filter(|(name, _)| name != "cache-control").collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_is_about_the_connection_ends_here() {
        let lines = [
            ("connection", "keep-alive, X-Hop"),
            ("connection", "x-other"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=20"),
            ("set-cookie", "JSESSIONID=1"),
            ("transfer-encoding", "chunked"),
            ("server", "x"),
        ];
        assert_eq!(kept(&lines), []);
        let stays = ("x-hop".to_owned(), "1".to_owned());
        assert_eq!(kept(&[("x-hop", "1"), ("connection", "keep-alive")]), [stays]);
    }

    #[test]
    fn a_location_points_at_the_public_address() {
        let there = |value| kept(&[("location", value)])[0].1.clone();
        assert_eq!(there("http://engine:8080/engine-rest/x"), "https://public/engine-rest/x");
        assert_eq!(there("https://elsewhere/x"), "https://elsewhere/x");
    }

    #[test]
    fn no_cache_keeps_an_answer_unless_the_engine_says_how() {
        let said = |lines: &[(&'static str, &'static str)]| {
            let engine = lines.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
            reply_headers(&engine.collect(), "http://e", "http://p").get(CACHE_CONTROL).cloned()
        };
        assert_eq!(said(&[]), Some(NO_STORE));
        assert_eq!(said(&[("cache-control", "no-cache")]), Some(HeaderValue::from_static("no-cache")));
    }
}
