//! One issuer: its settings and its keys.

use std::sync::{Arc, OnceLock};

use tokio::task::AbortHandle;

use super::algorithm::is_symmetric;
use super::clock::Clock;
use super::error::IssuerError;
use super::keys::{IssuerSource, Store};
use crate::config;

/// An issuer whose tokens are accepted.
pub(crate) struct Issuer {
    pub(crate) settings: config::Issuer,
    pub(crate) store: Arc<Store>,
    renewal: Arc<Renewal>,
}

/// The task that renews an issuer's keys; ends with the last one that has it.
#[derive(Default)]
struct Renewal(OnceLock<AbortHandle>);

impl Drop for Renewal {
    fn drop(&mut self) {
        if let Some(task) = self.0.get() {
            task.abort();
        }
    }
}

impl Issuer {
    /// Refuses settings that would accept too much, and prepares the key store. Sends nothing. A store of `before` that
    /// comes from the same place is taken over, with its keys.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn new(
        settings: &config::Issuer,
        keys: &config::Keys,
        before: &[Self],
    ) -> Result<Self, IssuerError> {
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
        let settings = settings.clone();
        let source = IssuerSource::new(&settings, keys)?;
        if let Some(same) = before.iter().find(|other| other.store.is_alike(&source, keys)) {
            return Ok(Self { settings, store: same.store.clone(), renewal: same.renewal.clone() });
        }
        let store = Arc::new(Store::new(&settings.issuer, source, keys));
        Ok(Self { settings, store, renewal: Arc::default() })
    }

    /// Starts the renewal of its keys on the current tokio runtime, unless it has started.
    pub(crate) fn start(&self, clock: &Clock) {
        if self.store.begin() {
            let task = tokio::spawn(Arc::clone(&self.store).renew(clock.clone()));
            self.renewal.0.get_or_init(|| task.abort_handle());
        }
    }
}
