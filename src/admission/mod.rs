//! Who may come in now: each tenant's share of requests and its rate, and the memory that bodies and answers may take together.

mod memory;
mod rate;
mod shares;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config::Limits;

pub(crate) use memory::{Granted, Memory, PIECE, keeping};
pub(crate) use rate::Rates;
pub(crate) use shares::{Share, Shares};

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
    pub(crate) rates: Rates,
    /// Requests in progress, of all tenants together.
    pub(crate) requests: Arc<Semaphore>,
    /// What costs the engine most: deployments, and reports that it makes over all tenants.
    pub(crate) heavy: Shares,
    /// Uploads other than deployments.
    pub(crate) uploads: Shares,
    /// Uploads and deployments of all tenants together.
    pub(crate) all_uploads: Arc<Semaphore>,
}

impl Admission {
    /// Nothing is in progress. `largest`: the bytes that one request may need.
    pub(crate) fn new(limits: &Limits, largest: usize) -> Self {
        Self {
            memory: Memory::new(limits.buffered_bytes(), largest),
            shares: Shares::new(limits.requests_per_tenant, limits.long_polls_per_tenant),
            rates: Rates::new(limits.requests_per_second_per_tenant),
            requests: Arc::new(Semaphore::new(limits.requests)),
            heavy: Shares::new(DEPLOYMENTS, REPORTS),
            uploads: Shares::new(UPLOADS, 0),
            all_uploads: Arc::new(Semaphore::new(limits.uploads)),
        }
    }
}
