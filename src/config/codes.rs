//! The codes of findings about settings, each with its severity, its remedy and its line in the documentation.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
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

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $name:ident = $code:literal, $severity:ident, $remedy:literal; )+) => {
        /// The codes of findings about settings. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum FindingCode { $( $(#[doc = $doc])+ $name, )+ }

        impl FindingCode {
            /// The code as printed, how bad it is, and what to do where its place does not say it better.
            pub(super) const fn entry(self) -> (&'static str, Severity, &'static str) {
                match self { $( FindingCode::$name => ($code, Severity::$severity, $remedy), )+ }
            }

            /// All codes, each with its line in the documentation.
            #[cfg(test)]
            pub(super) const ALL: &'static [(FindingCode, &'static str)] = &[ $( (FindingCode::$name, concat!($($doc),+)), )+ ];
        }
    };
}

codes! {
    /// The configuration file cannot be read.
    UnreadableConfig = "unreadable-config", Error, "name a readable YAML file with --config";
    /// The text is not YAML.
    Syntax = "syntax", Error, "correct the text; indent with spaces, and quote texts that hold `: ` or `#`";
    /// A key is written twice, so it is unclear which value applies.
    DuplicateKey = "duplicate-key", Error, "keep one of the two";
    /// There is no such key.
    UnknownKey = "unknown-key", Error, "use a key from docs/configuration.md";
    /// A `TENANTGATE_` variable that corresponds to no key.
    UnknownVariable = "unknown-variable", Error,
        "name it TENANTGATE_SECTION__KEY, in upper case, with two underscores between section and key";
    /// The value has the wrong type.
    WrongType = "wrong-type", Error, "correct the value";
    /// The value is not one of the allowed values.
    InvalidValue = "invalid-value", Error, "use one of the listed values";
    /// A number, size or duration is too small or too large.
    OutOfRange = "out-of-range", Error, "set `keys.max_age` to several times `keys.renew_every`";
    /// An address does not consist of IP address and port.
    InvalidAddress = "invalid-address", Error, "for example `0.0.0.0:8080` or `[::]:8080`";
    /// Both listeners have the same address.
    SameAddress = "same-address", Error, "use a different port for the admin listener";
    /// `public_url` does not consist of scheme and authority.
    InvalidPublicUrl = "invalid-public-url", Error,
        "use scheme and authority only, for example `https://camunda.example.com`";
    /// The engine's URL is not set.
    MissingEngineUrl = "missing-engine-url", Error,
        "set `engine.url`, --engine-url or TENANTGATE_ENGINE__URL, for example to `http://camunda:8080/engine-rest`";
    /// The engine's URL is invalid.
    InvalidEngineUrl = "invalid-engine-url", Error, "for example `http://camunda:8080/engine-rest`";
    /// The engine's URL has no path, though stock engines answer below `/engine-rest`.
    EngineUrlWithoutPath = "engine-url-without-path", Warning,
        "add the path of the REST interface, usually `/engine-rest`, unless the engine answers at the root";
    /// The memory for bodies and held answers does not hold a largest one.
    SmallBuffer = "small-buffer", Error,
        "raise `limits.max_buffered_bytes` or lower `limits.max_json_bytes` and `limits.max_held_answer_bytes`";
    /// The store of the limits can't be used as it is described.
    InvalidStore = "invalid-store", Error,
        "for example `url: redis://redis:6379`, with `username` and `password_file` where it asks for them";
    /// `engine.url` and `engine.urls` exclude each other.
    UrlAndUrls = "url-and-urls", Error, "keep one of the two: all addresses of the engine in `engine.urls`";
    /// The addresses of one engine have different paths, but the public path is one.
    DifferentEnginePaths = "different-engine-paths", Error, "give all URLs of `engine.urls` the same path";
    /// An address of the engine is there twice.
    DuplicateEngineUrl = "duplicate-engine-url", Error, "name each address once";
    /// The engine's name is not a valid path segment.
    InvalidEngineName = "invalid-engine-name", Error,
        "use the name configured in the engine, usually `default`";
    /// Password or user name of the engine's `basic_auth` is missing or invalid.
    InvalidBasicAuth = "invalid-basic-auth", Error,
        "set the user and a file that contains the password, or remove `engine.basic_auth`";
    /// No issuer is configured, so no token would be accepted.
    EmptyIssuers = "empty-issuers", Error, "set `issuers` in the file, or --issuer and --audience";
    /// An issuer has no `issuer`.
    MissingIssuer = "missing-issuer", Error, "set it to the exact `iss` of its tokens";
    /// An issuer, or the address of its keys, is not a valid URL.
    InvalidIssuerUrl = "invalid-issuer-url", Error, "for example `https://example.eu.auth0.com/`";
    /// An issuer at `auth0.com` without the slash that ends the `iss` of every Auth0 token.
    IssuerWithoutSlash = "issuer-without-slash", Warning,
        "add the final slash: Auth0 writes `iss` as `https://example.eu.auth0.com/`";
    /// Keys that are fetched without https can be replaced in transit, which exposes every tenant.
    IssuerNotHttps = "issuer-not-https", Error, "use https; if that is impossible, set `allow_http: true`";
    /// An issuer is listed twice, so it is unclear which keys and audiences apply.
    DuplicateIssuer = "duplicate-issuer", Error, "merge the two into one";
    /// Without an audience, tokens issued for any other API would be accepted.
    EmptyAudiences = "empty-audiences", Error,
        "set `audiences` or --audience to the API's identifier at the issuer";
    /// `jwks_url` and `discovery` exclude each other.
    JwksUrlAndDiscovery = "jwks-url-and-discovery", Error, "keep one of the two";
    /// Unsigned tokens and tokens signed with a shared secret are never accepted.
    ForbiddenAlgorithm = "forbidden-algorithm", Error,
        "use RS256, or one of RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    /// Unknown signature algorithm, or an empty list.
    InvalidAlgorithm = "invalid-algorithm", Error,
        "use RS256, or one of RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    /// No usable claim names the client.
    InvalidClientIdClaims = "invalid-client-id-claims", Error, "remove it to use the default `[azp, client_id]`";
    /// An identity header's name is invalid.
    InvalidIdentityHeader = "invalid-identity-header", Error, "use at most 64 letters, digits and `-`";
    /// Both identity headers have the same name.
    SameIdentityHeaders = "same-identity-headers", Error, "use two different names";
    /// An identity header has the name of a header with another meaning.
    KnownIdentityHeader = "known-identity-header", Error, "use a name of its own, for example `X-Camunda-User`";
    /// A source of tenants, or a grant, that names no claim.
    MissingClaim = "missing-claim", Error, "set the claim's name, for example `org_id`, or `[outer, inner]`";
    /// A source of tenants has a prefix and a map.
    PrefixAndMap = "prefix-and-map", Error, "keep one of the two: the map's values are whole tenants";
    /// A map without entries: treated as no map, it would turn each value of the claim into a tenant.
    EmptyMap = "empty-map", Error, "list a value and its tenant, for example `{ org_AbC123: orders }`, or remove `map`";
    /// A prefix that no tenant id can begin with.
    InvalidPrefix = "invalid-prefix", Error,
        "use letters, digits, `_`, `.` and `-`, beginning with a letter or digit, for example `org-`";
    /// A map or an alias names an invalid tenant.
    InvalidTenant = "invalid-tenant", Error,
        "use 1 to 64 letters, digits, `_`, `.` and `-`, beginning with a letter or digit, and no reserved name";
    /// Two sources could produce the same tenant for different clients: anyone who can choose a client's name, or the
    /// value of a claim, would get another tenant's data.
    CollidingTenants = "colliding-tenants", Error,
        "give each claim its own prefix, none a prefix of another, or a map whose tenants begin with none of the prefixes";
    /// One scope could match two patterns: meant for a tenant `a.all` in one, it would grant `a` in full in the other.
    OverlappingScopes = "overlapping-scopes", Error,
        "begin each pattern with its own text, none a prefix of another, for example `tenant:` and `watch:`";
    /// A source of tenants that is never reached.
    UnreachableSource = "unreachable-source", Error, "list each claim once, and the client id last";
    /// There are aliases, but no tenant comes from a client id.
    UnusedAliases = "unused-aliases", Error,
        "end `tenancy.tenant_from` with the client id (`claim: azp`), or remove `tenancy.aliases`";
    /// An alias points to a tenant whose name is a client id with another alias.
    ChainedAlias = "chained-alias", Error, "let each alias name its final tenant";
    /// A grant must name either a claim or a scope, and a level that it can grant.
    InvalidGrant = "invalid-grant", Error, "set either `claim` or `scope`, and a level that can be granted this way";
    /// A scope pattern is ambiguous, or would match scopes with another meaning.
    InvalidScopePattern = "invalid-scope-pattern", Error,
        "use `tenant:{tenant}:{level}`, or `tenant:{tenant}` together with a `level`; omit `{tenant}` for all tenants";
    /// A kind of operation has no scope, or an invalid one.
    InvalidPermission = "invalid-permission", Error,
        "list one or more scopes without blanks, quotes and backslashes; remove the kind if it needs none";
    /// A file named by a key cannot be read.
    UnreadableFile = "unreadable-file", Error, "name a file that this process can read";
    /// A key for batch handles is too short, or used twice.
    WeakBatchKey = "weak-batch-key", Error, "create one with `openssl rand -base64 48`";
    /// A `ca_file` contains no certificate.
    InvalidCaFile = "invalid-ca-file", Error,
        "name a file with PEM certificates (-----BEGIN CERTIFICATE-----)";
    /// TLS is asked for without a certificate, or a certificate is named without its key, or a key without its certificate.
    IncompleteTls = "incomplete-tls", Error, "name both the file of the certificate and that of its key, or neither";
    /// A certificate or its key can't be used, or they do not belong together.
    InvalidCertificate = "invalid-certificate", Error,
        "name a PEM file with the certificate, its own first, and one with the private key of that certificate";
    /// The gateway has a certificate for the engine, but all addresses of the engine are plain http: it would never be
    /// presented, and the connection would not be protected.
    UnusedClientCertificate = "unused-client-certificate", Error,
        "use an address of the engine that begins with `https://`, or remove `engine.client_certificate_file` and \
         `engine.client_key_file`";
    /// `policies.directory` is not a folder.
    NotADirectory = "not-a-directory", Error,
        "name a folder with rules, or remove it to use the built-in rules";
    /// A CORS origin is not scheme and authority.
    InvalidOrigin = "invalid-origin", Error, "list each origin, for example `https://app.example.com`";
    /// `log.filter` is invalid.
    InvalidLogFilter = "invalid-log-filter", Error, "for example `info` or `info,tenantgate=debug`";
    /// Deployed models may contain code: everyone who may deploy is trusted with the whole engine and every tenant.
    CodeAllowed = "code-allowed", Warning, "set `deployments.code: deny` and move the work to external tasks";
    /// No keys for batch handles: a random key is used, and handles become invalid when the process ends.
    NoBatchKeys = "no-batch-keys", Warning,
        "name a file with at least 32 random bytes in `tenancy.batch_key_files`, the same for all replicas";
    /// It would accept no person's token, or every person's.
    InvalidPeople = "invalid-people", Error,
        "set the audiences of people's tokens, or the clients by which people sign in, and set \
         `application_tokens_only: false`";
    /// People of two issuers could have the same user id.
    CollidingPeople = "colliding-people", Error, "give each issuer a prefix of its own, such as `staff:` and `partner:`";
    /// Tokens of people are accepted as if they were the application's.
    UserTokensTaken = "user-tokens-taken", Warning,
        "set `application_tokens_only: true` unless the issuer does not mark application tokens, or declare with `people` which are people's";
    /// An issuer's keys are fetched over plain http.
    HttpIssuerAllowed = "http-issuer-allowed", Warning, "use https and remove `allow_http`";
    /// Several issuers share one namespace of client ids: the same client id is the same tenant, whichever issuer signed.
    SeveralIssuers = "several-issuers", Warning,
        "use one issuer, or ensure that none issues a client id of another";
    /// No audience is required: every token of the issuer is accepted.
    AudienceOptional = "audience-optional", Warning,
        "make sure that `required_claims` distinguishes tokens for this API from others";
    /// Every application can read definitions and deployments without a tenant.
    SharedResourcesReadable = "shared-resources-readable", Warning,
        "keep no secrets in them, or set `tenancy.shared_resources: hidden`";
    /// The settings give several clients, or several values of a claim, the same tenant.
    SharedTenant = "shared-tenant", Warning, "make sure that all of them may read and change the same data";
    /// A scope grants the data of every tenant.
    AllTenantsGranted = "all-tenants-granted", Warning,
        "make sure at the issuer that few clients can get this scope, or remove `tenancy.all_tenants`";
    /// Values may name any Java class.
    ObjectTypesOpen = "object-types-open", Warning,
        "remove `values.object_types.refuse` to use the built-in list";
    /// A single issuer set by flags or variables replaces the list of issuers.
    IssuersReplaced = "issuers-replaced", Warning, "configure issuers in one place only";
}
