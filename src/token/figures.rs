//! What the metrics tell about tokens and keys: numbers only, read at one time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::issuer::Issuer;
use super::keys::Cause;
use crate::refusal::{Kind, Refusal};

/// All figures at one time. Labels come from the settings and from closed lists, never from a token.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// One per issuer, in the settings' order.
    pub issuers: Vec<IssuerFigures>,
    /// Tokens accepted, remembered ones included.
    pub accepted: u64,
    /// Tokens refused, by kind; kinds without any are left out.
    pub refused: Vec<(Kind, u64)>,
    /// Requests whose token was remembered.
    pub remembered_hits: u64,
    /// Requests whose token was not remembered.
    pub remembered_misses: u64,
    /// Tokens remembered now.
    pub remembered: u64,
}

/// Figures of one issuer's keys.
#[derive(Clone, Debug, Default)]
pub struct IssuerFigures {
    /// The issuer.
    pub issuer: String,
    /// Usable keys; 0 while there are none, or none young enough.
    pub keys: usize,
    /// Seconds since the key set was fetched; none: never.
    pub age_seconds: Option<f64>,
    /// Time of the last good fetch, in seconds since 1970; none: never.
    pub last_success: Option<f64>,
    /// Good fetches.
    pub fetches_ok: u64,
    /// Failed fetches by cause; causes without any are 0.
    pub fetches_failed: Vec<(Cause, u64)>,
    /// Tokens that named an unknown `kid`.
    pub unknown_kids: u64,
}

/// Counters of what became of tokens.
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
    pub(crate) fn figures(&self, issuers: &[Issuer], remembered: u64) -> Figures {
        let refused = Kind::ALL.iter().zip(&self.refused).map(|(k, n)| (*k, n.load(Ordering::Relaxed)));
        Figures {
            issuers: issuers.iter().map(|i| i.store.figures()).collect(),
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: refused.filter(|(_, n)| *n > 0).collect(),
            remembered_hits: self.hits.load(Ordering::Relaxed),
            remembered_misses: self.misses.load(Ordering::Relaxed),
            remembered,
        }
    }
}
