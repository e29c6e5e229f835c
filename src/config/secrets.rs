//! Files that settings name: passwords, keys, certificate authorities.
//!
//! Contents come out in types that do not print, and never in a finding.

use std::io::{self, Read};
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use secrecy::SecretString;

use super::BatchKey;
use super::codes::FindingCode;

/// Least length of a key for batch handles, in bytes: the size of the HMAC's output (RFC 2104 section 3).
const LEAST_BATCH_KEY: usize = 32;
/// Largest file that is read: a device or a wrong path must not fill the memory.
const LARGEST: u64 = 1024 * 1024;

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("it is larger than 1 MiB")]
    Large,
    #[error("it is not UTF-8 text")]
    NotText(#[from] std::string::FromUtf8Error),
    #[error("it is empty")]
    Empty,
    #[error("the password contains a line break or another control character")]
    ControlCharacter,
    #[error("its key is shorter than 32 bytes")]
    ShortKey,
    #[error("it contains no certificate")]
    NoCertificate,
    #[error("it holds no private key")]
    NoKey,
    #[error("it is not the key of the certificate")]
    OtherKey,
    #[error("it contains an unreadable PEM section")]
    Pem(#[from] pem::Error),
    #[error("it contains an unreadable certificate")]
    Certificate(#[from] rustls::Error),
}

impl FileFault {
    /// The code of findings about it.
    pub(super) fn code(&self) -> FindingCode {
        match self {
            Self::Unreadable(_) | Self::Large | Self::NotText(_) | Self::Empty | Self::ControlCharacter => {
                FindingCode::UnreadableFile
            }
            Self::ShortKey => FindingCode::WeakBatchKey,
            Self::NoKey | Self::OtherKey => FindingCode::InvalidCertificate,
            Self::NoCertificate | Self::Pem(_) | Self::Certificate(_) => FindingCode::InvalidCaFile,
        }
    }
}

/// The password in a file, without white space at its end.
pub(super) fn password(path: &Path) -> Result<SecretString, FileFault> {
    let text = String::from_utf8(content(path)?)?;
    let password = text.trim_end();
    if password.is_empty() {
        return Err(FileFault::Empty);
    }
    if password.chars().any(char::is_control) {
        return Err(FileFault::ControlCharacter);
    }
    Ok(SecretString::from(password.to_owned()))
}

/// The key in a file, without white space at its ends.
pub(super) fn batch_key(path: &Path) -> Result<BatchKey, FileFault> {
    let bytes = content(path)?;
    let key = bytes.trim_ascii();
    if key.len() < LEAST_BATCH_KEY { Err(FileFault::ShortKey) } else { Ok(BatchKey::from(key.to_vec())) }
}

/// Checks that a file holds certificates (PEM, RFC 7468 section 5).
pub(super) fn ca_file(path: &Path) -> Result<(), FileFault> {
    authorities(&content(path)?).map(drop)
}

/// The certificates of a file.
pub(super) fn authorities(pem: &[u8]) -> Result<rustls::RootCertStore, FileFault> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err(FileFault::NoCertificate) } else { Ok(roots) }
}

/// What stands in a file.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST { Err(FileFault::Large) } else { Ok(bytes) }
}
