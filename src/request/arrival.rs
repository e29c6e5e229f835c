//! A request as it arrived, normalised once, before anything looks at it.
//!
//! In: method, raw target and headers. Out: an [`Arrival`] with one reading only: decoded path segments, decoded
//! query pairs, the few headers that go on. Refused: whatever another parser could read differently (facts 13,
//! threats P, Q, H). It never keeps the raw target: nothing behind it can forward one.

use http::HeaderValue;

use super::reader::target_too_long;
use crate::percent::decode;
use crate::refusal::{Kind, Refusal};

/// A normalised request head.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The method as the rules know it; HEAD has become GET.
    pub method: String,
    /// The client asked by HEAD: the body is dropped.
    pub head: bool,
    /// Decoded segments behind the base path.
    pub segments: Vec<String>,
    /// Decoded pairs of the query string, in order.
    pub query: Vec<(String, String)>,
    /// The headers that count.
    pub headers: Headers,
}

/// The headers that the gateway looks at or sends on; all others end here.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// All values of `Authorization`.
    pub authorization: Vec<Vec<u8>>,
    /// The media type and its parameters.
    pub content_type: Option<String>,
    /// What the client takes.
    pub accept: Option<String>,
    /// Whether a body may follow.
    pub has_body: bool,
    /// The host that the client asked.
    pub host: Option<String>,
    /// Name and value of those that go on as they are.
    pub passed: Vec<(&'static str, HeaderValue)>,
}

/// Request headers that go on to the engine as they came; everything else is set anew or ends here. A list of what
/// is taken, not of what is removed: an identity header in a spelling that nobody thought of is not on it.
const PASSED: &[&str] = &[
    "accept-language",
    "user-agent",
    "traceparent",
    "tracestate",
    "baggage",
    "x-request-id",
    "x-correlation-id",
];

/// Where the public paths begin, and the engine's name.
#[derive(Clone, Debug)]
pub struct Base {
    /// As `/engine-rest`; no slash at its end.
    pub path: String,
    /// As `default`.
    pub engine: String,
    /// Longest target in bytes.
    pub max_target_bytes: usize,
}

fn path_fault(what: &str) -> Refusal {
    Refusal::new(Kind::PathAmbiguous, format!("the path {what}; send each segment percent-encoded, once"))
}

impl Arrival {
    /// Reads a request head. `headers` are all lines in order, names in any case.
    ///
    /// # Errors
    /// Kinds 400, 414 and 403 (`NoRule`, outside the base path).
    pub fn read<'a>(
        base: &Base,
        method: &str,
        raw_path: &str,
        raw_query: Option<&str>,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, Refusal> {
        if raw_path.len() + raw_query.map_or(0, str::len) > base.max_target_bytes {
            return Err(target_too_long(base.max_target_bytes));
        }
        let head = method == "HEAD";
        Ok(Self {
            method: if head { "GET".into() } else { method.to_owned() },
            head,
            segments: segments(base, raw_path)?,
            query: raw_query.map_or(Ok(Vec::new()), query)?,
            headers: read_headers(headers)?,
        })
    }
}

fn segments(base: &Base, raw: &str) -> Result<Vec<String>, Refusal> {
    let no_rule = || Refusal::new(Kind::NoRule, format!("the engine's REST API is below `{}`", base.path));
    let rest = raw.strip_prefix(base.path.as_str()).and_then(|r| r.strip_prefix('/')).ok_or_else(no_rule)?;
    // One slash at the end has one reading (the engine drops it); two do not.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Err(no_rule());
    }
    let mut segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
    // `/engine/{name}/…` is the same interface again, for the named engine.
    if segments.len() > 2 && segments.first().is_some_and(|s| s == "engine") {
        if segments.get(1).is_none_or(|name| *name != base.engine) {
            return Err(Refusal::new(Kind::NoRule, "there is no engine with this name behind the gateway"));
        }
        segments.drain(..2);
    }
    Ok(segments)
}

fn segment(raw: &str) -> Result<String, Refusal> {
    if raw.is_empty() {
        return Err(path_fault("has an empty segment"));
    }
    // Most have nothing that could mean something else.
    if raw.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Ok(raw.to_owned());
    }
    // RFC 3986 pchar, but `;`: JAX-RS strips matrix parameters off every segment, others do not.
    if let Some(odd) = raw.bytes().find(|b| !(b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@%".contains(b)))
    {
        return Err(path_fault(&format!("has the character `{}`", char::from(odd).escape_default())));
    }
    let text = decode(raw, false).map_err(path_fault)?;
    if text == "." || text == ".." {
        return Err(path_fault("has a dot segment"));
    }
    if text.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ';')) {
        return Err(path_fault("has an encoded slash, backslash, semicolon or control character"));
    }
    // Ids of users, groups and tenants are decoded a second time by the engine (PathUtil).
    if text.contains('%') {
        let lower = text.to_ascii_lowercase();
        if ["%2f", "%5c", "%2e", "%00", "%3b"].iter().any(|twice| lower.contains(twice)) {
            return Err(path_fault("has a segment that is encoded twice"));
        }
    }
    Ok(text)
}

fn query(raw: &str) -> Result<Vec<(String, String)>, Refusal> {
    let fault = |what: &str| Refusal::new(Kind::QueryAmbiguous, format!("the query string {what}"));
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, true).map_err(&fault)?;
            let value = decode(value, true).map_err(&fault)?;
            if name.contains('\0') || value.contains('\0') {
                return Err(fault("has a NUL"));
            }
            Ok((name, value))
        })
        .collect()
}

fn twice(name: &str) -> Refusal {
    Refusal::new(Kind::HeaderAmbiguous, format!("the header `{name}` is there twice"))
}

fn text<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, Refusal> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii());
    text.map(str::trim)
        .ok_or_else(|| Refusal::new(Kind::HeaderAmbiguous, format!("the header `{name}` is not ASCII text")))
}

/// The header that a line is: its name in lower case, if the gateway looks at it or sends it on. Most lines differ in their
/// length already.
fn known(name: &str) -> Option<&'static str> {
    const LOOKED_AT: &[&str] = &[
        "authorization",
        "content-type",
        "accept",
        "content-length",
        "transfer-encoding",
        "content-encoding",
        "connection",
        "host",
        "upgrade",
    ];
    LOOKED_AT.iter().chain(PASSED).find(|known| known.eq_ignore_ascii_case(name)).copied()
}

fn read_headers<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Headers, Refusal> {
    let mut read = Headers::default();
    let mut hop: Vec<String> = Vec::new();
    for (name, value) in headers {
        let Some(name) = known(name) else { continue };
        match name {
            "authorization" => read.authorization.push(value.to_vec()),
            "content-type" => {
                if read.content_type.replace(text(name, value)?.to_owned()).is_some() {
                    return Err(twice(name));
                }
            }
            // Several lines are one list (RFC 9110 section 5.3).
            "accept" => {
                let more = text(name, value)?;
                read.accept = Some(read.accept.map_or(more.to_owned(), |have| format!("{have}, {more}")));
            }
            "content-length" => read.has_body |= text(name, value)?.parse() != Ok(0_u64),
            "transfer-encoding" => read.has_body = true,
            "content-encoding" => {
                // The engine does not decode bodies (facts 13); we could not look into one.
                if !text(name, value)?.eq_ignore_ascii_case("identity") {
                    let what = "the body is compressed; send it uncompressed, without `Content-Encoding`";
                    return Err(Refusal::new(Kind::HeaderAmbiguous, what));
                }
            }
            // What a `Connection` line names is for this hop only (RFC 9110 section 7.6.1).
            "connection" => {
                hop.extend(text(name, value)?.split(',').map(|n| n.trim().to_ascii_lowercase()));
            }
            "host" => read.host = Some(text(name, value)?.to_owned()),
            "upgrade" => {
                let what = "the connection can't be upgraded to another protocol";
                return Err(Refusal::new(Kind::HeaderAmbiguous, what));
            }
            passed => {
                if let Some(value) = text(name, value).ok().and_then(|v| HeaderValue::from_str(v).ok()) {
                    read.passed.push((passed, value));
                }
            }
        }
    }
    read.passed.retain(|(name, _)| !hop.iter().any(|h| h == name));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base() -> Base {
        Base { path: "/engine-rest".into(), engine: "default".into(), max_target_bytes: 8192 }
    }

    fn path(raw: &str) -> Result<Vec<String>, Kind> {
        segments(&base(), raw).map_err(|r| r.kind())
    }

    #[test]
    fn p1_dot_segments_and_empty_ones() {
        assert_eq!(path("/engine-rest/task/x").unwrap(), ["task", "x"]);
        assert_eq!(path("/engine-rest/task/x/").unwrap(), ["task", "x"]);
        for raw in
            ["task/../x", "task/./x", "task//x", "task/x//", "/task", "task/%2e%2e", "task/.%2E", "task/%2e"]
        {
            assert_eq!(path(&format!("/engine-rest/{raw}")), Err(Kind::PathAmbiguous), "{raw}");
        }
        assert_eq!(path("/engine-rest/task/...").unwrap(), ["task", "..."]);
    }

    #[test]
    fn p2_encoded_separators() {
        for raw in [
            "a%2fb",
            "a%2Fb",
            "a%5cb",
            "a\\b",
            "a%252fb",
            "a%252Fb",
            "a%255C",
            "%252e%252e",
            "a%00",
            "a%0a",
            "a%7f",
        ] {
            assert_eq!(path(&format!("/engine-rest/task/{raw}")), Err(Kind::PathAmbiguous), "{raw}");
        }
        assert_eq!(path("/engine-rest/task/a%25b").unwrap(), ["task", "a%b"]);
        assert_eq!(path("/engine-rest/task/a%3Ab").unwrap(), ["task", "a:b"]);
    }

    #[test]
    fn p3_matrix_parameters() {
        for raw in ["task;a/x", "task/x;y=1", ";/task", "task/x%3by"] {
            assert_eq!(path(&format!("/engine-rest/{raw}")), Err(Kind::PathAmbiguous), "{raw}");
        }
    }

    #[test]
    fn p5_bytes_that_are_no_text() {
        for raw in ["%ff", "%c0%af", "a%zz", "a%2", "a%"] {
            assert_eq!(path(&format!("/engine-rest/task/{raw}")), Err(Kind::PathAmbiguous), "{raw}");
        }
        assert_eq!(path("/engine-rest/task/%C3%A9").unwrap(), ["task", "é"]);
    }

    #[test]
    fn p6_the_engine_prefix_is_taken_off_for_the_one_engine() {
        assert_eq!(path("/engine-rest/engine/default/task").unwrap(), ["task"]);
        assert_eq!(path("/engine-rest/engine").unwrap(), ["engine"]);
        assert_eq!(path("/engine-rest/engine/other/task"), Err(Kind::NoRule));
        assert_eq!(
            path("/engine-rest/engine/default/engine/default/task").unwrap(),
            ["engine", "default", "task"]
        );
    }

    #[test]
    fn outside_the_base_path_is_nothing() {
        for raw in
            ["/", "/engine-rest", "/engine-rest/", "/engine-restx/task", "/Engine-Rest/task", "/manager/html"]
        {
            assert_eq!(path(raw), Err(Kind::NoRule), "{raw}");
        }
    }

    #[test]
    fn q4_names_are_decoded() {
        let pairs = query("tenant%49dIn=a&b=c+d&e&=f&&g=1%2C2;h=3").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("tenantIdIn", "a"), ("b", "c d"), ("e", ""), ("", "f"), ("g", "1,2;h=3")]);
        assert!(query("a=%zz").is_err());
        assert!(query("a=%ff").is_err());
        assert!(query("a=%00").is_err());
    }

    #[test]
    fn h_headers_are_taken_by_a_list() {
        let lines: &[(&str, &[u8])] = &[
            ("x-camunda-user", b"forged"),
            ("x_camunda_user", b"forged"),
            ("user-agent", b"me"),
            ("accept", b"a/b"),
            ("accept", b"c/d"),
            ("connection", b"x-camunda-user"),
        ];
        let read = read_headers(lines.iter().copied()).unwrap();
        assert_eq!(read.passed, [("user-agent", HeaderValue::from_static("me"))]);
        let odd = [("baggage", &b"a\0b"[..]), ("traceparent", b"a\tb")];
        let names: Vec<_> = read_headers(odd.into_iter()).unwrap().passed.iter().map(|p| p.0).collect();
        assert_eq!(names, ["traceparent"]);
        assert_eq!(read.accept.as_deref(), Some("a/b, c/d"));
        let named = [("connection", &b"close, User-Agent"[..]), ("user-agent", b"me")];
        assert!(read_headers(named.into_iter()).unwrap().passed.is_empty());
        for bad in [("upgrade", &b"websocket"[..]), ("content-encoding", b"gzip"), ("content-type", b"\xff")]
        {
            assert!(read_headers([bad].into_iter()).is_err(), "{}", bad.0);
        }
        assert!(read_headers([("content-type", &b"a/b"[..]), ("content-type", b"a/b")].into_iter()).is_err());
    }

    proptest! {
        /// A query string that is taken has one reading: written anew and read again it gives the same.
        #[test]
        fn one_reading_of_a_query_only(raw in "([a-zA-Z&=%+;,. -]|%[0-9a-fA-F]{2}){0,24}") {
            if let Ok(read) = query(&raw) {
                let mut again = String::new();
                crate::percent::encode_query(&mut again, read.iter().map(|(n, v)| (n.as_str(), v.as_str())));
                let again = query(again.strip_prefix('?').unwrap_or_default()).map_err(|r| r.kind());
                prop_assert_eq!(again, Ok(read));
            }
        }

        /// What is taken has one reading: encoding the segments anew and reading them again gives the same.
        #[test]
        fn one_reading_only(raw in "(/?[a-zA-Z0-9%./;:\\\\ -]{0,6}){0,4}") {
            let raw = format!("/engine-rest/{raw}");
            if let Ok(read) = segments(&base(), &raw) {
                let again = crate::percent::encode_path("/engine-rest", read.iter().map(String::as_str));
                prop_assert_eq!(segments(&base(), &again).map_err(|r| r.kind()), Ok(read));
                let dots = again.split('/').any(|s| s == "." || s == "..");
                prop_assert!(!again.contains("//") && !dots, "{again}");
            }
        }
    }
}
