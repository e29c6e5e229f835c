//! Coming up: complete with five flags; not ready while engine or issuer are missing, and ready by itself when
//! they come; not at all with a broken configuration.

use crate::stage::{Stage, binary, issuer, plan};
use crate::support::gateway::Plan;
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::recorder::{Answer, Recorder};
use crate::support::{engine, free_port, random};

#[tokio::test]
async fn five_flags_are_enough() {
    let stage = Stage::start().await;
    stage.client(&format!("t{}", random())).get("/task").await.ok();
    let admin = stage.gateway.admin();
    admin.get("/healthz").await.ok();
    admin.get("/readyz").await.ok();
    assert!(admin.get("/metrics").await.ok().text().contains("# HELP tenantgate_"));
    // The operator's paths are on their own listener only.
    for path in ["/metrics", "/healthz", "/readyz"] {
        let root = crate::support::api::Api::new(&format!("http://{}", stage.gateway.address));
        assert_ne!(root.get(path).await.status, 200, "{path}");
    }
    let forwarded = admin.get("/engine-rest/version").await;
    assert_eq!(forwarded.status, 404, "{forwarded}");
}

#[tokio::test]
async fn without_engine_it_is_not_ready_and_recovers_by_itself() {
    let port = free_port();
    let gateway = plan(&format!("http://127.0.0.1:{port}/engine-rest")).launch().unwrap();
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    let reply = gateway.readiness(503).await.status(503);
    assert!(reply.text().contains("engine"), "{reply}");
    gateway.admin().get("/healthz").await.ok();
    // Whoever asked whether it is ready has found its only address out.
    app.get("/task").await.refused(503, "TG503-ENGINE");
    let _recorder = Recorder::start(port, Some(&engine::url()));
    gateway.ready().await;
    app.get("/task").await.ok();
}

/// In an outage of the shared engine a replica stays in the load balancer, and clients are told what is wrong.
#[tokio::test]
async fn an_engine_that_goes_away_later_leaves_it_ready() {
    let recorder = Recorder::before(&engine::url());
    let gateway = plan(&recorder.url()).start().await;
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    app.get("/task").await.ok();
    assert_eq!(gateway.admin().get("/readyz").await.ok().text(), "ready\n");
    recorder.script(|_| Answer::Cut);
    let ready = gateway.admin().get("/readyz").await.ok().text();
    assert!(ready.starts_with("ready\nnot counted") && ready.contains("engine"), "{ready}");
    // Whoever asked whether it is ready has found its only address out.
    app.get("/task").await.refused(503, "TG503-ENGINE");
}

#[tokio::test]
async fn without_issuer_it_is_not_ready_and_recovers_by_itself() {
    let port = free_port();
    let recorder = Recorder::before(&engine::url());
    let gateway = Plan::new(binary(), &recorder.url(), &format!("http://127.0.0.1:{port}/"), AUDIENCE)
        .launch()
        .unwrap();
    let reply = gateway.readiness(503).await.status(503);
    assert!(reply.text().contains("issuer"), "{reply}");
    gateway.admin().get("/healthz").await.ok();
    let tenant = format!("t{}", random());
    // Nothing can be checked, so nothing is taken on trust.
    let unchecked =
        issuer().token_with(&tenant, |_, c| c["iss"] = format!("http://127.0.0.1:{port}/").into());
    gateway.api().with_token(&unchecked).get("/task").await.refused(503, "TG503-KEYS");
    recorder.nothing();
    let late = Issuer::start_at(port);
    gateway.ready().await;
    gateway.api().with_token(&late.token(&tenant)).get("/task").await.ok();
}

#[tokio::test]
async fn a_broken_configuration_stops_the_start_with_every_finding() {
    let recorder = Recorder::fake();
    let url = recorder.url();
    let (code, said) = Plan::new(binary(), &url, "http://issuer.example/", "")
        .config("engine:\n  urll: http://x\nnonsense: 1\n")
        .finish();
    assert_eq!(code, Some(3), "{said}");
    // Unknown keys with their file and place, the issuer without https, the empty audience: all at once.
    for word in ["urll", "nonsense", "tenantgate.yaml", "https", "audience"] {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    // The twin.
    let fine = plan(&url).config("tenancy:\n  shared_resources: hidden\n").launch();
    assert!(fine.is_ok(), "{:?}", fine.err());
}
