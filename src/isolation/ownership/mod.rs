//! Which tenant a resource id belongs to.
//!
//! In: ids that a request names, each with its resource type. Out: which of them are the caller's ([`OwnedIds`]). The engine
//! is asked by lists pinned to the caller's tenants, so an answer about another tenant never enters the gateway, and a
//! foreign id costs as much time as one that never existed; for callers with too many tenants to be named, the row's
//! own tenant decides. Only found owners are remembered.

mod every_tenant;
mod handle;
mod key;
mod look_up;
mod question;
mod resource_id;
mod stats;

pub(crate) use every_tenant::EveryTenant;
pub(crate) use handle::Handles;
pub(crate) use key::{KeyOwner, KeyQuestion, KeyTenant};
pub(crate) use look_up::{Judgement, Ownership};
pub(crate) use resource_id::{OwnedIds, ResourceId};
pub(crate) use stats::Stats;
