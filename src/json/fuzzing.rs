//! What must hold for any JSON text: the fuzz targets and the replay of their seeds call these.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Json;
use super::scan::{Position, Scan, Step, Stop, Verdict, position};

const DEPTH: usize = 100;

/// A body. What we take is JSON to another reader, too, and the same document; written, it is the same again.
pub fn body(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(ours) = super::read(&bytes, DEPTH) else { return };
    let names = if let Json::Object(members) = &ours {
        members.iter().map(|m| m.0.as_str()).collect()
    } else {
        vec!["a"]
    };
    for name in names.into_iter().take(20) {
        assert_eq!(super::member(&bytes, DEPTH, name).as_ref(), Ok(&ours.member(name).cloned()), "{name}");
    }
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    serde_json::from_slice::<IgnoredAny>(text).expect("another reader takes it");
    let written = Bytes::from(ours.write());
    assert_eq!(super::read(&written, DEPTH).as_ref(), Ok(&ours), "written and read again");
    // The other reader knows no unpaired surrogates and no numbers past a double.
    if let Ok(theirs) = serde_json::from_slice::<Value>(text) {
        same(&ours, &theirs);
    }
}

fn same(ours: &Json, theirs: &Value) {
    match (ours, theirs) {
        (Json::Object(ours), Value::Object(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            ours.iter().for_each(|(key, value)| same(value, theirs.get(key).expect("the key")));
        }
        (Json::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            ours.iter().zip(theirs).for_each(|(ours, theirs)| same(ours, theirs));
        }
        (Json::Leaf(text), theirs) => {
            assert_eq!(&serde_json::from_slice::<Value>(text).expect("JSON"), theirs);
        }
        (ours, theirs) => panic!("{ours:?} is {theirs}"),
    }
}

/// An answer that streams; its first byte says how it is cut. What is kept passes byte by byte, however it is cut;
/// in a document that can be read whole, exactly the watched scalars are seen.
pub fn answer(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let watched = ["[].a", "a", "*.a[]", "a.b", "."];
    let positions: Vec<Position> = watched.iter().map(|p| position(p).expect("a position")).collect();
    let whole = scanned(&positions, data, data.len());
    assert_eq!(whole, scanned(&positions, data, usize::from(*cut) + 1), "cut or not");
    if let Ok((_, out, _)) = &whole {
        assert_eq!(out, data);
    }
    let Ok(tree) = super::read(&Bytes::copy_from_slice(data), DEPTH) else { return };
    if data.starts_with(b"\xEF\xBB\xBF") || data.len() > 60_000 {
        return;
    }
    let (mut seen, _, complete) = whole.expect("a document");
    assert!(complete);
    let mut expected = Vec::new();
    for (number, position) in positions.iter().enumerate() {
        leaves(&tree, position, &mut |text| expected.push((number, text.to_vec())));
    }
    // A scalar that two positions name is shown once, for the first.
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

type Scanned = (Vec<(usize, Vec<u8>)>, Vec<u8>, bool);

fn scanned(positions: &[Position], data: &[u8], cut: usize) -> Result<Scanned, Stop> {
    let mut scan = Scan::new(positions.into());
    let (mut seen, mut out) = (Vec::new(), Vec::new());
    let mut keep = |number: usize, text: &[u8]| {
        seen.push((number, text.to_vec()));
        Verdict::Keep
    };
    for piece in data.chunks(cut.max(1)) {
        out.extend_from_slice(&scan.piece(&Bytes::copy_from_slice(piece), &mut keep)?);
    }
    out.extend_from_slice(&scan.finish(&mut keep)?);
    Ok((seen, out, scan.complete()))
}

fn leaves(json: &Json, steps: &[Step], found: &mut impl FnMut(&[u8])) {
    match (json, steps.split_first()) {
        (Json::Leaf(text), None) => found(text),
        (Json::Object(members), Some((Step::Any, rest))) => {
            members.iter().for_each(|(_, value)| leaves(value, rest, found));
        }
        (Json::Object(members), Some((Step::Name(name), rest))) => {
            members.iter().filter(|(key, _)| key == name).for_each(|(_, value)| leaves(value, rest, found));
        }
        (Json::Array(elements), Some((Step::Each, rest))) => {
            elements.iter().for_each(|value| leaves(value, rest, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn replay() {
        crate::fuzzing::replay("json_body", super::body);
        crate::fuzzing::replay("json_answer", super::answer);
    }
}
