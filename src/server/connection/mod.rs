//! One connection of a client: requests in, answers out, one after the other.
//!
//! In: a stream of bytes, plain or TLS. Out: what the handler answers. All of it is one future, with the handler's inside:
//! a client that hangs up drops what is done for it. A request is read only when the answer before it has left, and never
//! behind one that could not be read in one way: what follows may be that one's rest.

mod crowd;
mod sending;
mod timing;
mod transport;

use std::cell::Cell;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(super) use self::crowd::Crowd;
use self::sending::Sending;
pub(super) use self::timing::Timing;
use self::transport::Transport;
use super::date::Date;
use super::response::{Asked, Response};
use super::stopping::{Live, Phase, Stopping};
use crate::http1::{Deadline, Piece};
use crate::refusal::{Kind, Refusal};
use crate::request::{Feed, Framing, Head, Pace, Payload, Reader};

/// Bytes that one read takes, at first and at the most: a long body is read in larger pieces.
const READ: (usize, usize) = (4 * 1024, 64 * 1024);
/// Bytes that are read ahead of the request at work; more waits in the system's buffers.
const AHEAD: usize = 16 * 1024;
/// Longest rest of a body that is read so that the connection can be used again.
const REST: u64 = 64 * 1024;
/// Most that is read and dropped before a connection is closed: a client that still sends would not see its answer.
const LINGER: usize = 64 * 1024 * 1024;
/// A buffer that has grown beyond this is given back when its request is done.
const KEPT: usize = 16 * 1024;

/// What answers requests.
pub(super) trait Handler {
    /// A request whose head was read.
    type Begun;
    /// What an answer holds until its last byte.
    type Held;

    /// How slowly a body may arrive.
    fn pace(&self) -> Pace;
    /// Takes what counts of a head.
    fn begin(&self, head: &Head<'_>, peer: Option<IpAddr>) -> Self::Begun;
    /// Answers the request.
    fn answer(&self, begun: Self::Begun, payload: Payload) -> impl Future<Output = Response<Self::Held>>;
    /// Answers what is no request.
    fn refuse(&self, refusal: &Refusal, peer: Option<IpAddr>) -> Response<Self::Held>;
}

/// What all connections of a worker share.
pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) stopping: Rc<Stopping>,
    pub(super) date: Date,
    pub(super) timing: Cell<Timing>,
    pub(super) most_target: Cell<usize>,
    pub(super) crowd: Crowd,
}

/// A connection.
pub(super) struct Connection<S, H> {
    stream: S,
    shared: Rc<Shared<H>>,
    peer: Option<IpAddr>,
    reader: Reader,
    sending: Sending,
    deadline: Deadline,
    read: usize,
    /// No request has come.
    is_new: bool,
}

/// What of a request counts for its connection.
struct Message {
    asked: Asked,
    keep_alive: bool,
    /// The client waits for an interim answer before it sends the body.
    waits: bool,
}

/// How a connection ends.
#[derive(PartialEq)]
enum End {
    /// Another request may follow.
    Open,
    /// The client has gone, or has said that it will.
    Closed,
    /// The client may still be sending.
    Lingering,
    /// An answer whose end only the connection's end tells, and which is not whole.
    Cut,
}

/// What came while a connection waited for a request.
enum Next {
    Head(usize),
    Refused(Refusal),
    Nothing,
}

impl<S: Transport, H: Handler> Connection<S, H> {
    pub(super) fn new(stream: S, shared: Rc<Shared<H>>, peer: Option<IpAddr>) -> Self {
        let reader = Reader::new(shared.most_target.get());
        let timing = shared.timing.get();
        let deadline = Deadline::new(if shared.crowd.is_dense() { timing.first } else { timing.idle });
        Self {
            stream,
            shared,
            peer,
            reader,
            sending: Sending::default(),
            deadline,
            read: READ.0,
            is_new: true,
        }
    }

    /// Serves it to its end.
    pub(super) async fn run(mut self, live: Live) {
        std::future::poll_fn(|context| {
            live.wakes(context);
            Poll::Ready(())
        })
        .await;
        loop {
            match self.request().await {
                End::Open => {}
                End::Closed => break,
                End::Cut => {
                    self.stream.abort();
                    return;
                }
                End::Lingering => {
                    self.linger().await;
                    break;
                }
            }
        }
        // For TLS: its end is told. A client that is gone does not hear it.
        let _ = tokio::time::timeout(self.shared.timing.get().linger, self.stream.shutdown()).await;
    }

    /// One request and its answer.
    async fn request(&mut self) -> End {
        self.rest();
        let timing = self.shared.timing.get();
        if self.reader.input.is_empty() {
            // At first the limit that it was made with holds.
            if !self.is_new {
                self.deadline.set_about(timing.idle);
            }
        } else {
            // The beginning of a head came with the request before.
            self.deadline.set(timing.head);
        }
        let length = match std::future::poll_fn(|context| self.poll_head(context)).await {
            Next::Head(length) => length,
            Next::Refused(refusal) => return self.refuse(&refusal).await,
            Next::Nothing => return End::Closed,
        };
        self.is_new = false;
        match self.begin(length) {
            Ok((begun, message, framing)) => {
                self.reader.begin(length, framing);
                self.exchange(begun, message).await
            }
            Err(refusal) => self.refuse(&refusal).await,
        }
    }

    fn begin(&self, length: usize) -> Result<(H::Begun, Message, Framing), Refusal> {
        let mut room = crate::request::room();
        let head = self.reader.read(length, &mut room)?;
        let begun = self.shared.handler.begin(&head, self.peer);
        let asked = Asked { head_only: head.method == "HEAD", modern: head.modern };
        Ok((begun, Message { asked, keep_alive: head.keep_alive, waits: head.waits }, head.framing))
    }

    async fn exchange(&mut self, begun: H::Begun, mut message: Message) -> End {
        let shared = self.shared.clone();
        // Who has begun to send does not wait.
        message.waits &= self.reader.input.is_empty();
        let (feed, payload) = self.body();
        let mut answer = pin!(shared.handler.answer(begun, payload));
        let answer = std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(response) = answer.as_mut().poll(context) {
                    return Poll::Ready(Some(response));
                }
                match ready!(self.poll_body(context, feed.as_ref(), &mut message.waits)) {
                    Watched::Fed => {}
                    Watched::Gone => return Poll::Ready(None),
                }
            }
        });
        let Some(response) = answer.await else { return End::Closed };
        // Who still reads the body reads in vain: its answer is there.
        drop(feed);
        let rest = self.reader.drop_rest();
        let short = !message.waits && rest.is_none_or(|rest| rest <= REST);
        let leaving = shared.stopping.phase() != Phase::Serving;
        // Whoever shows no token that holds does not keep one of the last places, whatever the answer is.
        let unwelcome = !response.known && shared.crowd.is_dense();
        let keep_alive = message.keep_alive && !response.close && !leaving && short && !unwelcome;
        if self.send(response, message.asked, !keep_alive).await.is_err() {
            // To a client of HTTP/1.0, any other end would look like that of the answer.
            return if message.asked.modern { End::Closed } else { End::Cut };
        }
        match rest {
            // The client itself said that this was all.
            None if !message.keep_alive && self.reader.input.is_empty() => End::Closed,
            None if unwelcome => End::Closed,
            _ if !keep_alive => End::Lingering,
            None => End::Open,
            Some(_) => self.drain().await,
        }
    }

    async fn refuse(&mut self, refusal: &Refusal) -> End {
        let response = self.shared.handler.refuse(refusal, self.peer);
        match self.send(response, Asked::NOTHING, true).await {
            Ok(()) => End::Lingering,
            Err(_) => End::Closed,
        }
    }

    /// The body of the request that was begun. What has arrived of it is handed on at once.
    fn body(&mut self) -> (Option<Feed>, Payload) {
        if self.reader.at_end() {
            return (None, Payload::empty());
        }
        let (feed, payload) = Payload::fed(self.shared.handler.pace());
        let feed = if self.feed(&feed) && self.reader.at_end() { None } else { Some(feed) };
        (feed, payload)
    }

    /// Hands on what has arrived of the body; false where nothing has.
    fn feed(&mut self, feed: &Feed) -> bool {
        match self.reader.piece() {
            Ok(Piece::Some(piece)) => feed.piece(piece, self.reader.at_end()),
            Ok(Piece::End) => feed.piece(bytes::Bytes::new(), true),
            Ok(Piece::More) => return false,
            Err(_) => feed.broken("its chunks can't be read"),
        }
        true
    }

    /// While an answer is made: hands on the body as it is asked for, and hears the client hang up.
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        feed: Option<&Feed>,
        waits: &mut bool,
    ) -> Poll<Watched> {
        loop {
            if let Some(feed) = feed.filter(|feed| feed.wanted(context)) {
                if self.feed(feed) {
                    *waits = false;
                    return Poll::Ready(Watched::Fed);
                }
                if std::mem::take(waits) && self.reader.input.is_empty() {
                    self.sending.interim();
                }
            } else if self.reader.input.len() >= AHEAD {
                return Poll::Pending;
            }
            if let Poll::Ready(Err(_)) = self.sending.poll(context, Pin::new(&mut self.stream)) {
                return Poll::Ready(Watched::Gone);
            }
            match ready!(self.poll_read(context)) {
                // The half-closed as well: it would be served like one that waits, and most have left.
                Ok(0) | Err(_) => return Poll::Ready(Watched::Gone),
                Ok(_) => {}
            }
        }
    }

    /// Waits for the head of a request.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            match self.reader.head() {
                Ok(Some(length)) => return Poll::Ready(Next::Head(length)),
                Ok(None) => {}
                Err(refusal) => return Poll::Ready(Next::Refused(refusal)),
            }
            let waited = self.reader.input.is_empty();
            match self.poll_read(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::Nothing),
                // From its first byte on, a head has its own time.
                Poll::Ready(Ok(_)) if waited => self.deadline.set(self.shared.timing.get().head),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending if waited && self.shared.stopping.phase() == Phase::Stopping => {
                    return Poll::Ready(Next::Nothing);
                }
                Poll::Pending => {
                    ready!(self.deadline.poll(context));
                    return Poll::Ready(if waited {
                        Next::Nothing
                    } else {
                        let what = "the request's head did not arrive in time";
                        Next::Refused(Refusal::new(Kind::ClientTooSlow, what))
                    });
                }
            }
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.reader.input.reserve(self.read);
        let read = ready!(pin!(self.stream.read_buf(&mut self.reader.input)).poll(context))?;
        if read >= self.read {
            self.read = (self.read * 2).min(READ.1);
        }
        Poll::Ready(Ok(read))
    }

    /// Reads the rest of a body that nobody asked for, so that the next request can follow.
    async fn drain(&mut self) -> End {
        let limit = self.shared.timing.get().linger;
        let rest = async {
            while self.reader.drop_rest().is_some() {
                if !matches!(std::future::poll_fn(|context| self.poll_read(context)).await, Ok(1..)) {
                    return End::Closed;
                }
            }
            End::Open
        };
        tokio::time::timeout(limit, rest).await.unwrap_or(End::Closed)
    }

    /// Says that nothing more will be read, and drops what still comes until the client has seen that. Closed at once, the
    /// connection would be reset under what the client is sending, and its answer lost.
    async fn linger(&mut self) {
        let limit = self.shared.timing.get().linger;
        let rest = async {
            let _ = self.stream.shutdown().await;
            let mut dropped = 0;
            self.read = READ.1;
            while dropped < LINGER {
                self.reader.input.clear();
                match std::future::poll_fn(|context| self.poll_read(context)).await {
                    Ok(read @ 1..) => dropped += read,
                    Ok(0) | Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(limit, rest).await;
    }

    /// Gives back what a large request took.
    fn rest(&mut self) {
        self.read = READ.0;
        if self.reader.input.is_empty() && self.reader.input.capacity() > KEPT {
            self.reader.input = BytesMut::new();
        }
        self.sending.rest(KEPT);
    }
}

/// What happened while an answer is made.
enum Watched {
    /// The body went on.
    Fed,
    /// The client hung up.
    Gone,
}
