//! What several replicas count together in a store that speaks the Redis protocol, and what each does when it is away. The
//! store is a real one; the engine is scripted, since some requests have to take their time.
mod away;
mod together;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{issuer, plan};
use crate::support::api::{Api, Reply};
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

/// Two replicas that count together by now.
async fn counting(engine: &Recorder, limits: &str, store: &str) -> [Gateway; 2] {
    let replicas = both([replica(engine, limits, Some(store)), replica(engine, limits, Some(store))]).await;
    for gateway in &replicas {
        until_store_is(gateway, true).await;
    }
    replicas
}

/// A long poll of a minute.
async fn poll(app: Api) -> Reply {
    let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
        "topics": [{"topicName": "x", "lockDuration": 1000}]});
    app.post("/external-task/fetchAndLock", body).await
}

/// The same, which its client leaves soon: the answer, if there was one.
async fn poll_and_leave(app: Api) -> Option<Reply> {
    tokio::time::timeout(Duration::from_millis(300), poll(app)).await.ok()
}

/// Sends the slow request and goes on as soon as it is at work. Places that were given back have reached the store by then.
async fn begin(app: &Api) -> tokio::task::JoinHandle<Reply> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    let app = app.clone();
    let begun = tokio::spawn(async move { app.get("/task/count").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    begun
}
