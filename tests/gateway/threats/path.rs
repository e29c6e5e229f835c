//! P1–P8: a path has one reading or is 400, and what has no rule goes nowhere.

use super::Raw;
use crate::stage::Stage;
use crate::support::random;
use crate::support::world::World;

/// Targets that must be refused before anything is asked, each class with its twin at the end.
async fn refused(targets: &[&str], statuses: &[u16], twin: &str) {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    for target in targets {
        let reply = raw.ask(&format!("GET {target}"), &[], "");
        assert!(statuses.contains(&reply.status), "{target}: {reply}");
        stage.recorder.nothing();
    }
    assert_eq!(raw.ask(&format!("GET {twin}"), &[], "").status, 200, "{twin}");
    assert_eq!(stage.recorder.seen().len(), 1, "{twin}");
}

#[tokio::test]
async fn p1_dots_and_empty_segments() {
    let targets = [
        "/engine-rest/./task",
        "/engine-rest/x/../task",
        "/engine-rest/../engine-rest/task",
        "/engine-rest//task",
        "//engine-rest/task",
        "/engine-rest/task//count",
        "/engine-rest/task/..",
        "/engine-rest/task/../authorization",
    ];
    // What does not begin with the engine's path is nothing at all.
    refused(&targets, &[400, 403], "/engine-rest/task").await;
}

#[tokio::test]
async fn p2_encoded_dots_and_slashes() {
    let targets = [
        "/engine-rest/%2e/task",
        "/engine-rest/%2E%2e/task",
        "/engine-rest/task%2fcount",
        "/engine-rest/task%2Fcount",
        "/engine-rest/task%5ccount",
        "/engine-rest/task/%252e%252e",
        "/engine-rest/task/x%252fcount",
    ];
    refused(&targets, &[400], "/engine-rest/task/count").await;
}

#[tokio::test]
async fn p3_matrix_parameters() {
    let targets = [
        "/engine-rest/task;a=b",
        "/engine-rest/task;a/count",
        "/engine-rest/;/task",
        "/engine-rest;x=y/task",
        "/engine-rest/task%3bx",
        "/engine-rest/task%3Bx=y/count",
    ];
    refused(&targets, &[400, 403], "/engine-rest/task").await;
}

#[tokio::test]
async fn p4_case_and_encoded_letters() {
    // Literal segments are what they are; the engine knows neither spelling.
    let targets =
        ["/engine-rest/Task", "/engine-rest/TASK/count", "/Engine-Rest/task", "/engine-rest/%54ask"];
    refused(&targets, &[400, 403], "/engine-rest/task").await;
}

#[tokio::test]
async fn p5_bytes_that_are_no_text() {
    let targets = [
        "/engine-rest/task/%00",
        "/engine-rest/task/%0d%0aX:y",
        "/engine-rest/task/%ff",
        "/engine-rest/task/%c0%ae",
        "/engine-rest/task/%zz",
        "/engine-rest/task/%",
    ];
    refused(&targets, &[400], "/engine-rest/task").await;
    // Encoded they are letters of an id, and stay encoded: neither a query nor a fragment begins there.
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    for id in ["%23x", "%3FtenantIdIn=x"] {
        assert_eq!(raw.ask(&format!("GET /engine-rest/task/{id}"), &[], "").status, 404);
    }
    // A fragment is no part of a target (RFC 9112 section 3.2); the library drops it before anybody looks.
    raw.ask("GET /engine-rest/task/x#y", &[], "");
    let seen = stage.recorder.seen();
    assert!(seen.iter().all(|s| s.query.is_none() && !s.path.contains(['#', '?'])), "{seen:?}");
}

#[tokio::test]
async fn p6_other_engines_and_hidden_resources() {
    let targets = [
        "/engine-rest/engine/other/task",
        "/engine-rest/engine/default/engine/other/task",
        "/engine-rest/engine/Default/task",
        "/engine-rest/optimize/process-instance/running",
        "/engine-rest/engine/default/optimize/process-instance/running",
        "/engine-rest/application.wadl",
    ];
    refused(&targets, &[403], "/engine-rest/engine/default/task").await;
}

#[tokio::test]
async fn p7_methods() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let raw = Raw::new(&stage, &a.tenant);
    for method in ["TRACE", "PATCH", "PROPFIND", "get", "CONNECT"] {
        let reply = raw.ask(&format!("{method} /engine-rest/task"), &[], "");
        assert!([0, 400, 403, 404, 405].contains(&reply.status), "{method}: {reply}");
    }
    stage.recorder.nothing();
    // A method in a header is only a header: this stays a GET, and B's task stays.
    for header in ["X-HTTP-Method-Override: DELETE", "X-Method-Override: DELETE", "X-HTTP-Method: DELETE"] {
        stage.recorder.forget();
        let reply = raw.ask(&format!("GET /engine-rest/task/{}", a.errand), &[header], "");
        assert_eq!(reply.status, 200, "{header}: {reply}");
        assert!(
            stage
                .recorder
                .seen()
                .iter()
                .all(|s| s.method == "GET" && s.header("x-http-method-override").is_empty())
        );
    }
    // HEAD says what GET says, without a body; a foreign id as a missing one, in length too.
    let foreign = raw.ask(&format!("HEAD /engine-rest/task/{}", b.review), &[], "");
    let missing = raw.ask(&format!("HEAD /engine-rest/task/{}", crate::support::missing_id()), &[], "");
    assert_eq!((foreign.status, foreign.body.len()), (404, 0));
    assert_eq!(foreign.header("content-length"), missing.header("content-length"));
    assert_eq!(raw.ask(&format!("HEAD /engine-rest/task/{}", a.errand), &[], "").status, 200);
    // OPTIONS tells nothing of the engine.
    stage.recorder.forget();
    let reply = raw.ask(&format!("OPTIONS /engine-rest/task/{}", b.review), &[], "");
    assert!(!reply.text().to_lowercase().contains("wadl"), "{reply}");
    stage.recorder.nothing();
}

#[tokio::test]
async fn p8_targets_in_other_forms() {
    let stage = Stage::start().await;
    let raw = Raw::new(&stage, &format!("t{}", random()));
    for line in [
        "GET http://other.test/engine-rest/task",
        "GET http://gateway.test@other.test/engine-rest/task",
        "GET other.test:80",
        "GET *",
        "CONNECT other.test:443",
        "GET engine-rest/task",
    ] {
        let reply = raw.ask(line, &[], "");
        assert_ne!(reply.status, 200, "{line}: {reply}");
        stage.recorder.nothing();
    }
    // The twin: absolute form that names the same host.
    assert_eq!(raw.ask("GET http://gateway.test/engine-rest/task", &[], "").status, 200);
    assert_eq!(stage.recorder.only().path, "/engine-rest/task");
}
