//! The certificates of the public listener, and their renewal.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{self, TlsFault};
use crate::telemetry::Metrics;

/// A handshake, from its first byte to its last.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The certificates in force.
#[derive(Clone)]
pub(super) struct Tls {
    server: Arc<ArcSwap<ServerConfig>>,
    metrics: Arc<Metrics>,
}

impl Tls {
    /// Reads the files; none where TLS is off.
    ///
    /// # Errors
    /// Files that can't be used.
    pub(super) fn of(settings: &config::Tls, metrics: &Arc<Metrics>) -> Result<Option<Self>, TlsFault> {
        let server = settings.load()?;
        Ok(server.map(|server| Self { server: Arc::new(ArcSwap::new(server)), metrics: metrics.clone() }))
    }

    /// Takes other certificates for the connections that come from now on.
    pub(super) fn renew(&self, server: Arc<ServerConfig>) {
        self.server.store(server);
    }

    /// A client's handshake; none where it fails.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let until = Instant::now() + HANDSHAKE;
        // Who leaves without a byte wanted to see whether the port is open: it would hide those that fail.
        let Ok(Ok(1..)) = timeout_at(until, stream.peek(&mut [0])).await else { return None };
        let handshake = TlsAcceptor::from(self.server.load_full()).accept(stream);
        match timeout_at(until, handshake).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake did not end in time"),
        }
        self.metrics.handshake_failed();
        None
    }
}
