//! The caller: who the token proves.

use std::fmt;
use std::sync::Arc;

use crate::refusal::{Kind, Refusal};

/// Longest client id that becomes a tenant: the engine's columns hold 64 characters (facts 12).
const MAX_LEN: usize = 64;
/// The engine's built-in administrators' group; as a tenant or user it would be mistaken for it.
const RESERVED: &str = "camunda-admin";

/// A tenant id that is safe in a path segment, a comma list, a header and JSON.
///
/// INVARIANT: made by [`Tenant::parse`] only, so every other stage may write it down without another check.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Takes `[A-Za-z0-9][A-Za-z0-9_.-]{0,63}` and nothing else: a comma would widen `tenantIdIn`, `..` would
    /// climb a path, blanks and control characters would end a header.
    ///
    /// # Errors
    /// [`Kind::ClientId`] when the text has another shape or is one of `reserved` (or `camunda-admin`).
    pub fn parse(client_id: &str, reserved: &[String]) -> Result<Self, Refusal> {
        let refuse = |why: &str| {
            Err(Refusal::new(Kind::ClientId, format!("the token's client id can't be a tenant: {why}")))
        };
        let bytes = client_id.as_bytes();
        if bytes.is_empty() || bytes.len() > MAX_LEN {
            return refuse("it must have 1 to 64 characters");
        }
        if !bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            || !bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        {
            return refuse("letters, digits, `_`, `.` and `-` are taken, the first a letter or digit");
        }
        // Case folded: a case-insensitive collation would merge `Camunda-Admin` with the administrators' group.
        if client_id.eq_ignore_ascii_case(RESERVED)
            || reserved.iter().any(|r| r.eq_ignore_ascii_case(client_id))
        {
            return refuse("it is reserved");
        }
        Ok(Self(client_id.into()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}

/// Who the token proves. The client id is both the Camunda user id and the tenant id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    tenant: Tenant,
}

impl Caller {
    /// The caller that owns `tenant`.
    pub fn new(tenant: Tenant) -> Self {
        Self { tenant }
    }

    /// The Camunda user id.
    pub fn user(&self) -> &str {
        self.tenant.as_str()
    }

    /// The caller's tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}
