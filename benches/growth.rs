//! What grows with what: CPU of the gateway and its memory, as tenants, ids, answers and long polls grow.
//!
//! In: an engine of its own, which answers from a list. Out: a line a size, the median of its rounds with the lowest and
//! highest. No budgets: it shows whether anything grows faster than what it is for.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use load::{Gateway, binary, memory, spent};
use serde_json::{Value, json};
use support::issuer::{AUDIENCE, Key, now};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Rounds of each size.
const ROUNDS: usize = 5;
/// Requests under way at a time.
const CLIENTS: usize = 8;
/// One record, as the engine answers it.
const ROW: &str = r#"{"id":"ID","name":"Approve","created":"2026-11-23T10:00:00.000+0000","priority":50,"taskDefinitionKey":"approve","tenantId":"app-0"}"#;

struct Bench {
    gateway: Gateway,
    client: reqwest::Client,
    tokens: Vec<String>,
    _folder: tempfile::TempDir,
}

#[tokio::main]
async fn main() {
    let key = Key::generate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let jwks = json!({"keys": [key.jwk()]}).to_string();
    tokio::spawn(engine(listener, jwks));
    let token = |number: usize| {
        let claims = json!({"iss": format!("http://127.0.0.1:{port}/"), "sub": format!("app-{number}@clients"),
            "aud": AUDIENCE, "iat": now(), "exp": now() + 86_400, "azp": format!("app-{number}"), "gty": "client-credentials"});
        key.sign(&key.header(), &claims)
    };
    let tokens: Vec<_> = (0..10_000).map(token).collect();
    let start = async || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let gateway =
            tokio::task::spawn_blocking(move || Gateway::start(&binary(), &path, port)).await.unwrap();
        Bench { gateway, client: reqwest::Client::new(), tokens: tokens.clone(), _folder: folder }
    };
    println!("\ngrowth: median of {ROUNDS} rounds (lowest to highest), memory after them\n");
    for tenants in [10, 100, 1000, 10_000] {
        let bench = start().await;
        let asks = tenants.max(2000);
        // Each token is verified before it counts.
        bench.requests(tenants, |n| bench.get("/task?maxResults=1", n % tenants)).await;
        bench
            .line(&format!("{tenants} tenants"), "µs a request", asks, 1.0, |n| {
                bench.get("/task?maxResults=1", n % tenants)
            })
            .await;
    }
    let bench = start().await;
    for ids in [1, 10, 100, 1000] {
        let ids_of: Vec<_> = (0..ids).map(|n| format!("id-{n}")).collect();
        let body = json!({"retries": 1, "externalTaskIds": ids_of});
        let name = format!("{ids} ids of known owners");
        bench
            .line(&name, "µs a request", 2000 / ids.min(20), 1.0, |_| {
                bench.put("/external-task/retries", &body)
            })
            .await;
    }
    for (name, bytes, count) in
        [("1 KB", 1000, 2000), ("100 KB", 100_000, 300), ("10 MB", 10_000_000, 8), ("100 MB", 100_000_000, 2)]
    {
        let path = format!("/task?maxResults={}", bytes / ROW.len());
        #[allow(clippy::cast_precision_loss)]
        let megabytes = bytes as f64 / 1e6;
        bench
            .line(&format!("an answer of {name}"), "µs a MB", count, megabytes, |_| bench.get(&path, 0))
            .await;
    }
    for polls in [1, 10, 100, 1000] {
        start().await.long_polls(polls).await;
    }
}

impl Bench {
    async fn get(&self, path: &str, tenant: usize) -> reqwest::Response {
        let url = format!("http://127.0.0.1:{}/engine-rest{path}", self.gateway.port);
        self.client.get(url).bearer_auth(&self.tokens[tenant]).send().await.unwrap()
    }

    async fn put(&self, path: &str, body: &Value) -> reqwest::Response {
        let url = format!("http://127.0.0.1:{}/engine-rest{path}", self.gateway.port);
        let request = self.client.put(url).bearer_auth(&self.tokens[0]);
        request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap()
    }

    async fn requests<F: Future<Output = reqwest::Response>>(&self, count: usize, ask: impl Fn(usize) -> F) {
        let ask = &ask;
        let clients = (0..CLIENTS.min(count)).map(|client| async move {
            for n in (client..count).step_by(CLIENTS) {
                let mut answer = ask(n).await;
                assert!(answer.status().is_success(), "{answer:?}");
                while answer.chunk().await.unwrap().is_some() {}
            }
        });
        join_all(clients).await;
    }

    async fn line<F: Future<Output = reqwest::Response>>(
        &self,
        name: &str,
        unit: &str,
        count: usize,
        per: f64,
        ask: impl Fn(usize) -> F,
    ) {
        self.requests(count.min(100), &ask).await;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let before = spent(self.gateway.pid());
            self.requests(count, &ask).await;
            #[allow(clippy::cast_precision_loss)]
            rounds.push((spent(self.gateway.pid()) - before) as f64 / 1000.0 / count as f64 / per);
        }
        rounds.sort_by(f64::total_cmp);
        let (low, median, high) = (rounds[0], rounds[ROUNDS / 2], rounds[ROUNDS - 1]);
        println!("{name:<28} {median:>9.1} {unit:<13} ({low:.1} to {high:.1}) {:>6.1} MiB", self.memory());
    }

    fn memory(&self) -> f64 {
        memory(self.gateway.pid())
    }

    /// Each is another tenant's, or their share would end them.
    async fn long_polls(&self, count: usize) {
        let before = self.memory();
        let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
            "topics": [{"topicName": "t", "lockDuration": 1000}]})
        .to_string();
        let mut waiting = Vec::new();
        for tenant in 0..count {
            let mut client = TcpStream::connect(("127.0.0.1", self.gateway.port)).await.unwrap();
            let head = format!(
                "POST /engine-rest/external-task/fetchAndLock HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                self.tokens[tenant],
                body.len()
            );
            client.write_all(head.as_bytes()).await.unwrap();
            waiting.push(client);
        }
        let patience = Instant::now() + Duration::from_secs(20);
        let all = format!("tenantgate_long_polls_in_flight {count}");
        while !tokio::task::block_in_place(|| self.gateway.ask("/metrics"))
            .is_some_and(|page| page.contains(&all))
        {
            assert!(Instant::now() < patience, "{count} long polls do not wait");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let at_rest = spent(self.gateway.pid());
        tokio::time::sleep(Duration::from_secs(2)).await;
        #[allow(clippy::cast_precision_loss)]
        let (spent, each) = (
            (spent(self.gateway.pid()) - at_rest) as f64 / 2e3,
            (self.memory() - before) * 1024.0 / count as f64,
        );
        let name = format!("{count} long polls that wait");
        println!("{name:<28} {spent:>9.1} µs a second   {each:>8.1} KiB each {:>10.1} MiB", self.memory());
    }
}

/// An engine that knows every id as the first tenant's, answers lists of any length and never answers a long poll.
async fn engine(listener: TcpListener, jwks: String) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let jwks = jwks.clone();
        tokio::spawn(async move { connection(stream, &jwks).await });
    }
}

async fn connection(mut stream: TcpStream, jwks: &str) -> Option<()> {
    let mut input = Vec::new();
    loop {
        let end = loop {
            match input.windows(4).position(|w| w == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None if stream.read_buf(&mut input).await.ok()? == 0 => return None,
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&input[..end]).into_owned();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
        while input.len() < end + length.unwrap_or(0) {
            if stream.read_buf(&mut input).await.ok()? == 0 {
                return None;
            }
        }
        let body = String::from_utf8_lossy(&input[end..end + length.unwrap_or(0)]).into_owned();
        input.drain(..end + length.unwrap_or(0));
        let target = head.split(' ').nth(1).unwrap_or_default();
        let answer = match target {
            _ if target.contains("jwks") => jwks.to_owned(),
            _ if target.contains("version") => r#"{"version":"7.24.0"}"#.to_owned(),
            _ if target.contains("fetchAndLock") => std::future::pending().await,
            _ if target.contains("retries") => String::new(),
            _ if target.contains("/task") && !target.contains("external") => tasks(target, &head),
            _ => rows(&format!("{target}{body}")),
        };
        let status = if answer.is_empty() { "204" } else { "200" };
        let line = match answer.len() {
            0 => String::new(),
            length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        };
        stream.write_all(format!("HTTP/1.1 {status} \r\n{line}\r\n{answer}").as_bytes()).await.ok()?;
    }
}

/// As many tasks of the caller's as are asked.
fn tasks(target: &str, head: &str) -> String {
    let count =
        target.split("maxResults=").nth(1).and_then(|n| n.split('&').next()?.parse().ok()).unwrap_or(1);
    let tenant = head.lines().find_map(|l| l.strip_prefix("x-camunda-tenants: ")).unwrap_or("app-0");
    let row = ROW.replace("app-0", tenant);
    format!("[{}]", vec![row; count].join(","))
}

/// A record for each id that a question names.
fn rows(question: &str) -> String {
    let ids = question.split("id-").skip(1);
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    format!(
        "[{}]",
        ids.map(|id| ROW.replace("ID", &format!("id-{}", number(id)))).collect::<Vec<_>>().join(",")
    )
}
