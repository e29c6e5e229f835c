//! A running look at JSON that streams by: watched scalars are shown to a hook, everything else passes untouched.
//!
//! In: pieces of a document and the positions to watch (`[].tenantId`). Out: the same bytes, but where the hook
//! replaced a scalar. It holds one key or watched scalar at a time, never the document, and looks only at the exact
//! positions: a variable that is *named* `tenantId` is not at the position of the DTO's field (facts 9).

mod out;
mod position;
mod text;
mod uncleared;

use std::sync::Arc;

use bytes::Bytes;

use out::Out;
pub use position::{NoPosition, Position, Step, position};
pub(crate) use text::is_text;
use text::{bare_end, plain, text_end};
use uncleared::Uncleared;

/// Longest scalar that is held to be looked at.
const MAX_SCALAR: usize = 64 * 1024;
/// Deepest nesting of an answer; the engine's own writer stops at 1000.
const MAX_DEPTH: usize = 2000;

/// What becomes of a watched scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes as it is.
    Keep,
    /// It passes as it is, and clears the object that it is a member of.
    Clear,
    /// This JSON text takes its place.
    Replace(Vec<u8>),
    /// It must not go out: the connection is broken.
    Break,
}

/// Why a scan ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The hook said [`Verdict::Break`].
    Hook,
    /// The document is not JSON, or a watched scalar is too long to look at.
    Unreadable,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Value,
    FirstValue,
    Key,
    FirstKey,
    Colon,
    After,
    /// Inside a string; `escaped`: behind its last backslash.
    Text {
        key: bool,
        escaped: bool,
    },
    /// Inside a number, `true`, `false` or `null`.
    Bare,
}

struct Frame {
    object: bool,
    /// Which positions match up to this container, a bit each.
    alive: u64,
}

/// The scan of one document.
pub struct Scan {
    positions: Arc<[Position]>,
    stack: Vec<Frame>,
    state: State,
    /// Positions that match the value that comes next.
    next: u64,
    /// The watched position that ends at the scalar that is being read.
    watched: Option<usize>,
    /// The key that is being read has an escape.
    escapes: bool,
    /// What earlier pieces held of the key or watched scalar that is being read.
    carried: Vec<u8>,
    /// The outermost object with a watched member that the hook has not cleared yet.
    uncleared: Option<Uncleared>,
}

impl Scan {
    /// A scan that watches at most 64 positions; more are cut off, which the rule checks refuse.
    pub fn new(positions: Arc<[Position]>) -> Self {
        let next = positions.iter().take(64).enumerate().fold(0, |m, (i, _)| m | (1 << i));
        Self {
            positions,
            stack: Vec::new(),
            state: State::Value,
            next,
            watched: None,
            escapes: false,
            carried: Vec::new(),
            uncleared: None,
        }
    }

    /// Whether the document came to its end.
    pub fn complete(&self) -> bool {
        self.stack.is_empty() && matches!(self.state, State::After | State::Bare)
    }

    /// The positions of `alive` whose step at the current depth is `step`.
    fn matching(&self, alive: u64, step: impl Fn(&Step) -> bool) -> u64 {
        if alive == 0 {
            return 0;
        }
        let depth = self.stack.len() - 1;
        let (mut next, mut left) = (0, alive);
        while left != 0 {
            let position = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.positions.get(position).and_then(|position| position.get(depth)).is_some_and(&step) {
                next |= 1 << position;
            }
        }
        next
    }

    /// The watched position that ends exactly at the value that comes next.
    fn watching(&self) -> Option<usize> {
        let depth = self.stack.len();
        if self.next == 0 {
            return None;
        }
        (0..self.positions.len().min(64))
            .find(|i| self.next & (1 << i) != 0 && self.positions.get(*i).is_some_and(|p| p.len() == depth))
    }

    /// Looks at the next piece. `hook` gets the number of the position and the scalar's JSON text.
    ///
    /// # Errors
    /// The hook's break, or text that is not JSON.
    pub fn piece(
        &mut self,
        piece: &Bytes,
        hook: &mut impl FnMut(usize, &[u8]) -> Verdict,
    ) -> Result<Bytes, Stop> {
        if self.positions.is_empty() {
            return Ok(piece.clone());
        }
        let mut out = Out::of(piece);
        if let Some(object) = &mut self.uncleared {
            object.from = 0;
        }
        // Where the key or scalar that is being read begins; one of an earlier piece goes on at 0.
        let (mut start, mut at) = (0, 0);
        while let Some(byte) = piece.get(at).copied() {
            match self.state {
                State::Key | State::FirstKey if byte == b'"' => match self.plain_member(piece, at) {
                    Some(behind) => at = behind,
                    None => {
                        start = at;
                        self.step(byte)?;
                        at += 1;
                    }
                },
                State::Text { key, escaped: true } => {
                    at += 1;
                    self.state = State::Text { key, escaped: false };
                }
                State::Text { key, escaped: false } => at = self.text(key, (start, at), &mut out, hook)?,
                State::Bare => {
                    at = bare_end(piece, at);
                    if at < piece.len() {
                        self.scalar(start, at, &mut out, hook)?;
                    }
                }
                State::Value
                | State::FirstValue
                | State::Key
                | State::FirstKey
                | State::Colon
                | State::After => {
                    start = at;
                    self.step(byte)?;
                    if byte == b'{' {
                        self.opened(&out, at);
                    }
                    at += 1;
                }
            }
        }
        let reading = matches!(self.state, State::Text { .. } | State::Bare);
        if reading && (self.watched.is_some() || self.state != State::Bare && self.needs_key()) {
            self.carry(piece.get(start..).unwrap_or_default())?;
        }
        // A watched scalar is held back until it is whole.
        Ok(out.finish(if self.watched.is_some() { start } else { piece.len() }))
    }

    /// Most members are a name and a scalar that nobody watches, without a blank or an escape, and whole in one piece.
    /// Such a one is passed over at once: the place behind it and its comma. None for all others, which are read byte by
    /// byte.
    fn plain_member(&mut self, piece: &[u8], at: usize) -> Option<usize> {
        let (colon, last) = text_end(piece, at + 1);
        let name = piece.get(at + 1..colon.checked_sub(1)?)?;
        if last != Some(b'"') || piece.get(colon) != Some(&b':') || name.len() > MAX_SCALAR - 2 {
            return None;
        }
        let alive = self.stack.last().map_or(0, |frame| frame.alive);
        if self.matching(alive, |step| names(step, name)) != 0 {
            return None;
        }
        let value = colon + 1;
        let end = match piece.get(value)? {
            b'"' => match text_end(piece, value + 1) {
                (end, Some(b'"')) => end,
                _ => return None,
            },
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => bare_end(piece, value),
            _ => return None,
        };
        let comma = *piece.get(end)? == b',';
        self.next = 0;
        self.state = if comma { State::Key } else { State::After };
        Some(end + usize::from(comma))
    }

    /// Reads on in a string that began at `start`, up to its end or a backslash; returns the place behind.
    fn text(
        &mut self,
        key: bool,
        (start, at): (usize, usize),
        out: &mut Out<'_>,
        hook: &mut impl FnMut(usize, &[u8]) -> Verdict,
    ) -> Result<usize, Stop> {
        let (end, last) = text_end(out.piece, at);
        match last {
            Some(b'\\') => {
                self.escapes = true;
                self.state = State::Text { key, escaped: true };
            }
            Some(b'"') if key => self.key(out.piece.get(start..end).unwrap_or_default())?,
            Some(b'"') => self.scalar(start, end, out, hook)?,
            _ => {}
        }
        Ok(end)
    }

    /// The end of the document: a bare scalar at the root has no delimiter of its own.
    ///
    /// # Errors
    /// The hook's break.
    pub fn finish(&mut self, hook: &mut impl FnMut(usize, &[u8]) -> Verdict) -> Result<Bytes, Stop> {
        let piece = Bytes::new();
        let mut out = Out::of(&piece);
        if self.watched.is_some() {
            let state = self.state;
            self.scalar(0, 0, &mut out, hook)?;
            // A string that was cut off does not make the document whole.
            self.state = if state == State::Bare { State::After } else { state };
        }
        Ok(out.finish(0))
    }

    /// Whether the name of the key that is being read counts.
    fn needs_key(&self) -> bool {
        matches!(self.state, State::Text { key: true, .. }) && self.stack.last().is_some_and(|f| f.alive != 0)
    }

    /// Keeps the beginning of a key or watched scalar for the next piece.
    fn carry(&mut self, text: &[u8]) -> Result<(), Stop> {
        if self.carried.len() + text.len() > MAX_SCALAR {
            return Err(Stop::Unreadable);
        }
        self.carried.extend_from_slice(text);
        Ok(())
    }

    /// A scalar ends: `from..to` of the piece, behind what was carried.
    fn scalar(
        &mut self,
        from: usize,
        to: usize,
        out: &mut Out<'_>,
        hook: &mut impl FnMut(usize, &[u8]) -> Verdict,
    ) -> Result<(), Stop> {
        self.state = State::After;
        let Some(position) = self.watched.take() else { return Ok(()) };
        let text = out.piece.get(from..to).unwrap_or_default();
        if self.carried.is_empty() {
            if text.len() > MAX_SCALAR {
                return Err(Stop::Unreadable);
            }
            match hook(position, text) {
                Verdict::Keep => {}
                Verdict::Clear => self.clear(),
                Verdict::Replace(other) => out.replace(from, to, &other),
                Verdict::Break => return Err(Stop::Hook),
            }
            return Ok(());
        }
        self.carry(text)?;
        match hook(position, &self.carried) {
            Verdict::Keep => out.replace(from, to, &self.carried),
            Verdict::Clear => {
                out.replace(from, to, &self.carried);
                self.clear();
            }
            Verdict::Replace(other) => out.replace(from, to, &other),
            Verdict::Break => return Err(Stop::Hook),
        }
        self.carried.clear();
        Ok(())
    }

    /// A byte outside of strings and bare scalars.
    fn step(&mut self, byte: u8) -> Result<(), Stop> {
        match self.state {
            // Read whole by `piece`.
            State::Text { .. } | State::Bare => {}
            State::Value | State::FirstValue => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b']' if self.state == State::FirstValue => self.close(false)?,
                b'{' => self.open(true)?,
                b'[' => self.open(false)?,
                b'"' => {
                    self.watched = self.watching();
                    self.state = State::Text { key: false, escaped: false };
                }
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                    self.watched = self.watching();
                    self.state = State::Bare;
                }
                _ => return Err(Stop::Unreadable),
            },
            State::Key | State::FirstKey => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b'}' if self.state == State::FirstKey => self.close(true)?,
                b'"' => {
                    self.escapes = false;
                    self.state = State::Text { key: true, escaped: false };
                }
                _ => return Err(Stop::Unreadable),
            },
            State::Colon => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b':' => self.state = State::Value,
                _ => return Err(Stop::Unreadable),
            },
            State::After => match (byte, self.stack.last()) {
                (b' ' | b'\t' | b'\n' | b'\r', _) => {}
                (b',', Some(Frame { object: true, .. })) => self.state = State::Key,
                (b',', Some(Frame { object: false, alive })) => {
                    self.next = self.matching(*alive, |s| *s == Step::Each);
                    self.state = State::Value;
                }
                (b'}', Some(_)) => self.close(true)?,
                (b']', Some(_)) => self.close(false)?,
                _ => return Err(Stop::Unreadable),
            },
        }
        Ok(())
    }

    fn open(&mut self, object: bool) -> Result<(), Stop> {
        let alive = self.next;
        self.stack.push(Frame { object, alive });
        if self.stack.len() > MAX_DEPTH {
            return Err(Stop::Unreadable);
        }
        self.next = if object { 0 } else { self.matching(alive, |s| *s == Step::Each) };
        self.state = if object { State::FirstKey } else { State::FirstValue };
        Ok(())
    }

    fn close(&mut self, object: bool) -> Result<(), Stop> {
        // What ends without a watched member had nothing to look at.
        self.clear();
        match self.stack.pop() {
            Some(frame) if frame.object == object => {
                self.state = State::After;
                Ok(())
            }
            _ => Err(Stop::Unreadable),
        }
    }

    /// A key ends with this text, quotes included, behind what was carried.
    fn key(&mut self, text: &[u8]) -> Result<(), Stop> {
        self.state = State::Colon;
        let alive = self.stack.last().map_or(0, |f| f.alive);
        if alive == 0 {
            self.next = 0;
            return Ok(());
        }
        let whole;
        let text = if self.carried.is_empty() {
            text
        } else {
            self.carry(text)?;
            whole = std::mem::take(&mut self.carried);
            &whole
        };
        if text.len() > MAX_SCALAR {
            return Err(Stop::Unreadable);
        }
        let plain = plain(text).unwrap_or_default();
        self.next = self.matching(alive, |step| match step {
            Step::Name(name) if self.escapes => is_text(text, name),
            Step::Any | Step::Each | Step::Name(_) => names(step, plain),
        });
        Ok(())
    }
}

/// Whether a step leads to the member of this name, which has no escapes.
fn names(step: &Step, member: &[u8]) -> bool {
    match step {
        Step::Any => true,
        Step::Name(name) => name.as_bytes() == member,
        Step::Each => false,
    }
}

#[cfg(test)]
mod tests;
