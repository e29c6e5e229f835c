//! A tenant's share: how many of its requests may be under way, so that one can't starve the others.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::refusal::{Kind, Refusal};
use crate::tenancy::ShareOf;

/// Requests under way, by tenant and sort.
#[derive(Debug, Default)]
struct Counts {
    taken: Mutex<HashMap<(ShareOf, bool), Places>>,
    /// Told when a place is given back.
    freed: Notify,
}

/// What one tenant has of a sort.
#[derive(Debug, Default)]
struct Places {
    taken: usize,
    /// Until when the engine may go on with requests whose clients have left.
    left: Vec<Instant>,
}

impl Places {
    /// Forgets those that the engine must have ended.
    fn prune(&mut self) {
        if !self.left.is_empty() {
            let now = Instant::now();
            self.left.retain(|until| *until > now);
        }
    }

    fn is_empty(&self) -> bool {
        self.taken == 0 && self.left.is_empty()
    }
}

/// Counts requests under way; clones count together. Only tenants with requests under way take memory.
#[derive(Clone)]
pub(crate) struct Shares {
    counts: Arc<Counts>,
    requests: usize,
    long_polls: usize,
}

/// A place in the share; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    counts: Arc<Counts>,
    key: (ShareOf, bool),
    /// How long the engine may go on with it when it is dropped now.
    goes_on: Option<Duration>,
}

impl Share {
    /// As [`Place::at_work`](super::Place::at_work).
    pub(super) fn at_work(&mut self, goes_on: Duration) {
        self.goes_on = Some(goes_on);
    }

    /// The engine has answered.
    pub(super) fn answered(&mut self) {
        self.goes_on = None;
    }
}

impl Shares {
    /// Shares of so many requests and long polls.
    pub(crate) fn new(requests: usize, long_polls: usize) -> Self {
        Self { counts: Arc::default(), requests, long_polls }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`] when the share is used up.
    pub(crate) fn take(&self, of: &ShareOf, long_poll: bool) -> Result<Share, Refusal> {
        let limit = if long_poll { self.long_polls } else { self.requests };
        let key = (of.clone(), long_poll);
        let mut counts = self.counts.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let places = counts.entry(key.clone()).or_default();
        // Those whose clients have left are bounded by themselves: one that hangs up has its place again at once.
        if places.left.len() >= limit {
            places.prune();
        }
        if places.taken >= limit || places.left.len() >= limit {
            return Err(no_place(limit));
        }
        places.taken += 1;
        Ok(Share { counts: self.counts.clone(), key, goes_on: None })
    }

    /// Takes a place, if need be when another request of the tenant gives one back.
    ///
    /// # Errors
    /// [`Kind::TooManyRequests`] when none was given back for so long.
    pub(crate) async fn wait(
        &self,
        of: &ShareOf,
        long_poll: bool,
        timeout: Duration,
    ) -> Result<Share, Refusal> {
        let until = tokio::time::Instant::now() + timeout;
        loop {
            // From here on nothing that is given back is missed.
            let freed = self.counts.freed.notified();
            let refusal = match self.take(of, long_poll) {
                Ok(share) => return Ok(share),
                Err(refusal) => refusal,
            };
            if tokio::time::timeout_at(until, freed).await.is_err() {
                return Err(refusal);
            }
        }
    }
}

/// The refusal of a request for which so many others leave no place.
pub(super) fn no_place(limit: usize) -> Refusal {
    let what = format!("{limit} of your requests are in progress; wait until one has finished");
    Refusal::new(Kind::TooManyRequests, what).retry_after(1)
}

/// What is under way now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Long polls.
    pub long_polls: usize,
    /// Tenants with a request or long poll.
    pub tenants: usize,
}

impl Shares {
    /// What is under way now, for the metrics.
    pub(crate) fn taken(&self) -> Taken {
        let mut counts = self.counts.taken.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, places| {
            places.prune();
            !places.is_empty()
        });
        let long_polls = counts.iter().filter(|((_, long_poll), _)| *long_poll).map(|(_, p)| p.taken).sum();
        let busy = counts.iter().filter(|(_, places)| places.taken > 0);
        let tenants: HashSet<&ShareOf> = busy.map(|((of, _), _)| of).collect();
        Taken { long_polls, tenants: tenants.len() }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.counts.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = counts.get_mut(&self.key) {
            places.taken = places.taken.saturating_sub(1);
            if let Some(goes_on) = self.goes_on {
                places.prune();
                places.left.push(Instant::now() + goes_on);
            }
            if places.is_empty() {
                counts.remove(&self.key);
            }
        }
        drop(counts);
        self.counts.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::Tenant;

    fn share(tenant: &str) -> ShareOf {
        ShareOf::Tenant(Tenant::parse(tenant, &[]).unwrap())
    }

    #[test]
    fn a_used_up_share_refuses_until_a_place_is_given_back() {
        let shares = Shares::new(2, 1);
        let a = share("A");
        let b = share("B");
        let first = shares.take(&a, false).unwrap();
        let _second = shares.take(&a, false).unwrap();
        assert_eq!(shares.take(&a, false).err().unwrap().kind(), Kind::TooManyRequests);
        let polls = shares.take(&a, true).unwrap();
        assert_eq!(shares.taken(), Taken { long_polls: 1, tenants: 1 });
        drop(polls);
        assert_eq!(shares.taken(), Taken { long_polls: 0, tenants: 1 });
        assert!(shares.take(&b, false).is_ok());
        drop(first);
        assert!(shares.take(&a, false).is_ok());
        assert_eq!(shares.counts.taken.lock().unwrap().len(), 1);
    }

    #[test]
    fn who_hangs_up_again_and_again_is_refused_and_who_does_so_now_and_then_is_not() {
        let shares = Shares::new(2, 0);
        let (a, b) = (share("A"), share("B"));
        let ask = |answered: bool| {
            let mut share = shares.take(&a, false)?;
            share.at_work(Duration::from_millis(80));
            if answered {
                share.answered();
            }
            Ok::<_, Refusal>(())
        };
        assert!((0..10).all(|_| ask(true).is_ok()));
        assert!(ask(false).is_ok() && ask(false).is_ok());
        assert_eq!(ask(true).err().map(|refusal| refusal.kind()), Some(Kind::TooManyRequests));
        assert!(shares.take(&b, false).is_ok());
        assert_eq!(shares.taken(), Taken::default(), "nobody waits");
        std::thread::sleep(Duration::from_millis(100));
        assert!(ask(true).is_ok());
        assert_eq!(shares.taken(), Taken::default());
        assert!(shares.counts.taken.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_place_that_is_given_back() {
        let shares = Shares::new(1, 0);
        let a = share("A");
        let first = shares.take(&a, false).unwrap();
        let timeout = Duration::from_secs(5);
        let late = shares.wait(&a, false, timeout).await.err().map(|refusal| refusal.kind());
        assert_eq!(late, Some(Kind::TooManyRequests));
        let (waited, ()) = tokio::join!(shares.wait(&a, false, timeout), async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            drop(first);
        });
        assert!(waited.is_ok());
    }
}
