//! What must hold for any file: the fuzz target and the replay of its seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when the inspector and another XML reader (a library's, and the engine's
//! own where it is available) see two models. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub(super) mod engine;

use std::sync::OnceLock;

use super::{Inspector, encoding, xml};
use crate::config::{Code, SharedResources};

/// A file. What we read, `roxmltree` reads to the same elements, attributes and texts, or refuses; and no file of
/// any kind makes the inspector panic.
pub fn model(data: &[u8]) {
    static INSPECTOR: OnceLock<Inspector> = OnceLock::new();
    let inspector = INSPECTOR
        .get_or_init(|| Inspector::new(Code::Deny, SharedResources::Hidden).expect("the lists are sound"));
    for name in ["a.bpmn", "a.dmn", "a.cmmn", "a.form"] {
        let _ = inspector.inspect(name, data, "tenant");
    }
    let Ok(decoded) = encoding::decode(data) else { return };
    let Ok(ours) = xml::read(&decoded.text, decoded.declaration) else { return };
    as_the_engine(data, &ours, false);
    let text = decoded.text.get(decoded.declaration..).expect("a boundary");
    // A reader that takes less than we do only makes the engine refuse.
    let Ok(other) = roxmltree::Document::parse(text) else { return };
    // Line ends become one (XML 1.0 section 2.11): we leave that to the engine, as no name or value that counts
    // holds one.
    let plain = !text.contains('\r');
    let theirs: Vec<_> = other.descendants().filter(roxmltree::Node::is_element).collect();
    assert_eq!(ours.len(), theirs.len(), "elements");
    for (our, their) in ours.iter().zip(theirs) {
        let name = their.tag_name();
        assert_eq!((&*our.local, &*our.namespace), (name.name(), name.namespace().unwrap_or_default()));
        assert_eq!(our.has_children, their.children().any(|c| c.is_element()), "{}", our.local);
        assert_eq!(our.offset, decoded.declaration + their.range().start, "{}", our.local);
        let text: String = their.children().filter(|c| c.is_text()).filter_map(|c| c.text()).collect();
        assert!(!plain || our.text == text, "{}: {:?} and {text:?}", our.local, our.text);
        let mut our_attributes: Vec<_> =
            our.attributes.iter().map(|a| (&*a.namespace, &*a.local, &*a.value)).collect();
        let mut their_attributes: Vec<_> =
            their.attributes().map(|a| (a.namespace().unwrap_or_default(), a.name(), a.value())).collect();
        our_attributes.sort_unstable();
        their_attributes.sort_unstable();
        if plain {
            assert_eq!(our_attributes, their_attributes, "{}", our.local);
        } else {
            assert_eq!(our_attributes.len(), their_attributes.len(), "{}", our.local);
        }
    }
}

/// What we read, the engine's parser reads to the same elements, or refuses. `strict`: with BPMN's schema, which adds
/// defaults and takes white space away.
fn as_the_engine(data: &[u8], ours: &[xml::Element], strict: bool) -> bool {
    let Some(Some(theirs)) = engine::read(data, strict) else { return false };
    // Line ends become one, which we leave to the engine, too.
    let loose = strict || data.contains(&b'\r');
    let same = |a: &str, b: &str| match loose {
        true => a.split_whitespace().eq(b.split_whitespace()),
        false => a == b,
    };
    assert_eq!(ours.len(), theirs.len(), "elements");
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!((&our.local, &our.namespace), (&their.local, &their.namespace));
        assert!(same(&our.text, &their.text), "{}: {:?} and {:?}", our.local, our.text, their.text);
        for a in &our.attributes {
            let there = |t: &&(String, String, String)| t.0 == a.namespace && t.1 == a.local;
            let value = their.attributes.iter().find(there).map(|(_, _, value)| value);
            assert!(value.is_some_and(|v| same(&a.value, v)), "{} {}: {value:?}", our.local, a.written);
        }
        let defaults = match strict {
            true => their.attributes.len() - our.attributes.len(),
            false => 0,
        };
        assert_eq!(our.attributes.len() + defaults, their.attributes.len(), "{}", our.local);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{as_the_engine, encoding, engine, xml};

    #[test]
    fn replay() {
        crate::fuzzing::replay("model", super::model);
    }

    /// The models of the inspector's own tests hold every construct that counts.
    #[test]
    fn replay_models() {
        let mut seen = 0;
        for folder in ["honest", "hostile"] {
            for file in std::fs::read_dir(format!("tests/data/models/{folder}")).unwrap() {
                super::model(&std::fs::read(file.unwrap().path()).unwrap());
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen} models");
    }

    /// The whole way of a deployment: the engine's parser with BPMN's schema.
    #[test]
    fn the_engine_reads_honest_models_alike() {
        if engine::command("Models").is_none() {
            return;
        }
        let mut seen = 0;
        for file in std::fs::read_dir("tests/data/models/honest").unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "bpmn") {
                let data = std::fs::read(&path).unwrap();
                let decoded = encoding::decode(&data).unwrap();
                let ours = xml::read(&decoded.text, decoded.declaration).unwrap();
                assert!(as_the_engine(&data, &ours, true), "{}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen} models");
    }
}
