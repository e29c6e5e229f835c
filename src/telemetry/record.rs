//! What a request has shown so far, for the access log, the metrics and spans.

use std::cell::Cell;

use crate::policy::OperationKey;
use crate::tenancy::{Level, Tenant, UserId};

/// What a request has shown so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestRecord {
    /// The tenant that the token proved; a person's proves none.
    pub(crate) tenant: Option<Tenant>,
    /// The user that the token proved: several clients may share a tenant.
    pub(crate) user: Option<UserId>,
    /// The level at which the token grants every tenant.
    pub(crate) all_tenants: Option<Level>,
    /// The operation, as `GET /task/{id}`.
    pub(crate) operation: Option<OperationKey>,
    /// The values of the path's parameters, for the audit stream.
    pub(crate) ids: Vec<String>,
    /// The rule's kind.
    pub(crate) kind: Option<&'static str>,
    /// The engine's status.
    pub(crate) engine_status: Cell<Option<u16>>,
    /// Seconds until the engine's answer began.
    pub(crate) engine_seconds: Cell<Option<f64>>,
    /// Seconds that look-ups took.
    pub(crate) look_up_seconds: Cell<Option<f64>>,
}

impl RequestRecord {
    /// The operation for a log line; `-` before one was found.
    pub(crate) fn operation_name(&self) -> &str {
        self.operation.as_ref().map_or("-", |key| key.name())
    }

    /// The tenant for a log line; `-` before a token was verified, and for people.
    pub(crate) fn tenant_name(&self) -> &str {
        self.tenant.as_ref().map_or("-", Tenant::as_str)
    }
}
