//! The demo's issuer by itself, for compose.yaml: `ISSUER` is the exact `iss` of its tokens, `PORT` (8081) where it listens.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

use std::net::TcpListener;

use support::issuer::Issuer;

fn main() {
    let port = std::env::var("PORT").map_or(8081, |port| port.parse().expect("PORT is a number"));
    let listener = TcpListener::bind(("0.0.0.0", port)).expect("a free port");
    let issuer = Issuer::start_on(listener, std::env::var("ISSUER").ok());
    println!("issuer {} listens on port {port}", issuer.issuer());
    loop {
        std::thread::park();
    }
}
