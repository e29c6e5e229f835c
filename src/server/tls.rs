//! The certificates of the public listener, and their renewal.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::causes;
use crate::config::{Certificates, TlsFault};
use crate::state::AppState;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// A handshake, from its first byte to its last.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The certificates in force.
#[derive(Clone)]
pub(super) struct Tls(Arc<ArcSwap<ServerConfig>>);

impl Tls {
    /// Reads the files, and goes on reading them; none where TLS is off.
    ///
    /// # Errors
    /// Files that can't be used.
    pub(super) fn start(state: &Arc<AppState>) -> Result<Option<Self>, TlsFault> {
        let Some(Certificates { server, digest }) = state.settings.tls.load()? else { return Ok(None) };
        let tls = Self(Arc::new(ArcSwap::new(server)));
        tokio::spawn(tls.clone().renew(state.clone(), digest));
        Ok(Some(tls))
    }

    async fn renew(self, state: Arc<AppState>, mut known: Vec<u8>) {
        let mut told = String::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let files = state.clone();
            // Reading files may block.
            let Ok(loaded) = tokio::task::spawn_blocking(move || files.settings.tls.load()).await else {
                continue;
            };
            match loaded {
                Ok(None) => {}
                Ok(Some(loaded)) if loaded.digest == known => told.clear(),
                Ok(Some(Certificates { server, digest })) => {
                    self.0.store(server);
                    known = digest;
                    told.clear();
                    state.metrics.certificates_read(true);
                    tracing::info!("the certificates of the public listener were read anew");
                }
                Err(fault) => {
                    let fault = causes::in_full(&fault);
                    // Once: the next look finds the same.
                    if told != fault {
                        state.metrics.certificates_read(false);
                        tracing::error!(fault, "new certificates can't be used; the old ones stay in force");
                        told = fault;
                    }
                }
            }
        }
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
