//! Multipart forms (RFC 7578), read part by part and written anew.
//!
//! In: the pieces of a body and its boundary. Out: the same form with our own boundary and headers, holding only
//! parts whose meaning is known. The engine's parser takes many spellings of a part's name (facts 7): none of them
//! gets through, since no header of the client is copied. The closing boundary goes out only after every part was
//! accepted; until then the engine has half a form and does nothing.

mod disposition;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod parts;
mod write;

pub use parts::{Part, Parts, boundary};
pub use write::{FormWriter, OutBody, OutForm, channel};
