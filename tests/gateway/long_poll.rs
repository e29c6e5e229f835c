//! `fetchAndLock` with `asyncResponseTimeout`: the engine answers late on purpose.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::support::world::World;

fn poll(topic: &str, seconds: u64) -> Value {
    json!({
        "workerId": "w", "maxTasks": 5, "asyncResponseTimeout": seconds * 1000,
        "topics": [{"topicName": topic, "lockDuration": 60_000}],
    })
}

#[tokio::test]
async fn a_poll_outlives_the_time_limit_of_answers() {
    // Other answers must begin within a second here; the poll lasts four times as long.
    let stage = Stage::with(|plan| plan.env("TENANTGATE_ENGINE__TIMEOUT", "1s")).await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let began = Instant::now();
    let reply = app.post("/external-task/fetchAndLock", poll("no-such-topic", 4)).await.ok();
    assert_eq!(reply.json(), json!([]));
    assert!(began.elapsed() >= Duration::from_secs(3), "came back after {:?}", began.elapsed());
    // A poll that finds something comes back at once, and with own tasks only.
    let reply = app.post("/external-task/fetchAndLock", poll("ship", 30)).await.ok();
    assert_eq!(reply.ids(), std::slice::from_ref(&a.ship));
    b.not_in(&reply);
}

#[tokio::test]
async fn work_that_appears_ends_the_poll() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    app.post("/external-task/fetchAndLock", poll("ship", 0)).await.ok();
    let began = Instant::now();
    let waiting =
        tokio::spawn(async move { app.post("/external-task/fetchAndLock", poll("ship", 20)).await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    // The other tenant's work must not end it, the own does.
    engine.post(&format!("/task/{}/complete", b.review), json!({})).await.ok();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!waiting.is_finished(), "another tenant's work ended the poll");
    engine.post(&format!("/task/{}/complete", a.review), json!({})).await.ok();
    let reply = waiting.await.unwrap().ok();
    assert_eq!(reply.json()[0]["processInstanceId"], a.order.as_str());
    b.not_in(&reply);
    assert!(began.elapsed() < Duration::from_secs(15));
}
