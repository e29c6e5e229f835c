//! Real clients of the engine, unchanged, only address and token set, against the gateway. `make clients`.

// Helpers fail a test as its own lines do, and are shared between modules.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../gateway/stage.rs"]
mod stage;

/// How a client is run, and what two of them at one topic have to show.
mod client;

use client::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_workers_of_two_tenants_get_their_own_work() {
    client::two_tenants_at_one_topic(Program::javascript("worker")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_in_javascript_starts_and_works() {
    client::alone(Program::javascript("application")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_modeler_sends_deploys() {
    client::alone(Program::javascript("modeler")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_workers_of_two_tenants_get_their_own_work() {
    client::two_tenants_at_one_topic(Program::python("worker")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_generated_from_the_interface_works() {
    client::alone(Program::python("generated")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn java_workers_of_two_tenants_get_their_own_work() {
    client::two_tenants_at_one_topic(Program::java("worker")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_java_services_by_rest_work() {
    let told = client::with_order(Program::java("remote")).await;
    for line in ["DEFINITIONS 1", "BIG 9007199254740993", "LEFT 0"] {
        assert!(told.contains(line), "no `{line}` in {told}");
    }
}
