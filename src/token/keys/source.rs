//! An issuer's key set over HTTP.
//!
//! In: one issuer's settings. Out: its usable keys, or why there are none. It never follows a redirect, asks a
//! proxy of the environment, reads more than the limit, waits longer than the limit, or leaves https (but for
//! loopback, and where the operator allows it).

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jwks_client_rs::source::JwksSource;
use jwks_client_rs::{JsonWebKeySet, JwksClientError};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, StatusCode, Url};

use super::failure::{Cause, Failure};
use super::filter;
use crate::config;
use crate::token::json;

/// The source of one issuer's keys.
pub(crate) struct IssuerSource {
    client: Client,
    issuer: String,
    /// The key set, or with `discovery` the document that names it.
    url: Url,
    discovery: bool,
    allow_http: bool,
    timeout: Duration,
    max_bytes: usize,
    max_keys: usize,
    /// What was odd in the last answer: the same oddity is told once, not at each renewal.
    told: Mutex<Vec<String>>,
}

impl IssuerSource {
    /// Prepares the client; asks nobody.
    ///
    /// # Errors
    /// A bad address, an unreadable `ca_file`, or a client that can't be built.
    pub(crate) fn new(issuer: &config::Issuer, keys: &config::Keys) -> Result<Self, String> {
        let address = if issuer.discovery {
            format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'))
        } else {
            issuer.jwks_url.clone()
        };
        let name = &issuer.issuer;
        let url = Url::parse(&address).map_err(|e| format!("issuer `{name}`: `{address}`: {e}"))?;
        may_ask(&url, issuer.allow_http).map_err(|why| format!("issuer `{name}`: `{address}`: {why}"))?;
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
        if let Some(file) = &issuer.ca_file {
            let told = |e: &dyn std::fmt::Display| format!("issuer `{name}`: `{}`: {e}", file.display());
            let pem = std::fs::read(file).map_err(|e| told(&e))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| told(&e))?;
            if authorities.is_empty() {
                return Err(told(&"no certificate in it"));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        let client = builder.build().map_err(|e| format!("issuer `{name}`: {e}"))?;
        Ok(Self {
            client,
            issuer: issuer.issuer.clone(),
            url,
            discovery: issuer.discovery,
            allow_http: issuer.allow_http,
            timeout: keys.timeout,
            max_bytes: keys.max_bytes,
            max_keys: keys.max_keys,
            told: Mutex::default(),
        })
    }

    async fn fetch(&self) -> Result<JsonWebKeySet, Failure> {
        let url = if self.discovery { self.discover().await? } else { self.url.clone() };
        let body = self.get(url).await?;
        let found = filter::keys(&body, self.max_keys)?;
        self.tell(found.odd, found.for_others);
        Ok(found.keys.into())
    }

    /// Reads the keys' address (OpenID Connect Discovery section 4). The document must be of this very issuer,
    /// else one issuer could name the keys of another (section 4.3).
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
        may_ask(&url, self.allow_http)
            .map_err(|why| Failure::new(Cause::Discovery, format_args!("`jwks_uri`: {why}")))?;
        Ok(url)
    }

    /// One request, its body capped while it arrives: a length told beforehand may be a lie or missing.
    async fn get(&self, url: Url) -> Result<Vec<u8>, Failure> {
        let request = self.client.get(url).header("accept", "application/json");
        let mut answer = request.send().await.map_err(|e| of(&e))?;
        if answer.status() != StatusCode::OK {
            let mut failure =
                Failure::new(Cause::Status, format_args!("status {}", answer.status().as_u16()));
            let wait = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
            failure.retry_after = wait.and_then(|v| retry_after(v, SystemTime::now()));
            return Err(failure);
        }
        let too_large = || Failure::new(Cause::TooLarge, format_args!("more than {} bytes", self.max_bytes));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|e| of(&e))? {
            if body.len() + piece.len() > self.max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn tell(&self, odd: Vec<String>, for_others: usize) {
        let Ok(mut told) = self.told.lock() else { return };
        if *told != odd {
            for what in &odd {
                tracing::warn!(issuer = %self.issuer, "{what}; left out");
            }
            *told = odd;
        }
        tracing::debug!(issuer = %self.issuer, keys_for_other_uses = for_others, "key set read");
    }
}

#[async_trait]
impl JwksSource for IssuerSource {
    async fn fetch_keys(&self) -> Result<JsonWebKeySet, JwksClientError> {
        // Over both requests of a discovery, and over a body that drips for ever.
        let fetched = tokio::time::timeout(self.timeout, self.fetch()).await;
        let late = |_| Failure::new(Cause::Timeout, format_args!("not answered within {:?}", self.timeout));
        Ok(fetched.map_err(late)??)
    }
}

/// Seconds or a date (RFC 9110 section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(now).ok(),
    }
}

/// Whether keys may be taken from there: whoever can write on the way could put his own in.
fn may_ask(url: &Url, allow_http: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password don't belong into the address");
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

/// The cause without the address (it is in the settings) but with what lies beneath.
fn of(error: &reqwest::Error) -> Failure {
    let cause = match error {
        e if e.is_timeout() => Cause::Timeout,
        e if e.is_connect() => Cause::Connect,
        _ => Cause::Other,
    };
    let mut detail = String::new();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        detail = error.to_string();
        next = error.source();
    }
    if detail.is_empty() {
        detail = error.to_string();
    }
    Failure::new(cause, detail)
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
        let allowed = |url: &str, allow_http| may_ask(&Url::parse(url).expect("a url"), allow_http).is_ok();
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
