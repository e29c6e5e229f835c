//! HTTP/1.1 towards the engine, as strict as a connection needs that many tenants share.
//!
//! In: a request's head and body. Out: the answer's head, then its body piece by piece. The danger here is an answer
//! whose end is read at another place than the engine wrote it: what follows would be taken for the answer to the next
//! request, which may be another tenant's. So an answer says its end in exactly one way, or it is broken, and whatever
//! leaves a doubt closes the connection.
//!
//! All of it runs inside the request's own future: no task and no channel stands between a request and its answer.

mod connection;
mod error;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, reason = "the fuzz target calls it")]
pub mod fuzzing;
mod head;
mod reader;
mod sending;
#[cfg(test)]
mod tests;

pub(crate) use connection::Connection;
pub(crate) use error::ExchangeError;
pub(crate) use head::Head;
pub(crate) use sending::{Body, Sending};
