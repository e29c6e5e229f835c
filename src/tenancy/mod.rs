//! Verified token → caller: which user and tenant a token proves.

pub mod bound;
mod caller;

pub use caller::{Caller, Tenant};
