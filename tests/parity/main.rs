//! Parity, whole: everything of a tenant's own, asked of the gateway and of the engine itself. `make parity`.

// Helpers fail a test as its own lines do, and are shared between modules.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub, dead_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../gateway/stage.rs"]
mod stage;

mod harness;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_reads_and_writes_answer_as_the_engine_does() {
    let report = harness::whole().await;
    report.print();
    report.assert();
}
