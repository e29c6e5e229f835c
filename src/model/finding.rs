//! What the inspection of a model can find, and the refusal that it becomes.
//!
//! In: a place in a file and what is wrong there. Out: a sentence for the caller, and all of a deployment's
//! findings as one [`Refusal`]. Never the text of another tenant: only what the caller itself sent is quoted, cut
//! short.

use std::borrow::Cow;
use std::fmt;

use crate::refusal::{Kind, Refusal};

/// Most characters of a caller's own text that a finding quotes.
const QUOTE: usize = 60;
/// Most characters of a sentence that a library wrote about the caller's file.
const SENTENCE: usize = 300;
/// Most findings that a refusal's message spells out; the rest is counted.
const SPELLED_OUT: usize = 20;
/// Longest message of a refusal, in bytes.
const MESSAGE: usize = 8 * 1024;

/// What a reader does not take, in a sentence without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotTaken(Cow<'static, str>);

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotTaken {}

impl From<&'static str> for NotTaken {
    fn from(what: &'static str) -> Self {
        Self(what.into())
    }
}

impl From<String> for NotTaken {
    fn from(what: String) -> Self {
        Self(what.into())
    }
}

/// One thing in a file that may not be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFinding {
    /// The resource's name, as it would be sent on.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The element's local name; empty where the file could not be read that far.
    pub element: String,
    /// The id of the element, or of the nearest one around it.
    pub id: Option<String>,
    /// The attribute, with its prefix as written; none: the element itself or its text.
    pub attribute: Option<String>,
    /// A stable kebab-case code.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do instead.
    pub remedy: String,
}

impl fmt::Display for ModelFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", shortened(&self.file), self.line, self.column)?;
        if !self.element.is_empty() {
            write!(f, "<{}>", shortened(&self.element))?;
            if let Some(id) = &self.id {
                write!(f, " (in `{}`)", shortened(id))?;
            }
            if let Some(attribute) = &self.attribute {
                write!(f, " attribute `{}`", shortened(attribute))?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}; {} [{}]", self.what, self.remedy, self.code)
    }
}

/// The caller's own text, cut short and without control characters: it ends in logs and terminals.
pub(crate) fn shortened(text: &str) -> String {
    cut(text, QUOTE)
}

/// A sentence that may quote more than one of the caller's texts, cut likewise.
pub(crate) fn sentence(text: &str) -> String {
    cut(text, SENTENCE)
}

fn cut(text: &str, most: usize) -> String {
    let mut out: String =
        text.chars().take(most).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// The refusal that names every finding of a deployment (the first twenty in full, the others counted).
pub fn refusal(findings: &[ModelFinding]) -> Refusal {
    let mut message = String::from("the deployment was refused: ");
    let mut written = 0;
    for finding in findings.iter().take(SPELLED_OUT) {
        let text = finding.to_string();
        if written > 0 && message.len() + text.len() > MESSAGE {
            break;
        }
        if written > 0 {
            message.push_str("; ");
        }
        message.push_str(&text);
        written += 1;
    }
    if findings.len() > written {
        message.push_str(&format!("; and {} more", findings.len() - written));
    }
    Refusal::new(Kind::Model, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: usize) -> ModelFinding {
        ModelFinding {
            file: "a.bpmn".into(),
            line,
            column: 7,
            element: "serviceTask".into(),
            id: Some("T1".into()),
            attribute: Some("camunda:class".into()),
            code: "code",
            what: "`class` runs code".into(),
            remedy: "use an external task".into(),
        }
    }

    #[test]
    fn a_refusal_names_file_line_element_attribute_and_remedy() {
        let refusal = refusal(&[finding(3)]);
        assert_eq!(refusal.kind(), Kind::Model);
        for part in ["a.bpmn:3:7", "<serviceTask>", "`T1`", "`camunda:class`", "use an external task"] {
            assert!(refusal.message().contains(part), "{part}: {}", refusal.message());
        }
    }

    #[test]
    fn a_refusal_is_capped_and_counts_the_rest() {
        let many: Vec<_> = (1..=500).map(finding).collect();
        let refusal = refusal(&many);
        assert!(refusal.message().len() < MESSAGE + 1024);
        assert!(refusal.message().ends_with("; and 480 more"), "{}", refusal.message());
    }

    #[test]
    fn quoted_text_is_short_and_without_control_characters() {
        assert_eq!(shortened("a\u{1b}[31m\nb"), "a\u{FFFD}[31m\u{FFFD}b");
        assert_eq!(shortened(&"x".repeat(200)).chars().count(), QUOTE + 1);
    }
}
