//! The issuers' keys: fetch, keep, renew, forget.
//!
//! [`source`] asks an issuer, [`filter`] keeps what may verify signatures, [`key_set`] makes it ready
//! for [`provider`], [`store`] keeps the latest set for readers that never wait, [`renewal`] is the one task per issuer that
//! fetches. A token never leads to an address, and never brings a key.

mod failure;
pub(crate) mod filter;
mod key_set;
mod provider;
mod renewal;
mod source;
mod store;

pub(crate) use failure::Cause;
pub(crate) use key_set::Key;
#[cfg(any(test, fuzzing))]
pub(crate) use key_set::KeySet;
pub(crate) use provider::install as install_provider;
pub(crate) use source::IssuerSource;
pub(crate) use store::{NoKey, Store};
