//! What is wrong with rules, and where.

use std::fmt;

/// A fault in the rules, with its place and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFinding {
    /// A stable name in kebab-case.
    pub code: &'static str,
    /// The file.
    pub file: String,
    /// The line from 1; 0 where the whole file is meant.
    pub line: usize,
    /// The column from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// A fault without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The finding's code.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

impl Fault {
    /// A fault of a code.
    pub(super) fn new(code: &'static str, what: impl Into<String>, help: &'static str) -> Self {
        Self { code, what: what.into(), help }
    }

    /// The fault as a finding in a file; line 0 is the whole file.
    pub(super) fn at(self, file: &str, line: usize) -> PolicyFinding {
        PolicyFinding {
            code: self.code,
            file: file.to_owned(),
            line,
            column: 1,
            what: self.what,
            help: self.help.to_owned(),
        }
    }
}

impl fmt::Display for PolicyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} [{}]; {}", self.file, self.line, self.what, self.code, self.help)
    }
}
