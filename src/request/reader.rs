//! What has arrived of requests, read as far as it goes. It knows no connection: a test feeds it in pieces of any size.

use bytes::{Buf, BytesMut};

use super::head::{Framing, Head, Room, too_large, unreadable};
use crate::http1::{Body, HeadEnd, Malformed, Piece};
use crate::refusal::{Kind, Refusal};

/// Longest head without its target, in bytes.
const MOST_HEAD: usize = 64 * 1024;
/// Most of a request line besides its target: a method, a version, a scheme and a host.
const MOST_LINE: usize = 1024;

/// What has arrived, and what is expected.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Arrived and not read yet.
    pub(crate) input: BytesMut,
    end: HeadEnd,
    body: Body,
    most_target: usize,
    /// An empty line was skipped before this head.
    skipped: bool,
}

impl Reader {
    /// Nothing has arrived. `most_target`: the longest target.
    pub(crate) fn new(most_target: usize) -> Self {
        let (end, body) = (HeadEnd::default(), Body::Length(0));
        Self { input: BytesMut::new(), end, body, most_target, skipped: false }
    }

    /// The length of the next head; none: more has to arrive.
    ///
    /// # Errors
    /// A head that is no head, or too long (kinds 400, 414, 431).
    pub(crate) fn head(&mut self) -> Result<Option<usize>, Refusal> {
        // Clients of old end a body by an empty line too much; one may be passed over (RFC 9112 section 2.2).
        if !self.skipped && self.input.starts_with(b"\r\n") {
            self.input.advance(2);
            (self.skipped, self.end) = (true, HeadEnd::default());
        }
        if self.input.first().is_some_and(|first| !first.is_ascii_graphic() && *first != b'\r') {
            return Err(unreadable());
        }
        let most_line = self.most_target.saturating_add(MOST_LINE);
        // Before all else, so that a long head is refused for the same thing however it arrives.
        let line = self.input.get(..=most_line).filter(|_| !self.end.has_line());
        if line.is_some_and(|line| memchr::memchr(b'\n', line).is_none()) {
            return Err(target_too_long(self.most_target));
        }
        self.end.find(&self.input, most_line.saturating_add(MOST_HEAD)).map_err(|fault| match fault {
            Malformed::LongHead => too_large(),
            Malformed::Head | Malformed::Framing | Malformed::Chunk => unreadable(),
        })
    }

    /// Reads the head of that length. It stays where it is until [`Reader::begin`].
    ///
    /// # Errors
    /// Kinds 400, 417 and 431.
    pub(crate) fn read<'a>(&'a self, length: usize, room: &'a mut Room<'a>) -> Result<Head<'a>, Refusal> {
        let bytes = self.input.get(..length).unwrap_or_default();
        let head = Head::read(bytes, room)?;
        let target = head.path.len() + head.query.map_or(0, str::len);
        if length.saturating_sub(target) > MOST_HEAD { Err(too_large()) } else { Ok(head) }
    }

    /// The head of that length was read; its body follows.
    pub(crate) fn begin(&mut self, length: usize, framing: Framing) {
        self.input.advance(length.min(self.input.len()));
        (self.end, self.skipped) = (HeadEnd::default(), false);
        self.body = match framing {
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::chunked(),
        };
    }

    /// The next piece of the body.
    pub(crate) fn piece(&mut self) -> Result<Piece, Malformed> {
        self.body.piece(&mut self.input)
    }

    /// Whether the body was read to its end.
    pub(crate) fn at_end(&mut self) -> bool {
        self.body.at_end(&mut self.input).unwrap_or(false)
    }

    /// Drops what has arrived of the body; how much is to come, none at its end. Of chunks nobody can say.
    pub(crate) fn drop_rest(&mut self) -> Option<u64> {
        while let Ok(Piece::Some(_)) = self.piece() {}
        match &self.body {
            Body::Length(left) => Some(*left).filter(|left| *left > 0),
            Body::Chunked(_) | Body::UntilClose => Some(u64::MAX).filter(|_| !self.at_end()),
        }
    }
}

/// The refusal of a longer path and query.
pub(super) fn target_too_long(most: usize) -> Refusal {
    let what = format!("path and query have more than {most} bytes; send the query by POST");
    Refusal::new(Kind::TargetTooLong, what)
}
