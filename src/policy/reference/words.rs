//! Rules and fields in words, for the page of all operations.

use std::collections::BTreeSet;

use super::Shapes;
use crate::policy::written::{
    BodyWritten, FieldWritten, Local, Multipart, PathMeaning, RuleWritten, ShapeName,
};

/// What is said about rules, and which shapes it names.
pub(super) struct Words<'a> {
    /// All shapes.
    pub(super) shapes: &'a Shapes,
    /// The shapes that were named.
    pub(super) used: BTreeSet<&'a ShapeName>,
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
        says.extend(rule.query.as_ref().and_then(|shape| self.of_shape("query", shape)));
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
            BodyWritten::Json(shape) => self.of_shape("body", shape),
        }
    }

    fn of_shape(&mut self, what: &str, name: &ShapeName) -> Option<String> {
        let (name, fields) = self.shapes.get_key_value(name).filter(|(_, fields)| !fields.is_empty())?;
        let pinned = fields.values().any(|field| {
            matches!(
                field,
                FieldWritten::Tenant
                    | FieldWritten::Tenants
                    | FieldWritten::TenantWith(_)
                    | FieldWritten::TenantWithout(_)
            )
        });
        self.used.insert(name);
        let put_in = if pinned { "tenant put in, " } else { "" };
        Some(format!("{what}: {put_in}{}", link(name)))
    }
}

fn of_parameter(name: &str, is: &PathMeaning) -> Option<String> {
    match is {
        PathMeaning::Free => None,
        PathMeaning::Tenant => Some(format!("`{name}`: the caller's tenant")),
        PathMeaning::KeyOf(family) => Some(format!("`{name}`: key of an own {family}")),
        PathMeaning::Id(family) => Some(format!("`{name}`: own {family}")),
    }
}

fn of_flags(rule: &RuleWritten) -> Vec<String> {
    let flags = [
        (rule.handler.is_some(), "carried out by other requests"),
        (rule.own_answer, "the answer itself shows the owner"),
        (rule.own_only, "shared resources will not do"),
        (rule.makes_batch, "the batch is shown by a signed handle"),
        (rule.long_poll, "may wait for up to 30 minutes"),
    ];
    let mut says: Vec<_> =
        flags.iter().filter(|(holds, _)| *holds).map(|(_, text)| (*text).to_owned()).collect();
    if !rule.needs_one_of.is_empty() {
        says.push(format!("needs one of `{}`", rule.needs_one_of.join("`, `")));
    }
    says
}

/// What is done with a field, in words.
pub(super) fn put_in_words(field: &FieldWritten, shapes: &Shapes) -> String {
    let shape = |name: &ShapeName| if shapes[name].is_empty() { "passes".to_owned() } else { link(name) };
    match field {
        FieldWritten::Tenant => "a tenant: own kept, put in where none is, foreign refused".into(),
        FieldWritten::TenantWith(other) => {
            format!("a tenant: own kept, put in beside `{other}`, foreign refused")
        }
        FieldWritten::TenantWithout(other) => {
            format!("a tenant: own kept, put in where `{other}` is not there, foreign refused")
        }
        FieldWritten::Tenants => "tenants: own kept, put in where none is, foreign refused".into(),
        FieldWritten::TenantsNamed => "tenants: own kept, foreign refused".into(),
        FieldWritten::WithoutTenant => "records without tenant: true is answered empty, or refused".into(),
        FieldWritten::IncludeWithoutTenant => {
            "records without tenant as well: removed, except for shared resources that are `readable`".into()
        }
        FieldWritten::WithoutTenantSelector => "records without tenant: true is refused".into(),
        FieldWritten::BoundText => {
            "a text that is bound to the caller's tenant by a prefix in the engine".into()
        }
        FieldWritten::Joins(reason) => format!("shared resources are left out beside it: {reason}"),
        FieldWritten::Drop => "removed".into(),
        FieldWritten::Handle(family) => format!("id or handle of an own {family}"),
        FieldWritten::Own(family) => format!("id of an own {family}"),
        FieldWritten::OwnList(family) => format!("ids, each of an own {family}"),
        FieldWritten::Object(name) => format!("object: {}", shape(name)),
        FieldWritten::Each(name) => format!("each element: {}", shape(name)),
        FieldWritten::Map(name) => format!("each member: {}", shape(name)),
        FieldWritten::Refuse(reason) => format!("refused: {reason}"),
        FieldWritten::PathId(_) => "set to the path's id".into(),
        FieldWritten::TaskId => "refused: an id can't be chosen".into(),
        FieldWritten::Pass(reason) => format!("passes: {reason}"),
    }
}

/// The shape of an object in the field.
pub(super) fn inner(field: &FieldWritten) -> Option<&ShapeName> {
    match field {
        FieldWritten::Object(name) | FieldWritten::Each(name) | FieldWritten::Map(name) => Some(name),
        FieldWritten::Tenant
        | FieldWritten::TenantWith(_)
        | FieldWritten::TenantWithout(_)
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
        | FieldWritten::TaskId
        | FieldWritten::Pass(_) => None,
    }
}

fn link(shape: &ShapeName) -> String {
    format!("[{shape}](#{})", shape.to_string().to_lowercase())
}
