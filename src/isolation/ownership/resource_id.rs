//! An id that a request names, and the answer to whose it is.

use std::collections::HashMap;

use crate::policy::{ResourceTypeId, RuleKind};

/// An id whose owner is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ResourceId {
    resource_type: ResourceTypeId,
    id: String,
    /// Asked for reading only: a shared resource will do.
    read: bool,
}

impl ResourceId {
    /// An id of a resource type, asked for more than reading.
    pub(crate) fn new(resource_type: ResourceTypeId, id: String) -> Self {
        Self { resource_type, id, read: false }
    }

    /// A tenant's id.
    pub(crate) fn tenant(id: String) -> Self {
        Self::new(ResourceTypeId::TENANT, id)
    }

    /// The same, asked by an operation of this kind.
    #[must_use]
    pub(crate) fn for_kind(mut self, kind: RuleKind) -> Self {
        self.read = kind == RuleKind::Read;
        self
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
pub(crate) struct OwnedIds(HashMap<ResourceId, Found>);

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
        self.0.get(asked).map(|found| found.id.as_str())
    }

    /// Whether an own id was shown by a handle: its record has no tenant.
    pub(crate) fn by_handle(&self, asked: &ResourceId) -> bool {
        self.0.get(asked).is_some_and(|found| found.by_handle)
    }

    pub(super) fn insert(&mut self, asked: ResourceId, id: String) {
        self.0.insert(asked, Found { id, by_handle: false });
    }

    pub(super) fn insert_opened(&mut self, asked: ResourceId, id: String) {
        self.0.insert(asked, Found { id, by_handle: true });
    }
}
