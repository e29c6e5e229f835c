//! A section of the settings: keys, types, defaults, bounds and documentation in one place.
//!
//! The struct that [`section!`] makes is what the file is read into and what the gateway works with; its schema finds
//! unknown keys, wrong types and values out of range, names the variables, and makes `docs/configuration.md`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) use super::checks::Checks;
pub(super) use super::codes::FindingCode as F;

/// Declares a section: for each key its meaning and, in one line, its type, bounds and default.
///
/// `pub max_keys: usize [1 to 1024] = 64,`
/// `pub cooldown: Duration as time ["1s" to "1h"] = Duration::from_secs(30),`
///
/// A time is written with its unit (`ms`, `s`, `m`, `h`); a bare number is refused, for its unit would be a guess. A
/// field with `#[serde(skip)]` is no key: the section's check fills it in.
macro_rules! section {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $(
        $(#[$of:meta])*
        $seen:vis $key:ident: $type:ty
            $(as time [$shortest:literal to $longest:literal])?
            $([$least:literal to $most:literal])?
            = $default:expr,
    )+ }) => {
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        $(#[$about])*
        $vis struct $name { $(
            $(#[$of])*
            $(#[serde(with = "humantime_serde")]
            #[schemars(with = "String", extend("format" = "time-span", "x-least" = $shortest, "x-most" = $longest))])?
            $(#[schemars(extend("minimum" = $least, "maximum" = $most))])?
            $seen $key: $type,
        )+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }
    };
}
pub(super) use section;

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
