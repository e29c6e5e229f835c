//! The gateway's process between applications and a real engine: one program, a module for each subject.

// Helpers fail a test as its own lines do, and are shared between modules.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "../support/mod.rs"]
mod support;

/// A gateway between the engine, seen through a recorder, and applications.
mod stage;

/// Several addresses of one engine, and an engine that is away.
mod addresses;
/// Requests that can be read in two ways go nowhere.
mod ambiguous;
/// What makes batches from lists and queries.
mod batches;
/// The engine's own objects by name.
mod beans;
/// What acts on many at once, without a batch.
mod bulk;
/// Commands of who has neither a configuration nor an engine.
mod command_line;
/// Connections to the engine, used again.
mod connections;
/// Every operation of the engine has exactly one rule.
mod coverage;
/// Forms of deployments, duplicates, code, files, and deploying again.
mod deployments;
/// What the engine has no tenant filter for.
mod emulated;
/// TLS towards the engine.
mod engine_tls;
/// Keys, names and references that both tenants have alike.
mod equal_texts;
/// Messages, signals, conditions.
mod events;
/// What `explain` says, beside what the running gateway does.
mod explained;
/// Nothing goes on when one of the gateway's own questions is answered badly.
mod faults;
/// Saved filters.
mod filters;
/// Tokens whose claims name tenants and grants.
mod granted;
mod granted_tokens;
/// Handles of batches without tenant.
mod handles;
/// What the gateway adds to, takes from and keeps of headers.
mod headers;
/// An application's start-up: token, own tenant record, lists and creates that name the tenant.
mod identity;
/// Ending an incident must not end another's.
mod incidents;
/// What the tests of isolation share.
mod isolation;
/// Filters of shared definitions that look at what others do with them.
mod joined;
/// Connections of clients: what is no request, and the end.
mod listener;
/// Long polls, which must outlive every time limit.
mod long_poll;
/// Callers with 1,000 granted tenants.
mod many;
/// Every operation that is not denied, with own, foreign, missing and shared ids.
mod matrix;
/// Hostile and honest models, deployed and run.
mod models;
/// Tokens of people.
mod people;
mod reload;
/// Resources without tenant, hidden and readable.
mod shared;
/// Coming up with everything there, or with engine or issuer missing, or with a broken configuration.
mod startup;
/// The list of the engine's statements is whole.
mod statements;
/// What several replicas count together.
mod store;
/// The story's operations on two tenants with equal keys and names.
mod story;
/// Suspending by several selectors at once.
mod suspended;
/// The token of the task list.
mod task_list;
/// Every class of bypass, by name.
mod threats;
/// What the time of an answer could tell.
mod timing;

/// The dashboard, before a running Prometheus.
mod dashboard;
/// The documents: links and commands.
mod docs;
/// One direction: which module may name which.
mod layering;
/// Spans, in builds that export them.
#[cfg(feature = "otlp")]
mod otlp;
/// Compose, workflows, releases.
mod packaging;
/// Figures and logs.
mod telemetry;
/// TLS on the public listener.
mod tls;
/// An engine that answers badly, late or not at all.
mod trouble;

#[allow(dead_code)]
#[path = "../parity/harness/mod.rs"]
mod harness;
/// Answers come through as the engine gave them, to the byte; a sample of what `make parity` asks.
mod parity;

/// Rates, and room for all requests together.
mod shares;
/// What takes long or is large.
mod streams;
/// Uploads: their pace, and how many there may be.
mod uploads;

/// The helpers themselves, against the real engine.
mod support_works;
