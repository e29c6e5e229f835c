//! `issuers`: whose tokens are taken, and under which conditions.
//!
//! A condition that is half understood is never dropped: it is an error, and the gateway does not start.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

use super::address;
use super::people::{self, People};
use super::section::{Checks, F, section, unset};

section! {
    /// One issuer.
    pub struct Issuer {
        /// The exact `iss` of its tokens, for example `https://example.eu.auth0.com/`. Required; https, except for
        /// loopback addresses or with `allow_http`.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub issuer: String = String::new(),
        /// The accepted audiences: a token's `aud` must contain one of them. Required, except with `audience_optional`.
        pub audiences: Vec<String> = Vec::new(),
        /// Accept tokens without `aud`. For issuers that set none (Amazon Cognito); then identify the API with
        /// `required_claims`.
        #[schemars(extend("x-weakens" = true))]
        pub audience_optional: bool = false,
        /// The address of its keys. Null: the issuer and `.well-known/jwks.json`, joined by exactly one slash.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub jwks_url: String = String::new(),
        /// Read the keys' address from the issuer's `.well-known/openid-configuration` instead.
        pub discovery: bool = false,
        /// The accepted signature algorithms: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA. The
        /// token alone never decides.
        #[serde(deserialize_with = "algorithms")]
        #[schemars(with = "Vec<String>")]
        pub algorithms: Vec<Algorithm> = vec![Algorithm::RS256],
        /// Tolerated difference between the issuer's clock and the gateway's.
        pub leeway: Duration as time ["0s" to "5m"] = Duration::from_secs(30),
        /// The claims that name the client; the first one present is used. If it is invalid, or two present ones
        /// differ, the token is refused.
        pub client_id_claims: Vec<String> = vec!["azp".into(), "client_id".into()],
        /// Accept an application's own tokens only: `gty` is `client-credentials`, or `sub` is the client id or
        /// `<client id>@clients`, or `idtyp` is `app`. False also accepts tokens of people who use the application:
        /// as people's tokens if `people` identifies them, otherwise as the application's own.
        pub application_tokens_only: bool = true,
        /// People who sign in at the issuer. Null: nobody. Requires `application_tokens_only: false`.
        pub people: Option<People> = None,
        /// Claims that a token must have with exactly these values.
        #[serde(deserialize_with = "pairs", serialize_with = "map")]
        #[schemars(with = "BTreeMap<String, Value>")]
        pub required_claims: Vec<(String, Value)> = Vec::new(),
        /// PEM file with certificate authorities to trust for this issuer in addition to the system's.
        #[schemars(extend("x-path" = true))]
        pub ca_file: Option<PathBuf> = None,
        /// Accept an issuer without https. Anyone on the network path can then forge tokens of every tenant.
        #[schemars(extend("x-weakens" = true))]
        pub allow_http: bool = false,
    }
}

/// The algorithms that can be taken. `check` reports the others from their texts, each with its own code.
fn algorithms<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Algorithm>, D::Error> {
    Ok(Vec::<String>::deserialize(reader)?.iter().filter_map(|name| name.parse().ok()).collect())
}

fn pairs<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<(String, Value)>, D::Error> {
    Ok(BTreeMap::deserialize(reader)?.into_iter().collect())
}

fn map<S: Serializer>(pairs: &[(String, Value)], writer: S) -> Result<S::Ok, S::Error> {
    writer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// Checks all issuers, each alone and beside the others.
pub(super) fn check(issuers: &mut [Issuer], c: &mut Checks<'_>) {
    if issuers.is_empty() {
        c.report(F::EmptyIssuers, "issuers", "is empty, so no token would be accepted");
    }
    let mut seen: Vec<String> = Vec::new();
    for (at, issuer) in issuers.iter_mut().enumerate() {
        let path = format!("issuers.{at}");
        let name = format!("{path}.issuer");
        if c.is_written(&name) {
            // A slash at the end is no difference that an operator means; two sets of rules for one issuer would be.
            let plain = issuer.issuer.trim_end_matches('/').to_ascii_lowercase();
            if seen.contains(&plain) {
                c.report(F::DuplicateIssuer, &name, "repeats an earlier issuer");
            }
            seen.push(plain);
        }
        issuer.check(c, &path);
    }
    people::check_apart(issuers, c);
    // Whoever may register clients at one of them can take the name, and so the tenant, of an application of another.
    if seen.len() > 1 {
        let what =
            "lists several issuers: the same client id is the same tenant, whichever issuer signed the token";
        c.report(F::SeveralIssuers, "issuers", what);
    }
}

impl Issuer {
    fn check(&mut self, c: &mut Checks<'_>, path: &str) {
        let key = |name: &str| format!("{path}.{name}");
        if c.is_written(&key("issuer")) {
            check_url(c, &key("issuer"), &self.issuer, self.allow_http);
            if address::is_auth0_without_slash(&self.issuer) {
                let what = "does not end with a slash, so it is not the `iss` of any Auth0 token";
                c.report(F::IssuerWithoutSlash, &key("issuer"), what);
            }
        } else {
            c.report(F::MissingIssuer, &key("issuer"), "is not set");
        }
        if c.is_written(&key("jwks_url")) {
            check_url(c, &key("jwks_url"), &self.jwks_url, self.allow_http);
            if self.discovery {
                c.report(F::JwksUrlAndDiscovery, &key("discovery"), "stands beside `jwks_url`");
            }
        } else if !self.discovery {
            self.jwks_url = address::default_jwks_url(&self.issuer);
        }
        let (audiences, optional) = (&self.audiences, self.audience_optional);
        if audiences.is_empty() && !optional || audiences.iter().any(|a| a.trim().is_empty()) {
            let what = "is empty: tokens issued for any other API would be accepted";
            c.report(F::EmptyAudiences, &key("audiences"), what);
        }
        if optional {
            c.report(F::AudienceOptional, &key("audience_optional"), "accepts tokens without `aud`");
        }
        self.check_algorithms(c, &key("algorithms"));
        if self.client_id_claims.is_empty() || self.client_id_claims.iter().any(|c| c.trim().is_empty()) {
            c.report(F::InvalidClientIdClaims, &key("client_id_claims"), "names no claim, or an empty one");
        }
        if let Some(people) = &self.people {
            people.check(self, c, &key("people"));
        } else if !self.application_tokens_only {
            let what =
                "accepts tokens of people who use an application as if they were the application's own";
            c.report(F::UserTokensTaken, &key("application_tokens_only"), what);
        }
        c.ca_file(&key("ca_file"), self.ca_file.as_deref());
    }

    fn check_algorithms(&mut self, c: &mut Checks<'_>, path: &str) {
        let mut seen = HashSet::new();
        self.algorithms.retain(|algorithm| seen.insert(*algorithm));
        let paths = (0..).map(|at| format!("{path}.{at}"));
        let written: Vec<String> = paths.take_while(|path| c.is_written(path)).collect();
        if self.algorithms.is_empty() && written.is_empty() {
            c.report(F::InvalidAlgorithm, path, "is empty");
        }
        for path in written {
            let name = c.text(&path).unwrap_or_default();
            let upper = name.trim().to_ascii_uppercase();
            // A shared secret or no signature at all: anybody who knows the public key could sign (RFC 8725
            // section 2.1).
            if upper.starts_with("HS") || upper == "NONE" {
                c.report(
                    F::ForbiddenAlgorithm,
                    &path,
                    "must never be accepted: others can create such tokens",
                );
            } else if name.parse::<Algorithm>().is_err() {
                c.report(F::InvalidAlgorithm, &path, "is not a known signature algorithm");
            }
        }
    }
}

/// An issuer's URL, or its keys': https, or this machine, or http where the operator says so.
fn check_url(c: &mut Checks<'_>, path: &str, text: &str, allow_http: bool) {
    match address::parse(text) {
        Err(why) => c.report(F::InvalidIssuerUrl, path, format_args!("can't be used: {why}")),
        Ok(url) if url.scheme() == "https" || address::is_loopback(&url) => {}
        Ok(_) if allow_http => {
            let what = "is not https: anyone on the network path can forge tokens of every tenant";
            c.report(F::HttpIssuerAllowed, path, what);
        }
        Ok(_) => c.report(F::IssuerNotHttps, path, "is not https"),
    }
}
