//! The latest key set of one issuer, for readers that never wait.
//!
//! In: a `kid` that a token names. Out: its key, at once when it is known, whatever the issuer does meanwhile; otherwise
//! the result of one fetch that all waiting requests share. It never fetches itself, never for a bad signature, and
//! never returns keys older than the settings allow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use moka::sync::Cache;
use tokio::sync::{Notify, watch};

use super::failure::Cause;
use super::key_set::{Key, KeySet};
use super::source::IssuerSource;
use crate::config;
use crate::token::error::NoFreshKeys;
use crate::token::stats::IssuerStats;

/// Most unknown `kid`s remembered; a `kid` has up to 256 bytes, so this is a megabyte at most.
const UNKNOWN_KIDS: u64 = 4096;

/// How much longer than a fetch a request waits for it, so that it sees the result.
const MARGIN: Duration = Duration::from_millis(250);

/// Keys of one issuer. Shared by readers and its renewal.
pub(crate) struct Store {
    pub(super) issuer: String,
    pub(super) source: IssuerSource,
    pub(super) settings: config::Keys,
    pub(super) set: ArcSwapOption<KeySet>,
    pub(super) progress: watch::Sender<Progress>,
    /// Wakes the renewal for an unknown `kid`.
    pub(super) wanted: Notify,
    asked: Mutex<Asked>,
    /// `kid`s that a fetch proved not to be there.
    unknown: Cache<String, ()>,
    pub(super) counters: Counters,
}

/// The state of the renewal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// A fetch is under way.
    pub(super) running: bool,
    /// The last fetch failed, and before this time there is no other.
    pub(super) failed_until: Option<Instant>,
    /// The last question that a fetch answered which began after it.
    pub(super) served: u64,
}

/// Fetches that unknown `kid`s asked for.
#[derive(Default)]
struct Asked {
    number: u64,
    last: Option<Instant>,
}

/// Counters; see [`IssuerStats`].
#[derive(Default)]
pub(super) struct Counters {
    pub(super) ok: AtomicU64,
    pub(super) failed: [AtomicU64; Cause::ALL.len()],
    pub(super) unknown_kids: AtomicU64,
    /// Milliseconds since 1970 of the last success; 0: none.
    pub(super) last_success: AtomicU64,
    pub(super) started: AtomicBool,
}

/// Why there is no key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer's keys are there, and none has that name.
    Unknown,
    /// There are no keys, or the issuer can't be asked about that name now. Try again after that many seconds.
    Unavailable { retry_after: u32, why: &'static str },
}

impl Store {
    /// An empty store. Nothing is fetched before the renewal runs.
    pub(crate) fn new(issuer: &str, source: IssuerSource, settings: &config::Keys) -> Self {
        let progress = Progress { running: false, failed_until: None, served: 0 };
        Self {
            issuer: issuer.to_owned(),
            source,
            settings: settings.clone(),
            set: ArcSwapOption::empty(),
            progress: watch::Sender::new(progress),
            wanted: Notify::new(),
            asked: Mutex::default(),
            // As long as the background takes to fetch anyway.
            unknown: Cache::builder()
                .max_capacity(UNKNOWN_KIDS)
                .time_to_live(settings.renew_every.max(settings.cooldown))
                .build(),
            counters: Counters::default(),
        }
    }

    /// Whether a store of that source and those settings would be as this one.
    pub(crate) fn is_alike(&self, source: &IssuerSource, keys: &config::Keys) -> bool {
        let own = &self.settings;
        self.source.is_alike(source)
            && [own.renew_every, own.max_age, own.cooldown] == [keys.renew_every, keys.max_age, keys.cooldown]
    }

    /// The key with that `kid`. Waits only for one that is not known.
    pub(crate) async fn key(&self, kid: &str) -> Result<Arc<Key>, NoKey> {
        if self.known_set().is_none() {
            self.wait_for_first_set().await?;
        }
        if let Some(key) = self.known(kid) {
            return Ok(key);
        }
        let answer = self.ask_for(kid).await;
        if answer == Err(NoKey::Unknown) {
            self.counters.unknown_kids.fetch_add(1, Ordering::Relaxed);
        }
        answer?;
        self.known(kid).ok_or(NoKey::Unknown)
    }

    /// The key with that `kid`, if it is known now. Never waits.
    pub(crate) fn known(&self, kid: &str) -> Option<Arc<Key>> {
        self.known_set()?.get(kid).cloned()
    }

    /// Whether that key is known now under its name. A name that was used again for another key does not count.
    pub(crate) fn still_has(&self, key: &Key) -> bool {
        let set = self.set.load();
        let set = set.as_ref().filter(|set| self.is_fresh(set));
        set.and_then(|set| set.get(&key.kid)).is_some_and(|known| known.identity == key.identity)
    }

    /// The set, unless it is too old.
    pub(super) fn known_set(&self) -> Option<Arc<KeySet>> {
        self.set.load_full().filter(|set| self.is_fresh(set))
    }

    fn is_fresh(&self, set: &KeySet) -> bool {
        set.fetched.elapsed() <= self.settings.max_age
    }

    /// How old the set is, too old or not.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.set.load().as_ref().map(|set| set.fetched.elapsed())
    }

    /// Whether tokens can be checked; else the reason.
    pub(crate) fn ready(&self) -> Result<(), NoFreshKeys> {
        let issuer = || self.issuer.clone();
        match self.age() {
            Some(age) if age <= self.settings.max_age => Ok(()),
            Some(age) => Err(NoFreshKeys::TooOld { issuer: issuer(), age }),
            None => Err(NoFreshKeys::NeverFetched { issuer: issuer() }),
        }
    }

    /// Waits for the fetch under way, if there is one; between two tries there is nothing to wait for.
    async fn wait_for_first_set(&self) -> Result<(), NoKey> {
        let mut progress = self.progress.subscribe();
        let ended = progress.wait_for(|p| !p.running);
        drop(tokio::time::timeout(self.settings.timeout + MARGIN, ended).await);
        match self.known_set() {
            Some(_) => Ok(()),
            None => Err(self.unavailable("the issuer's keys were never fetched, or are too old")),
        }
    }

    /// Asks the issuer about an unknown name, at most once per cooldown for all together. `Ok`: look again.
    async fn ask_for(&self, kid: &str) -> Result<(), NoKey> {
        if self.unknown.contains_key(kid) {
            return Err(NoKey::Unknown);
        }
        let mut progress = self.progress.subscribe();
        let now = *progress.borrow();
        if now.failed_until.is_some() {
            // A flood must not undo the back-off. Whether the issuer has a new key of that name is unknown now.
            return Err(self.unavailable("the `kid` is not known, and the issuer does not answer"));
        }
        let Some(number) = self.question(now.served) else {
            return Err(NoKey::Unknown);
        };
        // Twice: a fetch that began before the question may have to end first.
        let answered = progress.wait_for(|p| p.served >= number);
        let failed = match tokio::time::timeout(self.settings.timeout * 2 + MARGIN, answered).await {
            Ok(Ok(progress)) => progress.failed_until.is_some(),
            Ok(Err(_)) | Err(_) => true,
        };
        if self.known(kid).is_some() {
            return Ok(());
        }
        if failed {
            return Err(self.unavailable("the `kid` is not known, and the issuer did not answer"));
        }
        self.unknown.insert(kid.to_owned(), ());
        Err(NoKey::Unknown)
    }

    /// The question to wait for: a new one, or the one that is open. `None` within the cooldown.
    fn question(&self, served: u64) -> Option<u64> {
        let mut asked = self.asked.lock().ok()?;
        if asked.number > served {
            return Some(asked.number);
        }
        if asked.last.is_some_and(|last| last.elapsed() < self.settings.cooldown) {
            return None;
        }
        asked.number += 1;
        asked.last = Some(Instant::now());
        self.wanted.notify_one();
        Some(asked.number)
    }

    /// The number of the latest question.
    pub(super) fn questions(&self) -> u64 {
        self.asked.lock().map_or(0, |asked| asked.number)
    }

    fn unavailable(&self, why: &'static str) -> NoKey {
        let left = self.progress.borrow().failed_until.map(|t| t.saturating_duration_since(Instant::now()));
        let seconds = left.unwrap_or_default().as_secs().saturating_add(1);
        NoKey::Unavailable { retry_after: u32::try_from(seconds).unwrap_or(u32::MAX), why }
    }
}

impl Store {
    /// Reads the counters.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn stats(&self) -> IssuerStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let last = read(&self.counters.last_success);
        IssuerStats {
            issuer: self.issuer.clone(),
            keys: self.known_set().map_or(0, |set| set.len()),
            age_seconds: self.age().map(|age| age.as_secs_f64()),
            last_success: (last > 0).then(|| last as f64 / 1000.0),
            fetches_ok: read(&self.counters.ok),
            fetches_failed: Cause::ALL.iter().copied().zip(self.counters.failed.iter().map(read)).collect(),
            unknown_kids: read(&self.counters.unknown_kids),
        }
    }
}
