//! What one field of a query or body means: decided here and nowhere else.

use std::collections::HashSet;

use super::Narrowing;
use super::sent::{Decision, Sent, denied, wrong_type};
use crate::config::Users;
use crate::isolation::ownership::ResourceId;
use crate::json::Json;
use crate::policy::{Field, ResourceTypeId, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Tenant;

/// What narrowing came to besides the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// Only records without tenant were asked for, and those are hidden: the answer is empty.
    pub(crate) empty: bool,
    /// The answer may hold records without tenant.
    pub(crate) without_tenant: bool,
    /// Handles that were opened: the engine's id, and the handle.
    pub(crate) opened: Vec<(String, String)>,
    /// The tenant whose records the path may name, where the fields write a tenant into them.
    pub(super) within: Option<Tenant>,
    /// The one granted tenant that was named.
    pub(super) one: Option<Tenant>,
    /// A text that is to be bound to a tenant.
    pub(super) bound_text: Option<String>,
    pub(super) tenant_filter: TenantFilter,
}

/// What the fields of one query or object said about tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TenantFilter {
    /// Granted tenants that a list named.
    pub(super) named: Vec<Tenant>,
    /// Records without tenant only.
    pub(super) only_without: bool,
    /// Records without tenant as well.
    pub(super) include_without: bool,
    /// Rows of another kind are joined.
    pub(super) joins: bool,
    /// A handle of these fields was opened.
    pub(super) by_handle: bool,
}

impl Narrowed {
    /// Takes over what an object inside came to; its pins are its own.
    pub(super) fn absorb(&mut self, inner: Narrowed) {
        self.empty |= inner.empty;
        self.without_tenant |= inner.without_tenant;
        self.opened.extend(inner.opened);
        self.within = self.within.take().or(inner.within);
    }
}

impl Narrowing<'_> {
    /// What becomes of a field.
    ///
    /// # Errors
    /// A foreign tenant, what a rule refuses, or a value of another type than the engine reads.
    pub(super) fn decide(
        &self,
        field: &Field,
        name: &str,
        sent: Sent,
        narrowed: &mut Narrowed,
    ) -> Result<Decision, Refusal> {
        match field {
            Field::Pass => Ok(sent.kept()),
            Field::Drop => Ok(Decision::Drop),
            Field::Refuse(why) => Err(denied(name, why)),
            Field::Tenant | Field::TenantWith(_) | Field::TenantWithout(_) => {
                self.tenant(name, sent, narrowed)
            }
            Field::OwnTenant => self.own_tenant(name, &sent.text(name)?),
            Field::Tenants => self.tenants(name, sent, narrowed),
            Field::TenantsNamed => self.tenants_named(name, sent.json(name)?),
            Field::WithoutTenant => {
                narrowed.tenant_filter.only_without |= sent.boolean(name)?;
                Ok(Decision::Drop)
            }
            Field::IncludeWithoutTenant => {
                narrowed.tenant_filter.include_without |= sent.boolean(name)?;
                Ok(Decision::Drop)
            }
            Field::WithoutTenantSelector => match sent.boolean(name)? {
                true => Err(self.refuse_without_tenant(name)),
                false => Ok(Decision::Drop),
            },
            Field::BoundText => {
                // Bound when the fields beside it have said to which tenant.
                narrowed.bound_text = Some(sent.text(name)?);
                Ok(Decision::Pinned)
            }
            Field::Joins => {
                // Even an empty value: the engine joins by it as by any other.
                narrowed.tenant_filter.joins = true;
                Ok(sent.kept())
            }
            Field::Handle(resource_type) => self.handle(*resource_type, sent.text(name)?, narrowed),
            // Not even a shared one: what stands beside it in a log may be anybody's.
            Field::Own(resource_type) => {
                Ok(Decision::Id(ResourceId::new(*resource_type, sent.text(name)?, self.kind)))
            }
            Field::OwnList(resource_type) => self.own_list(*resource_type, name, sent.json(name)?),
            Field::Object(_) | Field::Each(_) | Field::Map(_) => {
                Ok(Decision::Json(self.inside(field, name, sent.json(name)?, narrowed)?))
            }
            Field::PathId(number) => self.path_id(*number, name, &sent.text(name)?),
            Field::User => self.user(name, sent),
            Field::TaskId => {
                let what = format!("`{name}` cannot be chosen: the engine assigns task ids; remove it");
                Err(Refusal::new(Kind::TaskId, what))
            }
        }
    }

    fn tenant(&self, name: &str, sent: Sent, narrowed: &mut Narrowed) -> Result<Decision, Refusal> {
        let named = sent.text(name)?;
        if named.is_empty() {
            return Ok(Decision::Drop);
        }
        narrowed.one = Some(self.granted(name, &named)?);
        Ok(Decision::Pinned)
    }

    fn own_tenant(&self, name: &str, named: &str) -> Result<Decision, Refusal> {
        match named {
            "" => Ok(Decision::Drop),
            named if self.caller.owns(named) => Ok(Decision::Pinned),
            _ => Err(foreign(name)),
        }
    }

    fn tenants(&self, name: &str, sent: Sent, narrowed: &mut Narrowed) -> Result<Decision, Refusal> {
        let named = sent.texts(name)?;
        let mut seen = HashSet::new();
        // A list may name one tenant a million times.
        for one in named.iter().filter(|one| seen.insert(one.as_str())) {
            let tenant = self.granted(name, one)?;
            narrowed.tenant_filter.named.push(tenant);
        }
        Ok(Decision::Pinned)
    }

    fn tenants_named(&self, name: &str, json: Json) -> Result<Decision, Refusal> {
        let named = Sent::Member(json.clone()).texts(name)?;
        named.iter().try_for_each(|one| self.granted(name, one).map(drop))?;
        Ok(Decision::Json(json.with_holes()))
    }

    fn handle(
        &self,
        resource_type: ResourceTypeId,
        handle: String,
        narrowed: &mut Narrowed,
    ) -> Result<Decision, Refusal> {
        let Some(id) = self.opened(resource_type, &handle) else { return Ok(Decision::Text(handle)) };
        narrowed.tenant_filter.by_handle = true;
        narrowed.opened.push((id.clone(), handle));
        Ok(Decision::Text(id))
    }

    fn own_list(&self, resource_type: ResourceTypeId, name: &str, list: Json) -> Result<Decision, Refusal> {
        let Json::Array(elements) = list else { return Err(wrong_type(name, "a list of strings")) };
        // A null among the ids of a write goes nowhere: what the engine makes of it differs from operation to operation,
        // and a correlation without an id would be one with everybody.
        let nulls = self.kind == RuleKind::Read;
        let id = |element: Json| match element.as_str() {
            None if nulls && element.is_null() => Ok(Json::null()),
            None => Err(wrong_type(name, "a list of strings")),
            Some(id) => Ok(Json::Hole(ResourceId::new(resource_type, id, self.kind))),
        };
        Ok(Decision::Json(Json::Array(elements.into_iter().map(id).collect::<Result<_, _>>()?)))
    }

    /// A user that acts by the request. Pinned, it is the caller: nobody claims a task under the name of somebody else.
    fn user(&self, name: &str, sent: Sent) -> Result<Decision, Refusal> {
        if self.users == Users::AsAsked {
            return Ok(sent.kept());
        }
        let named = sent.text(name)?;
        if named == self.caller.user() {
            return Ok(Decision::Text(named));
        }
        let what = format!("`{name}` names another user than the token's, `{}`", self.caller.user());
        Err(Refusal::new(Kind::ForeignUser, what))
    }

    fn path_id(&self, number: usize, name: &str, named: &str) -> Result<Decision, Refusal> {
        if self.params.get(number).is_none_or(|id| *id != named) {
            // The engine changes the record that the BODY names (facts 8).
            let what = format!("`{name}` differs from the id in the path; remove it or send the same id");
            return Err(Refusal::new(Kind::ForeignTenant, what));
        }
        Ok(Decision::Pinned)
    }

    /// An object, or objects, inside: each has field rules of its own.
    fn inside(
        &self,
        field: &Field,
        name: &str,
        json: Json,
        narrowed: &mut Narrowed,
    ) -> Result<Json<ResourceId>, Refusal> {
        let mut object = |field_rules, json: Json| -> Result<Json<ResourceId>, Refusal> {
            if json.is_null() {
                return Ok(Json::null());
            }
            let (json, inner) = self.object(field_rules, json).map_err(|refusal| within(&refusal, name))?;
            narrowed.absorb(inner);
            Ok(json)
        };
        match (field, json) {
            (Field::Object(field_rules), json) => object(*field_rules, json),
            (Field::Each(field_rules), Json::Array(all)) => Ok(Json::Array(
                all.into_iter().map(|one| object(*field_rules, one)).collect::<Result<_, _>>()?,
            )),
            (Field::Map(field_rules), Json::Object(all)) => {
                let member = |(key, one)| Ok((key, object(*field_rules, one)?));
                Ok(Json::Object(all.into_iter().map(member).collect::<Result<_, Refusal>>()?))
            }
            (Field::Each(_), _) => Err(wrong_type(name, "a list of objects")),
            (_, _) => Err(wrong_type(name, "an object")),
        }
    }

    /// The granted tenant that a field names.
    fn granted(&self, name: &str, named: &str) -> Result<Tenant, Refusal> {
        let granted =
            self.caller.at_level(named, self.kind.level()).map_err(|refusal| within(&refusal, name))?;
        granted.cloned().ok_or_else(|| foreign(name))
    }

    /// The refusal of a request about records without tenant.
    pub(super) fn refuse_without_tenant(&self, name: &str) -> Refusal {
        let what = format!("`{name}` asks for records without a tenant, which belong to nobody; remove it");
        Refusal::new(Kind::WithoutTenant, what)
    }
}

fn within(refusal: &Refusal, name: &str) -> Refusal {
    Refusal::new(refusal.kind(), format!("in `{name}`: {}", refusal.message()))
}

/// The same whether that tenant exists or not.
fn foreign(name: &str) -> Refusal {
    let what = format!("`{name}` names a tenant that the token does not grant; remove it or name your own");
    Refusal::new(Kind::ForeignTenant, what)
}
