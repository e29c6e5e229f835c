//! Booleans as the engine reads them: what is a yes there must not be a no here.

use crate::json::Json;

/// What a boolean says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Yes,
    No,
}

/// A boolean as the engine's converter reads it in a query string (facts 2: through Jackson).
pub(super) fn wish(value: &str) -> Option<Wish> {
    match value.trim() {
        "true" | "\"true\"" | "1" => Some(Wish::Yes),
        "false" | "\"false\"" | "0" => Some(Wish::No),
        _ => None,
    }
}

/// A boolean as Jackson reads it in a body: words in any case and whole numbers are coerced.
pub(super) fn wish_json(value: &Json) -> Option<Wish> {
    if let Some(text) = value.as_str() {
        return match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Wish::Yes),
            "false" | "" => Some(Wish::No),
            _ => None,
        };
    }
    match value.leaf()? {
        b"true" => Some(Wish::Yes),
        b"false" | b"0" => Some(Wish::No),
        number if number.iter().all(u8::is_ascii_digit) => Some(Wish::Yes),
        _ => None,
    }
}
