//! The head of a request to the engine, written straight into the bytes that leave.
//!
//! In: method, target and lines. Out: the head, with the one line that tells how its body ends. What could end a line or
//! begin another is refused here, whoever made it.

use std::fmt;
use std::ops::Range;

use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;

use super::error::EngineSetupError;
use super::http1::{Body, Sending};
use super::pool::Request;
use crate::config;
use crate::refusal::{Kind, Refusal};

/// Most heads are shorter, in bytes; a small body goes out behind them.
const USUAL: usize = 1024;

/// A head under construction.
pub(super) struct RequestHead {
    text: Vec<u8>,
    /// Where the line stands that names the host.
    host: Range<usize>,
    /// A request that has no body does not tell a length of none.
    bodiless: bool,
    head_only: bool,
    reads: bool,
}

fn unfit(what: impl fmt::Display) -> Refusal {
    Refusal::new(Kind::Internal, "the engine's request can't be built")
        .because(format!("{what} can't be sent"))
}

impl RequestHead {
    /// The request line, and the lines that all requests have.
    ///
    /// # Errors
    /// A method or target with a byte that does not belong there.
    pub(super) fn new(
        method: &str,
        target: [&str; 2],
        host_line: &[u8],
        fixed: &[u8],
    ) -> Result<Self, Refusal> {
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(unfit("the method"));
        }
        let mut text = Vec::with_capacity(USUAL);
        text.extend_from_slice(method.as_bytes());
        text.push(b' ');
        let begin = text.len();
        for part in target {
            text.extend_from_slice(part.as_bytes());
        }
        let target = text.get(begin..).unwrap_or_default();
        if target.first() != Some(&b'/') || !target.iter().all(|b| b.is_ascii_graphic() && *b != b'#') {
            return Err(unfit("the target"));
        }
        text.extend_from_slice(b" HTTP/1.1\r\n");
        let host = text.len()..text.len() + host_line.len();
        text.extend_from_slice(host_line);
        text.extend_from_slice(fixed);
        let bodiless = matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
        let reads = matches!(method, "GET" | "HEAD");
        Ok(Self { text, host, bodiless, head_only: method == "HEAD", reads })
    }

    /// A line of a text.
    ///
    /// # Errors
    /// A text with a byte that can't stand in a line.
    pub(super) fn text(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        // The bytes that `HeaderValue` takes from a text.
        if !value.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~')) {
            return Err(unfit(name));
        }
        self.line(name, value.as_bytes());
        Ok(())
    }

    /// A line of a value that was checked.
    pub(super) fn value(&mut self, name: &str, value: &HeaderValue) {
        self.line(name, value.as_bytes());
    }

    fn line(&mut self, name: &str, value: &[u8]) {
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(value);
        self.text.extend_from_slice(b"\r\n");
    }

    /// The head's end, of a request that has no body.
    pub(super) fn without_body(self) -> Vec<u8> {
        [self.text.as_slice(), b"\r\n"].concat()
    }

    /// The head's end, and the body behind it.
    pub(super) fn end(mut self, body: Body) -> Request {
        match &body {
            Body::Whole(bytes) if bytes.is_empty() && self.bodiless => {}
            Body::Whole(bytes) => self.line("content-length", bytes.len().to_string().as_bytes()),
            Body::Stream(_) => self.line("transfer-encoding", b"chunked"),
        }
        self.text.extend_from_slice(b"\r\n");
        let sending = Some(Sending::new(self.text, self.host, body));
        Request { sending, head_only: self.head_only, reads: self.reads }
    }
}

/// The line of `engine.basic_auth`; empty without it.
///
/// # Errors
/// Name and password that can't be written in a header.
pub(super) fn authorization(engine: &config::Engine) -> Result<Vec<u8>, EngineSetupError> {
    use base64::Engine as _;
    let Some(basic) = &engine.basic_auth else { return Ok(Vec::new()) };
    let pair = format!("{}:{}", basic.username, basic.password.expose_secret());
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let value = HeaderValue::from_str(&text).map_err(EngineSetupError::Authorization)?;
    Ok([AUTHORIZATION.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_begin_another_line_is_never_sent() {
        assert!(RequestHead::new("GET", ["/e", "/task?a=%20"], b"", b"").is_ok());
        for target in ["/task\r\nx: y", "/task HTTP/1.1", "/ta\0sk", "/t\u{e4}sk", "/task#x", "/task\t"] {
            assert!(RequestHead::new("GET", ["/e", target], b"", b"").is_err(), "{target:?}");
        }
        assert!(RequestHead::new("GET", ["", "task"], b"", b"").is_err());
        for method in ["", "get", "GET /x", "G\r\n"] {
            assert!(RequestHead::new(method, ["/e", "/task"], b"", b"").is_err(), "{method:?}");
        }
        let mut head = RequestHead::new("GET", ["/e", "/task"], b"", b"").unwrap();
        assert!(head.text("x-user", "a b").is_ok());
        for value in ["a\r\nx: y", "a\n", "\r", "\0", "\u{e4}", "\u{7f}"] {
            assert!(head.text("x-user", value).is_err(), "{value:?}");
        }
    }
}
