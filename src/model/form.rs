//! A Camunda form is JSON, read strictly.
//!
//! In: the bytes of a `.form` file. Out: nothing, or what is wrong with it. The engine reads the form's `id` from it
//! (`impl/form/deployer/CamundaFormDefinitionDeployer.java`) with a lenient reader; only what strict and lenient
//! readers read alike is taken. Nothing in a form is evaluated inside the engine.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Checks a form: UTF-8, JSON, an object, no key twice at any depth (the reader's own limit is 128).
///
/// # Errors
/// Line, column and what is wrong.
pub(crate) fn check(bytes: &[u8]) -> Result<(), (usize, usize, String)> {
    let at = |error: serde_json::Error| (error.line().max(1), error.column().max(1), error.to_string());
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Root::deserialize(&mut json).map_err(at)?;
    json.end().map_err(at)
}

struct Root;

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Strict).map(|()| Self)
    }
}

struct Value;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Any).map(|()| Self)
    }
}

/// An object and nothing else.
struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Any.visit_map(map)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{}` occurs twice",
                    super::finding::shortened(&key)
                )));
            }
            seen.insert(key);
            map.next_value::<Value>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<Value>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken() {
        let form = br#"{"type":"default","id":"f","components":[{"key":"a","label":"{\"x\"}"},{"key":"b"}],"n":1.5}"#;
        assert_eq!(check(form), Ok(()));
    }

    #[test]
    fn what_a_lenient_reader_reads_otherwise_is_refused() {
        for form in [
            r#"{"id":"a","id":"b"}"#,
            r#"{"id":"a","i\u0064":"b"}"#,
            r#"{"a":[{"k":1,"k":2}]}"#,
            r#"{id:"a"}"#,
            r#"{'id':'a'}"#,
            r#"{"id":"a",}"#,
            r#"{"id":"a"} {"id":"b"}"#,
            "// c\n{}",
            "[]",
            "\"a\"",
            "",
            "\u{FEFF}{}",
            ")]}'\n{}",
            "{\"id\":NaN}",
        ] {
            assert!(check(form.as_bytes()).is_err(), "{form}");
        }
        assert!(check(b"{\"id\":\"\xFF\"}").is_err());
        assert!(check("[".repeat(100_000).as_bytes()).is_err());
        assert!(check(format!("{{\"a\":{}", "[".repeat(100_000)).as_bytes()).is_err());
    }
}
