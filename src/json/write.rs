//! The tree back to text: compact, keys escaped anew, leaves as they came.

use super::Json;

/// A JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    // Serializing a `&str` can't fail; an empty string is the safest stand-in if it ever did.
    serde_json::to_vec(text).unwrap_or_else(|_| b"\"\"".to_vec())
}

pub(super) fn value<H>(json: &Json<H>, fill: &mut impl FnMut(&H) -> String, out: &mut Vec<u8>) {
    match json {
        Json::Leaf(text) => out.extend_from_slice(text),
        Json::Hole(hole) => out.extend_from_slice(&quoted(&fill(hole))),
        Json::Array(elements) => {
            out.push(b'[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                value(element, fill, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (i, (key, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&quoted(key));
                out.push(b':');
                value(member, fill, out);
            }
            out.push(b'}');
        }
    }
}
