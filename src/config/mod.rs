//! Settings: what the operator wrote, checked, and as the rest of the gateway reads it.
//!
//! Nobody else reads files or the environment. [`Settings`] and its parts are settings *as meant*; how they are
//! written and gathered (flag, then environment, then file, then default) is `written.rs` and `load.rs`.

mod address;
mod finding;
mod headers;
mod issuers;
mod load;
mod meant;
mod object_types;
mod reference;
mod secrets;
mod shape;
mod span;
#[cfg(test)]
mod tests;
mod tree;
mod written;

pub use finding::{Code as FindingCode, Finding, Place, Severity};
pub use load::{GatherArgs, Gathered, gather};
pub use object_types::ObjectTypes;
pub use reference::{reference, schema};
pub use span::Span;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Everything that `serve` needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where applications connect. Port 0: the system picks one.
    pub listen: SocketAddr,
    /// Where `/metrics`, `/healthz` and `/readyz` answer.
    pub admin_listen: SocketAddr,
    /// Scheme and authority (and nothing else) that `links[].href` show; none: as the client asked.
    pub public_url: Option<String>,
    /// The engine.
    pub engine: Engine,
    /// The issuers whose tokens are taken; never empty.
    pub issuers: Vec<Issuer>,
    /// Tenants and what they may see.
    pub tenancy: Tenancy,
    /// What deployed models may carry.
    pub deployments: Deployments,
    /// The identity headers that the engine's side may read.
    pub identity_headers: IdentityHeaders,
    /// The folder whose rules replace the built-in ones.
    pub policies_directory: Option<PathBuf>,
    /// Sizes, times and numbers.
    pub limits: Limits,
    /// Key set renewal.
    pub keys: Keys,
    /// Log format and level.
    pub log: Log,
    /// Cross-origin requests of browsers.
    pub cors: Cors,
    /// Java classes that values may name.
    pub object_types: ObjectTypes,
}

/// Cross-origin requests of browsers (Fetch standard, section 3.3).
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// Origins whose pages may call, as browsers write them in `Origin`: lower case, no default port. Empty: CORS is
    /// off.
    pub allowed_origins: Vec<String>,
}

/// The engine behind the gateway.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Scheme, host and port, as `http://camunda:8080`.
    pub origin: String,
    /// The path under which its REST interface lies, as `/engine-rest`; also the public one. No slash at its end.
    pub base_path: String,
    /// The engine's name under `/engine/{name}`.
    pub name: String,
    /// User and password for a proxy in front of the engine.
    pub basic_auth: Option<BasicAuth>,
    /// Certificate authorities (PEM) to trust for the engine besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time until an answer begins; long polls get their own poll time on top.
    pub timeout: Duration,
}

/// A user and its password.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// The user name.
    pub username: String,
    /// The password; does not print.
    pub password: SecretString,
}

/// One issuer.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The exact `iss` of its tokens.
    pub issuer: String,
    /// The audiences taken. Empty only where `audience_optional` says so (Cognito has no `aud`).
    pub audiences: Vec<String>,
    /// Take tokens without `aud` (Cognito has none).
    pub audience_optional: bool,
    /// Where its keys lie; empty with `discovery`.
    pub jwks_url: String,
    /// Read the keys' address from `/.well-known/openid-configuration` instead.
    pub discovery: bool,
    /// The signature algorithms taken.
    pub algorithms: Vec<jsonwebtoken::Algorithm>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// The claims that name the client, first present wins.
    pub client_id_claims: Vec<String>,
    /// Take application tokens only (client credentials).
    pub application_tokens_only: bool,
    /// Claims that a token must have with exactly these values.
    pub required_claims: Vec<(String, serde_json::Value)>,
    /// Certificate authorities (PEM) to trust for the issuer besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Plain http is taken for this issuer's keys (loopback is always).
    pub allow_http: bool,
}

/// Key set renewal (for every issuer alike).
#[derive(Clone, Debug)]
pub struct Keys {
    /// Time between two renewals in the background.
    pub renew_every: Duration,
    /// How old a key set may get while the issuer does not answer.
    pub max_age: Duration,
    /// The least time between two fetches that unknown `kid`s cause.
    pub cooldown: Duration,
    /// Time for one fetch, whole.
    pub timeout: Duration,
    /// Largest key set taken, in bytes.
    pub max_bytes: usize,
    /// Most keys taken of a set.
    pub max_keys: usize,
    /// Longest time a verified token is remembered.
    pub remember_tokens_for: Duration,
    /// Most verified tokens remembered.
    pub remember_tokens: u64,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            renew_every: Duration::from_secs(300),
            max_age: Duration::from_secs(24 * 3600),
            cooldown: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            max_bytes: 256 * 1024,
            max_keys: 64,
            remember_tokens_for: Duration::from_secs(60),
            remember_tokens: 10_000,
        }
    }
}

/// Tenants and what they may see.
#[derive(Clone, Debug, Default)]
pub struct Tenancy {
    /// Definitions and deployments without tenant.
    pub shared_resources: SharedResources,
    /// Keys that sign batch handles, the first signs, all are taken. Empty: a random one.
    pub batch_keys: Vec<BatchKey>,
    /// Client ids that never become tenants, besides `camunda-admin`.
    pub reserved_client_ids: Vec<String>,
}

/// A key for batch handles; does not print.
pub type BatchKey = secrecy::SecretSlice<u8>;

/// What callers see of definitions and deployments without tenant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SharedResources {
    /// Nothing.
    #[default]
    Hidden,
    /// They can be read, never written or started.
    Readable,
}

/// What deployed models may carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deployments {
    /// Code in models.
    pub code: Code,
    /// Largest file that the engine parses, in bytes; always set by `gather`.
    pub max_model_bytes: Option<usize>,
}

/// Code in models.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// No scripts, classes, delegates; expressions of names, literals and operators only.
    #[default]
    Deny,
    /// Whoever may deploy is trusted with the whole engine.
    Allow,
}

/// The identity headers.
#[derive(Clone, Debug)]
pub struct IdentityHeaders {
    /// Names the user, lower case.
    pub user: String,
    /// Names the tenants, lower case.
    pub tenants: String,
}

impl Default for IdentityHeaders {
    fn default() -> Self {
        Self { user: "x-camunda-user".into(), tenants: "x-camunda-tenants".into() }
    }
}

/// Sizes, times and numbers.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest path and query, in bytes.
    pub max_target_bytes: usize,
    /// Largest JSON body that is read whole, in bytes.
    pub max_json_bytes: usize,
    /// Deepest nesting of a JSON body.
    pub max_json_depth: usize,
    /// Largest streamed body (attachments, deployments), in bytes.
    pub max_stream_bytes: u64,
    /// Largest answer that is held to be checked, in bytes.
    pub max_held_answer_bytes: usize,
    /// Longest `Authorization` value, in bytes.
    pub max_token_bytes: usize,
    /// Time for a request body to arrive, between two pieces of it.
    pub body_idle_timeout: Duration,
    /// Most requests under way for one tenant, long polls apart.
    pub requests_per_tenant: usize,
    /// Most long polls under way for one tenant.
    pub long_polls_per_tenant: usize,
    /// Time for requests under way to end after SIGTERM.
    pub shutdown_grace: Duration,
    /// Time between SIGTERM and no longer accepting: load balancers need it to look elsewhere.
    pub shutdown_delay: Duration,
    /// Worker threads; none: one a core.
    pub workers: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_target_bytes: 32 * 1024,
            max_json_bytes: 16 * 1024 * 1024,
            max_json_depth: 128,
            max_stream_bytes: 1024 * 1024 * 1024,
            max_held_answer_bytes: 32 * 1024 * 1024,
            max_token_bytes: 8 * 1024,
            body_idle_timeout: Duration::from_secs(30),
            requests_per_tenant: 256,
            long_polls_per_tenant: 64,
            shutdown_grace: Duration::from_secs(25),
            shutdown_delay: Duration::from_secs(3),
            workers: None,
        }
    }
}

/// Log format and level.
#[derive(Clone, Debug)]
pub struct Log {
    /// Lines for people or JSON.
    pub format: LogFormat,
    /// A filter as `info` or `tenantgate=debug`.
    pub filter: String,
}

/// Lines for people or JSON.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// One readable line each.
    #[default]
    Human,
    /// One JSON object each.
    Json,
}
