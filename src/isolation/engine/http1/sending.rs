//! A request on its way out.
//!
//! In: its head, written, and its body. Out: bytes for the connection, many in one write. It knows whether the first
//! byte has left: before that, and never after, the same request may go over another connection.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Body as _;
use tokio::io::AsyncWrite;

/// Bytes of a streaming body that are gathered for one write.
const GATHERED: usize = 32 * 1024;
/// A body up to this length goes out in one write with the head.
const SMALL: usize = 32 * 1024;

/// A request's body.
pub(crate) enum Body {
    /// All there.
    Whole(Bytes),
    /// Streams; goes out in chunks. An error in it breaks the connection.
    Stream(UnsyncBoxBody<Bytes, io::Error>),
}

/// What is left to be sent of one request.
pub(crate) struct Sending {
    out: Vec<u8>,
    /// How much of `out` has left.
    at: usize,
    body: Body,
    streams: bool,
    begun: bool,
    refused: bool,
    /// Where the line that names the host stands in `out`.
    host: Range<usize>,
}

impl Sending {
    /// A request whose head tells how its body ends. `host`: where the line stands that names the host.
    pub(crate) fn new(mut head: Vec<u8>, host: Range<usize>, body: Body) -> Self {
        let (body, streams) = match body {
            Body::Whole(bytes) if bytes.len() <= SMALL => {
                head.extend_from_slice(&bytes);
                (Body::Whole(Bytes::new()), false)
            }
            Body::Whole(bytes) => (Body::Whole(bytes), false),
            Body::Stream(stream) => (Body::Stream(stream), true),
        };
        Self { out: head, at: 0, body, streams, begun: false, refused: false, host }
    }

    /// Names another host, where nothing was sent yet.
    pub(crate) fn name_host(&mut self, line: &[u8]) {
        if !self.begun && self.out.get(self.host.clone()).is_some_and(|named| named != line) {
            self.out.splice(self.host.clone(), line.iter().copied());
            self.host.end = self.host.start + line.len();
        }
    }

    /// The same request once more, where nothing was sent yet and it is all there.
    pub(crate) fn copy(&self) -> Option<Self> {
        let body = match &self.body {
            Body::Whole(bytes) if !self.begun => Body::Whole(bytes.clone()),
            Body::Whole(_) | Body::Stream(_) => return None,
        };
        let (out, host) = (self.out.clone(), self.host.clone());
        Some(Self { out, at: 0, body, streams: false, begun: false, refused: false, host })
    }

    /// Whether a byte of it has left.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// Whether its body has ended by an error.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// Sends on; ready when everything has left.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut stream: Pin<&mut impl AsyncWrite>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.out.len() - self.at < GATHERED {
                self.gather(context)?;
            }
            let written = match (self.out.get(self.at..).unwrap_or_default(), &mut self.body) {
                (&[], Body::Whole(bytes)) if bytes.is_empty() => break,
                // What the client sends next is waited for; what was written must not wait with it.
                (&[], Body::Stream(_)) if self.streams => {
                    ready!(stream.as_mut().poll_flush(context))?;
                    return Poll::Pending;
                }
                (&[], Body::Stream(_)) => break,
                (&[], Body::Whole(bytes)) => {
                    let written = ready!(stream.as_mut().poll_write(context, bytes))?;
                    bytes.advance(written);
                    written
                }
                (out, _) => {
                    let written = ready!(stream.as_mut().poll_write(context, out))?;
                    self.at += written;
                    written
                }
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.begun = true;
        }
        stream.poll_flush(context)
    }

    /// Takes what the body has ready.
    fn gather(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.at > 0 {
            self.out.drain(..self.at);
            self.at = 0;
        }
        while self.streams && self.out.len() < GATHERED {
            let Body::Stream(body) = &mut self.body else { return Ok(()) };
            match Pin::new(body).poll_frame(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(frame)) => {
                    // An empty chunk would be the end.
                    let frame = frame.inspect_err(|_| self.refused = true)?;
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        self.out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                        self.out.extend_from_slice(&data);
                        self.out.extend_from_slice(b"\r\n");
                    }
                }
                Poll::Ready(None) => {
                    self.out.extend_from_slice(b"0\r\n\r\n");
                    self.streams = false;
                }
            }
        }
        Ok(())
    }
}
