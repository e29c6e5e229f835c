//! An engine behind the gateway beside one that checks tokens itself, by a Java authentication provider
//! (`benches/java-provider`): CPU of all processes for one list of ten tasks, and how long it takes.
//!
//! In: both engines, built by `benches/run`, and wrk. Out: a line a way, the median of its rounds. No budget: most of it is
//! the engine's own work.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use load::{Gateway, LIST, Running, binary, log, nginx, script, spent, wrk};
use serde_json::json;
use support::api::Api;
use support::free_port;
use support::issuer::{AUDIENCE, Key, now};

/// Rounds of each way; the first ones, in which the engine's code is compiled, do not count.
const ROUNDS: (usize, usize) = (4, 5);
/// More than a round can ask.
const REQUESTS: usize = 1_000_000;
const TASKS: usize = 20;

/// An engine with some tasks of the caller's.
fn engine(folder: &Path, jar: &str, issuer: &str, token: &str) -> (Running, u16) {
    let port = free_port();
    let mut java = Command::new("java");
    java.args(["-Xmx1g", "-jar", jar]).env("ENGINE_PORT", port.to_string());
    java.env("PROVIDER_KEY", folder.join("key.pem")).env("PROVIDER_ISSUER", issuer);
    java.env("PROVIDER_AUDIENCE", AUDIENCE).stdout(log(folder, &format!("{port}.log")));
    let engine = Running::with(&mut java);
    let api = Api::new(&format!("http://127.0.0.1:{port}/engine-rest"));
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let patience = Instant::now() + Duration::from_secs(90);
    let ask = |method: reqwest::Method, path: &str, body: Vec<u8>| {
        runtime.block_on(api.try_send(method, path, &headers, body)).ok().filter(|reply| reply.status < 300)
    };
    while ask(reqwest::Method::GET, "/version", Vec::new()).is_none() {
        assert!(Instant::now() < patience, "{jar} does not answer");
        std::thread::sleep(Duration::from_millis(200));
    }
    for number in 0..TASKS {
        let task = json!({"name": format!("Approve {number}"), "tenantId": "app-one"}).to_string();
        ask(reqwest::Method::POST, "/task/create", task.into_bytes()).expect("a task");
    }
    (engine, port)
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = Key::generate();
    std::fs::write(folder.join("jwks.json"), json!({"keys": [key.jwk()]}).to_string()).unwrap();
    std::fs::write(folder.join("key.pem"), key.public_pem()).unwrap();
    let at = free_port();
    let jwks = format!(
        "server {{ listen 127.0.0.1:{at}; location / {{ root {}; try_files /jwks.json =404; }} }}",
        folder.display()
    );
    let _issuer = nginx(folder, "issuer", &jwks);
    let issuer = format!("http://127.0.0.1:{at}/");
    let claims = json!({"iss": issuer, "sub": "app-one@clients", "aud": AUDIENCE, "iat": now(),
        "exp": now() + 86_400, "azp": "app-one", "gty": "client-credentials"});
    let token = key.sign(&key.header(), &claims);
    let (stock, port) = engine(folder, "tests/engine/target/engine.jar", &issuer, &token);
    let (with_provider, own) = engine(folder, "benches/java-provider/target/engine.jar", &issuer, &token);
    let seen = Gateway::before(&binary(), folder, port, at, &[]);
    let forgets = folder.join("forgets.yaml");
    std::fs::write(&forgets, "keys: {remember_tokens: 0}\n").unwrap();
    let new = Gateway::before(&binary(), folder, port, at, &["--config", forgets.to_str().unwrap()]);
    let asks = script(folder, "list", &[token], REQUESTS);
    let ways: [(&str, u16, Vec<u32>); 4] = [
        ("engine alone, nothing checked", port, vec![stock.0.id()]),
        ("engine with a Java provider", own, vec![with_provider.0.id()]),
        ("gateway and engine, token seen", seen.port, vec![stock.0.id(), seen.pid()]),
        ("gateway and engine, token never seen", new.port, vec![stock.0.id(), new.pid()]),
    ];
    let mut rows: Vec<Vec<[f64; 3]>> = vec![Vec::new(); ways.len()];
    for round in 0..ROUNDS.0 + ROUNDS.1 {
        for ((name, port, processes), row) in ways.iter().zip(&mut rows) {
            let total = || processes.iter().map(|pid| spent(*pid)).sum::<u64>();
            let before = total();
            let done = wrk(name, *port, LIST, &asks, &["-c4", "-d4s", "--latency"]);
            #[allow(clippy::cast_precision_loss)]
            let cpu = (total() - before) as f64 / 1000.0 / f64::from(done.requests);
            if round >= ROUNDS.0 {
                row.push([cpu, done.percentile("50%"), done.percentile("99%")]);
            }
        }
    }
    println!("\na list of ten tasks, four clients: median of {} rounds\n", ROUNDS.1);
    let median = |row: &[[f64; 3]], at: usize| {
        let mut all: Vec<f64> = row.iter().map(|values| values[at]).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for ((name, ..), row) in ways.iter().zip(&rows) {
        let [cpu, half, most] = [0, 1, 2].map(|at| median(row, at));
        println!("{name:<38} {cpu:>7.0} µs of CPU   half within {half:.2} ms, 99 % within {most:.2} ms");
    }
}
