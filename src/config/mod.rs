//! Settings: what the operator wrote, checked, and as the rest of the gateway reads it.
//!
//! Nobody else reads files or the environment. Each section is one file with one struct: its fields are the keys of
//! the YAML file, their doc comments are the documentation, and its `check` says what must not be. [`gather`] reads
//! flags, environment and file, and gives out [`Settings`] only when no finding is an error.

mod address;
mod checks;
mod codes;
mod cors;
mod deployments;
mod engine;
mod environment;
mod finding;
mod flags;
mod headers;
mod issuers;
mod keys;
mod limits;
mod load;
mod log;
mod object_types;
mod prune;
mod secrets;
mod section;
mod settings;
mod shape;
mod tenancy;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub(crate) use codes::Severity;
pub(crate) use cors::Cors;
pub(crate) use deployments::{Code, Deployments};
pub(crate) use engine::Engine;
pub(crate) use finding::{Finding, Place};
pub(crate) use flags::{Flag, GatherArgs};
pub(crate) use headers::IdentityHeaders;
pub use issuers::Issuer;
pub use keys::Keys;
pub(crate) use limits::Limits;
pub(crate) use load::gather;
pub(crate) use log::{Log, LogFormat};
pub(crate) use object_types::ObjectTypes;
pub(crate) use settings::Settings;
pub use tenancy::{BatchKey, SharedResources, Tenancy};
