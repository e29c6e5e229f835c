//! How settings name a claim of a token.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A claim by its name, or by the names on the way to it: `org_id`, or `[app_metadata, tenant]`. A name is never cut
/// at dots or slashes: `https://example.com/tenant` is one. Empty: not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

impl ClaimPath {
    /// The names, the outermost first.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is one claim at the top, and one of these.
    pub(crate) fn is_one_of(&self, claims: &[String]) -> bool {
        matches!(&*self.0, [only] if claims.contains(only))
    }

    /// Whether it names nothing, or something by an empty name.
    pub(super) fn is_blank(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name.trim().is_empty())
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" → "))
    }
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Written {
    Unset(Option<()>),
    Name(String),
    Path(Vec<String>),
}

impl<'de> Deserialize<'de> for ClaimPath {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(reader)? {
            Written::Unset(_) => Self::default(),
            Written::Name(name) => Self(vec![name]),
            Written::Path(names) => Self(names),
        })
    }
}

impl Serialize for ClaimPath {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let written = match &*self.0 {
            [] => Written::Unset(None),
            [name] => Written::Name(name.clone()),
            names => Written::Path(names.to_vec()),
        };
        written.serialize(writer)
    }
}

impl JsonSchema for ClaimPath {
    fn schema_name() -> Cow<'static, str> {
        "ClaimPath".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array", "null"], "items": { "type": "string" } })
    }
}
