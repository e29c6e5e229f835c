//! Known keys on the issuer's bad day: how long a token's check takes through each fault, as a ratio to a calm run.
//!
//! In: an issuer that fails in one way after its keys were fetched, with renewals and questions about unknown keys
//! all the time. Out: a table; exit code 1 when a median is more than 1.5 times the calm one. Every token is new, so
//! each is really checked.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::issuer::{AUDIENCE, Key, now};
use tenantgate::config;
use tenantgate::token::Tokens;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Tokens a run.
const TOKENS: usize = 2000;
/// Most that a fault may cost, at the median.
const LIMIT: f64 = 1.5;

/// What the issuer does once its keys were fetched.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Calm,
    Down,
    Hangs,
    Drips,
    Busy,
    Broken,
    Html,
    Huge,
    Empty,
}

const FAULTS: [(Fault, &str); 9] = [
    (Fault::Calm, "calm"),
    (Fault::Down, "closes every connection"),
    (Fault::Hangs, "takes the request, never answers"),
    (Fault::Drips, "a byte every 20 ms"),
    (Fault::Busy, "429 with Retry-After"),
    (Fault::Broken, "500"),
    (Fault::Html, "200 with HTML"),
    (Fault::Huge, "an answer without end"),
    (Fault::Empty, "an empty key set"),
];

/// Serves the keys once, then the fault; tells its address and counts the fetches.
async fn issuer(key: &Key, fault: Fault) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    let fetches = Arc::new(AtomicUsize::new(0));
    let (keys, count) = (json!({"keys": [key.jwk()]}).to_string(), Arc::clone(&fetches));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            tokio::spawn(serve(stream, keys.clone(), if first { Fault::Calm } else { fault }));
        }
    });
    (address, fetches)
}

async fn serve(mut stream: TcpStream, keys: String, fault: Fault) {
    let mut head = [0; 4096];
    if fault == Fault::Down || stream.read(&mut head).await.is_err() {
        return;
    }
    let answer = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let text = match fault {
        Fault::Calm => answer("200 OK", &keys),
        Fault::Busy => answer("429 Busy\r\nretry-after: 1", ""),
        Fault::Broken => answer("500 Broken", "oh"),
        Fault::Html => answer("200 OK", "<html><body>Please log in</body></html>"),
        Fault::Empty => answer("200 OK", "{\"keys\":[]}"),
        Fault::Hangs => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
        Fault::Drips => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return;
        }
        Fault::Huge => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b' '; 65536]).await.is_ok() {}
            return;
        }
        Fault::Down => return,
    };
    let _ = stream.write_all(text.as_bytes()).await;
}

fn settings(jwks_url: String) -> (Vec<config::Issuer>, config::Keys) {
    let issuer = config::Issuer {
        issuer: "https://issuer.example/".into(),
        audiences: vec![AUDIENCE.into()],
        audience_optional: false,
        jwks_url,
        discovery: false,
        algorithms: vec!["RS256".parse().unwrap()],
        leeway: Duration::from_secs(30),
        client_id_claims: vec!["azp".into()],
        application_tokens_only: true,
        people: None,
        required_claims: Vec::new(),
        ca_file: None,
        allow_http: false,
    };
    // Far quicker than an operator may set: fetches and back-off are under way all the time.
    let keys = config::Keys {
        renew_every: Duration::from_millis(50),
        cooldown: Duration::from_millis(20),
        timeout: Duration::from_millis(500),
        ..config::Keys::default()
    };
    (vec![issuer], keys)
}

fn claims(number: usize) -> Value {
    json!({"iss": "https://issuer.example/", "aud": AUDIENCE, "azp": "app", "sub": "app@clients",
        "gty": "client-credentials", "iat": now(), "exp": now() + 3600, "jti": number.to_string()})
}

/// One run through a fault: the times of all tokens, sorted, and the fetches that there were.
async fn run(key: &Key, tokens: &[String], fault: Fault) -> (Vec<Duration>, usize) {
    let (url, fetches) = issuer(key, fault).await;
    let (issuers, keys) = settings(url);
    let gate =
        Tokens::new(&issuers, &keys, &config::Tenancy::default(), &config::Permissions::default(), 8192)
            .unwrap();
    gate.start();
    while gate.ready().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let strangers = tokio::spawn({
        let (gate, stranger) = (gate.clone(), Key::generate());
        async move {
            for number in 0.. {
                let mut header = stranger.header();
                header["kid"] = json!(format!("unknown-{number}"));
                let value = format!("Bearer {}", stranger.sign(&header, &claims(number)));
                let gate = gate.clone();
                tokio::spawn(async move { gate.caller(&[value.as_bytes()]).await.map(drop) });
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut times = Vec::with_capacity(tokens.len());
    for token in tokens {
        let began = Instant::now();
        let caller = gate.caller(&[token.as_bytes()]).await;
        times.push(began.elapsed());
        assert!(caller.is_ok(), "a known key's token: {:?}", caller.err());
        // The others' turn: a fetch goes on between two requests.
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    strangers.abort();
    times.sort_unstable();
    (times, fetches.load(Ordering::SeqCst))
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let key = Key::generate();
    let tokens: Vec<_> =
        (0..TOKENS).map(|n| format!("Bearer {}", key.sign(&key.header(), &claims(n)))).collect();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let mut calm = None;
    let mut worst: f64 = 0.0;
    println!("\na token whose key is known, while the issuer ({TOKENS} new tokens each)\n");
    println!("{:<34} {:>9} {:>8} {:>9} {:>8} {:>8}", "", "median", "ratio", "p99", "ratio", "fetches");
    for (fault, name) in FAULTS {
        let (times, fetches) = runtime.block_on(run(&key, &tokens, fault));
        let figures = (micros(times[TOKENS / 2]), micros(times[TOKENS * 99 / 100]));
        let (median, p99) = *calm.get_or_insert(figures);
        let (ratio, tail) = (figures.0 / median, figures.1 / p99);
        worst = worst.max(ratio);
        println!(
            "{name:<34} {:>6.1} µs {ratio:>8.2} {:>6.1} µs {tail:>8.2} {fetches:>8}",
            figures.0, figures.1
        );
        assert!(fetches > 1, "the fault was never met");
    }
    println!("\nworst median: {worst:.2} of calm (limit {LIMIT})");
    if worst > LIMIT { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
