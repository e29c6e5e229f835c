//! What one tenant's flood does to another: the other's p99 before an engine that takes its time, alone and beside a tenant
//! that sends ten times its share.
//!
//! In: an engine of its own, which answers after a fixed delay. Out: the p99 of both, and the ratio. Fails over a third more.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use load::{Gateway, binary};
use serde_json::json;
use support::issuer::{AUDIENCE, Key, now};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the engine takes for an answer.
const DELAY: Duration = Duration::from_millis(20);
/// A tenant's share of requests under way.
const SHARE: usize = 16;
/// How long is measured, each time.
const TIME: Duration = Duration::from_secs(5);
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    let key = Key::generate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(engine(listener, json!({"keys": [key.jwk()]}).to_string()));
    let token = |tenant: &str| {
        let claims = json!({"iss": format!("http://127.0.0.1:{port}/"), "sub": format!("{tenant}@clients"),
            "aud": AUDIENCE, "iat": now(), "exp": now() + 86_400, "azp": tenant, "gty": "client-credentials"});
        key.sign(&key.header(), &claims)
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let config = path.join("fair.yaml");
    std::fs::write(&config, format!("limits: {{requests_per_tenant: {SHARE}}}\n")).unwrap();
    let more = config.to_str().unwrap().to_owned();
    let gateway =
        tokio::task::spawn_blocking(move || Gateway::with(&binary(), &path, port, &["--config", &more]));
    let gateway = gateway.await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.port));
    let (quiet, noisy) = (token("quiet"), token("noisy"));
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (alone, _) = clients(address, &quiet, SHARE / 2).await;
        let (beside, (of_noisy, refused)) = tokio::join!(
            async { clients(address, &quiet, SHARE / 2).await.0 },
            clients(address, &noisy, SHARE * 10)
        );
        let (alone, beside) = (p99(alone), p99(beside));
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        println!(
            "quiet's p99: {alone:.1?} alone, {beside:.1?} beside a tenant at ten times its share ({} answered, {refused} refused), {ratio:.2} times",
            of_noisy.len()
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    println!("fair: {median:.2} times (at most 1.33)");
    assert!(median <= 4.0 / 3.0, "one tenant's flood moves another's p99 too far");
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// So many clients, each with one request each [`DELAY`] and a bit, whatever comes of it: the times of those that were
/// answered, and how many were refused.
async fn clients(address: SocketAddr, token: &str, count: usize) -> (Vec<Duration>, usize) {
    let mut all = JoinSet::new();
    for number in 0..count {
        let request =
            format!("GET /engine-rest/task HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n\r\n");
        all.spawn(async move {
            tokio::time::sleep(DELAY * u32::try_from(number).unwrap() / 16).await;
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut times, mut refused) = (Vec::new(), 0);
            let end = Instant::now() + TIME;
            while Instant::now() < end {
                let began = Instant::now();
                stream.write_all(request.as_bytes()).await.unwrap();
                if answer(&mut stream).await == 200 {
                    times.push(began.elapsed())
                } else {
                    refused += 1
                }
                tokio::time::sleep_until((began + DELAY * 5 / 4).into()).await;
            }
            (times, refused)
        });
    }
    let all = all.join_all().await;
    let refused = all.iter().map(|(_, refused)| refused).sum();
    (all.into_iter().flat_map(|(times, _)| times).collect(), refused)
}

/// The status of an answer that has a length.
async fn answer(stream: &mut TcpStream) -> u16 {
    let mut input = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut input).await.unwrap(), 0, "the gateway hung up");
        let text = String::from_utf8_lossy(&input);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.expect("a length").parse::<usize>().unwrap() {
            return head[9..12].parse().unwrap();
        }
    }
}

/// An engine that is the issuer, too.
async fn engine(listener: TcpListener, jwks: String) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let jwks = jwks.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            let mut input = Vec::new();
            while stream.read_buf(&mut input).await.is_ok_and(|read| read > 0) {
                if !input.ends_with(b"\r\n\r\n") {
                    continue;
                }
                let head = String::from_utf8(std::mem::take(&mut input)).unwrap();
                let keys = head.starts_with("GET /.well-known/");
                if head.starts_with("GET /engine-rest/task") {
                    tokio::time::sleep(DELAY).await;
                }
                let body = if keys { jwks.as_str() } else { "[]" };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
    }
}
