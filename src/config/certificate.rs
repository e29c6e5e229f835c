//! Certificates in files that settings name: one with its private key, or authorities that others' are checked against.
//!
//! In: a key of the settings and its file. Out: what rustls takes, or a fault that names both. The public listener and the
//! way to the engine read theirs here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::codes::FindingCode;
use super::secrets::{self, FileFault};

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: `{}`", .file.display())]
pub(crate) struct TlsFault {
    /// The key that names it.
    pub(super) key: &'static str,
    file: PathBuf,
    pub(super) source: FileFault,
}

impl TlsFault {
    /// The code of findings about it.
    pub(super) fn code(&self) -> FindingCode {
        let code = self.source.code();
        // A file that lacks a certificate is one of authorities only where its key says so.
        let own = code == FindingCode::InvalidCaFile && !self.key.ends_with("ca_file");
        if own { FindingCode::InvalidCertificate } else { code }
    }
}

/// A file, and the key that names it.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) key: &'static str,
    pub(super) file: &'a Path,
}

impl Named<'_> {
    pub(super) fn fault(self, source: impl Into<FileFault>) -> TlsFault {
        TlsFault { key: self.key, file: self.file.to_owned(), source: source.into() }
    }

    fn content(self) -> Result<Vec<u8>, TlsFault> {
        secrets::content(self.file).map_err(|fault| self.fault(fault))
    }

    /// The authorities in it.
    pub(super) fn authorities(self) -> Result<RootCertStore, TlsFault> {
        secrets::authorities(&self.content()?).map_err(|fault| self.fault(fault))
    }
}

/// A certificate, those that lead to its authority behind it, and its private key.
///
/// # Errors
/// A file that can't be used, or a key of another certificate.
pub(super) fn with_key(certificate: Named<'_>, key: Named<'_>) -> Result<Arc<CertifiedKey>, TlsFault> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate.content()?)
        .collect::<Result<_, _>>()
        .map_err(|fault| certificate.fault(fault))?;
    if chain.is_empty() {
        return Err(certificate.fault(FileFault::NoCertificate));
    }
    let secret = PrivateKeyDer::from_pem_slice(&key.content()?).map_err(|_| key.fault(FileFault::NoKey))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, secret, &provider).map_err(|error| {
        let others = matches!(error, rustls::Error::InconsistentKeys(_));
        key.fault(if others { FileFault::OtherKey } else { error.into() })
    })?;
    Ok(Arc::new(certified))
}
