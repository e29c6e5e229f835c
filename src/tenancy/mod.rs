//! Verified token → caller: which user and tenant a token proves.

pub(crate) mod bound;
mod caller;

pub(crate) use caller::{Caller, Tenant};
