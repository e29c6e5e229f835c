//! What is written → [`Policy`]: names of resource types and field rules become numbers, and each rule is checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checks;
use super::field_rules::{Field, FieldRules, FieldRulesId};
use super::finding::{Fault, PolicyFinding};
use super::read::{Entries, Placed};
use super::resource_type::{KnownTypes, ResourceType, ResourceTypeId};
use super::rule::{Body, Forward, Guarded, How, Part, Rule};
use super::written::{
    BodyWritten, FieldName, FieldRulesName, FieldWritten, OperationKey, OwnerField, PathMeaning,
    PositionWritten, ResourceTypeName, ResourceTypeWritten, RuleWritten, Segment,
};
use super::{Catalog, Policy};

type Fields = BTreeMap<Placed<FieldName>, FieldWritten>;

/// All that is written in a folder.
#[derive(Default)]
pub(super) struct Written {
    /// The rules by file.
    pub rules: Vec<(String, Entries<OperationKey, RuleWritten>)>,
    /// `fields.yaml`.
    pub field_rules: Entries<FieldRulesName, Fields>,
    /// `ownership.yaml`.
    pub resource_types: Entries<ResourceTypeName, ResourceTypeWritten>,
}

/// A name that stands for nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unresolved {
    #[error("there is no resource type `{0}`")]
    ResourceType(ResourceTypeName),
    #[error("there are no field rules `{0}`")]
    FieldRules(FieldRulesName),
    #[error("`{{{0}}}` is not a parameter of the operation's path")]
    Parameter(String),
    #[error("`path` does not say what `{{{0}}}` is")]
    Unsaid(String),
}

/// Finds what the names stand for, and checks the rules.
///
/// # Errors
/// The findings so far, and every name that stands for nothing and every rule that can't hold.
pub(super) fn resolve(
    written: &Written,
    mut findings: Vec<PolicyFinding>,
) -> Result<Policy, Vec<PolicyFinding>> {
    let field_rules = written.field_rules(&mut findings);
    let types = written.known_types(&mut findings);
    written.resource_types.iter().for_each(|(name, written)| check_type(name, written, &mut findings));
    let catalog = written.catalog(&mut findings);
    if catalog.rules().is_empty() {
        let help = "the folder holds the files of `policies/`";
        findings.push(Fault::new("no-rules", "no rule was found", help).at("policies", 0));
    }
    let resource_types = written
        .resource_types
        .iter()
        .map(|(name, resource_type)| self::resource_type(&name.value, resource_type))
        .collect();
    if findings.is_empty() {
        Ok(Policy { catalog, field_rules, resource_types, types })
    } else {
        Err(findings)
    }
}

impl Written {
    fn field_rules(&self, findings: &mut Vec<PolicyFinding>) -> Vec<FieldRules> {
        let mut all = Vec::new();
        for (name, fields) in self.field_rules.iter() {
            let mut field_rules = FieldRules { name: name.value.to_string(), ..FieldRules::default() };
            for (field, meant) in fields {
                match (self.field(meant), &field.value) {
                    (Ok(meant), FieldName::EndsWith(end)) => field_rules.endings.push((end.clone(), meant)),
                    (Ok(meant), FieldName::Exact(exact)) => field_rules.fields.push((exact.clone(), meant)),
                    (Err(unresolved), field_name) => {
                        let what = format!("`{}.{field_name}`: {unresolved}", name.value);
                        findings.push(unknown_name(what).at("fields.yaml", field.line));
                    }
                }
            }
            all.push(field_rules);
        }
        all
    }

    /// The types of ids that code needs, wherever a rule says that it is carried out by code.
    fn known_types(&self, findings: &mut Vec<PolicyFinding>) -> KnownTypes {
        let mut known = |name: &str| {
            let id = ResourceTypeName::try_from(name.to_owned())
                .ok()
                .and_then(|name| self.resource_types.number(&name));
            ResourceTypeId(id.unwrap_or_else(|| {
                let what = format!("`{name}` is missing: operations implemented in code need it");
                let help = "declare how the owner of such an id is looked up";
                findings.push(Fault::new("missing-type", what, help).at("ownership.yaml", 0));
                usize::MAX - 1
            }))
        };
        KnownTypes {
            deployment: known("deployment"),
            process_definition: known("process-definition"),
            process_instance: known("process-instance"),
            task: known("task"),
        }
    }

    fn catalog(&self, findings: &mut Vec<PolicyFinding>) -> Catalog {
        let mut catalog = Catalog::default();
        for (file, rules) in &self.rules {
            for (Placed { value: key, line }, written) in rules.iter() {
                let mut find = |fault: Fault| findings.push(fault.at(file, *line));
                checks::rule(key, written).into_iter().for_each(&mut find);
                match self.how(key, written) {
                    Ok(how) => {
                        let (operation, file, kind) = (key.clone(), file.clone(), written.kind);
                        let rule = Rule { operation, file, line: *line, kind, how };
                        if let Err(e) = catalog.insert(Arc::new(rule)) {
                            find(Fault::new("two-rules", e.to_string(), "keep one of the two rules"));
                        }
                    }
                    Err(unresolved) => find(unknown_name(unresolved.to_string())),
                }
            }
        }
        catalog
    }

    fn resource_type_id(&self, name: &ResourceTypeName) -> Result<ResourceTypeId, Unresolved> {
        if name.as_str() == ResourceTypeName::TENANT {
            return Ok(ResourceTypeId::TENANT);
        }
        self.resource_types
            .number(name)
            .map(ResourceTypeId)
            .ok_or_else(|| Unresolved::ResourceType(name.clone()))
    }

    fn field_rules_id(&self, name: &FieldRulesName) -> Result<FieldRulesId, Unresolved> {
        self.field_rules.number(name).map(FieldRulesId).ok_or_else(|| Unresolved::FieldRules(name.clone()))
    }

    fn field(&self, written: &FieldWritten) -> Result<Field, Unresolved> {
        Ok(match written {
            FieldWritten::Tenant => Field::Tenant,
            FieldWritten::TenantWith(other) => Field::TenantWith(other.clone()),
            FieldWritten::TenantWithout(other) => Field::TenantWithout(other.clone()),
            FieldWritten::OwnTenant => Field::OwnTenant,
            FieldWritten::Tenants => Field::Tenants,
            FieldWritten::TenantsNamed => Field::TenantsNamed,
            FieldWritten::WithoutTenant => Field::WithoutTenant,
            FieldWritten::IncludeWithoutTenant => Field::IncludeWithoutTenant,
            FieldWritten::WithoutTenantSelector => Field::WithoutTenantSelector,
            FieldWritten::BoundText => Field::BoundText,
            FieldWritten::Joins(_) => Field::Joins,
            FieldWritten::Drop => Field::Drop,
            FieldWritten::Handle(name) => Field::Handle(self.resource_type_id(name)?),
            FieldWritten::Own(name) => Field::Own(self.resource_type_id(name)?),
            FieldWritten::OwnList(name) => Field::OwnList(self.resource_type_id(name)?),
            FieldWritten::Object(name) => Field::Object(self.field_rules_id(name)?),
            FieldWritten::Each(name) => Field::Each(self.field_rules_id(name)?),
            FieldWritten::Map(name) => Field::Map(self.field_rules_id(name)?),
            FieldWritten::Refuse(why) => Field::Refuse(why.clone()),
            FieldWritten::PathId(number) => Field::PathId(*number),
            FieldWritten::User => Field::User,
            FieldWritten::TaskId => Field::TaskId,
            FieldWritten::Pass(_) => Field::Pass,
        })
    }

    fn how(&self, key: &OperationKey, written: &RuleWritten) -> Result<How, Unresolved> {
        Ok(match (&written.deny, written.local) {
            (Some(reason), _) => How::Deny(reason.clone()),
            (None, Some(local)) => How::Local(local),
            (None, None) => How::Forward(self.forward(key, written)?),
        })
    }

    fn forward(&self, key: &OperationKey, written: &RuleWritten) -> Result<Forward, Unresolved> {
        let template = written.to.as_ref().unwrap_or(key.template());
        let parts = template.segments().iter().map(|segment| self.part(segment, key, written));
        let to = parts.collect::<Result<_, _>>()?;
        let body = match &written.body {
            None | Some(BodyWritten::None) => Body::None,
            Some(BodyWritten::Multipart(form)) => Body::Multipart(*form),
            Some(BodyWritten::Json(field_rules)) => Body::Json(self.field_rules_id(field_rules)?),
        };
        let positions = |written: &[PositionWritten]| -> Vec<_> {
            written.iter().map(|PositionWritten(position)| position.clone()).collect()
        };
        let answer = positions(&written.answer);
        Ok(Forward {
            guarded: Guarded::new(&answer, &positions(&written.bound)),
            to,
            query: written.query.as_ref().map(|field_rules| self.field_rules_id(field_rules)).transpose()?,
            body,
            answer,
            own_answer: written.own_answer,
            empty: written.empty,
            handler: written.handler,
            own_only: written.own_only,
            makes_batch: written.makes_batch,
            needs_one_of: written.needs_one_of.clone(),
            long_poll: written.long_poll,
        })
    }

    /// A segment of the engine's path.
    fn part(&self, segment: &Segment, key: &OperationKey, written: &RuleWritten) -> Result<Part, Unresolved> {
        let name = match segment {
            Segment::Literal(text) => return Ok(Part::Literal(text.clone())),
            Segment::CallerTenant => return Ok(Part::CallerTenant),
            Segment::Parameter(name) => name,
        };
        let number = key.template().parameters().position(|parameter| parameter == name);
        let number = number.ok_or_else(|| Unresolved::Parameter(name.clone()))?;
        Ok(match written.path.get(name).ok_or_else(|| Unresolved::Unsaid(name.clone()))? {
            PathMeaning::Free => Part::Free(number),
            PathMeaning::Tenant => Part::Tenant(number),
            PathMeaning::Id(resource_type) => Part::Id(number, self.resource_type_id(resource_type)?),
            PathMeaning::KeyOf(resource_type) => Part::Key(number, self.resource_type_id(resource_type)?),
        })
    }
}

fn unknown_name(what: String) -> Fault {
    Fault::new("unknown-name", what, "name field rules or a resource type that are there")
}

/// A resource type has a name of its own, and a way to find the owner of an id.
fn check_type(
    name: &Placed<ResourceTypeName>,
    written: &ResourceTypeWritten,
    findings: &mut Vec<PolicyFinding>,
) {
    let mut find = |fault: Fault| findings.push(fault.at("ownership.yaml", name.line));
    let name = &name.value;
    if name.as_str() == ResourceTypeName::TENANT {
        let what = format!("`{name}` is the word for ids of tenants, which are never looked up");
        find(Fault::new("reserved-type", what, "take another name; rules may say `tenant` without it"));
    }
    if written.look_up.is_empty() {
        let what = format!("nothing finds the owner of an id of `{name}`");
        find(Fault::new("missing-look-up", what, "say in `look-up` what the engine is asked"));
    }
}

fn resource_type(name: &ResourceTypeName, written: &ResourceTypeWritten) -> ResourceType {
    ResourceType {
        name: name.as_str().into(),
        look_up: written.look_up.clone(),
        shareable: written.shareable.clone(),
        handle: written.handle.clone(),
        pin: match written.owner {
            None => ("tenantIdIn", "tenantId"),
            Some(OwnerField::Owner) => ("owner", "owner"),
        },
    }
}
