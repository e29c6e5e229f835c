//! Answers on their way out: many bytes in one write, and no more in memory than a client takes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::LocalBoxStream;
use tokio::io::AsyncWrite;

use super::{Connection, Handler, Transport, Watched};
use crate::server::response::{Asked, Body, Framing, Response};

/// What is shorter is copied behind what goes before it, and leaves with it in one write.
const COPIED: usize = 32 * 1024;

/// Bytes that wait for the client.
#[derive(Default)]
pub(super) struct Sending {
    out: Vec<u8>,
    /// How much of `out` has left.
    at: usize,
    /// What follows it.
    behind: Bytes,
    /// Taken by the stream, which may hold it back.
    unflushed: bool,
}

impl Sending {
    /// The client may send the body.
    pub(super) fn interim(&mut self) {
        self.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    fn is_empty(&self) -> bool {
        self.out.is_empty() && self.behind.is_empty()
    }

    /// Nothing is added before all has left.
    fn is_full(&self) -> bool {
        !self.behind.is_empty() || self.out.len() >= COPIED
    }

    fn bytes(&mut self, bytes: Bytes) {
        if bytes.len() <= COPIED {
            self.out.extend_from_slice(&bytes);
        } else {
            self.behind = bytes;
        }
    }

    fn chunk(&mut self, bytes: Bytes) {
        // Writing to memory can't fail.
        let _ = io::Write::write_fmt(&mut self.out, format_args!("{:x}\r\n", bytes.len()));
        self.bytes(bytes);
    }

    /// Sends on; ready when all has left.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut stream: Pin<&mut impl AsyncWrite>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let out = self.out.get(self.at..).unwrap_or_default();
            let written = if self.behind.is_empty() {
                ready!(stream.as_mut().poll_write(context, out))?
            } else {
                let both = [IoSlice::new(out), IoSlice::new(&self.behind)];
                ready!(stream.as_mut().poll_write_vectored(context, &both))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            let of_out = written.min(out.len());
            self.at += of_out;
            self.behind.advance(written - of_out);
            if self.at == self.out.len() {
                self.out.clear();
                self.at = 0;
            }
        }
        if self.unflushed {
            ready!(stream.poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives back what is more than that.
    pub(super) fn rest(&mut self, kept: usize) {
        if self.is_empty() && self.out.capacity() > kept {
            self.out = Vec::new();
        }
    }
}

impl<S: Transport, H: Handler> Connection<S, H> {
    /// Sends an answer to its last byte.
    pub(super) async fn send(
        &mut self,
        response: Response<H::Held>,
        asked: Asked,
        closes: bool,
    ) -> io::Result<()> {
        let framing = response.head(&mut self.sending.out, asked, closes, &self.shared.date);
        match response.body {
            Body::Whole(bytes) if framing != Framing::None => self.sending.bytes(bytes),
            Body::Stream { pieces, .. } if framing != Framing::None => self.stream(pieces, framing).await?,
            Body::Whole(_) | Body::Stream { .. } => {}
        }
        self.flush().await
    }

    async fn stream(
        &mut self,
        mut pieces: LocalBoxStream<'static, io::Result<Bytes>>,
        framing: Framing,
    ) -> io::Result<()> {
        let mut ended = false;
        while !ended {
            // What is ready is gathered; what is gathered does not wait for what is not.
            ended = std::future::poll_fn(|context| self.poll_pieces(context, &mut pieces, framing)).await?;
            if framing == Framing::Chunked && !self.sending.behind.is_empty() {
                self.flush().await?;
                self.sending.out.extend_from_slice(b"\r\n");
            }
            if ended && framing == Framing::Chunked {
                self.sending.out.extend_from_slice(b"0\r\n\r\n");
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Takes pieces until there is enough for a write; whether that was the last. An error, and a client that hung up, end
    /// the connection without the answer's end, so that nobody can take it for whole.
    fn poll_pieces(
        &mut self,
        context: &mut Context<'_>,
        pieces: &mut LocalBoxStream<'static, io::Result<Bytes>>,
        framing: Framing,
    ) -> Poll<io::Result<bool>> {
        while !self.sending.is_full() {
            match pieces.poll_next_unpin(context) {
                Poll::Ready(None) => return Poll::Ready(Ok(true)),
                // An empty chunk would be the end.
                Poll::Ready(Some(Ok(piece))) if piece.is_empty() => {}
                Poll::Ready(Some(Ok(piece))) if framing == Framing::Chunked => {
                    self.sending.chunk(piece);
                    if self.sending.behind.is_empty() {
                        self.sending.out.extend_from_slice(b"\r\n");
                    }
                }
                Poll::Ready(Some(Ok(piece))) => self.sending.bytes(piece),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Pending if self.sending.is_empty() => {
                    return match ready!(self.poll_body(context, None, &mut false)) {
                        Watched::Fed | Watched::Gone => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                    };
                }
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(false))
    }

    /// Sends what waits. A client that takes nothing for long is cut off: it holds a share, memory and a connection.
    async fn flush(&mut self) -> io::Result<()> {
        let mut waits = false;
        std::future::poll_fn(|context| {
            let before = (self.sending.at, self.sending.out.len(), self.sending.behind.len());
            if let Poll::Ready(sent) = self.sending.poll(context, Pin::new(&mut self.stream)) {
                return Poll::Ready(sent);
            }
            if !waits || before != (self.sending.at, self.sending.out.len(), self.sending.behind.len()) {
                self.deadline.set(self.shared.timing.get().reply);
                waits = true;
            }
            self.deadline.poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
        })
        .await
    }
}
