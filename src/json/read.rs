//! Bytes to tree, strictly by RFC 8259, with what it leaves open decided: UTF-8 only, no duplicate keys.

use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;

use super::Json;
use super::words::end_of_plain;

/// Members above which duplicate keys are looked for with a set instead of a scan.
const MANY_MEMBERS: usize = 64;

/// Why a document can't be read in one way only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Offset in bytes.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.what, self.at)
    }
}

/// Reads a whole document of at most `max_depth` levels. A UTF-8 byte order mark before it is dropped.
///
/// # Errors
/// Syntax, encoding, depth, duplicate keys, trailing text; with the place.
pub fn read<H>(body: &Bytes, max_depth: usize) -> Result<Json<H>, Fault> {
    document(body, |reader| reader.value(max_depth))
}

/// One member of the object that a document is; none where it has none of that name, or is no object. Everything else is
/// read past, by the same grammar.
///
/// # Errors
/// As [`read`], but that only this member must not be there twice.
pub(crate) fn member(body: &Bytes, max_depth: usize, name: &str) -> Result<Option<Json>, Fault> {
    document(body, |reader| {
        if reader.peek() != Some(b'{') {
            reader.skip(max_depth)?;
            return Ok(None);
        }
        let depth = reader.deeper(max_depth)?;
        let mut found = None;
        reader.members(|reader, from, escapes| {
            let is = if escapes {
                reader.key(from, true).is_some_and(|key| key == name)
            } else {
                reader.body.get(from + 1..reader.at - 1) == Some(name.as_bytes())
            };
            if is && found.is_some() {
                return Err(Fault { at: from, what: format!("the key `{name}` is there twice") });
            }
            reader.colon()?;
            if is {
                found = Some(reader.value(depth)?);
                return Ok(());
            }
            reader.skip(depth)
        })?;
        Ok(found)
    })
}

/// Reads a document that is one value and nothing else.
fn document<T>(body: &Bytes, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let body = match body.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => body.slice_ref(rest),
        None => body.clone(),
    };
    if let Err(e) = std::str::from_utf8(&body) {
        return Err(Fault { at: e.valid_up_to(), what: "the body is not UTF-8".into() });
    }
    // UTF-16 and UTF-32 text of ASCII letters is valid UTF-8 with NULs: the reader below refuses NUL anywhere.
    let mut reader = Reader { body: &body, at: 0 };
    reader.blanks();
    let json = read(&mut reader)?;
    reader.blanks();
    if reader.at < body.len() {
        return Err(reader.fault("there is text after the JSON document"));
    }
    Ok(json)
}

struct Reader<'a> {
    body: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn fault(&self, what: &str) -> Fault {
        Fault { at: self.at, what: what.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.fault(what))
        }
    }

    fn leaf<H>(&self, from: usize) -> Json<H> {
        Json::Leaf(self.body.slice(from..self.at))
    }

    fn value<H>(&mut self, depth: usize) -> Result<Json<H>, Fault> {
        let from = self.at;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                self.string()?;
                Ok(self.leaf(from))
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Ok(self.leaf(from))
            }
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(_) => Err(self.fault("a JSON value was expected")),
            None => Err(self.fault("the JSON document ends too early")),
        }
    }

    fn word<H>(&mut self, word: &'static [u8]) -> Result<Json<H>, Fault> {
        match self.body.get(self.at..self.at + word.len()) {
            Some(text) if text == word => {
                self.at += word.len();
                Ok(Json::Leaf(Bytes::from_static(word)))
            }
            _ => Err(self.fault("a JSON value was expected")),
        }
    }

    fn object<H>(&mut self, depth: usize) -> Result<Json<H>, Fault> {
        let depth = self.deeper(depth)?;
        let mut members: Vec<(String, Json<H>)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        self.members(|reader, from, escapes| {
            let key = reader
                .key(from, escapes)
                .ok_or_else(|| Fault { at: from, what: "a key has an unpaired surrogate".into() })?;
            let known = if members.len() < MANY_MEMBERS {
                members.iter().any(|(k, _)| *k == key)
            } else {
                if seen.is_empty() {
                    seen.extend(members.iter().map(|(k, _)| k.clone()));
                }
                !seen.insert(key.clone())
            };
            if known {
                // Jackson takes the last one, others the first: two readings.
                return Err(Fault { at: from, what: format!("the key `{key}` occurs twice") });
            }
            reader.colon()?;
            let value = reader.value(depth)?;
            members.push((key, value));
            Ok(())
        })?;
        Ok(Json::Object(members))
    }

    /// The members of an object whose brace was passed: `each` gets the place of a key that was just read, and whether it
    /// has escapes, and reads on to the end of its value.
    fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, usize, bool) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            let from = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key in quotes was expected"));
            }
            let escapes = self.string()?;
            each(self, from, escapes)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or `}` was expected")),
            }
        }
    }

    fn array<H>(&mut self, depth: usize) -> Result<Json<H>, Fault> {
        let depth = self.deeper(depth)?;
        let mut elements = Vec::new();
        self.elements(|reader| {
            elements.push(reader.value(depth)?);
            Ok(())
        })?;
        Ok(Json::Array(elements))
    }

    /// The elements of an array whose bracket was passed: `each` reads one.
    fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            each(self)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or `]` was expected")),
            }
        }
    }

    /// Past a brace or bracket; the levels that are left inside.
    fn deeper(&mut self, depth: usize) -> Result<usize, Fault> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.fault("the body is nested too deeply"))?;
        self.at += 1;
        Ok(depth)
    }

    /// Past the colon behind a key, up to the value.
    fn colon(&mut self) -> Result<(), Fault> {
        self.blanks();
        self.expect(b':', "a colon was expected")?;
        self.blanks();
        Ok(())
    }

    /// Past a value that nobody needs.
    fn skip(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => {
                let depth = self.deeper(depth)?;
                self.members(|reader, _, _| {
                    reader.colon()?;
                    reader.skip(depth)
                })
            }
            Some(b'[') => {
                let depth = self.deeper(depth)?;
                self.elements(|reader| reader.skip(depth))
            }
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) | None => self.value::<std::convert::Infallible>(depth).map(drop),
        }
    }

    /// The key that was just read, decoded.
    fn key(&self, from: usize, escapes: bool) -> Option<String> {
        if escapes {
            return serde_json::from_slice(self.body.get(from..self.at)?).ok();
        }
        std::str::from_utf8(self.body.get(from + 1..self.at - 1)?).ok().map(str::to_owned)
    }

    /// Past a string, its quotes included; whether it has escapes.
    fn string(&mut self) -> Result<bool, Fault> {
        self.at += 1;
        let mut escapes = false;
        loop {
            // Most bytes of a document stand in strings, for themselves.
            let rest = self.body.get(self.at..).unwrap_or_default();
            self.at += end_of_plain(rest).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escapes);
                }
                Some(b'\\') => {
                    escapes = true;
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => self.unicode_escape()?,
                        _ => return Err(self.fault("an escape is broken")),
                    }
                }
                Some(_) => return Err(self.fault("a control character stands in a string")),
                None => return Err(self.fault("a string does not end")),
            }
        }
    }

    /// Past the `uXXXX` of an escape, and past its second half where it is one of a pair. A half without its other one
    /// is no character (RFC 7493 section 2.1); databases and JSON readers differ in what they make of it.
    fn unicode_escape(&mut self) -> Result<(), Fault> {
        match self.four_digits()? {
            0xD800..=0xDBFF => {
                let pair = self.body.get(self.at..self.at + 2) == Some(b"\\u");
                self.at += usize::from(pair);
                if !pair || !(0xDC00..=0xDFFF).contains(&self.four_digits()?) {
                    return Err(self.fault("an escape is an unpaired surrogate"));
                }
                Ok(())
            }
            0xDC00..=0xDFFF => Err(self.fault("an escape is an unpaired surrogate")),
            _ => Ok(()),
        }
    }

    /// Past `u` and four hexadecimal digits.
    fn four_digits(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            value = value * 16 + digit.ok_or_else(|| self.fault("an escape is broken"))?;
            self.at += 1;
        }
        Ok(value)
    }

    /// Past a number, by the grammar of RFC 8259 section 6.
    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.fault("a number is broken")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.fault("a number is broken"));
        }
        self.digits();
        Ok(())
    }
}
