//! Rules and fields in words, for the page of all operations.

use std::collections::BTreeSet;

use super::AllFieldRules;
use crate::policy::written::{
    BodyWritten, FieldRulesName, FieldWritten, Local, Multipart, PathMeaning, RuleWritten,
};

/// What is said about rules, and which field rules it names.
pub(super) struct Words<'a> {
    /// All field rules.
    pub(super) field_rules: &'a AllFieldRules,
    /// The field rules that were named.
    pub(super) used: BTreeSet<&'a FieldRulesName>,
}

impl Words<'_> {
    /// How a rule keeps an operation in.
    pub(super) fn of_rule(&mut self, rule: &RuleWritten) -> String {
        if let Some(reason) = &rule.deny {
            return format!("**denied**: {reason}");
        }
        match rule.local {
            Some(Local::Options) => return "answered by the gateway: no links".into(),
            Some(Local::Engines) => return "answered by the gateway: the one engine's name".into(),
            None => {}
        }
        let mut says: Vec<String> =
            rule.path.iter().filter_map(|(name, is)| of_parameter(name, is)).collect();
        if let Some(to) = &rule.to {
            says.push(format!("sent as `{to}`, where `{{T}}` is the caller's tenant"));
        }
        says.extend(rule.query.as_ref().and_then(|field_rules| self.of_field_rules("query", field_rules)));
        says.extend(rule.body.as_ref().and_then(|body| self.of_body(body)));
        says.extend(of_flags(rule));
        if let Some(reason) = &rule.untenanted {
            says.push(format!("passes: {reason}"));
        }
        if says.is_empty() { "passes".into() } else { says.join("; ") }
    }

    fn of_body(&mut self, body: &BodyWritten) -> Option<String> {
        match body {
            BodyWritten::None => None,
            BodyWritten::Multipart(Multipart::Deployment) => {
                Some("form rebuilt with the tenant, models inspected".into())
            }
            BodyWritten::Multipart(Multipart::Attachment | Multipart::Variable) => {
                Some("form rebuilt".into())
            }
            BodyWritten::Json(field_rules) => self.of_field_rules("body", field_rules),
        }
    }

    fn of_field_rules(&mut self, what: &str, name: &FieldRulesName) -> Option<String> {
        let (name, fields) = self.field_rules.get_key_value(name).filter(|(_, fields)| !fields.is_empty())?;
        let pinned = fields.values().any(|field| {
            matches!(
                field,
                FieldWritten::Tenant
                    | FieldWritten::OwnTenant
                    | FieldWritten::Tenants
                    | FieldWritten::TenantWith(_)
                    | FieldWritten::TenantWithout(_)
            )
        });
        self.used.insert(name);
        let put_in = if pinned { "tenant inserted, " } else { "" };
        Some(format!("{what}: {put_in}{}", link(name)))
    }
}

fn of_parameter(name: &str, is: &PathMeaning) -> Option<String> {
    match is {
        PathMeaning::Free => None,
        PathMeaning::Tenant => Some(format!("`{name}`: the caller's tenant")),
        PathMeaning::KeyOf(resource_type) => Some(format!("`{name}`: key of the caller's {resource_type}")),
        PathMeaning::Id(resource_type) => Some(format!("`{name}`: the caller's {resource_type}")),
    }
}

fn of_flags(rule: &RuleWritten) -> Vec<String> {
    let flags = [
        (rule.handler.is_some(), "implemented with other requests"),
        (rule.own_answer, "the answer contains the owner"),
        (rule.own_only, "shared resources are not accepted"),
        (rule.makes_batch, "the batch id is replaced with a signed handle"),
        (rule.long_poll, "may wait up to 30 minutes"),
    ];
    let mut says: Vec<_> =
        flags.iter().filter(|(holds, _)| *holds).map(|(_, text)| (*text).to_owned()).collect();
    if !rule.needs_one_of.is_empty() {
        says.push(format!("needs one of `{}`", rule.needs_one_of.join("`, `")));
    }
    says
}

/// What is done with a field, in words.
pub(super) fn put_in_words(field: &FieldWritten, field_rules: &AllFieldRules) -> String {
    let field_rules =
        |name: &FieldRulesName| if field_rules[name].is_empty() { "passes".to_owned() } else { link(name) };
    match field {
        FieldWritten::Tenant => "a tenant: own kept, inserted if absent, foreign refused".into(),
        FieldWritten::TenantWith(other) => {
            format!("a tenant: own kept, inserted together with `{other}`, foreign refused")
        }
        FieldWritten::TenantWithout(other) => {
            format!("a tenant: own kept, inserted if `{other}` is absent, foreign refused")
        }
        FieldWritten::OwnTenant => "the own tenant: kept, inserted if absent, any other refused".into(),
        FieldWritten::Tenants => "tenants: own kept, inserted if absent, foreign refused".into(),
        FieldWritten::TenantsNamed => "tenants: own kept, foreign refused".into(),
        FieldWritten::WithoutTenant => {
            "records without a tenant: true gets an empty answer, or is refused".into()
        }
        FieldWritten::IncludeWithoutTenant => {
            "also records without a tenant: removed, unless shared resources are `readable`".into()
        }
        FieldWritten::WithoutTenantSelector => "records without a tenant: true is refused".into(),
        FieldWritten::BoundText => {
            "a text that is bound to the caller's tenant by a prefix in the engine".into()
        }
        FieldWritten::Joins(reason) => format!("excludes shared resources: {reason}"),
        FieldWritten::Drop => "removed".into(),
        FieldWritten::Handle(resource_type) => format!("id or handle of the caller's {resource_type}"),
        FieldWritten::Own(resource_type) => format!("id of the caller's {resource_type}"),
        FieldWritten::OwnList(resource_type) => format!("ids of the caller's {resource_type}"),
        FieldWritten::Object(name) => format!("object: {}", field_rules(name)),
        FieldWritten::Each(name) => format!("each element: {}", field_rules(name)),
        FieldWritten::Map(name) => format!("each member: {}", field_rules(name)),
        FieldWritten::Refuse(reason) => format!("refused: {reason}"),
        FieldWritten::PathId(_) => "set to the path's id".into(),
        FieldWritten::User => "the caller, where users are pinned".into(),
        FieldWritten::TaskId => "refused: the id cannot be chosen".into(),
        FieldWritten::Pass(reason) => format!("passes: {reason}"),
    }
}

/// The field rules of an object in the field.
pub(super) fn inner(field: &FieldWritten) -> Option<&FieldRulesName> {
    match field {
        FieldWritten::Object(name) | FieldWritten::Each(name) | FieldWritten::Map(name) => Some(name),
        FieldWritten::Tenant
        | FieldWritten::TenantWith(_)
        | FieldWritten::TenantWithout(_)
        | FieldWritten::OwnTenant
        | FieldWritten::Tenants
        | FieldWritten::TenantsNamed
        | FieldWritten::WithoutTenant
        | FieldWritten::IncludeWithoutTenant
        | FieldWritten::WithoutTenantSelector
        | FieldWritten::BoundText
        | FieldWritten::Joins(_)
        | FieldWritten::Drop
        | FieldWritten::Handle(_)
        | FieldWritten::Own(_)
        | FieldWritten::OwnList(_)
        | FieldWritten::Refuse(_)
        | FieldWritten::PathId(_)
        | FieldWritten::User
        | FieldWritten::TaskId
        | FieldWritten::Pass(_) => None,
    }
}

fn link(field_rules: &FieldRulesName) -> String {
    format!("[{field_rules}](#{})", field_rules.to_string().to_lowercase())
}
