//! An id that a request names, and the answer to whose it is.

use std::collections::HashMap;

use crate::policy::{ResourceTypeId, RuleKind};
use crate::tenancy::{Caller, Level, Tenant};

/// An id whose owner is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourceId {
    resource_type: ResourceTypeId,
    id: String,
    /// Asked for reading only: a shared resource will do.
    read: bool,
    /// The level at which its tenant has to be granted.
    level: Level,
    within: Within,
}

/// Whose an id may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Within {
    /// Any granted tenant's.
    Granted,
    /// This tenant's alone.
    One(Tenant),
    /// Nobody's: it stands for what a person has none of.
    Nobody,
}

impl ResourceId {
    /// An id of a resource type, asked for more than reading by an operation of this kind.
    pub(crate) fn new(resource_type: ResourceTypeId, id: String, kind: RuleKind) -> Self {
        Self { resource_type, id, read: false, level: kind.level(), within: Within::Granted }
    }

    /// A tenant's id.
    pub(crate) fn tenant(id: String, kind: RuleKind) -> Self {
        Self::new(ResourceTypeId::TENANT, id, kind)
    }

    /// The same, where a shared resource will do if its operation reads.
    #[must_use]
    pub(crate) fn or_shared(mut self) -> Self {
        self.read = self.level == Level::Read;
        self
    }

    /// The same, of this tenant alone.
    #[must_use]
    pub(crate) fn within(mut self, tenant: &Tenant) -> Self {
        self.within = Within::One(tenant.clone());
        self
    }

    /// The same, of the caller's own tenant alone.
    #[must_use]
    pub(crate) fn own_of(mut self, caller: &Caller) -> Self {
        self.within = caller.own().map_or(Within::Nobody, |own| Within::One(own.clone()));
        self
    }

    /// Whether both can be asked for in one question.
    pub(crate) fn is_asked_like(&self, other: &Self) -> bool {
        let asked = |id: &Self| (id.resource_type, id.read, id.level);
        asked(self) == asked(other) && self.within == other.within
    }

    /// The level at which its tenant has to be granted.
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Whether it may be this tenant's, if that is granted.
    pub(crate) fn may_be_of(&self, tenant: &str) -> bool {
        match &self.within {
            Within::Granted => true,
            Within::One(within) => within.as_str() == tenant,
            Within::Nobody => false,
        }
    }

    /// The resource type.
    pub(crate) fn resource_type(&self) -> ResourceTypeId {
        self.resource_type
    }

    /// The id as the client wrote it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether a shared resource will do.
    pub(crate) fn read(&self) -> bool {
        self.read
    }

    /// Whether an id of this text can be asked for: it can't widen a comma list, and none that the engine makes
    /// looks so. Others are answered as ids that never existed.
    pub(crate) fn plausible(&self) -> bool {
        !self.id.is_empty()
            && self.id.len() <= 512
            && self.id.trim() == self.id
            && !self.id.chars().any(|c| c.is_control() || c == ',' || c == '/' || c == '\\')
    }
}

/// Which of the asked ids are the caller's, and what the engine calls them.
///
/// Filled by look-ups alone ([`super::Ownership`]).
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnedIds {
    /// Most requests name one id, which is compared in less time than hashed.
    first: Option<(ResourceId, Found)>,
    others: HashMap<ResourceId, Found>,
}

/// An own id.
#[derive(Clone, Debug)]
struct Found {
    /// What the engine calls it.
    id: String,
    /// Shown by a handle: the engine's record has no tenant.
    by_handle: bool,
}

impl OwnedIds {
    /// The engine's id of an own one.
    pub(crate) fn id(&self, asked: &ResourceId) -> Option<&str> {
        self.found(asked).map(|found| found.id.as_str())
    }

    /// Whether an own id was shown by a handle: its record has no tenant.
    pub(crate) fn by_handle(&self, asked: &ResourceId) -> bool {
        self.found(asked).is_some_and(|found| found.by_handle)
    }

    fn found(&self, asked: &ResourceId) -> Option<&Found> {
        match &self.first {
            Some((first, found)) if first == asked => Some(found),
            Some(_) if self.others.is_empty() => None,
            Some(_) => self.others.get(asked),
            None => None,
        }
    }

    fn put(&mut self, asked: ResourceId, found: Found) {
        match &mut self.first {
            None => self.first = Some((asked, found)),
            Some((first, of_first)) if *first == asked => *of_first = found,
            Some(_) => drop(self.others.insert(asked, found)),
        }
    }

    pub(super) fn insert(&mut self, asked: ResourceId, id: String) {
        self.put(asked, Found { id, by_handle: false });
    }

    pub(super) fn insert_opened(&mut self, asked: ResourceId, id: String) {
        self.put(asked, Found { id, by_handle: true });
    }
}
