//! JSON that can be read in one way only.
//!
//! In: bytes of a token's header, its claims, or one key. Out: an object whose members are unique at every
//! level. It never takes the first or last of two equal keys: RFC 7515 section 4 and RFC 7519 section 4 let a
//! reader choose, and two readers that choose differently are a way in.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON object, whole.
///
/// # Errors
/// What is wrong, without the text itself: syntax, a key that comes twice, something after the object, nesting
/// deeper than 128, a number out of range, or not an object.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotOneObject> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Unique.deserialize(&mut reader).map_err(|e| reason(&e))?;
    reader.end().map_err(|e| reason(&e))?;
    match value {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(NotOneObject::OtherValue)
        }
    }
}

/// Why bytes are not one JSON object that can be read in one way only. Category and place, without serde's error as
/// its source: that one repeats what was sent, and a log is no place for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOneObject {
    #[error("not JSON, at column {column}")]
    Syntax { column: usize },
    #[error("a key that comes twice, at column {column}")]
    KeyTwice { column: usize },
    #[error("not an object")]
    OtherValue,
}

fn reason(error: &serde_json::Error) -> NotOneObject {
    let column = error.column();
    if error.is_data() { NotOneObject::KeyTwice { column } } else { NotOneObject::Syntax { column } }
}

/// Builds a [`Value`], refusing equal keys.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Unique)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(Unique)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("key twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn takes_one_object_and_refuses_what_has_two_readings() {
        let taken = [r#"{}"#, r#"{"a":1,"b":{"a":1}}"#, r#" {"a":[{"b":1},{"b":1}]} "#, r#"{"e":1e300}"#];
        for text in taken {
            assert!(object(text.as_bytes()).is_ok(), "{text}");
        }
        let refused = [
            (r#"{"a":1,"a":1}"#, "twice"),
            (r#"{"azp":"x","a\u007ap":"y"}"#, "twice"),
            (r#"{"b":{"a":1,"a":2}}"#, "twice"),
            (r#"{"b":[{"a":1,"a":2}]}"#, "twice"),
            (r#"{} {}"#, "not JSON"),
            (r#"{}x"#, "not JSON"),
            (r#"[]"#, "not an object"),
            (r#"null"#, "not an object"),
            (r#""#, "not JSON"),
            (r#"{"e":1e400}"#, "not JSON"),
            (r#"{"e":NaN}"#, "not JSON"),
            (r#"{'a':1}"#, "not JSON"),
            (r#"{"a":"\ud800"}"#, "not JSON"),
            ("\u{feff}{}", "not JSON"),
        ];
        for (text, why) in refused {
            let found = object(text.as_bytes()).expect_err(text).to_string();
            assert!(found.contains(why), "{text}: {found}");
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(object(deep(100).as_bytes()).is_ok());
        assert!(object(deep(10_000).as_bytes()).is_err());
    }
}
