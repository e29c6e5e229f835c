//! Settings: what the operator wrote, checked, and as the rest of the gateway reads it.
//!
//! Nobody else reads files or the environment. Each section is one file with one struct: its fields are the keys of
//! the YAML file, their doc comments are the documentation, and its `check` says what must not be. [`gather`] reads
//! flags, environment and file, and gives out [`Settings`] only when no finding is an error.

mod address;
mod certificate;
mod checks;
mod claim;
mod codes;
mod cors;
mod deployments;
mod engine;
mod environment;
mod finding;
mod flags;
mod grants;
mod headers;
mod issuers;
mod keys;
mod level;
mod limits;
mod load;
mod log;
mod object_types;
mod people;
mod permissions;
mod prune;
mod scope_pattern;
mod secrets;
mod section;
mod settings;
mod shape;
mod store;
mod tenancy;
mod tenant_id;
mod tenant_sources;
#[cfg(test)]
mod tests;
mod tls;
mod tree;
mod user_id;
mod yaml;

pub(crate) use certificate::TlsFault;
pub use claim::ClaimPath;
pub(crate) use codes::Severity;
pub(crate) use cors::Cors;
pub(crate) use deployments::{Code, Deployments};
pub(crate) use engine::Engine;
pub(crate) use finding::{Finding, Place};
pub(crate) use flags::{Flag, GatherArgs};
pub use grants::{AllTenants, GrantSource};
pub(crate) use headers::IdentityHeaders;
pub use issuers::Issuer;
pub use keys::Keys;
pub use level::Level;
pub(crate) use limits::Limits;
pub(crate) use load::{gather, gather_or_defaults, is_unset};
pub(crate) use log::{Log, LogFormat};
pub(crate) use object_types::ObjectTypes;
pub use people::People;
pub use permissions::Permissions;
pub(crate) use scope_pattern::ScopePattern;
pub use scope_pattern::ScopePatternFault;
pub(crate) use settings::Settings;
pub(crate) use shape::schema;
pub(crate) use store::{Store, StoreAddress};
pub use tenancy::{BatchKey, SharedResources, Tenancy, Users};
pub(crate) use tenant_id::{TenantIdFault, tenant_id};
pub use tenant_sources::{Aliases, TenantSource};
pub(crate) use tls::Tls;
pub(crate) use user_id::{UserIdFault, user_id};
