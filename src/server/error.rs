//! What ends the server other than a signal.

use std::net::SocketAddr;

use crate::config::TlsFault;
use crate::isolation::EngineSetupError;
use crate::state::StartError;

/// Why the server does not run, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The settings hold a fault.
    #[error("not started")]
    Start(#[from] StartError),
    /// An address can't be listened on.
    #[error("can't listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates can't be used.
    #[error("the public listener's certificates can't be used")]
    Tls(#[from] TlsFault),
    /// Signals can't be waited for.
    #[error("can't wait for signals")]
    Signals(#[source] std::io::Error),
    /// A listener ended by itself.
    #[error("a listener failed")]
    Failed(#[source] std::io::Error),
    /// A listener's task ended by itself.
    #[error("a listener's task ended")]
    Ended(#[from] tokio::task::JoinError),
}

impl From<EngineSetupError> for ServeError {
    fn from(error: EngineSetupError) -> Self {
        Self::Start(error.into())
    }
}
