//! The only module that reaches the engine for a caller.

pub(crate) mod engine;
pub(crate) mod narrow;
pub(crate) mod ownership;
