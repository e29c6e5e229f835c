//! The certificates of the public listener, and their renewal.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{self, TlsFault};

/// A handshake, from its first byte to its last.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The certificates in force.
#[derive(Clone)]
pub(super) struct Tls(Arc<ArcSwap<ServerConfig>>);

impl Tls {
    /// Reads the files; none where TLS is off.
    ///
    /// # Errors
    /// Files that can't be used.
    pub(super) fn of(settings: &config::Tls) -> Result<Option<Self>, TlsFault> {
        let server = settings.load()?;
        Ok(server.map(|server| Self(Arc::new(ArcSwap::new(server)))))
    }

    /// Takes other certificates for the connections that come from now on.
    pub(super) fn renew(&self, server: Arc<ServerConfig>) {
        self.0.store(server);
    }

    /// A client's handshake; none where it fails.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Option<TlsStream<S>> {
        let handshake = TlsAcceptor::from(self.0.load_full()).accept(stream);
        match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}
