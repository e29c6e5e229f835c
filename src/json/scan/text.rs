//! Where strings and bare scalars end, and what a string says.

use crate::json::words::quote_or_backslash;

/// The place behind the next quote or backslash of a string, and what stands there; the piece's end where there is none.
pub(super) fn text_end(piece: &[u8], at: usize) -> (usize, Option<u8>) {
    // Most bytes of an answer stand in strings: the end is looked for, not each byte.
    let rest = piece.get(at..).unwrap_or_default();
    match quote_or_backslash(rest) {
        Some(end) => (at + end + 1, rest.get(end).copied()),
        None => (piece.len(), None),
    }
}

/// The place of the next byte that ends a number, `true`, `false` or `null`; the piece's end where there is none.
pub(super) fn bare_end(piece: &[u8], at: usize) -> usize {
    let rest = piece.get(at..).unwrap_or_default();
    let end = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    rest.iter().position(end).map_or(piece.len(), |end| at + end)
}

/// What stands between the quotes of a JSON string.
pub(super) fn plain(json: &[u8]) -> Option<&[u8]> {
    json.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// Whether a JSON string, quotes included, says that. Escapes are ways to write the same.
pub(crate) fn is_text(json: &[u8], said: &str) -> bool {
    match plain(json) {
        Some(plain) if !plain.contains(&b'\\') => plain == said.as_bytes(),
        _ => serde_json::from_slice::<String>(json).is_ok_and(|text| text == said),
    }
}
