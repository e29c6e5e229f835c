//! What a set of field rules says about one field.

use schemars::JsonSchema;
use serde::Deserialize;

use super::name::{FieldRulesName, ResourceTypeName};

/// The name of a field, or the end of its name (`*Expression`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::policy) enum FieldName {
    // First, as `*` stands before all letters.
    /// All fields whose name ends so.
    EndsWith(String),
    /// The field of this name.
    Exact(String),
}

/// Why a text names no field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no field: a name, or `*` and how names end")]
pub(in crate::policy) struct FieldNameFault(String);

impl TryFrom<String> for FieldName {
    type Error = FieldNameFault;

    fn try_from(text: String) -> Result<Self, FieldNameFault> {
        let (end, name) = match text.strip_prefix('*') {
            Some(end) => (true, end),
            None => (false, text.as_str()),
        };
        match name {
            _ if name.is_empty() || name.contains('*') => Err(FieldNameFault(text)),
            _ if end => Ok(Self::EndsWith(name.to_owned())),
            _ => Ok(Self::Exact(text)),
        }
    }
}

impl std::fmt::Display for FieldName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EndsWith(end) => write!(f, "*{end}"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

/// What is done with a field of a query string or JSON object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::policy) enum FieldWritten {
    /// One tenant: kept if own, put in if none, foreign refused.
    Tenant,
    /// As `tenant`, but only put in where this other field is there.
    TenantWith(String),
    /// As `tenant`, but never put in where this other field is there.
    TenantWithout(String),
    /// The caller's own tenant, which names the owner of a record: kept if own, put in if none, any other refused.
    OwnTenant,
    /// A list of tenants: kept if own, put in if none, foreign refused.
    Tenants,
    /// A list of tenants that is only checked: inside `orQueries` the engine narrows by the outer one.
    TenantsNamed,
    /// Asks for records without tenant.
    WithoutTenant,
    /// Asks for records without tenant as well.
    IncludeWithoutTenant,
    /// As a selector it would act on records without tenant: true is refused.
    WithoutTenantSelector,
    /// A free text by which the engine matches rows of all tenants: a prefix binds it to the caller's tenant. What
    /// could be an id of the engine's own stays as it is in reads and is refused in writes.
    BoundText,
    /// Narrows by rows of another kind, of any tenant, with this reason: records without tenant are left out beside it.
    Joins(#[allow(dead_code, reason = "a comment that can't be left out")] String),
    /// Removed.
    Drop,
    /// An id of this resource type that may be a handle: then it is the pin, and the records have no tenant.
    Handle(ResourceTypeName),
    /// An id of this resource type: a foreign one becomes one that never existed.
    Own(ResourceTypeName),
    /// A list of ids of this resource type.
    OwnList(ResourceTypeName),
    /// An object of these field rules, looked at where present and never added.
    Object(FieldRulesName),
    /// A list of objects of these field rules.
    Each(FieldRulesName),
    /// A map whose values have these field rules.
    Map(FieldRulesName),
    /// Refused where present and not null, with this reason.
    Refuse(String),
    /// Set to the path's id of this parameter (the engine acts on the id in the BODY).
    PathId(usize),
    /// A user that acts by the request: with `tenancy.users: pinned` the caller, else anybody.
    User,
    /// The client may not choose it.
    TaskId,
    /// Passes; says why it is harmless, for readers of the rule.
    Pass(#[allow(dead_code, reason = "a comment that can't be left out")] String),
}

#[cfg(test)]
mod tests {
    use super::{FieldName, FieldNameFault, FieldWritten};

    #[test]
    fn a_field_has_a_name_or_an_end() {
        let name = |text: &str| FieldName::try_from(text.to_owned());
        assert_eq!(name("tenantIdIn"), Ok(FieldName::Exact("tenantIdIn".into())));
        assert_eq!(name("*Expression"), Ok(FieldName::EndsWith("Expression".into())));
        assert_eq!(name("*Expression").unwrap().to_string(), "*Expression");
        for text in ["", "*", "**", "a*", "*a*"] {
            assert_eq!(name(text), Err(FieldNameFault(text.into())));
        }
        assert!(name("*z").unwrap() < name("A").unwrap());
    }

    #[test]
    fn fields_name_families_shapes_and_numbers() {
        let field = |text: &str| serde_saphyr::from_str::<FieldWritten>(text).map_err(|e| e.to_string());
        assert!(matches!(field("tenants"), Ok(FieldWritten::Tenants)));
        assert!(matches!(field("{ path-id: 1 }"), Ok(FieldWritten::PathId(1))));
        for (accepted, refused) in [
            ("{ own: task }", "{ own: Task }"),
            ("{ own-list: task }", "{ own-list: free }"),
            ("{ handle: batch }", "{ handle: }"),
            ("{ object: TaskQuery }", "{ object: task }"),
            ("{ each: TaskQuery }", "{ each: none }"),
            ("{ map: TaskQuery }", "{ map: Task-Query }"),
            ("{ path-id: 0 }", "{ path-id: first }"),
            ("{ path-id: 0 }", "{ path-id: -1 }"),
            ("tenants", "tenantss"),
        ] {
            assert!(field(accepted).is_ok(), "{accepted}: {:?}", field(accepted));
            assert!(field(refused).is_err(), "{refused}");
        }
    }
}
