//! `tls`: TLS on the public listener.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;

use super::certificate::{Named, TlsFault, with_key};
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

impl Tls {
    /// Whether TLS is asked for.
    pub(crate) fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    pub(super) fn check(&self, c: &mut Checks<'_>) {
        match (&self.certificate_file, &self.key_file) {
            (None, None) if self.client_ca_file.is_none() => {}
            (None, _) => c.report(F::IncompleteTls, CERTIFICATE, "is missing"),
            (Some(_), None) => c.report(F::IncompleteTls, KEY, "is missing"),
            (Some(_), Some(_)) => {
                if let Err(fault) = self.load() {
                    c.certificate(&fault);
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
        let certificate = Named { key: CERTIFICATE, file: certificate };
        let own = with_key(certificate, Named { key: KEY, file: key })?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| certificate.fault(error))?;
        let builder = match self.client_ca_file.as_deref() {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let clients = Named { key: CLIENT_CA, file };
                let roots = Arc::new(clients.authorities()?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                let fault = |error: rustls::server::VerifierBuilderError| {
                    clients.fault(rustls::Error::General(error.to_string()))
                };
                builder.with_client_cert_verifier(verifier.map_err(fault)?)
            }
        };
        let mut server = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(server)))
    }
}

const CERTIFICATE: &str = "tls.certificate_file";
const KEY: &str = "tls.key_file";
const CLIENT_CA: &str = "tls.client_ca_file";
