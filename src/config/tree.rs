//! A tree of what was written, each node with its place.
//!
//! In: YAML text, of the file or of a variable. Out: a [`Node`], and findings for what is no YAML or written twice.
//! It knows no keys: that is `shape.rs`. It never picks one of two equal keys.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Spanned};

use super::finding::{Code, Finding, Place};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where the value was written.
    pub(crate) place: Place,
    /// The value.
    pub(crate) value: Content,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Null, a truth value, a number or a text; never a list or map.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of writing.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key was written.
    pub(crate) place: Place,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    /// A text at `place`.
    pub(crate) fn text(place: Place, text: &str) -> Self {
        Self { place, value: Content::Scalar(Value::from(text)) }
    }

    /// An empty map.
    pub(crate) fn empty(place: Place) -> Self {
        Self { place, value: Content::Map(Vec::new()) }
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Content::Scalar(Value::Null))
    }

    /// The value under `key`, if this is a map that has it.
    pub(crate) fn child(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Content::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            Content::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
            Content::Scalar(_) => None,
        }
    }

    /// Puts `node` under the keys of `path`, making maps on the way; what was there is replaced.
    pub(crate) fn put(&mut self, path: &[&str], node: Node) {
        let Some((key, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        if !matches!(self.value, Content::Map(_)) {
            *self = Self::empty(node.place.clone());
        }
        let Content::Map(entries) = &mut self.value else { return };
        let place = node.place.clone();
        match entries.iter_mut().find(|e| e.key == *key) {
            Some(entry) => entry.node.put(rest, node),
            None => {
                let mut made = Self::empty(place.clone());
                made.put(rest, node);
                entries.push(Entry { key: (*key).to_owned(), place, node: made });
            }
        }
    }

    /// The tree without its places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.value {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.node.to_json())).collect())
            }
        }
    }
}

/// Where a YAML text comes from; makes places of locations.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file.
    File(Arc<PathBuf>),
    /// A variable.
    Variable(Arc<str>),
}

impl Source {
    fn place(&self, at: Location) -> Place {
        match self {
            Self::File(path) => Place::File { path: path.clone(), line: at.line(), column: at.column() },
            Self::Variable(name) => Place::Variable(name.clone()),
        }
    }
}

/// Parses YAML. None with a finding when it is no YAML; keys written twice are findings, and the first one stays.
pub(crate) fn parse(text: &str, source: &Source, findings: &mut Vec<Finding>) -> Option<Node> {
    let options = serde_saphyr::options! {
        // Repeated keys come through to `plant`, which reports every one of them with its place.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `<<` is a key like any other, so an unknown one: merged keys would hide which of two holds.
        merge_keys: MergeKeyPolicy::AsOrdinary,
        // `yes` and `0123` are read as they look: YAML 1.2, not 1.1.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(Some(raw)) => Some(plant(raw, source, findings)),
        Ok(None) => Some(Node::empty(source.place(Location::UNKNOWN))),
        Err(error) => {
            let place = source.place(error.location().unwrap_or(Location::UNKNOWN));
            findings.push(Finding::new(
                Code::Syntax,
                place,
                format!("this is no YAML: {}", error.without_snippet()),
                "correct the text; indent with spaces, and quote texts that hold `: ` or `#`",
            ));
            None
        }
    }
}

fn plant(raw: Spanned<Raw>, source: &Source, findings: &mut Vec<Finding>) -> Node {
    let place = source.place(raw.referenced);
    let value = match raw.value {
        Raw::Scalar(value) => Content::Scalar(value),
        Raw::List(items) => Content::List(items.into_iter().map(|i| plant(i, source, findings)).collect()),
        Raw::Map(pairs) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
            for (key, item) in pairs {
                let place = source.place(key.referenced);
                let node = plant(item, source, findings);
                if let Some(first) = entries.iter().find(|e| e.key == key.value) {
                    findings.push(Finding::new(
                        Code::DuplicateKey,
                        place,
                        format!("`{}` is written twice; the first is at {}", key.value, first.place),
                        "keep one of the two",
                    ));
                } else {
                    entries.push(Entry { key: key.value, place, node });
                }
            }
            Content::Map(entries)
        }
    };
    Node { place, value }
}

/// Any YAML, with the location of each node.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.into()))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.into()))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.into()))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.into()))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
        d.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Raw::Map(pairs))
    }
}
