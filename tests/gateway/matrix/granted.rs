//! The matrix for callers whose token grants another tenant: A asks for B's, granted to read, to work on and in full,
//! while a third tenant C is granted to nobody.
//!
//! What the level covers works on B's as on the own; what it does not is refused, and B's state stays the same. Nothing
//! of C comes back and C's state stays the same, whatever A is granted in B. `tests/golden/access-matrix-granted.txt`
//! holds what each level came to; `UPDATE=1` writes it anew.

use std::collections::BTreeMap;

use serde_json::json;
use tenantgate::policy::{Policy, RuleKind};

use super::cases::{self, Row};
use super::columns::{Column, Filler, Sides};
use super::estate::Estate;
use super::making;
use super::run::send;
use super::state::{self, Secrets};
use super::{ONE_AT_A_TIME, changes, golden};
use crate::stage::{Stage, issuer};

const LEVELS: [&str; 3] = ["read", "work", "all"];
const GRANTS: &str = "engine:\n  timeout: 5m\ntenancy:\n  grants:\n    - claim: https://example.com/tenants\n      level: read\n";

/// What a level came to, for a row.
type Cells = BTreeMap<String, Vec<(&'static str, String)>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_access_matrix_with_grants() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let lanes = LEVELS.map(|level| tokio::spawn(lane(level)));
    let (mut table, mut problems, mut used) = (Cells::new(), Vec::new(), Vec::new());
    for (level, lane) in LEVELS.into_iter().zip(lanes) {
        let (cells, found, estates) = lane.await.unwrap();
        problems.extend(found);
        used.extend(estates);
        for (name, cell) in cells {
            table.entry(name).or_default().push((level, cell));
        }
    }
    // Not before: a deployment that goes at the same time as another comes makes the engine refuse the other.
    for estate in &used {
        estate.clear().await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    if std::env::var("ONLY").unwrap_or_default().is_empty() {
        golden("access-matrix-granted.txt", &super::written(&table));
    }
}

/// Whether a level covers a kind of rule.
fn covers(level: &str, kind: RuleKind) -> bool {
    match level {
        "read" => kind == RuleKind::Read,
        "work" => matches!(kind, RuleKind::Read | RuleKind::Work),
        _ => true,
    }
}

fn rows(policy: &Policy) -> Vec<(Row, RuleKind)> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows = cases::rows(policy).0.into_iter().filter(|row| row.name.contains(&only));
    let kind = |row: &Row| {
        let operation = row.name.split(" (").next().unwrap();
        policy.rules().iter().find(|rule| **rule.operation.name() == *operation).unwrap().kind
    };
    rows.map(|row| (row.clone(), kind(&row))).collect()
}

async fn lane(level: &'static str) -> (Vec<(String, String)>, Vec<String>, Vec<Estate>) {
    let policy = tenantgate::policy::load(None).unwrap();
    let stage = Stage::with(|plan| plan.config(GRANTS)).await;
    let (caller, granted, third) =
        (Estate::new("A", true).await, Estate::new("B", true).await, Estate::new("C", true).await);
    for kind in making::KINDS {
        for side in [&caller, &granted, &third] {
            side.kept(kind).await;
        }
    }
    let app = |granted: &Estate| {
        let token = issuer().token_with(caller.tenant.as_deref().unwrap(), |_, claims| {
            claims["https://example.com/tenants"] = json!([{"tenant": granted.tenant, "level": level}]);
        });
        stage.gateway.api().with_token(&token)
    };
    let secrets = Secrets::of(&third).await;
    let before = state::whole(&third).await;
    let (mut cells, mut problems, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for (row, kind) in rows(&policy) {
        let covered = covers(level, kind);
        // What is allowed may use its id up, or the whole deployment: it gets a tenant of its own.
        let fresh = if row.changes && covered { Some(Estate::new("B", true).await) } else { None };
        let granted = fresh.as_ref().unwrap_or(&granted);
        for kind in &row.needs {
            caller.kept(kind).await;
        }
        let sides = Sides { own: &caller, foreign: granted, shared: &third };
        let mut filler = Filler::new(sides, Column::Foreign);
        let Some(ask) = filler.ask(&row.ask).await else { continue };
        if !filler.values.values().any(|whose| whose == "foreign") {
            continue;
        }
        let quick = if covered { None } else { Some(state::quick(granted).await) };
        let reply = send(&app(granted), &row.method, &ask).await;
        let asked = format!("{} {}", ask.path, ask.body.as_deref().unwrap_or_default());
        problems.extend(secrets.seen_in(&reply, &asked).map(|what| format!("{level} {}: {what}", row.name)));
        if let Some(quick) = quick
            && row.changes
        {
            problems.extend(changes(&format!("{level}: {}", row.name), &quick, &state::quick(granted).await));
            if (200..300).contains(&reply.status) && row.sort == cases::Sort::Tenants {
                problems.push(format!("{level} {}: not refused: {reply}", row.name));
            }
        }
        let cell = match reply.refusal() {
            Some(code) => code,
            None if (200..300).contains(&reply.status) => "works".to_owned(),
            None => format!("{} of the engine", reply.status),
        };
        cells.push((row.name, cell));
        used.extend(fresh);
    }
    problems.extend(changes(&format!("{level}: C"), &before, &state::whole(&third).await));
    used.extend([caller, granted, third]);
    (cells, problems, used)
}
