//! Takes everything out of a tree that the schema does not take, each with a finding, and never stops at the first.
//!
//! What is left can be read into the sections. It knows nothing of what keys mean together.

use std::collections::BTreeSet;
use std::fmt::Display;

use humantime_serde::re::humantime::{format_duration, parse_duration};
use serde_json::{Map, Value};

use super::codes::Code;
use super::finding::Finding;
use super::shape::{Shape, Takes, join};
use super::tree::{Content, Entry, Node};

/// Faulty keys that were taken out of the tree, as `engine.url`: what they should be is unknown, so no check says
/// that they are missing. The empty name is the whole file.
pub(super) type Faulty = BTreeSet<String>;

/// Takes everything out of `node` that `shape` does not take.
pub(super) fn prune(node: &mut Node, shape: Shape<'_>, findings: &mut Vec<Finding>) -> Faulty {
    let mut pruner = Pruner { findings, faulty: Faulty::new() };
    if !pruner.keep(node, shape, "") {
        *node = Node::empty(node.place.clone());
        pruner.faulty.insert(String::new());
    }
    pruner.faulty
}

struct Pruner<'f> {
    findings: &'f mut Vec<Finding>,
    faulty: Faulty,
}

/// Code, what is wrong (it goes on after the key's name), and remedy.
type Fault = (Code, String, String);

impl Pruner<'_> {
    /// Whether `node` can stay.
    fn keep(&mut self, node: &mut Node, shape: Shape<'_>, path: &str) -> bool {
        let place = node.place.clone();
        let fault = match (shape.takes(), &mut node.value) {
            (Takes::List, Content::List(items)) => {
                let Some(of) = shape.items() else { return true };
                // A list that lost an item would be another list: one faulty item makes the list faulty.
                return items
                    .iter_mut()
                    .enumerate()
                    .fold(true, |all, (at, item)| self.keep(item, of, &join(path, &at.to_string())) && all);
            }
            (Takes::Map, Content::Map(entries)) => {
                if let Some(keys) = shape.keys() {
                    entries.retain_mut(|entry| self.keep_entry(entry, keys, path));
                }
                return true;
            }
            (_, Content::Scalar(Value::Null)) if shape.nullable() => return true,
            // An empty section (`engine:` with all its keys commented out) is a section with defaults.
            (takes @ (Takes::Map | Takes::List), value @ Content::Scalar(Value::Null)) => {
                let empty_map = takes == Takes::Map;
                *value = if empty_map { Content::Map(Vec::new()) } else { Content::List(Vec::new()) };
                return true;
            }
            (_, value) => scalar(value, shape),
        };
        let Err((code, what, remedy)) = fault else { return true };
        let name = if path.is_empty() { "the whole file".into() } else { format!("`{path}`") };
        self.findings.push(Finding { remedy, ..Finding::of(code, place, format!("{name} {what}")) });
        false
    }

    fn keep_entry(&mut self, entry: &mut Entry, keys: &Map<String, Value>, path: &str) -> bool {
        let path = join(path, &entry.key);
        let Some(shape) = keys.get(&entry.key).and_then(Shape::of) else {
            let message = format!("there is no key `{path}`");
            let finding = Finding::of(Code::UnknownKey, entry.place.clone(), message);
            self.findings.push(Finding { remedy: known(&entry.key, keys), ..finding });
            return false;
        };
        self.keep(&mut entry.node, shape, &path) || !self.faulty.insert(path)
    }
}

/// Checks a value that is neither the list nor the map that `shape` takes.
fn scalar(value: &Content, shape: Shape<'_>) -> Result<(), Fault> {
    let Content::Scalar(scalar) = value else { return Err(wrong_type(value, shape)) };
    match (shape.takes(), scalar) {
        (Takes::Flag, Value::Bool(_)) | (Takes::Text, Value::String(_)) => Ok(()),
        (Takes::Number, Value::Number(number)) => {
            let number = number.as_i128().ok_or_else(|| wrong_type(value, shape))?;
            in_range(&number, shape, |bound| bound.as_number()?.as_i128(), |n| n.to_string())
        }
        (Takes::Time, Value::String(text)) => {
            let time = parse_duration(text).map_err(|why| {
                (Code::WrongType, format!("is no time span: {why}"), wrong_type(value, shape).2)
            })?;
            in_range(&time, shape, |bound| parse_duration(bound.as_str()?).ok(), |t| format_duration(*t))
        }
        (Takes::Choice, Value::String(text)) if !shape.choices().contains(&text.as_str()) => {
            let remedy = format!("take one of `{}`", shape.choices().join("`, `"));
            Err((Code::InvalidValue, format!("can't be `{}`", text.escape_debug()), remedy))
        }
        (Takes::Choice, Value::String(_)) => Ok(()),
        _ => Err(wrong_type(value, shape)),
    }
}

fn in_range<T: PartialOrd, D: Display>(
    value: &T,
    shape: Shape<'_>,
    bound: impl Fn(&Value) -> Option<T>,
    text: impl Fn(&T) -> D,
) -> Result<(), Fault> {
    let Some((least, most)) = shape.range().and_then(|(least, most)| bound(least).zip(bound(most))) else {
        return Ok(());
    };
    if (&least..=&most).contains(&value) {
        return Ok(());
    }
    let kind = if shape.takes() == Takes::Time { "time" } else { "number" };
    let remedy = format!("take a {kind} from {} to {}", text(&least), text(&most));
    Err((Code::OutOfRange, format!("is {}", text(value)), remedy))
}

fn wrong_type(value: &Content, shape: Shape<'_>) -> Fault {
    let is = match value {
        Content::Scalar(Value::Null) => "null",
        Content::Scalar(Value::Bool(_)) => "a truth value",
        Content::Scalar(Value::Number(_)) => "a number",
        Content::Scalar(_) => "a text",
        Content::List(_) => "a list",
        Content::Map(_) => "a map",
    };
    let (takes, remedy) = match shape.takes() {
        Takes::Time => ("a time span", "write a number with its unit, as `30s` or `5m`"),
        Takes::Text | Takes::Choice => ("a text", "put it in quotes"),
        Takes::Flag => ("a truth value", "write `true` or `false`"),
        Takes::Number => ("a number", "write a whole number without quotes or unit"),
        Takes::List => ("a list", "write `[one, two]`"),
        Takes::Map => ("a map", "write `key: value` lines, indented"),
    };
    (Code::WrongType, format!("takes {takes} and got {is}"), remedy.to_owned())
}

/// What to do about an unknown key: the likeliest known one first.
fn known(key: &str, keys: &Map<String, Value>) -> String {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(key);
    let near = |k: &&String| plain(k).starts_with(&wanted) || wanted.starts_with(&plain(k));
    match keys.keys().find(near) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", keys.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}
