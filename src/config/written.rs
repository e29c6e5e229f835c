//! Settings as written: the keys of the YAML file, one struct a section.
//!
//! These types are the one list of keys: the schema derived from them finds unknown keys, wrong types and values out
//! of range, names the environment variables, and makes `docs/configuration.md`. What settings mean, and what they
//! must not be together, is `meant.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::span::Span;
use super::{Code, Keys as KeysMeant, Limits as LimitsMeant, LogFormat, SharedResources, object_types};

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Written {
    /// Where applications connect: IP address and port. Port 0 lets the system choose; the bound address is logged.
    pub(crate) listen: String,
    /// Where `/metrics`, `/healthz` and `/readyz` answer: IP address and port. The engine is never reached there.
    pub(crate) admin_listen: String,
    /// Scheme and authority that `links[].href` in answers show, as `https://camunda.example.com`. Null: scheme and
    /// `Host` as the client asked.
    pub(crate) public_url: Option<String>,
    /// The engine behind the gateway.
    pub(crate) engine: Engine,
    /// The issuers whose tokens are taken; at least one. `--issuer`, `--audience` and `--jwks-url` (or
    /// `TENANTGATE_ISSUER`, `TENANTGATE_AUDIENCE`, `TENANTGATE_JWKS_URL`) describe a single one and replace this list.
    pub(crate) issuers: Vec<Issuer>,
    /// Tenants and what they may see.
    pub(crate) tenancy: Tenancy,
    /// What deployed models may carry.
    pub(crate) deployments: Deployments,
    /// What values of variables may be.
    pub(crate) values: Values,
    /// The headers that tell the engine's side who calls. A client's own are removed in every spelling.
    pub(crate) identity_headers: IdentityHeaders,
    /// The rules.
    pub(crate) policies: Policies,
    /// Sizes, times and numbers. Each is a limit for one replica of the gateway.
    pub(crate) limits: Limits,
    /// The issuers' keys, and how long verified tokens are remembered.
    pub(crate) keys: Keys,
    /// The log.
    pub(crate) log: Log,
    /// Cross-origin requests of browsers. Off while no origin is named.
    pub(crate) cors: Cors,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8080".into(),
            admin_listen: "0.0.0.0:9090".into(),
            public_url: None,
            engine: Engine::default(),
            issuers: Vec::new(),
            tenancy: Tenancy::default(),
            deployments: Deployments::default(),
            values: Values::default(),
            identity_headers: IdentityHeaders::default(),
            policies: Policies::default(),
            limits: Limits::default(),
            keys: Keys::default(),
            log: Log::default(),
            cors: Cors::default(),
        }
    }
}

/// The engine behind the gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Engine {
    /// URL of the engine's REST interface, as `http://camunda:8080/engine-rest`. Its path is the public one too.
    /// Required; without user info and query.
    pub(crate) url: Option<String>,
    /// The engine's name: `/engine/{name}/...` is taken for this one only, as if it were absent.
    pub(crate) name: String,
    /// User and password for a proxy in front of the engine, or a member of `camunda-admin` where the engine
    /// authenticates: any other user makes the engine hide everything. Null: none are sent.
    pub(crate) basic_auth: Option<BasicAuth>,
    /// PEM file with certificate authorities that are trusted for the engine besides the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Time to connect to the engine.
    #[schemars(extend("x-least" = "10ms", "x-most" = "1m"))]
    pub(crate) connect_timeout: Span,
    /// Time until an answer begins. Long polls get the time they ask for on top.
    #[schemars(extend("x-least" = "100ms", "x-most" = "1h"))]
    pub(crate) timeout: Span,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            url: None,
            name: "default".into(),
            basic_auth: None,
            ca_file: None,
            connect_timeout: Span::secs(5),
            timeout: Span::secs(60),
        }
    }
}

/// User and password.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BasicAuth {
    /// The user name.
    pub(crate) username: Option<String>,
    /// File that holds the password; white space at its end is cut off.
    pub(crate) password_file: Option<PathBuf>,
}

/// One issuer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Issuer {
    /// The exact `iss` of its tokens, as `https://example.eu.auth0.com/`. Required; https, except for a loopback
    /// address or with `allow_http`.
    pub(crate) issuer: Option<String>,
    /// The audiences taken: a token's `aud` must name one of them. Required, except with `audience_optional`.
    pub(crate) audiences: Vec<String>,
    /// Take tokens without `aud`. For issuers that set none (Amazon Cognito); then name the application by
    /// `required_claims`.
    pub(crate) audience_optional: bool,
    /// Where its keys lie. Null: the issuer and `.well-known/jwks.json`, joined by exactly one slash.
    pub(crate) jwks_url: Option<String>,
    /// Read the keys' address from the issuer's `.well-known/openid-configuration` instead.
    pub(crate) discovery: bool,
    /// The signature algorithms taken: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA. Never read from
    /// the token alone.
    pub(crate) algorithms: Vec<String>,
    /// How far the issuer's clock may differ.
    #[schemars(extend("x-least" = "0s", "x-most" = "5m"))]
    pub(crate) leeway: Span,
    /// The claims that name the client, the first present wins. An invalid one, or two present that differ, is a
    /// refusal.
    pub(crate) client_id_claims: Vec<String>,
    /// Take an application's own tokens only: `gty` is `client-credentials`, or `sub` is the client id or
    /// `<client id>@clients`, or `idtyp` is `app`. False also takes tokens of people who use the application.
    pub(crate) application_tokens_only: bool,
    /// Claims that a token must have with exactly these values.
    pub(crate) required_claims: BTreeMap<String, Value>,
    /// PEM file with certificate authorities that are trusted for this issuer besides the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Take an issuer without https. Whoever sits on the way can then make tokens of every tenant.
    pub(crate) allow_http: bool,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            issuer: None,
            audiences: Vec::new(),
            audience_optional: false,
            jwks_url: None,
            discovery: false,
            algorithms: vec!["RS256".into()],
            leeway: Span::secs(30),
            client_id_claims: vec!["azp".into(), "client_id".into()],
            application_tokens_only: true,
            required_claims: BTreeMap::new(),
            ca_file: None,
            allow_http: false,
        }
    }
}

/// Tenants and what they may see.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tenancy {
    /// Deployments and definitions without tenant: `hidden`, or `readable` by every application (never started or
    /// written).
    pub(crate) shared_resources: SharedResources,
    /// Files with keys that sign batch handles, at least 32 bytes each; white space at the ends is cut off. The first
    /// signs, all are taken. All replicas need the same. None: a random key, and handles die with the process.
    pub(crate) batch_key_files: Vec<PathBuf>,
    /// Client ids that never become tenants, besides `camunda-admin`; upper and lower case are alike.
    pub(crate) reserved_client_ids: Vec<String>,
}

/// What deployed models may carry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Deployments {
    /// Code in models. `deny`: no scripts, classes, delegates or connectors, and plain expressions only. `allow`
    /// trusts whoever may deploy with the whole engine: tenants are then kept apart no longer.
    pub(crate) code: Code,
    /// Largest model or form file, in bytes: these are read whole and checked.
    #[schemars(range(min = 1024, max = 268_435_456))]
    pub(crate) max_model_bytes: usize,
}

impl Default for Deployments {
    fn default() -> Self {
        Self { code: Code::Deny, max_model_bytes: 8 * 1024 * 1024 }
    }
}

/// What values of variables may be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Values {
    /// Java classes that `objectTypeName` may name: the engine makes objects of them.
    pub(crate) object_types: ObjectTypes,
}

/// Java classes that `objectTypeName` may name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ObjectTypes {
    /// Prefixes of class names that are refused: the platform's and the engine's libraries. Replaces the built-in
    /// list.
    pub(crate) refuse: Vec<String>,
    /// Whole class names that are taken even under a refused prefix. Replaces the built-in list.
    pub(crate) allow: Vec<String>,
}

impl Default for ObjectTypes {
    fn default() -> Self {
        let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
        Self { refuse: own(object_types::REFUSED), allow: own(object_types::ALLOWED) }
    }
}

/// The identity headers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IdentityHeaders {
    /// The header that names the user.
    pub(crate) user: String,
    /// The header that names the tenants.
    pub(crate) tenants: String,
}

impl Default for IdentityHeaders {
    fn default() -> Self {
        Self { user: "X-Camunda-User".into(), tenants: "X-Camunda-Tenants".into() }
    }
}

/// The rules.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Policies {
    /// Folder whose rules replace the built-in ones. Null: the rules built into the binary.
    pub(crate) directory: Option<PathBuf>,
}

/// Sizes, times and numbers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Longest path and query, in bytes.
    #[schemars(range(min = 256, max = 1_048_576))]
    pub(crate) max_target_bytes: usize,
    /// Largest JSON body, in bytes: these are read whole and checked.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub(crate) max_json_bytes: usize,
    /// Deepest nesting of a JSON body.
    #[schemars(range(min = 8, max = 256))]
    pub(crate) max_json_depth: usize,
    /// Largest streamed body (deployments, attachments, files), in bytes.
    #[schemars(range(min = 1024, max = 1_099_511_627_776_u64))]
    pub(crate) max_stream_bytes: u64,
    /// Largest answer of the engine that is held to be checked before it goes out, in bytes.
    #[schemars(range(min = 65_536, max = 1_073_741_824))]
    pub(crate) max_held_answer_bytes: usize,
    /// Longest `Authorization` header, in bytes.
    #[schemars(range(min = 512, max = 65_536))]
    pub(crate) max_token_bytes: usize,
    /// Time between two pieces of a request body.
    #[schemars(extend("x-least" = "1s", "x-most" = "10m"))]
    pub(crate) body_idle_timeout: Span,
    /// Most requests under way for one tenant, long polls apart.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) requests_per_tenant: usize,
    /// Most long polls under way for one tenant.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) long_polls_per_tenant: usize,
    /// Time for requests under way to end after SIGTERM.
    #[schemars(extend("x-least" = "0s", "x-most" = "1h"))]
    pub(crate) shutdown_grace: Span,
    /// Time between SIGTERM and the end of accepting: load balancers need it to look elsewhere.
    #[schemars(extend("x-least" = "0s", "x-most" = "5m"))]
    pub(crate) shutdown_delay: Span,
    /// Worker threads. Null: one a core.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) workers: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        let meant = LimitsMeant::default();
        Self {
            max_target_bytes: meant.max_target_bytes,
            max_json_bytes: meant.max_json_bytes,
            max_json_depth: meant.max_json_depth,
            max_stream_bytes: meant.max_stream_bytes,
            max_held_answer_bytes: meant.max_held_answer_bytes,
            max_token_bytes: meant.max_token_bytes,
            body_idle_timeout: meant.body_idle_timeout.into(),
            requests_per_tenant: meant.requests_per_tenant,
            long_polls_per_tenant: meant.long_polls_per_tenant,
            shutdown_grace: meant.shutdown_grace.into(),
            shutdown_delay: meant.shutdown_delay.into(),
            workers: meant.workers,
        }
    }
}

/// The issuers' keys, and how long verified tokens are remembered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    /// Time between two renewals in the background.
    #[schemars(extend("x-least" = "10s", "x-most" = "24h"))]
    pub(crate) renew_every: Span,
    /// How old a key set may get while its issuer does not answer.
    #[schemars(extend("x-least" = "1m", "x-most" = "7d"))]
    pub(crate) max_age: Span,
    /// Least time between two fetches that unknown key ids cause, for all callers together.
    #[schemars(extend("x-least" = "1s", "x-most" = "1h"))]
    pub(crate) cooldown: Span,
    /// Time for one fetch, whole.
    #[schemars(extend("x-least" = "100ms", "x-most" = "1m"))]
    pub(crate) timeout: Span,
    /// Largest key set taken, in bytes.
    #[schemars(range(min = 1024, max = 16_777_216))]
    pub(crate) max_bytes: usize,
    /// Most keys taken of a set.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) max_keys: usize,
    /// Longest time that a verified token is remembered; never past its own end.
    #[schemars(extend("x-least" = "0s", "x-most" = "5m"))]
    pub(crate) remember_tokens_for: Span,
    /// Most verified tokens remembered.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub(crate) remember_tokens: u64,
}

impl Default for Keys {
    fn default() -> Self {
        let meant = KeysMeant::default();
        Self {
            renew_every: meant.renew_every.into(),
            max_age: meant.max_age.into(),
            cooldown: meant.cooldown.into(),
            timeout: meant.timeout.into(),
            max_bytes: meant.max_bytes,
            max_keys: meant.max_keys,
            remember_tokens_for: meant.remember_tokens_for.into(),
            remember_tokens: meant.remember_tokens,
        }
    }
}

/// The log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `human`: lines for people; `json`: one JSON object a line.
    pub(crate) format: LogFormat,
    /// What is logged, as `info` or `info,tenantgate=debug`.
    pub(crate) filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info".into() }
    }
}

/// Cross-origin requests of browsers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cors {
    /// Origins (scheme and authority) whose pages may call. Empty: none, and no CORS header is sent.
    pub(crate) allowed_origins: Vec<String>,
}
