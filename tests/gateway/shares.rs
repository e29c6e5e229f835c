//! Who may come in: each tenant its rate, and all together no more than there is room for.

use std::time::Duration;

use serde_json::json;

use crate::stage::{issuer, plan};
use crate::support::recorder::{Answer, Recorder};

fn engine() -> Recorder {
    let recorder = Recorder::fake();
    recorder.script(|seen| match seen.path.as_str() {
        "/engine-rest/version" => Answer::Json(200, r#"{"version":"7.24.0"}"#.into()),
        "/engine-rest/external-task/fetchAndLock" => {
            Answer::After(Duration::from_secs(2), Box::new(Answer::Json(200, "[]".into())))
        }
        _ => Answer::Json(200, "[]".into()),
    });
    recorder
}

#[tokio::test]
async fn a_tenant_that_begins_too_many_requests_is_told_when_to_come_again() {
    let recorder = engine();
    let start = |rate: &str| {
        plan(&recorder.url()).env("TENANTGATE_LIMITS__REQUESTS_PER_SECOND_PER_TENANT", rate).start()
    };
    let gateway = start("5").await;
    let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    let (fast, other) = (app("fast"), app("other"));
    let all = futures_util::future::join_all((0..20).map(|_| fast.get("/task"))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|reply| reply.status == 200);
    assert!((5..=12).contains(&taken.len()), "{} were taken", taken.len());
    for reply in refused {
        assert_eq!(reply.refused(429, "TG429-RATE").header("retry-after"), Some("1"));
    }
    // The twins: another tenant, the same one a little later, and a gateway without a rate.
    other.get("/task").await.ok();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    fast.get("/task").await.ok();
    let gateway = plan(&recorder.url()).start().await;
    let fast = gateway.api().with_token(&issuer().token("fast"));
    let all = futures_util::future::join_all((0..20).map(|_| fast.get("/task"))).await;
    assert!(all.iter().all(|reply| reply.status == 200));
}

#[tokio::test]
async fn what_there_is_no_room_for_is_refused_and_strangers_take_no_room() {
    let recorder = engine();
    for (room, expected) in [("2", 503), ("3", 200)] {
        let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__REQUESTS", room).start().await;
        let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
        let poll = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 2000,
            "topics": [{"topicName": "x", "lockDuration": 1000}]});
        let polls = ["a", "b"].map(|tenant| {
            let (app, poll) = (app(tenant), poll.clone());
            tokio::spawn(async move { app.post("/external-task/fetchAndLock", poll).await })
        });
        tokio::time::sleep(Duration::from_millis(600)).await;
        let reply = app("c").get("/task").await;
        assert_eq!(reply.status, expected, "{reply}");
        if expected == 503 {
            assert_eq!(reply.refused(503, "TG503-OVERLOADED").header("retry-after"), Some("1"));
            // Who has no token learns nothing of it.
            gateway.api().with_token("no token").get("/task").await.refused(401, "TG401-MALFORMED");
        }
        for poll in polls {
            poll.await.unwrap().ok();
        }
        app("c").get("/task").await.ok();
    }
}

/// The engine goes on with a long poll whose client has left: it looks at the connection when it writes.
#[tokio::test]
async fn who_asks_and_hangs_up_again_and_again_is_refused() {
    let recorder = Recorder::fake();
    recorder.script(|asked| {
        if asked.path.contains("fetchAndLock") { Answer::Hang } else { Answer::Json(200, "[]".into()) }
    });
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__LONG_POLLS_PER_TENANT", "3").start().await;
    let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    let poll = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
        "topics": [{"topicName": "x", "lockDuration": 1000}]});
    let poll_and_leave = async |tenant: &str| {
        let app = app(tenant);
        let asked = app.post("/external-task/fetchAndLock", poll.clone());
        tokio::time::timeout(Duration::from_millis(400), asked).await.ok()
    };
    for _ in 0..3 {
        assert!(poll_and_leave("leaves").await.is_none(), "it waits");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = poll_and_leave("leaves").await.expect("an answer");
    refused.refused(429, "TG429-SHARE");
    // Its other requests, and another tenant, go on.
    app("leaves").get("/task").await.ok();
    assert!(poll_and_leave("stays").await.is_none(), "it waits");
}

/// The engine goes on with a request that it did not answer in time.
#[tokio::test]
async fn what_the_engine_did_not_answer_in_time_counts_a_while_longer() {
    let recorder = engine();
    recorder.script(|seen| match seen.query.as_deref() {
        Some(query) if query.contains("late") => Answer::Hang,
        _ => Answer::Json(200, "[]".into()),
    });
    let gateway = plan(&recorder.url())
        .env("TENANTGATE_LIMITS__REQUESTS_PER_TENANT", "2")
        .env("TENANTGATE_LIMITS__LONG_POLLS_PER_TENANT", "2")
        .env("TENANTGATE_ENGINE__TIMEOUT", "300ms")
        .start()
        .await;
    let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    for (tenant, name, expected) in [("slow", "late", 504), ("quick", "soon", 200)] {
        for _ in 0..2 {
            let reply = app(tenant).get(&format!("/task?name={name}")).await;
            assert_eq!(reply.status, expected, "{reply}");
        }
    }
    // A long poll has had the time that it asked for: it counts no longer than the others.
    let poll = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 6000,
        "topics": [{"topicName": "x", "lockDuration": 1000}]});
    let poll = async || app("polls").post("/external-task/fetchAndLock?name=late", poll.clone()).await;
    app("slow").get("/task").await.refused(429, "TG429-SHARE");
    app("quick").get("/task").await.ok();
    let (first, second) = tokio::join!(poll(), poll());
    assert_eq!((first.status, second.status), (504, 504));
    app("slow").get("/task").await.ok();
    poll().await.refused(429, "TG429-SHARE");
    tokio::time::sleep(Duration::from_millis(5200)).await;
    assert_eq!(poll().await.status, 504);
}
