//! `limits.store`: where all replicas count a tenant's requests together.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::secrets;
use super::section::{Checks, F, section, unset};

section! {
    /// A store that speaks the Redis protocol (Redis 5 or newer, Valkey), in which all replicas count a tenant's requests
    /// together.
    pub(crate) struct Store {
        /// URL of the store: `redis://host:6379`, or `rediss://` for TLS; a path is the database's number. Without user info
        /// and query.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub url: String = String::new(),
        /// The user name; null: the store's default user.
        pub username: Option<String> = None,
        /// File that contains the password; trailing white space is ignored. Null: none is sent.
        #[schemars(extend("x-path" = true))]
        pub(super) password_file: Option<PathBuf> = None,
        /// The password in this file; does not print.
        #[serde(skip)]
        pub password: Option<SecretString> = None,
        /// PEM file with the certificate authorities to trust for the store instead of the system's.
        #[schemars(extend("x-path" = true))]
        pub(super) ca_file: Option<PathBuf> = None,
        /// What stands in this file.
        #[serde(skip)]
        pub authorities: Option<Vec<u8>> = None,
        /// How the names of the store's keys begin: gateways of different engines need different ones.
        pub prefix: String = "tenantgate".into(),
        /// Longest time that a request waits for the store. From then on, until the store answers again, each replica counts
        /// by itself and no request waits.
        pub timeout: Duration as time ["1ms" to "10s"] = Duration::from_millis(100),
        /// Time after which the store forgets the requests of a replica that has died.
        pub lease: Duration as time ["1s" to "10m"] = Duration::from_secs(30),
    }
}

/// Where a store is, read from its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreAddress {
    /// Name or IP address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whether to speak TLS.
    pub(crate) tls: bool,
    /// The database's number.
    pub(crate) database: i64,
}

impl Store {
    /// Where the store is; none for a URL that can't be used.
    pub(crate) fn address(&self) -> Option<StoreAddress> {
        let url = Url::parse(&self.url).ok()?;
        let tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return None,
        };
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        let host = match url.host()? {
            Host::Domain(name) if !name.is_empty() => name.to_owned(),
            Host::Domain(_) => return None,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let database = match url.path().trim_start_matches('/') {
            "" => 0,
            number => number.parse().ok().filter(|number| (0..=65_535).contains(number))?,
        };
        Some(StoreAddress { host, port: url.port().unwrap_or(6379), tls, database })
    }

    /// What a connection is made by.
    pub(super) fn made_by(&self) -> impl PartialEq + use<> {
        let password = self.password.as_ref().map(|password| password.expose_secret().to_owned());
        let login = (self.url.clone(), self.username.clone(), password, self.authorities.clone());
        (login, self.prefix.clone(), self.timeout, self.lease)
    }

    pub(super) fn check(&mut self, c: &mut Checks<'_>) {
        match self.address() {
            None => c.report(F::InvalidStore, "limits.store.url", "is missing or can't be used"),
            Some(address) if self.ca_file.is_some() && !address.tls => {
                let what = "is used for `rediss://` only, and `limits.store.url` begins with `redis://`";
                c.report(F::InvalidStore, "limits.store.ca_file", what);
            }
            Some(_) => {}
        }
        if self.username.is_some() && self.password_file.is_none() {
            c.report(F::InvalidStore, "limits.store.password_file", "is missing for `limits.store.username`");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if self.prefix.is_empty() || !self.prefix.bytes().all(plain) {
            let what = "may only contain letters, digits, `-`, `_`, `.` and `:`";
            c.report(F::InvalidStore, "limits.store.prefix", what);
        }
        c.ca_file("limits.store.ca_file", self.ca_file.as_deref());
        // One that can't be read is a finding by now.
        self.authorities = self.ca_file.as_deref().and_then(|file| secrets::content(file).ok());
        match self.password_file.as_deref().map(secrets::password) {
            Some(Ok(password)) => self.password = Some(password),
            Some(Err(fault)) => c.file("limits.store.password_file", &fault),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_store_is() {
        let address = |url: &str| Store { url: url.into(), ..Store::default() }.address();
        let at =
            |host: &str, port, tls, database| Some(StoreAddress { host: host.into(), port, tls, database });
        assert_eq!(address("redis://redis"), at("redis", 6379, false, 0));
        assert_eq!(address("rediss://r.example:7000/3"), at("r.example", 7000, true, 3));
        assert_eq!(address("redis://[::1]:7000/"), at("::1", 7000, false, 0));
        for wrong in [
            "",
            "redis",
            "redis://",
            "http://redis",
            "redis://user@redis",
            "redis://:secret@redis",
            "redis://redis/x",
            "redis://redis/-1",
            "redis://redis/0?protocol=resp3",
            "redis://redis/0#insecure",
            "redis+unix:///tmp/s",
        ] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
