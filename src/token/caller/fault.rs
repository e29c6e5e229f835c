//! Why a claim that a setting names can't be read.

use serde_json::Value;

use super::super::log_text::for_log;
use crate::config::TenantIdFault;

/// Why a claim can't be read, for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClaimFault {
    /// The way to it goes through something else than an object.
    #[error("`{way}` is {} and no object", .is)]
    Way { way: String, is: &'static str },
    /// It has another type.
    #[error("it is {0}")]
    Type(&'static str),
    /// A list holds things of several types, or of the wrong one.
    #[error("a list holds {0} beside or in place of what can be read")]
    Item(&'static str),
    /// A member that nobody knows might narrow what is granted.
    #[error("an object has `{}`", for_log(.0))]
    Member(String),
    /// No `tenant`.
    #[error("an object's `tenant` is missing or no text")]
    NoTenant,
    /// A level that is missing or unknown.
    #[error("a level is missing or unknown")]
    Level,
    /// Neither the claim nor its setting names a level.
    #[error("neither it nor its setting names a level")]
    NoLevel,
    /// All tenants are granted for reading or working only.
    #[error("its level is not `read` or `work`")]
    AllTenants,
    /// More entries than any token should have.
    #[error("the token grants more than {0} tenants")]
    TooMany(usize),
    /// An id that can't be a tenant.
    #[error("`{}` cannot be a tenant: {fault}", for_log(.id))]
    Tenant { id: String, fault: TenantIdFault },
}

/// The type of a value, for the log.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
