//! A request's body.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

/// A request's body as it goes to the engine.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A body without anything in it.
pub(crate) fn empty() -> RequestBody {
    full(Bytes::new())
}

/// A body that is all there.
pub(crate) fn full(bytes: Bytes) -> RequestBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
