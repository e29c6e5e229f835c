//! Counts of look-ups, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Ids whose owner was remembered, or was being asked for by another caller of the tenant.
    pub hits: u64,
    /// Ids whose owner had to be asked for.
    pub misses: u64,
    /// Questions to the engine.
    pub questions: u64,
    /// Owners remembered now.
    pub remembered: u64,
}

/// Counts look-ups as they happen.
#[derive(Debug, Default)]
pub(super) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    questions: AtomicU64,
}

impl Counters {
    /// An id whose owner was remembered.
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// So many ids whose owner is asked for.
    pub(super) fn miss(&self, ids: usize) {
        self.misses.fetch_add(ids as u64, Ordering::Relaxed);
    }

    /// So many questions to the engine.
    pub(super) fn questions(&self, number: usize) {
        self.questions.fetch_add(number as u64, Ordering::Relaxed);
    }

    /// Reads them.
    pub(super) fn read(&self, remembered: u64) -> Stats {
        Stats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            questions: self.questions.load(Ordering::Relaxed),
            remembered,
        }
    }
}
