//! CPU of the gateway for one request, beside nginx (`proxy_pass`) and HAProxy (`jwt_verify`) in the same run.
//!
//! In: nginx, HAProxy and wrk as installed. Out: microseconds of CPU a request and two ratios with their budgets;
//! exit code 1 over one of them. All have one worker and write an access line for each request; the requests are a
//! version, a list, a definition by key and a task by id, the answer one record. nginx checks nothing, HAProxy checks signature, issuer and audience. With
//! `TENANTGATE_OTHER_BINARY` (an older build) that one is measured in the same run and compared; with `TENANTGATE_ENVOY`
//! Envoy with `jwt_authn`, too.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use load::{CASES, Gateway, LIST, Running, asked, binary, engine, log, memory, nginx, spent};
use serde_json::json;
use support::free_port;
use support::issuer::{AUDIENCE, Key, now};

/// Tokens that were never seen, a round.
const TOKENS: usize = 12_000;
/// Requests with a token that was seen, for each figure: about a second.
const REQUESTS: usize = 60_000;
/// Rounds; the median counts. In each round what is compared takes turns, a second each: a machine's own pace changes.
const ROUNDS: usize = 7;
/// Lists for callers of one tenant and more: name, tenants besides the own one, and the list: by GET, by its POST twin, and
/// in pages.
const GRANTED: [(&str, usize, &str); 4] = [
    ("1 tenant", 0, "/task?maxResults=10"),
    ("10 tenants", 9, "/task?maxResults=10"),
    ("1,000 tenants, twin", 999, "/task?maxResults=10"),
    ("1,000 tenants, pages", 999, "/incident"),
];
const ONE_TENANT: &str = "1 tenant: granted";
/// Budgets: seen token against nginx, never seen token against HAProxy.
const BUDGETS: (f64, f64) = (1.3, 0.7);

/// Loads `port` and says how many microseconds of CPU a request cost the process.
fn cost(name: &str, pid: u32, port: u16, path: &str, script: &Path) -> f64 {
    let before = spent(pid);
    let count = asked(name, port, path, script);
    assert!(count as usize > TOKENS / 12, "{name}: {count} requests");
    #[allow(clippy::cast_precision_loss)]
    let spent = (spent(pid) - before) as f64 / 1000.0;
    spent / f64::from(count)
}

/// How many requests one worker carries, and how long they take, by how many clients ask at a time.
fn sizing(port: u16, script: &Path) {
    println!("\none worker, a list, token seen\n");
    // Fewer than a tenant may have at a time.
    for clients in [1, 4, 16, 48] {
        let done = load::wrk("sizing", port, LIST, script, &["-d4s", "--latency", &format!("-c{clients}")]);
        let [half, most] = ["50%", "99%"].map(|name| done.percentile(name));
        let rate = done.requests / 4;
        println!(
            "{clients:>4} clients {rate:>8} requests a second   half within {half:.2} ms, 99 % within {most:.2} ms"
        );
    }
}

/// Envoy checks what HAProxy does, and remembers tokens as the gateway does.
fn envoy_file(folder: &Path, listen: u16, backend: u16, issuer: &str) -> String {
    let address = |port| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let v3 = |name: &str| format!("type.googleapis.com/envoy.extensions.{name}");
    let jwt = json!({"@type": v3("filters.http.jwt_authn.v3.JwtAuthentication"),
        "providers": {"p": {"issuer": issuer, "audiences": [AUDIENCE], "forward": true,
            "local_jwks": {"filename": folder.join("jwks.json")}, "jwt_cache_config": {"jwt_cache_size": 10_000}}},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}]});
    let manager = json!({"@type": v3("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "f", "codec_type": "HTTP1",
        "access_log": [{"name": "file", "typed_config": {"@type": v3("access_loggers.file.v3.FileAccessLog"),
            "path": folder.join("envoy.log")}}],
        "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "engine"}}]}]},
        "http_filters": [{"name": "jwt", "typed_config": jwt},
            {"name": "router", "typed_config": {"@type": v3("filters.http.router.v3.Router")}}]});
    json!({"static_resources": {
        "listeners": [{"name": "l", "address": address(listen),
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{"name": "engine", "type": "STATIC", "load_assignment": {"cluster_name": "engine",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(backend)}}]}]}}]}})
    .to_string()
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [backend, plain, checked] = [free_port(), free_port(), free_port()];

    let key = Key::generate();
    let issuer = format!("http://127.0.0.1:{backend}/");
    let token = |number: usize, granted: usize| {
        let mut claims = json!({"iss": issuer, "sub": "app-one@clients", "aud": AUDIENCE, "iat": now(),
            "exp": now() + 86_400, "azp": "app-one", "gty": "client-credentials", "jti": number.to_string()});
        if granted > 0 {
            claims["tenants"] = (0..granted).map(|n| format!("granted-{n:04}")).collect();
        }
        key.sign(&key.header(), &claims)
    };
    let tokens: Vec<_> = (0..TOKENS).map(|number| token(number, 0)).collect();
    let script = |name: &str, tokens: &[String], most| load::script(folder, name, tokens, most);
    let (new, seen) = (script("new", &tokens, TOKENS), script("seen", &tokens[..1], REQUESTS));
    let without_end = script("sizing", &tokens[..1], usize::MAX >> 12);

    let granting = folder.join("granting.yaml");
    let yaml = "tenancy: {grants: [{claim: tenants, level: read}]}\nlimits: {max_token_bytes: 65536}\n";
    std::fs::write(&granting, yaml).unwrap();
    let granted = GRANTED.map(|(name, count, path)| (name, path, script(name, &[token(0, count)], TOKENS)));

    std::fs::write(folder.join("jwks.json"), json!({"keys": [key.jwk()]}).to_string()).unwrap();
    std::fs::write(folder.join("key.pem"), key.public_pem()).unwrap();
    let _backend = engine(folder, backend);
    let nginx = nginx(
        folder,
        "plain",
        &format!(
            "access_log plain.log combined;\nupstream engine {{ server 127.0.0.1:{backend}; keepalive 64; }}\n\
             server {{ listen 127.0.0.1:{plain} backlog=1024;\n\
             location / {{ proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ''; }} }}"
        ),
    );
    let haproxy_file = folder.join("haproxy.cfg");
    let haproxy_text = format!(
        "global\n  nbthread 1\n  log stdout format raw local0\n\
         defaults\n  mode http\n  log global\n  option httplog\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n\
         frontend f\n  bind 127.0.0.1:{checked}\n\
         \x20 http-request set-var(txn.t) http_auth_bearer\n\
         \x20 http-request set-var(txn.iss) var(txn.t),jwt_payload_query('$.iss')\n\
         \x20 http-request set-var(txn.aud) var(txn.t),jwt_payload_query('$.aud')\n\
         \x20 http-request deny unless {{ var(txn.iss) -m str {issuer} }}\n\
         \x20 http-request deny unless {{ var(txn.aud) -m str {AUDIENCE} }}\n\
         \x20 http-request deny unless {{ var(txn.t),jwt_verify(\"RS256\",\"{}\") -m int 1 }}\n\
         \x20 default_backend b\nbackend b\n  http-reuse always\n  server s 127.0.0.1:{backend}\n",
        folder.join("key.pem").display()
    );
    std::fs::write(&haproxy_file, haproxy_text).unwrap();
    let mut haproxy = Command::new("haproxy");
    let haproxy = haproxy.arg("-db").arg("-f").arg(&haproxy_file).stderr(Stdio::null());
    let haproxy = Running::with(haproxy.stdout(log(folder, "haproxy.log")));
    std::thread::sleep(Duration::from_millis(500));

    let passing = free_port();
    let envoy = std::env::var("TENANTGATE_ENVOY").ok().map(|program| {
        std::fs::write(folder.join("envoy.yaml"), envoy_file(folder, passing, backend, &issuer)).unwrap();
        let mut envoy = Command::new(program);
        envoy.args(["--concurrency", "1", "--base-id", &passing.to_string(), "-l", "error", "-c"]);
        let envoy = Running::with(envoy.arg(folder.join("envoy.yaml")).stderr(log(folder, "envoy.err")));
        std::thread::sleep(Duration::from_secs(3));
        envoy
    });
    let other = std::env::var("TENANTGATE_OTHER_BINARY").ok();
    let mut rows: Vec<(String, Vec<f64>)> = Vec::new();
    let mut row = |name: String, cost: f64| match rows.iter_mut().find(|row| row.0 == name) {
        Some(row) => row.1.push(cost),
        None => rows.push((name, vec![cost])),
    };
    for round in 0..ROUNDS {
        let gate = Gateway::start(&binary(), folder, backend);
        let older = other.as_ref().map(|binary| Gateway::start(binary, folder, backend));
        let builds = || [("gateway", Some(&gate)), ("other build", older.as_ref())];
        // The first request of a process costs more: connections, lazy tables.
        for (_, gate) in builds() {
            gate.map(|gate| cost("warm-up", gate.pid(), gate.port, LIST, &seen));
        }
        for (case, path) in CASES {
            row(format!("{case}: nginx"), cost("nginx", nginx.0.id(), plain, path, &seen));
            for (build, gate) in builds() {
                let Some(gate) = gate else { continue };
                row(format!("{case}: {build}"), cost(case, gate.pid(), gate.port, path, &seen));
            }
        }
        row("HAProxy, jwt_verify".into(), cost("haproxy", haproxy.0.id(), checked, LIST, &new));
        for (build, gate) in builds() {
            let Some(gate) = gate else { continue };
            row(format!("never seen: {build}"), cost("new", gate.pid(), gate.port, LIST, &new));
        }
        if let Some(envoy) = &envoy {
            row("Envoy, jwt_authn, seen".into(), cost("envoy", envoy.0.id(), passing, LIST, &seen));
            row("Envoy, jwt_authn, never seen".into(), cost("envoy", envoy.0.id(), passing, LIST, &new));
        }
        if round + 1 == ROUNDS {
            sizing(gate.port, &without_end);
            println!("\nmemory after load: {:.1} MiB", memory(gate.pid()));
            // What was said never to be seen was not.
            let metrics = gate.ask("/metrics").unwrap();
            let cache = metrics.lines().filter(|l| l.starts_with("tenantgate_token_cache"));
            cache.for_each(|line| println!("{line}"));
        }
        drop((gate, older));
        let gate = Gateway::with(&binary(), folder, backend, &["--config", granting.to_str().unwrap()]);
        cost("warm-up", gate.pid(), gate.port, LIST, &seen);
        for (name, path, script) in &granted {
            row(format!("{name}: granted"), cost(name, gate.pid(), gate.port, path, script));
        }
    }
    println!("\nCPU a request, median of {ROUNDS} rounds\n");
    let median = |name: &str| {
        let mut all = rows.iter().find(|row| row.0 == name).map(|row| row.1.clone()).unwrap_or_default();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let mut within = true;
    let mut ratio = |name: &str, floor: &str, budget: f64| {
        let ratio = median(name) / median(floor);
        within &= ratio <= budget;
        format!("{ratio:.2} of {floor} (budget {budget})")
    };
    for (name, all) in &rows {
        let said = match name.split_once(": ") {
            Some(("never seen", "gateway")) => ratio(name, "HAProxy, jwt_verify", BUDGETS.1),
            Some((case, "gateway")) => ratio(name, &format!("{case}: nginx"), BUDGETS.0),
            Some((_, "granted")) => format!("{:.1} × one", median(name) / median(ONE_TENANT)),
            Some((case, "other build")) => {
                format!("the gateway's is {:.2} of it", median(&format!("{case}: gateway")) / median(name))
            }
            _ => String::new(),
        };
        println!("{name:<24} {:>7.1} µs   {:<20} {said}", median(name), format!("{all:.1?}"));
    }
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
