//! Why a key set could not be had, through a trait that only has words for it.
//!
//! `jwks_client_rs` lets others make its error from `jsonwebtoken`'s only, and that one holds a text. So the text
//! carries cause, waiting time and detail, and is read back here; a source of another make has none of it and
//! becomes [`Cause::Other`].

use std::error::Error as _;
use std::time::Duration;

use jsonwebtoken::errors::{Error, ErrorKind};
use jwks_client_rs::JwksClientError;

/// Why, in few words: the metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
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
    pub const ALL: &'static [Cause] = &[
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
    pub const fn label(self) -> &'static str {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) cause: Cause,
    /// How long the issuer asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// For the log.
    pub(crate) detail: String,
}

impl Failure {
    /// A failure without waiting time.
    pub(crate) fn new(cause: Cause, detail: impl std::fmt::Display) -> Self {
        Self { cause, retry_after: None, detail: detail.to_string() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.cause.label(), self.detail)
    }
}

impl From<Failure> for JwksClientError {
    fn from(failure: Failure) -> Self {
        let wait = failure.retry_after.map(|d| d.as_secs().to_string()).unwrap_or_default();
        let text = format!("{}|{wait}|{}", failure.cause.label(), failure.detail);
        Error::from(ErrorKind::Provider(text)).into()
    }
}

impl From<&JwksClientError> for Failure {
    fn from(error: &JwksClientError) -> Self {
        let carried = error.source().and_then(|e| e.downcast_ref::<Error>()).map(Error::kind);
        if let Some(ErrorKind::Provider(text)) = carried {
            let mut parts = text.splitn(3, '|');
            let cause = parts.next().and_then(|l| Cause::ALL.iter().find(|c| c.label() == l));
            let wait = parts.next();
            if let (Some(cause), Some(wait), Some(detail)) = (cause, wait, parts.next()) {
                let retry_after = wait.parse().ok().map(Duration::from_secs);
                return Self { cause: *cause, retry_after, detail: detail.to_owned() };
            }
        }
        Self::new(Cause::Other, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_way_through_the_trait() {
        for cause in Cause::ALL {
            for retry_after in [None, Some(Duration::from_secs(7))] {
                let sent = Failure { cause: *cause, retry_after, detail: "a|b: c".into() };
                assert_eq!(Failure::from(&JwksClientError::from(sent.clone())), sent);
            }
        }
    }

    #[test]
    fn another_sources_error_has_no_cause() {
        let error = JwksClientError::from(Error::from(ErrorKind::Provider("boom".into())));
        assert_eq!(Failure::from(&error).cause, Cause::Other);
    }
}
