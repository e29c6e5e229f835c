//! The gateway's process between applications and a real engine: one program, a module for each subject.

// Helpers fail a test as its own lines do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

/// The helpers themselves, against the real engine.
mod support_works;
