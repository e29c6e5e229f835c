//! Writes that an operation makes by itself.

use super::OwnId;
use crate::isolation::engine::Engine;
use crate::isolation::substitutes::fresh;
use crate::json::Json;
use crate::percent::encode_path;
use crate::refusal::Refusal;
use crate::tenancy::Caller;

/// A write of the gateway's own, to a record of the caller's. Its body holds what the client said, under names that the
/// code knows, and no id.
///
/// ```
/// fn takes(_: &tenantgate::isolation::OwnWrite) {}
/// ```
/// ```compile_fail,E0451
/// use tenantgate::isolation::OwnWrite;
/// let _ = OwnWrite { method: "DELETE", segments: vec![], body: todo!() };
/// ```
#[derive(Clone, Debug)]
pub struct OwnWrite {
    method: &'static str,
    segments: Vec<String>,
    body: Json,
}

impl OwnWrite {
    /// A write to what is below a record.
    pub(crate) fn below(method: &'static str, resource: &'static str, id: &OwnId) -> Self {
        Self { method, segments: vec![resource.to_owned(), id.0.clone()], body: Json::object() }
    }

    /// A write to a collection, about a key that nobody has: the engine says what it says to such a key.
    pub(crate) fn about_nobody(method: &'static str, path: [&'static str; 2], field: &'static str) -> Self {
        let mut body = Json::object();
        body.set(field, Json::string(&fresh()));
        Self { method, segments: path.map(str::to_owned).to_vec(), body }
    }

    /// One segment further.
    #[must_use]
    pub(crate) fn then(mut self, segment: &'static str) -> Self {
        self.segments.push(segment.to_owned());
        self
    }

    /// One segment further, by a text that the engine binds to what stands before it.
    #[must_use]
    pub(crate) fn bound(mut self, text: &str) -> Self {
        self.segments.push(text.to_owned());
        self
    }

    /// Takes over a field of the client's body, if it is there.
    #[must_use]
    pub(crate) fn taking(mut self, client: &Json, field: &str, name: &'static str) -> Self {
        if let Some(value) = client.member(field) {
            self.body.set(name, value.clone());
        }
        self
    }

    /// Sends it; the engine's status and body are handed on, whatever they are.
    ///
    /// # Errors
    /// No answer, or one that is not JSON.
    pub(crate) async fn send(
        &self,
        engine: &Engine,
        caller: &Caller,
    ) -> Result<(http::StatusCode, Option<Json>), Refusal> {
        let target = encode_path("", self.segments.iter().map(String::as_str));
        engine.relay(self.method, &target, Some(self.body.write()), caller).await
    }
}
