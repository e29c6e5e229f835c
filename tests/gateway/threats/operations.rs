//! O1–O5: what operators see and strangers don't.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Raw;
use crate::stage::{Stage, binary, issuer, plan};
use crate::support::gateway::Plan;
use crate::support::missing_id;
use crate::support::random;
use crate::support::recorder::Recorder;
use crate::support::world::World;

#[tokio::test]
async fn o1_figures_stay_few_and_apart() {
    let stage = Stage::start().await;
    let names: Vec<String> = (0..20).map(|_| format!("tfig{}", random())).collect();
    for name in &names {
        stage.client(name).get("/task/count").await.ok();
        stage.client(name).get(&format!("/{}", random())).await.status(403);
        let odd = issuer().token_with(name, |header, _| header["kid"] = json!(random()));
        stage.gateway.api().with_token(&odd).get("/task").await.status(401);
    }
    let figures = stage.gateway.admin().get("/metrics").await.ok().text();
    // Tenants may be labels of requests under way; whatever a stranger chooses may not.
    let lines = figures.lines().count();
    for _ in 0..20 {
        let odd = issuer().token_with("x", |header, _| header["kid"] = json!(random()));
        stage.gateway.api().with_token(&odd).get(&format!("/{}", random())).await.status(401);
    }
    let after = stage.gateway.admin().get("/metrics").await.ok().text();
    assert_eq!(after.lines().count(), lines, "a stranger makes figures grow");
    stage.gateway.admin().get("/engine-rest/task").await.status(404);
}

#[tokio::test]
async fn o2_logs_hold_no_token_and_no_forged_line() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let token = issuer().token(&tenant);
    let app = stage.gateway.api().with_token(&token);
    app.get("/task/x%0aforged=line").await.status(400);
    app.get("/task?name=%0aforged=line").await;
    let raw = Raw::new(&stage, &tenant);
    raw.ask("GET /engine-rest/task", &["User-Agent: x\tforged=line \u{1b}[31m", "X-Request-Id: a b=c"], "");
    stage.gateway.api().with_token("not.a.token").get("/task").await.status(401);
    app.get("/task").await.ok();
    let log = stage.gateway.log();
    assert!(log.contains(&tenant), "the log tells whose a request was:\n{log}");
    assert!(!log.contains(&token) && !log.contains(token.rsplit('.').next().unwrap()), "{log}");
    assert!(!log.contains("not.a.token") && !log.contains('\u{1b}'), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("forged")), "{log}");
}

#[tokio::test]
async fn o3_a_faulty_configuration_does_not_start() {
    let recorder = Recorder::fake();
    let (code, said) = plan(&recorder.url()).config("tenancy:\n  shared_resource: hidden\n").finish();
    assert_eq!(code, Some(3), "{said}");
    let (code, said) = Plan::new(binary(), &recorder.url(), issuer().issuer(), "").finish();
    assert_eq!(code, Some(3), "an empty audience is not `any`: {said}");
    assert!(plan(&recorder.url()).config("tenancy:\n  shared_resources: hidden\n").launch().is_ok());
}

#[tokio::test]
async fn o4_foreign_and_missing_take_the_same_time() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for path in ["/task/ID", "/task/ID/variables", "/external-task/ID/errorDetails"] {
        let of = |id: &str| path.replace("ID", id);
        let (mut foreign, mut missing) = (Vec::new(), Vec::new());
        let id = if path.starts_with("/task") { &b.review } else { &b.count };
        for _ in 0..15 {
            let began = Instant::now();
            app.get(&of(id)).await;
            foreign.push(began.elapsed());
            let began = Instant::now();
            app.get(&of(&missing_id())).await;
            missing.push(began.elapsed());
            // The same questions for both: that is what time comes from.
        }
        stage.recorder.forget();
        app.get(&of(id)).await;
        let asked = stage.recorder.seen().len();
        stage.recorder.forget();
        app.get(&of(&missing_id())).await;
        assert_eq!(asked, stage.recorder.seen().len(), "{path}");
        foreign.sort();
        missing.sort();
        let gap = foreign[7].abs_diff(missing[7]);
        // Wide enough for a busy machine; a round trip more would show in the count above.
        assert!(gap < Duration::from_millis(100), "{path}: {:?} and {:?}", foreign[7], missing[7]);
    }
}

#[tokio::test]
async fn o5_answers_come_unpacked() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let raw = Raw::new(&stage, &a.tenant);
    let reply = raw.ask("GET /engine-rest/task", &["Accept-Encoding: gzip, br"], "");
    assert_eq!(reply.status, 200);
    a.is_in(&reply);
    b.not_in(&reply);
    let sent = stage.recorder.only();
    // The guard reads what passes: nobody may ask the engine to pack it.
    assert!(sent.header("accept-encoding").iter().all(|v| *v == "identity"), "{sent:?}");
}
