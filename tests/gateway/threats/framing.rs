//! F1–F4: one message on the wire is one message for everybody.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Raw;
use crate::stage::Stage;
use crate::support::random;
use crate::support::raw::Message;

#[tokio::test]
async fn f1_lengths_and_encodings_that_disagree() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    let start = format!(
        "POST /engine-rest/task HTTP/1.1\r\nHost: g\r\n{}\r\nContent-Type: application/json\r\nConnection: close\r\n",
        raw.bearer
    );
    for (framing, body) in [
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("Content-Length: 2\r\nContent-Length: 3", "{}x"),
        ("Content-Length: 2, 3", "{}x"),
        ("Content-Length: +2", "{}"),
        ("Content-Length: -1", ""),
        ("Content-Length: 0x2", "{}"),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
        ("Transfer-Encoding : chunked", "0\r\n\r\n"),
        ("Content-Length : 2", "{}"),
        ("X: y\r\n Content-Length: 2", "{}"),
        ("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"),
        ("Upgrade: h2c", ""),
    ] {
        let reply = raw.bytes(format!("{start}{framing}\r\n\r\n{body}").as_bytes());
        // An obsolete fold may be read as one line; then there is no length, and an empty body.
        let folded = framing.starts_with("X: y") && reply.status == 200;
        assert!(folded || [0, 400, 411, 413, 415, 501].contains(&reply.status), "{framing}: {reply}");
        if !folded {
            assert!(stage.recorder.seen().iter().all(|s| !s.message.complete), "{framing}");
        }
        stage.recorder.forget();
    }
    let bad_line = format!(
        "POST /engine-rest/task HTTP/1.0\r\nHost: g\r\n{}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        raw.bearer
    );
    assert_ne!(raw.bytes(bad_line.as_bytes()).status, 200);
    stage.recorder.nothing();
    for framing in ["Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"] {
        assert_eq!(raw.bytes(format!("{start}{framing}").as_bytes()).status, 200, "{framing}");
    }
}

#[tokio::test]
async fn f2_a_second_request_after_a_refused_one() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    let hidden = format!("GET /engine-rest/version HTTP/1.1\r\nHost: g\r\n{}\r\n\r\n", raw.bearer);
    // The hidden request is the refused one's body: it is never a request.
    let first = format!(
        "POST /engine-rest/no-such HTTP/1.1\r\nHost: g\r\n{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{hidden}",
        raw.bearer,
        hidden.len()
    );
    let mut stream = TcpStream::connect(stage.gateway.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let refused = Message::read(&mut answers, true).expect("an answer");
    assert!(refused.start.contains("403"), "{}", refused.start);
    let second = Message::read(&mut answers, true);
    assert!(second.is_none_or(|m| !m.start.contains("200")), "the body was taken for a request");
    // The twin: two requests on one connection are two answers, in their order.
    let mut stream = TcpStream::connect(stage.gateway.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let count = hidden.replace("/version", "/task/count");
    stream.write_all(format!("{hidden}{count}").as_bytes()).unwrap();
    let mut answers = BufReader::new(stream);
    for expected in ["7.24", "count"] {
        let answer = Message::read(&mut answers, true).expect("an answer");
        assert!(String::from_utf8_lossy(&answer.body).contains(expected), "{answer:?}");
    }
}

#[tokio::test]
async fn f2_half_a_body_spoils_no_other_request() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let raw = Raw::new(&stage, &tenant);
    let half = format!(
        "POST /engine-rest/task HTTP/1.1\r\nHost: g\r\n{}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{\"name\"",
        raw.bearer
    );
    for _ in 0..5 {
        let mut stream = TcpStream::connect(stage.gateway.address).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
    }
    for _ in 0..5 {
        stage.client(&tenant).get("/task/count").await.ok();
    }
    assert!(stage.recorder.seen().iter().all(|s| s.method == "GET"));
}

#[tokio::test]
async fn f3_the_preface_of_another_protocol() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    let reply = raw.bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_ne!(reply.status, 200, "{reply}");
    for line in [
        "GET /engine-rest/task x HTTP/1.1",
        "GET  /engine-rest/task HTTP/1.1 HTTP/1.1",
        "GET /engine-rest/ta sk",
    ] {
        assert_ne!(raw.ask(line, &[], "").status, 200, "{line}");
    }
    stage.recorder.nothing();
    assert_eq!(raw.ask("GET /engine-rest/task", &[], "").status, 200);
}

#[tokio::test]
async fn f4_upgrades() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    for upgrade in ["websocket", "h2c", "TLS/1.2"] {
        let headers = [&format!("Upgrade: {upgrade}"), "Connection: Upgrade"];
        let reply = raw.ask("GET /engine-rest/task", &headers, "");
        assert_eq!(reply.status, 400, "{upgrade}: {reply}");
    }
    stage.recorder.nothing();
    assert_eq!(raw.ask("GET /engine-rest/task", &["Connection: close"], "").status, 200);
}
