//! The story of two applications on one engine.
fn main() {}
