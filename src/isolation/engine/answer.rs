//! An answer of the engine: its head, and its body as it streams.

use std::time::Duration;

use bytes::Bytes;

use super::http1::{ExchangeError, Head};
use super::lines::Lines;
use super::pool::Lease;
use crate::admission::{Memory, PIECE};
use crate::causes;
use crate::http1::Piece;
use crate::refusal::{Kind, Refusal};

/// The engine's answer.
pub(crate) struct Answer {
    /// Its status.
    pub status: http::StatusCode,
    /// Its headers.
    pub headers: Lines,
    json: bool,
    length: Option<u64>,
    /// What arrived of the body, and was not taken yet.
    arrived: Option<Bytes>,
    /// The connection, until the body's end. An answer that is dropped before takes it along.
    lease: Option<Lease>,
    idle: Duration,
    memory: Memory,
}

/// What a held answer takes, in its lengths: itself, and what is made of it to go out.
const HELD: usize = 2;

impl Answer {
    pub(super) fn new(head: Head, lease: Lease, idle: Duration, memory: Memory) -> Self {
        let (status, headers) = (head.status, head.headers);
        let (json, length) = (is_json(&headers), head.length);
        let mut answer =
            Self { status, headers, json, length, arrived: None, lease: Some(lease), idle, memory };
        // One without a body is at its end unread.
        answer.free_at_end();
        answer
    }

    /// Where the body was read to its end, its connection is free.
    fn free_at_end(&mut self) {
        if let Some(lease) = self.lease.take_if(|lease| lease.connection.at_end()) {
            lease.free();
        }
    }

    /// Whether the body is JSON by its content type.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The body's length, where the engine told it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The whole body, if all of it is here and it has at most `limit` bytes. What is here stays to be taken, else.
    pub(crate) fn all_here(&mut self, limit: usize) -> Option<Bytes> {
        while let Some(lease) = &mut self.lease {
            // A fault is told by `piece`, again.
            let Ok(Piece::Some(piece)) = lease.connection.piece_here() else { break };
            self.arrived = Some(match self.arrived.take() {
                None => piece,
                Some(before) => [before, piece].concat().into(),
            });
            self.free_at_end();
            if self.arrived.as_ref().is_some_and(|arrived| arrived.len() > limit) {
                return None;
            }
        }
        if self.lease.is_some() { None } else { Some(self.arrived.take().unwrap_or_default()) }
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// [`Kind::EngineAnswer`] when the body breaks off, [`Kind::EngineTimeout`] when nothing comes.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        if let Some(arrived) = self.arrived.take() {
            return Ok(Some(arrived));
        }
        let Some(lease) = &mut self.lease else { return Ok(None) };
        let piece = match lease.connection.piece_here() {
            Ok(Piece::More) => {
                let waited = tokio::time::timeout(self.idle, lease.connection.piece()).await;
                waited.map_err(|_| {
                    lease.broken();
                    Refusal::new(Kind::EngineTimeout, "the engine stopped in the middle of its answer")
                })?
            }
            Ok(Piece::Some(piece)) => Ok(Some(piece)),
            Ok(Piece::End) => Ok(None),
            Err(broken) => Err(ExchangeError::from(broken)),
        };
        let piece = piece.map_err(|error| {
            let what = "the engine's answer was incomplete";
            Refusal::new(Kind::EngineAnswer, what).because(causes::in_full(&error))
        });
        match &piece {
            Ok(_) => self.free_at_end(),
            // What comes after that is no part of any answer.
            Err(_) => drop(self.lease.take().inspect(Lease::broken)),
        }
        piece
    }

    /// The whole body, if it has at most `limit` bytes; none if it is longer. A long one counts in the memory that all
    /// share, until the last of its bytes is dropped.
    ///
    /// # Errors
    /// As [`Answer::piece`], [`Kind::EngineTimeout`] for one that does not end in time, and [`Kind::Overloaded`] where the
    /// memory is used up.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Option<Bytes>, Refusal> {
        self.weighed(limit, HELD).await
    }

    /// The same for one of which something is made that takes `weight` times its length, itself included.
    pub(super) async fn weighed(&mut self, limit: usize, weight: usize) -> Result<Option<Bytes>, Refusal> {
        if self.length.is_some_and(|length| length > limit as u64) {
            return Ok(None);
        }
        let Some(first) = self.piece().await? else { return Ok(Some(Bytes::new())) };
        if self.lease.is_none() {
            // Most are short: nothing is copied.
            return Ok((first.len() <= limit).then_some(first));
        }
        // What is held has the engine's time in all: one that drips would hold its memory as long as it likes.
        match tokio::time::timeout(self.idle, self.rest(first, limit, weight)).await {
            Ok(whole) => whole,
            Err(_) => {
                drop(self.lease.take().inspect(Lease::broken));
                Err(Refusal::new(Kind::EngineTimeout, "the engine did not end its answer in time"))
            }
        }
    }

    async fn rest(&mut self, first: Bytes, limit: usize, weight: usize) -> Result<Option<Bytes>, Refusal> {
        let mut granted = self.memory.none();
        // At once, where the length is known: who holds nothing may wait for it.
        if let Some(length) =
            self.length.and_then(|length| usize::try_from(length).ok()).filter(|l| *l > PIECE)
        {
            granted.grow(length.saturating_mul(weight)).await?;
        }
        // Gathered and put together once: a buffer that grows takes several times its length.
        let (mut pieces, mut length) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(piece) = next {
            length += piece.len();
            if length > limit {
                return Ok(None);
            }
            if length > PIECE {
                granted.grow(length.saturating_mul(weight)).await?;
            }
            pieces.push(piece);
            next = self.piece().await?;
        }
        Ok(Some(granted.hold(pieces.concat().into())))
    }
}

fn is_json(headers: &Lines) -> bool {
    let value = headers.first(&http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).is_some_and(|essence| {
        let essence = essence.trim();
        let suffix = essence.len().checked_sub("+json".len()).and_then(|at| essence.get(at..));
        essence.eq_ignore_ascii_case("application/json")
            || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json"))
    })
}
