//! Rules: how each operation of the engine's REST interface is kept inside the caller's tenant.
//!
//! In: the files of `policies/`, built in or from a folder. Out: a [`Policy`] that finds the one operation for a
//! method and path, and tells its rule. Rules are data: a new operation is a line in a file. Nothing here knows
//! HTTP servers or the engine's address; `load.rs` alone reads files.

mod catalog;
mod checks;
mod load;
#[cfg(test)]
mod reference;
mod rule;
mod written;

pub use catalog::{Catalog, Operation};
pub use load::{Finding, Policy, load};
pub use rule::{
    Body, Empty, Emulation, Family, FamilyId, Field, Forward, Guarded, Holds, How, Kind, Local, LookUp,
    Multipart, Part, Rule, Shape, ShapeId,
};
