//! The scopes of a token: `scope`, a text or a list, and Auth0's `permissions`, a list.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::claims::Claims;
use super::fault::{ClaimFault, type_of};
use super::grants::unreadable;
use crate::refusal::Refusal;

/// The scopes of a token, each once.
#[derive(Default)]
pub(super) struct Scopes<'c>(BTreeSet<&'c str>);

impl<'c> Scopes<'c> {
    /// Reads both claims; missing ones hold nothing.
    ///
    /// # Errors
    /// [`Kind::Grant`](crate::refusal::Kind::Grant) for one of another type, `null` included.
    pub(super) fn read(claims: &'c Claims) -> Result<Self, Refusal> {
        let mut all = BTreeSet::new();
        for (name, value) in ["scope", "permissions"].into_iter().filter_map(|n| Some((n, claims.get(n)?))) {
            match value {
                // RFC 6749 section 3.3: texts with blanks between.
                Value::String(text) if name == "scope" => {
                    all.extend(text.split(' ').filter(|scope| !scope.is_empty()));
                }
                Value::Array(items) => {
                    for item in items {
                        let Some(text) = item.as_str() else {
                            return Err(unreadable(name, ClaimFault::Item(type_of(item))));
                        };
                        all.insert(text);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    return Err(unreadable(name, ClaimFault::Type(type_of(value))));
                }
            }
        }
        Ok(Self(all))
    }

    /// Whether the token has this scope, to the letter.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'c str> {
        self.0.iter().copied()
    }
}
