//! YAML text, of the file or of a variable, to a tree with places.
//!
//! serde-saphyr stops at the first key that a struct does not know, so the text is read into [`Raw`], any YAML, and
//! its spans become the places. Keys written twice are findings: none of the two is picked in silence.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Spanned};

use super::codes::FindingCode;
use super::finding::{Place, Report};
use super::tree::{Content, Entry, Node};
use crate::causes;

/// Parses YAML. None with a finding when it is no YAML; keys written twice are findings, and the first one stays.
pub(super) fn parse(text: &str, source: &Place, report: &mut Report) -> Option<Node> {
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
        Ok(Some(raw)) => Some(plant(raw, source, report)),
        Ok(None) => Some(Node::of(at(source, Location::UNKNOWN), Value::Null)),
        Err(error) => {
            let place = at(source, error.location().unwrap_or(Location::UNKNOWN));
            let message = format!("this is not valid YAML: {}", causes::in_yaml(&error));
            report.add(FindingCode::Syntax, place, message);
            None
        }
    }
}

/// The place of a location in the text that comes from `source`.
fn at(source: &Place, at: Location) -> Place {
    let Place::File { path, .. } = source else { return source.clone() };
    Place::File { path: path.clone(), line: at.line(), column: at.column() }
}

fn plant(raw: Spanned<Raw>, source: &Place, report: &mut Report) -> Node {
    let place = at(source, raw.referenced);
    let value = match raw.value {
        Raw::Scalar(value) => Content::Scalar(value),
        Raw::List(items) => Content::List(items.into_iter().map(|i| plant(i, source, report)).collect()),
        Raw::Map(pairs) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(pairs.len());
            for (key, item) in pairs {
                let (key, place) = (key.value, at(source, key.referenced));
                let node = plant(item, source, report);
                if let Some(first) = entries.iter().find(|e| e.key == key) {
                    let message = format!("`{key}` is written twice; the first is at {}", first.place);
                    report.add(FindingCode::DuplicateKey, place, message);
                } else {
                    entries.push(Entry { key, place, node });
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

macro_rules! scalars {
    ($($visit:ident: $type:ty),+) => {
        $( fn $visit<E: de::Error>(self, value: $type) -> Result<Raw, E> { Ok(Raw::Scalar(value.into())) } )+
    };
}

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let items = std::iter::from_fn(|| seq.next_element().transpose());
        Ok(Raw::List(items.collect::<Result<_, _>>()?))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let pairs = std::iter::from_fn(|| map.next_entry().transpose());
        Ok(Raw::Map(pairs.collect::<Result<_, _>>()?))
    }
}
