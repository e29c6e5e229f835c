//! TLS on the way to the engine.

use std::sync::Arc;

use rustls::sign::SingleCertAndKey;

use super::error::EngineSetupError;
use crate::config;

/// A TLS client that trusts the system's authorities and those of the settings, and presents the certificate of the settings
/// to who asks for one.
pub(super) fn tls(engine: &config::Engine) -> Result<rustls::ClientConfig, EngineSetupError> {
    let mut roots = engine.authorities()?;
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(EngineSetupError::Tls)?
        .with_root_certificates(roots);
    Ok(match engine.client_certificate()? {
        Some(own) => client.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
        None => client.with_no_client_auth(),
    })
}
