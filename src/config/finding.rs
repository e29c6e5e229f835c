//! A finding: one fault, or one risk, in what the operator wrote.
//!
//! In: what a check saw. Out: a stable code, its place, a sentence and a remedy, for `check` and for `serve`'s
//! start. A finding never holds a secret: messages repeat keys and names, and values only where they can't be one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The gateway does not start.
    Error,
    /// The gateway starts; the operator should know.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a file. Line and column count from 1; 0 when the whole file is meant.
    File {
        /// The file as the operator named it.
        path: Arc<PathBuf>,
        /// The line.
        line: u64,
        /// The column, in characters.
        column: u64,
    },
    /// In an environment variable.
    Variable(Arc<str>),
    /// In a command line flag.
    Flag(&'static str),
    /// Nowhere: it was left out.
    Missing,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Missing => f.write_str("not set"),
        }
    }
}

/// One fault or risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable kebab-case code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it was written.
    pub place: Place,
    /// What is wrong; names the key.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// A finding of `code` at `place`.
    pub fn new(code: Code, place: Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code: code.as_str(),
            severity: code.severity(),
            place,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// Whether it stops the start.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        writeln!(f, "  --> {}", self.place)?;
        write!(f, "  help: {}", self.remedy)
    }
}

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $name:ident = $code:literal, $severity:ident; )+) => {
        /// The codes of findings about settings. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $name, )+ }

        impl Code {
            /// All codes, for the documentation.
            pub const ALL: &'static [Code] = &[ $( Code::$name, )+ ];

            /// The code as printed.
            pub const fn as_str(self) -> &'static str { match self { $( Code::$name => $code, )+ } }

            /// How bad findings of this code are.
            pub const fn severity(self) -> Severity { match self { $( Code::$name => Severity::$severity, )+ } }

            /// One sentence for the documentation.
            pub const fn doc(self) -> &'static str { match self { $( Code::$name => concat!($($doc),+), )+ } }
        }
    };
}

codes! {
    /// The configuration file can't be read.
    UnreadableConfig = "unreadable-config", Error;
    /// The text is not YAML.
    Syntax = "syntax", Error;
    /// A key is written twice; which one holds would be a guess.
    DuplicateKey = "duplicate-key", Error;
    /// There is no such key.
    UnknownKey = "unknown-key", Error;
    /// A `TENANTGATE_` variable that no key reads.
    UnknownVariable = "unknown-variable", Error;
    /// The value has another type than the key takes.
    WrongType = "wrong-type", Error;
    /// The value is not one of those that the key takes.
    InvalidValue = "invalid-value", Error;
    /// A number, size or time is too small or too large.
    OutOfRange = "out-of-range", Error;
    /// An address is not IP and port.
    InvalidAddress = "invalid-address", Error;
    /// Both listeners have the same address.
    SameAddress = "same-address", Error;
    /// `public_url` is more or less than scheme and authority.
    InvalidPublicUrl = "invalid-public-url", Error;
    /// The engine's URL is not set.
    MissingEngineUrl = "missing-engine-url", Error;
    /// The engine's URL can't be used.
    InvalidEngineUrl = "invalid-engine-url", Error;
    /// The engine's name can't be a path segment.
    InvalidEngineName = "invalid-engine-name", Error;
    /// Password or user name of the engine's `basic_auth` is missing or unfit.
    InvalidBasicAuth = "invalid-basic-auth", Error;
    /// No issuer is configured, so no token could be taken.
    EmptyIssuers = "empty-issuers", Error;
    /// An issuer without its `issuer`.
    MissingIssuer = "missing-issuer", Error;
    /// An issuer, or where its keys lie, is no usable URL.
    InvalidIssuerUrl = "invalid-issuer-url", Error;
    /// Keys fetched without https can be replaced on the way, and with them every tenant.
    IssuerNotHttps = "issuer-not-https", Error;
    /// Two issuers are alike, so which keys and audiences hold would be a guess.
    DuplicateIssuer = "duplicate-issuer", Error;
    /// Without an audience, a token made for any other application would be taken.
    EmptyAudiences = "empty-audiences", Error;
    /// `jwks_url` and `discovery` exclude each other.
    JwksUrlAndDiscovery = "jwks-url-and-discovery", Error;
    /// Unsigned tokens and tokens signed with a shared secret are never taken.
    ForbiddenAlgorithm = "forbidden-algorithm", Error;
    /// No such signature algorithm, or none at all.
    InvalidAlgorithm = "invalid-algorithm", Error;
    /// No usable claim names the client.
    InvalidClientIdClaims = "invalid-client-id-claims", Error;
    /// An identity header has no usable name.
    InvalidIdentityHeader = "invalid-identity-header", Error;
    /// Both identity headers have the same name.
    SameIdentityHeaders = "same-identity-headers", Error;
    /// An identity header has the name of a header that means something else.
    KnownIdentityHeader = "known-identity-header", Error;
    /// A file that a key names can't be read.
    UnreadableFile = "unreadable-file", Error;
    /// A key for batch handles is too short, or used twice.
    WeakBatchKey = "weak-batch-key", Error;
    /// A `ca_file` holds no certificate.
    InvalidCaFile = "invalid-ca-file", Error;
    /// `policies.directory` is not a folder.
    NotADirectory = "not-a-directory", Error;
    /// A CORS origin is not scheme and authority.
    InvalidOrigin = "invalid-origin", Error;
    /// `log.filter` can't be read.
    InvalidLogFilter = "invalid-log-filter", Error;
    /// Deployed models may run code: whoever may deploy is trusted with the whole engine, and with every tenant.
    CodeAllowed = "code-allowed", Warning;
    /// No keys for batch handles: a random key is made, and handles die with the process.
    NoBatchKeys = "no-batch-keys", Warning;
    /// Tokens of people are taken as if they were the application's.
    UserTokensTaken = "user-tokens-taken", Warning;
    /// An issuer's keys are fetched over plain http.
    HttpIssuerAllowed = "http-issuer-allowed", Warning;
    /// Several issuers share one space of client ids: an equal client id is the same tenant, whoever signed.
    SeveralIssuers = "several-issuers", Warning;
    /// No audience is asked for: every token of the issuer is taken.
    AudienceOptional = "audience-optional", Warning;
    /// Every application reads definitions and deployments without tenant.
    SharedResourcesReadable = "shared-resources-readable", Warning;
    /// Values may name any Java class.
    ObjectTypesOpen = "object-types-open", Warning;
    /// A single issuer from flags or variables replaces the list of issuers.
    IssuersReplaced = "issuers-replaced", Warning;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{text}");
            assert!(seen.insert(text), "{text} twice");
        }
    }
}
