//! Names that rules give to each other: of resource types and of field rules.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// The name of a resource type of `ownership.yaml`, as `process-definition`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z][a-z-]*$"))]
pub(in crate::policy) struct ResourceTypeName(String);

/// The name of a set of field rules of `fields.yaml`, as `TaskQuery`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Z][A-Za-z]*$"))]
pub(in crate::policy) struct FieldRulesName(String);

/// Why a text is no name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::policy) enum NameFault {
    /// Not the form of a resource type's name.
    #[error(
        "`{0}` is not a resource type name: use lower-case letters and `-`, for example `process-definition`"
    )]
    ResourceType(String),
    /// A parameter that is `free` would be taken for an id of that resource type.
    #[error("no resource type can be named `free`: that marks a parameter that is not an id")]
    Free,
    /// Not the form of a set of field rules's name.
    #[error("`{0}` is not a field rules name: use letters, the first one a capital, for example `TaskQuery`")]
    FieldRules(String),
}

impl ResourceTypeName {
    /// The pseudo resource type of tenants.
    pub(in crate::policy) const TENANT: &str = "tenant";

    /// The name as it is written.
    pub(in crate::policy) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResourceTypeName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        match text.as_str() {
            "free" => Err(NameFault::Free),
            _ if letters && text.starts_with(|c: char| c != '-') => Ok(Self(text)),
            _ => Err(NameFault::ResourceType(text)),
        }
    }
}

impl TryFrom<String> for FieldRulesName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        let letters = text.chars().all(|c| c.is_ascii_alphabetic());
        if letters && text.starts_with(|c: char| c.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(NameFault::FieldRules(text))
        }
    }
}

impl fmt::Display for ResourceTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FieldRulesName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldRulesName, NameFault, ResourceTypeName};

    #[test]
    fn resource_types_have_small_letters() {
        let name = |text: &str| ResourceTypeName::try_from(text.to_owned());
        assert_eq!(name("process-definition").unwrap().as_str(), "process-definition");
        assert_eq!(name("freed").unwrap().as_str(), "freed");
        assert_eq!(name("free"), Err(NameFault::Free));
        for text in ["", "-task", "Task", "process definition", "task2", "key-of task"] {
            assert_eq!(name(text), Err(NameFault::ResourceType(text.into())), "{text}");
        }
    }

    #[test]
    fn shapes_begin_with_a_capital() {
        let name = |text: &str| FieldRulesName::try_from(text.to_owned());
        assert_eq!(name("TaskQuery").unwrap().to_string(), "TaskQuery");
        for text in ["", "taskQuery", "Task-Query", "Task Query", "TaskQuery2"] {
            assert_eq!(name(text), Err(NameFault::FieldRules(text.into())), "{text}");
        }
    }
}
