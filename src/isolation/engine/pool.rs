//! The connections of one worker to the engine.
//!
//! In: a request in origin form. Out: the answer, and with it a lease: its connection comes back when the body was
//! read to its end, and is closed when the answer is dropped before, so that the engine stops working on it. A
//! request goes over another connection only if not one byte of it was sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;
use http::header::{HOST, HeaderValue};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::body::RequestBody;
use super::error::EngineSetupError;

/// Idle connections are not used any more before Tomcat closes them (20 s in the stock configuration): a POST on a
/// connection that the other side is just closing can't be repeated safely.
const IDLE: Duration = Duration::from_secs(15);

type Error = Box<dyn std::error::Error + Send + Sync>;

struct Idle {
    sender: SendRequest<RequestBody>,
    since: Instant,
}

/// The pool.
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector>,
    /// Where the engine is: scheme, host and port.
    origin: Uri,
    host: HeaderValue,
    /// Those that wait for work, the latest used at the end. Locked by one worker only, so never waited for.
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// A connection that is at work for one answer.
pub(super) struct Lease {
    sender: SendRequest<RequestBody>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

impl Lease {
    /// The answer was read to its end: the connection is free, once the request has gone out whole, too. An engine
    /// may answer before it has read a body that a slow client still sends; nobody else is to wait behind that.
    pub(super) fn free(mut self) {
        if self.sender.is_ready() {
            self.put();
        } else if !self.sender.is_closed() {
            tokio::spawn(async move {
                if self.sender.ready().await.is_ok() {
                    self.put();
                }
            });
        }
    }

    fn put(self) {
        let since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest stand first; after a peak this is where they end.
        let stale = idle.iter().take_while(|i| since.duration_since(i.since) > IDLE).count();
        idle.drain(..stale);
        idle.push(Idle { sender: self.sender, since });
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
        let uri: Uri = origin
            .parse()
            .map_err(|source| EngineSetupError::Origin { origin: origin.to_owned(), source })?;
        let host = uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
        let host = host.ok_or_else(|| EngineSetupError::NoHost(origin.to_owned()))?;
        Ok(Self { connector, host, origin: uri, idle: Arc::default() })
    }

    /// Sends a request whose target is path and query.
    ///
    /// # Errors
    /// No connection, or one that broke.
    pub(super) async fn send(
        &self,
        mut request: http::Request<RequestBody>,
    ) -> Result<(http::Response<Incoming>, Lease), Error> {
        request.headers_mut().insert(HOST, self.host.clone());
        loop {
            let (mut sender, used) = match self.take() {
                Some(sender) => (sender, true),
                None => (Box::pin(self.connect()).await?, false),
            };
            #[allow(clippy::disallowed_methods, reason = "proofs are sent here")]
            let sent = sender.try_send_request(request).await;
            match sent {
                Ok(response) => return Ok((response, Lease { sender, idle: self.idle.clone() })),
                Err(mut error) => match error.take_message() {
                    // It was closed while it was idle, and nothing was sent.
                    Some(unsent) if used => request = unsent,
                    _ => return Err(error.into_error().into()),
                },
            }
        }
    }

    /// The connection that was used last, if it is still good.
    fn take(&self) -> Option<SendRequest<RequestBody>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Idle { sender, since }) = idle.pop() {
            if since.elapsed() > IDLE {
                // All before it are older.
                idle.clear();
                return None;
            }
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<RequestBody>, Error> {
        let mut connector = self.connector.clone();
        std::future::poll_fn(|context| connector.poll_ready(context)).await?;
        let stream = connector.call(self.origin.clone()).await?;
        let (sender, connection) = http1::handshake(stream).await?;
        // Ends with its sender, or when the engine closes it; the reason goes to the request that waits for an answer.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}
