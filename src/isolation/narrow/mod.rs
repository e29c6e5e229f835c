//! Arrival + rule → the engine's request: everything that goes on is built anew from what was checked.
//!
//! `draft.rs` narrows a request to the caller's tenant and leaves holes for ids whose owner is not known yet;
//! once the owners are known the draft becomes a permit, the only thing that the engine's connection takes.

mod draft;
pub(crate) mod forms;
mod objects;
mod shape;

pub(crate) use draft::narrow;
pub(crate) use draft::{Content, Draft, Outcome, Permit, StandIns};
pub(crate) use objects::class_names;
pub(crate) use shape::Context;
