//! URLs and origins in settings: read strictly, for what is compared or joined later must have one reading.
//!
//! In: a URL as written. Out: its parts, or a sentence why it can't be used. The sentence never repeats the URL, for
//! it may hold a password.

use reqwest::Url;

/// A URL that can be used: http or https, a host, no user info, no query, no fragment.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    if text.trim() != text || text.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
        return Err("it holds blanks, control characters or backslashes".into());
    }
    let url = Url::parse(text).map_err(|e| format!("it is no URL: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it must begin with http:// or https://".into());
    }
    // The URL library forgives `http:/host` and `http:host`; what was meant is then a guess.
    if !text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://")) {
        return Err("it must begin with http:// or https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err("it must not hold user and password".into());
    }
    if text.contains('?') {
        return Err("it must not hold a query".into());
    }
    if text.contains('#') {
        return Err("it must not hold a fragment".into());
    }
    Ok(url)
}

/// Scheme and authority, in lower case and without default port (RFC 6454 section 6.2).
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Scheme and authority and nothing else; a single slash at the end is let pass.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn bare_origin(text: &str) -> Result<String, String> {
    let url = parse(text)?;
    if url.path() != "/" || path(text).len() > 1 {
        return Err("it must end after host and port".into());
    }
    Ok(origin(&url))
}

/// The path of an engine URL without slash at its end.
///
/// # Errors
/// A sentence when the path is not plain: requests are recognised by it, so it must have one reading only.
pub(crate) fn base_path(text: &str) -> Result<String, String> {
    let path = path(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    let plain = |s: &str| {
        !s.is_empty()
            && s != "."
            && s != ".."
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
    };
    if path.is_empty() || path.split('/').skip(1).all(plain) {
        return Ok(path.to_owned());
    }
    Err("its path may hold letters, digits, `-`, `_`, `.` and `~` between single slashes".into())
}

/// Whether only this machine can answer there, so that nobody sits on the way.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// `issuer` and `/.well-known/jwks.json` with exactly one slash between.
pub(crate) fn default_jwks_url(issuer: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_have_two_readings_are_refused() {
        let cases = [
            ("http://camunda:8080/engine-rest", true),
            ("https://camunda", true),
            ("http://user@camunda:8080/", false),
            ("http://@camunda:8080/", false),
            ("http://camunda/?", false),
            ("http://camunda/#", false),
            ("http:/camunda/", false),
            ("http:camunda", false),
            ("HTTP://camunda", true),
            ("ftp://camunda/", false),
            ("http://camunda\\engine", false),
            (" http://camunda", false),
            ("camunda:8080", false),
            ("", false),
        ];
        for (text, fit) in cases {
            assert_eq!(parse(text).is_ok(), fit, "{text}");
        }
    }

    #[test]
    fn base_paths_lose_one_slash_and_are_plain() {
        let cases = [
            ("http://c/engine-rest", Some("/engine-rest")),
            ("http://c/engine-rest/", Some("/engine-rest")),
            ("http://c/a/b", Some("/a/b")),
            ("http://c/", Some("")),
            ("http://c", Some("")),
            ("http://c//", None),
            ("http://c/a//b", None),
            ("http://c/a/../b", None),
            ("http://c/a%2fb", None),
            ("http://c/a;b", None),
        ];
        for (text, path) in cases {
            assert_eq!(base_path(text).ok().as_deref(), path, "{text}");
        }
    }

    #[test]
    fn issuer_and_well_known_are_joined_by_one_slash() {
        assert_eq!(default_jwks_url("https://i/"), "https://i/.well-known/jwks.json");
        assert_eq!(default_jwks_url("https://i"), "https://i/.well-known/jwks.json");
    }

    #[test]
    fn loopback_is_this_machine_only() {
        let cases = [
            ("http://localhost:1/", true),
            ("http://127.0.0.1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:80/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
        ];
        for (text, loopback) in cases {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), loopback, "{text}");
        }
    }

    #[test]
    fn an_origin_ends_after_the_port() {
        assert_eq!(
            bare_origin("https://Camunda.example.com:443").as_deref(),
            Ok("https://camunda.example.com")
        );
        assert_eq!(bare_origin("http://c:8080/").as_deref(), Ok("http://c:8080"));
        assert!(bare_origin("http://c/x").is_err());
        assert!(bare_origin("http://c/./").is_err());
        assert!(bare_origin("*").is_err());
    }
}
