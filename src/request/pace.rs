//! How slowly a client may send a body: the time between two pieces, and a least rate.
//!
//! Only the time in which the gateway waits for the client counts: an engine that reads slowly is not the client's fault.

use std::time::Duration;

use crate::config::Limits;
use crate::refusal::{Kind, Refusal};

/// The pace of one body.
pub struct Pace {
    pub(super) idle: Duration,
    /// Least bytes a second; 0: any.
    rate: u64,
    /// The rate is that of so much waiting.
    window: Duration,
    /// Since the window began.
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// As the settings have it.
    pub(crate) fn of(limits: &Limits) -> Self {
        Self::new(limits.body_idle_timeout, limits.min_body_bytes_per_second, limits.body_rate_window)
    }

    /// Any: there is no client.
    pub(crate) fn any() -> Self {
        Self::new(Duration::MAX, 0, Duration::MAX)
    }

    fn new(idle: Duration, rate: u64, window: Duration) -> Self {
        Self { idle, rate, window, waited: Duration::ZERO, bytes: 0 }
    }

    /// A piece came after a wait.
    ///
    /// # Errors
    /// [`Kind::ClientTooSlow`] when a window has ended with less than the rate asks for.
    pub(super) fn piece(&mut self, waited: Duration, bytes: usize) -> Result<(), Refusal> {
        self.waited += waited;
        self.bytes += bytes as u64;
        if self.waited < self.window {
            return Ok(());
        }
        let least = u128::from(self.rate) * self.waited.as_millis() / 1000;
        if u128::from(self.bytes) < least {
            let what = format!("the body arrives at less than {} bytes a second", self.rate);
            return Err(Refusal::new(Kind::ClientTooSlow, what));
        }
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    /// Pieces that are let through before the client is too slow; at most 1000.
    fn let_through(rate: u64, wait: Duration, bytes: usize) -> usize {
        let mut pace = Pace::new(WINDOW, rate, WINDOW);
        (0..1000).take_while(|_| pace.piece(wait, bytes).is_ok()).count()
    }

    #[test]
    fn a_body_that_drips_ends_with_its_window() {
        let second = Duration::from_secs(1);
        assert_eq!(let_through(100, second, 99), 29);
        assert_eq!(let_through(100, 29 * second, 1), 1);
        // The twins.
        assert_eq!(let_through(100, second, 100), 1000);
        assert_eq!(let_through(0, 29 * second, 1), 1000);
        // What is waited for the engine is no wait for the client.
        assert_eq!(let_through(100, Duration::ZERO, 1), 1000);
        // A pause is made up for within the window.
        let mut pace = Pace::new(WINDOW, 100, WINDOW);
        pace.piece(20 * second, 4000).unwrap();
        pace.piece(20 * second, 0).unwrap();
        assert!(pace.piece(30 * second, 2999).is_err());
    }
}
