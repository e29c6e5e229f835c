//! Tokens that were verified a short while ago.
//!
//! In: a whole token. Out: its caller, until the token expires, its key goes or a short limit ends. Refusals are not
//! remembered, or an attacker could fill the cache with them; tokens are kept as hashes, so no memory dump has them.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use moka::sync::Cache;

use super::keys::Identity;
use crate::config;
use crate::tenancy::Caller;

/// Most entries that space is reserved for at the start, 16 bytes each.
const ROOM: u64 = 65_536;

/// The hash of a whole token: of header, claims *and signature*. Without the signature, a forged token would match the
/// real one.
pub(crate) type TokenHash = [u8; SHA256_OUTPUT_LEN];

/// What is kept of a verified token.
pub(crate) struct Verified {
    pub(crate) caller: Caller,
    /// Which issuer, by its place in the settings.
    pub(crate) issuer: usize,
    /// The key, by name and identity: when the issuer withdraws or replaces it, this no longer holds.
    pub(crate) kid: String,
    pub(crate) key: Identity,
    /// `exp`, in seconds since 1970, without leeway.
    pub(crate) until: f64,
}

/// The verified tokens, bounded in number, time and size.
pub(crate) struct Remembered {
    cache: Option<Cache<TokenHash, Arc<Verified>>>,
}

impl Remembered {
    /// Empty. With a time or number of zero nothing is ever remembered.
    pub(crate) fn new(settings: &config::Keys) -> Self {
        let off = settings.remember_tokens == 0 || settings.remember_tokens_for.is_zero();
        // moka counts on the monotonic clock; `exp` is compared with the wall clock on each hit besides.
        let cache = (!off).then(|| {
            Cache::builder()
                .max_capacity(settings.remember_tokens)
                // Growing later would add a tenth to the verification of each new token.
                .initial_capacity(usize::try_from(settings.remember_tokens.min(ROOM)).unwrap_or_default())
                .time_to_live(settings.remember_tokens_for)
                .build()
        });
        Self { cache }
    }

    /// The key of a token in the cache.
    pub(crate) fn hash(token: &[u8]) -> TokenHash {
        let mut out = TokenHash::default();
        for (to, from) in out.iter_mut().zip(digest(&SHA256, token).as_ref()) {
            *to = *from;
        }
        out
    }

    /// What is known of a token. The reader must still check `until` and the key.
    pub(crate) fn get(&self, hash: &TokenHash) -> Option<Arc<Verified>> {
        self.cache.as_ref()?.get(hash)
    }

    /// Keeps a verified token.
    pub(crate) fn keep(&self, hash: TokenHash, verified: Verified) {
        if let Some(cache) = &self.cache {
            cache.insert(hash, Arc::new(verified));
        }
    }

    /// Drops one that no longer holds.
    pub(crate) fn forget(&self, hash: &TokenHash) {
        if let Some(cache) = &self.cache {
            cache.invalidate(hash);
        }
    }

    /// How many. Not for the request path: it waits for moka's own housekeeping.
    pub(crate) fn len(&self) -> u64 {
        self.cache.as_ref().map_or(0, |cache| {
            cache.run_pending_tasks();
            cache.entry_count()
        })
    }
}
