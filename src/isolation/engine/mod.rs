//! How the gateway talks to the engine: one pool a worker, used by look-ups and forwarding alike.
//!
//! In: a permit and what goes with it, or a question of the gateway's own. Out: the engine's answer, its head read
//! and its body still streaming. The path is sent byte for byte as it was built (no URL library folds its dots).
//! It never sends again what the engine may have begun, reads apart.

mod accept;
mod address;
mod addresses;
mod answer;
mod body;
mod circuit;
mod client;
mod error;
mod http1;
mod lines;
mod pool;
mod reading;
mod request;
#[cfg(test)]
mod tests;
mod tls;

/// Longest target of a question of the gateway's own, in bytes: every engine reads a head of 8 KiB, of which 1 KiB is for
/// the base path and the headers.
pub(in crate::isolation) const LONGEST_TARGET: usize = 7 * 1024;

pub(crate) use addresses::{AddressStats, Addresses};
pub(crate) use answer::Answer;
pub(crate) use body::{RequestBody, full};
pub(crate) use client::{Engine, Found};
pub(crate) use error::EngineSetupError;
#[cfg(fuzzing)]
pub use http1::fuzzing;
pub(crate) use lines::Lines;
pub(crate) use reading::{needed, rows, unreadable};
