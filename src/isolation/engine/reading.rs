//! What answers to the gateway's own questions must hold. What is missing is a refusal, never "nothing there": the
//! request behind the question would go on.

use crate::json::Json;
use crate::refusal::{Kind, Refusal};

/// The rows of a list.
///
/// # Errors
/// [`Kind::EngineAnswer`] for what is no list.
pub(crate) fn rows(list: &Json) -> Result<&[Json], Refusal> {
    match list {
        Json::Array(rows) => Ok(rows),
        Json::Object(_) | Json::Leaf(_) | Json::Hole(_) => Err(unreadable()),
    }
}

/// A text that a record must have.
///
/// # Errors
/// [`Kind::EngineAnswer`] where it is missing, null or no text.
pub(crate) fn needed(record: &Json, name: &str) -> Result<String, Refusal> {
    record.text(name).ok_or_else(unreadable)
}

/// The refusal of an answer that lacks what the request depends on.
pub(crate) fn unreadable() -> Refusal {
    let what = "the engine's answer lacks a value that this request depends on; nothing was forwarded";
    Refusal::new(Kind::EngineAnswer, what)
}
