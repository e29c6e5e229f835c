//! The outcome of a request, for logs and metrics.

use crate::refusal::Refusal;

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// The engine, or the gateway in its place, answered with this status.
    Answered(u16),
    /// The gateway said no.
    Refused(&'a Refusal),
    /// The client went away before it had an answer; the engine may have carried the request out.
    Abandoned,
}

impl Outcome<'_> {
    /// Its name in logs and labels.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Answered(status) if status >= 500 => "server_error",
            Outcome::Answered(status) if status >= 400 => "client_error",
            Outcome::Answered(_) => "ok",
            Outcome::Refused(_) => "refused",
            Outcome::Abandoned => "abandoned",
        }
    }

    /// The status that the client got; none where it went away.
    pub(crate) fn status(self) -> Option<u16> {
        match self {
            Outcome::Answered(status) => Some(status),
            Outcome::Refused(refusal) => Some(refusal.kind().status().as_u16()),
            Outcome::Abandoned => None,
        }
    }
}
