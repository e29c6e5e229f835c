//! A and B hold equal texts: keys, names, business keys, variables, workers, messages, incidents, whatever a client
//! can choose. The engine finds many rows by such texts, in all tenants; so A carries out all that changes something
//! on what is its own, and after each B's state is held against what it was.
//!
//! B has asked each of these requests itself before, through the gateway, so the texts in them are B's too; then it
//! gets one of each kind. Markers tell nothing here: that nothing of B shows is said by the engine's ids.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::cases::{self, Ask, Row};
use super::columns::{Column, Sides};
use super::estate::{Estate, Texts};
use super::run::{Outcome, Run};
use super::state::{self, Secrets};
use super::{LANES, ONE_AT_A_TIME, Shared, changes, making};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_access_matrix_with_equal_texts() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (rows, _) = cases::rows(&tenantgate::policy::load(None).unwrap());
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| row.changes && row.name.contains(&only))
        .map(whole_deployments)
        .collect();
    assert!(!rows.is_empty());
    let shared = Arc::new(Estate::new("S", false).await);
    let mut lanes = Vec::new();
    for lane in 0..LANES {
        let mine: Vec<Row> = rows.iter().skip(lane).step_by(LANES).cloned().collect();
        let shared = Arc::clone(&shared);
        lanes.push(tokio::spawn(async move { run_lane(mine, &shared).await }));
    }
    let (mut problems, mut used) = (Vec::new(), Vec::new());
    for lane in lanes {
        let (found, estates) = lane.await.unwrap();
        problems.extend(found);
        used.extend(estates);
    }
    for estate in used.iter().chain([&*shared]) {
        estate.clear().await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// The caller has instances here; a deployment or definition goes only with what hangs on it.
fn whole_deployments(mut row: Row) -> Row {
    let deployed = ["/deployment/", "/process-definition/"].iter().any(|p| row.ask.path.starts_with(p));
    if row.method == Method::DELETE.as_str() && deployed && row.ask.query.is_empty() {
        row.ask = Ask { query: "cascade=true".into(), ..row.ask };
    }
    row
}

/// What B does first, with a deployment that has to last: all but what ends or suspends definitions, or makes others.
fn fills(row: &Row) -> bool {
    row.method != "DELETE" && !row.name.contains("suspended") && !row.name.contains("redeploy")
}

async fn run_lane(rows: Vec<Row>, shared: &Estate) -> (Vec<String>, Vec<Estate>) {
    let stage = Stage::with(|plan| plan.config("engine:\n  timeout: 5m\n")).await;
    let texts = Texts::new("E");
    let other = Estate::alike("B", &texts, &stage).await;
    let tenant = other.tenant.clone().unwrap();
    let mut problems = Vec::new();
    for row in rows.iter().filter(|row| fills(row)) {
        other.forget().await;
        let sides = Sides { own: &other, foreign: &other, shared };
        let filled = own(&stage, sides, &[], row).await.problems;
        problems.extend(filled.into_iter().map(|problem| format!("B's own {problem}")));
    }
    // A monitor would look after each half minute, and change what must stay the same.
    for batch in other.engine.get(&format!("/batch?suspended=false&tenantIdIn={tenant}")).await.ok().ids() {
        other.engine.put(&format!("/batch/{batch}/suspended"), json!({"suspended": true})).await.ok();
    }
    other.forget().await;
    for kind in making::KINDS {
        other.kept(kind).await;
    }
    // One made past the gateway, as older ones are: the same text in the engine's own words.
    let (execution, _) = other.kept("execution").await;
    let path = format!("/execution/{}/create-incident", execution.id);
    other.engine.post(&path, other.alike_incident()).await.ok();
    let secrets = [Secrets::of(&other).await];
    let (mut quick, whole) = (state::quick(&other).await, state::whole(&other).await);
    let mut used = Vec::new();
    for row in rows {
        let caller = Estate::alike("A", &texts, &stage).await;
        for kind in ["process-instance", "case-instance"] {
            caller.kept(kind).await;
        }
        let sides = Sides { own: &caller, foreign: &other, shared };
        problems.extend(own(&stage, sides, &secrets, &row).await.problems);
        let now = state::quick(&other).await;
        problems.extend(changes(&row.name, &quick, &now));
        // Each row answers for what it did itself.
        quick = now;
        used.push(caller);
    }
    problems.extend(changes("a whole lane", &whole, &state::whole(&other).await));
    used.push(other);
    (problems, used)
}

async fn own(stage: &Stage, sides: Sides<'_>, secrets: &[Secrets], row: &Row) -> Outcome {
    Run { stage, sides, secrets, setting: Shared::Hidden, client: None }.columns(row, &[Column::Own]).await
}
