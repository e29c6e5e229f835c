//! What must hold for any file: the fuzz target and the replay of its seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when the inspector and another XML reader see two models. Compiled for
//! tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use super::{Inspector, encoding, xml};
use crate::config::{Code, SharedResources};

/// A file. What we read, `roxmltree` reads to the same elements, attributes and texts, or refuses; and no file of
/// any kind makes the inspector panic.
pub fn model(data: &[u8]) {
    for name in ["a.bpmn", "a.dmn", "a.cmmn", "a.form"] {
        let inspector = Inspector::new(Code::Deny, SharedResources::Hidden).expect("the lists are sound");
        let _ = inspector.inspect(name, data, "tenant");
    }
    let Ok(decoded) = encoding::decode(data) else { return };
    let Ok(ours) = xml::read(&decoded.text, decoded.declaration) else { return };
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

#[cfg(test)]
mod tests {
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
}
