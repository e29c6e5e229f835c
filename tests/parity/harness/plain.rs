//! Texts of twins made comparable: own ids, new ids and moments are put aside.

use std::collections::BTreeMap;

use serde_json::Value;

/// The text with every known value as `<name>`, every other id as `<id>`, every moment of today as `<moment>`.
pub fn text(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut known: Vec<_> = names.iter().filter(|(_, v)| v.len() > 3).collect();
    known.sort_by_key(|(name, value)| (std::cmp::Reverse(value.len()), (*name).clone()));
    let mut out = text.to_owned();
    for (name, value) in known {
        out = out.replace(value.as_str(), &format!("<{name}>"));
    }
    counted(&moments(&ids(&out)))
}

/// How many instances stand in a deletion's way depends on what was written before.
fn counted(text: &str) -> String {
    // The second is an address in the engine's memory.
    ["there are ", "[B@"].iter().fold(text.to_owned(), |text, words| {
        let Some((before, after)) = text.split_once(words) else { return text };
        let rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        format!("{before}{words}<number>{rest}")
    })
}

fn ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if is_uuid(rest) {
            out.push_str("<id>");
            rest = &rest[36..];
            // A batch's handle carries a signature behind its id.
            let signature = rest.strip_prefix('.').unwrap_or("");
            let end = signature
                .find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
                .unwrap_or(signature.len());
            if end >= 20 {
                rest = &signature[end..];
            }
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A moment is `2026-11-23T15:00:00.000+0000`; years that tests choose themselves are not this one's.
fn moments(text: &str) -> String {
    let year = format!("{}-", 1970 + crate::support::issuer::now() / 31_556_952);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&year) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.len() >= 28 && from.as_bytes()[10] == b'T' && from.is_char_boundary(28) {
            out.push_str("<moment>");
            rest = &from[28..];
        } else {
            out.push_str(&year);
            rest = &from[year.len()..];
        }
    }
    out + rest
}

/// A JSON text, normalised; lists in an order of their own where `sorted`. What is no JSON stays a text.
pub fn json(body: &str, names: &BTreeMap<String, String>, sorted: bool) -> Value {
    let text = text(body, names);
    let mut value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    tidy(&mut value, sorted);
    value
}

fn tidy(value: &mut Value, sorted: bool) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                // How long something took differs from run to run.
                if ["durationInMillis", "duration", "sequenceCounter"].contains(&name.as_str())
                    && inner.is_number()
                {
                    *inner = Value::String("<number>".into());
                }
                tidy(inner, sorted);
            }
        }
        Value::Array(list) => {
            list.iter_mut().for_each(|v| tidy(v, sorted));
            if sorted {
                list.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}
