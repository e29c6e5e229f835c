//! One question to the engine about ids of one type, pinned to the caller's tenants unless those are too many.

use super::resource_id::ResourceId;
use crate::isolation::engine::{Engine, Found, needed, rows, unreadable};
use crate::isolation::own::count_of;
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::policy::{LookUp, ResourceType};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Level, Tenant};

/// A question about ids of one type.
pub(super) struct Question<'a> {
    pub(super) engine: &'a Engine,
    pub(super) caller: &'a Caller,
    pub(super) resource_type: &'a ResourceType,
    /// Records without tenant will do.
    pub(super) shared: bool,
    /// Tenants whose records are looked for.
    pub(super) visible: &'a Visible<'a>,
}

/// Most tenants that a question names: at 64 characters each half of what a target holds beside the ids.
const MOST_PINNED: usize = 40;

/// The tenants whose records the caller may see, and the id may name.
pub(super) struct Visible<'a> {
    caller: &'a Caller,
    asked: &'a ResourceId,
    /// The record's owner is a user, and no grant makes the caller another one.
    by_user: bool,
}

impl<'a> Visible<'a> {
    pub(super) fn new(caller: &'a Caller, resource_type: &ResourceType, asked: &'a ResourceId) -> Self {
        Self { caller, asked, by_user: resource_type.pin.1 != "tenantId" }
    }

    fn tenants(&self) -> impl Iterator<Item = &str> {
        let all = self.caller.tenants(Level::Read).map(Tenant::as_str);
        all.filter(|tenant| (!self.by_user || self.caller.owns(tenant)) && self.asked.may_be_of(tenant))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tenants().next().is_none()
    }

    fn has(&self, tenant: &str) -> bool {
        let granted = match self.by_user {
            true => self.caller.owns(tenant),
            false => self.caller.level(tenant).is_some_and(|level| level >= Level::Read),
        };
        granted && self.asked.may_be_of(tenant)
    }

    /// The tenants that a question names; none where they are too many: it asks for the ids alone, and each row is judged
    /// by its own tenant. Of a foreign row nothing but that goes on, and no caller with so many tenants waits for a
    /// question about each page of them.
    fn pinned(&self) -> Option<Vec<&str>> {
        let pinned: Vec<&str> = self.tenants().take(MOST_PINNED + 1).collect();
        (pinned.len() <= MOST_PINNED).then_some(pinned)
    }
}

impl Question<'_> {
    /// The ids of `ids` that the engine shows as the tenants', each with its tenant; none for a shared record.
    ///
    /// # Errors
    /// The engine did not answer with records that say whose they are.
    pub(super) async fn put(
        &self,
        look_up: &LookUp,
        ids: &[&str],
    ) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let pinned = self.visible.pinned();
        let (pin, _) = self.resource_type.pin;
        let include = self.resource_type.shareable.as_deref().filter(|_| self.shared);
        let list = match look_up {
            LookUp::One { before, after } => {
                let [id] = ids else { return Err(no_resource_type()) };
                // The engine would take it for the count of all.
                if *id == "count" {
                    return Ok(Vec::new());
                }
                let target = format!("{}{after}", encode_path(before.trim_end_matches('/'), [*id]));
                let record = match self.engine.ask_one(&target, self.caller).await? {
                    Found::Yes(record) => record,
                    Found::No(_) => return Ok(Vec::new()),
                };
                let owner = self.owner(&record)?;
                let own = needed(&record, "id")? == *id && owner.is_own(self.shared);
                return Ok(if own { vec![((*id).to_owned(), owner.tenant())] } else { Vec::new() });
            }
            LookUp::GetList { path, param, .. } => {
                let mut target = path.clone();
                let joined = ids.join(",");
                let tenants = pinned.as_ref().map(|tenants| tenants.join(","));
                let mut pairs = vec![(param.as_str(), joined.as_str())];
                pairs.extend(tenants.as_deref().map(|tenants| (pin, tenants)));
                // Without a pin there is nothing to widen.
                pairs.extend(include.filter(|_| tenants.is_some()).map(|name| (name, "true")));
                encode_query(&mut target, pairs);
                self.engine.ask("GET", &target, None, self.caller).await?
            }
            LookUp::Count { .. } => return Ok(Vec::new()),
            LookUp::PostList { path, field, many } => {
                let mut body = Json::object();
                let value = match ids {
                    [one] if !many => Json::string(one),
                    _ => Json::strings(ids.iter().copied()),
                };
                body.set(field, value);
                if let Some(tenants) = &pinned {
                    body.set(pin, Json::strings(tenants.iter().copied()));
                }
                let text = body.write();
                self.engine.ask("POST", path, Some(text), self.caller).await?
            }
        };
        let mut own = Vec::new();
        for row in rows(&list)? {
            let id = needed(row, "id")?;
            match self.owner(row)? {
                // A list that is pinned to a tenant shows nothing without one, unless it was asked for.
                Owner::None if include.is_none() && pinned.is_some() => return Err(unreadable()),
                owner if owner.is_own(self.shared) && ids.contains(&id.as_str()) => {
                    own.push((id, owner.tenant()));
                }
                Owner::Granted(_) | Owner::Other | Owner::None => {}
            }
        }
        Ok(own)
    }

    /// Whether all that a count finds by an id is others': then its record is not worth asking for, and how long the engine
    /// takes to load it must not show. That some is the tenants' makes nobody an owner: the record tells whose it is.
    pub(super) async fn is_others(&self, path: &str, param: &str, id: &str) -> Result<bool, Refusal> {
        let Some(tenants) = self.visible.pinned() else { return Ok(false) };
        let (pin, _) = self.resource_type.pin;
        let tenants = tenants.join(",");
        let (mut own, mut all) = (path.to_owned(), path.to_owned());
        encode_query(&mut own, [(param, id), (pin, tenants.as_str())]);
        encode_query(&mut all, [(param, id)]);
        let own = count_of(&self.engine.ask("GET", &own, None, self.caller).await?)?;
        Ok(own == 0 && count_of(&self.engine.ask_for_nobody(&all).await?)? > 0)
    }

    fn owner(&self, record: &Json) -> Result<Owner, Refusal> {
        owner(self.resource_type, self.visible, record)
    }
}

/// Whose a record is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// One of the tenants that were looked for.
    Granted(String),
    Other,
    /// Nobody's: it has no tenant.
    None,
}

impl Owner {
    /// The tenant; none for a shared record.
    pub(super) fn tenant(self) -> Option<String> {
        match self {
            Owner::Granted(tenant) => Some(tenant),
            Owner::Other | Owner::None => None,
        }
    }

    /// Whether it is granted, or shared where that will do.
    pub(super) fn is_own(&self, shared: bool) -> bool {
        match self {
            Owner::Granted(_) => true,
            Owner::None => shared,
            Owner::Other => false,
        }
    }
}

/// Whose a record is by its own field; the pin of a list alone is not believed.
pub(super) fn owner(
    resource_type: &ResourceType,
    visible: &Visible<'_>,
    record: &Json,
) -> Result<Owner, Refusal> {
    owner_of(record.member(resource_type.pin.1), visible)
}

/// Whose a record is whose own field says that.
pub(super) fn owner_of(field: Option<&Json>, visible: &Visible<'_>) -> Result<Owner, Refusal> {
    let owner = field.ok_or_else(unreadable)?;
    if owner.is_null() {
        return Ok(Owner::None);
    }
    let owner = owner.as_str().ok_or_else(unreadable)?;
    Ok(if visible.has(&owner) { Owner::Granted(owner) } else { Owner::Other })
}

pub(super) fn no_resource_type() -> Refusal {
    Refusal::new(Kind::Internal, "the rule names no resource type of ids")
}
