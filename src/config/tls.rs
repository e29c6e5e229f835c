//! `tls`: TLS on the public listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use super::secrets::{self, FileFault};
use super::section::{Checks, F, section};

section! {
    /// TLS on the public listener, HTTP/1.1 inside it. Off while no certificate is named. The files are read again when they
    /// change; those that can't be used then leave the old ones in force.
    pub(crate) struct Tls {
        /// File with the certificate (PEM), behind it those that lead to its authority.
        #[schemars(extend("x-path" = true))]
        pub certificate_file: Option<PathBuf> = None,
        /// File with the certificate's private key (PEM).
        #[schemars(extend("x-path" = true))]
        pub key_file: Option<PathBuf> = None,
        /// File with authorities (PEM): only clients with a certificate of one of them can connect. Null: none is asked for.
        #[schemars(extend("x-path" = true))]
        pub client_ca_file: Option<PathBuf> = None,
    }
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: `{}`", .file.display())]
pub(crate) struct TlsFault {
    /// The key that names it.
    key: &'static str,
    file: PathBuf,
    source: FileFault,
}

impl Tls {
    /// Whether TLS is asked for.
    pub(crate) fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    pub(super) fn check(&self, c: &mut Checks<'_>) {
        match (&self.certificate_file, &self.key_file) {
            (None, None) if self.client_ca_file.is_none() => {}
            (None, _) => c.report(F::IncompleteTls, "tls.certificate_file", "is missing"),
            (Some(_), None) => c.report(F::IncompleteTls, "tls.key_file", "is missing"),
            (Some(_), Some(_)) => {
                if let Err(fault) = self.load() {
                    let of_file = fault.source.code();
                    let own = of_file == F::InvalidCaFile && fault.key != CLIENT_CA;
                    let code = if own { F::InvalidCertificate } else { of_file };
                    let what = format_args!("names a file that can't be used: {}", fault.source);
                    c.report(code, fault.key, what);
                }
            }
        }
    }

    /// Reads the files; none where TLS is off.
    ///
    /// # Errors
    /// A file that can't be used, alone or with the others.
    pub(crate) fn load(&self) -> Result<Option<Arc<ServerConfig>>, TlsFault> {
        let (Some(certificate), Some(key)) = (&self.certificate_file, &self.key_file) else {
            return Ok(None);
        };
        let read = |name, file: &Path| secrets::content(file).map_err(fault(name, file));
        let chain = read(CERTIFICATE, certificate)?;
        let secret = read(KEY, key)?;
        let authorities =
            self.client_ca_file.as_deref().map(|file| Ok((file, read(CLIENT_CA, file)?))).transpose()?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| fault(CERTIFICATE, certificate)(e.into()))?;
        let builder = match &authorities {
            None => builder.with_no_client_auth(),
            Some((file, bytes)) => {
                let roots = secrets::authorities(bytes).map_err(fault(CLIENT_CA, file))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(
                    verifier
                        .map_err(|e| fault(CLIENT_CA, file)(rustls::Error::General(e.to_string()).into()))?,
                )
            }
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<_, _>>()
            .map_err(|e| fault(CERTIFICATE, certificate)(e.into()))?;
        if chain.is_empty() {
            return Err(fault(CERTIFICATE, certificate)(FileFault::NoCertificate));
        }
        let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|_| fault(KEY, key)(FileFault::NoKey))?;
        let mut server = builder.with_single_cert(chain, secret).map_err(|e| {
            let others = matches!(e, rustls::Error::InconsistentKeys(_));
            fault(KEY, key)(if others { FileFault::OtherKey } else { e.into() })
        })?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(server)))
    }
}

const CERTIFICATE: &str = "tls.certificate_file";
const KEY: &str = "tls.key_file";
const CLIENT_CA: &str = "tls.client_ca_file";

fn fault(key: &'static str, file: &Path) -> impl Fn(FileFault) -> TlsFault {
    move |source| TlsFault { key, file: file.to_owned(), source }
}
