//! Takes everything out of a tree that the schema does not take, each with a finding, and never stops at the first.
//!
//! What is left can be read into the sections. It knows nothing of what keys mean together.

use std::fmt::Display;

use humantime_serde::re::humantime::{format_duration, parse_duration};
use serde_json::{Map, Value};

use super::codes::FindingCode;
use super::finding::Report;
use super::shape::{Shape, Takes, join};
use super::tree::{Content, Entry, Node};

/// How many letters of a key may be wrong for a hint.
const MOST_EDITS: usize = 3;

/// FindingCode, what is wrong (it goes on after the key's name), and remedy.
type Fault = (FindingCode, String, String);

/// Takes everything out of `tree` that `shape` does not take.
pub(super) fn prune(tree: &mut Node, shape: Shape<'_>, report: &mut Report) {
    if !keep(tree, shape, "", report) {
        tree.value = Content::Map(Vec::new());
        report.faulty.insert(String::new());
    }
}

/// Whether `node` can stay.
fn keep(node: &mut Node, shape: Shape<'_>, path: &str, report: &mut Report) -> bool {
    let fault = match (shape.takes(), &mut node.value) {
        (Takes::List | Takes::TextOrList, Content::List(items)) => {
            let Some(of) = shape.items() else { return true };
            // A list that lost an item would be another list: one faulty item makes the list faulty.
            let items = items.iter_mut().enumerate();
            return items
                .fold(true, |all, (at, item)| keep(item, of, &format!("{path}.{at}"), report) && all);
        }
        (Takes::Map, Content::Map(entries)) => {
            if let Some(keys) = shape.keys() {
                entries.retain_mut(|entry| keep_entry(entry, keys, path, report));
                return true;
            }
            let Some(of) = shape.values() else { return true };
            // As with lists: without one of its entries it would be another map.
            let mut all = true;
            for entry in entries {
                all &= keep(&mut entry.node, of, &join(path, &entry.key), report);
            }
            return all;
        }
        (_, Content::Scalar(Value::Null)) if shape.nullable() => return true,
        // An empty section (`engine:` with all its keys commented out) is a section with defaults.
        (takes @ (Takes::Map | Takes::List), value @ Content::Scalar(Value::Null)) => {
            *value = if takes == Takes::Map { Content::Map(Vec::new()) } else { Content::List(Vec::new()) };
            return true;
        }
        (_, value) => scalar(value, shape),
    };
    let Err((code, what, remedy)) = fault else { return true };
    let name = if path.is_empty() { "the whole file".into() } else { format!("`{path}`") };
    report.add_with(code, node.place.clone(), format!("{name} {what}"), remedy);
    false
}

fn keep_entry(entry: &mut Entry, keys: &Map<String, Value>, path: &str, report: &mut Report) -> bool {
    let path = join(path, &entry.key);
    let Some(shape) = keys.get(&entry.key).map(Shape) else {
        let (place, message) = (entry.place.clone(), format!("there is no key `{path}`"));
        report.add_with(FindingCode::UnknownKey, place, message, known(&entry.key, keys));
        return false;
    };
    keep(&mut entry.node, shape, &path, report) || !report.faulty.insert(path)
}

/// Checks a value that is neither the list nor the map that `shape` takes.
fn scalar(value: &Content, shape: Shape<'_>) -> Result<(), Fault> {
    let Content::Scalar(scalar) = value else { return Err(wrong_type(value, shape)) };
    match (shape.takes(), scalar) {
        (Takes::Flag, Value::Bool(_)) | (Takes::Text | Takes::TextOrList, Value::String(_)) => Ok(()),
        (Takes::Number, Value::Number(number)) => {
            let number = number.as_i128().ok_or_else(|| wrong_type(value, shape))?;
            in_range(&number, shape, |bound| bound.as_number()?.as_i128(), |n| n.to_string())
        }
        (Takes::Time, Value::String(text)) => {
            let time = parse_duration(text).map_err(|why| {
                (FindingCode::WrongType, format!("is not a duration: {why}"), wrong_type(value, shape).2)
            })?;
            in_range(&time, shape, |bound| parse_duration(bound.as_str()?).ok(), |t| format_duration(*t))
        }
        (Takes::Choice, Value::String(text)) if !shape.choices().contains(&text.as_str()) => {
            let remedy = format!("use one of `{}`", shape.choices().join("`, `"));
            Err((FindingCode::InvalidValue, format!("can't be `{}`", text.escape_debug()), remedy))
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
    if let Some((least, most)) = shape.range().and_then(|(least, most)| bound(least).zip(bound(most)))
        && !(&least..=&most).contains(&value)
    {
        let kind = if shape.takes() == Takes::Time { "time" } else { "number" };
        let remedy = format!("use a {kind} from {} to {}", text(&least), text(&most));
        return Err((FindingCode::OutOfRange, format!("is {}", text(value)), remedy));
    }
    Ok(())
}

fn wrong_type(value: &Content, shape: Shape<'_>) -> Fault {
    let is = match value {
        Content::Scalar(Value::Null) => "null",
        Content::Scalar(Value::Bool(_)) => "a boolean",
        Content::Scalar(Value::Number(_)) => "a number",
        Content::Scalar(_) => "a text",
        Content::List(_) => "a list",
        Content::Map(_) => "a map",
    };
    let (takes, remedy) = match shape.takes() {
        Takes::Time => ("a duration", "write a number with a unit, for example `30s` or `5m`"),
        Takes::Text | Takes::Choice => ("a text", "put it in quotes"),
        Takes::Flag => ("a boolean", "write `true` or `false`"),
        Takes::Number => ("a number", "write a whole number without quotes or unit"),
        Takes::List => ("a list", "write `[one, two]`"),
        Takes::TextOrList => ("a text or a list of texts", "write `name` or `[outer, inner]`"),
        Takes::Map => ("a map", "write `key: value` lines, indented"),
    };
    (FindingCode::WrongType, format!("must be {takes}, but is {is}"), remedy.to_owned())
}

/// What to do about an unknown key: the known one that is written most alike, unless it would take a check away. A
/// mistyped `audiences` must never become `audience_optional`.
fn known(key: &str, keys: &Map<String, Value>) -> String {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
    let wanted = plain(key);
    let near = keys
        .iter()
        .filter(|(_, schema)| !Shape(schema).weakens())
        .map(|(name, _)| (strsim::damerau_levenshtein(&plain(name), &wanted), name))
        .min()
        .filter(|(distance, name)| {
            *distance <= MOST_EDITS.min(name.len() / 3) || plain(name).starts_with(&wanted)
        });
    match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => format!("valid keys: {}", keys.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shape;

    fn hint(section: &str, key: &str) -> String {
        let whole = shape::whole();
        let at = section.split('.').filter(|s| !s.is_empty()).fold(Shape(&whole), |shape, key| {
            let of = Shape(&shape.keys().unwrap()[key]);
            of.items().unwrap_or(of)
        });
        known(key, at.keys().unwrap())
    }

    #[test]
    fn a_hint_is_the_key_written_most_alike_and_never_a_weaker_one() {
        for (section, key, meant) in [
            ("issuers", "audience", "audiences"),
            ("issuers", "audiance", "audiences"),
            ("issuers", "jwks_uri", "jwks_url"),
            ("issuers", "Issuer", "issuer"),
            ("issuers", "client_id_claim", "client_id_claims"),
            ("", "issuer", "issuers"),
            ("", "adminListen", "admin_listen"),
            ("tenancy", "tenants_from", "tenant_from"),
            ("tenancy", "batch_key_file", "batch_key_files"),
        ] {
            assert_eq!(hint(section, key), format!("did you mean `{meant}`?"), "{key}");
        }
        for (section, key) in [
            ("issuers", "audience_option"),
            ("issuers", "allow_htp"),
            ("issuers", "allow"),
            ("tenancy", "all_tenant"),
            ("log", "level"),
        ] {
            assert!(hint(section, key).starts_with("valid keys: "), "{key}: {}", hint(section, key));
        }
    }
}
