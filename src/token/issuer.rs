//! One issuer: its settings and its keys.

use std::sync::Arc;

use super::algorithm::is_symmetric;
use super::error::IssuerError;
use super::keys::{IssuerSource, Store};
use crate::config;

/// An issuer whose tokens are accepted.
pub(crate) struct Issuer {
    pub(crate) settings: config::Issuer,
    pub(crate) store: Arc<Store>,
}

impl Issuer {
    /// Refuses settings that would accept too much, and prepares the key store. Sends nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn new(settings: &config::Issuer, keys: &config::Keys) -> Result<Self, IssuerError> {
        if settings.issuer.is_empty() {
            return Err(IssuerError::NoName);
        }
        if settings.audiences.iter().any(String::is_empty)
            || (settings.audiences.is_empty() && !settings.audience_optional)
        {
            return Err(IssuerError::NoAudience);
        }
        if settings.algorithms.is_empty() || settings.algorithms.iter().any(|a| is_symmetric(*a)) {
            return Err(IssuerError::Algorithms);
        }
        if settings.client_id_claims.iter().all(String::is_empty) {
            return Err(IssuerError::NoClientIdClaim);
        }
        let source = IssuerSource::new(settings, keys)?;
        let store = Arc::new(Store::new(&settings.issuer, source, keys));
        Ok(Self { settings: settings.clone(), store })
    }
}
