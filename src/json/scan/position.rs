//! Where a scalar stands in a document.
//!
//! In: a position as rules write it. Out: its steps from the root.

/// One step of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every element of an array.
    Each,
    /// Every member of an object.
    Any,
    /// The member of this name.
    Name(String),
}

/// A position in a document: the steps from its root.
pub type Position = Vec<Step>;

/// Reads a position as written in rules: `.` the root, `[]` each element, `*` any member, names by dots.
pub fn position(text: &str) -> Position {
    let mut steps = Vec::new();
    for part in text.split('.').filter(|p| !p.is_empty()) {
        let name = part.trim_end_matches("[]");
        match name {
            "" => {}
            "*" => steps.push(Step::Any),
            name => steps.push(Step::Name(name.to_owned())),
        }
        steps.extend(std::iter::repeat_n(Step::Each, (part.len() - name.len()) / 2));
    }
    steps
}
