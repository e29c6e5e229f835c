//! The wall clock, in one place.
//!
//! Out: seconds since 1970. Tests can step it; no check of a token reads another. Ages (of keys, of
//! remembered tokens) run on the monotonic clock instead, so a stepped wall clock neither ages nor revives them.

use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock. Clones share their step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    #[cfg(test)]
    step: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl Clock {
    /// Seconds since 1970. A clock before 1970 reads as 0, where every token is too early.
    pub(crate) fn now(&self) -> f64 {
        #[allow(clippy::disallowed_methods, reason = "here it is read")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        #[cfg(test)]
        #[allow(clippy::cast_precision_loss)]
        let now = now + self.step.load(std::sync::atomic::Ordering::Relaxed) as f64;
        now
    }

    /// Steps the clock, as an administrator or a time server would.
    #[cfg(test)]
    pub(crate) fn step(&self, seconds: i64) {
        self.step.fetch_add(seconds, std::sync::atomic::Ordering::Relaxed);
    }
}
