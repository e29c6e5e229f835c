//! Numbers about tokens and keys, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use super::issuer::Issuer;
use super::keys::Cause;
use crate::refusal::{Kind, Refusal};

/// All numbers at one time. Labels come from the settings and from closed lists, never from a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    /// One per issuer, in the settings' order.
    pub(crate) issuers: Vec<IssuerStats>,
    /// Tokens accepted, remembered ones included.
    pub(crate) accepted: u64,
    /// Tokens refused, by kind; kinds without any are left out.
    pub(crate) refused: Vec<(Kind, u64)>,
    /// Requests whose token was remembered.
    pub(crate) remembered_hits: u64,
    /// Requests whose token was not remembered.
    pub(crate) remembered_misses: u64,
    /// Tokens remembered now.
    pub(crate) remembered: u64,
}

/// Numbers of one issuer's keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerStats {
    /// The issuer.
    pub(crate) issuer: String,
    /// Usable keys; 0 while there are none, or none young enough.
    pub(crate) keys: usize,
    /// Seconds since the key set was fetched; none: never.
    pub(crate) age_seconds: Option<f64>,
    /// Time of the last good fetch, in seconds since 1970; none: never.
    pub(crate) last_success: Option<f64>,
    /// Good fetches.
    pub(crate) fetches_ok: u64,
    /// Failed fetches by cause; causes without any are 0.
    pub(crate) fetches_failed: Vec<(Cause, u64)>,
    /// Tokens that named an unknown `kid`.
    pub(crate) unknown_kids: u64,
}

/// Counts tokens by what was decided.
pub(crate) struct Outcomes {
    accepted: AtomicU64,
    refused: [AtomicU64; Kind::ALL.len()],
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Default for Outcomes {
    fn default() -> Self {
        let refused = std::array::from_fn(|_| AtomicU64::new(0));
        Self { accepted: AtomicU64::new(0), refused, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }
}

impl Outcomes {
    /// Counts a token that was remembered.
    pub(crate) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a token that was not remembered.
    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a token that was verified.
    pub(crate) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refusal.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        let at = Kind::ALL.iter().position(|k| *k == refusal.kind());
        if let Some(counter) = at.and_then(|at| self.refused.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads everything.
    pub(crate) fn stats(&self, issuers: &[Issuer], remembered: u64) -> Stats {
        let refused = Kind::ALL.iter().zip(&self.refused).map(|(k, n)| (*k, n.load(Ordering::Relaxed)));
        Stats {
            issuers: issuers.iter().map(|i| i.store.stats()).collect(),
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: refused.filter(|(_, n)| *n > 0).collect(),
            remembered_hits: self.hits.load(Ordering::Relaxed),
            remembered_misses: self.misses.load(Ordering::Relaxed),
            remembered,
        }
    }
}
