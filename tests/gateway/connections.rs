//! Connections to the engine: kept and used again, never one that is still at work, never one that is gone.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::stage::{issuer, plan};
use crate::support::api::Api;
use crate::support::gateway::Gateway;
use crate::support::random;

/// What an engine of our own does on a connection after each answer.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Waits,
    Closes,
    /// And answers in two pieces, the second one late.
    Dawdles,
}

struct Engine {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Engine {
    fn start(after: After) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let engine = Self { address, connections: connections.clone(), requests: requests.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (connections, requests) = (connections.clone(), requests.clone());
                std::thread::spawn(move || serve(stream, after, &connections, &requests));
            }
        });
        engine
    }

    /// A gateway of one worker before it, and a client.
    async fn gateway(&self) -> (Gateway, Api) {
        let plan =
            plan(&format!("http://{}/engine-rest", self.address)).env("TENANTGATE_LIMITS__WORKERS", "1");
        let gateway = plan.start().await;
        let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
        (gateway, app)
    }

    fn counts(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

/// Readiness questions have connections of their own and are not counted.
fn serve(mut stream: TcpStream, after: After, connections: &AtomicUsize, requests: &AtomicUsize) {
    let mut first = true;
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if !stream.read(&mut byte).is_ok_and(|n| n > 0) {
                return;
            }
            head.push(byte[0]);
        }
        let version = head.starts_with(b"GET /engine-rest/version ");
        if !version {
            connections.fetch_add(usize::from(first), Ordering::SeqCst);
            requests.fetch_add(1, Ordering::SeqCst);
        }
        first = false;
        let head =
            "HTTP/1.1 200 \r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        if after == After::Dawdles && !version {
            std::thread::sleep(Duration::from_millis(400));
        }
        let _ = stream.write_all(b"1\r\n]\r\n0\r\n\r\n");
        if after == After::Closes {
            return;
        }
    }
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let engine = Engine::start(After::Waits);
    let (_gateway, app) = engine.gateway().await;
    for _ in 0..20 {
        assert_eq!(app.get("/task").await.ok().text(), "[]");
    }
    assert_eq!(engine.counts(), (1, 20));
}

#[tokio::test]
async fn requests_at_one_time_have_connections_of_their_own() {
    let engine = Engine::start(After::Dawdles);
    let (_gateway, app) = engine.gateway().await;
    for _ in 0..2 {
        let all = futures_util::future::join_all((0..8).map(|_| app.get("/task"))).await;
        assert!(all.into_iter().all(|reply| reply.ok().text() == "[]"));
    }
    // The second eight found those of the first.
    assert_eq!(engine.counts(), (8, 16));
}

#[tokio::test]
async fn a_connection_that_the_engine_closed_costs_no_request() {
    let engine = Engine::start(After::Closes);
    let (_gateway, app) = engine.gateway().await;
    for _ in 0..10 {
        assert_eq!(app.get("/task").await.ok().text(), "[]");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(engine.counts(), (10, 10));
}

#[tokio::test]
async fn an_answer_that_its_client_left_ends_its_connection() {
    let engine = Engine::start(After::Dawdles);
    let (gateway, app) = engine.gateway().await;
    let token = issuer().token("someone");
    let request =
        format!("GET /engine-rest/task HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut leaves = TcpStream::connect(gateway.address).unwrap();
    leaves.write_all(request.as_bytes()).unwrap();
    // It is under way.
    while engine.counts().1 == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(leaves);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The rest of that answer must not stand before this one.
    assert_eq!(app.get("/task").await.ok().text(), "[]");
    assert_eq!(engine.counts(), (2, 2));
    // The twin: an answer that was heard to its end leaves its connection to the next.
    assert_eq!(app.get("/task").await.ok().text(), "[]");
    assert_eq!(engine.counts(), (2, 3));
}
