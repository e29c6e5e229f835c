//! What a build by profile (`benches/pgo`) is trained with: the requests that applications make most.
//!
//! In: an instrumented program. Out: nothing but the program's own profile, which it writes when it ends. No
//! figures: what is trained is measured by `proxy`.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use load::{CASES, Gateway, LIST, binary};
use serde_json::json;
use support::issuer::{AUDIENCE, Key, now};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Requests of each sort.
const REQUESTS: usize = 4_000;
/// Connections.
const CLIENTS: usize = 8;
/// Queries and writes with a body: a name, where it goes, and the body.
const BODIES: [(&str, &str, &str); 4] = [
    ("query", "/task", r#"{"sorting":[{"sortBy":"created","sortOrder":"asc"}],"assignee":"somebody"}"#),
    (
        "lock",
        "/external-task/fetchAndLock",
        r#"{"workerId":"w","maxTasks":1,"topics":[{"topicName":"t","lockDuration":1000}]}"#,
    ),
    (
        "start",
        "/process-definition/key/order/start",
        r#"{"businessKey":"4711","variables":{"amount":{"value":1,"type":"Integer"}}}"#,
    ),
    (
        "complete",
        "/task/0b6f3a52-9d0c-11f0-8de9-0242ac120002/complete",
        r#"{"variables":{"approved":{"value":true,"type":"Boolean"}}}"#,
    ),
];

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::generate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(wire::engine(listener, json!({"keys": [key.jwk()]}).to_string(), Duration::ZERO));
    let token = |number: usize| {
        let claims = json!({"iss": format!("http://127.0.0.1:{port}/"), "sub": "app-one@clients", "aud": AUDIENCE,
            "iat": now(), "exp": now() + 86_400, "azp": "app-one", "gty": "client-credentials", "jti": number.to_string()});
        key.sign(&key.header(), &claims)
    };
    let tokens: Vec<_> = (0..REQUESTS).map(token).collect();
    let path = folder.path().to_owned();
    let gateway = tokio::task::spawn_blocking(move || Gateway::start(&binary(), &path, port)).await.unwrap();
    let seen = &tokens[0];
    for (case, path) in CASES {
        all(case, gateway.port, &[wire::request(path, seen, None)]).await;
    }
    let new: Vec<_> = tokens.iter().map(|token| wire::request(LIST, token, None)).collect();
    all("never seen", gateway.port, &new).await;
    for (name, path, body) in BODIES {
        all(name, gateway.port, &[wire::request(path, seen, Some(body))]).await;
    }
    // It writes its profile when it ends.
    tokio::task::spawn_blocking(move || drop(gateway)).await.unwrap();
}

/// Sends these requests in turn until there were enough.
async fn all(name: &str, port: u16, requests: &[String]) {
    let requests: Arc<[String]> = requests.into();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let requests = requests.clone();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            for number in (client..REQUESTS).step_by(CLIENTS) {
                let status = wire::ask(&mut stream, &requests[number % requests.len()]).await;
                assert_eq!(status, 200, "request {number}");
            }
        });
    }
    clients.join_all().await;
    println!("{name}: {REQUESTS} requests");
}
