//! The shape of the settings: which keys there are, and what each takes, as the schema of the sections says.

use std::slice::from_ref;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::settings::Settings;

/// What one key takes: its part of the schema.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a>(pub(super) &'a Value);

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Time,
    Choice,
    Flag,
    Number,
    List,
    TextOrList,
    Map,
}

/// The schema of the whole file (JSON Schema draft 2020-12), without references.
pub(super) fn whole() -> Value {
    SchemaSettings::draft2020_12()
        .with(|s| s.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value()
}

/// The same as text, for editors, the chart and `tenantgate schema`.
pub(crate) fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&whole()).unwrap_or_default();
    text.push('\n');
    text
}

impl<'a> Shape<'a> {
    /// The names of the types that it takes.
    fn types(self) -> impl Iterator<Item = &'a str> {
        let types = self.0.get("type").into_iter();
        types.flat_map(|t| t.as_array().map_or(from_ref(t), Vec::as_slice)).filter_map(Value::as_str)
    }

    /// Whether null is taken, too.
    pub(super) fn nullable(self) -> bool {
        self.types().any(|name| name == "null")
    }

    /// What kind of value it takes.
    pub(super) fn takes(self) -> Takes {
        if ["string", "array"].iter().all(|both| self.types().any(|name| name == *both)) {
            return Takes::TextOrList;
        }
        match self.types().find(|name| *name != "null") {
            Some("string") if self.0.get("x-least").is_some() => Takes::Time,
            Some("string") => Takes::Text,
            Some("boolean") => Takes::Flag,
            Some("integer" | "number") => Takes::Number,
            Some("array") => Takes::List,
            Some("object") => Takes::Map,
            _ => Takes::Choice,
        }
    }

    /// Whether it names a file or folder, or several.
    pub(super) fn is_path(self) -> bool {
        self.0.get("x-path").is_some()
    }

    /// Whether writing the key takes a check away; a hint must not lead there.
    pub(super) fn weakens(self) -> bool {
        self.0.get("x-weakens").is_some()
    }

    /// The keys of a map and their schemas; none for a map with free keys.
    pub(super) fn keys(self) -> Option<&'a Map<String, Value>> {
        self.0.get("properties").and_then(Value::as_object)
    }

    /// The shape of a list's items.
    pub(super) fn items(self) -> Option<Self> {
        self.0.get("items").map(Self)
    }

    /// The shape of what stands in a map with free keys; none where it may be anything.
    pub(super) fn values(self) -> Option<Self> {
        self.0.get("additionalProperties").filter(|of| of.is_object()).map(Self)
    }

    /// The words that a choice takes.
    pub(super) fn choices(self) -> Vec<&'a str> {
        let words = self.0.get("oneOf").and_then(Value::as_array).into_iter().flatten();
        words.filter_map(|word| word.get("const")?.as_str()).collect()
    }

    /// The least and the most that a number or time takes, as in the schema.
    pub(super) fn range(self) -> Option<(&'a Value, &'a Value)> {
        let bounds = |least, most| self.0.get(least).zip(self.0.get(most));
        bounds("minimum", "maximum").or_else(|| bounds("x-least", "x-most"))
    }
}

/// `path` and `key` with a dot between.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
