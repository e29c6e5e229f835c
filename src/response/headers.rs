//! Which of the engine's headers go back to the client.

use http::header::{CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue, LOCATION};

use crate::isolation::Lines;

/// A cache between client and gateway must not keep one tenant's answer for another.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Whether a line is about the connection (RFC 9110 section 7.6.1), the engine's name, or a cookie: those are of the
/// gateway's session, which all tenants share.
fn ends_here(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-authenticate"
            | "server"
            | "set-cookie"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The engine's headers without those that end here, and without those that its `Connection` names. The length is set anew
/// when the body is written.
pub(crate) fn reply_headers(
    engine: Lines,
    engine_origins: &[String],
    public_origin: &str,
) -> Vec<(HeaderName, HeaderValue)> {
    let lists = engine.all(&CONNECTION).map(|value| value.to_str().unwrap_or_default());
    // `keep-alive` and `close` are no names of lines that would go on.
    let hops: Vec<String> = lists
        .flat_map(|list| list.split(',').map(str::trim))
        .filter(|hop| !["keep-alive", "close"].iter().any(|usual| hop.eq_ignore_ascii_case(usual)))
        .map(str::to_owned)
        .collect();
    let hop = |name: &HeaderName| hops.iter().any(|hop| hop.eq_ignore_ascii_case(name.as_str()));
    let mut headers = engine.into_lines();
    let mut open = true;
    headers.retain_mut(|(name, value)| {
        if ends_here(name) || hop(name) {
            return false;
        }
        if *name == LOCATION
            && let Some(location) = public(value, engine_origins, public_origin)
        {
            *value = location;
        }
        open &= *name != CACHE_CONTROL;
        true
    });
    if open {
        headers.push((CACHE_CONTROL, NO_STORE));
    }
    headers
}

/// An address of the engine as clients know it.
fn public(location: &HeaderValue, engine_origins: &[String], public_origin: &str) -> Option<HeaderValue> {
    let location = location.to_str().ok()?;
    let mut rests = engine_origins.iter().filter_map(|origin| location.strip_prefix(origin.as_str()));
    let rest = rests.find(|rest| rest.starts_with('/'))?;
    HeaderValue::from_str(&format!("{public_origin}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let engine = lines.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        let engine = engine.collect();
        let headers = reply_headers(
            engine,
            &["http://engine".to_owned(), "http://engine:8080".to_owned()],
            "https://public",
        );
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
            reply_headers(engine.collect(), &[], "http://p")
                .into_iter()
                .find(|line| line.0 == CACHE_CONTROL)
                .map(|line| line.1)
        };
        assert_eq!(said(&[]), Some(NO_STORE));
        assert_eq!(said(&[("cache-control", "no-cache")]), Some(HeaderValue::from_static("no-cache")));
    }
}
