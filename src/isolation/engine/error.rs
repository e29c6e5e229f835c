//! Why the engine can't be asked: settings that don't work, and an engine that is not ready.

use crate::causes;
use crate::config::TlsFault;
use crate::refusal::Refusal;

/// Settings of the engine by which nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineSetupError {
    /// Its address is none.
    #[error("`engine.url`: `{origin}`")]
    Origin {
        /// Scheme and authority, as configured.
        origin: String,
        /// Why.
        source: http::uri::InvalidUri,
    },
    /// Its address names no host, or one that no header can hold.
    #[error("`engine.url`: `{0}` names no host")]
    NoHost(String),
    /// A file of authorities, of a certificate or of its key can't be used.
    #[error(transparent)]
    File(#[from] TlsFault),
    /// No TLS client can be made.
    #[error("no TLS client for the engine")]
    Tls(#[source] rustls::Error),
    /// Name and password can't be sent.
    #[error("`engine.basic_auth` can't be written in a header")]
    Authorization(#[source] http::header::InvalidHeaderValue),
    /// A header of the identity has a name that none can have.
    #[error("`identity_headers`: `{name}`")]
    HeaderName {
        /// As configured.
        name: String,
        /// Why.
        source: http::header::InvalidHeaderName,
    },
}

/// Why the engine is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAlive {
    /// Its name has no address.
    #[error("the engine's name has no address")]
    NoAddress,
    /// No address answers as it should; of several, why the last one does not.
    #[error("the engine does not answer: {0}")]
    NoAnswer(String),
}

impl From<EngineSetupError> for Refusal {
    fn from(error: EngineSetupError) -> Self {
        let what = "the engine's connections can't be set up";
        Refusal::new(crate::refusal::Kind::Internal, what).because(causes::in_full(&error))
    }
}
