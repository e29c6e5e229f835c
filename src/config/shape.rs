//! The shape of the settings: which keys there are, and what each takes.
//!
//! In: a tree as written and the schema derived from `written.rs`. Out: the tree without its faulty parts, and a
//! finding for each of them. It does not stop at the first, and knows nothing of what keys mean together.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::finding::{Code, Finding};
use super::span::Span;
use super::tree::{Content, Node};
use super::written::Written;

/// What one key takes: its part of the schema.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    schema: &'a Map<String, Value>,
    /// Null is taken, too.
    pub(crate) nullable: bool,
}

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Text,
    Flag,
    Number,
    List,
    Map,
    /// Whatever is written.
    Anything,
}

/// The schema of the whole file (JSON Schema draft 2020-12), without references.
pub(crate) fn whole() -> Value {
    SchemaSettings::draft2020_12()
        .with(|s| s.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Written>()
        .to_value()
}

impl<'a> Shape<'a> {
    /// The shape that `schema` describes; an `anyOf` with null is the other one, nullable.
    pub(crate) fn of(schema: &'a Value) -> Option<Self> {
        let schema = schema.as_object()?;
        let is_null = |v: &Value| v.get("type").and_then(Value::as_str) == Some("null");
        if let Some(variants) = schema.get("anyOf").and_then(Value::as_array) {
            let inner = variants.iter().find(|v| !is_null(v))?.as_object()?;
            return Some(Self { schema: inner, nullable: variants.iter().any(is_null) });
        }
        let nullable = schema
            .get("type")
            .and_then(Value::as_array)
            .is_some_and(|types| types.iter().any(|t| t.as_str() == Some("null")));
        Some(Self { schema, nullable })
    }

    /// What kind of value it takes.
    pub(crate) fn takes(self) -> Takes {
        let name = match self.schema.get("type") {
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|t| *t != "null"),
            other => other.and_then(Value::as_str),
        };
        match name {
            Some("string") => Takes::Text,
            Some("boolean") => Takes::Flag,
            Some("integer" | "number") => Takes::Number,
            Some("array") => Takes::List,
            Some("object") => Takes::Map,
            _ if self.choices().is_empty() => Takes::Anything,
            _ => Takes::Text,
        }
    }

    /// The keys of a map and their schemas; none for a map with free keys.
    pub(crate) fn keys(self) -> Option<&'a Map<String, Value>> {
        self.schema.get("properties").and_then(Value::as_object)
    }

    /// The shape under `key`.
    pub(crate) fn key(self, key: &str) -> Option<Shape<'a>> {
        self.keys()?.get(key).and_then(Shape::of)
    }

    /// The shape of a list's items.
    pub(crate) fn items(self) -> Option<Shape<'a>> {
        self.schema.get("items").and_then(Shape::of)
    }

    /// The words that a text may be; empty: any text.
    pub(crate) fn choices(self) -> Vec<&'a str> {
        let listed = self.schema.get("enum").and_then(Value::as_array);
        let variants = self.schema.get("oneOf").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        listed.chain(variants.into_iter().flatten().filter_map(|v| v.get("const")?.as_str())).collect()
    }

    /// Whether a text is a time span.
    pub(crate) fn is_span(self) -> bool {
        self.schema.get("format").and_then(Value::as_str) == Some("time-span")
    }

    /// The least and the most that it takes, as in the schema.
    pub(crate) fn range(self) -> (Option<&'a Value>, Option<&'a Value>) {
        let (least, most) = if self.is_span() { ("x-least", "x-most") } else { ("minimum", "maximum") };
        (self.schema.get(least), self.schema.get(most))
    }
}

/// Faulty keys that were taken out of the tree, as `engine.url`: what they were meant to be is unknown, so nobody
/// should say that they are missing.
pub(crate) type Faulty = BTreeSet<String>;

/// Takes everything out of `node` that `shape` does not take, each with a finding.
pub(crate) fn prune(node: &mut Node, shape: Shape<'_>, findings: &mut Vec<Finding>) -> Faulty {
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

impl Pruner<'_> {
    /// Whether `node` can stay.
    fn keep(&mut self, node: &mut Node, shape: Shape<'_>, path: &str) -> bool {
        let takes = shape.takes();
        if node.is_null() {
            // An empty section (`engine:` with all its keys commented out) is a section with defaults.
            return match takes {
                _ if shape.nullable => true,
                Takes::Map | Takes::List => {
                    node.value =
                        if takes == Takes::Map { Content::Map(vec![]) } else { Content::List(vec![]) };
                    true
                }
                Takes::Anything => true,
                Takes::Text | Takes::Flag | Takes::Number => self.wrong_type(node, shape, path),
            };
        }
        match (takes, &mut node.value) {
            (Takes::Anything, _) | (Takes::Flag, Content::Scalar(Value::Bool(_))) => true,
            (Takes::Number, Content::Scalar(Value::Number(_))) => self.number(node, shape, path),
            (Takes::Text, Content::Scalar(Value::String(_))) => self.text(node, shape, path),
            (Takes::List, Content::List(items)) => {
                let Some(of) = shape.items() else { return true };
                // A list that lost an item would be another list: one faulty item makes the list faulty.
                let mut all = true;
                for (at, item) in items.iter_mut().enumerate() {
                    all &= self.keep(item, of, &join(path, &at.to_string()));
                }
                all
            }
            (Takes::Map, Content::Map(entries)) => {
                let Some(keys) = shape.keys() else { return true };
                entries.retain_mut(|entry| {
                    let path = join(path, &entry.key);
                    let Some(of) = keys.get(&entry.key).and_then(Shape::of) else {
                        self.findings.push(Finding::new(
                            Code::UnknownKey,
                            entry.place.clone(),
                            format!("there is no key `{path}`"),
                            known(&entry.key, keys),
                        ));
                        return false;
                    };
                    let stays = self.keep(&mut entry.node, of, &path);
                    if !stays {
                        self.faulty.insert(path);
                    }
                    stays
                });
                true
            }
            (Takes::Text | Takes::Flag | Takes::Number | Takes::List | Takes::Map, _) => {
                self.wrong_type(node, shape, path)
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, shape: Shape<'_>, path: &str) -> bool {
        let is = match &node.value {
            Content::Scalar(Value::Null) => "null",
            Content::Scalar(Value::Bool(_)) => "a truth value",
            Content::Scalar(Value::Number(_)) => "a number",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        };
        let (takes, remedy) = match shape.takes() {
            Takes::Text if shape.is_span() => {
                ("a time span", "write a number with its unit, as `30s` or `5m`")
            }
            Takes::Text => ("a text", "put it in quotes"),
            Takes::Flag => ("a truth value", "write `true` or `false`"),
            Takes::Number => ("a number", "write a whole number without quotes or unit"),
            Takes::List => ("a list", "write `[one, two]`"),
            Takes::Map | Takes::Anything => ("a map", "write `key: value` lines, indented"),
        };
        self.report(Code::WrongType, node, format!("{} takes {takes} and got {is}", quoted(path)), remedy)
    }

    fn number(&mut self, node: &Node, shape: Shape<'_>, path: &str) -> bool {
        let Content::Scalar(Value::Number(number)) = &node.value else { return true };
        let Some(number) = number.as_i128() else {
            return self.wrong_type(node, shape, path);
        };
        let bound = |v: Option<&Value>| v.and_then(Value::as_number).and_then(serde_json::Number::as_i128);
        let (least, most) = shape.range();
        let (least, most) = (bound(least).unwrap_or(0), bound(most).unwrap_or(i128::from(u32::MAX)));
        if (least..=most).contains(&number) {
            return true;
        }
        let message = format!("`{path}` is {number}");
        self.report(Code::OutOfRange, node, message, &format!("take a number from {least} to {most}"))
    }

    fn text(&mut self, node: &Node, shape: Shape<'_>, path: &str) -> bool {
        let Content::Scalar(Value::String(text)) = &node.value else { return true };
        if shape.is_span() {
            return match Span::parse(text) {
                Ok(span) => self.span(node, span, shape, path),
                Err(why) => {
                    let message = format!("`{path}` is no time span: {why}");
                    self.report(
                        Code::WrongType,
                        node,
                        message,
                        "write a number with its unit, as `30s` or `5m`",
                    )
                }
            };
        }
        let choices = shape.choices();
        if choices.is_empty() || choices.contains(&text.as_str()) {
            return true;
        }
        let remedy = format!("take one of `{}`", choices.join("`, `"));
        self.report(Code::InvalidValue, node, format!("`{path}` can't be `{}`", text.escape_debug()), &remedy)
    }

    fn span(&mut self, node: &Node, span: Span, shape: Shape<'_>, path: &str) -> bool {
        let bound = |v: Option<&Value>| v.and_then(Value::as_str).and_then(|t| Span::parse(t).ok());
        let (least, most) = shape.range();
        let (least, most) =
            (bound(least).unwrap_or(Span::secs(0)), bound(most).unwrap_or(Span::secs(86_400)));
        if (least..=most).contains(&span) {
            return true;
        }
        let message = format!("`{path}` is {span}");
        self.report(Code::OutOfRange, node, message, &format!("take a time from {least} to {most}"))
    }

    /// Reports and answers that the node can't stay.
    fn report(&mut self, code: Code, node: &Node, message: String, remedy: &str) -> bool {
        self.findings.push(Finding::new(code, node.place.clone(), message, remedy));
        false
    }
}

/// `path` and `key` with a dot between.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn quoted(path: &str) -> String {
    if path.is_empty() { "the whole file".into() } else { format!("`{path}`") }
}

/// What to do about an unknown key: the likeliest known one first.
fn known(key: &str, keys: &Map<String, Value>) -> String {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(key);
    match keys.keys().find(|k| {
        let k = plain(k);
        k == wanted || k.starts_with(&wanted) || wanted.starts_with(&k)
    }) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", keys.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}
