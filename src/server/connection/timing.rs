//! How long a connection waits for its client.

use std::time::Duration;

use crate::config::Limits;

/// At the least, and at most twice as long. Longer than the 60 seconds that proxies in front wait by their defaults, so that it is they who close: a request that is
/// just being sent over a connection that closes would be lost.
const IDLE: Duration = Duration::from_secs(75);
/// Before the first request, where places are short: nobody who means well connects and says nothing.
const FIRST: Duration = Duration::from_secs(5);
/// A head, from its first byte to its last.
const HEAD: Duration = Duration::from_secs(5);
/// Until a connection that is no longer used is closed, whatever its client does.
const LINGER: Duration = Duration::from_secs(5);

/// The times.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Timing {
    /// Between two requests.
    pub(super) idle: Duration,
    /// Before the first request, where places are short.
    pub(super) first: Duration,
    /// For a head.
    pub(super) head: Duration,
    /// Between two pieces that the client takes of an answer.
    pub(super) reply: Duration,
    /// For the end.
    pub(super) linger: Duration,
}

impl Timing {
    pub(in crate::server) fn new(limits: &Limits) -> Self {
        Self { idle: IDLE, first: FIRST, head: HEAD, reply: limits.reply_idle_timeout, linger: LINGER }
    }
}
