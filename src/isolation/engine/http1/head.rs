//! The head of an answer.
//!
//! In: the bytes up to the empty line, each line ended by CR LF. Out: status, headers, and the one way in which the body
//! ends, by RFC 9112 section 6.3 without its leniencies.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::error::Broken;
use crate::http1::{MOST_LINES, length};
use crate::isolation::engine::lines::Lines;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its status; never 1xx.
    pub(crate) status: StatusCode,
    /// Its lines.
    pub(crate) headers: Lines,
    /// The body's length, where it was told.
    pub(crate) length: Option<u64>,
    pub(super) framing: Framing,
    /// The connection may be used again when the body was read to its end.
    pub(super) keep_alive: bool,
}

/// What a head is.
#[derive(Debug)]
pub(super) enum Found {
    Final(Head),
    /// 1xx: another head follows.
    Interim,
}

/// Reads a whole head. `head_only`: the request was a HEAD, so nothing follows.
pub(super) fn read(bytes: &Bytes, head_only: bool) -> Result<Found, Broken> {
    // The parser would skip empty lines before the status line.
    if !bytes.starts_with(b"HTTP/1.") {
        return Err(Broken::Head);
    }
    let mut room = [const { MaybeUninit::uninit() }; MOST_LINES];
    let mut parsed = httparse::Response::new(&mut []);
    match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, bytes, &mut room)
    {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Broken::LongHead),
        Ok(_) | Err(_) => return Err(Broken::Head),
    }
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Broken::Head)?;
    match status.as_u16() {
        // Nobody asked to switch.
        101 | 600.. => return Err(Broken::Status),
        100..=199 => return Ok(Found::Interim),
        _ => {}
    }
    let lines = headers(bytes, parsed.headers)?;
    let modern = parsed.version == Some(1);
    let closes = |value: &HeaderValue| {
        value.as_bytes().split(|b| *b == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    let keep_alive = modern && !lines.all(&CONNECTION).any(closes);
    let (framing, certain) = framing(status, &lines, modern, keep_alive, head_only)?;
    let length = match framing {
        Framing::Length(length) => Some(length),
        Framing::Chunked | Framing::UntilClose => None,
    };
    Ok(Found::Final(Head { status, headers: lines, length, framing, keep_alive: keep_alive && certain }))
}

fn headers(bytes: &Bytes, lines: &[httparse::Header<'_>]) -> Result<Lines, Broken> {
    let mut headers = Lines::with_room(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Broken::Head)?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(line.value)).map_err(|_| Broken::Head)?;
        headers.push(name, value);
    }
    Ok(headers)
}

/// How the body ends, and whether that is certain enough for another answer behind it.
fn framing(
    status: StatusCode,
    headers: &Lines,
    modern: bool,
    keep_alive: bool,
    head_only: bool,
) -> Result<(Framing, bool), Broken> {
    let length = only(headers, &CONTENT_LENGTH)?.map(|value| length(value.as_bytes())).transpose()?;
    let coding = only(headers, &TRANSFER_ENCODING)?;
    // Checked for answers without a body, too: who says two things here may mean a third.
    let framing = match (length, coding) {
        (Some(_), Some(_)) => return Err(Broken::Framing),
        (Some(length), None) => Framing::Length(length),
        (None, Some(coding)) if modern && coding == "chunked" => Framing::Chunked,
        (None, Some(_)) => return Err(Broken::Framing),
        (None, None) => Framing::UntilClose,
    };
    if head_only {
        return Ok((Framing::Length(0), true));
    }
    match (status, framing) {
        // A length here tells what another answer would have had; some mean a body by it.
        (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED, _) => {
            let certain = matches!(framing, Framing::UntilClose | Framing::Length(0));
            Ok((Framing::Length(0), certain))
        }
        // On a connection that stays open, such an answer would have no end.
        (_, Framing::UntilClose) if keep_alive => Err(Broken::Framing),
        (_, framing) => Ok((framing, true)),
    }
}

/// The value of a line that may stand there once only.
fn only<'a>(headers: &'a Lines, name: &'a HeaderName) -> Result<Option<&'a HeaderValue>, Broken> {
    let mut all = headers.all(name);
    let first = all.next();
    if all.next().is_some() { Err(Broken::Framing) } else { Ok(first) }
}
