//! Rules: how each operation of the engine's REST interface is kept inside the caller's tenant.
//!
//! In: the files of `policies/`, built in or from a folder. Out: a [`Policy`] that finds the one operation for a
//! method and path, and tells its rule. Rules are data: a new operation is a line in a file. Nothing here knows
//! HTTP servers or the engine's address; `load.rs` alone reads files.
//!
//! `written/` is all that a rule can say, typed: a text that says nothing is refused where it is read, with its line.
//! `read.rs` reads files into it, `resolve.rs` finds what its names stand for, `checks.rs` what can't hold.

mod catalog;
mod checks;
mod field_rules;
mod finding;
mod load;
mod read;
#[cfg(test)]
mod reference;
mod resolve;
mod resource_type;
mod rule;
#[cfg(test)]
mod tests;
mod written;

use std::sync::Arc;

use catalog::Catalog;
pub use catalog::Operation;
pub use field_rules::{Field, FieldRules, FieldRulesId};
pub use finding::PolicyFinding;
pub use load::load;
use resource_type::KnownTypes;
pub use resource_type::{ResourceType, ResourceTypeId};
pub use rule::{Body, Forward, Guarded, Holds, How, Part, Rule};
pub use written::{
    Empty, Handler, Local, LookUp, Method, Multipart, OperationKey, OperationKeyFault, RuleKind, Template,
    TemplateFault,
};

/// All rules, field rules and resource types.
#[derive(Default)]
pub struct Policy {
    catalog: Catalog,
    field_rules: Vec<FieldRules>,
    resource_types: Vec<ResourceType>,
    /// Types of ids that operations carried out by code need.
    pub types: KnownTypes,
}

impl Policy {
    /// The operation for a method and decoded segments.
    pub fn find(&self, method: &str, segments: &[String]) -> Option<Operation> {
        self.catalog.find(method, segments)
    }

    /// The methods that a path has.
    pub fn methods(&self, segments: &[String]) -> Vec<&'static str> {
        self.catalog.methods(segments)
    }

    /// All rules.
    pub fn rules(&self) -> &[Arc<Rule>] {
        self.catalog.rules()
    }

    /// A set of field rules.
    pub fn field_rules(&self, id: FieldRulesId) -> &FieldRules {
        static NONE: FieldRules = FieldRules { name: String::new(), fields: Vec::new(), endings: Vec::new() };
        self.field_rules.get(id.0).unwrap_or(&NONE)
    }

    /// Whether the rules are fit for `tenancy.users: pinned`: an operation whose fields say nothing of users would let
    /// anybody be named.
    ///
    /// # Errors
    /// None of their fields is a user.
    pub fn can_pin_users(&self) -> Result<(), PolicyFinding> {
        let users = |rules: &FieldRules| rules.fields.iter().any(|(_, field)| *field == Field::User);
        if self.field_rules.iter().any(users) {
            return Ok(());
        }
        let help = "write `userId: user`, `assignee: user` and `owner: user` at the fields of tasks, as the built-in rules do";
        let fault =
            finding::Fault::new("no-user", "no field is a user, and `tenancy.users` is `pinned`", help);
        Err(fault.at("fields.yaml", 0))
    }

    /// A resource type; none for the pseudo resource type of tenants.
    pub fn resource_type(&self, id: ResourceTypeId) -> Option<&ResourceType> {
        self.resource_types.get(id.0)
    }

    /// All resource types.
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.resource_types
    }

    /// A set of field rules by its name.
    #[cfg(test)]
    pub(crate) fn field_rules_named(&self, name: &str) -> Option<FieldRulesId> {
        self.field_rules.iter().position(|s| s.name == name).map(FieldRulesId)
    }
}
