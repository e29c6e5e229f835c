//! What is done with the fields of queries and bodies, names resolved.

use super::resource_type::ResourceTypeId;

/// A set of field rules by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldRulesId(pub(super) usize);

/// What is done with the fields of a query string or object.
#[derive(Debug, Default)]
pub struct FieldRules {
    /// Its name.
    pub name: String,
    /// Fields by exact name.
    pub fields: Vec<(String, Field)>,
    /// Fields by the end of their name (`*Expression`).
    pub endings: Vec<(String, Field)>,
}

impl FieldRules {
    /// What is done with a field.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .or_else(|| self.endings.iter().find(|(end, _)| name.ends_with(end.as_str())))
            .map(|(_, f)| f)
    }
}

/// What is done with one field; see the written form for what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// One tenant.
    Tenant,
    /// One tenant, put in with another field.
    TenantWith(String),
    /// One tenant, not put in beside another field.
    TenantWithout(String),
    /// The caller's own tenant.
    OwnTenant,
    /// A list of tenants.
    Tenants,
    /// A list of tenants, only checked.
    TenantsNamed,
    /// Records without tenant only.
    WithoutTenant,
    /// Records without tenant as well.
    IncludeWithoutTenant,
    /// Records without tenant as a selector of a write.
    WithoutTenantSelector,
    /// A text that is bound to the caller's tenant.
    BoundText,
    /// Narrows by rows of another kind, of any tenant.
    Joins,
    /// Removed.
    Drop,
    /// An id, or a handle of one.
    Handle(ResourceTypeId),
    /// An id.
    Own(ResourceTypeId),
    /// Ids.
    OwnList(ResourceTypeId),
    /// An object.
    Object(FieldRulesId),
    /// A list of objects.
    Each(FieldRulesId),
    /// A map of objects.
    Map(FieldRulesId),
    /// Refused.
    Refuse(String),
    /// The path's id.
    PathId(usize),
    /// A user that acts.
    User,
    /// A task's id.
    TaskId,
    /// Passes.
    Pass,
}

impl Field {
    /// Whether what goes to the engine is put in anew, wherever the client wrote it.
    pub fn is_pin(&self) -> bool {
        matches!(
            self,
            Field::Tenant
                | Field::OwnTenant
                | Field::Tenants
                | Field::TenantWith(_)
                | Field::TenantWithout(_)
                | Field::PathId(_)
        )
    }

    /// Whether null says what leaving it out does not: an embedded query or list of ids that is null is no query.
    pub fn keeps_null(&self) -> bool {
        matches!(
            self,
            Field::Own(_)
                | Field::OwnList(_)
                | Field::Handle(_)
                | Field::User
                | Field::Object(_)
                | Field::Each(_)
                | Field::Map(_)
        )
    }
}
