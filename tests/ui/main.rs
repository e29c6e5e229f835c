//! The task list in a browser: engine, issuer, gateway and page as an operator runs them, and headless Chromium that does
//! what people do (`walk.mjs`). `make ui`.
//!
//! The script says what is to happen behind the page, a line each; this program does it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../demo/applications.rs"]
mod applications;
#[path = "../demo/page.rs"]
mod page;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use applications::{Applications, start};
use page::{CLIENT, Page, client};
use support::engine::{self, project};
use support::gateway::{Gateway, Plan};
use support::issuer::{AUDIENCE, Issuer};
use support::people::Client;
use support::recorder::{Answer, Recorder};

/// The longest that the walk may take.
const PATIENCE: Duration = Duration::from_secs(420);

/// What stands behind the page.
struct Backstage {
    issuer: Issuer,
    recorder: Recorder,
    gateway: Gateway,
    page: Page,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_work_with_the_tasks_of_all_applications() {
    let issuer = Issuer::start();
    let recorder = Recorder::before(&engine::url());
    // Tokens end when they say, so that one can be seen to end.
    let issuers = format!(
        "issuers:\n  - issuer: {}\n    audiences: [{AUDIENCE}]\n    leeway: 0s\nengine:\n  timeout: 5s\n",
        issuer.issuer()
    );
    let plan = Plan::without_issuer(env!("CARGO_BIN_EXE_tenantgate"), &recorder.url());
    let gateway = plan.config(&format!("{issuers}{}", page::YAML)).start().await;
    let applications = Applications { issuer: &issuer, gateway: &gateway };
    applications.two("webshop", "insurance").await.unwrap();
    let page = Page::start(&program(), &issuer, gateway.api().base()).unwrap();
    let backstage = Backstage { issuer, recorder, gateway, page };
    tokio::time::timeout(PATIENCE, walk(&backstage)).await.expect("the walk does not end");
    let log = backstage.gateway.log();
    assert!(!log.contains("guard"), "the gateway's guard had something to stop");
}

/// The page's program: `make ui` builds it.
fn program() -> PathBuf {
    let path = std::env::current_exe().unwrap().parent().unwrap().join("../examples/task-list");
    assert!(path.exists(), "{} is missing: run `make ui`", path.display());
    path
}

async fn walk(backstage: &Backstage) {
    let pictures = project().join("docs/images/task-list");
    let update = std::env::var("UPDATE").is_ok_and(|v| !v.is_empty() && v != "0");
    let mut script = tokio::process::Command::new("node");
    script.arg(project().join("target/ui/walk.mjs")).env("PAGE", &backstage.page.url);
    if update {
        std::fs::create_dir_all(&pictures).unwrap();
        script.env("PICTURES", pictures);
    }
    let mut script =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("node starts");
    let mut answers = script.stdin.take().unwrap();
    let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let Some(wish) = line.strip_prefix("DO ") else {
            println!("{line}");
            continue;
        };
        let answer =
            act(backstage, wish).await.map_or_else(|why| format!("failed: {why}"), |()| "done".into());
        answers.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    }
    assert!(script.wait().await.unwrap().success(), "the walk failed: see above");
}

/// Does what the script says.
async fn act(backstage: &Backstage, wish: &str) -> Result<(), String> {
    let Backstage { issuer, recorder, gateway, page } = backstage;
    let applications = Applications { issuer, gateway };
    let lives = |lives| issuer.register(CLIENT, Client { lives, ..client(&page.url) });
    match wish.split(' ').collect::<Vec<_>>()[..] {
        ["new", name] => applications.another(name).await?,
        ["hostile"] => hostile(&applications).await?,
        ["many"] => many(&applications).await?,
        ["engine", "up"] => recorder.script(|_| Answer::Forward),
        ["engine", "down"] => recorder.script(|_| Answer::Cut),
        // Changes arrive, and no answer comes.
        ["engine", "silent"] => recorder.script(|seen| match seen.path.ends_with("/claim") {
            true => Answer::Hang,
            false => Answer::Forward,
        }),
        // Ada's claims are late: whoever claims meanwhile is faster.
        ["engine", "slow-for-ada"] => recorder.script(|seen| {
            let adas = seen.path.ends_with("/claim") && seen.text().contains("\"ada\"");
            if adas {
                Answer::After(Duration::from_secs(2), Box::new(Answer::Forward))
            } else {
                Answer::Forward
            }
        }),
        ["tokens", "for", seconds] => lives(seconds.parse().ok()),
        ["tokens", "for", "a", "day"] => lives(None),
        ["expired", "tokens", "were", "seen"] => {
            let metrics = gateway.admin().get("/metrics").await.text();
            if !metrics.contains("TG401-EXPIRED") {
                return Err("no expired token reached the gateway".into());
            }
        }
        _ => return Err(format!("nobody knows how to `{wish}`")),
    }
    Ok(())
}

/// An application whose texts would run in a page that does not escape them.
async fn hostile(applications: &Applications<'_>) -> Result<(), String> {
    let name = "<img src=x onerror=alert(1)>";
    let api = applications.with_models("hostile", name, "nothing", &[("x.txt", b"x")]).await?;
    let text = "</p><script>alert(2)</script>\"'{{7*7}}${7*7}";
    let task =
        json!({"name": format!("{name}{text}"), "description": text, "tenantId": "hostile", "priority": 99});
    let made = api.post("/task/create", task).await;
    let id = api.get("/task").await.json()[0]["id"].as_str().map(str::to_owned).ok_or(made.to_string())?;
    let variables = json!({"modifications": {name: {"value": text}}});
    api.post(&format!("/task/{id}/variables"), variables).await.ok();
    api.post(&format!("/task/{id}/comment/create"), json!({"message": text})).await.ok();
    Ok(())
}

/// 10,000 tasks more.
async fn many(applications: &Applications<'_>) -> Result<(), String> {
    let model = include_bytes!("models/records.bpmn");
    let api = applications.with_models("archive", "Archive", "records", &[("records.bpmn", model)]).await?;
    for _ in 0..20 {
        start(&api, "records", &json!({})).await?;
    }
    Ok(())
}
