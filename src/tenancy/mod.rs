//! Verified token → caller: which user and tenant a token proves.

pub(crate) mod bound;
mod caller;
mod grants;
mod permitted;
mod user;

pub(crate) use caller::{Caller, ShareOf, Tenant};
pub(crate) use grants::{Grants, GrantsDigest};
pub(crate) use permitted::Permitted;
pub(crate) use user::UserId;

pub(crate) use crate::config::Level;
