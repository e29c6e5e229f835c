//! `engine`: the engine behind the gateway.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use secrecy::SecretString;

use super::certificate::{Named, TlsFault, with_key};
use super::section::{Checks, F, section, unset};
use super::{address, secrets};

section! {
    /// The engine behind the gateway.
    pub(crate) struct Engine {
        /// URL of the engine's REST API, for example `http://camunda:8080/engine-rest`. Its path is also the public
        /// path. Required unless `urls` is set; without user info and query. If its host is a name with several network
        /// addresses, requests go to each of them in turn.
        pub(super) url: Option<String> = None,
        /// URLs of several addresses of one engine, which share a database, instead of `url`; all with the same path.
        /// Requests go to each in turn, and one that does not answer is left out for a while.
        pub(super) urls: Vec<String> = Vec::new(),
        /// Scheme, host and port of `url` or `urls`, as `http://camunda:8080`.
        #[serde(skip)]
        pub origins: Vec<String> = Vec::new(),
        /// The path of `url` or `urls`, as `/engine-rest`; also the public one. No slash at its end.
        #[serde(skip)]
        pub base_path: String = String::new(),
        /// The engine's name: `/engine/{name}/...` is accepted for this name only and treated as if it were absent.
        pub name: String = "default".into(),
        /// User and password for a proxy in front of the engine, or of a member of `camunda-admin` if the engine
        /// authenticates: for any other user the engine hides everything. Null: no credentials are sent.
        pub basic_auth: Option<BasicAuth> = None,
        /// PEM file with certificate authorities to trust for the engine in addition to the system's.
        #[schemars(extend("x-path" = true))]
        pub(super) ca_file: Option<PathBuf> = None,
        /// PEM file with the certificate that the gateway presents to an engine (or a proxy in front of it) that asks for
        /// one, followed by those that lead to its authority. Read again when it changes. Null: none is presented.
        #[schemars(extend("x-path" = true))]
        pub(super) client_certificate_file: Option<PathBuf> = None,
        /// PEM file with the private key of `client_certificate_file`.
        #[schemars(extend("x-path" = true))]
        pub(super) client_key_file: Option<PathBuf> = None,
        /// Timeout for connecting to the engine, TLS included.
        pub connect_timeout: Duration as time ["10ms" to "1m"] = Duration::from_secs(5),
        /// Timeout until a response begins. The time that a long poll asks for is added.
        pub timeout: Duration as time ["100ms" to "1h"] = Duration::from_secs(60),
        /// Longest head of a request that the engine reads, request line and headers, in bytes (Spring Boot with Tomcat:
        /// `server.max-http-request-header-size`). Lists of callers with many tenants depend on it.
        pub max_head_bytes: usize [8192 to 1_048_576] = 8 * 1024,
    }
}

section! {
    /// User and password.
    pub(crate) struct BasicAuth {
        /// The user name.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub username: String = String::new(),
        /// File that contains the password; trailing white space is ignored.
        #[schemars(extend("x-path" = true))]
        pub(super) password_file: Option<PathBuf> = None,
        /// The password in this file; does not print.
        #[serde(skip)]
        pub password: SecretString = SecretString::default(),
    }
}

const CA: &str = "engine.ca_file";
const CERTIFICATE: &str = "engine.client_certificate_file";
const KEY: &str = "engine.client_key_file";

/// What the base path and the headers take of a head, in bytes.
const HEADERS: usize = 1024;

impl Engine {
    /// Longest target, in bytes.
    pub(crate) fn max_target_bytes(&self) -> usize {
        self.max_head_bytes.saturating_sub(HEADERS)
    }

    /// The authorities to trust in addition to the system's.
    ///
    /// # Errors
    /// A file that can't be used.
    pub(crate) fn authorities(&self) -> Result<RootCertStore, TlsFault> {
        let file = self.ca_file.as_deref();
        file.map_or_else(|| Ok(RootCertStore::empty()), |file| Named { key: CA, file }.authorities())
    }

    /// The certificate to present; none where none is named.
    ///
    /// # Errors
    /// Files that can't be used, or do not belong together.
    pub(crate) fn client_certificate(&self) -> Result<Option<Arc<CertifiedKey>>, TlsFault> {
        let files = self.client_certificate_file.as_deref().zip(self.client_key_file.as_deref());
        let read = |(certificate, key)| {
            with_key(Named { key: CERTIFICATE, file: certificate }, Named { key: KEY, file: key })
        };
        files.map(read).transpose()
    }

    fn check_tls(&self, c: &mut Checks<'_>) {
        if let Err(fault) = self.authorities() {
            c.certificate(&fault);
        }
        match (&self.client_certificate_file, &self.client_key_file) {
            (None, None) => return,
            (None, Some(_)) => c.report(F::IncompleteTls, CERTIFICATE, "is missing"),
            (Some(_), None) => c.report(F::IncompleteTls, KEY, "is missing"),
            (Some(_), Some(_)) => {
                if let Err(fault) = self.client_certificate() {
                    c.certificate(&fault);
                }
            }
        }
        // Of addresses that can't be read, which have a finding of their own, nothing is known.
        if !self.origins.is_empty() && !self.origins.iter().any(|origin| origin.starts_with("https://")) {
            let what = "is never presented: no address of the engine begins with `https://`";
            c.report(F::UnusedClientCertificate, CERTIFICATE, what);
        }
    }

    fn check_urls(&mut self, c: &mut Checks<'_>) {
        let path = if self.urls.is_empty() { "engine.url" } else { "engine.urls" };
        match (&self.url, self.urls.is_empty()) {
            (Some(_), false) => c.report(F::UrlAndUrls, path, "stands beside `engine.url`"),
            (None, true) => c.report(F::MissingEngineUrl, path, "is not set"),
            (Some(_), true) | (None, false) => {}
        }
        for url in self.url.iter().chain(&self.urls) {
            let (origin, base_path) = match address::engine(url) {
                Ok(parts) => parts,
                Err(why) => {
                    c.report(F::InvalidEngineUrl, path, format!("can't be used: {why}"));
                    continue;
                }
            };
            if self.origins.is_empty() {
                if base_path.is_empty() {
                    c.report(F::EngineUrlWithoutPath, path, "has no path");
                }
                self.base_path = base_path;
            } else if self.base_path != base_path {
                c.report(F::DifferentEnginePaths, path, "names URLs with different paths");
            }
            if self.origins.contains(&origin) {
                c.report(F::DuplicateEngineUrl, path, format!("names `{origin}` twice"));
            }
            self.origins.push(origin);
        }
    }

    pub(super) fn check(&mut self, c: &mut Checks<'_>) {
        self.check_urls(c);
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if self.name.is_empty() || !self.name.bytes().all(plain) {
            c.report(F::InvalidEngineName, "engine.name", "may only contain letters, digits, `-` and `_`");
        }
        self.check_tls(c);
        if let Some(auth) = &mut self.basic_auth {
            auth.check(c);
        }
    }
}

impl BasicAuth {
    fn check(&mut self, c: &mut Checks<'_>) {
        // A colon would end the user name on the wire (RFC 7617 section 2).
        let name = &self.username;
        if name.is_empty() || name.contains(':') || name.chars().any(char::is_control) {
            let what = "is missing, or contains a colon or control character";
            c.report(F::InvalidBasicAuth, "engine.basic_auth.username", what);
        }
        let path = "engine.basic_auth.password_file";
        match self.password_file.as_deref().map(secrets::password) {
            Some(Ok(password)) => self.password = password,
            Some(Err(fault)) => c.file(path, &fault),
            None => c.report(F::InvalidBasicAuth, path, "is missing"),
        }
    }
}
