//! Paths that the caller may read: below what a look-up found.

use bytes::Bytes;

use super::ReadableId;
use super::query::count_of;
use crate::isolation::engine::{Engine, Found, rows};
use crate::json::Json;
use crate::percent::encode_path;
use crate::refusal::Refusal;
use crate::tenancy::{Caller, Level, Tenant};

/// A path that the caller may read.
#[derive(Clone, Debug)]
pub(crate) struct ReadPath(Vec<String>);

impl ReadPath {
    /// Below a record.
    pub(crate) fn below(resource: &'static str, id: &ReadableId) -> Self {
        Self(vec![resource.to_owned(), id.0.clone()])
    }

    /// Below the caller's newest definition of a key.
    pub(crate) fn by_key(resource: &'static str, key: &str, caller: &Caller) -> Self {
        Self::of_tenant(resource, key, caller.tenant().as_str())
    }

    /// Below a granted tenant's newest definition of a key; none for a tenant that is not granted.
    pub(crate) fn by_key_of(
        resource: &'static str,
        key: &str,
        caller: &Caller,
        tenant: &str,
    ) -> Option<Self> {
        caller.level(tenant)?;
        Some(Self::of_tenant(resource, key, tenant))
    }

    fn of_tenant(resource: &'static str, key: &str, tenant: &str) -> Self {
        Self([resource, "key", key, "tenant-id", tenant].map(str::to_owned).to_vec())
    }

    /// Below the shared definition of a key, which has no tenant.
    pub(crate) fn by_shared_key(resource: &'static str, key: &str) -> Self {
        Self([resource, "key", key].map(str::to_owned).to_vec())
    }

    /// One segment further.
    #[must_use]
    pub(crate) fn then(mut self, segment: &'static str) -> Self {
        self.0.push(segment.to_owned());
        self
    }

    /// One segment further, by a text that the engine binds to what stands before it.
    #[must_use]
    pub(crate) fn bound(mut self, text: &str) -> Self {
        self.0.push(text.to_owned());
        self
    }

    /// The path.
    pub(crate) fn target(&self) -> String {
        encode_path("", self.0.iter().map(String::as_str))
    }

    /// What stands there.
    ///
    /// # Errors
    /// The engine answered neither a record nor that there is none.
    pub(crate) async fn get(&self, engine: &Engine, caller: &Caller) -> Result<Found, Refusal> {
        engine.ask_one(&self.target(), caller).await
    }

    /// The rows that stand there; they belong to what stands before them.
    ///
    /// # Errors
    /// The engine did not answer with a list.
    pub(crate) async fn rows(&self, engine: &Engine, caller: &Caller) -> Result<Vec<Json>, Refusal> {
        let list = engine.ask("GET", &self.target(), None, caller).await?;
        Ok(rows(&list)?.to_vec())
    }

    /// The bytes that stand there; none for more than `limit`.
    ///
    /// # Errors
    /// The engine did not answer with them.
    pub(crate) async fn bytes(
        &self,
        engine: &Engine,
        caller: &Caller,
        limit: usize,
    ) -> Result<Option<Bytes>, Refusal> {
        engine.ask_bytes(&self.target(), caller, limit).await
    }

    /// The count of a stored query that stands there, with the tenants that the caller may read put in, as where the query is
    /// run: that outweighs what is stored.
    ///
    /// # Errors
    /// The engine did not answer with a count.
    pub(crate) async fn pinned_count(&self, engine: &Engine, caller: &Caller) -> Result<u64, Refusal> {
        let mut body = Json::object();
        body.set("tenantIdIn", Json::strings(caller.tenants(Level::Read).map(Tenant::as_str)));
        count_of(&engine.ask("POST", &self.target(), Some(body.write()), caller).await?)
    }
}
