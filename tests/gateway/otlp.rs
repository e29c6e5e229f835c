//! Spans by OTLP, as a collector gets them (`make otlp-test`). Protobuf keeps texts and ids as they are, so a batch is
//! searched for them without being decoded.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::stage::{Stage, issuer};
use crate::support::random;

const TRACE: [u8; 16] = *b"\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36";
const PARENT: [u8; 8] = *b"\x00\xf0\x67\xaa\x0b\xa9\x02\xb7";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/// Takes what is posted to it, heads and bodies.
struct Collector {
    address: String,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || while take(&stream, &kept).is_some() {});
            }
        });
        Self { address, taken }
    }

    fn holds(&self, part: &[u8]) -> bool {
        self.taken.lock().unwrap().windows(part.len()).any(|window| window == part)
    }

    async fn waits_for(&self, part: &[u8]) {
        for _ in 0..250 {
            if self.holds(part) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let taken = String::from_utf8_lossy(&self.taken.lock().unwrap()).into_owned();
        panic!("`{}` never came: {taken}", part.escape_ascii());
    }
}

/// One request of a connection; none at its end.
fn take(stream: &TcpStream, kept: &Mutex<Vec<u8>>) -> Option<()> {
    let (mut reader, mut whole, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        whole.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    kept.lock().unwrap().extend(whole.into_bytes().into_iter().chain(body));
    (&*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()
}

async fn stage(collector: &str, changes: &[(&str, &str)]) -> Stage {
    let standing = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    Stage::with(|plan| standing.iter().chain(changes).fold(plan, |plan, (name, value)| plan.env(name, value)))
        .await
}

#[tokio::test]
async fn a_span_of_each_request_reaches_the_collector_without_its_secrets() {
    let collector = Collector::start();
    let stage = stage(&collector.address, &[("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of-the-collector")]).await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    app.send(Method::GET, "/task?name=secretname", &[("traceparent", TRACEPARENT)], Vec::new()).await.ok();
    app.get("/task/secretid").await;
    app.post("/task/create", serde_json::json!({"name": "secretbody"})).await;
    app.get("/task?tenantIdIn=secrettenant").await.refused(403, "TG403-TENANT");
    stage.gateway.api().get("/secretpath").await;

    // The last of them; spans keep their order.
    collector.waits_for(b"TG401-MISSING").await;
    for part in [
        &b"POST /v1/traces"[..],
        b"x-key: of-the-collector",
        b"tenantgate",
        b"http.request.method",
        b"GET /engine-rest/task/{id}",
        b"POST /engine-rest/task/create",
        b"http.response.status_code",
        b"TG403-TENANT",
        tenant.as_bytes(),
        &TRACE,
        &PARENT,
    ] {
        assert!(collector.holds(part), "`{}` is missing", part.escape_ascii());
    }
    let signature = issuer().token(&tenant).rsplit('.').next().unwrap_or_default().to_owned();
    for secret in
        ["secretname", "secretid", "secretbody", "secrettenant", "secretpath", "Bearer", "eyJ", &signature]
    {
        assert!(!collector.holds(secret.as_bytes()), "`{secret}` was exported");
    }
}

#[tokio::test]
async fn what_the_asking_side_does_not_record_is_not_exported() {
    let collector = Collector::start();
    let stage = stage(&collector.address, &[("OTEL_SERVICE_NAME", "another-name")]).await;
    let app = stage.client(&format!("t{}", random()));
    app.send(Method::GET, "/task", &[("traceparent", UNSAMPLED)], Vec::new()).await.ok();
    app.send(Method::GET, "/task", &[("traceparent", TRACEPARENT)], Vec::new()).await.ok();
    collector.waits_for(&TRACE).await;
    let unsampled: Vec<u8> = [0x5b].into_iter().chain(TRACE[1..].iter().copied()).collect();
    assert!(!collector.holds(&unsampled));
    assert!(collector.holds(b"another-name"));
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_the_requests_nothing() {
    // Connections are made by the system, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    // A queue of four is full at once.
    let stage =
        stage(&address, &[("OTEL_BSP_MAX_QUEUE_SIZE", "4"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")]).await;
    let app = stage.client(&format!("t{}", random()));
    app.get("/task").await.ok();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    for _ in 0..100 {
        app.get("/task").await.ok();
    }
    // Far less than one wait for the collector (10 s), on a busy machine too.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    silent.set_nonblocking(true).unwrap();
    assert!(silent.accept().is_ok(), "the collector was never asked");
}
