//! What the integration tests and the demo share: the real engine, an issuer, a recorder between gateway and
//! engine, a forwarder that puts TLS in front of it, the gateway's process, and seeded tenants.
//!
//! Everything runs on threads of its own or in processes of its own, so it does not care which runtime a test
//! uses, and everything ends with its owner.

// Two programs include this; neither uses all of it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod api;
pub mod engine;
pub mod fault;
pub mod forwarder;
pub mod gateway;
pub mod issuer;
pub mod multipart;
pub mod people;
pub mod raw;
pub mod recorder;
pub mod snapshot;
pub mod world;

/// A random text of 8 lower-case letters and digits; unique enough to keep tests on one engine apart.
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..8].to_owned()
}

/// An id of the engine's shape that never existed.
pub fn missing_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A port that was free a moment ago, for things that must come up later at a known address.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
