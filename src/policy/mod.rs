//! Rules: how each operation of the engine's REST interface is kept inside the caller's tenant.
//!
//! In: the files of `policies/`, built in or from a folder. Out: a [`Policy`] that finds the one operation for a
//! method and path, and tells its rule. Rules are data: a new operation is a line in a file. Nothing here knows
//! HTTP servers or the engine's address; `load.rs` alone reads files.
//!
//! `written/` is all that a rule can say, typed: a text that says nothing is refused where it is read, with its line.
//! `read.rs` reads files into it, `resolve.rs` finds what its names stand for, `checks.rs` what can't hold.

mod catalog;
mod checks;
mod family;
mod finding;
mod load;
mod read;
#[cfg(test)]
mod reference;
mod resolve;
mod rule;
mod shape;
#[cfg(test)]
mod tests;
mod written;

use std::sync::Arc;

use catalog::Catalog;
pub use catalog::Operation;
use family::KnownTypes;
pub use family::{Family, FamilyId};
pub use finding::Finding;
pub use load::load;
pub use rule::{Body, Forward, Guarded, Holds, How, Part, Rule};
pub use shape::{Field, Shape, ShapeId};
pub use written::{
    Empty, Handler, Kind, Local, LookUp, Method, Multipart, OperationKey, OperationKeyFault, Template,
    TemplateFault,
};

/// All rules, shapes and families.
#[derive(Default)]
pub struct Policy {
    catalog: Catalog,
    shapes: Vec<Shape>,
    families: Vec<Family>,
    /// Types of ids that operations carried out by code need.
    pub types: KnownTypes,
}

impl Policy {
    /// The operation for a method and decoded segments.
    pub fn find(&self, method: &str, segments: &[String]) -> Option<Operation> {
        self.catalog.find(method, segments)
    }

    /// The methods that a path has.
    pub fn methods(&self, segments: &[String]) -> Vec<&'static str> {
        self.catalog.methods(segments)
    }

    /// All rules.
    pub fn rules(&self) -> &[Arc<Rule>] {
        self.catalog.rules()
    }

    /// A shape.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        static NONE: Shape = Shape { name: String::new(), fields: Vec::new(), endings: Vec::new() };
        self.shapes.get(id.0).unwrap_or(&NONE)
    }

    /// A family; none for the pseudo family of tenants.
    pub fn family(&self, id: FamilyId) -> Option<&Family> {
        self.families.get(id.0)
    }

    /// All families.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// A shape by its name.
    #[cfg(test)]
    pub(crate) fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.shapes.iter().position(|s| s.name == name).map(ShapeId)
    }
}
