//! What has arrived of answers, read as far as it goes. It knows no connection: a test feeds it in pieces of any size.

use bytes::BytesMut;

use super::error::Broken;
use super::head::{self, Found, Framing, Head};
use crate::http1::{Body, HeadEnd, Piece};

/// Longest head, in bytes.
const MOST_HEAD: usize = 64 * 1024;
/// Most 1xx answers before the one that counts.
const MOST_INTERIM: u8 = 8;

/// What is read at the moment.
#[derive(Debug)]
enum State {
    /// Nothing was asked, or the answer came to its end.
    Idle,
    /// A head; so many 1xx came before it.
    Head {
        end: HeadEnd,
        interim: u8,
        head_only: bool,
    },
    Body(Body),
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
        self.state = State::Head { end: HeadEnd::default(), interim: 0, head_only };
    }

    /// The head of the answer; none: more has to arrive.
    pub(super) fn head(&mut self) -> Result<Option<Head>, Broken> {
        self.read_head().map_err(|broken| self.broken(broken))
    }

    fn read_head(&mut self) -> Result<Option<Head>, Broken> {
        loop {
            let State::Head { end, interim, head_only } = &mut self.state else {
                return Err(Broken::Head);
            };
            let Some(length) = end.find(&self.input, MOST_HEAD)? else { return Ok(None) };
            let bytes = self.input.split_to(length).freeze();
            match head::read(&bytes, *head_only)? {
                Found::Interim if *interim < MOST_INTERIM => {
                    *interim += 1;
                    *end = HeadEnd::default();
                }
                Found::Interim => return Err(Broken::Status),
                Found::Final(head) => {
                    self.keep_alive = head.keep_alive;
                    self.state = match head.framing {
                        Framing::Length(0) => State::Idle,
                        Framing::Length(length) => State::Body(Body::Length(length)),
                        Framing::Chunked => State::Body(Body::chunked()),
                        Framing::UntilClose => State::Body(Body::UntilClose),
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
            State::Body(body) => match body.piece(&mut self.input) {
                Ok(piece) => {
                    if piece == Piece::End || matches!(body, Body::Length(0)) {
                        self.state = State::Idle;
                    }
                    Ok(piece)
                }
                Err(fault) => Err(self.broken(fault.into())),
            },
        }
    }

    fn broken(&mut self, broken: Broken) -> Broken {
        self.state = State::Broken(broken);
        broken
    }

    /// Whether the answer is at its end. The end of the chunks may stand behind the last piece, there already.
    pub(super) fn at_end(&mut self) -> bool {
        if let State::Body(body) = &mut self.state {
            match body.at_end(&mut self.input) {
                Ok(true) => self.state = State::Idle,
                Ok(false) => {}
                Err(fault) => self.state = State::Broken(fault.into()),
            }
        }
        matches!(self.state, State::Idle)
    }

    /// The connection ended.
    pub(super) fn closed(&mut self) -> Result<(), Broken> {
        self.keep_alive = false;
        match self.state {
            State::Body(Body::UntilClose) | State::Idle => {
                self.state = State::Idle;
                Ok(())
            }
            State::Broken(broken) => Err(broken),
            State::Head { .. } | State::Body(_) => Err(self.broken(Broken::CutOff)),
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
