//! TLS on the way to the engine.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::error::EngineSetupError;

/// A TLS client of the system's authorities and the extra ones of a file.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, EngineSetupError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        let unreadable = |source| EngineSetupError::CaFile { file: file.to_owned(), source };
        for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
            roots
                .add(certificate.map_err(unreadable)?)
                .map_err(|source| EngineSetupError::CaContent { file: file.to_owned(), source })?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(EngineSetupError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
