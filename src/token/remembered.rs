//! Tokens that were verified a short while ago.
//!
//! In: a whole token. Out: its caller, until the token expires, its key goes or a short limit ends. Refusals are not
//! remembered, or an attacker could fill the cache with them; tokens are kept as hashes, so no memory dump has them.
//!
//! Not moka, as for other caches: all entries live equally long, so that the order in which they came is the order in
//! which they end, and an entry takes a third of the memory (docs/performance.md).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use super::keys::Key;
use crate::config;
use crate::tenancy::Caller;

/// Parts with a lock each, so that workers rarely wait for one another.
const SHARDS: usize = 16;
/// Most entries that space is reserved for at the start: growing later would add to the verification of new tokens.
const ROOM: usize = 65_536;

/// The hash of a whole token: of header, claims *and signature*. Without the signature, a forged token would match the
/// real one.
pub(crate) type TokenHash = [u8; SHA256_OUTPUT_LEN];

/// What is kept of a verified token.
pub(crate) struct Verified {
    pub(crate) caller: Caller,
    /// Which issuer, by its place in the settings.
    pub(crate) issuer: usize,
    /// When the issuer withdraws or replaces it, this no longer holds.
    pub(crate) key: Arc<Key>,
    /// `exp`, in seconds since 1970, without leeway.
    pub(crate) until: f64,
}

/// The verified tokens, bounded in number, time and size.
pub(crate) struct Remembered {
    /// None where nothing is to be remembered.
    shards: Vec<Mutex<Shard>>,
    lifetime: Duration,
}

struct Shard {
    entries: HashMap<TokenHash, Entry>,
    /// The keys of `entries`, each once, in the order in which they came.
    order: VecDeque<TokenHash>,
    most: usize,
}

struct Entry {
    /// None: it no longer holds. The place is kept, so that `order` has each hash once.
    verified: Option<Arc<Verified>>,
    /// Monotonic; `exp` is compared with the wall clock on each hit besides.
    since: Instant,
    /// Asked for since it came, or was passed over the last time.
    used: bool,
}

impl Entry {
    /// Whether it still holds by its time.
    fn holds(&self, lifetime: Duration) -> bool {
        self.verified.is_some() && self.since.elapsed() < lifetime
    }
}

impl Remembered {
    /// Empty. With a time or number of zero nothing is ever remembered.
    pub(crate) fn new(settings: &config::Keys) -> Self {
        let most = usize::try_from(settings.remember_tokens).unwrap_or(usize::MAX);
        let shards = if settings.remember_tokens_for.is_zero() { 0 } else { most.min(SHARDS) };
        let shard = |_| {
            let most = most.div_ceil(shards);
            let room = most.min(ROOM / SHARDS);
            let (entries, order) = (HashMap::with_capacity(room), VecDeque::with_capacity(room));
            Mutex::new(Shard { entries, order, most })
        };
        Self { shards: (0..shards).map(shard).collect(), lifetime: settings.remember_tokens_for }
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
        let mut shard = self.shard(hash)?;
        let entry = shard.entries.get_mut(hash)?;
        if !entry.holds(self.lifetime) {
            entry.verified = None;
        }
        entry.used = true;
        entry.verified.clone()
    }

    /// Keeps a verified token.
    pub(crate) fn keep(&self, hash: TokenHash, verified: Verified) {
        let Some(mut shard) = self.shard(&hash) else { return };
        let entry = Entry { verified: Some(Arc::new(verified)), since: Instant::now(), used: false };
        if shard.entries.insert(hash, entry).is_none() {
            shard.order.push_back(hash);
            if shard.order.len() > shard.most {
                shard.evict(self.lifetime);
            }
        }
    }

    /// Drops one that no longer holds.
    pub(crate) fn forget(&self, hash: &TokenHash) {
        if let Some(entry) = self.shard(hash).as_mut().and_then(|shard| shard.entries.get_mut(hash)) {
            entry.verified = None;
        }
    }

    /// How many hold by their time. Not for the request path: looks at each.
    pub(crate) fn len(&self) -> u64 {
        let holds = |entry: &&Entry| entry.holds(self.lifetime);
        self.shards.iter().map(|shard| held(shard).entries.values().filter(holds).count() as u64).sum()
    }

    fn shard(&self, hash: &TokenHash) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = hash;
        self.shards.get(usize::from(*first).checked_rem(self.shards.len())?).map(held)
    }
}

/// No code panics with it held.
fn held(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    /// Drops the oldest one that was not asked for. Others are passed over once: an application that asks for a new token
    /// each time must not push out those of all others.
    fn evict(&mut self, lifetime: Duration) {
        while let Some(oldest) = self.order.pop_front() {
            match self.entries.get_mut(&oldest) {
                Some(entry) if entry.used && entry.holds(lifetime) => {
                    entry.used = false;
                    self.order.push_back(oldest);
                }
                Some(_) | None => {
                    self.entries.remove(&oldest);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;
    use crate::tenancy::Tenant;
    use crate::token::keys::KeySet;

    fn settings(most: u64, lifetime: Duration) -> config::Keys {
        config::Keys { remember_tokens: most, remember_tokens_for: lifetime, ..config::Keys::default() }
    }

    fn verified() -> Verified {
        let jwks = serde_json::json!([{ "kty": "OKP", "crv": "Ed25519", "kid": "k",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }]);
        let (keys, _) = KeySet::new(serde_json::from_value(jwks).expect("keys"));
        let caller = Caller::new(Tenant::parse("app", &[]).expect("a tenant"));
        Verified { caller, issuer: 0, key: keys.get("k").expect("a key").clone(), until: 0.0 }
    }

    fn hash(number: u64) -> TokenHash {
        Remembered::hash(&number.to_be_bytes())
    }

    /// How many of these are known; they count as asked for.
    fn known(remembered: &Remembered, numbers: std::ops::Range<u64>) -> usize {
        numbers.filter(|number| remembered.get(&hash(*number)).is_some()).count()
    }

    #[test]
    fn the_number_is_bounded_and_what_is_in_use_stays() {
        let remembered = Remembered::new(&settings(1600, Duration::from_secs(60)));
        (0..100).for_each(|number| remembered.keep(hash(number), verified()));
        assert_eq!((known(&remembered, 0..100), remembered.len()), (100, 100));
        // Ten times as many as there is room for, while the first ones are asked for now and then.
        for number in 100..16_000 {
            remembered.keep(hash(number), verified());
            if number % 500 == 0 {
                assert_eq!(known(&remembered, 0..100), 100, "after {number}");
            }
        }
        assert!((1500..=1600).contains(&remembered.len()), "{}", remembered.len());
        let order: usize = remembered.shards.iter().map(|shard| held(shard).order.len()).sum();
        assert_eq!(order as u64, remembered.len(), "each stands in line once");
        // None is asked for any more: they go as the others do.
        (20_000..40_000).for_each(|number| remembered.keep(hash(number), verified()));
        assert_eq!(known(&remembered, 0..100), 0);
    }

    #[test]
    fn all_in_use_is_no_reason_to_grow() {
        let remembered = Remembered::new(&settings(16, Duration::from_secs(60)));
        for number in 0..1000 {
            remembered.keep(hash(number), verified());
            known(&remembered, 0..number + 1);
        }
        assert!(remembered.len() <= 16, "{}", remembered.len());
    }

    #[test]
    fn one_that_was_forgotten_or_is_old_is_gone_and_may_come_again() {
        let remembered = Remembered::new(&settings(16, Duration::from_millis(80)));
        remembered.keep(hash(1), verified());
        assert_eq!(known(&remembered, 1..2), 1);
        remembered.forget(&hash(1));
        assert_eq!((known(&remembered, 1..2), remembered.len()), (0, 0));
        remembered.keep(hash(1), verified());
        assert_eq!((known(&remembered, 1..2), remembered.len()), (1, 1));
        sleep(Duration::from_millis(100));
        assert_eq!((known(&remembered, 1..2), remembered.len()), (0, 0));
        let order: usize = remembered.shards.iter().map(|shard| held(shard).order.len()).sum();
        assert_eq!(order, 1);
    }

    #[test]
    fn nothing_is_remembered_where_that_is_off() {
        for off in [settings(0, Duration::from_secs(60)), settings(16, Duration::ZERO)] {
            let remembered = Remembered::new(&off);
            remembered.keep(hash(1), verified());
            remembered.forget(&hash(1));
            assert_eq!((known(&remembered, 1..2), remembered.len()), (0, 0));
        }
    }
}
