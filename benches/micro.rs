//! The steps of a request one by one: how long each takes by itself, in one thread.
//!
//! In: nothing. Out: a line a step, the median of its rounds with the lowest and highest. With `--test` each step runs
//! once, so that CI keeps them alive. No budgets: the whole is measured by `proxy`.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod published;
#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use support::issuer::{AUDIENCE, Key, now};
use tenantgate::config;
use tenantgate::json::Json;
use tenantgate::json::scan::{Scan, Verdict, position};
use tenantgate::policy::load;
use tenantgate::request::{Arrival, Base};

/// Rounds of each step, and the time that one takes.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(40);
/// Distinct tokens: more than any cache of the processor holds.
const TOKENS: usize = 2000;

/// Measures a step. `per`: how many units one call handles.
fn step(name: &str, unit: &str, per: f64, mut call: impl FnMut()) {
    call();
    if std::env::args().any(|argument| argument == "--test") {
        println!("{name}: runs");
        return;
    }
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            let mut calls = 0.0;
            while began.elapsed() < ROUND {
                call();
                calls += 1.0;
            }
            began.elapsed().as_secs_f64() * 1e6 / calls / per
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let (low, median, high) = (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
    println!("{name:<44} {median:>10.3} µs {unit:<10} ({low:.3} to {high:.3})");
}

fn main() {
    println!("\nsteps by themselves: median of {ROUNDS} rounds (lowest to highest)\n");
    tokens();
    requests();
    documents();
}

fn tokens() {
    let key = Key::generate();
    let bearer = |number: usize| {
        let claims = json!({"iss": published::ISSUER, "aud": AUDIENCE, "azp": "app", "sub": "app@clients",
            "gty": "client-credentials", "iat": now(), "exp": now() + 3600, "jti": number.to_string()});
        format!("Bearer {}", key.sign(&key.header(), &claims)).into_bytes()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let remembers = published::tokens(&runtime, vec![key.jwk()], &config::Keys::default());
    let forgets = config::Keys { remember_tokens: 0, ..config::Keys::default() };
    let forgets = published::tokens(&runtime, vec![key.jwk()], &forgets);
    let seen = bearer(0);
    runtime.block_on(async {
        let ask = |tokens: &tenantgate::token::Tokens, bearer: &[u8]| {
            let bearer = [bearer];
            let caller = std::pin::pin!(tokens.caller(&bearer));
            // Neither waits: the key is known.
            assert!(futures_util::FutureExt::now_or_never(caller).unwrap().is_ok());
        };
        step("token, seen", "a token", 1.0, || ask(&remembers, &seen));
        let new: Vec<_> = (0..TOKENS).map(bearer).collect();
        let mut all = new.iter().cycle();
        step("token, never seen (RS256)", "a token", 1.0, || ask(&forgets, all.next().unwrap()));
    });
}

fn requests() {
    let policy = load(None).unwrap();
    let asked: Vec<(String, Vec<String>)> = policy
        .rules()
        .iter()
        .map(|rule| {
            let (method, path) = rule.operation.name().split_once(' ').unwrap();
            let segment = |s: &str| if s.starts_with('{') { "0b6f3a52".to_owned() } else { s.to_owned() };
            (method.to_owned(), path.split('/').skip(1).map(segment).collect())
        })
        .collect();
    #[allow(clippy::cast_precision_loss)]
    let count = asked.len() as f64;
    let name = format!("rule of an operation, over all {count}");
    step(&name, "a request", count, || {
        for (method, segments) in &asked {
            assert!(policy.find(method, segments).is_some(), "{method} {segments:?}");
        }
    });
    let base = Base { path: "/engine-rest".into(), engine: "default".into(), max_target_bytes: 8192 };
    let lines: [(&str, &[u8]); 4] = [
        ("host", b"gateway:8080"),
        ("authorization", &[b'x'; 700]),
        ("accept", b"application/json"),
        ("user-agent", b"client/1.0"),
    ];
    step("head of a request", "a request", 1.0, || {
        let head = Arrival::read(&base, "GET", "/engine-rest/task", Some("maxResults=10"), lines.into_iter());
        black_box(head.is_ok());
    });
}

fn documents() {
    let row = json!({"id": "0b6f3a52-9d0c-11f0-8de9-0242ac120002", "name": "Approve", "assignee": null, "priority": 50,
        "created": "2026-11-23T10:00:00.000+0000", "processInstanceId": "0b6f134d-9d0c-11f0-8de9-0242ac120002",
        "taskDefinitionKey": "approve", "suspended": false, "tenantId": "app"});
    let list = Bytes::from(json!(vec![row; 5000]).to_string());
    #[allow(clippy::cast_precision_loss)]
    let megabytes = list.len() as f64 / 1e6;
    let positions = [position("[].tenantId").unwrap()];
    step("guard's scan of a list", "a MB", megabytes, || {
        let mut scan = Scan::new(positions.to_vec().into());
        let mut hook =
            |_: usize, text: &[u8]| if text == b"\"app\"" { Verdict::Clear } else { Verdict::Break };
        assert_eq!(scan.piece(&list, &mut hook).unwrap().len(), list.len());
    });
    let body = Bytes::from(
        json!({"variables": {"a": {"value": "text", "type": "String"}}, "businessKey": "order-4711"})
            .to_string(),
    );
    step("body of a start, read and written anew", "a body", 1.0, || {
        let json: Json = tenantgate::json::read(&body, 100).unwrap();
        black_box(json.write());
    });
}
