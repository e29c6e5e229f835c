//! One issuer: its settings and its keys.

use std::sync::Arc;

use super::keys::{IssuerSource, Store};
use super::verify::is_symmetric;
use crate::config;

/// An issuer whose tokens are taken.
pub(crate) struct Issuer {
    pub(crate) settings: config::Issuer,
    pub(crate) store: Arc<Store>,
}

impl Issuer {
    /// Checks what would make it accept too much, and prepares its key store; asks nobody.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn new(settings: &config::Issuer, keys: &config::Keys) -> Result<Self, String> {
        let name = &settings.issuer;
        let wrong = |what: &str| Err(format!("issuer `{name}`: {what}"));
        if name.is_empty() {
            return wrong("its name is empty");
        }
        if settings.audiences.iter().any(String::is_empty)
            || (settings.audiences.is_empty() && !settings.audience_optional)
        {
            return wrong("an audience is missing or empty; that would not mean any, so it means nothing");
        }
        if settings.algorithms.is_empty() || settings.algorithms.iter().any(|a| is_symmetric(*a)) {
            return wrong("its algorithms must be one or more of RS, PS, ES and EdDSA");
        }
        if settings.client_id_claims.iter().all(String::is_empty) {
            return wrong("no claim names the client");
        }
        let source = IssuerSource::new(settings, keys)?;
        let store = Arc::new(Store::new(name, Box::new(source), keys));
        Ok(Self { settings: settings.clone(), store })
    }
}
