//! One connection to the engine, and what one request does with it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::error::{Broken, ExchangeError};
use super::head::Head;
use super::reader::Reader;
use super::sending::Sending;
use crate::http1::{Deadline, Piece};

/// What a connection runs over.
pub(crate) type Stream = TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>;

/// Bytes that one read takes, at first and at the most: a long answer is read in larger pieces.
const READ: (usize, usize) = (4 * 1024, 128 * 1024);

/// Until a request says how long it waits.
const FAR: Duration = Duration::from_secs(3600);

/// A connection.
pub(crate) struct Connection {
    stream: Stream,
    reader: Reader,
    /// The rest of a request whose answer came before all of it was sent.
    sending: Option<Sending>,
    read: usize,
    deadline: Deadline,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        let deadline = Deadline::new(FAR);
        Self { stream, reader: Reader::new(), sending: None, read: READ.0, deadline }
    }

    /// Sends a request and reads the head of its answer; none where that did not come before `until`. Until `sending` has
    /// begun, it may be sent elsewhere.
    pub(crate) async fn exchange(
        &mut self,
        sending: &mut Option<Sending>,
        head_only: bool,
        until: Instant,
    ) -> Option<Result<Head, ExchangeError>> {
        self.reader.expect(head_only);
        self.read = READ.0;
        self.deadline.set_at(until);
        let mut lost = None;
        let head = std::future::poll_fn(|context| match self.poll_exchange(context, sending, &mut lost) {
            Poll::Ready(head) => Poll::Ready(Some(head)),
            Poll::Pending => self.deadline.poll(context).map(|()| None),
        });
        let head = match head.await? {
            Ok(head) => head,
            Err(error) => return Some(Err(error)),
        };
        // What is left is sent while the answer is read.
        self.sending = sending.take();
        if lost.is_some() {
            self.reader.no_more();
        }
        Some(Ok(head))
    }

    fn poll_exchange(
        &mut self,
        context: &mut Context<'_>,
        sending: &mut Option<Sending>,
        lost: &mut Option<io::Error>,
    ) -> Poll<Result<Head, ExchangeError>> {
        if let Some(rest) = sending.as_mut().filter(|_| lost.is_none()) {
            // Looked at right before the first byte leaves: what came before is no answer to it, and must not be taken
            // for one.
            if !rest.begun() && !self.is_silent(context) {
                return Poll::Ready(Err(Broken::Unasked.into()));
            }
            match rest.poll(context, Pin::new(&mut self.stream)) {
                Poll::Pending if !rest.begun() => return Poll::Pending,
                Poll::Pending => {}
                Poll::Ready(Ok(())) => *sending = None,
                // The body was refused: the engine must not see its end. Or nothing was sent at all.
                Poll::Ready(Err(error)) if !rest.begun() || rest.refused() => {
                    return Poll::Ready(Err(error.into()));
                }
                // The engine reads no more; it may have answered before.
                Poll::Ready(Err(error)) => *lost = Some(error),
            }
        }
        loop {
            if let Some(head) = self.reader.head()? {
                return Poll::Ready(Ok(head));
            }
            match ready!(self.poll_read(context)) {
                Ok(0) => {
                    let error = lost.take().map_or(Broken::CutOff.into(), ExchangeError::Connection);
                    return Poll::Ready(Err(error));
                }
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(lost.take().unwrap_or(error).into())),
            }
        }
    }

    /// The next piece of the body, if it has arrived.
    pub(crate) fn piece_here(&mut self) -> Result<Piece, Broken> {
        self.reader.piece()
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, ExchangeError> {
        std::future::poll_fn(|context| self.poll_piece(context)).await
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ExchangeError>> {
        if let Some(rest) = &mut self.sending {
            match rest.poll(context, Pin::new(&mut self.stream)) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.sending = None,
                Poll::Ready(Err(_)) => {
                    // The answer is heard to its end all the same.
                    self.sending = None;
                    self.reader.no_more();
                }
            }
        }
        loop {
            match self.reader.piece()? {
                Piece::Some(piece) => return Poll::Ready(Ok(Some(piece))),
                Piece::End => return Poll::Ready(Ok(None)),
                Piece::More => {}
            }
            if ready!(self.poll_read(context))? == 0 {
                self.reader.closed()?;
            }
        }
    }

    /// Whether the answer was read to its end.
    pub(crate) fn at_end(&mut self) -> bool {
        self.reader.at_end()
    }

    /// Whether not a byte has come.
    pub(crate) fn heard_nothing(&self) -> bool {
        self.reader.input.is_empty()
    }

    /// Whether another request may follow: the request has gone out whole, its answer came whole, and nothing else.
    pub(crate) fn reusable(&self) -> bool {
        self.sending.is_none() && self.reader.reusable()
    }

    /// It waits for its next request, perhaps for long, and holds no memory meanwhile.
    pub(crate) fn rest(&mut self) {
        self.reader.rest();
    }

    /// Whether the connection is open, and nothing has come since its last answer. Without a system call, unless the
    /// runtime has heard of something.
    fn is_silent(&mut self, context: &mut Context<'_>) -> bool {
        // Not by the task's budget: one that is used up would look like silence.
        let read = std::future::poll_fn(|context| self.poll_read(context));
        pin!(tokio::task::unconstrained(read)).poll(context).is_pending()
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.reader.input.reserve(self.read);
        let read = ready!(pin!(self.stream.read_buf(&mut self.reader.input)).poll(context))?;
        if read >= self.read {
            self.read = (self.read * 2).min(READ.1);
        }
        Poll::Ready(Ok(read))
    }
}
