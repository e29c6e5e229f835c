//! The gateway's own questions and writes: pinned to the caller by the builder, or below a record that a look-up found
//! to be the caller's. Nothing here takes a path or an id from a client.

mod query;
mod read_path;
mod write;

use super::engine::needed;
use crate::json::Json;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Tenant;

pub(crate) use query::List;
pub use query::OwnQuery;
pub(in crate::isolation) use query::count_of;
pub(crate) use read_path::ReadPath;
pub use write::OwnWrite;

/// An id that a look-up found to be the caller's: the only one that a write takes.
///
/// ```
/// fn takes(_: &tenantgate::isolation::OwnId) {}
/// ```
/// ```compile_fail,E0423
/// let _ = tenantgate::isolation::OwnId("4711".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnId(String);

/// An id that the caller may read: its own, or a shared record's where those are readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadableId(String);

impl OwnId {
    pub(in crate::isolation) fn found(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ReadableId {
    /// The id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(in crate::isolation) fn found(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<OwnId> for ReadableId {
    fn from(own: OwnId) -> Self {
        Self(own.0)
    }
}

/// A record that shows the caller, or a tenant that its token grants, as its owner.
#[derive(Clone, Debug)]
pub(crate) struct OwnRow {
    json: Json,
    /// Its tenant.
    tenant: Tenant,
    /// Its tenant is the caller's own, or granted in full.
    in_full: bool,
}

impl OwnRow {
    /// The record.
    pub(crate) fn json(&self) -> &Json {
        &self.json
    }

    /// Its tenant.
    pub(crate) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The record, to be changed.
    pub(crate) fn into_json(self) -> Json {
        self.json
    }

    /// A text that it must have.
    ///
    /// # Errors
    /// [`EngineAnswer`](crate::refusal::Kind::EngineAnswer) where it is missing.
    pub(crate) fn text(&self, name: &str) -> Result<String, Refusal> {
        needed(&self.json, name)
    }

    /// Its id, for a write.
    ///
    /// # Errors
    /// [`EngineAnswer`](crate::refusal::Kind::EngineAnswer) where it has none, [`Internal`](Kind::Internal) for a record of
    /// a tenant that is not granted in full: it was asked for to be read.
    pub(crate) fn id(&self) -> Result<OwnId, Refusal> {
        if self.in_full {
            return Ok(OwnId(self.text("id")?));
        }
        Err(Refusal::new(Kind::Internal, "a record of another tenant was asked for to be read"))
    }

    /// Its id, for reading.
    ///
    /// # Errors
    /// [`EngineAnswer`](crate::refusal::Kind::EngineAnswer) where it has none.
    pub(crate) fn readable_id(&self) -> Result<ReadableId, Refusal> {
        Ok(ReadableId(self.text("id")?))
    }
}
