//! The head of a request, borrowed from what has arrived.
//!
//! In: the bytes up to the empty line, each line ended by CR LF. Out: method, target and lines, and the one way in which the
//! body ends, by RFC 9112 without its leniencies. What a proxy before the gateway could read in another way is a refusal
//! behind which nothing on the connection is read.

use std::mem::MaybeUninit;

use crate::http1::{MOST_LINES, length};
use crate::refusal::{Kind, Refusal};

/// Room for the lines of a head.
pub(crate) type Room<'a> = [MaybeUninit<httparse::Header<'a>>; MOST_LINES];

/// Room for the lines of a head.
pub(crate) const fn room<'a>() -> Room<'a> {
    [const { MaybeUninit::uninit() }; MOST_LINES]
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// A token.
    pub(crate) method: &'a str,
    /// The target's path, as it was sent.
    pub(crate) path: &'a str,
    /// What stands behind its `?`.
    pub(crate) query: Option<&'a str>,
    /// All lines.
    pub(crate) lines: &'a [httparse::Header<'a>],
    pub(crate) framing: Framing,
    /// HTTP/1.1; else 1.0.
    pub(crate) modern: bool,
    /// Another request may follow.
    pub(crate) keep_alive: bool,
    /// The client waits for an interim answer before it sends the body.
    pub(crate) waits: bool,
}

fn fault(what: &str) -> Refusal {
    Refusal::new(Kind::HeaderAmbiguous, what)
}

/// A head that is no request in any reading that all agree on.
pub(super) fn unreadable() -> Refusal {
    fault("the request's head can't be read in one way only; lines end by CR LF")
}

/// Too many or too long lines.
pub(super) fn too_large() -> Refusal {
    Refusal::new(Kind::HeadersTooLarge, "the request's head is too large")
}

impl<'a> Head<'a> {
    /// Reads a whole head.
    ///
    /// # Errors
    /// Kinds 400, 417 and 431.
    pub(crate) fn read(bytes: &'a [u8], room: &'a mut Room<'a>) -> Result<Self, Refusal> {
        let mut parsed = httparse::Request::new(&mut []);
        match parsed.parse_with_uninit_headers(bytes, room) {
            Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(too_large()),
            Ok(_) | Err(_) => return Err(unreadable()),
        }
        let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
            return Err(unreadable());
        };
        let lines: &'a [httparse::Header<'a>] = parsed.headers;
        let modern = version == 1;
        let said = Said::read(lines, modern)?;
        let framing = said.framing(modern)?;
        if !modern && method == "POST" && said.length.is_none() {
            return Err(fault("an HTTP/1.0 request needs a `Content-Length`"));
        }
        let (path, query) = target_of(target, said.host)?;
        let keep_alive = modern && !said.closes;
        let waits = said.waits && framing != Framing::Length(0);
        Ok(Self { method, path, query, lines, framing, modern, keep_alive, waits })
    }

    /// The values of a header, by its name in lower case.
    pub(crate) fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.lines.iter().filter(move |line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
    }
}

/// What the lines say that are about this message and its connection.
#[derive(Default)]
struct Said<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
    closes: bool,
    waits: bool,
}

impl<'a> Said<'a> {
    fn read(lines: &[httparse::Header<'a>], modern: bool) -> Result<Self, Refusal> {
        let mut said = Self::default();
        for line in lines {
            let value = line.value.trim_ascii();
            let is = |name: &str| line.name.eq_ignore_ascii_case(name);
            match line.name.len() {
                4 if is("host") => {
                    // A name, an address in brackets, a port: what else stands here is read in more than one way.
                    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:%[]".contains(b);
                    if said.host.replace(value).is_some() || value.is_empty() || !value.iter().all(plain) {
                        return Err(fault("a request has one `Host`, and that names a host"));
                    }
                }
                6 if is("expect") && modern => {
                    if !value.eq_ignore_ascii_case(b"100-continue") {
                        let what = "nothing but `100-continue` can be expected";
                        return Err(Refusal::new(Kind::Expectation, what));
                    }
                    said.waits = true;
                }
                10 if is("connection") => {
                    said.closes |=
                        value.split(|b| *b == b',').any(|o| o.trim_ascii().eq_ignore_ascii_case(b"close"));
                }
                14 if is("content-length") => {
                    let one = || fault("a request has at most one `Content-Length`, a number");
                    if said.length.replace(length(value).map_err(|_| one())?).is_some() {
                        return Err(one());
                    }
                }
                17 if is("transfer-encoding") => {
                    if said.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                        return Err(fault("the only `Transfer-Encoding` is `chunked`, once"));
                    }
                    said.chunked = true;
                }
                _ => {}
            }
        }
        if modern && said.host.is_none() {
            return Err(fault("the request names no `Host`"));
        }
        Ok(said)
    }

    fn framing(&self, modern: bool) -> Result<Framing, Refusal> {
        match (self.length, self.chunked) {
            (Some(_), true) => {
                Err(fault("a request has a `Content-Length` or a `Transfer-Encoding`, not both"))
            }
            (None, true) if !modern => Err(fault("HTTP/1.0 has no `Transfer-Encoding`")),
            (None, true) => Ok(Framing::Chunked),
            (length, false) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

/// Path and query of a target in origin form, or in absolute form (RFC 9112 section 3.2.2) where it names the host that the
/// `Host` header names.
fn target_of<'a>(target: &'a str, host: Option<&[u8]>) -> Result<(&'a str, Option<&'a str>), Refusal> {
    let fault = |what: &str| Refusal::new(Kind::PathAmbiguous, what);
    // A fragment never belongs to a request, and some readers cut it off; what else is no part of a URI, others escape.
    if target.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'#' | b'<' | b'>')) {
        return Err(fault("the request's target has characters that must be percent-encoded"));
    }
    let origin = if target.starts_with('/') {
        target
    } else {
        let rest = ["http://", "https://"].iter().find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let rest = rest.ok_or_else(|| fault("the request's target is no path"))?;
        let (authority, origin) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if host.is_none_or(|host| !host.eq_ignore_ascii_case(authority.as_bytes())) {
            return Err(fault("the request's target and its `Host` differ"));
        }
        origin
    };
    let (path, query) = origin.split_once('?').map_or((origin, None), |(path, query)| (path, Some(query)));
    Ok((if path.is_empty() { "/" } else { path }, query))
}
