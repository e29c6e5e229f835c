//! What a client sent, read one way only: head, headers that count, and the body as it arrives.
//!
//! In: a connection's request. Out: an [`Arrival`] and a [`Payload`]. Nothing behind it can forward a raw target or
//! header.

mod arrival;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod head;
mod pace;
mod payload;
mod reader;
#[cfg(test)]
mod tests;

pub use arrival::{Arrival, Base, Headers};
pub(crate) use head::{Framing, Head, room};
pub use pace::Pace;
pub(crate) use payload::Feed;
pub use payload::Payload;
pub(crate) use reader::Reader;
