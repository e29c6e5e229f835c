//! What the id of a tenant looks like, in settings and in tokens.

/// Longest id of a tenant: the engine's columns hold 64 characters (facts 12).
const MAX_LEN: usize = 64;
/// The engine's built-in administrators' group; as a tenant or user it would be mistaken for it.
const RESERVED: &str = "camunda-admin";

/// Why a text can't be the id of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TenantIdFault {
    /// Empty, or too long for the engine.
    #[error("it must have 1 to 64 characters")]
    Length,
    /// A character that could mean more than itself.
    #[error("it may contain letters, digits, `_`, `.` and `-` and must begin with a letter or digit")]
    Characters,
    /// It is kept from everybody.
    #[error("it is reserved")]
    Reserved,
}

/// Takes `[A-Za-z0-9][A-Za-z0-9_.-]{0,63}` and nothing else: a comma would widen `tenantIdIn`, `..` would climb a
/// path, blanks and control characters would end a header.
///
/// # Errors
/// The text has another shape, or is one of `reserved` (or `camunda-admin`).
pub(crate) fn tenant_id(text: &str, reserved: &[String]) -> Result<(), TenantIdFault> {
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(TenantIdFault::Length);
    }
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if !first || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')) {
        return Err(TenantIdFault::Characters);
    }
    if is_reserved(text, reserved) {
        return Err(TenantIdFault::Reserved);
    }
    Ok(())
}

/// Whether nobody may have an id. Case folded: a case-insensitive collation would merge `Camunda-Admin` with the
/// administrators' group.
pub(super) fn is_reserved(text: &str, reserved: &[String]) -> bool {
    text.eq_ignore_ascii_case(RESERVED) || reserved.iter().any(|r| r.eq_ignore_ascii_case(text))
}
