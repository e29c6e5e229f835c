//! Every class of bypass as a hostile tenant would try it, on the running gateway: each is refused or harmless, and
//! its twin, which differs in that one thing, is served. The classes are named as in the project's list of threats;
//! what the unit tests of a module show in every spelling is seen here once, end to end.

/// J: bodies that can be read in two ways.
mod body;
/// I: other tenants' ids, in paths, bodies, lists and queries.
mod by_id;
/// F: framing of messages.
mod framing;
/// H: who the caller is.
mod identity;
/// O: what operators see, and what they must not.
mod operations;
/// P: paths that can be read in two ways.
mod path;
/// Q: query strings that can be read in two ways.
mod query;

use crate::stage::{Stage, issuer};
use crate::support::api::Reply;
use crate::support::raw;

/// A caller on raw connections.
struct Raw<'a> {
    stage: &'a Stage,
    bearer: String,
}

impl<'a> Raw<'a> {
    fn new(stage: &'a Stage, tenant: &str) -> Self {
        Self { stage, bearer: format!("Authorization: Bearer {}", issuer().token(tenant)) }
    }

    /// Sends `line` (method and target, as they are) with the token and these header lines.
    fn ask(&self, line: &str, headers: &[&str], body: &str) -> Reply {
        let headers: Vec<String> =
            std::iter::once(self.bearer.clone()).chain(headers.iter().map(|h| (*h).to_owned())).collect();
        self.bytes(&raw::request(line, &headers, body))
    }

    /// Sends these bytes; a connection that just ends is status 0.
    fn bytes(&self, bytes: &[u8]) -> Reply {
        let nothing = Reply { asked: "raw".into(), status: 0, headers: Vec::new(), body: Vec::new() };
        raw::exchange(self.stage.gateway.address, bytes).unwrap_or(nothing)
    }
}
