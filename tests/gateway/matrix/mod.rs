//! The access matrix: every operation whose rule is not `deny`, asked by A for its own, for B's, for what never
//! existed, and for what has no tenant, against the real engine.
//!
//! Nothing of B and nothing of the shared side may come back, B's state stays the same, foreign and missing are
//! answered alike and as the engine answers, and A's own works. The table is `tests/golden/access-matrix.txt`;
//! `UPDATE=1 cargo test --test gateway matrix` writes it anew. `tests/data/cases.yaml` says what is sent.
//! Under `shared_resources: readable` all is run again: there definitions and deployments without tenant may show in
//! reads of them, and nothing else differs (`tests/golden/access-matrix-readable.txt`).
//! B's own models call the shared side's definitions, so that its instances hang on what A may read then.
//! `presence.rs` asks with and without them, and with every parameter of the shared lists.
//! `alike.rs` runs what changes something between tenants that hold equal texts everywhere.
//! `ONLY=text` runs the rows whose name holds that text.

mod alike;
mod calling;
mod granted;
// The tests of faults ask for the same.
pub mod cases;
pub mod columns;
pub mod estate;
mod making;
mod presence;
pub mod run;
pub mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cases::Row;
use columns::Sides;
use estate::Estate;
use run::{Outcome, Run};
use serde_json::Value;
use state::Secrets;

use crate::stage::Stage;
use crate::support::engine::project;
use crate::support::snapshot::Snapshot;

/// Rows are spread over so many lanes, each with a gateway, a caller and another tenant of its own.
const LANES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_access_matrix() {
    matrix(Shared::Hidden, "access-matrix.txt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_access_matrix_with_readable_resources() {
    matrix(Shared::Readable, "access-matrix-readable.txt").await;
}

/// What the gateway is told of resources without tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    Hidden,
    Readable,
}

/// One matrix at a time: each clears away what it made, which the engine-wide reports of the other would count.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn matrix(setting: Shared, table_file: &str) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let policy = tenantgate::policy::load(None).unwrap();
    let (rows, without) = cases::rows(&policy);
    check_without(&without);
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.name.contains(&only)).collect();
    assert!(!rows.is_empty());
    let shared = Arc::new(Estate::new("S", false).await);
    for kind in making::KINDS {
        shared.kept(kind).await;
    }
    let others = others(&shared).await;
    let before = state::whole(&shared).await;
    let mut lanes = Vec::new();
    for (lane, other) in others.into_iter().enumerate() {
        let mine: Vec<Row> = rows.iter().skip(lane).step_by(LANES).cloned().collect();
        let shared = Arc::clone(&shared);
        lanes.push(tokio::spawn(async move { run_lane(mine, other, &shared, setting).await }));
    }
    let (mut table, mut problems, mut used) = (BTreeMap::new(), Vec::new(), Vec::new());
    for lane in lanes {
        let (outcomes, estates) = lane.await.unwrap();
        used.extend(estates);
        for (name, outcome) in outcomes {
            problems.extend(outcome.problems);
            table.insert(name, outcome.cells);
        }
    }
    if before != state::whole(&shared).await {
        problems.push("the shared side's state changed".into());
    }
    // Not before: a deployment that goes at the same time as another comes makes the engine refuse the other.
    for estate in used.iter().chain([&*shared]) {
        estate.clear().await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    if only.is_empty() {
        golden(table_file, &written(&table));
    }
}

/// B, for each lane: one of each kind, and what its own models have running on the shared side's definitions.
async fn others(shared: &Arc<Estate>) -> Vec<Estate> {
    let making: Vec<_> = (0..LANES)
        .map(|_| {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                let other = Estate::new("B", true).await;
                for kind in making::KINDS {
                    other.kept(kind).await;
                }
                other.call(&shared).await;
                other
            })
        })
        .collect();
    let mut others = Vec::new();
    for other in making {
        others.push(other.await.unwrap());
    }
    others
}

async fn run_lane(
    rows: Vec<Row>,
    other: Estate,
    shared: &Estate,
    setting: Shared,
) -> (Vec<(String, Outcome)>, Vec<Estate>) {
    // Reports over the whole engine take as long as all tests' data make them.
    let patient = "engine:\n  timeout: 5m\n";
    let tenancy = match setting {
        Shared::Hidden => "",
        Shared::Readable => "tenancy:\n  shared_resources: readable\n",
    };
    let stage = Stage::with(|plan| plan.config(&format!("{patient}{tenancy}"))).await;
    let caller = Estate::new("A", true).await;
    for kind in making::KINDS {
        caller.kept(kind).await;
    }
    let secrets = [Secrets::of(&other).await.without(shared), Secrets::of(shared).await];
    let (quick, whole) = (state::quick(&other).await, state::whole(&other).await);
    let (mut outcomes, mut used) = (Vec::new(), vec![]);
    for row in rows {
        // What changes something gets a caller of its own: it may use up a definition, a deployment, anything.
        let fresh = if row.changes { Some(Estate::new("A", true).await) } else { None };
        let own = fresh.as_ref().unwrap_or(&caller);
        let sides = Sides { own, foreign: &other, shared };
        let mut outcome =
            Run { stage: &stage, sides, secrets: &secrets, setting, client: None }.row(&row).await;
        if row.changes {
            let now = state::quick(&other).await;
            outcome.problems.extend(changes(&row.name, &quick, &now));
        }
        used.extend(fresh);
        outcomes.push((row.name, outcome));
    }
    let mut last = Outcome::default();
    last.problems.extend(changes("a whole lane", &whole, &state::whole(&other).await));
    if let Some((_, outcome)) = outcomes.last_mut() {
        outcome.problems.append(&mut last.problems);
    }
    used.extend([caller, other]);
    (outcomes, used)
}

/// What of the other's state is not as before.
fn changes(name: &str, before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let rows = |state: &Snapshot, key: &String| -> Vec<String> {
        match state.get(key) {
            Some(Value::Array(rows)) => rows.iter().map(Value::to_string).collect(),
            other => vec![format!("{other:?}")],
        }
    };
    let only = |one: Vec<String>, other: &[String]| -> Vec<String> {
        one.into_iter().filter(|row| !other.contains(row)).collect()
    };
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != now.get(*key))
        .map(|key| {
            let (was, is) = (rows(before, key), rows(now, key));
            let (gone, new) = (only(was.clone(), &is), only(is, &was));
            format!("{name} changed {key} of B:\n    before {gone:?}\n    after  {new:?}")
        })
        .collect()
}

/// Operations that are not denied and have no case are listed, and the list may only shrink.
fn check_without(without: &BTreeSet<String>) {
    let listed: BTreeSet<String> =
        include_str!("../../golden/operations-without-cases.txt").lines().map(str::to_owned).collect();
    let unlisted: Vec<_> = without.difference(&listed).collect();
    assert!(unlisted.is_empty(), "without a case, add a line to tests/data/cases.yaml: {unlisted:#?}");
    let covered: Vec<_> = listed.difference(without).collect();
    assert!(covered.is_empty(), "have a case now or are denied, take them off the list: {covered:#?}");
}

/// The table: an operation, and under it what is alike in one line.
fn written(table: &BTreeMap<String, Vec<(&'static str, String)>>) -> String {
    let mut text = String::new();
    for (name, cells) in table {
        text.push_str(&format!("{name}\n"));
        let mut lines: Vec<(String, &String)> = Vec::new();
        for (column, cell) in cells.iter().rev() {
            match lines.iter_mut().find(|(_, same)| *same == cell) {
                Some((columns, _)) => *columns = format!("{column} {columns}"),
                None => lines.push(((*column).to_owned(), cell)),
            }
        }
        for (columns, cell) in lines {
            text.push_str(&format!("  {columns:22} {cell}\n"));
        }
    }
    text
}

/// Compares with the file, or writes it when `UPDATE` is set.
pub fn golden(name: &str, text: &str) {
    let file = project().join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        kept == text,
        "{} is not as it was: first {differs:?}; look at it and run with UPDATE=1",
        file.display()
    );
}
