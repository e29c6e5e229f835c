//! The connections of one worker to the engine.
//!
//! In: a request, written. Out: the answer's head, and with it a lease: its connection comes back when the body was
//! read to its end, and is closed when the answer is dropped before, so that the engine stops working on it. A
//! request goes over another connection only if not one byte of it was sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::error::EngineSetupError;
use super::http1::{Connection, ExchangeError, Head, Sending};

/// Idle connections are not used any more before Tomcat closes them (20 s in the stock configuration): a POST on a
/// connection that the other side is just closing can't be repeated safely.
const IDLE: Duration = Duration::from_secs(15);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// There is no connection.
    #[error("no connection")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There was one.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

struct Idle {
    connection: Box<Connection>,
    since: Instant,
}

type Waiting = Arc<Mutex<Vec<Idle>>>;

fn held(idle: &Waiting) -> MutexGuard<'_, Vec<Idle>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pool.
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector>,
    /// Where the engine is: scheme, host and port.
    origin: Uri,
    /// Those that wait for work, the latest used at the end. Locked by one worker only, so never waited for.
    idle: Waiting,
}

/// A connection that is at work for one answer.
pub(super) struct Lease {
    pub(super) connection: Box<Connection>,
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
        idle.push(Idle { connection: self.connection, since });
    }
}

impl Pool {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// An origin that is no address.
    pub(super) fn new(
        connector: HttpsConnector<HttpConnector>,
        origin: &str,
    ) -> Result<Self, EngineSetupError> {
        let origin = origin
            .parse()
            .map_err(|source| EngineSetupError::Origin { origin: origin.to_owned(), source })?;
        Ok(Self { connector, origin, idle: Arc::default() })
    }

    /// The engine's host and port, as a `Host` line names them.
    pub(super) fn host(&self) -> Option<&str> {
        self.origin.authority().map(http::uri::Authority::as_str)
    }

    /// Sends a request. `head_only`: it is a HEAD.
    ///
    /// # Errors
    /// No connection, one that broke, or an answer that is broken.
    pub(super) async fn send(&self, sending: Sending, head_only: bool) -> Result<(Head, Lease), SendError> {
        let mut sending = Some(sending);
        loop {
            let (mut connection, used) = match self.take() {
                Some(connection) => (connection, true),
                None => (Box::pin(self.connect()).await?, false),
            };
            match connection.exchange(&mut sending, head_only).await {
                Ok(head) => return Ok((head, Lease { connection, idle: self.idle.clone() })),
                // It was closed while it was idle, or something came that nobody asked for, and nothing was sent.
                Err(_) if used && sending.as_ref().is_some_and(|sending| !sending.begun()) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The connection that was used last. Whether it is still good shows when a request is sent over it.
    fn take(&self) -> Option<Box<Connection>> {
        let mut idle = held(&self.idle);
        let Idle { connection, since } = idle.pop()?;
        if since.elapsed() > IDLE {
            // All before it are older.
            idle.clear();
            return None;
        }
        Some(connection)
    }

    async fn connect(&self) -> Result<Box<Connection>, SendError> {
        let mut connector = self.connector.clone();
        std::future::poll_fn(|context| connector.poll_ready(context)).await.map_err(SendError::Connect)?;
        let stream = connector.call(self.origin.clone()).await.map_err(SendError::Connect)?;
        Ok(Box::new(Connection::new(TokioIo::new(stream))))
    }
}
