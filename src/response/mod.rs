//! Engine answer → reply: streamed, its DTOs guarded, its links turned to the public address.
//!
//! In: the engine's answer and the permit of its request. Out: a [`Reply`]. Answers that fit in memory are looked
//! at whole before the first byte goes out; longer ones are watched as they stream, and a fault breaks the
//! connection. It is the second fence: no rule leans on it.

mod guard;
mod headers;
mod merged;
mod reply;
mod reveal;

pub(crate) use guard::{Guard, Watch};
pub(crate) use merged::{one_count, one_list};
pub(crate) use reply::{Places, Reply, ReplyBody, buffered, guarded_json, made_of, streamed, whole};
pub(crate) use reveal::reveal;
