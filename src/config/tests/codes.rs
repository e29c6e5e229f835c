//! The codes of findings.

use crate::config::codes::FindingCode;

#[test]
fn codes_are_unique_and_kebab_case() {
    let mut seen = std::collections::BTreeSet::new();
    for (code, _) in FindingCode::ALL {
        let (text, ..) = code.entry();
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
        assert!(seen.insert(text), "{text} twice");
    }
}
