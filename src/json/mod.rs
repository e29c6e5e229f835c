//! JSON as the gateway reads and writes it: one reading only, and values that nobody needs kept as text.
//!
//! In: the bytes of a body. Out: a tree whose keys are decoded and whose leaves are slices of the input, so that
//! numbers, dates and strings go on exactly as they came. Refused: duplicate keys (Jackson takes the last, others
//! the first), encodings other than UTF-8 (Jackson guesses UTF-16 and UTF-32 from the first bytes), nesting over
//! a limit, anything after the document. It never evaluates or converts a number.

mod boolean;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod read;
pub mod scan;
mod words;
mod write;

use std::convert::Infallible;

use bytes::Bytes;

pub use boolean::{boolean, boolean_parameter, plain_parameter};
pub(crate) use read::member;
pub use read::{Fault, read};

/// A JSON document. Leaves are the exact text of the input. `H` is what may stand open in it until it is written: an id
/// whose owner has to be known first; by default nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<H = Infallible> {
    /// Members in their order; keys are decoded and differ from each other.
    Object(Vec<(String, Json<H>)>),
    /// Elements in their order.
    Array(Vec<Json<H>>),
    /// A string, number, `true`, `false` or `null`: valid JSON text.
    Leaf(Bytes),
    /// What is filled in when the document is written.
    Hole(H),
}

impl<H> Json<H> {
    /// `null`.
    pub fn null() -> Self {
        Json::Leaf(Bytes::from_static(b"null"))
    }

    /// A string.
    pub fn string(text: &str) -> Self {
        Json::Leaf(write::quoted(text).into())
    }

    /// An array of strings.
    pub fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Json::Array(texts.into_iter().map(Json::string).collect())
    }

    /// An empty object.
    pub fn object() -> Self {
        Json::Object(Vec::new())
    }

    /// The text, where this is a string that can be decoded (no lone surrogates).
    pub fn as_str(&self) -> Option<String> {
        match self {
            Json::Leaf(text) if text.first() == Some(&b'"') => serde_json::from_slice(text).ok(),
            Json::Leaf(_) | Json::Object(_) | Json::Array(_) | Json::Hole(_) => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Leaf(text) if text.as_ref() == b"null")
    }

    /// Whether this is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Json::Leaf(text) if text.first() == Some(&b'"'))
    }

    /// The text of a leaf as it stands in the document.
    pub fn leaf(&self) -> Option<&[u8]> {
        match self {
            Json::Leaf(text) => Some(text),
            Json::Object(_) | Json::Array(_) | Json::Hole(_) => None,
        }
    }

    /// A member of an object.
    pub fn member(&self, key: &str) -> Option<&Json<H>> {
        match self {
            Json::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            Json::Array(_) | Json::Leaf(_) | Json::Hole(_) => None,
        }
    }

    /// A member's text.
    pub fn text(&self, key: &str) -> Option<String> {
        self.member(key).and_then(Json::as_str)
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Json<H>] {
        match self {
            Json::Array(elements) => elements,
            Json::Object(_) | Json::Leaf(_) | Json::Hole(_) => &[],
        }
    }

    /// Sets a member of an object, in its old place if it is there.
    pub fn set(&mut self, key: &str, value: Json<H>) {
        if let Json::Object(members) = self {
            match members.iter_mut().find(|(k, _)| k == key) {
                Some((_, old)) => *old = value,
                None => members.push((key.to_owned(), value)),
            }
        }
    }

    /// Takes a member out of an object.
    pub fn remove(&mut self, key: &str) -> Option<Json<H>> {
        match self {
            Json::Object(members) => {
                let at = members.iter().position(|(k, _)| k == key)?;
                Some(members.remove(at).1)
            }
            Json::Array(_) | Json::Leaf(_) | Json::Hole(_) => None,
        }
    }

    /// Calls `f` for every hole in the document, in order.
    pub fn for_each_hole<'a>(&'a self, f: &mut impl FnMut(&'a H)) {
        match self {
            Json::Object(members) => members.iter().for_each(|(_, v)| v.for_each_hole(f)),
            Json::Array(elements) => elements.iter().for_each(|v| v.for_each_hole(f)),
            Json::Leaf(_) => {}
            Json::Hole(hole) => f(hole),
        }
    }

    /// The document as text; `fill` says which string is written for each hole.
    pub fn write_with(&self, fill: &mut impl FnMut(&H) -> String) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        write::value(self, fill, &mut out);
        out
    }
}

impl Json {
    /// The same document as one that may have holes.
    pub fn with_holes<H>(self) -> Json<H> {
        match self {
            Json::Object(members) => {
                Json::Object(members.into_iter().map(|(key, value)| (key, value.with_holes())).collect())
            }
            Json::Array(elements) => Json::Array(elements.into_iter().map(Json::with_holes).collect()),
            Json::Leaf(text) => Json::Leaf(text),
            Json::Hole(never) => match never {},
        }
    }

    /// The document as text.
    pub fn write(&self) -> Vec<u8> {
        self.write_with(&mut |never| match *never {})
    }
}

#[cfg(test)]
mod tests;
