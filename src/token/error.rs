//! Why tokens can't be checked at all: settings that must not start, and keys that are not there yet.
//!
//! These are for the operator. What is wrong with one token is a [`Refusal`](crate::refusal::Refusal), and what is
//! wrong with one fetch a `Failure` of `keys`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::ScopePatternFault;

/// Settings of issuers that would not work, or would accept too much.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is none.
    #[error("no issuer")]
    NoIssuer,
    /// Two entries have the same name.
    #[error("issuer `{0}` occurs twice")]
    IssuerTwice(String),
    /// `jsonwebtoken` was used, or set up, before.
    #[error("`jsonwebtoken` has another provider of cryptography in this process")]
    OtherProvider,
    /// A pattern of scopes would be read in two ways.
    #[error("scope `{pattern}` {fault}")]
    Scope {
        /// As written.
        pattern: String,
        /// What is wrong with it.
        fault: ScopePatternFault,
    },
    /// One issuer's settings.
    #[error("issuer `{issuer}`")]
    Issuer {
        /// Its name.
        issuer: String,
        /// What is wrong with it.
        source: IssuerError,
    },
}

/// What is wrong with one issuer's settings.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// `issuer` is empty.
    #[error("its name is empty")]
    NoName,
    /// No audience would be any audience.
    #[error("an audience is missing or empty; that would not mean any, so it means nothing")]
    NoAudience,
    /// None, or a symmetric one.
    #[error("its algorithms must be one or more of RS, PS, ES and EdDSA")]
    Algorithms,
    /// Nothing to read the client id from.
    #[error("no claim names the client")]
    NoClientIdClaim,
    /// The keys' address can't be read.
    #[error("`{address}`")]
    Address {
        /// As written.
        address: String,
        /// Why.
        source: url::ParseError,
    },
    /// Keys may not be fetched from there.
    #[error("`{address}`: {why}")]
    AddressNotAllowed {
        /// As written.
        address: String,
        /// Why.
        why: &'static str,
    },
    /// `ca_file` can't be read.
    #[error("`{}`", .file.display())]
    CaFile {
        /// Its path.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `ca_file` holds something else than certificates.
    #[error("`{}`", .file.display())]
    CaContent {
        /// Its path.
        file: PathBuf,
        /// Why.
        source: reqwest::Error,
    },
    /// `ca_file` holds nothing.
    #[error("`{}`: no certificate in it", .file.display())]
    CaEmpty {
        /// Its path.
        file: PathBuf,
    },
    /// The HTTP client can't be built.
    #[error("no HTTP client for its keys")]
    Client(#[source] reqwest::Error),
}

/// Issuers whose tokens can't be checked now.
#[derive(Debug, PartialEq, Eq)]
pub struct NotReady(pub(super) Vec<NoFreshKeys>);

impl std::error::Error for NotReady {}

impl std::fmt::Display for NotReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

/// One issuer has no keys that are young enough.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoFreshKeys {
    #[error("issuer `{issuer}`: its keys were never fetched")]
    NeverFetched { issuer: String },
    #[error("issuer `{issuer}`: its keys are {} s old, too old", .age.as_secs())]
    TooOld { issuer: String, age: Duration },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_error_names_the_issuer_and_the_cause() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        let source = IssuerError::CaFile { file: "/ca.pem".into(), source };
        let error = SetupError::Issuer { issuer: "https://a.example/".into(), source };
        assert_eq!(
            crate::causes::in_full(&error),
            "issuer `https://a.example/`: `/ca.pem`: entity not found"
        );
    }
}
