//! Where something stands in an answer, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::json::scan::{NoPosition, Position, position};

/// A position in an answer: `.` the root, `[]` each element, `a.b`, `*` any member.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(in crate::policy) struct PositionWritten(pub(in crate::policy) Position);

impl TryFrom<String> for PositionWritten {
    type Error = NoPosition;

    fn try_from(text: String) -> Result<Self, NoPosition> {
        position(&text).map(Self)
    }
}
