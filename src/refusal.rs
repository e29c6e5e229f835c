//! Every way the gateway says no, each with its stable code.
//!
//! In: what a stage found wrong. Out: a [`Refusal`] that the reply turns into status, headers and body,
//! the access log into its cause, and the metrics into a label. Three readers, three texts: the caller gets
//! [`Refusal::message`], the log gets [`Refusal::cause`], the metric gets [`Kind::code`].

#[cfg(test)]
mod reference;

use std::fmt;

/// The status of a refusal: 4xx or 5xx (RFC 9110 sections 15.5 and 15.6), so that none can look like a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// Used in constants only: any other status does not compile.
    const fn new(status: u16) -> Self {
        assert!(status >= 400 && status < 600, "a refusal has a status of 4xx or 5xx");
        Self(status)
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal, $type:literal; )+) => {
        /// What kind of no it is. The code is part of the contract: it never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( $(#[doc = $doc])+ $name, )+ }

        impl Kind {
            /// All kinds, for the documentation and the metrics.
            pub const ALL: &'static [Kind] = &[ $( Kind::$name, )+ ];

            /// The stable code (`TG…`): in the answer's body, the documentation and the metric's label.
            pub const fn code(self) -> &'static str { match self { $( Kind::$name => $code, )+ } }

            /// The HTTP status.
            pub const fn status(self) -> ErrorStatus {
                match self { $( Kind::$name => const { ErrorStatus::new($status) }, )+ }
            }

            /// The `type` of the answer's body, in the engine's own style.
            pub const fn error_type(self) -> &'static str { match self { $( Kind::$name => $type, )+ } }

            /// One sentence for the documentation.
            pub const fn doc(self) -> &'static str { match self { $( Kind::$name => concat!($($doc),+), )+ } }
        }
    };
}

kinds! {
    /// The path is ambiguous or not in canonical form.
    PathAmbiguous = "TG400-PATH", 400, "InvalidRequestException";
    /// The query string is ambiguous, or names a tenant parameter twice.
    QueryAmbiguous = "TG400-QUERY", 400, "InvalidRequestException";
    /// The body is ambiguous or invalid: syntax, encoding, duplicate keys, depth.
    BodyAmbiguous = "TG400-BODY", 400, "InvalidRequestException";
    /// The multipart body is ambiguous or invalid.
    MultipartAmbiguous = "TG400-MULTIPART", 400, "InvalidRequestException";
    /// A header is ambiguous, or requests a protocol change.
    HeaderAmbiguous = "TG400-HEADER", 400, "InvalidRequestException";
    /// No token was sent.
    TokenMissing = "TG401-MISSING", 401, "AuthenticationException";
    /// The token cannot be read: format, encoding, header fields, or more than one token.
    TokenMalformed = "TG401-MALFORMED", 401, "AuthenticationException";
    /// The token's signature is invalid, or its key or algorithm is not accepted.
    TokenSignature = "TG401-SIGNATURE", 401, "AuthenticationException";
    /// The token's issuer is not configured.
    TokenIssuer = "TG401-ISSUER", 401, "AuthenticationException";
    /// The token was issued for another audience.
    TokenAudience = "TG401-AUDIENCE", 401, "AuthenticationException";
    /// The token has expired.
    TokenExpired = "TG401-EXPIRED", 401, "AuthenticationException";
    /// The token is not valid yet.
    TokenEarly = "TG401-EARLY", 401, "AuthenticationException";
    /// A claim is missing, has the wrong type, or has another value than required.
    TokenClaims = "TG401-CLAIMS", 401, "AuthenticationException";
    /// The token is a user's, or is bound to a sender; only applications' bearer tokens are accepted.
    TokenNotApplication = "TG403-NOT-APPLICATION", 403, "AuthorizationException";
    /// The client id cannot be a tenant: invalid characters, invalid length, or reserved.
    ClientId = "TG403-CLIENT-ID", 403, "AuthorizationException";
    /// The token names no tenant although one is required, or one that cannot be read, is not mapped, or is not a valid tenant id.
    TenantClaim = "TG403-TENANT-CLAIM", 403, "AuthorizationException";
    /// A grant in the token cannot be read; none of its grants is used.
    Grant = "TG403-GRANT", 403, "AuthorizationException";
    /// The token has none of the scopes that operations of this kind require.
    MissingScope = "TG403-SCOPE", 403, "AuthorizationException";
    /// The request acts in one tenant but names none, and a person has no tenant of its own.
    NoOwnTenant = "TG403-OWN-TENANT", 403, "AuthorizationException";
    /// The request lets another user than the caller act, and users are pinned.
    ForeignUser = "TG403-USER", 403, "AuthorizationException";
    /// The request names a tenant that the token does not grant.
    ForeignTenant = "TG403-TENANT", 403, "AuthorizationException";
    /// The token grants the record's tenant at a lower level than the operation requires.
    Level = "TG403-LEVEL", 403, "AuthorizationException";
    /// Several granted tenants have a definition with this key, and the caller's own tenant has none.
    AmbiguousKey = "TG403-KEY", 403, "AuthorizationException";
    /// The request asks for records without a tenant, which this operation does not support.
    WithoutTenant = "TG403-TENANTLESS", 403, "AuthorizationException";
    /// The operation is denied; the message gives the reason.
    Denied = "TG403-DENIED", 403, "AuthorizationException";
    /// The engine has no such operation, or the gateway has no rule for it.
    NoRule = "TG403-NO-RULE", 403, "AuthorizationException";
    /// A field or parameter asks for something that cannot be restricted to the tenant.
    FieldDenied = "TG403-FIELD", 403, "AuthorizationException";
    /// The client cannot choose the id of a new task.
    TaskId = "TG403-TASK-ID", 403, "AuthorizationException";
    /// The name of a class in a value is not accepted.
    ClassName = "TG403-CLASS", 403, "AuthorizationException";
    /// The deployed model reaches across tenants or carries code.
    Model = "TG403-MODEL", 403, "AuthorizationException";
    /// A body or file is larger than the limit.
    BodyTooLarge = "TG413-BODY", 413, "InvalidRequestException";
    /// The path or query is longer than the limit, or would become so with the tenants that the token grants.
    TargetTooLong = "TG414-TARGET", 414, "InvalidRequestException";
    /// The body's content type is not the one that the operation requires.
    ContentType = "TG415-CONTENT-TYPE", 415, "NotSupportedException";
    /// The request expects something of the gateway other than to go on with its body.
    Expectation = "TG417-EXPECT", 417, "InvalidRequestException";
    /// The headers or the token are larger than the limit.
    HeadersTooLarge = "TG431-HEADERS", 431, "InvalidRequestException";
    /// The client took too long to send the request.
    ClientTooSlow = "TG408-SLOW", 408, "InvalidRequestException";
    /// The caller has too many requests in progress.
    TooManyRequests = "TG429-SHARE", 429, "ProcessEngineException";
    /// The caller's tenant begins more requests per second than it may.
    TooFast = "TG429-RATE", 429, "ProcessEngineException";
    /// Something went wrong inside the gateway; nothing of the engine's response was passed on.
    Internal = "TG500-INTERNAL", 500, "ProcessEngineException";
    /// The guard found another tenant's record in the engine's response and stopped it.
    GuardAlarm = "TG502-GUARD", 502, "ProcessEngineException";
    /// The engine's response cannot be used.
    EngineAnswer = "TG502-ANSWER", 502, "ProcessEngineException";
    /// The engine can't be reached, or ended the connection without an answer.
    EngineUnreachable = "TG502-ENGINE", 502, "ProcessEngineException";
    /// The engine is away for the moment: none of its addresses works, or what stands before it says so.
    EngineAway = "TG503-ENGINE", 503, "ProcessEngineException";
    /// The issuer's keys are unavailable, so no token can be verified.
    KeysUnavailable = "TG503-KEYS", 503, "ProcessEngineException";
    /// The gateway has too many requests in progress.
    Overloaded = "TG503-OVERLOADED", 503, "ProcessEngineException";
    /// The gateway stops, and with it a long poll; another replica, or this one soon, takes it again.
    Stopping = "TG503-STOPPING", 503, "ProcessEngineException";
    /// The engine did not answer in time.
    EngineTimeout = "TG504-ENGINE", 504, "ProcessEngineException";
}

/// A no: its kind, a sentence for the caller, and the cause for the log.
#[derive(Clone, Debug)]
pub struct Refusal {
    kind: Kind,
    message: String,
    cause: Option<String>,
    retry_after: Option<u32>,
    needed_scopes: Option<String>,
}

impl Refusal {
    /// A refusal of `kind`; `message` is for the caller: it names the field and what to do, and never another
    /// tenant's data.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, retry_after: None, needed_scopes: None }
    }

    /// Adds what only the log may say. Never a token or a secret.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Seconds until another try makes sense (`Retry-After`, RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same where a part of the request may have been carried out: who would repeat it must look first.
    #[must_use]
    pub(crate) fn perhaps_carried_out(mut self) -> Self {
        if matches!(self.kind, Kind::EngineUnreachable | Kind::EngineAway) {
            self.retry_after = None;
        }
        self
    }

    /// The scopes, with blanks between, of which the token should have had one (RFC 6750 section 3.1).
    #[must_use]
    pub fn for_want_of(mut self, scopes: String) -> Self {
        self.needed_scopes = Some(scopes);
        self
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The cause for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The scopes of which the token should have had one.
    pub fn needed_scopes(&self) -> Option<&str> {
        self.needed_scopes.as_deref()
    }

    /// Seconds for `Retry-After`.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code(), self.message)
    }
}

impl std::error::Error for Refusal {}
