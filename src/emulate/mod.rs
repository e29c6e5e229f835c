//! Operations that one narrowed request can't carry out: each in a file of its own.
//!
//! In: a request on its way, past token and operation. Out: its reply, made of requests that are pinned like any
//! other. Nothing here sends a client's id before its owner is known.

mod deploy;

pub(crate) use deploy::deploy;
