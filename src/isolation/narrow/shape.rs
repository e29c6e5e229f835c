//! The fields of a query string or JSON object, narrowed to the caller's tenant by the rule's shape.
//!
//! INVARIANT: after `pairs` or `object` has run, every tenant pin that the shape names is there and holds exactly
//! the caller's tenant. An empty pin is never written: to the engine it means all tenants (facts 2).

use bytes::Bytes;

use crate::config::SharedResources;
use crate::isolation::ownership::{Asked, Handles};
use crate::json::{Json, boolean, boolean_parameter};
use crate::policy::{FamilyId, Field, Kind as RuleKind, Policy, Shape, ShapeId};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Tenant, bound};

/// What narrowing needs to know.
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) tenant: &'a Tenant,
    pub(crate) kind: RuleKind,
    pub(crate) shared: SharedResources,
    pub(crate) handles: &'a Handles,
    /// The decoded parameters of the path.
    pub(crate) params: &'a [String],
    /// The path's key is read without tenant: the caller has no definition of it, and shared ones are readable.
    pub(crate) shared_key: bool,
}

/// What came of narrowing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// Only records without tenant were asked for, and those are hidden: the answer is empty.
    pub(crate) empty: bool,
    /// The answer may hold records without tenant.
    pub(crate) tenantless: bool,
    /// Handles that were opened: the engine's id, and the handle.
    pub(crate) opened: Vec<(String, String)>,
}

/// A value of the query string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// As it is.
    Text(String),
    /// An id whose owner has to be known.
    Id(Asked),
}

impl Narrowed {
    fn absorb(&mut self, inner: Narrowed) {
        self.empty |= inner.empty;
        self.opened.extend(inner.opened);
    }
}

impl Context<'_> {
    fn own(&self, name: &str, named: &str) -> Result<(), Refusal> {
        if named == self.tenant.as_str() {
            return Ok(());
        }
        // The same whether that tenant exists or not.
        Err(Refusal::new(
            Kind::ForeignTenant,
            format!("`{name}` names a tenant that the token does not grant; leave it out or name your own"),
        ))
    }

    fn denied(&self, name: &str, why: &str) -> Refusal {
        Refusal::new(Kind::FieldDenied, format!("`{name}` can't be used here: {why}"))
    }

    fn tenantless(&self, name: &str) -> Refusal {
        let what = format!("`{name}` asks for records without tenant, which belong to nobody; leave it out");
        Refusal::new(Kind::Tenantless, what)
    }

    fn shares<'s>(&self, shape: &'s Shape) -> Option<&'s str> {
        let readable = self.shared == SharedResources::Readable && self.kind == RuleKind::Read;
        let field = shape.fields.iter().find(|(_, f)| *f == Field::IncludeTenantless)?;
        readable.then_some(field.0.as_str())
    }

    /// The engine's id of a handle that was made for the caller.
    fn opened(&self, family: FamilyId, handle: &str) -> Option<String> {
        let purpose = self.policy.family(family)?.handle.as_deref()?;
        self.handles.open(purpose, self.tenant, handle)
    }

    /// A text as the engine keeps it for the caller; see [`bound`].
    fn bound(&self, name: &str, text: &str) -> Result<String, Refusal> {
        let reads = self.kind == RuleKind::Read;
        if bound::may_be_id(text) {
            if reads {
                return Ok(text.to_owned());
            }
            let why = "it could be the id of a job or task, by which the engine finds its own; put a word before it, \
                       such as `order-4711`";
            return Err(self.denied(name, why));
        }
        if !reads && !bound::fits(self.tenant, text) {
            let why = format!("it has more than {} characters", bound::room(self.tenant));
            return Err(self.denied(name, &why));
        }
        Ok(bound::bind(self.tenant, text))
    }

    /// Narrows a query string.
    pub(crate) fn pairs(
        &self,
        id: ShapeId,
        pairs: Vec<(String, String)>,
    ) -> Result<(Vec<(String, Value)>, Narrowed), Refusal> {
        let shape = self.policy.shape(id);
        for (i, (name, _)) in pairs.iter().enumerate() {
            // The engine takes the first of equal names (facts 2), so a later one would hide what was meant.
            if shape.field(name).is_some() && pairs.iter().skip(i + 1).any(|(other, _)| other == name) {
                let what = format!("the parameter `{name}` is there twice; send it once");
                return Err(Refusal::new(Kind::QueryAmbiguous, what));
            }
        }
        let mut narrowed = Narrowed::default();
        let mut kept = Vec::with_capacity(pairs.len() + 1);
        let mut named = false;
        let mut include = false;
        let mut only_tenantless = false;
        let mut joins = false;
        for (name, value) in pairs {
            match shape.field(&name) {
                None | Some(Field::Pass) => kept.push((name, Value::Text(value))),
                Some(Field::Own(family)) => {
                    // Not even a shared one: what stands beside it in a log may be anybody's.
                    let asked = Asked::new(*family, value);
                    kept.push((name, Value::Id(asked)));
                }
                Some(Field::Handle(family)) => match self.opened(*family, &value) {
                    Some(id) => {
                        narrowed.opened.push((id.clone(), value));
                        kept.push((name, Value::Text(id)));
                    }
                    None => kept.push((name, Value::Text(value))),
                },
                Some(Field::Tenants) => {
                    for one in value.split(',').filter(|v| !v.trim().is_empty()) {
                        self.own(&name, one)?;
                        named = true;
                    }
                }
                Some(Field::Tenant) => {
                    if !value.is_empty() {
                        self.own(&name, &value)?;
                    }
                }
                Some(Field::Tenantless) => match boolean_parameter(&value) {
                    Some(true) => only_tenantless = true,
                    Some(false) => {}
                    None => return Err(not_boolean(&name)),
                },
                Some(Field::IncludeTenantless) => match boolean_parameter(&value) {
                    Some(true) => include = true,
                    Some(false) => {}
                    None => return Err(not_boolean(&name)),
                },
                Some(Field::TenantlessSelector) => match boolean_parameter(&value) {
                    Some(false) => {}
                    Some(true) | None => return Err(self.tenantless(&name)),
                },
                Some(Field::BoundText) => {
                    let bound = self.bound(&name, &value)?;
                    kept.push((name, Value::Text(bound)));
                }
                Some(Field::Joins) => {
                    // Even an empty value: the engine joins by it as by any other.
                    joins = true;
                    kept.push((name, Value::Text(value)));
                }
                Some(Field::Drop) => {}
                Some(Field::Refuse(why)) => return Err(self.denied(&name, why)),
                // These say what is done inside a JSON body; in a query string there is no such value.
                Some(
                    Field::TenantWith(_)
                    | Field::TenantWithout(_)
                    | Field::TenantsNamed
                    | Field::OwnList(_)
                    | Field::Object(_)
                    | Field::Each(_)
                    | Field::Map(_)
                    | Field::PathId(_)
                    | Field::TaskId,
                ) => return Err(self.denied(&name, "it is taken in a JSON body only")),
            }
        }
        // What is joined to a shared record is everybody's: whether it shows would tell of others' rows.
        let shares = self.shares(shape).filter(|_| !joins);
        if only_tenantless && shares.is_none() {
            // Dropping the wish would widen the answer to all of the tenant's records.
            if self.kind != RuleKind::Read {
                return Err(self.tenantless("withoutTenantId"));
            }
            narrowed.empty = true;
            only_tenantless = false;
        }
        // An opened handle is the pin: the records have no tenant, and the id is the caller's.
        let by_handle = !narrowed.opened.is_empty();
        let without = by_handle || only_tenantless;
        for (name, field) in &shape.fields {
            if without && *field == Field::Tenantless {
                kept.push((name.clone(), Value::Text("true".into())));
            } else if !without && matches!(field, Field::Tenants | Field::Tenant) {
                kept.push((name.clone(), Value::Text(self.tenant.as_str().to_owned())));
            }
        }
        narrowed.tenantless |= by_handle;
        if let Some(name) = shares {
            narrowed.tenantless = true;
            if !without && (include || !named) {
                kept.push((name.to_owned(), Value::Text("true".into())));
            }
        }
        Ok((kept, narrowed))
    }

    /// Narrows a JSON object.
    pub(crate) fn object(&self, id: ShapeId, json: &mut Json) -> Result<Narrowed, Refusal> {
        let shape = self.policy.shape(id);
        let Json::Object(members) = json else {
            return Err(wrong_type("the body", "an object"));
        };
        let mut narrowed = Narrowed::default();
        let mut kept = Vec::with_capacity(members.len() + 1);
        for (name, value) in members.drain(..) {
            match shape.field(&name) {
                None | Some(Field::Pass) => kept.push((name, value)),
                Some(field) => {
                    if let Some(value) = self.member(field, &name, value, &mut narrowed)? {
                        kept.push((name, value));
                    }
                }
            }
        }
        let mut object = Json::Object(kept);
        // An opened handle is the pin here, too.
        let by_handle = shape.fields.iter().any(|(name, field)| {
            matches!(field, Field::Handle(_))
                && object.text(name).is_some_and(|id| narrowed.opened.iter().any(|(opened, _)| *opened == id))
        });
        for (name, field) in &shape.fields {
            if by_handle && *field == Field::Tenants {
                object.remove(name);
            } else if by_handle && *field == Field::Tenantless {
                object.set(name, Json::Leaf(Bytes::from_static(b"true")));
            } else if let Some(pin) = self.pin(field, &object) {
                object.set(name, pin);
            }
        }
        narrowed.tenantless |= by_handle;
        *json = object;
        Ok(narrowed)
    }

    /// What a field has to hold whatever the client sent.
    fn pin(&self, field: &Field, object: &Json) -> Option<Json> {
        let there = |other: &str| object.member(other).is_some_and(|v| !v.is_null());
        match field {
            Field::Tenants => Some(Json::strings([self.tenant.as_str()])),
            Field::Tenant => Some(Json::string(self.tenant.as_str())),
            Field::TenantWith(other) => there(other).then(|| Json::string(self.tenant.as_str())),
            Field::TenantWithout(other) => (!there(other)).then(|| Json::string(self.tenant.as_str())),
            Field::PathId(number) => {
                Some(Json::Id(Asked::tenant(self.params.get(*number).cloned().unwrap_or_default())))
            }
            Field::TenantsNamed
            | Field::Tenantless
            | Field::IncludeTenantless
            | Field::TenantlessSelector
            | Field::BoundText
            | Field::Joins
            | Field::Drop
            | Field::Handle(_)
            | Field::Own(_)
            | Field::OwnList(_)
            | Field::Object(_)
            | Field::Each(_)
            | Field::Map(_)
            | Field::Refuse(_)
            | Field::TaskId
            | Field::Pass => None,
        }
    }

    fn member(
        &self,
        field: &Field,
        name: &str,
        mut value: Json,
        narrowed: &mut Narrowed,
    ) -> Result<Option<Json>, Refusal> {
        if value.is_null() {
            // Null is as if absent to the engine, but for pins, where it means all tenants: those are put in anew.
            let ids = matches!(field, Field::Own(_) | Field::OwnList(_) | Field::Handle(_));
            let inner = matches!(field, Field::Object(_) | Field::Each(_) | Field::Map(_));
            return Ok((ids || inner).then_some(value));
        }
        match field {
            Field::Pass => {}
            Field::BoundText => {
                let text = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
                value = Json::string(&self.bound(name, &text)?);
            }
            Field::Joins => return Err(self.denied(name, "it narrows by rows of all tenants")),
            Field::Drop => return Ok(None),
            Field::Tenant | Field::TenantWith(_) | Field::TenantWithout(_) => {
                let named = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
                if named.is_empty() {
                    return Ok(None);
                }
                self.own(name, &named)?;
            }
            Field::Tenants | Field::TenantsNamed => {
                let Json::Array(elements) = &value else { return Err(wrong_type(name, "a list of strings")) };
                for element in elements {
                    let named = element.as_str().ok_or_else(|| wrong_type(name, "a list of strings"))?;
                    self.own(name, &named)?;
                }
            }
            Field::Tenantless => match boolean(&value) {
                // The pin stays beside it: to the engine one of the two wins or both are an error, so it goes.
                Some(true) if self.kind == RuleKind::Read => {
                    narrowed.empty = true;
                    return Ok(None);
                }
                Some(true) => return Err(self.tenantless(name)),
                Some(false) => return Ok(None),
                None => return Err(wrong_type(name, "a boolean")),
            },
            Field::IncludeTenantless => return Ok(None),
            Field::TenantlessSelector => match boolean(&value) {
                Some(false) => return Ok(None),
                Some(true) | None => return Err(self.tenantless(name)),
            },
            Field::Handle(family) => {
                let handle = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
                if let Some(id) = self.opened(*family, &handle) {
                    value = Json::string(&id);
                    narrowed.opened.push((id, handle));
                }
            }
            Field::Own(family) => {
                let id = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
                value = Json::Id(Asked::new(*family, id));
            }
            Field::OwnList(family) => {
                let Json::Array(elements) = &mut value else {
                    return Err(wrong_type(name, "a list of strings"));
                };
                // A null among the ids of a write goes nowhere: what the engine makes of it differs from operation to
                // operation, and a correlation without an id would be one with everybody.
                let nulls = self.kind == RuleKind::Read;
                for element in elements.iter_mut().filter(|e| !(nulls && e.is_null())) {
                    let id = element.as_str().ok_or_else(|| wrong_type(name, "a list of strings"))?;
                    *element = Json::Id(Asked::new(*family, id));
                }
            }
            Field::Object(shape) => {
                let inner = self.object(*shape, &mut value).map_err(|r| inside(r, name))?;
                narrowed.absorb(inner);
            }
            Field::Each(shape) => {
                let Json::Array(elements) = &mut value else {
                    return Err(wrong_type(name, "a list of objects"));
                };
                for element in elements.iter_mut().filter(|e| !e.is_null()) {
                    let inner = self.object(*shape, element).map_err(|r| inside(r, name))?;
                    narrowed.absorb(inner);
                }
            }
            Field::Map(shape) => {
                let Json::Object(members) = &mut value else { return Err(wrong_type(name, "an object")) };
                for (_, member) in members.iter_mut().filter(|(_, m)| !m.is_null()) {
                    self.object(*shape, member).map_err(|r| inside(r, name))?;
                }
            }
            Field::Refuse(why) => return Err(self.denied(name, why)),
            Field::PathId(number) => {
                let named = value.as_str().ok_or_else(|| wrong_type(name, "a string"))?;
                if self.params.get(*number).is_none_or(|id| *id != named) {
                    // The engine changes the record that the BODY names (facts 8).
                    return Err(Refusal::new(
                        Kind::ForeignTenant,
                        format!("`{name}` differs from the id in the path; leave it out or send the same"),
                    ));
                }
            }
            Field::TaskId => {
                let what = format!("`{name}` can't be chosen: the engine names new tasks; leave it out");
                return Err(Refusal::new(Kind::TaskId, what));
            }
        }
        Ok(Some(value))
    }
}

fn inside(refusal: Refusal, name: &str) -> Refusal {
    let message = format!("in `{name}`: {}", refusal.message());
    Refusal::new(refusal.kind(), message)
}

fn wrong_type(name: &str, wanted: &str) -> Refusal {
    Refusal::new(Kind::BodyAmbiguous, format!("`{name}` must be {wanted}"))
}

fn not_boolean(name: &str) -> Refusal {
    Refusal::new(Kind::QueryAmbiguous, format!("`{name}` must be `true` or `false`"))
}

#[cfg(test)]
mod tests;
