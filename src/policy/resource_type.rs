//! How owners are found, names resolved.

use std::sync::Arc;

use super::written::LookUp;

/// A resource type by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceTypeId(pub(super) usize);

/// Types of ids that operations carried out by code need, resolved when the rules are loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownTypes {
    pub(crate) deployment: ResourceTypeId,
    pub(crate) process_definition: ResourceTypeId,
    pub(crate) process_instance: ResourceTypeId,
    pub(crate) task: ResourceTypeId,
}

impl ResourceTypeId {
    /// The pseudo resource type of tenants: an id is own when it is the caller's tenant.
    pub const TENANT: ResourceTypeId = ResourceTypeId(usize::MAX);
}

/// How the owner of an id is found.
#[derive(Debug)]
pub struct ResourceType {
    /// Its name.
    pub name: Arc<str>,
    /// Requests, tried in order.
    pub look_up: Vec<LookUp>,
    /// The parameter that adds records without tenant to a list; only for what can be shared.
    pub shareable: Option<String>,
    /// The purpose of handles of its ids.
    pub handle: Option<String>,
    /// The list's parameter that pins the owner, and the field of the answer that shows it.
    pub pin: (&'static str, &'static str),
}
