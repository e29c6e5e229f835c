//! What a store costs that is away, stands still, counts wrongly, is exchanged, or wants a password.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::support::engine::project;

#[tokio::test]
async fn without_the_store_each_replica_counts_alone_and_nobody_waits() {
    let (engine, mut store) = (engine(), Store::start(&[]));
    let limits = "requests_per_tenant: 1";
    let [one, two] = counting(&engine, limits, &at(&store)).await;
    // A replica that stands still takes what it had with it; here the store does.
    for away in ["it is killed", "it hangs"] {
        let begun = begin(&app(&one, "busy")).await;
        app(&two, "busy").get("/task").await.refused(429, "TG429-SHARE");
        if away == "it is killed" {
            store.kill()
        } else {
            store.signal("STOP")
        }
        // A refusal is remembered for a moment.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let began = Instant::now();
        app(&two, "busy").get("/task").await.ok();
        assert!(began.elapsed() < Duration::from_millis(1500), "{away}: {:?}", began.elapsed());
        until_store_is(&two, false).await;
        // From then on nobody waits for it, and the replica's own share holds.
        let began = Instant::now();
        app(&two, "busy").get("/task").await.ok();
        assert!(began.elapsed() < Duration::from_millis(200), "{away}: {:?}", began.elapsed());
        app(&one, "busy").get("/task").await.refused(429, "TG429-SHARE");
        assert!(metric(&two, "tenantgate_limits_counted_alone_total").await.unwrap() >= 2.0);
        assert!(two.log().contains("the store of the limits is away"), "{}", two.log());
        two.readiness(200).await;
        if away == "it is killed" {
            store.start_again()
        } else {
            store.signal("CONT")
        }
        begun.await.unwrap().ok();
        for gateway in [&one, &two] {
            until_store_is(gateway, true).await;
        }
        let begun = begin(&app(&one, "busy")).await;
        app(&two, "busy").get("/task").await.refused(429, "TG429-SHARE");
        begun.await.unwrap().ok();
    }
}

#[tokio::test]
async fn a_store_may_want_a_password_and_tls() {
    let engine = engine();
    let pem = |name: &str| project().join("tests/support/tls").join(name).display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (right, wrong) = (file("right", "let me in\n"), file("wrong", "let me\n"));
    let locked = Store::start(&["--requirepass", "let me in"]);
    let [certificate, key, other] = [pem("one.pem"), pem("one.key.pem"), pem("two.pem")];
    let tls = Store::start(&[
        "--tls-port",
        "PORT",
        "--port",
        "0",
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
    ]);
    let rediss = format!("url: 'rediss://localhost:{}'", tls.port);
    for (store, up) in [
        (format!("{}, password_file: '{}'", at(&locked), right.display()), true),
        (format!("{}, password_file: '{}'", at(&locked), wrong.display()), false),
        (at(&locked), false),
        (format!("{rediss}, ca_file: '{certificate}'"), true),
        (format!("{rediss}, ca_file: '{other}'"), false),
        (rediss.clone(), false),
    ] {
        let gateway = replica(&engine, "requests_per_tenant: 1", Some(&store)).start().await;
        if up {
            until_store_is(&gateway, true).await;
        } else {
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert_eq!(metric(&gateway, "tenantgate_limits_store_up").await, Some(0.0), "{store}");
        }
        app(&gateway, "someone").get("/task").await.ok();
        let alone = metric(&gateway, "tenantgate_limits_counted_alone_total").await;
        assert_eq!(alone, Some(if up { 0.0 } else { 1.0 }), "{store}");
        assert!(!gateway.log().contains("let me"), "the password is in the log");
    }
}

/// A store that stands still for a moment takes places for requests that have not waited for it.
#[tokio::test]
async fn a_hiccup_of_the_store_costs_no_places() {
    let (engine, store) = (engine(), Store::start(&[]));
    let gateway = replica(&engine, "requests_per_tenant: 2", Some(&at(&store))).start().await;
    until_store_is(&gateway, true).await;
    store.signal("STOP");
    let app = app(&gateway, "busy");
    let (first, second) = tokio::join!(app.get("/task"), app.get("/task"));
    assert_eq!((first.status, second.status), (200, 200));
    until_store_is(&gateway, false).await;
    store.signal("CONT");
    until_store_is(&gateway, true).await;
    let begun = [begin(&app).await, begin(&app).await];
    app.get("/task").await.refused(429, "TG429-SHARE");
    for one in begun {
        one.await.unwrap().ok();
    }
}

/// Neither a clock that was set back nor a store that can't be written to locks anybody out.
#[tokio::test]
async fn a_store_that_counts_wrongly_or_not_at_all_refuses_nobody() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "requests_per_second_per_tenant: 5";
    let gateway = replica(&engine, limits, Some(&at(&store))).start().await;
    until_store_is(&gateway, true).await;
    let in_an_hour = std::time::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(3600);
    for due in [in_an_hour.as_micros().to_string(), "nonsense".to_owned()] {
        let port = store.port.to_string();
        let set = ["-p", &port, "SET", "tenantgate:{tenant:t}:rate", &due];
        assert!(Command::new("redis-cli").args(set).stdout(Stdio::null()).status().unwrap().success());
        app(&gateway, "t").get("/task").await.ok();
    }
    assert_eq!(metric(&gateway, "tenantgate_limits_counted_alone_total").await, Some(0.0));

    let read_only = Store::start(&["--replicaof", "127.0.0.1", "1"]);
    let gateway = replica(&engine, limits, Some(&at(&read_only))).start().await;
    for _ in 0..25 {
        app(&gateway, "t").get("/task").await.ok();
        assert_eq!(metric(&gateway, "tenantgate_limits_store_up").await, Some(0.0));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(gateway.log().matches("the store of the limits is away").count(), 1, "{}", gateway.log());
}

#[tokio::test]
async fn another_store_takes_the_place_of_the_first() {
    let (engine, mut first, second) = (engine(), Store::start(&[]), Store::start(&[]));
    // A store is looked at three times in a lease.
    let yaml = |store: &Store| format!("limits: {{store: {{{}, lease: 1s}}}}\n", at(store));
    let gateway = plan(&engine.url()).config(&yaml(&first)).start().await;
    until_store_is(&gateway, true).await;
    gateway.rewrite(&yaml(&second));
    gateway.signal("HUP");
    let patience = Instant::now() + Duration::from_secs(10);
    let address = format!("tenantgate_limits_store_up{{address=\"127.0.0.1:{}\"}}", second.port);
    while metric(&gateway, &address).await != Some(1.0) {
        assert!(Instant::now() < patience, "{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Readiness lets the old one go, too.
    gateway.readiness(200).await;
    app(&gateway, "someone").get("/task").await.ok();
    first.kill();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(!gateway.log().contains("the store of the limits is away"), "{}", gateway.log());
}
