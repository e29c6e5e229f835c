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
    /// The configuration file can't be read.
    UnreadableConfig = "unreadable-config", Error, "name a readable YAML file with --config";
    /// The text is not YAML.
    Syntax = "syntax", Error, "correct the text; indent with spaces, and quote texts that hold `: ` or `#`";
    /// A key is written twice; which one holds would be a guess.
    DuplicateKey = "duplicate-key", Error, "keep one of the two";
    /// There is no such key.
    UnknownKey = "unknown-key", Error, "take a key of docs/configuration.md";
    /// A `TENANTGATE_` variable that no key reads.
    UnknownVariable = "unknown-variable", Error,
        "name it TENANTGATE_SECTION__KEY, in upper case, with two underscores between section and key";
    /// The value has another type than the key takes.
    WrongType = "wrong-type", Error, "correct the value";
    /// The value is not one of those that the key takes.
    InvalidValue = "invalid-value", Error, "take one of the listed values";
    /// A number, size or time is too small or too large.
    OutOfRange = "out-of-range", Error, "let several renewals fit into `keys.max_age`";
    /// An address is not IP and port.
    InvalidAddress = "invalid-address", Error, "write it as `0.0.0.0:8080` or `[::]:8080`";
    /// Both listeners have the same address.
    SameAddress = "same-address", Error, "give the admin listener a port of its own";
    /// `public_url` is more or less than scheme and authority.
    InvalidPublicUrl = "invalid-public-url", Error,
        "write scheme and authority only, as `https://camunda.example.com`";
    /// The engine's URL is not set.
    MissingEngineUrl = "missing-engine-url", Error,
        "set `engine.url`, --engine-url or TENANTGATE_ENGINE__URL, as `http://camunda:8080/engine-rest`";
    /// The engine's URL can't be used.
    InvalidEngineUrl = "invalid-engine-url", Error, "write it as `http://camunda:8080/engine-rest`";
    /// The engine's URL has no path, though stock engines answer below `/engine-rest`.
    EngineUrlWithoutPath = "engine-url-without-path", Warning,
        "add the path of the REST interface, usually `/engine-rest`, unless the engine answers at the root";
    /// The memory for bodies and held answers does not hold a largest one.
    SmallBuffer = "small-buffer", Error,
        "raise `limits.max_buffered_bytes` or lower `limits.max_json_bytes` and `limits.max_held_answer_bytes`";
    /// `engine.url` and `engine.urls` exclude each other.
    UrlAndUrls = "url-and-urls", Error, "keep one of the two: all addresses of the engine in `engine.urls`";
    /// The addresses of one engine have different paths, but the public path is one.
    DifferentEnginePaths = "different-engine-paths", Error, "give all URLs of `engine.urls` the same path";
    /// An address of the engine is there twice.
    DuplicateEngineUrl = "duplicate-engine-url", Error, "name each address once";
    /// The engine's name can't be a path segment.
    InvalidEngineName = "invalid-engine-name", Error,
        "take the name that the engine itself has, usually `default`";
    /// Password or user name of the engine's `basic_auth` is missing or unfit.
    InvalidBasicAuth = "invalid-basic-auth", Error,
        "name the user and a file that holds the password, or leave `engine.basic_auth` out";
    /// No issuer is configured, so no token could be taken.
    EmptyIssuers = "empty-issuers", Error, "set `issuers` in the file, or --issuer and --audience";
    /// An issuer without its `issuer`.
    MissingIssuer = "missing-issuer", Error, "write the exact `iss` of its tokens";
    /// An issuer, or where its keys lie, is no usable URL.
    InvalidIssuerUrl = "invalid-issuer-url", Error, "write it as `https://example.eu.auth0.com/`";
    /// An issuer at `auth0.com` without the slash that ends the `iss` of every Auth0 token.
    IssuerWithoutSlash = "issuer-without-slash", Warning,
        "add the final slash: Auth0 writes `iss` as `https://example.eu.auth0.com/`";
    /// Keys fetched without https can be replaced on the way, and with them every tenant.
    IssuerNotHttps = "issuer-not-https", Error, "use https; where that can't be, set `allow_http: true`";
    /// Two issuers are alike, so which keys and audiences hold would be a guess.
    DuplicateIssuer = "duplicate-issuer", Error, "merge the two into one";
    /// Without an audience, a token made for any other application would be taken.
    EmptyAudiences = "empty-audiences", Error,
        "name the audience (the API's identifier at the issuer) in `audiences` or by --audience";
    /// `jwks_url` and `discovery` exclude each other.
    JwksUrlAndDiscovery = "jwks-url-and-discovery", Error, "keep one of the two";
    /// Unsigned tokens and tokens signed with a shared secret are never taken.
    ForbiddenAlgorithm = "forbidden-algorithm", Error,
        "take RS256, or another of RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    /// No such signature algorithm, or none at all.
    InvalidAlgorithm = "invalid-algorithm", Error,
        "take RS256, or another of RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    /// No usable claim names the client.
    InvalidClientIdClaims = "invalid-client-id-claims", Error, "leave it out for `[azp, client_id]`";
    /// An identity header has no usable name.
    InvalidIdentityHeader = "invalid-identity-header", Error, "take letters, digits and `-`, at most 64";
    /// Both identity headers have the same name.
    SameIdentityHeaders = "same-identity-headers", Error, "give each a name of its own";
    /// An identity header has the name of a header that means something else.
    KnownIdentityHeader = "known-identity-header", Error, "take a name of its own, as `X-Camunda-User`";
    /// A source of tenants, or a grant, that names no claim.
    MissingClaim = "missing-claim", Error, "write the claim's name, as `org_id`, or `[outer, inner]`";
    /// A source of tenants has a prefix and a map.
    PrefixAndMap = "prefix-and-map", Error, "keep one of the two: the map's values are whole tenants";
    /// A map without a value: as none at all, it would make each value of the claim a tenant.
    EmptyMap = "empty-map", Error, "name a value and its tenant, as `{ org_AbC123: orders }`, or leave `map` out";
    /// A prefix that no tenant's id can begin with.
    InvalidPrefix = "invalid-prefix", Error,
        "take letters, digits, `_`, `.` and `-`, the first a letter or digit, as `org-`";
    /// A map or an alias names a tenant that can't be one.
    InvalidTenant = "invalid-tenant", Error,
        "take 1 to 64 letters, digits, `_`, `.` and `-`, the first a letter or digit, that are not reserved";
    /// Two sources could yield the same tenant for different clients: who may choose a client's name, or the value of a
    /// claim, would get another's data.
    CollidingTenants = "colliding-tenants", Error,
        "give each claim a prefix of its own, none the beginning of another, or a map with tenants that no prefix begins";
    /// One scope could match two patterns: meant for a tenant `a.all` by the one, it would grant `a` in full by the other.
    OverlappingScopes = "overlapping-scopes", Error,
        "begin each pattern with a text of its own, none the beginning of another, as `tenant:` and `watch:`";
    /// A source of tenants that no token ever comes to.
    UnreachableSource = "unreachable-source", Error, "name each claim once, and the client id last";
    /// There are aliases, but no tenant is made of a client id.
    UnusedAliases = "unused-aliases", Error,
        "end `tenancy.tenant_from` with the client id (`claim: azp`), or leave `tenancy.aliases` out";
    /// An alias leads to a tenant whose name is a client id with another alias.
    ChainedAlias = "chained-alias", Error, "let each alias name the tenant that is meant";
    /// A grant that names neither or both of claim and scope, or a level that it can't grant.
    InvalidGrant = "invalid-grant", Error, "write `claim` or `scope`, and a level that can be granted so";
    /// A pattern of scopes that could be read in two ways, or would match what means something else.
    InvalidScopePattern = "invalid-scope-pattern", Error,
        "write it as `tenant:{tenant}:{level}`, or `tenant:{tenant}` beside a `level`; without `{tenant}` for all tenants";
    /// A kind of operation is named without a scope, or with a text that is none.
    InvalidPermission = "invalid-permission", Error,
        "name one scope or more, without blanks, quotes and backslashes; leave the kind out if it needs none";
    /// A file that a key names can't be read.
    UnreadableFile = "unreadable-file", Error, "name a file that this process may read";
    /// A key for batch handles is too short, or used twice.
    WeakBatchKey = "weak-batch-key", Error, "make one with `openssl rand -base64 48`";
    /// A `ca_file` holds no certificate.
    InvalidCaFile = "invalid-ca-file", Error,
        "name a file with PEM certificates (-----BEGIN CERTIFICATE-----)";
    /// TLS is asked for without a certificate, or without its key.
    IncompleteTls = "incomplete-tls", Error, "name both `tls.certificate_file` and `tls.key_file`, or neither";
    /// A certificate or its key can't be used, or they do not belong together.
    InvalidCertificate = "invalid-certificate", Error,
        "name a PEM file with the certificate, its own first, and one with the private key of that certificate";
    /// `policies.directory` is not a folder.
    NotADirectory = "not-a-directory", Error,
        "name a folder with rules, or leave it out for the built-in ones";
    /// A CORS origin is not scheme and authority.
    InvalidOrigin = "invalid-origin", Error, "name each origin, as `https://app.example.com`";
    /// `log.filter` can't be read.
    InvalidLogFilter = "invalid-log-filter", Error, "write it as `info` or `info,tenantgate=debug`";
    /// Deployed models may run code: everybody who may deploy is trusted with the whole engine and every tenant.
    CodeAllowed = "code-allowed", Warning, "set `deployments.code: deny` and let external tasks do the work";
    /// No keys for batch handles: a random key is made, and handles die with the process.
    NoBatchKeys = "no-batch-keys", Warning,
        "name a file with at least 32 random bytes in `tenancy.batch_key_files`, the same for all replicas";
    /// It would take no people's tokens, or anybody's.
    InvalidPeople = "invalid-people", Error,
        "name the audiences of people's tokens, or the clients by which people sign in, and set \
         `application_tokens_only: false`";
    /// People of two issuers could have the same user id.
    CollidingPeople = "colliding-people", Error, "give each issuer a prefix of its own, such as `staff:` and `partner:`";
    /// Tokens of people are taken as if they were the application's.
    UserTokensTaken = "user-tokens-taken", Warning,
        "set `application_tokens_only: true` unless the issuer marks no application tokens, or say by `people` which are people's";
    /// An issuer's keys are fetched over plain http.
    HttpIssuerAllowed = "http-issuer-allowed", Warning, "use https and drop `allow_http`";
    /// Several issuers share one space of client ids: an equal client id is the same tenant, whichever issuer signed.
    SeveralIssuers = "several-issuers", Warning,
        "keep one issuer, or see to it that none gives out a client id of another";
    /// No audience is asked for: every token of the issuer is taken.
    AudienceOptional = "audience-optional", Warning,
        "make sure that `required_claims` tell this application's tokens from others";
    /// Every application reads definitions and deployments without tenant.
    SharedResourcesReadable = "shared-resources-readable", Warning,
        "keep nothing secret in them, or set `tenancy.shared_resources: hidden`";
    /// Several clients, or values of a claim, have the same tenant by the settings.
    SharedTenant = "shared-tenant", Warning, "make sure that all of them may see and change the same data";
    /// A scope grants the data of every tenant.
    AllTenantsGranted = "all-tenants-granted", Warning,
        "see to it at the issuer that few clients can get this scope, or leave `tenancy.all_tenants` out";
    /// Values may name any Java class.
    ObjectTypesOpen = "object-types-open", Warning,
        "leave `values.object_types.refuse` out for the built-in list";
    /// A single issuer from flags or variables replaces the list of issuers.
    IssuersReplaced = "issuers-replaced", Warning, "name the issuer in one place only";
}
