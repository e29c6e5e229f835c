//! The connections of one worker to the engine.
//!
//! In: a request, written. Out: the answer's head, and with it a lease: its connection comes back when the body was
//! read to its end, and is closed when the answer is dropped before, so that the engine stops working on it. A
//! request goes over another connection only if not one byte of it was sent, or if it only reads and the engine closed
//! a connection that had been used before, without a byte of an answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::address::{Address, ConnectError};
use super::addresses::Addresses;
use super::http1::{Connection, ExchangeError, Head, Sending};

/// Idle connections are not used any more before Tomcat closes them (20 s in the stock configuration): a POST on a
/// connection that the other side is just closing can't be repeated safely.
const IDLE: Duration = Duration::from_secs(15);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// No address can be connected to; nothing was sent.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The name has no address; nothing was sent.
    #[error("the engine's name has no address")]
    NoAddress,
    /// All addresses are left out for so long; nothing was sent.
    #[error("every address of the engine is left out")]
    LeftOut(Duration),
    /// There was a connection.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The answer did not begin in time.
    #[error("no answer in time")]
    Late,
}

/// A request, written.
pub(super) struct Request {
    /// None once it was sent.
    pub(super) sending: Option<Sending>,
    /// It is a HEAD.
    pub(super) head_only: bool,
    /// It changes nothing: asked twice, it is answered alike.
    pub(super) reads: bool,
}

struct Idle {
    connection: Box<Connection>,
    address: Arc<Address>,
    since: Instant,
}

type Waiting = Arc<Mutex<Vec<Idle>>>;

fn held(idle: &Waiting) -> MutexGuard<'_, Vec<Idle>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool.
pub(super) struct Pool {
    pub(super) addresses: Arc<Addresses>,
    /// Whose turn it is.
    turn: AtomicUsize,
    /// Those that wait for work, the latest used at the end. Locked by one worker only, so never waited for.
    idle: Waiting,
}

/// A connection that is at work for one answer.
pub(super) struct Lease {
    pub(super) connection: Box<Connection>,
    address: Arc<Address>,
    idle: Waiting,
}

impl Lease {
    /// The answer was read to its end: the connection is free, unless there is any doubt about it.
    pub(super) fn free(mut self) {
        if !self.connection.reusable() {
            return;
        }
        self.connection.rest();
        let since = Instant::now();
        let mut idle = held(&self.idle);
        // The oldest stand first; after a peak this is where they end.
        let stale = idle.iter().take_while(|i| since.duration_since(i.since) > IDLE).count();
        idle.drain(..stale);
        idle.push(Idle { connection: self.connection, address: self.address, since });
    }

    /// The answer broke off, or stopped.
    pub(super) fn broken(&self) {
        self.address.suspect();
    }
}

impl Pool {
    /// Nothing is connected yet.
    pub(super) fn new(addresses: Arc<Addresses>) -> Self {
        Self { addresses, turn: AtomicUsize::new(0), idle: Arc::default() }
    }

    /// Sends a request. Its answer has to begin before `until`.
    ///
    /// # Errors
    /// No connection, one that broke, or an answer that is broken or late.
    pub(super) async fn send(
        &self,
        mut request: Request,
        until: Instant,
    ) -> Result<(Head, Lease), SendError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (mut tried, mut unreachable) = (Vec::new(), None);
        self.addresses.keep_fresh();
        loop {
            let address = match self.addresses.next(turn, &tried) {
                Some(address) => address,
                None => match Box::pin(self.any_other(turn, &tried)).await {
                    Some(address) => address,
                    None => return Err(unreachable.unwrap_or_else(|| self.none())),
                },
            };
            match self.send_to(&address, &mut request, until).await {
                // Nothing was sent: another address may take it.
                Err(SendError::Connect(why)) => {
                    address.unreachable(&why);
                    unreachable = Some(SendError::Connect(why));
                    tried.push(address);
                }
                Ok((head, connection)) => {
                    return Ok((head, Lease { connection, address, idle: self.idle.clone() }));
                }
                Err(error) => {
                    // A body that its client broke off, or that was refused, says nothing about the address.
                    if request.sending.as_ref().is_none_or(|sending| !sending.refused()) {
                        address.suspect();
                    }
                    return Err(error);
                }
            }
        }
    }

    /// An address that was not known before.
    async fn any_other(&self, turn: usize, tried: &[Arc<Address>]) -> Option<Arc<Address>> {
        self.addresses.renew_now().await;
        self.addresses.next(turn, tried)
    }

    fn none(&self) -> SendError {
        match self.addresses.remaining() {
            Some(remaining) => SendError::LeftOut(remaining),
            None => SendError::NoAddress,
        }
    }

    async fn send_to(
        &self,
        address: &Arc<Address>,
        request: &mut Request,
        until: Instant,
    ) -> Result<(Head, Box<Connection>), SendError> {
        let until = tokio::time::Instant::from_std(until);
        let mut fresh = false;
        loop {
            let idle = if fresh { None } else { self.take(address) };
            let used = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => tokio::time::timeout_at(until, Box::pin(address.connect()))
                    .await
                    .map_err(|_| SendError::Late)??,
            };
            if let Some(sending) = &mut request.sending {
                sending.name_host(&address.configured.host_line);
            }
            // Who only reads may ask twice; kept while it might have to.
            let again = request.sending.as_ref().filter(|_| used && request.reads).and_then(Sending::copy);
            let error = match connection.exchange(&mut request.sending, request.head_only, until).await {
                Some(Ok(head)) => return Ok((head, connection)),
                Some(Err(error)) => error,
                None => return Err(SendError::Late),
            };
            // It was closed while it was idle, or something came that nobody asked for, and nothing was sent.
            if used && request.sending.as_ref().is_some_and(|sending| !sending.begun()) {
                continue;
            }
            // The engine closed it at that very moment, and said nothing: once more, over one that it can't be closing.
            match again.filter(|_| error.is_cut_off() && connection.heard_nothing()) {
                Some(again) => (request.sending, fresh) = (Some(again), true),
                None => return Err(error.into()),
            }
        }
    }

    /// The connection to that address that was used last. Whether it is still good shows when a request is sent over it.
    fn take(&self, address: &Arc<Address>) -> Option<Box<Connection>> {
        let mut idle = held(&self.idle);
        let at = idle.iter().rposition(|one| Arc::ptr_eq(&one.address, address))?;
        if idle.get(at)?.since.elapsed() > IDLE {
            // All before it are older.
            idle.drain(..=at);
            return None;
        }
        Some(idle.remove(at).connection)
    }
}
