//! What a client sent, read one way only: head, headers that count, and the body as it arrives.
//!
//! In: a connection's request. Out: an [`Arrival`] and a [`Payload`]. Nothing behind it can forward a raw target or
//! header.

mod arrival;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod pace;
mod payload;

pub use arrival::{Arrival, Base, Headers};
pub use pace::Pace;
pub use payload::Payload;
