//! HTTP/1.1 messages as both sides read them: where a head ends, how a body ends, what a body in chunks holds, and how long
//! to wait for it.
//!
//! In: what has arrived. Out: content, or a fault. Strict, because the danger is the same on both sides: a message whose end
//! is read at another place than it was written, so that one message's rest becomes another's beginning.

mod body;
mod chunks;
mod deadline;
mod head;

pub(crate) use body::{Body, Piece};
pub(crate) use deadline::Deadline;
pub(crate) use head::{HeadEnd, MOST_LINES, length};

/// A message that can be read in more than one way, or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not a start line and header lines, each ended by CR LF.
    Head,
    /// More bytes or lines than a head may have.
    LongHead,
    /// More than one length, or a length and chunks, or something that is neither.
    Framing,
    /// A chunk's size, end or trailer is not written as it must be.
    Chunk,
}
