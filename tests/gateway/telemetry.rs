//! What operators see: figures that move, one access line a request, an audit line for each write and refusal, and
//! in none of them a token, a query or a body.

use reqwest::Method;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::stage::{Stage, issuer, plan};
use crate::support::gateway::Gateway;
use crate::support::random;
use crate::support::recorder::{Answer, Recorder};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn stage() -> Stage {
    Stage::with(|plan| plan.config("log:\n  format: json\n")).await
}

/// The lines of a log stream. The gateway writes a line before the reply goes out, but the pipe takes a moment.
async fn lines(stage: &Stage, target: &str, tenant: &str, wanted: usize) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..100 {
        found = stage
            .gateway
            .log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["target"] == target && line["tenant"] == tenant)
            .collect();
        if found.len() >= wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(found.len(), wanted, "{target}: {found:#?}");
    found
}

/// The value of one series of `/metrics`; 0 where there is none.
async fn figure(stage: &Stage, series: &str) -> f64 {
    let text = stage.gateway.admin().get("/metrics").await.ok().text();
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[tokio::test]
async fn each_request_is_one_access_line_and_writes_and_refusals_are_audited() {
    let stage = stage().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    app.get("/task?name=secretname").await.ok();
    app.post("/task/create", serde_json::json!({"name": "secretbody"})).await;
    app.get("/task?tenantIdIn=other").await.refused(403, "TG403-TENANT");

    let access = lines(&stage, "tenantgate::access", &tenant, 3).await;
    let told = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("operation"), text("kind"), text("outcome"), line["status"].as_u64(), text("code"))
    };
    let expected = |operation: &str, kind: &str, outcome: &str, status, code: &str| {
        (operation.to_owned(), kind.to_owned(), outcome.to_owned(), Some(status), code.to_owned())
    };
    assert_eq!(told(&access[0]), expected("GET /task", "read", "ok", 200, ""));
    assert_eq!(told(&access[1]), expected("POST /task/create", "start", "ok", 204, ""));
    assert_eq!(told(&access[2]), expected("GET /task", "read", "refused", 403, "TG403-TENANT"));
    assert_eq!(access[0]["engine_status"], 200);
    assert!(access[0]["seconds"].as_f64() >= access[0]["engine_seconds"].as_f64());

    // Reads that were answered are not audited; the write and the refusal are.
    let audit = lines(&stage, "tenantgate::audit", &tenant, 2).await;
    assert_eq!(told(&audit[0]).0, "POST /task/create");
    assert_eq!(told(&audit[1]).4, "TG403-TENANT");
    assert_eq!(audit[0]["peer"], "127.0.0.1");

    let log = stage.gateway.log();
    let signature = issuer().token(&tenant).rsplit('.').next().unwrap_or_default().to_owned();
    for secret in ["secretname", "secretbody", "eyJ", &signature] {
        assert!(!log.contains(secret), "`{secret}` is in the log");
    }
}

#[tokio::test]
async fn the_audit_names_the_path_s_ids() {
    let stage = stage().await;
    let tenant = format!("t{}", random());
    stage.client(&tenant).delete("/task/no%22teal").await;
    let audit = lines(&stage, "tenantgate::audit", &tenant, 1).await;
    assert_eq!(audit[0]["ids"], "no\"teal");
}

#[tokio::test]
async fn a_trace_id_goes_to_the_engine_and_into_the_log() {
    let stage = stage().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    app.send(Method::GET, "/task", &[("traceparent", TRACEPARENT)], Vec::new()).await.ok();
    app.send(Method::GET, "/task", &[("traceparent", "00-FORGED-x")], Vec::new()).await.ok();
    let access = lines(&stage, "tenantgate::access", &tenant, 2).await;
    assert_eq!(access[0]["trace_id"], TRACE_ID);
    assert_eq!(access[1]["trace_id"], "-");
    assert!(stage.recorder.seen().iter().any(|r| r.header("traceparent") == [TRACEPARENT]));
}

#[tokio::test]
async fn figures_tell_requests_refusals_tenants_tokens_and_owners() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let app = stage.client(&tenant);
    app.post("/task/create", serde_json::json!({"name": "x"})).await;
    let tasks: Value = app.get("/task").await.ok().json();
    let id = tasks[0]["id"].as_str().unwrap().to_owned();
    app.get(&format!("/task/{id}/variables")).await.ok();
    app.get(&format!("/task/{id}/variables")).await.ok();
    app.get("/task?tenantIdIn=other").await.refused(403, "TG403-TENANT");
    stage.gateway.api().get("/task").await.refused(401, "TG401-MISSING");
    for (series, value) in [
        ("tenantgate_requests_total{operation=\"GET /task\",outcome=\"ok\"}", 1.0),
        ("tenantgate_requests_total{operation=\"GET /task\",outcome=\"refused\"}", 1.0),
        ("tenantgate_requests_total{operation=\"none\",outcome=\"refused\"}", 1.0),
        (&format!("tenantgate_tenant_requests_total{{outcome=\"ok\",tenant=\"{tenant}\"}}"), 4.0),
        (&format!("tenantgate_tenant_requests_total{{outcome=\"refused\",tenant=\"{tenant}\"}}"), 1.0),
        ("tenantgate_refusals_total{code=\"TG403-TENANT\"}", 1.0),
        ("tenantgate_refusals_total{code=\"TG401-MISSING\"}", 1.0),
        ("tenantgate_tokens_total{outcome=\"accepted\"}", 5.0),
        ("tenantgate_token_cache_total{result=\"hit\"}", 4.0),
        ("tenantgate_ownership_cache_total{result=\"miss\"}", 1.0),
        ("tenantgate_ownership_cache_total{result=\"hit\"}", 1.0),
        ("tenantgate_ownership_questions_total", 1.0),
        ("tenantgate_owners_remembered", 1.0),
        ("tenantgate_guard_alarms_total", 0.0),
        ("tenantgate_requests_in_flight", 0.0),
    ] {
        assert!((figure(&stage, series).await - value).abs() < 0.1, "{series} is not {value}");
    }
    assert!(figure(&stage, "process_resident_memory_bytes").await > 0.0);
}

#[tokio::test]
async fn a_long_poll_shows_while_it_waits_and_as_abandoned_when_its_client_leaves() {
    let stage = stage().await;
    let tenant = format!("t{}", random());
    let body = serde_json::json!({
        "workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000,
        "topics": [{"topicName": format!("topic{tenant}"), "lockDuration": 1000}],
    })
    .to_string();
    let mut client = tokio::net::TcpStream::connect(stage.gateway.address).await.unwrap();
    let head = format!(
        "POST /engine-rest/external-task/fetchAndLock HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        issuer().token(&tenant),
        body.len(),
    );
    client.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..200 {
        if figure(&stage, "tenantgate_long_polls_in_flight").await > 0.5 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!((figure(&stage, "tenantgate_long_polls_in_flight").await - 1.0).abs() < 0.1);
    assert!((figure(&stage, "tenantgate_requests_in_flight").await - 1.0).abs() < 0.1);
    assert!((figure(&stage, "tenantgate_tenants_active").await - 1.0).abs() < 0.1);
    // A reset, as of a process that was killed; after a plain close the answer might still be read.
    client.set_zero_linger().unwrap();
    drop(client);
    let access = lines(&stage, "tenantgate::access", &tenant, 1).await;
    assert_eq!(access[0]["outcome"], "abandoned");
    assert_eq!(lines(&stage, "tenantgate::audit", &tenant, 1).await[0]["outcome"], "abandoned");
    assert!(figure(&stage, "tenantgate_long_polls_in_flight").await < 0.1);
    assert!(figure(&stage, "tenantgate_requests_in_flight").await < 0.1);
}

/// A gateway that is sent a signal as soon as it has answered, and the lines of a target that it wrote.
async fn ended_by(signal: &str, path: &str, target: &str) -> usize {
    let fake = Recorder::fake();
    fake.script(|_| Answer::Json(200, "[]".into()));
    let gateway: Gateway = plan(&fake.url()).config("log:\n  format: json\n").start().await;
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    for _ in 0..20 {
        app.get(path).await;
    }
    let kill = std::process::Command::new("kill").args([signal, &gateway.pid().to_string()]).status();
    assert!(kill.unwrap().success());
    let count = || gateway.log().lines().filter(|line| line.contains(target)).count();
    for _ in 0..100 {
        if count() >= 20 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    count()
}

#[tokio::test]
async fn who_is_told_to_stop_writes_all_lines() {
    assert_eq!(ended_by("-TERM", "/task", "tenantgate::access").await, 20);
}

#[tokio::test]
async fn who_is_killed_has_told_of_every_refusal_that_was_answered() {
    // An access line may wait for others; a line of the audit stream, and with it the access line, may not.
    for target in ["tenantgate::audit", "tenantgate::access"] {
        assert_eq!(ended_by("-KILL", "/task?tenantIdIn=other", target).await, 20, "{target}");
    }
}

/// Whoever collects the log reads every line as JSON: the start's, a warning's and an error's, too.
#[tokio::test]
async fn under_json_every_line_is_json_and_text_is_escaped_once() {
    let stage = Stage::with(|plan| plan.config("log:\n  format: json\ndeployments: {code: allow}\n")).await;
    let foreign = issuer().token_with("one", |_, claims| claims["iss"] = "https://o'ther.example/\n".into());
    stage.gateway.api().with_token(&foreign).get("/task").await.refused(401, "TG401-ISSUER");
    let line = lines(&stage, "tenantgate::access", "-", 1).await.remove(0);
    assert_eq!(line["message"], "the token's issuer is not accepted here");
    assert_eq!(line["cause"], "`iss` is `https://o'ther.example/?`");
    let all = stage.gateway.log();
    let all: Vec<Value> =
        all.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|_| panic!("{l}"))).collect();
    let of_start = |level: &str| {
        let mut of = all.iter().filter(|l| l["target"] == "tenantgate::start" && l["level"] == level);
        of.find(|l| level == "INFO" || l["code"] == "code-allowed").unwrap_or_else(|| panic!("{all:#?}"))
    };
    assert!(of_start("INFO")["engine"].as_str().unwrap().contains("(name `default`)"), "{all:#?}");
    assert!(of_start("WARN")["help"].as_str().unwrap().contains("deployments.code: deny"), "{all:#?}");
    // What does not start says so in the same way; the twin is for people.
    let broken =
        |format: &str| plan("http://127.0.0.1:1/x").config(&format!("log: {{format: {format}}}\nlisen: x\n"));
    let (code, log) = broken("json").finish();
    assert_eq!(code, Some(3));
    let told: Vec<Value> =
        log.lines().skip(1).map(|l| serde_json::from_str(l).unwrap_or_else(|_| panic!("{l}"))).collect();
    assert!(
        told.iter().any(|l| l["code"] == "unknown-key" && l["help"] == "did you mean `listen`?"),
        "{log}"
    );
    assert!(told.last().unwrap()["message"].as_str().unwrap().starts_with("not started"), "{log}");
    let (_, log) = broken("human").finish();
    assert!(log.contains("help: did you mean `listen`?"), "{log}");
}
