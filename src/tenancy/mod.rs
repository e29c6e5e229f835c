//! Verified token → caller: which user and tenant a token proves.

mod caller;

pub use caller::{Caller, Tenant};
