//! What a build by profile (`benches/pgo`) is trained with: the requests that applications make most.
//!
//! In: an instrumented program and wrk. Out: nothing but the program's own profile, which it writes when it ends. No
//! figures: what is trained is measured by `proxy`.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use load::{CASES, Gateway, LIST, asked, binary, engine, script};
use serde_json::json;
use support::free_port;
use support::issuer::{AUDIENCE, Key, now};

/// Requests of each sort.
const REQUESTS: usize = 4_000;
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

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let port = free_port();
    let key = Key::generate();
    std::fs::write(folder.join("jwks.json"), json!({"keys": [key.jwk()]}).to_string()).unwrap();
    let issuer = format!("http://127.0.0.1:{port}/");
    let token = |number: usize| {
        let claims = json!({"iss": issuer, "sub": "app-one@clients", "aud": AUDIENCE, "iat": now(),
            "exp": now() + 86_400, "azp": "app-one", "gty": "client-credentials", "jti": number.to_string()});
        key.sign(&key.header(), &claims)
    };
    let tokens: Vec<_> = (0..REQUESTS).map(token).collect();
    let _engine = engine(folder, port);
    let gateway = Gateway::start(&binary(), folder, port);
    let seen = script(folder, "seen", &tokens[..1], REQUESTS, None);
    for (case, path) in CASES {
        println!("{case}: {} requests", asked(case, gateway.port, path, &seen));
    }
    let new = script(folder, "new", &tokens, REQUESTS, None);
    println!("never seen: {} requests", asked("never seen", gateway.port, LIST, &new));
    for (name, path, body) in BODIES {
        let posts = script(folder, name, &tokens[..1], REQUESTS, Some(body));
        println!("{name}: {} requests", asked(name, gateway.port, path, &posts));
    }
}
