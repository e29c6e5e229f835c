//! A finding: one fault, or one risk, in what the operator wrote.
//!
//! It has a stable code, a place, a sentence and a remedy, for `check` and for `serve`'s start. It never holds a
//! secret: messages repeat keys and names, and values only where they can't be one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::codes::Code;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The gateway does not start.
    Error,
    /// The gateway starts; the operator should know.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
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
pub struct Finding {
    /// The stable kebab-case code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it was written.
    pub place: Place,
    /// What is wrong; names the key.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// A finding of `code` at `place`, with the remedy of its code.
    pub(super) fn of(code: Code, place: Place, message: String) -> Self {
        let (code, severity, remedy) = code.entry();
        Self { code, severity, place, message, remedy: remedy.to_owned() }
    }

    /// Whether it stops the start.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        writeln!(f, "  --> {}", self.place)?;
        write!(f, "  help: {}", self.remedy)
    }
}
