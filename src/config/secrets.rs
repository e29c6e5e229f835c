//! Files that settings name: passwords, keys, certificate authorities.
//!
//! In: a path. Out: its content in a type that does not print, or a sentence why it can't be used. Never a byte of
//! the content in a finding.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

use super::BatchKey;

/// Least length of a key for batch handles, in bytes: the size of the HMAC's output (RFC 2104 section 3).
const LEAST_BATCH_KEY: usize = 32;
/// Largest file that is read: a device or a wrong path must not fill the memory.
const LARGEST: u64 = 1024 * 1024;

/// The password in a file, without white space at its end.
///
/// # Errors
/// A sentence when the file can't be read, is no text or is empty.
pub(crate) fn password(path: &Path) -> Result<SecretString, String> {
    let text = String::from_utf8(content(path)?).map_err(|_| "it is no UTF-8 text".to_owned())?;
    let password = text.trim_end();
    if password.is_empty() {
        return Err("it is empty".into());
    }
    if password.chars().any(char::is_control) {
        return Err("the password holds a line break or another control character".into());
    }
    Ok(SecretString::from(password.to_owned()))
}

/// Why a batch key can't be used.
pub(crate) enum BatchKeyFault {
    /// The file can't be read.
    Unreadable(String),
    /// It is shorter than 32 bytes.
    Short,
}

/// The key in a file, without white space at its ends.
pub(crate) fn batch_key(path: &Path) -> Result<BatchKey, BatchKeyFault> {
    let bytes = content(path).map_err(BatchKeyFault::Unreadable)?;
    let key = bytes.trim_ascii();
    if key.len() < LEAST_BATCH_KEY {
        return Err(BatchKeyFault::Short);
    }
    Ok(BatchKey::from(key.to_vec()))
}

/// Why a file of certificate authorities can't be used.
pub(crate) enum CaFault {
    /// The file can't be read.
    Unreadable(String),
    /// It holds no certificate, or a broken one.
    NoCertificate,
}

/// Checks that a file holds certificates (PEM, RFC 7468 section 5).
pub(crate) fn ca_file(path: &Path) -> Result<(), CaFault> {
    let bytes = content(path).map_err(CaFault::Unreadable)?;
    let mut roots = rustls::RootCertStore::empty();
    for one in CertificateDer::pem_slice_iter(&bytes) {
        let one = one.map_err(|_| CaFault::NoCertificate)?;
        roots.add(one).map_err(|_| CaFault::NoCertificate)?;
    }
    if roots.is_empty() { Err(CaFault::NoCertificate) } else { Ok(()) }
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is larger than 1 MiB".into());
    }
    Ok(bytes)
}
