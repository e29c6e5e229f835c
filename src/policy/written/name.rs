//! Names that rules give to each other: of families and of shapes.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// The name of a family of `ownership.yaml`, as `process-definition`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z][a-z-]*$"))]
pub(in crate::policy) struct FamilyName(String);

/// The name of a shape of `shapes.yaml`, as `TaskQuery`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Z][A-Za-z]*$"))]
pub(in crate::policy) struct ShapeName(String);

/// Why a text is no name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::policy) enum NameFault {
    /// Not the form of a family's name.
    #[error("`{0}` is no name of a family: small letters and `-`, as `process-definition`")]
    Family(String),
    /// A parameter that is `free` would be taken for an id of that family.
    #[error("no family can have the name `free`: a parameter is `free` when it is no id")]
    Free,
    /// Not the form of a shape's name.
    #[error("`{0}` is no name of a shape: letters, the first one a capital, as `TaskQuery`")]
    Shape(String),
}

impl FamilyName {
    /// The pseudo family of tenants.
    pub(in crate::policy) const TENANT: &str = "tenant";

    /// The name as it is written.
    pub(in crate::policy) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FamilyName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        match text.as_str() {
            "free" => Err(NameFault::Free),
            _ if letters && text.starts_with(|c: char| c != '-') => Ok(Self(text)),
            _ => Err(NameFault::Family(text)),
        }
    }
}

impl TryFrom<String> for ShapeName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        let letters = text.chars().all(|c| c.is_ascii_alphabetic());
        if letters && text.starts_with(|c: char| c.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(NameFault::Shape(text))
        }
    }
}

impl fmt::Display for FamilyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ShapeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FamilyName, NameFault, ShapeName};

    #[test]
    fn families_have_small_letters() {
        let name = |text: &str| FamilyName::try_from(text.to_owned());
        assert_eq!(name("process-definition").unwrap().as_str(), "process-definition");
        assert_eq!(name("freed").unwrap().as_str(), "freed");
        assert_eq!(name("free"), Err(NameFault::Free));
        for text in ["", "-task", "Task", "process definition", "task2", "key-of task"] {
            assert_eq!(name(text), Err(NameFault::Family(text.into())), "{text}");
        }
    }

    #[test]
    fn shapes_begin_with_a_capital() {
        let name = |text: &str| ShapeName::try_from(text.to_owned());
        assert_eq!(name("TaskQuery").unwrap().to_string(), "TaskQuery");
        for text in ["", "taskQuery", "Task-Query", "Task Query", "TaskQuery2"] {
            assert_eq!(name(text), Err(NameFault::Shape(text.into())), "{text}");
        }
    }
}
