//! A running Prometheus scrapes a running gateway under traffic: each query of the dashboard returns data, each
//! recorded rule has a value, and the figures keep Prometheus's conventions. Run by `make dashboard-test`, which gets
//! Prometheus and names its folder in `TENANTGATE_PROMETHEUS`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stage::{Stage, issuer};
use crate::support::{free_port, random};

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn project(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn prometheus(folder: &str, admin: &str, port: u16, work: &Path) -> Running {
    let config = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{}]\nscrape_configs:\n  \
         - {{ job_name: tenantgate, static_configs: [{{ targets: ['{admin}'] }}] }}\n",
        project("helm/files/rules.yaml").display()
    );
    std::fs::write(work.join("prometheus.yml"), config).unwrap();
    let child = Command::new(Path::new(folder).join("prometheus"))
        .arg(format!("--config.file={}", work.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", work.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Prometheus starts");
    Running(child)
}

/// What applications do on a usual day, mistakes included.
async fn traffic(stage: &Stage, until: Instant) {
    let apps = [random(), random()].map(|id| (format!("t{id}"), stage.client(&format!("t{id}"))));
    let forged = issuer().token_with("x", |header, _| header["kid"] = "unknown".into());
    while Instant::now() < until {
        for (tenant, app) in &apps {
            app.post("/task/create", serde_json::json!({"name": "x"})).await;
            let tasks: Value = app.get("/task?maxResults=3").await.ok().json();
            for task in tasks.as_array().unwrap() {
                let id = task["id"].as_str().unwrap();
                app.get(&format!("/task/{id}/variables")).await.ok();
            }
            app.get("/task?tenantIdIn=other").await.refused(403, "TG403-TENANT");
            let poll = serde_json::json!({
                "workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 100,
                "topics": [{"topicName": tenant, "lockDuration": 1000}],
            });
            app.post("/external-task/fetchAndLock", poll).await.ok();
        }
        stage.gateway.api().get("/task").await.refused(401, "TG401-MISSING");
        stage.gateway.api().with_token(&forged).get("/task").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The values that a query returns, those that are not a number left out.
async fn ask(port: u16, query: &str) -> Result<Vec<f64>, String> {
    let mut url = reqwest::Url::parse(&format!("http://127.0.0.1:{port}/api/v1/query")).unwrap();
    url.query_pairs_mut().append_pair("query", query);
    let reply: Value = match reqwest::get(url).await {
        Ok(reply) => serde_json::from_str(&reply.text().await.map_err(|e| e.to_string())?)
            .map_err(|e| e.to_string())?,
        Err(e) => return Err(e.to_string()),
    };
    if reply["status"] != "success" {
        return Err(reply["error"].to_string());
    }
    let values = reply["data"]["result"].as_array().cloned().unwrap_or_default();
    let numbers = values.iter().filter_map(|v| v["value"][1].as_str()?.parse::<f64>().ok());
    Ok(numbers.filter(|n| !n.is_nan()).collect())
}

/// Every query of every panel, with Grafana's variables as it would fill them.
fn queries() -> Vec<(String, String)> {
    let dashboard: Value =
        serde_json::from_slice(&std::fs::read(project("helm/files/dashboard.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            let filled =
                query.replace("$__rate_interval", "10s").replace("$__range", "1m").replace("$job", ".*");
            assert!(!filled.contains('$'), "a variable that this test does not know: {query}");
            found.push((panel["title"].as_str().unwrap().to_owned(), filled));
        }
    }
    assert!(found.len() > 20, "the dashboard lost its queries");
    found
}

/// Draws the dashboard by its own queries in headless Chromium: `make pictures`.
fn draw(port: u16, picture: &str) {
    let script = project("target/ui/dashboard.mjs");
    let drawn = Command::new("node")
        .arg(script)
        .arg(project("helm/files/dashboard.json"))
        .arg(format!("http://127.0.0.1:{port}"))
        .arg(picture)
        .status();
    assert!(drawn.unwrap().success(), "the picture was not drawn");
}

#[tokio::test]
#[ignore = "needs Prometheus: make dashboard-test"]
async fn every_panel_shows_data_under_traffic() {
    let folder = std::env::var("TENANTGATE_PROMETHEUS").expect("the folder of prometheus and promtool");
    let stage = Stage::start().await;
    let work = tempfile::tempdir().unwrap();
    let port = free_port();
    let _prometheus = prometheus(&folder, &stage.gateway.admin.to_string(), port, work.path());

    let began = Instant::now();
    // A picture of some minutes shows more than a dashboard that was just opened.
    let seconds = if std::env::var_os("TENANTGATE_PICTURE").is_some() { 90 } else { 15 };
    traffic(&stage, began + Duration::from_secs(seconds)).await;
    let mut empty = Vec::new();
    for (panel, query) in queries() {
        match ask(port, &query).await {
            Ok(values) if values.is_empty() => empty.push(format!("{panel}: {query}")),
            Ok(_) => {}
            Err(fault) => empty.push(format!("{panel}: {query}: {fault}")),
        }
    }
    assert!(empty.is_empty(), "empty panels:\n{}", empty.join("\n"));
    // The check itself tells an empty panel.
    assert_eq!(ask(port, "tenantgate_no_such_figure").await, Ok(Vec::new()));

    if let Ok(picture) = std::env::var("TENANTGATE_PICTURE") {
        draw(port, &picture);
    }

    let figures = stage.gateway.admin().get("/metrics").await.ok().text();
    let mut promtool = Command::new(Path::new(&folder).join("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(figures.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "promtool check metrics:\n{said}");
}
