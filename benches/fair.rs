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
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use load::{Gateway, binary};
use serde_json::json;
use support::issuer::{AUDIENCE, Key, now};
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
    tokio::spawn(wire::engine(listener, json!({"keys": [key.jwk()]}).to_string(), DELAY));
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
        let request = wire::request("/task", token, None);
        all.spawn(async move {
            tokio::time::sleep(DELAY * u32::try_from(number).unwrap() / 16).await;
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut times, mut refused) = (Vec::new(), 0);
            let end = Instant::now() + TIME;
            while Instant::now() < end {
                let began = Instant::now();
                if wire::ask(&mut stream, &request).await == 200 {
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
