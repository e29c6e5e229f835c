//! A body as it arrives, by its framing.

use bytes::{Bytes, BytesMut};

use super::Malformed;
use super::chunks::Chunks;

/// How a body ends, and what is left of it.
#[derive(Debug)]
pub(crate) enum Body {
    /// After so many bytes more.
    Length(u64),
    /// With its last chunk.
    Chunked(Chunks),
    /// With the connection.
    UntilClose,
}

/// What was found of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next bytes.
    Some(Bytes),
    /// More has to arrive.
    More,
    /// Nothing follows.
    End,
}

impl Body {
    /// One in chunks.
    pub(crate) fn chunked() -> Self {
        Self::Chunked(Chunks::default())
    }

    /// Takes the next piece out of what has arrived.
    pub(crate) fn piece(&mut self, input: &mut BytesMut) -> Result<Piece, Malformed> {
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::Length(_) | Self::UntilClose if input.is_empty() => Ok(Piece::More),
            Self::Length(left) => Ok(Piece::Some(at_most(left, input))),
            Self::Chunked(chunks) => chunks.piece(input),
            Self::UntilClose => Ok(Piece::Some(input.split().freeze())),
        }
    }

    /// Whether nothing follows. The end of the chunks may stand behind the last piece, there already.
    pub(crate) fn at_end(&mut self, input: &mut BytesMut) -> Result<bool, Malformed> {
        match self {
            Self::Length(left) => Ok(*left == 0),
            Self::Chunked(chunks) => {
                chunks.advance(input)?;
                Ok(chunks.at_end())
            }
            Self::UntilClose => Ok(false),
        }
    }
}

/// What is there of so many bytes.
pub(super) fn at_most(left: &mut u64, input: &mut BytesMut) -> Bytes {
    let there = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
    let piece = input.split_to(there).freeze();
    *left = left.saturating_sub(piece.len() as u64);
    piece
}
