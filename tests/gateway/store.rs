//! What several replicas count together in a store that speaks the Redis protocol, and what each does when it is away. The
//! store is a real one; the engine is scripted, since some requests have to take their time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{issuer, plan};
use crate::support::api::{Api, Reply};
use crate::support::engine::project;
use crate::support::free_port;
use crate::support::gateway::{Gateway, Plan};
use crate::support::recorder::{Answer, Recorder};

/// What the slow request takes.
const SLOW: Duration = Duration::from_secs(4);

/// A store; ends with its owner.
struct Store {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Store {
    fn start(more: &[&str]) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        Self { process: launch(port, folder.path(), more), port, folder }
    }

    /// Ends the process, without a word to its clients.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// With an empty memory.
    fn start_again(&mut self) {
        self.process = launch(self.port, self.folder.path(), &[]);
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(port: u16, folder: &Path, more: &[&str]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]).arg(folder);
    if !more.contains(&"--tls-port") {
        command.args(["--port", &port.to_string()]);
    }
    let port_of_tls = port.to_string();
    command.args(more.iter().map(|flag| if *flag == "PORT" { &port_of_tls } else { *flag }));
    let process =
        command.stdout(Stdio::null()).spawn().expect("redis-server, of the Debian package of that name");
    let patience = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < patience, "the store does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

fn engine() -> Recorder {
    let recorder = Recorder::fake();
    recorder.script(|seen| match seen.path.as_str() {
        "/engine-rest/version" => Answer::Json(200, r#"{"version":"7.24.0"}"#.into()),
        "/engine-rest/task/count" => {
            Answer::After(SLOW, Box::new(Answer::Json(200, r#"{"count":0}"#.into())))
        }
        "/engine-rest/external-task/fetchAndLock" => Answer::Hang,
        _ => Answer::Json(200, "[]".into()),
    });
    recorder
}

/// One replica with such limits; `store`: more of its settings, none: it counts alone.
fn replica(engine: &Recorder, limits: &str, store: Option<&str>) -> Plan {
    let store = store.map_or(String::new(), |more| format!(", store: {{timeout: 250ms, {more}}}"));
    plan(&engine.url()).config(&format!("limits: {{{limits}{store}}}\n"))
}

fn at(store: &Store) -> String {
    format!("url: 'redis://127.0.0.1:{}'", store.port)
}

fn app(gateway: &Gateway, tenant: &str) -> Api {
    gateway.api().with_token(&issuer().token(tenant))
}

async fn metric(gateway: &Gateway, name: &str) -> Option<f64> {
    let text = gateway.admin().get("/metrics").await.text();
    let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Waits until a replica says that the store answers, or is away.
async fn until_store_is(gateway: &Gateway, up: bool) {
    let patience = Instant::now() + Duration::from_secs(15);
    while metric(gateway, "tenantgate_limits_store_up").await != Some(if up { 1.0 } else { 0.0 }) {
        assert!(Instant::now() < patience, "up: {up} is not said; {}", gateway.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn both(plans: [Plan; 2]) -> [Gateway; 2] {
    let [one, two] = plans;
    [one.start().await, two.start().await]
}

/// Sends the slow request and goes on as soon as it is at work. Places that were given back have reached the store by then.
async fn begin(app: &Api) -> tokio::task::JoinHandle<Reply> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    let app = app.clone();
    let begun = tokio::spawn(async move { app.get("/task/count").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    begun
}

#[tokio::test]
async fn requests_in_progress_are_counted_over_all_replicas() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "requests_per_tenant: 2";
    let together =
        both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&at(&store)))]);
    let alone = both([replica(&engine, limits, None), replica(&engine, limits, None)]);
    let other = format!("{}, prefix: other", at(&store));
    let apart = both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&other))]);
    for (replicas, expected) in [(together.await, 429), (alone.await, 200), (apart.await, 200)] {
        for gateway in &replicas {
            if metric(gateway, "tenantgate_limits_store_up").await.is_some() {
                until_store_is(gateway, true).await;
            }
        }
        let [one, two] = &replicas;
        let begun = [begin(&app(one, "busy")).await, begin(&app(one, "busy")).await];
        let reply = app(two, "busy").get("/task").await;
        assert_eq!(reply.status, expected, "{reply}");
        if expected == 429 {
            assert_eq!(reply.refused(429, "TG429-SHARE").header("retry-after"), Some("1"));
        }
        app(two, "other").get("/task").await.ok();
        for one in begun {
            one.await.unwrap().ok();
        }
        // Given back, and at once.
        tokio::time::sleep(Duration::from_millis(100)).await;
        app(two, "busy").get("/task").await.ok();
    }
}

#[tokio::test]
async fn a_rate_holds_over_all_replicas() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "requests_per_second_per_tenant: 6";
    for (of_store, most) in [(Some(at(&store)), 9), (None, 16)] {
        let of = || replica(&engine, limits, of_store.as_deref());
        let [one, two] = both([of(), of()]).await;
        if of_store.is_some() {
            until_store_is(&one, true).await;
            until_store_is(&two, true).await;
        }
        let ask = |gateway: &Gateway, tenant| {
            let app = app(gateway, tenant);
            async move { app.get("/task").await }
        };
        let all = (0..10).flat_map(|_| [ask(&one, "fast"), ask(&two, "fast")]);
        let all = futures_util::future::join_all(all).await;
        let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|reply| reply.status == 200);
        assert!((6..=most).contains(&taken.len()), "{} were taken", taken.len());
        assert!(of_store.is_some() || taken.len() >= 12, "each replica has its own");
        for reply in refused {
            assert_eq!(reply.refused(429, "TG429-RATE").header("retry-after"), Some("1"));
        }
        ask(&two, "other").await.ok();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        ask(&two, "fast").await.ok();
    }
}

#[tokio::test]
async fn without_the_store_each_replica_counts_alone_and_nobody_waits() {
    let (engine, mut store) = (engine(), Store::start(&[]));
    let limits = "requests_per_tenant: 1";
    let [one, two] =
        both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&at(&store)))])
            .await;
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
    }
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

/// A place is a lease: it is renewed while its request lasts, in a store that was started anew, too, and ends with its
/// replica.
#[tokio::test]
async fn a_place_lasts_as_long_as_its_request_and_its_replica() {
    let (engine, mut store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 1";
    let more = format!("{}, lease: 1s", at(&store));
    let [one, two] =
        both([replica(&engine, limits, Some(&more)), replica(&engine, limits, Some(&more))]).await;
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
    }
    let poll = |gateway: &Gateway, tenant| {
        let app = app(gateway, tenant);
        let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
            "topics": [{"topicName": "x", "lockDuration": 1000}]});
        async move {
            let asked = app.post("/external-task/fetchAndLock", body);
            tokio::time::timeout(Duration::from_millis(300), asked).await.ok()
        }
    };
    let app = app(&one, "polls");
    let waits = tokio::spawn(async move {
        app.post(
            "/external-task/fetchAndLock",
            json!({"workerId": "w",
        "maxTasks": 1, "asyncResponseTimeout": 60_000, "topics": [{"topicName": "x", "lockDuration": 1000}]}),
        )
        .await
    });
    tokio::time::sleep(Duration::from_millis(2500)).await;
    poll(&two, "polls").await.expect("an answer").refused(429, "TG429-SHARE");
    assert!(poll(&two, "other").await.is_none(), "it waits");
    store.kill();
    store.start_again();
    // Both have noticed by now.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
        assert!(gateway.log().contains("the store of the limits is away"), "{}", gateway.log());
    }
    poll(&two, "polls").await.expect("an answer").refused(429, "TG429-SHARE");
    drop(one);
    waits.abort();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(poll(&two, "polls").await.is_none(), "it waits");
}

/// The engine goes on with a long poll whose client has left, whichever replica it left.
#[tokio::test]
async fn who_leaves_one_replica_after_the_other_is_refused() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 2";
    let [one, two] =
        both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&at(&store)))])
            .await;
    let poll_and_leave = |gateway: &Gateway, tenant| {
        let app = app(gateway, tenant);
        let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
            "topics": [{"topicName": "x", "lockDuration": 1000}]});
        async move {
            let asked = app.post("/external-task/fetchAndLock", body);
            tokio::time::timeout(Duration::from_millis(300), asked).await.ok()
        }
    };
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
        assert!(poll_and_leave(gateway, "leaves").await.is_none(), "it waits");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for gateway in [&one, &two] {
        poll_and_leave(gateway, "leaves").await.expect("an answer").refused(429, "TG429-SHARE");
        app(gateway, "leaves").get("/task").await.ok();
        assert!(poll_and_leave(gateway, "stays").await.is_none(), "it waits");
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

/// A long poll that a replica sends away is asked again at once, at another one. The twin, whose clients have left by
/// themselves: `who_leaves_one_replica_after_the_other_is_refused`.
#[tokio::test]
async fn long_polls_of_a_replica_that_stops_are_taken_by_another() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 1, shutdown_delay: 0s";
    let [one, two] =
        both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&at(&store)))])
            .await;
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
    }
    let poll = |gateway: &Gateway| {
        let app = app(gateway, "polls");
        let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
            "topics": [{"topicName": "x", "lockDuration": 1000}]});
        async move { app.post("/external-task/fetchAndLock", body).await }
    };
    let waits = tokio::spawn(poll(&one));
    tokio::time::sleep(Duration::from_millis(500)).await;
    poll(&two).await.refused(429, "TG429-SHARE");
    one.signal("TERM");
    waits.await.unwrap().refused(503, "TG503-STOPPING");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(tokio::time::timeout(Duration::from_millis(500), poll(&two)).await.is_err(), "it waits");
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
