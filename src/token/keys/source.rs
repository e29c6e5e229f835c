//! An issuer's key set over HTTP.
//!
//! In: one issuer's settings. Out: its usable keys, or why there are none. It never follows a redirect, uses a proxy of
//! the environment, reads or waits beyond the limits, or uses plain http (except to loopback, and where the operator
//! allows it).
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "keys are fetched here; a `Retry-After` may be a date"
)]

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use jwks_client_rs::JsonWebKey;
use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, Client, StatusCode, Url};

use super::failure::{Cause, Failure};
use super::filter;
use crate::config;
use crate::token::error::IssuerError;
use crate::token::json;

/// The source of one issuer's keys.
pub(crate) struct IssuerSource {
    client: Client,
    issuer: String,
    /// The key set, or with `discovery` the document that names it.
    url: Url,
    discovery: bool,
    allow_http: bool,
    /// The text of `ca_file`.
    authorities: Option<Vec<u8>>,
    timeout: Duration,
    max_bytes: usize,
    max_keys: usize,
    /// What was odd in the last answer: the same is logged once, not at each renewal.
    logged: Mutex<Vec<String>>,
}

impl IssuerSource {
    /// Prepares the client. Sends nothing.
    ///
    /// # Errors
    /// A bad address, an unreadable `ca_file`, or a client that can't be built.
    pub(crate) fn new(issuer: &config::Issuer, keys: &config::Keys) -> Result<Self, IssuerError> {
        let address = if issuer.discovery {
            format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'))
        } else {
            issuer.jwks_url.clone()
        };
        let url = match Url::parse(&address) {
            Ok(url) => url,
            Err(source) => return Err(IssuerError::Address { address, source }),
        };
        may_fetch(&url, issuer.allow_http).map_err(|why| IssuerError::AddressNotAllowed { address, why })?;
        let mut builder = Client::builder()
            // A redirect leads wherever the issuer's open redirect leads (threat K3).
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(keys.timeout)
            .timeout(keys.timeout)
            // Minutes lie between two fetches: a kept connection would only go stale.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("tenantgate/", env!("CARGO_PKG_VERSION")));
        let mut authorities = None;
        if let Some(file) = &issuer.ca_file {
            let (certificates, pem) = read_authorities(file)?;
            builder = builder.tls_certs_merge(certificates);
            authorities = Some(pem);
        }
        let client = builder.build().map_err(IssuerError::Client)?;
        Ok(Self {
            client,
            issuer: issuer.issuer.clone(),
            url,
            discovery: issuer.discovery,
            allow_http: issuer.allow_http,
            authorities,
            timeout: keys.timeout,
            max_bytes: keys.max_bytes,
            max_keys: keys.max_keys,
            logged: Mutex::default(),
        })
    }

    /// Whether the other one asks the same place in the same way.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        let place = |source: &Self| (source.discovery, source.allow_http, source.timeout);
        let limits = |source: &Self| (source.max_bytes, source.max_keys);
        (&self.issuer, &self.url, &self.authorities) == (&other.issuer, &other.url, &other.authorities)
            && (place(self), limits(self)) == (place(other), limits(other))
    }

    /// The issuer's usable keys. Gives up after the timeout, which holds for both requests of a discovery together and
    /// for a body that drips for ever.
    pub(super) async fn fetch_keys(&self) -> Result<Vec<JsonWebKey>, Failure> {
        let late = |_| Failure::new(Cause::Timeout, format_args!("not answered within {:?}", self.timeout));
        tokio::time::timeout(self.timeout, self.fetch()).await.map_err(late)?
    }

    async fn fetch(&self) -> Result<Vec<JsonWebKey>, Failure> {
        let url = if self.discovery { self.discover().await? } else { self.url.clone() };
        let body = self.get(url).await?;
        let found = filter::keys(&body, self.max_keys)?;
        self.log(found.odd, found.for_others);
        Ok(found.keys)
    }

    /// Reads the keys' address (OpenID Connect Discovery section 4). The document must be this issuer's, or one issuer
    /// could name another's keys (section 4.3).
    async fn discover(&self) -> Result<Url, Failure> {
        let body = self.get(self.url.clone()).await?;
        let document = json::object(&body)
            .map_err(|e| Failure::new(Cause::Content, format_args!("discovery document: {e}")))?;
        let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
        if text("issuer") != Some(&self.issuer) {
            return Err(Failure::new(Cause::Discovery, "the discovery document is of another issuer"));
        }
        let url = text("jwks_uri").and_then(|uri| Url::parse(uri).ok());
        let url = url.ok_or_else(|| Failure::new(Cause::Discovery, "no `jwks_uri`, or no address in it"))?;
        may_fetch(&url, self.allow_http)
            .map_err(|why| Failure::new(Cause::Discovery, format_args!("`jwks_uri`: {why}")))?;
        Ok(url)
    }

    /// One request, its body capped while it arrives: `Content-Length` may be wrong or missing.
    async fn get(&self, url: Url) -> Result<Vec<u8>, Failure> {
        let request = self.client.get(url).header("accept", "application/json");
        let mut answer = request.send().await.map_err(failed)?;
        if answer.status() != StatusCode::OK {
            let mut failure =
                Failure::new(Cause::Status, format_args!("status {}", answer.status().as_u16()));
            let wait = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
            failure.retry_after = wait.and_then(|v| retry_after(v, SystemTime::now()));
            return Err(failure);
        }
        let too_large = || Failure::new(Cause::TooLarge, format_args!("more than {} bytes", self.max_bytes));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > self.max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn log(&self, odd: Vec<String>, for_others: usize) {
        let Ok(mut logged) = self.logged.lock() else { return };
        if *logged != odd {
            for what in &odd {
                tracing::warn!(issuer = %self.issuer, "{what}; left out");
            }
            *logged = odd;
        }
        tracing::debug!(issuer = %self.issuer, keys_for_other_uses = for_others, "key set read");
    }
}

/// The certificates of a `ca_file`.
fn read_authorities(file: &Path) -> Result<(Vec<Certificate>, Vec<u8>), IssuerError> {
    let pem = std::fs::read(file).map_err(|source| IssuerError::CaFile { file: file.into(), source })?;
    let found = Certificate::from_pem_bundle(&pem)
        .map_err(|source| IssuerError::CaContent { file: file.into(), source })?;
    if found.is_empty() { Err(IssuerError::CaEmpty { file: file.into() }) } else { Ok((found, pem)) }
}

/// Seconds or a date (RFC 9110 section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(now).ok(),
    }
}

/// Whether keys may be fetched from there: over plain http, anybody on the way can put in keys of their own.
fn may_fetch(url: &Url, allow_http: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("no user or password may be in the address");
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return Err("no host"),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback || allow_http => Ok(()),
        "http" => Err("plain http; use https, or `allow_http`"),
        _ => Err("not https"),
    }
}

/// Why a request has no answer.
fn failed(error: reqwest::Error) -> Failure {
    let cause = match &error {
        e if e.is_timeout() => Cause::Timeout,
        e if e.is_connect() => Cause::Connect,
        _ => Cause::Other,
    };
    // The address is in the settings, and its query may hold a secret. What the system said lies at the bottom.
    let error = error.without_url();
    let innermost =
        std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| (*error).source())
            .last();
    let detail = innermost.map(ToString::to_string).unwrap_or_default();
    Failure::new(cause, detail).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        let read = |value| retry_after(value, now).map(|d| d.as_secs());
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Sun, 06 Nov 1994 08:51:37 GMT"), Some(120));
        for value in ["Sun, 06 Nov 1994 08:40:00 GMT", "-1", "1.5", "soon", "", "99999999999999999999999"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn keys_come_by_https_or_from_this_machine_only() {
        let allowed = |url: &str, allow_http| may_fetch(&Url::parse(url).expect("a url"), allow_http).is_ok();
        for url in ["https://a.example/k", "http://127.0.0.1:1/k", "http://[::1]/k", "http://localhost/k"] {
            assert!(allowed(url, false), "{url}");
        }
        for url in ["http://a.example/k", "http://localhost.a.example/k", "http://128.0.0.1/k"] {
            assert!(!allowed(url, false), "{url}");
            assert!(allowed(url, true), "{url}");
        }
        for url in ["file:///etc/passwd", "ftp://a.example/k", "https://u:p@a.example/k", "data:,x"] {
            assert!(!allowed(url, true), "{url}");
        }
    }
}
