//! A request's place in the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::keeper::{Ended, Notice};
use super::{Shared, Store, locked};
use crate::tenancy::ShareOf;

/// A request's name in the store: no other request of any replica has it.
pub(super) type Name = String;

/// Where the store counts a tenant's requests. The braces make a cluster keep the three in one place.
pub(super) struct Keys {
    pub(super) rate: String,
    pub(super) places: String,
    /// What the engine may still work on, though its clients have left.
    pub(super) left: String,
}

impl Keys {
    fn of(prefix: &str, of: &ShareOf, long_poll: bool) -> Self {
        let whose = match of {
            ShareOf::Tenant(tenant) => format!("{prefix}:{{tenant:{}}}", tenant.as_str()),
            ShareOf::Person(user) => format!("{prefix}:{{person:{}}}", user.as_str()),
        };
        Self::below(&whose, if long_poll { "long-polls" } else { "requests" })
    }

    /// Nobody's, to try whether the store can count.
    pub(super) fn of_probe(prefix: &str) -> Self {
        Self::below(&format!("{prefix}:{{probe}}"), "requests")
    }

    fn below(whose: &str, sort: &str) -> Self {
        Self {
            rate: format!("{whose}:rate"),
            places: format!("{whose}:{sort}"),
            left: format!("{whose}:{sort}-left"),
        }
    }
}

/// A place in the store; given back when dropped.
pub(crate) struct Counted {
    shared: Arc<Shared>,
    notices: mpsc::UnboundedSender<Notice>,
    pub(super) keys: Arc<Keys>,
    pub(super) name: Name,
    /// How long the engine may go on with the request when this is dropped now.
    goes_on: Option<Duration>,
    /// The store has it, or may have it; false where it refused it, so that there is nothing to give back.
    taken: bool,
}

impl Store {
    /// A place that may be the request's by now.
    pub(super) fn place(&self, of: &ShareOf, long_poll: bool) -> Counted {
        let shared = self.shared.clone();
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", shared.replica);
        let keys = Arc::new(Keys::of(&shared.prefix, of, long_poll));
        Counted { shared, notices: self.notices.clone(), keys, name, goes_on: None, taken: true }
    }
}

impl Counted {
    /// The store has it: it is renewed from now on.
    pub(super) fn hold(&self) {
        locked(&self.shared.held).insert(self.name.clone(), self.keys.clone());
    }

    pub(super) fn not_taken(&mut self) {
        self.taken = false;
    }

    /// As [`Share::at_work`](crate::admission::Share::at_work).
    pub(crate) fn at_work(&mut self, goes_on: Duration) {
        self.goes_on = Some(goes_on);
    }

    /// The engine has answered.
    pub(crate) fn answered(&mut self) {
        self.goes_on = None;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.taken {
            return;
        }
        // In this order: the notice comes behind any renewal that still saw it among those held.
        locked(&self.shared.held).remove(&self.name);
        let name = std::mem::take(&mut self.name);
        let goes_on = self.goes_on.filter(|_| !self.shared.leaving.load(Ordering::Relaxed));
        let goes_on_until = goes_on.map(|time| Instant::now() + time);
        // Without the task there is no store; the lease ends.
        let _ = self.notices.send(Notice::Ended(Ended { keys: self.keys.clone(), name, goes_on_until }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::{Tenant, UserId};

    #[test]
    fn tenants_and_people_never_share_a_key() {
        let tenant = ShareOf::Tenant(Tenant::parse("a", &[]).unwrap());
        let of = |of: &ShareOf, long_poll| Keys::of("p", of, long_poll).places;
        assert_eq!(of(&tenant, false), "p:{tenant:a}:requests");
        assert_eq!(of(&tenant, true), "p:{tenant:a}:long-polls");
        let person = ShareOf::Person(UserId::of_person("", "a:b", &[]).unwrap());
        assert_eq!(of(&person, false), "p:{person:a:b}:requests");
    }
}
