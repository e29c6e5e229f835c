//! Whether places for connections are short.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// All places for connections, as a connection sees them. The last quarter is for those who ask, and have a token: with all
/// places taken by connections that say nothing, nobody would be served.
#[derive(Clone)]
pub(in crate::server) struct Crowd {
    places: Arc<Semaphore>,
    all: usize,
}

impl Crowd {
    /// None of so many places is taken.
    pub(in crate::server) fn new(all: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(all)), all }
    }

    /// The places.
    pub(in crate::server) fn places(&self) -> Arc<Semaphore> {
        self.places.clone()
    }

    /// Whether less than a quarter is left.
    pub(super) fn is_dense(&self) -> bool {
        self.places.available_permits() < self.all / 4
    }
}
