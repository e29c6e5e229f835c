//! The configuration, read anew while requests are under way: all of it or nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::isolation::until;
use crate::stage::{binary, issuer};
use crate::support::gateway::{Gateway, Plan};
use crate::support::issuer::AUDIENCE;
use crate::support::recorder::{Answer, Recorder, Seen};
use crate::support::{engine, free_port, random};

const WHOAMI: &str = "/tenantgate/whoami";

/// A configuration whose engine and keys are at these addresses, with more keys.
fn yaml(engine: &str, jwks: &str, more: &str) -> String {
    format!(
        "engine: {{url: '{engine}', timeout: 20s}}\nkeys: {{timeout: 1s}}\nissuers:\n  - issuer: {}\n    audiences: ['{AUDIENCE}']\n    \
         jwks_url: {jwks}\n{more}\n",
        issuer().issuer()
    )
}

fn jwks() -> String {
    format!("{}.well-known/jwks.json", issuer().issuer())
}

fn good(more: &str) -> String {
    yaml(&engine::url(), &jwks(), more)
}

/// Waits for a line of the log behind what was there before.
async fn logged(gateway: &Gateway, before: usize, words: &str) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !gateway.log().get(before..).unwrap_or_default().contains(words) {
        assert!(Instant::now() < patience, "`{words}` is not in:\n{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes the file and has it read; waits for what becomes of it.
async fn read_anew(gateway: &Gateway, yaml: &str, words: &str) {
    let before = gateway.log().len();
    gateway.rewrite(yaml);
    gateway.signal("HUP");
    logged(gateway, before, words).await;
}

const TAKEN: &str = "the new configuration is in force";
const REFUSED: &str = "the configuration was not taken";

#[tokio::test]
async fn a_configuration_is_taken_whole_or_not_at_all() {
    let gateway = Plan::of_file(binary(), &good("")).start().await;
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    app.get(WHOAMI).await.ok();
    let metric = async |line: &str| gateway.admin().get("/metrics").await.ok().text().contains(line);
    // What is under way when it is read goes on.
    let poll = tokio::spawn({
        let app = app.clone();
        async move {
            let topics = json!([{"topicName": "reload", "lockDuration": 1000}]);
            let body =
                json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 3000, "topics": topics});
            app.post("/external-task/fetchAndLock", body).await
        }
    });
    read_anew(&gateway, &good("whoami: false"), TAKEN).await;
    assert_ne!(app.get(WHOAMI).await.status, 200);
    app.get("/task").await.ok();
    assert!(metric("tenantgate_configuration_reloads_total{result=\"taken\"} 1").await);

    // A faulty one, each with what is wrong: whoami stays off.
    let dead = format!("http://127.0.0.1:{}", free_port());
    for (faulty, why) in [
        (good("whoami: perhaps"), "wrong-type"),
        (good("nobody_knows: this"), "unknown-key"),
        (good("policies: {directory: /nowhere}"), "not-a-directory"),
        (yaml(&engine::url(), &format!("{dead}/jwks.json"), "whoami: true"), "keys"),
        (yaml(&format!("{dead}/engine-rest"), &jwks(), "whoami: true"), "engine does not answer"),
    ] {
        let before = gateway.log().len();
        read_anew(&gateway, &faulty, REFUSED).await;
        let log = gateway.log();
        assert!(log.get(before..).unwrap_or_default().contains(why), "`{why}` is not in:\n{log}");
        assert_ne!(app.get(WHOAMI).await.status, 200, "{faulty}");
        app.get("/task").await.ok();
        assert!(metric("tenantgate_configuration_in_force 0").await);
    }
    read_anew(&gateway, &good("whoami: true"), TAKEN).await;
    app.get(WHOAMI).await.ok();
    assert!(metric("tenantgate_configuration_in_force 1").await);
    assert!(metric("tenantgate_configuration_reloads_total{result=\"refused\"} 5").await);
    poll.await.unwrap().ok();
}

#[tokio::test]
async fn a_changed_file_is_read_without_a_signal_and_what_takes_a_restart_is_said() {
    let gateway = Plan::of_file(binary(), &good("limits: {workers: 1}")).start().await;
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    app.get(WHOAMI).await.ok();
    gateway.rewrite(&good("limits: {workers: 2}\nwhoami: false"));
    logged(&gateway, 0, TAKEN).await;
    assert!(gateway.log().contains("limits.workers"), "{}", gateway.log());
    assert_ne!(app.get(WHOAMI).await.status, 200);
}

/// Two mounted secrets are renewed one after the other: the second may come while what the first changed is read.
#[tokio::test]
async fn a_file_that_changes_while_the_configuration_is_read_is_read_once_more() {
    let slow = Recorder::fake();
    let version = |wait| {
        move |_: &Seen| Answer::After(wait, Box::new(Answer::Json(200, r#"{"version":"7.24.0"}"#.into())))
    };
    slow.script(version(Duration::ZERO));
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "first").unwrap();
    let auth = format!("{{username: gateway, password_file: {}}}", password.display());
    let url = slow.url();
    let yaml = |more: &str| yaml(&url, &jwks(), more).replace("timeout: 20s", &format!("basic_auth: {auth}"));
    let gateway = Plan::of_file(binary(), &yaml("")).start().await;
    slow.script(version(Duration::from_secs(2)));
    slow.forget();
    gateway.rewrite(&yaml("whoami: false"));
    logged(&gateway, 0, "reading the configuration anew").await;
    // It asks the engine whether it is there, and has read all files before.
    until("the engine is asked", async || !slow.all().is_empty()).await;
    std::fs::write(&password, "second").unwrap();
    logged(&gateway, 0, TAKEN).await;
    let before = gateway.log().len();
    logged(&gateway, before, TAKEN).await;
    slow.forget();
    gateway.ready().await;
    // gateway:second
    assert_eq!(slow.all()[0].header("authorization"), ["Basic Z2F0ZXdheTpzZWNvbmQ="]);
    // And then no more.
    let before = gateway.log().len();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!gateway.log()[before..].contains("reading the configuration anew"), "{}", gateway.log());
}

/// Where no key is configured, one was made up at the start: what it signed holds on.
#[tokio::test]
async fn a_secret_that_was_made_up_outlives_the_configuration() {
    let gateway = Plan::of_file(binary(), &good("")).start().await;
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    let model = crate::support::world::order("reload");
    let form = crate::support::multipart::Form::deployment("d", None, &[("order.bpmn", &model)]);
    app.form("/deployment/create", form).await.ok();
    let started = app.post("/process-definition/key/order/start", json!({})).await.ok().id();
    let body = json!({"processInstanceIds": [started], "deleteReason": "over"});
    let batch = app.post("/process-instance/delete", body).await.ok().id();
    // A batch may be done, and gone, at any time; its handle opens all the same.
    let history = format!("/history/batch/{batch}");
    app.get(&history).await.ok();
    read_anew(&gateway, &good("whoami: false"), TAKEN).await;
    app.get(&history).await.ok();
}
