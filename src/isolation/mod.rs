//! What reaches the engine for a caller. Nothing outside can send a target or body of its own making.
//!
//! In: a request and its rule. [`narrow`] builds a [`draft`] that holds the caller's tenant and leaves holes for ids.
//! [`ownership`] asks the engine which ids are the caller's, and the draft becomes a [`permit`]: own ids go on, others
//! become ids that never existed. [`own`] is for the gateway's own questions and writes. `engine` takes these and
//! nothing else.

mod draft;
mod engine;
pub(crate) mod narrow;
mod own;
mod ownership;
mod permit;
mod substitutes;

pub(crate) use draft::Draft;
#[cfg(fuzzing)]
pub use engine::fuzzing;
pub(crate) use engine::{
    AddressStats, Addresses, Answer, Engine, EngineSetupError, Found, Lines, RequestBody, full, needed,
    unreadable,
};
pub(crate) use own::{List, OwnRow, ReadPath, ReadableId};
pub use own::{OwnId, OwnQuery, OwnWrite};
pub(crate) use ownership::{
    EveryTenant, Handles, Judgement, KeyOwner, KeyQuestion, OwnedIds, Ownership, ResourceId, Stats,
};
pub(crate) use permit::Content;
pub use permit::{Permit, Probe, Unjudged};
pub(crate) use substitutes::{Substitutes, fresh};
