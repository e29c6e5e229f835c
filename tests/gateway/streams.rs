//! What takes long or is large: clients that hang up, many waiters, 100 MB both ways through bounded memory, slow
//! readers and slow writers.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{Stage, issuer, plan};
use crate::support::api::Reply;
use crate::support::gateway::Gateway;
use crate::support::random;
use crate::support::raw::Message;
use crate::support::recorder::{Answer, Recorder, Seen};
use crate::support::world::World;

/// The size of a large transfer.
const LARGE: usize = 100 * 1024 * 1024;
/// How much more than idle the gateway may take during one.
const BOUND: usize = 64 * 1024 * 1024;

/// A field of the process's status, in bytes.
fn memory(gateway: &Gateway, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Runs a transfer and fails the test when the gateway's memory grew over the bound meanwhile.
fn within_bound<T>(gateway: &Gateway, transfer: impl FnOnce() -> T) -> T {
    let idle = memory(gateway, "VmRSS");
    let done = transfer();
    let peak = memory(gateway, "VmHWM");
    assert!(peak < idle + BOUND, "{} MiB idle, {} MiB at the most", idle >> 20, peak >> 20);
    done
}

pub fn own_task(seen: &Seen, tenant: &str) -> Option<Answer> {
    let list = seen.path == "/engine-rest/task" || seen.path == "/engine-rest/history/task";
    list.then(|| Answer::Json(200, json!([{"id": "own", "tenantId": tenant}]).to_string()))
}

pub fn head(line: &str, tenant: &str, more: &str) -> String {
    let token = issuer().token(tenant);
    format!("{line} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n{more}Connection: close\r\n\r\n")
}

/// An engine of our own: takes connections and hands each to `each`, but for the gateway's readiness question.
pub fn engine(each: impl Fn(TcpStream, String) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let each = std::sync::Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let each = std::sync::Arc::clone(&each);
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                if head.starts_with("GET /engine-rest/version ") {
                    return answer(&mut stream, r#"{"version":"7.24.0"}"#);
                }
                each(stream, head);
            });
        }
    });
    address
}

pub fn answer(stream: &mut TcpStream, body: &str) {
    let head = format!("HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    let _ = stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes());
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_engines_request() {
    let (tell, told) = mpsc::channel();
    let address = engine(move |mut stream, _| {
        tell.send("arrived").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut body = [0; 4096];
        // The body first, then nothing until the gateway hangs up.
        while stream.read(&mut body).is_ok_and(|n| n > 0) {}
        let _ = tell.send("ended");
    });
    let gateway = plan(&format!("http://{address}/engine-rest")).start().await;
    let body = r#"{"workerId":"w","maxTasks":1,"asyncResponseTimeout":600000,"topics":[{"topicName":"x","lockDuration":1}]}"#;
    let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let request = head("POST /engine-rest/external-task/fetchAndLock", "someone", &length) + body;
    let poll = || {
        let mut client = TcpStream::connect(gateway.address).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok("arrived"));
        client
    };
    // Allowed twin: who stays keeps the engine's request.
    let stays = poll();
    assert!(told.recv_timeout(Duration::from_secs(2)).is_err(), "the poll of a client that stays was ended");
    let leaves = poll();
    drop(leaves);
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("ended"), "the engine still works for nobody");
    let polls = async || {
        let figures = gateway.admin().get("/metrics").await.ok().text();
        figures.lines().any(|line| line == "tenantgate_long_polls_in_flight 1")
    };
    // Its place is free again, the other one is not.
    let patience = Instant::now() + Duration::from_secs(5);
    while !polls().await {
        assert!(Instant::now() < patience, "the place is never given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(stays);
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("ended"));
}

/// Asks until the answer has that status, as what was begun before may take a moment; the last answer.
async fn in_the_end<F: Future<Output = Reply>>(status: u16, ask: impl Fn() -> F) -> Reply {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let reply = ask().await;
        if reply.status == status || Instant::now() > patience {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn bodies_that_do_not_end_take_memory_from_their_own_tenant_only() {
    let address = engine(|mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
        answer(&mut stream, "[]");
    });
    let mut small = plan(&format!("http://{address}/engine-rest"));
    for (name, mib) in [("MAX_JSON_BYTES", 1), ("MAX_HELD_ANSWER_BYTES", 1), ("MAX_BUFFERED_BYTES", 4)] {
        small = small.env(&format!("TENANTGATE_LIMITS__{name}"), &(mib << 20).to_string());
    }
    let gateway = small.env("TENANTGATE_DEPLOYMENTS__MAX_MODEL_BYTES", "1048576").start().await;
    let mut held = Vec::new();
    for number in 1..=2 {
        let length = "Content-Type: application/json\r\nContent-Length: 1048576\r\n";
        let mut client = TcpStream::connect(gateway.address).unwrap();
        client.write_all(head("POST /engine-rest/task", "hoards", length).as_bytes()).unwrap();
        client.write_all(&vec![b' '; (1 << 20) - 1]).unwrap();
        held.push(client);
        // One after the other: those that grow at the same time may be refused both.
        let line = format!("\ntenantgate_buffered_bytes {}\n", number << 20);
        let patience = Instant::now() + Duration::from_secs(20);
        while !gateway.admin().get("/metrics").await.text().contains(&line) {
            assert!(Instant::now() < patience, "{line} is not there");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let list = async |tenant: &str| {
        let app = gateway.api().with_token(&issuer().token(tenant));
        app.post("/task", json!({"name": "x"})).await
    };
    list("hoards").await.refused(503, "TG503-OVERLOADED");
    // The twin: another tenant.
    list("other").await.ok();
    drop(held);
}

#[tokio::test]
async fn many_waiters_hinder_nobody() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let poll = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 6000,
        "topics": [{"topicName": format!("none{}", random()), "lockDuration": 1000}]});
    let waiters: Vec<_> = (0..40)
        .map(|_| {
            let (app, poll) = (app.clone(), poll.clone());
            tokio::spawn(async move { app.post("/external-task/fetchAndLock", poll).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(800)).await;
    for client in [&app, &other] {
        let began = Instant::now();
        client.get("/task").await.ok();
        assert!(began.elapsed() < Duration::from_secs(3), "took {:?}", began.elapsed());
    }
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().ok().json(), json!([]));
    }
}

/// Sends a form with one large file; `pause` is between its pieces.
pub fn upload(gateway: &Gateway, tenant: &str, path: &str, size: usize, pause: Duration) -> Option<Message> {
    let before = "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"large.bin\"\r\n\r\n";
    let length = before.len() + size + "\r\n--b--\r\n".len();
    let more = format!("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n");
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    client.write_all(head(&format!("POST /engine-rest{path}"), tenant, &more).as_bytes()).unwrap();
    client.write_all(before.as_bytes()).unwrap();
    let piece = vec![b'x'; 64 * 1024];
    let mut left = size;
    while left > 0 {
        let now = left.min(piece.len());
        // Who was refused meanwhile has an answer.
        if client.write_all(&piece[..now]).is_err() {
            break;
        }
        left -= now;
        std::thread::sleep(pause);
    }
    let _ = client.write_all(b"\r\n--b--\r\n");
    Message::read(&mut BufReader::new(client), true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_uploads_stream_to_an_engine_that_reads_slowly() {
    for (path, shown) in [
        ("/task/own/attachment/create", json!({"id": "a"})),
        ("/deployment/create", json!({"id": "d", "tenantId": "large"})),
    ] {
        let (tell, told) = mpsc::channel();
        let shown = shown.to_string();
        let address = engine(move |mut stream, head| {
            if !head.starts_with("POST ") || head.starts_with("POST /engine-rest/task ") {
                return answer(&mut stream, &json!([{"id": "own", "tenantId": "large"}]).to_string());
            }
            // Nothing is read for a while: what the client sends meanwhile must not gather in the gateway.
            std::thread::sleep(Duration::from_millis(1500));
            let mut total = 0;
            let mut piece = vec![0; 1 << 20];
            let mut end = Vec::new();
            while let Ok(read @ 1..) = stream.read(&mut piece) {
                total += read;
                end.extend_from_slice(&piece[read.saturating_sub(64)..read]);
                let from = end.len().saturating_sub(64);
                end.drain(..from);
                if end.ends_with(b"--\r\n\r\n0\r\n\r\n") {
                    break;
                }
            }
            tell.send(total).unwrap();
            answer(&mut stream, &shown);
        });
        let gateway = plan(&format!("http://{address}/engine-rest")).start().await;
        let reply = tokio::task::block_in_place(|| {
            within_bound(&gateway, || upload(&gateway, "large", path, LARGE, Duration::ZERO))
        })
        .expect("an answer");
        assert!(reply.start.starts_with("HTTP/1.1 200"), "{path}: {reply:?}");
        assert!(told.recv().unwrap() > LARGE, "{path}: not all arrived");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_writer_is_heard_to_its_end() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        own_task(seen, "slow").unwrap_or_else(|| Answer::Json(200, json!({"id": "a"}).to_string()))
    });
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__BODY_IDLE_TIMEOUT", "1s").start().await;
    let path = "/task/own/attachment/create";
    let slow = |pause| tokio::task::block_in_place(|| upload(&gateway, "slow", path, 512 * 1024, pause));
    // Three seconds in all, never one without a byte.
    let reply = slow(Duration::from_millis(400)).expect("an answer");
    assert!(reply.start.starts_with("HTTP/1.1 200"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_downloads_wait_for_a_slow_reader() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        own_task(seen, "slow").unwrap_or_else(|| {
            let mut answer = format!(
                "HTTP/1.1 200 \r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"x\"\r\nContent-Length: {LARGE}\r\nConnection: close\r\n\r\n"
            )
            .into_bytes();
            answer.resize(answer.len() + LARGE, b'y');
            Answer::Raw(answer)
        })
    });
    let gateway = plan(&recorder.url()).start().await;
    let total = tokio::task::block_in_place(|| {
        within_bound(&gateway, || {
            let mut client = TcpStream::connect(gateway.address).unwrap();
            let path = "GET /engine-rest/task/own/attachment/a/data";
            client.write_all(head(path, "slow", "").as_bytes()).unwrap();
            std::thread::sleep(Duration::from_secs(2));
            let mut reader = BufReader::new(client);
            let message = Message::read(&mut reader, true).unwrap();
            assert!(message.complete && message.start.starts_with("HTTP/1.1 200"), "{:?}", message.start);
            assert_eq!(message.all("content-length"), [LARGE.to_string()]);
            assert_eq!(message.all("content-disposition"), ["attachment; filename=\"x\""]);
            message.body.len()
        })
    });
    assert_eq!(total, LARGE);
}

/// What a client does not read holds its connection and the engine's thread: it counts in its tenant's share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_stay_in_their_tenants_share() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        let large = seen.path.ends_with("/data").then(|| {
            let head =
                "HTTP/1.1 200 \r\nContent-Type: application/octet-stream\r\nContent-Length: 33554432\r\n\r\n";
            let mut answer = head.as_bytes().to_vec();
            answer.resize(answer.len() + 33_554_432, b'y');
            Answer::Raw(answer)
        });
        large.or_else(|| own_task(seen, "slow")).unwrap_or_else(|| Answer::Json(200, "[]".into()))
    });
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__REQUESTS_PER_TENANT", "2").start().await;
    let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    let unread = || {
        let mut client = TcpStream::connect(gateway.address).unwrap();
        let path = "GET /engine-rest/task/own/attachment/a/data";
        client.write_all(head(path, "slow", "").as_bytes()).unwrap();
        client
    };
    let one = unread();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The twin: one place is left.
    app("slow").get("/task").await.ok();
    let two = unread();
    let list = async || app("slow").get("/task").await;
    in_the_end(429, list).await.refused(429, "TG429-SHARE");
    app("other").get("/process-definition").await.ok();
    drop((one, two));
    in_the_end(200, list).await.ok();
}

/// The memory that answers under way may take together in the test below.
const BUDGET: usize = 48 * 1024 * 1024;

/// A record that is looked at whole, for its owner stands in it, behind a long text.
fn long_record(tenant: &str, chunked: bool) -> Vec<u8> {
    let text = "y".repeat(12 * 1024 * 1024);
    let record = format!(r#"{{"id":"own","description":"{text}","tenantId":"{tenant}"}}"#);
    let head = "HTTP/1.1 200 \r\nContent-Type: application/json\r\nConnection: close\r\n";
    let length = record.len();
    match chunked {
        false => format!("{head}Content-Length: {length}\r\n\r\n{record}").into(),
        true => format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{record}\r\n0\r\n\r\n").into(),
    }
}

/// A flood of answers that have to be held takes a bounded part of the memory: who finds none is told to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_answers_share_a_budget() {
    for chunked in [false, true] {
        let record = std::sync::Arc::new(long_record("held", chunked));
        let address = engine(move |mut stream, _| drop(stream.write_all(&record)));
        let gateway = plan(&format!("http://{address}/engine-rest"))
            .config(&format!("limits: {{max_held_answer_bytes: 16777216, max_buffered_bytes: {BUDGET}}}\n"))
            .start()
            .await;
        let ask = || {
            let mut client = TcpStream::connect(gateway.address).unwrap();
            client.write_all(head("GET /engine-rest/task/own", "held", "").as_bytes()).unwrap();
            let reply = Message::read(&mut BufReader::new(client), true).unwrap();
            let status = reply.start.split(' ').nth(1).unwrap().parse::<u16>().unwrap();
            (status, reply.all("retry-after").len(), reply.body.len() > 12 * 1024 * 1024)
        };
        let idle = memory(&gateway, "VmRSS");
        let answers: Vec<_> = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let flood: Vec<_> = (0..24).map(|_| scope.spawn(ask)).collect();
                flood.into_iter().map(|one| one.join().unwrap()).collect()
            })
        });
        let whole = answers.iter().filter(|answer| **answer == (200, 0, true)).count();
        let refused = answers.iter().filter(|answer| **answer == (503, 1, false)).count();
        assert!(whole > 0 && whole + refused == answers.len(), "{answers:?}");
        // Ten times the budget without one. What the allocator keeps for a while comes on top of it.
        let peak = memory(&gateway, "VmHWM") - idle;
        println!("chunked {chunked}: {whole} answered, {refused} refused, {} MiB", peak >> 20);
        assert!(peak < BUDGET * 2, "{} MiB beyond idle", peak >> 20);
        // The twin: one after the other, all are answered, and nothing is left of the flood.
        for _ in 0..4 {
            assert_eq!(tokio::task::block_in_place(ask), (200, 0, true));
        }
        let figures = gateway.admin().get("/metrics").await.ok().text();
        assert!(figures.contains("\ntenantgate_buffered_bytes 0\n"), "{figures}");
    }
}

/// A client of HTTP/1.0 knows an answer without a length to be whole by the connection's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_cut_does_not_look_whole_to_an_old_client() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        own_task(seen, "old").unwrap_or_else(|| {
            let head = "HTTP/1.1 200 \r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            let piece = format!("{:x}\r\n{}\r\n", 64 * 1024, "y".repeat(64 * 1024));
            let end = if seen.path.contains("/cut/") { "" } else { "0\r\n\r\n" };
            Answer::Raw(format!("{head}{}{end}", piece.repeat(10)).into_bytes())
        })
    });
    let gateway = plan(&recorder.url()).start().await;
    tokio::task::block_in_place(|| {
        for (id, whole) in [("fine", true), ("cut", false)] {
            let mut client = TcpStream::connect(gateway.address).unwrap();
            let request = head(&format!("GET /engine-rest/task/own/attachment/{id}/data"), "old", "");
            client.write_all(request.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).unwrap();
            let mut answer = Vec::new();
            let end = client.read_to_end(&mut answer);
            assert!(answer.starts_with(b"HTTP/1.0 200 OK\r\n"), "{id}: {end:?}");
            assert!(!String::from_utf8_lossy(&answer).contains("ontent-length"), "{id} has a length");
            assert_eq!(end.is_ok(), whole, "{id}: {end:?}");
        }
    });
}
