//! Who may come in now: each tenant's share of requests and its rate, and the memory that bodies and answers may take together.

mod memory;
mod rate;
mod shares;
mod store;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::refusal::Refusal;
use crate::tenancy::ShareOf;

pub(crate) use memory::{Granted, Memory, PIECE, keeping};
use rate::Rates;
pub(crate) use shares::{Share, Shares};
use store::{Counted, Keeper, Store};
pub(crate) use store::{StoreFault, StoreStats};

/// Deployments of one tenant at a time: parsing a large model takes the engine seconds and much memory, and it goes
/// on when nobody waits any more.
const DEPLOYMENTS: usize = 4;
/// Uploads of one tenant at a time, other than deployments: each holds a thread of the engine as long as its client
/// sends, and an engine has 200 of them by default.
const UPLOADS: usize = 16;
/// Reports over the whole engine that one tenant may ask for at a time: their cost follows everybody's data.
const REPORTS: usize = 2;

/// All places and rates; clones count together.
#[derive(Clone)]
pub(crate) struct Admission {
    /// Memory for bodies that are read whole and answers that are held.
    pub(crate) memory: Memory,
    /// Requests in progress, a tenant each.
    pub(crate) shares: Shares,
    /// Requests a second, a tenant each.
    rates: Rates,
    /// Where all replicas count the two together.
    store: Option<Store>,
    /// The task behind it, until it is started.
    keeper: Arc<Mutex<Option<Keeper>>>,
    /// Requests in progress, of all tenants together.
    pub(crate) requests: Arc<Semaphore>,
    /// What costs the engine most: deployments, and reports that it makes over all tenants.
    pub(crate) heavy: Shares,
    /// Uploads other than deployments.
    pub(crate) uploads: Shares,
    /// Uploads and deployments of all tenants together.
    pub(crate) all_uploads: Arc<Semaphore>,
}

/// A request's place among its tenant's; given back when dropped.
pub(crate) struct Place {
    share: Share,
    counted: Option<Counted>,
}

impl Place {
    /// The engine works on the request now, and goes on for that long when nobody waits any more: it looks at a connection
    /// only when it writes. Without this, a client that asks and hangs up, again and again, would have any number of
    /// requests there.
    pub(crate) fn at_work(&mut self, goes_on: Duration) {
        self.share.at_work(goes_on);
        if let Some(counted) = &mut self.counted {
            counted.at_work(goes_on);
        }
    }

    /// The engine has answered.
    pub(crate) fn answered(&mut self) {
        self.share.answered();
        if let Some(counted) = &mut self.counted {
            counted.answered();
        }
    }
}

impl Admission {
    /// Nothing is in progress. `largest`: the bytes that one request may need.
    ///
    /// # Errors
    /// A store that can't be used.
    pub(crate) fn new(limits: &Limits, largest: usize) -> Result<Self, StoreFault> {
        let (store, keeper) =
            limits.store.as_ref().map(|store| Store::new(limits, store)).transpose()?.unzip();
        Ok(Self {
            store,
            keeper: Arc::new(Mutex::new(keeper)),
            memory: Memory::new(limits.buffered_bytes(), largest),
            shares: Shares::new(limits.requests_per_tenant, limits.long_polls_per_tenant),
            rates: Rates::new(limits.requests_per_second_per_tenant),
            requests: Arc::new(Semaphore::new(limits.requests)),
            heavy: Shares::new(DEPLOYMENTS, REPORTS),
            uploads: Shares::new(UPLOADS, 0),
            all_uploads: Arc::new(Semaphore::new(limits.uploads)),
        })
    }

    /// Looks for the store in the background, where there is one. Needs a runtime; does nothing the second time.
    pub(crate) fn start(&self) {
        if let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(keeper.run());
        }
    }

    /// A place for a request of a tenant that keeps its rate and its share, here and over all replicas.
    ///
    /// # Errors
    /// [`Kind::TooFast`](crate::refusal::Kind::TooFast) and [`Kind::TooManyRequests`](crate::refusal::Kind::TooManyRequests).
    pub(crate) async fn place(&self, of: &ShareOf, long_poll: bool) -> Result<Place, Refusal> {
        // First what costs nothing: it refuses most of a flood without the store.
        self.rates.take(of, Instant::now())?;
        let share = self.shares.take(of, long_poll)?;
        let counted = match &self.store {
            Some(store) => Box::pin(store.take(of, long_poll)).await?,
            None => None,
        };
        Ok(Place { share, counted })
    }

    /// From now on long polls that end are ended by this replica, which stops, and not by their clients: these ask another one
    /// at once, where what the engine goes on with must not stand in their way.
    pub(crate) fn leave(&self) {
        if let Some(store) = &self.store {
            store.leave();
        }
    }

    /// How the store does; none where there is none.
    pub(crate) fn store(&self) -> Option<StoreStats> {
        self.store.as_ref().map(Store::stats)
    }
}
