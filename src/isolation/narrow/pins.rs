//! What is put into a query or body, whatever the client sent: the tenants that it is kept in.

use super::Narrowing;
use super::field::{Narrowed, TenantFilter};
use super::sent::denied;
use crate::config::SharedResources;
use crate::isolation::ownership::ResourceId;
use crate::policy::{Field, FieldRules, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Tenant, bound};

/// What a pin holds.
pub(super) enum Pin {
    /// A granted tenant.
    Tenant(Tenant),
    /// A list of granted tenants.
    Tenants(Vec<Tenant>),
    /// `true`.
    True,
    /// An id.
    Id(ResourceId),
    /// A text.
    Text(String),
}

/// What the fields of one query or object came to, by which its pins are made.
struct Said {
    tenant_filter: TenantFilter,
    /// Records without tenant only.
    without: bool,
    /// Records without tenant as well.
    include: bool,
    /// The one granted tenant that was named.
    one: Option<Tenant>,
    /// A text, and the tenant that it is bound to.
    bound: Option<(String, Tenant)>,
}

impl Narrowing<'_> {
    /// The pins that go in, whatever the client sent; `there` tells which other fields go on.
    ///
    /// # Errors
    /// A write that asks for records without tenant: dropping that would widen it to all of the tenant's. A person who
    /// names no tenant where one is needed.
    pub(super) fn pins<'s>(
        &self,
        field_rules: &'s FieldRules,
        narrowed: &mut Narrowed,
        there: impl Fn(&str) -> bool,
    ) -> Result<Vec<(&'s str, Pin)>, Refusal> {
        let said = self.said(field_rules, narrowed)?;
        // What takes records without tenant in stands behind the pin that it widens.
        let (widening, others): (Vec<_>, Vec<_>) =
            field_rules.fields.iter().partition(|(_, field)| *field == Field::IncludeWithoutTenant);
        let mut pins = Vec::new();
        for (name, field) in others.into_iter().chain(widening) {
            if let Some(pin) = self.pin(name, field, &said, &there)? {
                pins.push((name.as_str(), pin));
            }
        }
        Ok(pins)
    }

    fn said(&self, field_rules: &FieldRules, narrowed: &mut Narrowed) -> Result<Said, Refusal> {
        let tenant_filter = std::mem::take(&mut narrowed.tenant_filter);
        // Rows joined to a shared record may be any tenant's: whether it shows would tell of them.
        let shares = self.shares(field_rules) && !tenant_filter.joins;
        let without = self.only_without(&tenant_filter, shares, narrowed)?;
        narrowed.without_tenant |= tenant_filter.by_handle || shares;
        let include = shares && !without && (tenant_filter.include_without || tenant_filter.named.is_empty());
        let one = narrowed.one.clone();
        if field_rules.fields.iter().any(|(_, field)| *field == Field::Tenant) {
            narrowed.within = Some(self.one(one.as_ref())?);
        }
        let bound = match narrowed.bound_text.take() {
            Some(text) => Some((text, self.bound_to(&tenant_filter)?)),
            None => None,
        };
        if let Some((_, tenant)) = &bound {
            narrowed.within = Some(tenant.clone());
        }
        Ok(Said { tenant_filter, without, include, one, bound })
    }

    fn pin(
        &self,
        name: &str,
        field: &Field,
        said: &Said,
        there: impl Fn(&str) -> bool,
    ) -> Result<Option<Pin>, Refusal> {
        let one = || self.one(said.one.as_ref()).map(|tenant| Some(Pin::Tenant(tenant)));
        match field {
            // An opened handle is the pin: the records have no tenant, and the id is the caller's.
            Field::Tenants if !said.without => {
                Ok(Some(Pin::Tenants(self.listed(&said.tenant_filter.named)?)))
            }
            Field::Tenant if !said.without => one(),
            Field::OwnTenant => Ok(Some(Pin::Tenant(self.caller.needs_own()?.clone()))),
            Field::TenantWith(other) if there(other) => one(),
            Field::TenantWithout(other) if !there(other) => one(),
            Field::WithoutTenant if said.without => Ok(Some(Pin::True)),
            Field::IncludeWithoutTenant if said.include => Ok(Some(Pin::True)),
            Field::BoundText => match &said.bound {
                Some((text, tenant)) => Ok(Some(Pin::Text(self.bound(name, text, tenant)?))),
                None => Ok(None),
            },
            Field::PathId(number) => {
                let id = ResourceId::tenant(self.param(*number).to_owned(), self.kind);
                Ok(Some(Pin::Id(id.own_of(self.caller))))
            }
            Field::Tenants
            | Field::Tenant
            | Field::TenantWith(_)
            | Field::TenantWithout(_)
            | Field::TenantsNamed
            | Field::WithoutTenant
            | Field::IncludeWithoutTenant
            | Field::WithoutTenantSelector
            | Field::Joins
            | Field::User
            | Field::Drop
            | Field::Handle(_)
            | Field::Own(_)
            | Field::OwnList(_)
            | Field::Object(_)
            | Field::Each(_)
            | Field::Map(_)
            | Field::Refuse(_)
            | Field::TaskId
            | Field::Pass => Ok(None),
        }
    }

    /// Whether records without tenant are asked for, and nothing else.
    fn only_without(
        &self,
        tenant_filter: &TenantFilter,
        shares: bool,
        narrowed: &mut Narrowed,
    ) -> Result<bool, Refusal> {
        let mut without = tenant_filter.by_handle;
        if tenant_filter.only_without && shares {
            without = true;
        } else if tenant_filter.only_without && self.kind != RuleKind::Read {
            return Err(self.refuse_without_tenant("withoutTenantId"));
        } else if tenant_filter.only_without {
            narrowed.empty = true;
        }
        Ok(without)
    }

    /// Whether a query shows records without tenant beside the caller's.
    fn shares(&self, field_rules: &FieldRules) -> bool {
        self.shared == SharedResources::Readable
            && self.kind == RuleKind::Read
            && field_rules.fields.iter().any(|(_, field)| *field == Field::IncludeWithoutTenant)
    }

    /// The tenant that was named, else the own one.
    fn one(&self, named: Option<&Tenant>) -> Result<Tenant, Refusal> {
        Ok(match named {
            Some(named) => named.clone(),
            None => self.caller.needs_own()?.clone(),
        })
    }

    /// The tenants of a list; never none.
    fn listed(&self, named: &[Tenant]) -> Result<Vec<Tenant>, Refusal> {
        let listed = if named.is_empty() { self.unnamed()? } else { named.to_vec() };
        if listed.is_empty() {
            // An empty pin would mean all tenants.
            let level = self.kind.level();
            let what = format!("the token grants no tenant at level `{level}`, which the operation requires");
            return Err(Refusal::new(Kind::Level, what));
        }
        Ok(listed)
    }

    /// The tenants of a list that names none: all that are granted for reading and work. Other writes by a query stay
    /// in the own tenant: nobody deletes in all of them by leaving a field out.
    fn unnamed(&self) -> Result<Vec<Tenant>, Refusal> {
        Ok(match self.kind {
            RuleKind::Read | RuleKind::Work => self.caller.tenants(self.kind.level()).cloned().collect(),
            RuleKind::Start | RuleKind::Deploy | RuleKind::Administer => {
                vec![self.caller.needs_own()?.clone()]
            }
        })
    }

    /// The tenant to which a text is bound: the one that a list beside it names, else the own one.
    fn bound_to(&self, tenant_filter: &TenantFilter) -> Result<Tenant, Refusal> {
        match tenant_filter.named.as_slice() {
            [] => Ok(self.caller.needs_own()?.clone()),
            [one] => Ok(one.clone()),
            _ => Err(denied("configuration", "it is searched in one tenant: name one with `tenantIdIn`")),
        }
    }

    /// A text as the engine keeps it for a tenant; see [`bound`].
    fn bound(&self, name: &str, text: &str, tenant: &Tenant) -> Result<String, Refusal> {
        let reads = self.kind == RuleKind::Read;
        if bound::may_be_id(text) {
            if reads {
                return Ok(text.to_owned());
            }
            let why = "it could be the id of a job or task, by which the engine finds its own; put a word before it, \
                       such as `order-4711`";
            return Err(denied(name, why));
        }
        if !reads && !bound::fits(tenant, text) {
            let why = format!("it has more than {} characters", bound::room(tenant));
            return Err(denied(name, &why));
        }
        Ok(bound::bind(tenant, text))
    }
}
