//! Several addresses of one engine, and an engine that is away: who waits, who is told when to come again, and what the
//! operator sees.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{binary, issuer};
use crate::support::api::{Api, Reply};
use crate::support::gateway::{Gateway, Plan};
use crate::support::issuer::AUDIENCE;
use crate::support::recorder::{Answer, Recorder};
use crate::support::{free_port, random};

const VERSION: &str = r#"{"version":"7.24.0"}"#;

fn answering(recorder: &Recorder, answer: Answer) {
    recorder.script(move |seen| match seen.path.as_str() {
        "/engine-rest/version" => Answer::Json(200, VERSION.into()),
        _ => answer.clone(),
    });
}

fn engine() -> Recorder {
    let recorder = Recorder::fake();
    answering(&recorder, Answer::Json(200, "[]".into()));
    recorder
}

/// A gateway of one worker before an engine at these addresses.
fn gateway(urls: &[String]) -> (Gateway, Api) {
    let yaml = format!(
        "issuers: [{{issuer: '{}', audiences: ['{AUDIENCE}']}}]\nengine: {{urls: ['{}'], timeout: 2s}}\nlimits: {{workers: 1}}\n",
        issuer().issuer(),
        urls.join("', '")
    );
    let gateway = Plan::bare(binary()).config(&yaml).launch().unwrap();
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    (gateway, app)
}

fn retry_after(reply: &Reply) -> Option<u32> {
    reply.header("retry-after").map(|seconds| seconds.parse().unwrap())
}

async fn series(gateway: &Gateway, name: &str, url: &str) -> f64 {
    let figures = gateway.admin().get("/metrics").await.ok().text();
    let start = format!("{name}{{address=\"{}\"}} ", url.trim_end_matches("/engine-rest"));
    let value = figures.lines().find_map(|line| line.strip_prefix(start.as_str()));
    value.unwrap_or_else(|| panic!("no {start}: {figures}")).parse().unwrap()
}

#[tokio::test]
async fn an_engine_of_two_addresses_is_served_while_one_is_there() {
    let port = free_port();
    let (one, gone) = (engine(), format!("http://127.0.0.1:{port}/engine-rest"));
    let (gateway, app) = gateway(&[gone.clone(), one.url()]);
    // Ready by the one that answers, and a write is not lost by the other.
    gateway.ready().await;
    for _ in 0..4 {
        app.get("/task").await.ok();
        app.post("/process-definition/key/order/start", json!({"businessKey": "x"})).await.ok();
    }
    let starts = |recorder: &Recorder| recorder.seen().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(starts(&one), 4);
    assert_eq!(series(&gateway, "tenantgate_engine_addresses_left_out", &gone).await, 1.0);
    assert_eq!(series(&gateway, "tenantgate_engine_addresses_left_out", &one.url()).await, 0.0);
    assert_eq!(series(&gateway, "tenantgate_engine_addresses", &gone).await, 1.0);
    // The twin: it comes, and takes its part.
    let came = Recorder::start(port, None);
    answering(&came, Answer::Json(200, "[]".into()));
    let patience = Instant::now() + Duration::from_secs(20);
    while came.seen().is_empty() {
        assert!(Instant::now() < patience, "it is never used");
        app.get("/task").await.ok();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(series(&gateway, "tenantgate_engine_addresses_left_out", &gone).await, 0.0);
    // One line at each change, however many requests there were.
    let log = gateway.log();
    let count = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!((count("is left out"), count("is used again")), (1, 1), "{log}");
}

#[tokio::test]
async fn an_engine_that_is_away_is_told_at_once_with_the_time_to_come_again() {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/engine-rest");
    let (gateway, app) = gateway(std::slice::from_ref(&url));
    // Nothing was sent, so even a write may come again.
    let first = app.post("/process-definition/key/order/start", json!({})).await.refused(502, "TG502-ENGINE");
    assert_eq!(retry_after(&first), Some(1));
    let second = app.get("/task").await.refused(503, "TG503-ENGINE");
    assert!((1..=5).contains(&retry_after(&second).unwrap()), "{second}");
    gateway.readiness(503).await.status(503);
    // The twin: an engine that broke off may have carried it out.
    let came = Recorder::start(port, None);
    answering(&came, Answer::Cut);
    gateway.ready().await;
    let cut = app.post("/process-definition/key/order/start", json!({})).await.refused(502, "TG502-ENGINE");
    assert_eq!(retry_after(&cut), None);
    assert_eq!(series(&gateway, "tenantgate_engine_addresses_left_out", &url).await, 0.0);
}

/// Each fault of an engine, at a request of a client's own and at a question of the gateway's own: status, code, and
/// whether to come again.
#[tokio::test]
async fn each_fault_has_its_status_and_only_what_was_not_sent_may_come_again() {
    let page = |status: &str, more: &str| {
        let text = "<html>no</html>";
        let head = format!("HTTP/1.1 {status} \r\nContent-Type: text/html\r\nContent-Length: {}", text.len());
        Answer::Raw(format!("{head}\r\n{more}Connection: close\r\n\r\n{text}").into())
    };
    let drips = || {
        let head = b"HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[".to_vec();
        Answer::Drip(head, Duration::from_millis(200))
    };
    let fake = engine();
    let (gateway, app) = gateway(&[fake.url()]);
    gateway.ready().await;
    let question = format!("/task/{}/variables", crate::support::missing_id());
    for (what, answer, list, asked) in [
        ("cut", Answer::Cut, (502, "TG502-ENGINE", None), (502, "TG502-ENGINE", None)),
        (
            "garbage",
            Answer::Raw(b"SSH-2.0-x\r\n\r\n".to_vec()),
            (502, "TG502-ANSWER", None),
            (502, "TG502-ANSWER", None),
        ),
        ("silence", Answer::Hang, (504, "TG504-ENGINE", None), (504, "TG504-ENGINE", None)),
        ("a short answer that drips", drips(), (504, "TG504-ENGINE", None), (504, "TG504-ENGINE", None)),
        // What stands before the engine answers a client itself; the gateway's question has to be asked again.
        ("503", page("503", ""), (503, "", None), (503, "TG503-ENGINE", Some(1))),
        (
            "503 with a time",
            page("503", "Retry-After: 7\r\n"),
            (503, "", Some(7)),
            (503, "TG503-ENGINE", Some(1)),
        ),
        ("502", page("502", ""), (502, "", None), (502, "TG502-ANSWER", None)),
        // The twin.
        ("a list", Answer::Json(200, "[]".into()), (200, "", None), (200, "", None)),
    ] {
        answering(&fake, answer);
        for (path, expected) in [("/task", list), (question.as_str(), asked)] {
            let began = Instant::now();
            let reply = app.get(path).await;
            let code = reply.refusal().unwrap_or_default();
            assert_eq!(
                (reply.status, code.as_str(), retry_after(&reply)),
                expected,
                "{what} at {path}: {reply}"
            );
            assert!(began.elapsed() < Duration::from_secs(4), "{what} at {path}: {:?}", began.elapsed());
        }
    }
    // None of these takes the engine from anybody: it tells its version all the while.
    assert_eq!(series(&gateway, "tenantgate_engine_addresses_left_out", &fake.url()).await, 0.0);
}

/// A listener whose queue is full: connecting to it hangs, as behind a firewall that drops.
async fn hanging() -> (SocketAddr, impl Sized) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    loop {
        let connect = tokio::net::TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(300), connect).await {
            Ok(stream) => queue.push(stream.unwrap()),
            Err(_) => return (address, (listener, queue)),
        }
    }
}

#[tokio::test]
async fn an_address_that_hangs_when_connected_to_delays_one_request_only() {
    let ((address, _kept), one) = (hanging().await, engine());
    let yaml = |urls: &str| {
        format!(
            "issuers: [{{issuer: '{}', audiences: ['{AUDIENCE}']}}]\nengine: {{urls: [{urls}], connect_timeout: 400ms}}\nlimits: {{workers: 1}}\n",
            issuer().issuer()
        )
    };
    let hangs = format!("'http://{address}/engine-rest'");
    let start = |urls: &str| {
        let gateway = Plan::bare(binary()).config(&yaml(urls)).launch().unwrap();
        let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
        (gateway, app)
    };
    let (_gateway, app) = start(&hangs);
    let began = Instant::now();
    let reply = app.get("/task").await.refused(502, "TG502-ENGINE");
    assert_eq!(retry_after(&reply), Some(1));
    assert!(began.elapsed() > Duration::from_millis(300));
    let began = Instant::now();
    app.get("/task").await.refused(503, "TG503-ENGINE");
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
    // The twin: another address answers.
    let (_gateway, app) = start(&format!("{hangs}, '{}'", one.url()));
    app.get("/task").await.ok();
    let began = Instant::now();
    for _ in 0..10 {
        app.get("/task").await.ok();
    }
    assert!(began.elapsed() < Duration::from_millis(800), "{:?}", began.elapsed());
}
