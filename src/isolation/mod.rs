//! The only module that reaches the engine for a caller.

pub mod engine;
pub mod narrow;
pub mod ownership;
