//! Whether one network address of the engine is used, or left out for a while.
//!
//! In: what came of connecting to it and of asking it for its version. It never counts what requests come to: a tenant
//! may make those slow, or break them, and must not be able to take the engine from the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an address is left out before it is tried: at first, and at the most. The gateway tries by itself, so no
/// request pays for a short time.
const SPANS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// Time between two checks of an address that is in use.
const BETWEEN: Duration = Duration::from_secs(1);

/// What an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    LeftOut,
    UsedAgain,
}

#[derive(Debug, Default)]
struct State {
    /// It is left out until then, for so long.
    out: Option<(Instant, Duration)>,
    /// One check at a time.
    checking: bool,
    checked: Option<Instant>,
}

/// The circuit of an address.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// Read for each request; all else is under the lock.
    open: AtomicBool,
    state: Mutex<State>,
}

impl Circuit {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is left out.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Time until it is tried again.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.state().out.map_or(Duration::ZERO, |(until, _)| until.saturating_duration_since(now))
    }

    /// Whether a trial of an address that is left out is due: it is the caller's to make.
    pub(super) fn trial_is_due(&self, now: Instant) -> bool {
        let mut state = self.state();
        let due = !state.checking && state.out.is_some_and(|(until, _)| until <= now);
        state.checking |= due;
        due
    }

    /// Whether an address in use has to be checked, for a request over it came to nothing: it is the caller's to make.
    pub(super) fn is_suspect(&self, now: Instant) -> bool {
        let mut state = self.state();
        let lately = state.checked.is_some_and(|at| now.duration_since(at) < BETWEEN);
        let due = !state.checking && !lately && state.out.is_none();
        state.checking |= due;
        due
    }

    /// It can't be connected to, or does not answer.
    pub(super) fn failed(&self, now: Instant) -> Change {
        let mut state = self.state();
        (state.checking, state.checked) = (false, Some(now));
        let (span, change) = match state.out {
            None => (SPANS.0, Change::LeftOut),
            // Many requests may fail to connect at one time: that counts once.
            Some((until, _)) if until > now => return Change::None,
            Some((_, span)) => ((span * 2).min(SPANS.1), Change::None),
        };
        state.out = Some((now + span, span));
        self.open.store(true, Ordering::Relaxed);
        change
    }

    /// It answered a check.
    pub(super) fn works(&self, now: Instant) -> Change {
        let mut state = self.state();
        (state.checking, state.checked) = (false, Some(now));
        self.open.store(false, Ordering::Relaxed);
        if state.out.take().is_some() { Change::UsedAgain } else { Change::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_is_left_out_for_longer_and_longer_up_to_a_bound() {
        let circuit = Circuit::default();
        let mut now = Instant::now();
        assert!(!circuit.is_open() && !circuit.trial_is_due(now));
        assert_eq!(circuit.failed(now), Change::LeftOut);
        // The others that were on their way.
        assert_eq!(circuit.failed(now), Change::None);
        for seconds in [1, 2, 4, 5, 5] {
            assert!(circuit.is_open());
            assert_eq!(circuit.remaining(now), Duration::from_secs(seconds));
            assert!(!circuit.trial_is_due(now + Duration::from_millis(seconds * 1000 - 1)));
            now += Duration::from_secs(seconds);
            // One trial at a time.
            assert!(circuit.trial_is_due(now) && !circuit.trial_is_due(now));
            assert_eq!(circuit.failed(now), Change::None);
        }
        now += Duration::from_secs(5);
        assert!(circuit.trial_is_due(now));
        assert_eq!(circuit.works(now), Change::UsedAgain);
        assert!(!circuit.is_open() && circuit.remaining(now).is_zero());
        // It begins anew.
        assert_eq!(circuit.failed(now), Change::LeftOut);
        assert_eq!(circuit.remaining(now), Duration::from_secs(1));
    }

    #[test]
    fn an_address_under_suspicion_is_used_until_its_check_fails() {
        let circuit = Circuit::default();
        let now = Instant::now();
        assert!(circuit.is_suspect(now) && !circuit.is_suspect(now));
        assert!(!circuit.is_open());
        assert_eq!(circuit.works(now), Change::None);
        // Requests that fail one after the other don't make a flood of checks.
        assert!(!circuit.is_suspect(now + Duration::from_millis(999)));
        let later = now + BETWEEN;
        assert!(circuit.is_suspect(later));
        assert_eq!(circuit.failed(later), Change::LeftOut);
        assert!(circuit.is_open() && !circuit.is_suspect(later + BETWEEN));
    }
}
