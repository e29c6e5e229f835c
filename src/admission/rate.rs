//! A tenant's rate: how many of its requests begin in a second.
//!
//! The generic cell rate algorithm: of each tenant only the time is kept at which its requests so far would have been due,
//! at an even pace. Who is at most a second ahead of it may go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::refusal::{Kind, Refusal};
use crate::tenancy::ShareOf;

/// How far ahead of an even pace a tenant may be: a burst of a second's requests.
pub(super) const AHEAD: Duration = Duration::from_secs(1);
/// Tenants above which those that are not ahead are forgotten.
const MANY: usize = 1024;

/// The rates of all tenants; clones count together. Off, where there is no limit.
#[derive(Clone)]
pub(crate) struct Rates {
    /// Time from one request to the next at an even pace.
    step: Option<Duration>,
    due: Arc<Mutex<Due>>,
}

/// When each tenant's requests so far would have been due.
struct Due {
    times: HashMap<ShareOf, Instant>,
    /// More tenants than this are looked through.
    many: usize,
}

impl Rates {
    /// So many requests a second for each tenant; none: any number.
    pub(crate) fn new(a_second: Option<u32>) -> Self {
        let step = a_second.map(|number| AHEAD / number.max(1));
        Self { step, due: Arc::new(Mutex::new(Due { times: HashMap::new(), many: MANY })) }
    }

    /// A request begins.
    ///
    /// # Errors
    /// [`Kind::TooFast`] for one that is too far ahead.
    pub(crate) fn take(&self, of: &ShareOf, now: Instant) -> Result<(), Refusal> {
        let Some(step) = self.step else { return Ok(()) };
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.times.len() >= due.many {
            due.times.retain(|_, due| *due > now);
            // Not again for each request of many that are all ahead.
            due.many = MANY.max(due.times.len() * 2);
        }
        let next = due.times.get(of).copied().unwrap_or(now).max(now) + step;
        let ahead = next.duration_since(now);
        if ahead > AHEAD {
            return Err(too_fast(ahead - AHEAD));
        }
        due.times.insert(of.clone(), next);
        Ok(())
    }
}

/// The refusal of a request that comes so much too early.
pub(super) fn too_fast(early: Duration) -> Refusal {
    let what = "your tenant sends more requests a second than it may; slow down";
    let seconds = u32::try_from(early.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
    Refusal::new(Kind::TooFast, what).retry_after(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::Tenant;

    fn share(tenant: &str) -> ShareOf {
        ShareOf::Tenant(Tenant::parse(tenant, &[]).unwrap())
    }

    #[test]
    fn a_tenant_has_a_burst_and_then_its_rate() {
        let rates = Rates::new(Some(10));
        let now = Instant::now();
        let let_through =
            |tenant: &str, now| (0..100).take_while(|_| rates.take(&share(tenant), now).is_ok()).count();
        assert_eq!(let_through("A", now), 10);
        let refusal = rates.take(&share("A"), now).unwrap_err();
        assert_eq!((refusal.kind(), refusal.retry_after_seconds()), (Kind::TooFast, Some(1)));
        // The twin: another tenant, and a moment later.
        assert_eq!(let_through("B", now), 10);
        assert_eq!(let_through("A", now + Duration::from_millis(300)), 3);
        // What is not used is not saved.
        assert_eq!(let_through("A", now + Duration::from_secs(60)), 10);
        assert!((0..1000).all(|_| Rates::new(None).take(&share("A"), now).is_ok()));
    }

    #[test]
    fn tenants_that_are_not_ahead_take_no_memory() {
        let rates = Rates::new(Some(10));
        let now = Instant::now();
        for number in 0..MANY {
            rates.take(&share(&format!("t{number}")), now).unwrap();
        }
        rates.take(&share("late"), now + AHEAD).unwrap();
        assert_eq!(rates.due.lock().unwrap().times.len(), 1);
    }
}
