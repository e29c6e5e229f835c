//! What goes out for one request, and its head as bytes.

use std::io::{self, Write as _};

use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::date::Date;

/// An answer to a request.
pub(super) struct Response<T> {
    pub(super) status: u16,
    /// Its headers, without the length.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Body,
    /// Nothing more is read on this connection.
    pub(super) close: bool,
    /// The request's token holds.
    pub(super) known: bool,
    /// Kept until the last byte has left.
    pub(super) _held: Option<T>,
}

/// An answer's body.
pub(super) enum Body {
    Whole(Bytes),
    /// An error in it ends the connection.
    Stream {
        pieces: LocalBoxStream<'static, io::Result<Bytes>>,
        length: Option<u64>,
    },
}

/// How a body goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// As it is: its length was told, or it ends with the connection.
    Plain,
    Chunked,
}

/// What of the request counts for the answer's head.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// It was a HEAD: there is no body, whatever the head tells (RFC 9110 section 9.3.2).
    pub(super) head_only: bool,
    /// HTTP/1.1; else 1.0.
    pub(super) modern: bool,
}

impl Asked {
    /// Nothing in particular.
    pub(super) const NOTHING: Self = Self { head_only: false, modern: true };
}

impl<T> Response<T> {
    /// Writes the head; how the body goes out. `closes`: the connection ends behind it.
    pub(super) fn head(&self, out: &mut Vec<u8>, asked: Asked, closes: bool, date: &Date) -> Framing {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        out.extend_from_slice(if asked.modern { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
        out.extend_from_slice(status.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\r\n");
        let framing = self.framing(out, asked);
        if closes && asked.modern {
            out.extend_from_slice(b"connection: close\r\n");
        }
        let mut dated = false;
        for (name, value) in &self.headers {
            // Set above.
            if [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
                continue;
            }
            dated |= *name == DATE;
            line(out, name.as_str().as_bytes(), value.as_bytes());
        }
        if !dated {
            line(out, b"date", &date.now());
        }
        out.extend_from_slice(b"\r\n");
        framing
    }

    /// Writes the line that says how the body ends.
    fn framing(&self, out: &mut Vec<u8>, asked: Asked) -> Framing {
        // These never have a body, and no length (RFC 9110 sections 15.3.5 and 15.4.5).
        if matches!(self.status, 204 | 304) {
            return Framing::None;
        }
        let length = match &self.body {
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Stream { length, .. } => *length,
        };
        if let Some(length) = length {
            // Writing to memory can't fail.
            let _ = write!(out, "content-length: {length}\r\n");
        }
        match length {
            // The length that GET would tell, where it is known (RFC 9110 section 8.6).
            _ if asked.head_only => Framing::None,
            None if asked.modern => {
                out.extend_from_slice(b"transfer-encoding: chunked\r\n");
                Framing::Chunked
            }
            Some(_) | None => Framing::Plain,
        }
    }
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
