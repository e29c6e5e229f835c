//! A tenant's requests, counted by all replicas together in a store that speaks the Redis protocol.
//!
//! What a replica counts by itself holds as before; the store holds the same limits over all of them. A request asks it
//! once. While the store is away no request asks: each replica counts alone, and a task looks for the store. A place in
//! the store is a lease that its replica renews, so those of a replica that died end by themselves.

mod keeper;
mod place;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::Script;
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc;

pub(super) use self::keeper::Keeper;
use self::keeper::Notice;
pub(crate) use self::place::Counted;
use self::place::{Keys, Name};
use super::rate::{AHEAD, too_fast};
use super::shares::no_place;
use crate::config;
use crate::refusal::Refusal;
use crate::tenancy::ShareOf;

/// Takes a place.
const TAKE: &str = include_str!("take.lua");
/// Holds a name for a while.
const HOLD: &str = include_str!("hold.lua");
/// How long a share that is used up is taken to stay so: a flood of one tenant must not become one of the store's.
const MOMENT: Duration = Duration::from_millis(10);
/// Remembered shares above which those of the past are forgotten.
const MANY: usize = 1024;

/// A store that can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreFault {
    /// The URL.
    #[error("`limits.store.url` can't be used")]
    Url,
    /// Credentials or authorities.
    #[error("`limits.store` can't be used")]
    Client(#[from] redis::RedisError),
}

/// What the store is asked with; clones count together.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
    /// To the task that keeps the connection; it ends with the last of these.
    notices: mpsc::UnboundedSender<Notice>,
}

/// What requests and the task have in common.
struct Shared {
    take: Script,
    hold: Script,
    /// Microseconds from one request of a tenant to the next; 0: any rate.
    step: u64,
    requests: usize,
    long_polls: usize,
    prefix: String,
    /// Host and port, for the metrics.
    address: String,
    /// How this replica's names begin.
    replica: String,
    next: AtomicU64,
    timeout: Duration,
    lease: Duration,
    /// None while the store is away.
    connection: Mutex<Option<(u64, MultiplexedConnection)>>,
    /// Places that this replica has in the store, to be renewed.
    held: Mutex<HashMap<Name, Arc<Keys>>>,
    /// Requests that were counted by this replica alone.
    alone: AtomicU64,
    /// Whose share is used up, until when: what a flood asks would be answered alike.
    full: Mutex<HashMap<(ShareOf, bool), Instant>>,
    /// This replica stops.
    leaving: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the store does, for the metrics.
#[derive(Clone, Debug)]
pub(crate) struct StoreStats {
    /// Host and port.
    pub(crate) address: String,
    /// Whether it answers.
    pub(crate) up: bool,
    /// Requests that were counted by this replica alone.
    pub(crate) alone: u64,
}

impl Store {
    /// Nothing is connected yet: the task does that.
    pub(super) fn new(limits: &config::Limits, store: &config::Store) -> Result<(Self, Keeper), StoreFault> {
        let (notices, received) = mpsc::unbounded_channel();
        let address = store.address().ok_or(StoreFault::Url)?;
        let client = keeper::client(store, &address)?;
        let step = limits.requests_per_second_per_tenant.map_or(Duration::ZERO, |rate| AHEAD / rate.max(1));
        let shared = Arc::new(Shared {
            take: Script::new(TAKE),
            hold: Script::new(HOLD),
            step: u64::try_from(step.as_micros()).unwrap_or(u64::MAX),
            requests: limits.requests_per_tenant,
            long_polls: limits.long_polls_per_tenant,
            prefix: store.prefix.clone(),
            address: format!("{}:{}", address.host, address.port),
            replica: uuid::Uuid::new_v4().simple().to_string(),
            next: AtomicU64::default(),
            timeout: store.timeout,
            lease: store.lease,
            connection: Mutex::default(),
            held: Mutex::default(),
            alone: AtomicU64::default(),
            full: Mutex::default(),
            leaving: AtomicBool::default(),
        });
        let keeper = Keeper { shared: shared.clone(), client, notices: received };
        Ok((Self { shared, notices }, keeper))
    }

    /// Takes a place; none where the store is away, so that only this replica counts.
    ///
    /// # Errors
    /// [`Kind::TooFast`](crate::refusal::Kind::TooFast) and [`Kind::TooManyRequests`](crate::refusal::Kind::TooManyRequests).
    pub(super) async fn take(&self, of: &ShareOf, long_poll: bool) -> Result<Option<Counted>, Refusal> {
        let shared = &self.shared;
        let Some((epoch, mut connection)) = locked(&shared.connection).clone() else {
            shared.alone.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        let limit = if long_poll { shared.long_polls } else { shared.requests };
        let sort = (of.clone(), long_poll);
        if locked(&shared.full).get(&sort).is_some_and(|until| *until > Instant::now()) {
            return Err(no_place(limit));
        }
        // Made before it is asked for: a client may leave, or time run out, while the store takes the place.
        let mut place = self.place(of, long_poll);
        let mut asked = shared.take.key(&place.keys.rate);
        asked.key(&place.keys.places).key(&place.keys.left);
        asked.arg(shared.step).arg(limit).arg(milliseconds(shared.lease)).arg(&place.name);
        let answer = tokio::time::timeout(shared.timeout, asked.invoke_async::<(u8, u64)>(&mut connection));
        let why = match answer.await {
            Ok(Ok((0, _))) => {
                place.hold();
                return Ok(Some(place));
            }
            Ok(Ok((1, wait))) => {
                place.not_taken();
                return Err(too_fast(Duration::from_micros(wait)));
            }
            Ok(Ok((2, _))) => {
                place.not_taken();
                shared.remember_full(sort);
                return Err(no_place(limit));
            }
            Ok(Ok((other, _))) => format!("it answered {other}"),
            Ok(Err(error)) => crate::causes::in_full(&error),
            Err(_) => format!("no answer within {:?}", shared.timeout),
        };
        shared.away(epoch);
        // Without the task there is no store to keep.
        let _ = self.notices.send(Notice::Broken { epoch, why });
        shared.alone.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }

    /// This replica stops.
    pub(super) fn leave(&self) {
        self.shared.leaving.store(true, Ordering::Relaxed);
    }

    /// How it does.
    pub(crate) fn stats(&self) -> StoreStats {
        let up = locked(&self.shared.connection).is_some();
        let alone = self.shared.alone.load(Ordering::Relaxed);
        StoreStats { address: self.shared.address.clone(), up, alone }
    }
}

impl Shared {
    /// A share that is used up stays so for a moment.
    fn remember_full(&self, sort: (ShareOf, bool)) {
        let (now, mut full) = (Instant::now(), locked(&self.full));
        if full.len() >= MANY {
            full.retain(|_, until| *until > now);
        }
        full.insert(sort, now + MOMENT);
    }

    /// From now on no request asks, unless there is another connection by now.
    fn away(&self, epoch: u64) {
        let mut connection = locked(&self.connection);
        if connection.as_ref().is_some_and(|(now, _)| *now == epoch) {
            *connection = None;
        }
    }
}

/// A time in whole milliseconds, rounded up.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
