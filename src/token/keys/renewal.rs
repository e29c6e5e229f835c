//! The one task per issuer that fetches its keys.
//!
//! In: time, and questions about unknown `kid`s. Out: a new key set in the store, or the old one and a later try.
//! All fetches of an issuer are made here, so there is one at a time, and no reader waits for a lock that is held
//! during a fetch.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::failure::{Cause, Failure};
use super::key_set::KeySet;
use super::store::Store;
use crate::token::clock::Clock;

/// First wait after a failure; doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait of the back-off: an issuer that is back is noticed within a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest `Retry-After` that is honoured while there are keys.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

impl Store {
    /// Marks the first fetch as running, so that requests wait for it. `false` if it was marked before.
    pub(crate) fn begin(&self) -> bool {
        let first = !self.counters.started.swap(true, Ordering::Relaxed);
        if first {
            self.progress.send_modify(|p| p.running = true);
        }
        first
    }

    /// Fetches now, and again and again.
    pub(crate) async fn renew(self: Arc<Self>, clock: Clock) {
        let mut failures = 0;
        loop {
            // Read before the fetch begins: a later question is not answered by it.
            let questions = self.questions();
            self.progress.send_modify(|p| p.running = true);
            let kept = self.source.fetch_keys().await.and_then(|keys| self.keep(keys));
            let wait = match &kept {
                Ok(()) => {
                    failures = 0;
                    self.counters.ok.fetch_add(1, Ordering::Relaxed);
                    self.counters.last_success.store(milliseconds(clock.now()), Ordering::Relaxed);
                    jittered(self.settings.renew_every)
                }
                Err(failure) => {
                    failures += 1;
                    self.count(failure.cause);
                    self.wait_after(failure, failures)
                }
            };
            if let Err(failure) = &kept {
                tracing::warn!(issuer = %self.issuer, %failure, failures, next_try_in = ?wait,
                    keys_kept = self.known_set().map_or(0, |s| s.len()), "keys not renewed");
            }
            let next = Instant::now() + wait;
            self.progress.send_modify(|p| {
                p.running = false;
                p.failed_until = kept.is_err().then_some(next);
                p.served = questions;
            });
            if kept.is_err() {
                // A question does not end the back-off.
                tokio::time::sleep(wait).await;
            } else {
                drop(tokio::time::timeout(wait, self.wanted.notified()).await);
            }
        }
    }

    /// Replaces the keys: what the issuer withdrew is refused from here on.
    fn keep(&self, keys: Vec<jwks_client_rs::JsonWebKey>) -> Result<(), Failure> {
        let (set, odd) = KeySet::new(keys);
        for what in &odd {
            tracing::warn!(issuer = %self.issuer, "{what}; left out");
        }
        // More often a fault at the issuer than the intent to lock everybody out.
        if set.len() == 0 {
            return Err(Failure::new(Cause::Empty, "no usable key"));
        }
        tracing::debug!(issuer = %self.issuer, keys = set.len(), "keys renewed");
        self.set.store(Some(Arc::new(set)));
        Ok(())
    }

    fn wait_after(&self, failure: &Failure, failures: u32) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(6));
        let own = jittered(doubled.min(LONGEST_WAIT).min(self.settings.renew_every));
        // Bounded, or one answer could delay the next fetch until the keys are too old.
        let bound = match self.known_set() {
            Some(_) => LONGEST_RETRY_AFTER.min(self.settings.max_age / 4),
            None => self.settings.renew_every,
        };
        own.max(failure.retry_after.unwrap_or_default().min(bound))
    }

    fn count(&self, cause: Cause) {
        let at = Cause::ALL.iter().position(|c| *c == cause);
        if let Some(counter) = at.and_then(|at| self.counters.failed.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// 80 to 100 % of a time: replicas that start together don't keep fetching together.
fn jittered(time: Duration) -> Duration {
    let mut byte = [0];
    if aws_lc_rs::rand::fill(&mut byte).is_err() {
        return time;
    }
    let [byte] = byte;
    time.mul_f64(0.8 + 0.2 * f64::from(byte) / 255.0)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}
