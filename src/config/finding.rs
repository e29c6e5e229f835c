//! A finding: one fault, or one risk, in what the operator wrote.
//!
//! It has a stable code, a place, a sentence and a remedy, for `check` and for `serve`'s start. It never holds a
//! secret: messages repeat keys and names, and values only where they can't be one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::codes::{FindingCode, Severity};

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In a file. Line and column count from 1; 0 when the whole file is meant.
    File {
        /// The file as the operator named it.
        path: Arc<PathBuf>,
        /// The line.
        line: u64,
        /// The column, in characters.
        column: u64,
    },
    /// In an environment variable.
    Variable(Arc<str>),
    /// In a command line flag.
    Flag(&'static str),
    /// Nowhere: it was left out.
    Missing,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Missing => f.write_str("not set"),
        }
    }
}

/// One fault or risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The stable kebab-case code.
    pub(crate) code: &'static str,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Where it was written.
    pub(crate) place: Place,
    /// What is wrong; names the key.
    pub(crate) message: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Finding {
    /// Whether it stops the start.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// What a run found.
#[derive(Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    /// Faulty keys that were taken out, as `engine.url`: what they should be is unknown, so no check says that they
    /// are missing. The empty name is the whole file.
    pub(super) faulty: BTreeSet<String>,
}

impl Report {
    /// Adds a finding with the remedy of its code.
    pub(super) fn add(&mut self, code: FindingCode, place: Place, message: String) {
        self.add_with(code, place, message, code.entry().2.to_owned());
    }

    /// Adds a finding with a remedy of its own.
    pub(super) fn add_with(&mut self, code: FindingCode, place: Place, message: String, remedy: String) {
        let (code, severity, _) = code.entry();
        self.findings.push(Finding { code, severity, place, message, remedy });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        writeln!(f, "  --> {}", self.place)?;
        write!(f, "  help: {}", self.remedy)
    }
}
