//! A section of the settings: keys, types, defaults, bounds and documentation in one place.
//!
//! The struct that [`section!`] makes is what the file is read into and what the gateway works with; its schema finds
//! unknown keys, wrong types and values out of range, names the variables, and makes `docs/configuration.md`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares a section: `/// meaning`, attributes and `pub key: Type = default,` for each key.
///
/// Bounds: `#[schemars(range(min = 1, max = 9))]`. A time takes `#[serde(with = "humantime_serde")]` and
/// `#[schemars(with = "Time", extend("x-least" = "1s", "x-most" = "1h"))]`. `#[serde(skip)]`: made by a check.
macro_rules! section {
    (
        $(#[$about:meta])*
        pub struct $name:ident { $( $(#[$of:meta])* $seen:vis $key:ident: $type:ty = $default:expr, )+ }
    ) => {
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        $(#[$about])*
        pub struct $name { $( $(#[$of])* $seen $key: $type, )+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }
    };
}
pub(super) use section;

/// The schema of a time: a number with its unit (`ms`, `s`, `m`, `h`). A bare number is refused: its unit would be a
/// guess.
pub(super) enum Time {}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "time-span" })
    }
}

/// A text that is null until it is written; take `#[schemars(with = "Option<String>")]` with it.
pub(super) mod unset {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        Some(text).filter(|t| !t.is_empty()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
        Ok(Option::<String>::deserialize(reader)?.unwrap_or_default())
    }
}
