//! The gateway before real issuers of others: one program, a module for each issuer.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

/// npm `oidc-provider`, in two profiles, with keys that rotate live.
mod oidc_provider;

/// Keycloak; only by `make keycloak`, which starts it.
mod keycloak;

use support::engine;
use support::gateway::{Gateway, Plan};
use support::recorder::Recorder;

/// The audience of all tokens here.
const AUDIENCE: &str = "https://camunda.test/engine-rest";

/// The gateway's program; `TENANTGATE_TEST_BINARY` puts another in its place.
fn binary() -> String {
    std::env::var("TENANTGATE_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tenantgate").to_owned())
}

/// A ready gateway that is told its issuers by `plan`, and what reaches the real engine through it.
async fn gateway(plan: impl FnOnce(&str) -> Plan) -> (Gateway, Recorder) {
    let recorder = Recorder::before(&engine::url());
    (plan(&recorder.url()).start().await, recorder)
}

/// The claims of a token, unverified.
fn claims(token: &str) -> serde_json::Value {
    part(token, 1)
}

/// One of the first two parts of a token, unverified.
fn part(token: &str, number: usize) -> serde_json::Value {
    use base64::Engine as _;
    let text = token.split('.').nth(number).expect("a part");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
