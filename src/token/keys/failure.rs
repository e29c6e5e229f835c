//! Why a fetch brought no keys.

use std::error::Error;
use std::time::Duration;

/// Why, in few words: the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection.
    Connect,
    /// Not answered in time, whole.
    Timeout,
    /// Answered with another status than 200; a redirect is one, too.
    Status,
    /// Larger than the limit.
    TooLarge,
    /// Not a key set (or not a discovery document).
    Content,
    /// Not one usable key.
    Empty,
    /// The discovery document belongs to another issuer, or names an address that may not be asked.
    Discovery,
    /// Something else.
    Other,
}

impl Cause {
    /// All causes, for the metrics.
    pub(crate) const ALL: &'static [Cause] = &[
        Cause::Connect,
        Cause::Timeout,
        Cause::Status,
        Cause::TooLarge,
        Cause::Content,
        Cause::Empty,
        Cause::Discovery,
        Cause::Other,
    ];

    /// The metric's label.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Cause::Connect => "connect",
            Cause::Timeout => "timeout",
            Cause::Status => "status",
            Cause::TooLarge => "too-large",
            Cause::Content => "content",
            Cause::Empty => "empty",
            Cause::Discovery => "discovery",
            Cause::Other => "other",
        }
    }
}

/// A fetch that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) cause: Cause,
    /// How long the issuer asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// For the log.
    pub(crate) detail: String,
    /// The error beneath, if there is one.
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure without waiting time.
    pub(crate) fn new(cause: Cause, detail: impl std::fmt::Display) -> Self {
        Self { cause, retry_after: None, detail: detail.to_string(), source: None }
    }

    /// With the error that led to it.
    pub(crate) fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.cause.label(), self.detail)
    }
}
