//! What has arrived of answers, read as far as it goes. It knows no connection: a test feeds it in pieces of any size.

use bytes::BytesMut;

use super::chunks::{Chunks, Piece};
use super::error::Broken;
use super::head::{self, Found, Framing, Head};

/// Longest head, in bytes.
const MOST_HEAD: usize = 64 * 1024;
/// Most 1xx answers before the one that counts.
const MOST_INTERIM: u8 = 8;

/// What is read at the moment.
#[derive(Debug)]
enum State {
    /// Nothing was asked, or the answer came to its end.
    Idle,
    /// A head; up to here it was looked at, and so many 1xx came before it.
    Head {
        looked_at: usize,
        interim: u8,
        head_only: bool,
    },
    Length(u64),
    Chunked(Chunks),
    UntilClose,
    /// Nothing that follows means anything.
    Broken(Broken),
}

/// What has arrived, and what is expected.
#[derive(Debug)]
pub(super) struct Reader {
    /// Arrived and not read yet.
    pub(super) input: BytesMut,
    state: State,
    keep_alive: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { input: BytesMut::new(), state: State::Idle, keep_alive: true }
    }

    /// A request goes out. `head_only`: it is a HEAD.
    pub(super) fn expect(&mut self, head_only: bool) {
        self.state = State::Head { looked_at: 0, interim: 0, head_only };
    }

    /// The head of the answer; none: more has to arrive.
    pub(super) fn head(&mut self) -> Result<Option<Head>, Broken> {
        self.read_head().map_err(|broken| self.broken(broken))
    }

    fn read_head(&mut self) -> Result<Option<Head>, Broken> {
        loop {
            let State::Head { looked_at, interim, head_only } = &mut self.state else {
                return Err(Broken::Head);
            };
            let Some(end) = head_end(&self.input, looked_at)? else { return Ok(None) };
            let bytes = self.input.split_to(end).freeze();
            match head::read(&bytes, *head_only)? {
                Found::Interim if *interim < MOST_INTERIM => {
                    *interim += 1;
                    *looked_at = 0;
                }
                Found::Interim => return Err(Broken::Status),
                Found::Final(head) => {
                    self.keep_alive = head.keep_alive;
                    self.state = match head.framing {
                        Framing::Length(0) => State::Idle,
                        Framing::Length(length) => State::Length(length),
                        Framing::Chunked => State::Chunked(Chunks::Size),
                        Framing::UntilClose => State::UntilClose,
                    };
                    return Ok(Some(head));
                }
            }
        }
    }

    /// The next piece of the body.
    pub(super) fn piece(&mut self) -> Result<Piece, Broken> {
        match &mut self.state {
            State::Idle => Ok(Piece::End),
            State::Broken(broken) => Err(*broken),
            State::Head { .. } => Err(self.broken(Broken::Head)),
            State::Length(_) | State::UntilClose if self.input.is_empty() => Ok(Piece::More),
            State::Length(left) => {
                let there =
                    usize::try_from(*left).map_or(self.input.len(), |left| left.min(self.input.len()));
                let piece = self.input.split_to(there).freeze();
                *left = left.saturating_sub(piece.len() as u64);
                if *left == 0 {
                    self.state = State::Idle;
                }
                Ok(Piece::Some(piece))
            }
            State::Chunked(chunks) => match chunks.piece(&mut self.input) {
                Ok(Piece::End) => {
                    self.state = State::Idle;
                    Ok(Piece::End)
                }
                Ok(piece) => Ok(piece),
                Err(broken) => Err(self.broken(broken)),
            },
            State::UntilClose => Ok(Piece::Some(self.input.split().freeze())),
        }
    }

    fn broken(&mut self, broken: Broken) -> Broken {
        self.state = State::Broken(broken);
        broken
    }

    /// Whether the answer is at its end. The end of the chunks may stand behind the last piece, there already.
    pub(super) fn at_end(&mut self) -> bool {
        if let State::Chunked(chunks) = &mut self.state {
            match chunks.advance(&mut self.input) {
                Ok(()) if matches!(chunks, Chunks::End) => self.state = State::Idle,
                Ok(()) => {}
                Err(broken) => self.state = State::Broken(broken),
            }
        }
        matches!(self.state, State::Idle)
    }

    /// The connection ended.
    pub(super) fn closed(&mut self) -> Result<(), Broken> {
        self.keep_alive = false;
        match self.state {
            State::UntilClose | State::Idle => {
                self.state = State::Idle;
                Ok(())
            }
            State::Broken(broken) => Err(broken),
            State::Head { .. } | State::Length(_) | State::Chunked(_) => Err(self.broken(Broken::CutOff)),
        }
    }

    /// Gives back what was read into.
    pub(super) fn rest(&mut self) {
        self.input = BytesMut::new();
    }

    /// No other request may follow this one.
    pub(super) fn no_more(&mut self) {
        self.keep_alive = false;
    }

    /// Whether another request may follow: the answer ended for certain, and nothing came behind it.
    pub(super) fn reusable(&self) -> bool {
        self.keep_alive && self.input.is_empty() && matches!(self.state, State::Idle)
    }
}

/// Where the head ends, behind its empty line. Looks at each byte once, however the head arrives.
fn head_end(input: &[u8], looked_at: &mut usize) -> Result<Option<usize>, Broken> {
    while let Some(found) = memchr::memchr(b'\n', input.get(*looked_at..).unwrap_or_default()) {
        let at = *looked_at + found;
        // A line end of one byte only: another reader would see other lines.
        if at.checked_sub(1).and_then(|before| input.get(before)) != Some(&b'\r') {
            return Err(Broken::Head);
        }
        *looked_at = at + 1;
        if *looked_at > MOST_HEAD {
            return Err(Broken::LongHead);
        }
        if input.get(..*looked_at).is_some_and(|head| head.ends_with(b"\r\n\r\n") || head == b"\r\n") {
            return Ok(Some(*looked_at));
        }
    }
    *looked_at = input.len();
    if input.len() > MOST_HEAD { Err(Broken::LongHead) } else { Ok(None) }
}
