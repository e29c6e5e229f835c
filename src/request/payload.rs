//! A request's body as it arrives: read whole within a limit, or handed on piece by piece.
//!
//! The connection reads only what the [`Payload`] asks for: between them is room for one piece. Both may belong to
//! different tasks of one thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::pace::Pace;
use crate::admission::{Granted, Memory};
use crate::refusal::{Kind, Refusal};

/// Pieces under way between the client and the engine: bounds the memory of one transfer.
const PIECES: usize = 4;

/// What stands between connection and payload.
#[derive(Default)]
struct Between {
    piece: Option<Bytes>,
    /// No piece follows the one that is there; the text says why the body broke off.
    end: Option<Result<(), &'static str>>,
    wanted: bool,
    reader: Option<Waker>,
    connection: Option<Waker>,
}

/// The connection's end.
pub(crate) struct Feed(Rc<RefCell<Between>>);

impl Feed {
    /// Whether a piece is asked for. If not, the connection is woken when one is.
    pub(crate) fn wanted(&self, context: &Context<'_>) -> bool {
        let mut between = self.0.borrow_mut();
        if !between.wanted && between.end.is_none() {
            match &mut between.connection {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }
        between.wanted
    }

    /// Hands on a piece; `last`: nothing follows it.
    pub(crate) fn piece(&self, piece: Bytes, last: bool) {
        self.change(|between| {
            between.piece = Some(piece).filter(|piece| !piece.is_empty());
            between.end = last.then_some(Ok(()));
        });
    }

    /// Nothing follows, because of that.
    pub(crate) fn broken(&self, cause: &'static str) {
        self.change(|between| between.end = between.end.or(Some(Err(cause))));
    }

    fn change(&self, change: impl FnOnce(&mut Between)) {
        let waker = {
            let mut between = self.0.borrow_mut();
            between.wanted = false;
            change(&mut between);
            between.reader.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Feed {
    /// Who still reads must not wait for a connection that is gone.
    fn drop(&mut self) {
        self.broken("the connection ended");
    }
}

/// A body that was not read yet.
pub struct Payload {
    between: Option<Rc<RefCell<Between>>>,
    pace: Pace,
}

impl Payload {
    /// A body, and how slowly it may arrive.
    pub(crate) fn fed(pace: Pace) -> (Feed, Self) {
        let between = Rc::<RefCell<Between>>::default();
        (Feed(between.clone()), Self { between: Some(between), pace })
    }

    /// None.
    pub(crate) fn empty() -> Self {
        Self { between: None, pace: Pace::any() }
    }

    /// One that is all there.
    pub(crate) fn whole_of(bytes: Bytes) -> Self {
        let (feed, payload) = Self::fed(Pace::any());
        feed.piece(bytes, true);
        payload
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Result<Option<Bytes>, &'static str>> {
        let waker = {
            let Some(between) = &self.between else { return Poll::Ready(Ok(None)) };
            let mut between = between.borrow_mut();
            if let Some(piece) = between.piece.take() {
                return Poll::Ready(Ok(Some(piece)));
            }
            if let Some(end) = between.end {
                return Poll::Ready(end.map(|()| None));
            }
            between.wanted = true;
            between.reader = Some(context.waker().clone());
            between.connection.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Pending
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        let (began, idle) = (Instant::now(), self.pace.idle);
        let piece = std::future::poll_fn(|context| self.poll(context));
        match tokio::time::timeout(idle, piece).await {
            Err(_) => Err(Refusal::new(Kind::ClientTooSlow, "the body did not arrive in time")),
            Ok(Ok(piece)) => {
                self.pace.piece(began.elapsed(), piece.as_ref().map_or(0, Bytes::len))?;
                Ok(piece)
            }
            Ok(Err(cause)) => Err(Refusal::new(Kind::BodyAmbiguous, "the body broke off").because(cause)),
        }
    }

    /// The whole body, and the memory that it was granted: to be kept as long as the body is.
    ///
    /// # Errors
    /// [`Kind::BodyTooLarge`] over `limit` bytes, [`Kind::Overloaded`] when the memory for bodies is used up, and
    /// faults of the transfer.
    pub async fn whole(mut self, limit: usize, memory: &Memory) -> Result<(Bytes, Granted), Refusal> {
        let mut granted = memory.none();
        // Most bodies are one piece: it is not copied.
        let (mut first, mut whole) = (Bytes::new(), BytesMut::new());
        while let Some(piece) = self.piece().await? {
            let length = first.len() + whole.len() + piece.len();
            if length > limit {
                let what = format!("the body has more than {limit} bytes");
                return Err(Refusal::new(Kind::BodyTooLarge, what));
            }
            granted.grow(length).await?;
            if first.is_empty() && whole.is_empty() {
                first = piece;
                continue;
            }
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&piece);
        }
        Ok((if whole.is_empty() { first } else { whole.freeze() }, granted))
    }

    /// The body piece by piece, at most `limit` bytes; it is read only as fast as the receiver takes it.
    pub fn pieces(mut self, limit: u64) -> mpsc::Receiver<Result<Bytes, Refusal>> {
        let (sender, receiver) = mpsc::channel(PIECES);
        tokio::task::spawn_local(async move {
            let mut total = 0;
            loop {
                let piece = match self.piece().await {
                    Ok(None) => return,
                    Ok(Some(piece)) => {
                        total += piece.len() as u64;
                        if total > limit {
                            let what = format!("the body has more than {limit} bytes");
                            Err(Refusal::new(Kind::BodyTooLarge, what))
                        } else {
                            Ok(piece)
                        }
                    }
                    Err(refusal) => Err(refusal),
                };
                let last = piece.is_err();
                if sender.send(piece).await.is_err() || last {
                    return;
                }
            }
        });
        receiver
    }
}
