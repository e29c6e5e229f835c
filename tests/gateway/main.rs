//! The gateway's process between applications and a real engine: one program, a module for each subject.

// Helpers fail a test as its own lines do, and are shared between modules.
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

/// A gateway between the engine, seen through a recorder, and applications.
mod stage;

/// Requests that can be read in two ways go nowhere.
mod ambiguous;
/// What makes batches from lists and queries.
mod batches;
/// Every operation of the engine has exactly one rule.
mod coverage;
/// Messages, signals, conditions.
mod events;
/// Saved filters.
mod filters;
/// Handles of batches without tenant.
mod handles;
/// What the gateway adds to, takes from and keeps of headers.
mod headers;
/// An application's start-up: token, own tenant record, lists and creates that name the tenant.
mod identity;
/// What the tests of isolation share.
mod isolation;
/// Long polls, which must outlive every time limit.
mod long_poll;
/// Every operation that is not denied, with own, foreign, missing and shared ids.
mod matrix;
/// Coming up with everything there, or with engine or issuer missing, or with a broken configuration.
mod startup;
/// The story's operations on two tenants with equal keys and names.
mod story;

/// The dashboard, before a running Prometheus.
mod dashboard;
/// Figures and logs.
mod telemetry;
/// An engine that answers badly, late or not at all.
mod trouble;

#[path = "../parity/harness/mod.rs"]
mod harness;
/// Answers come through as the engine gave them, to the byte; a sample of what `make parity` asks.
mod parity;

/// The helpers themselves, against the real engine.
mod support_works;
