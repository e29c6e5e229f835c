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

/// A text that is no position.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a position: `.` the root, `[]` each element, `a.b` a member, `*` any member")]
pub struct NoPosition(String);

/// Reads a position as written in rules: `.` the root, `[]` each element, `*` any member, names by dots.
///
/// # Errors
/// The text is none: a step without name, or a bracket or star inside one.
pub fn position(text: &str) -> Result<Position, NoPosition> {
    if text == "." {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    for (n, part) in text.split('.').enumerate() {
        let name = part.trim_end_matches("[]");
        match name {
            // `[]` stands behind a name, or alone at the root.
            "" if n == 0 && !part.is_empty() => {}
            "*" => steps.push(Step::Any),
            _ if name.is_empty() || name.contains(['*', '[', ']']) || name.contains(char::is_whitespace) => {
                return Err(NoPosition(text.to_owned()));
            }
            name => steps.push(Step::Name(name.to_owned())),
        }
        steps.extend(std::iter::repeat_n(Step::Each, (part.len() - name.len()) / 2));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::{NoPosition, Step, position};

    #[test]
    fn positions_are_steps_from_the_root() {
        let name = |text: &str| Step::Name(text.into());
        for (text, steps) in [
            (".", vec![]),
            ("[]", vec![Step::Each]),
            ("[][]", vec![Step::Each, Step::Each]),
            ("*", vec![Step::Any]),
            ("a", vec![name("a")]),
            ("a.b[]", vec![name("a"), name("b"), Step::Each]),
            ("[].links.*", vec![Step::Each, name("links"), Step::Any]),
            ("*[].a", vec![Step::Any, Step::Each, name("a")]),
        ] {
            assert_eq!(position(text).unwrap(), steps, "{text}");
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in ["", "..", "a.", ".a", "a..b", "a.[]", "[", "a]", "[]a", "a[]b", "**", "*a", "a b", "[ ]"]
        {
            assert_eq!(position(text), Err(NoPosition(text.into())), "{text}");
        }
    }
}
