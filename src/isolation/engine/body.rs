//! A request's body.

use bytes::Bytes;

pub(crate) use super::http1::Body as RequestBody;

/// A body without anything in it.
pub(crate) fn empty() -> RequestBody {
    full(Bytes::new())
}

/// A body that is all there.
pub(crate) fn full(bytes: Bytes) -> RequestBody {
    RequestBody::Whole(bytes)
}
