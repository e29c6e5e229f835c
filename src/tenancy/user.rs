//! The Camunda user under whose name a caller acts.

use std::fmt;
use std::sync::Arc;

use super::Tenant;
use crate::config::{UserIdFault, user_id};

/// A user id that is safe in a header, a log line and JSON.
///
/// INVARIANT: a client id, or made by [`UserId::of_person`]: no client's id is a person's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The user of a person, by the issuer's prefix and the token's `sub`.
    ///
    /// # Errors
    /// The text has another shape, is one of `reserved` (or `camunda-admin`), or could be the user of an application.
    pub(crate) fn of_person(prefix: &str, sub: &str, reserved: &[String]) -> Result<Self, UserIdFault> {
        // Nothing behind a prefix would be one user for everybody without a name.
        if sub.is_empty() {
            return Err(UserIdFault::Length);
        }
        let text = format!("{prefix}{sub}");
        user_id(&text, reserved).map(|()| Self(text.into()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Tenant> for UserId {
    fn from(client: Tenant) -> Self {
        Self(client.into_text())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({})", self.0)
    }
}
