//! A running look at JSON that streams by: watched scalars are shown to a hook, everything else passes untouched.
//!
//! In: pieces of a document and the positions to watch (`[].tenantId`). Out: the same bytes, but where the hook
//! replaced a scalar. It holds one watched scalar at a time, never the document, and looks only at the exact
//! positions: a variable that is *named* `tenantId` is not at the position of the DTO's field (facts 9).

use bytes::Bytes;

/// Longest scalar that is held to be looked at.
const MAX_SCALAR: usize = 64 * 1024;
/// Deepest nesting of an answer; the engine's own writer stops at 1000.
const MAX_DEPTH: usize = 2000;

/// One step of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every element of an array.
    Each,
    /// Every member of an object.
    Any,
    /// The member of this name.
    Name(String),
}

/// A position in a document: the steps from its root.
pub type Position = Vec<Step>;

/// Reads a position as written in rules: `.` the root, `[]` each element, `*` any member, names by dots.
pub fn position(text: &str) -> Position {
    let mut steps = Vec::new();
    for part in text.split('.').filter(|p| !p.is_empty()) {
        let name = part.trim_end_matches("[]");
        match name {
            "" => {}
            "*" => steps.push(Step::Any),
            name => steps.push(Step::Name(name.to_owned())),
        }
        steps.extend(std::iter::repeat_n(Step::Each, (part.len() - name.len()) / 2));
    }
    steps
}

/// What becomes of a watched scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes as it is.
    Keep,
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
    Str { escaped: bool },
    Bare,
    KeyStr { escaped: bool },
}

struct Frame {
    object: bool,
    /// Which positions match up to this container, a bit each.
    alive: u64,
}

/// The scan of one document.
pub struct Scan {
    positions: Vec<Position>,
    stack: Vec<Frame>,
    state: State,
    /// Positions that match the value that comes next.
    next: u64,
    /// The key or watched scalar that is being read.
    token: Vec<u8>,
    watched: Option<usize>,
}

impl Scan {
    /// A scan that watches at most 64 positions; more are cut off, which the rule checks refuse.
    pub fn new(positions: Vec<Position>) -> Self {
        let next = positions.iter().take(64).enumerate().fold(0, |m, (i, _)| m | (1 << i));
        Self { positions, stack: Vec::new(), state: State::Value, next, token: Vec::new(), watched: None }
    }

    /// Whether the document came to its end.
    pub fn complete(&self) -> bool {
        self.stack.is_empty() && matches!(self.state, State::After | State::Bare)
    }

    /// The positions of `alive` whose step at the current depth is `step`.
    fn matching(&self, alive: u64, step: impl Fn(&Step) -> bool) -> u64 {
        let depth = self.stack.len() - 1;
        let mut next = 0;
        for (i, position) in self.positions.iter().take(64).enumerate() {
            if alive & (1 << i) != 0 && position.get(depth).is_some_and(&step) {
                next |= 1 << i;
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
        // A watched scalar is held back until it is whole, so it may begin in an earlier piece.
        let mut out: Option<Vec<u8>> = None;
        let mut held = self.watched.is_some();
        let mut flushed = 0;
        for (i, byte) in piece.iter().copied().enumerate() {
            let was = self.state;
            let ends_bare =
                was == State::Bare && matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            if ends_bare {
                self.finish_scalar(i, piece, &mut held, &mut flushed, &mut out, hook)?;
                self.state = State::After;
            }
            self.step(byte)?;
            if self.watched.is_some() && !held {
                // The scalar begins at this byte.
                held = true;
                let out = out.get_or_insert_with(Vec::new);
                out.extend_from_slice(piece.get(flushed..i).unwrap_or_default());
                flushed = i;
            }
            if matches!(was, State::Str { .. }) && self.state == State::After {
                self.finish_scalar(i + 1, piece, &mut held, &mut flushed, &mut out, hook)?;
            }
        }
        match out {
            None if held => Ok(Bytes::new()),
            None => Ok(piece.clone()),
            Some(mut out) => {
                if !held {
                    out.extend_from_slice(piece.get(flushed..).unwrap_or_default());
                }
                Ok(out.into())
            }
        }
    }

    /// The end of the document: a bare scalar at the root has no delimiter of its own.
    pub fn finish(&mut self, hook: &mut impl FnMut(usize, &[u8]) -> Verdict) -> Result<Bytes, Stop> {
        let mut out = None;
        let mut held = self.watched.is_some();
        self.finish_scalar(0, &Bytes::new(), &mut held, &mut 0, &mut out, hook)?;
        Ok(out.unwrap_or_default().into())
    }

    fn finish_scalar(
        &mut self,
        end: usize,
        piece: &Bytes,
        held: &mut bool,
        flushed: &mut usize,
        out: &mut Option<Vec<u8>>,
        hook: &mut impl FnMut(usize, &[u8]) -> Verdict,
    ) -> Result<(), Stop> {
        let Some(position) = self.watched.take() else { return Ok(()) };
        let out = out.get_or_insert_with(|| piece.get(..*flushed).unwrap_or_default().to_vec());
        match hook(position, &self.token) {
            Verdict::Keep => out.extend_from_slice(&self.token),
            Verdict::Replace(text) => out.extend_from_slice(&text),
            Verdict::Break => return Err(Stop::Hook),
        }
        self.token.clear();
        *held = false;
        *flushed = end;
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), Stop> {
        match self.state {
            State::Str { escaped } => {
                self.keep(byte)?;
                self.state = match (escaped, byte) {
                    (false, b'"') => State::After,
                    (false, b'\\') => State::Str { escaped: true },
                    _ => State::Str { escaped: false },
                };
            }
            State::KeyStr { escaped } => {
                self.token.push(byte);
                if self.token.len() > MAX_SCALAR {
                    return Err(Stop::Unreadable);
                }
                self.state = match (escaped, byte) {
                    (false, b'"') => {
                        self.key();
                        State::Colon
                    }
                    (false, b'\\') => State::KeyStr { escaped: true },
                    _ => State::KeyStr { escaped: false },
                };
            }
            State::Bare => self.keep(byte)?,
            State::Value | State::FirstValue => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b']' if self.state == State::FirstValue => self.close(false)?,
                b'{' => self.open(true)?,
                b'[' => self.open(false)?,
                b'"' => {
                    self.watched = self.watching();
                    self.keep(byte)?;
                    self.state = State::Str { escaped: false };
                }
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                    self.watched = self.watching();
                    self.keep(byte)?;
                    self.state = State::Bare;
                }
                _ => return Err(Stop::Unreadable),
            },
            State::Key | State::FirstKey => match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b'}' if self.state == State::FirstKey => self.close(true)?,
                b'"' => {
                    self.token.clear();
                    self.token.push(byte);
                    self.state = State::KeyStr { escaped: false };
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

    fn keep(&mut self, byte: u8) -> Result<(), Stop> {
        if self.watched.is_some() {
            self.token.push(byte);
            if self.token.len() > MAX_SCALAR {
                return Err(Stop::Unreadable);
            }
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
        match self.stack.pop() {
            Some(frame) if frame.object == object => {
                self.state = State::After;
                Ok(())
            }
            _ => Err(Stop::Unreadable),
        }
    }

    fn key(&mut self) {
        let alive = self.stack.last().map_or(0, |f| f.alive);
        self.next = if alive == 0 {
            0
        } else {
            let key: String = serde_json::from_slice(&self.token).unwrap_or_default();
            self.matching(alive, |s| match s {
                Step::Any => true,
                Step::Name(name) => *name == key,
                Step::Each => false,
            })
        };
        self.token.clear();
    }
}

#[cfg(test)]
mod tests;
