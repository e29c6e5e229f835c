//! One network address of the engine: connecting to it, and asking it whether it answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{StatusCode, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::body::empty;
use super::circuit::{Change, Circuit};
use super::http1::{Connection, ExchangeError, Sending};
use crate::causes;

/// Time for the answer to a check.
const CHECK: Duration = Duration::from_secs(5);

/// An address of the settings: a host, or a name with several network addresses behind it.
pub(super) struct Configured {
    /// Scheme, host and port: what logs and metrics call it.
    pub(super) origin: String,
    pub(super) scheme: http::uri::Scheme,
    pub(super) host: String,
    pub(super) port: u16,
    /// The line that names it in a request.
    pub(super) host_line: Vec<u8>,
    /// `GET /version`, written.
    pub(super) version: Vec<u8>,
    pub(super) connector: HttpsConnector<HttpConnector>,
    /// Time for a connection, and for the handshake where it has one.
    pub(super) connect_timeout: Duration,
    /// Time for the answer to a check.
    pub(super) patience: Duration,
}

impl Configured {
    /// The longest that a check may take.
    pub(super) fn patience(timeout: Duration) -> Duration {
        timeout.min(CHECK)
    }

    /// Its network address, where it is no name.
    pub(super) fn literal(&self) -> Option<SocketAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        Some(SocketAddr::new(host.parse().ok()?, self.port))
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("no connection to {address}")]
pub(super) struct ConnectError {
    address: SocketAddr,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Why an address does not answer a check.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error("no answer to GET /version in time")]
    Late,
    #[error("GET /version is answered {0}")]
    Status(StatusCode),
}

/// A network address.
pub(super) struct Address {
    pub(super) configured: Arc<Configured>,
    pub(super) socket: SocketAddr,
    uri: Uri,
    pub(super) circuit: Circuit,
}

impl Address {
    pub(super) fn new(configured: Arc<Configured>, socket: SocketAddr) -> Result<Self, http::Error> {
        let uri = Uri::builder()
            .scheme(configured.scheme.clone())
            .authority(socket.to_string())
            .path_and_query("/")
            .build()?;
        Ok(Self { configured, socket, uri, circuit: Circuit::default() })
    }

    pub(super) async fn connect(&self) -> Result<Box<Connection>, ConnectError> {
        let fault = |source| ConnectError { address: self.socket, source };
        let mut connector = self.configured.connector.clone();
        std::future::poll_fn(|context| connector.poll_ready(context)).await.map_err(fault)?;
        // Who takes connections and never ends a handshake is away, too: another address may take the request.
        let connecting =
            tokio::time::timeout(self.configured.connect_timeout, connector.call(self.uri.clone()));
        let stream = connecting.await.map_err(|late| fault(late.into()))?.map_err(fault)?;
        Ok(Box::new(Connection::new(TokioIo::new(stream))))
    }

    /// It could not be connected to.
    pub(super) fn unreachable(&self, why: &ConnectError) {
        self.changed(self.circuit.failed(Instant::now()), Some(why));
    }

    /// A request over it came to nothing. Whether the address is to blame shows when it is asked for its version.
    pub(super) fn suspect(self: &Arc<Self>) {
        if self.circuit.is_suspect(Instant::now()) {
            self.check_aside();
        }
    }

    /// Tries it aside, where it was left out for long enough.
    pub(super) fn try_aside(self: &Arc<Self>) {
        if self.circuit.trial_is_due(Instant::now()) {
            self.check_aside();
        }
    }

    fn check_aside(self: &Arc<Self>) {
        let address = self.clone();
        drop(tokio::spawn(async move { address.check().await.map(drop) }));
    }

    /// Asks for the engine's version: the status, if the engine answers at all.
    pub(super) async fn check(&self) -> Result<StatusCode, CheckError> {
        let asked = tokio::time::timeout(self.configured.patience, self.version()).await;
        let asked = asked.unwrap_or(Err(CheckError::Late)).and_then(|status| match status {
            // Something before the engine says that the engine does not answer.
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Err(CheckError::Status(status))
            }
            status => Ok(status),
        });
        match &asked {
            Ok(_) => self.changed(self.circuit.works(Instant::now()), None),
            Err(why) => self.changed(self.circuit.failed(Instant::now()), Some(why)),
        }
        asked
    }

    async fn version(&self) -> Result<StatusCode, CheckError> {
        let mut connection = Box::pin(self.connect()).await?;
        let mut sending = Some(Sending::new(self.configured.version.clone(), 0..0, empty()));
        let until = tokio::time::Instant::now() + self.configured.patience;
        Ok(connection.exchange(&mut sending, false, until).await.ok_or(CheckError::Late)??.status)
    }

    /// One line at each change, however many requests met it.
    fn changed(&self, change: Change, why: Option<&(dyn std::error::Error + 'static)>) {
        let (address, origin) = (self.socket, self.configured.origin.as_str());
        match change {
            Change::None => {}
            Change::LeftOut => {
                let cause = why.map(causes::in_full).unwrap_or_default();
                tracing::warn!(%address, origin, cause, "an address of the engine is left out");
            }
            Change::UsedAgain => tracing::info!(%address, origin, "an address of the engine is used again"),
        }
    }
}
