//! Who runs on shared definitions must not show to others: all that A can read, and every parameter of the lists of
//! definitions and deployments (`tests/data/shared-lists.tsv`), asked before and after B has anything there.
//!
//! Some parameters join the rows of whoever runs on a definition. Which do is told by the engine itself.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use serde_json::Value;

use super::calling::Called;
use super::cases::{self, Row};
use super::columns::{Column, Sides};
use super::estate::Estate;
use super::run::{Plain, Run, may_show_shared};
use super::{ONE_AT_A_TIME, Shared, making};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::missing_id;

/// Parameters by which the stock engine shows what runs on a definition, whoever's it is.
const BLIND: [&str; 4] = ["incidentId", "incidentMessage", "incidentMessageLike", "incidentType"];

/// The lists, by the name of their query's class, and a parameter that keeps other tests' resources out.
const LISTS: [(&str, &str, &str); 5] = [
    ("CaseDefinitionQueryDto", "/case-definition", "deploymentId"),
    ("DecisionDefinitionQueryDto", "/decision-definition", "deploymentId"),
    ("DecisionRequirementsDefinitionQueryDto", "/decision-requirements-definition", "deploymentId"),
    ("DeploymentQueryDto", "/deployment", "id"),
    ("ProcessDefinitionQueryDto", "/process-definition", "deploymentId"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_runs_on_shared_definitions_does_not_show() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let config = "engine:\n  timeout: 5m\ntenancy:\n  shared_resources: readable\n";
    let stage = Stage::with(|plan| plan.config(config)).await;
    let (shared, own) = (Estate::new("S", false).await, Estate::new("A", true).await);
    let other = Estate::new("B", true).await;
    for kind in making::KINDS {
        shared.kept(kind).await;
        own.kept(kind).await;
    }
    let rows = reads();
    let app = stage.client(own.tenant.as_deref().unwrap());
    let sides = Sides { own: &own, foreign: &other, shared: &shared };
    let run = Run { stage: &stage, sides, secrets: &[], setting: Shared::Readable, client: None };

    let questions = questions(&shared, &other, None);
    let before =
        (answers(&run, &rows).await, ask(&app, &questions).await, ask(&own.engine, &questions).await);
    let called = other.call(&shared).await;
    let questions = self::questions(&shared, &other, Some(&called));
    let after = (answers(&run, &rows).await, ask(&app, &questions).await, ask(&own.engine, &questions).await);

    let mut problems = Vec::new();
    for (name, was) in &before.0 {
        let is = &after.0[name];
        if was != is {
            problems.push(format!("{name}:\n    without B {was:?}\n    with B    {is:?}"));
        }
    }
    let mut telling = BTreeSet::new();
    for (number, (parameter, path)) in questions.iter().enumerate() {
        if before.1[number] != after.1[number] {
            problems.push(format!(
                "{path}:\n    without B {:?}\n    with B    {:?}",
                before.1[number], after.1[number]
            ));
        }
        if before.2[number] != after.2[number] {
            telling.insert(parameter.as_str());
        }
    }
    for estate in [&other, &own, &shared] {
        estate.clear().await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert_eq!(telling, BTreeSet::from(BLIND), "the engine's own parameters that show who runs there");
}

/// All that only reads, but lists that other tests' shared resources come and go in.
fn reads() -> Vec<Row> {
    let (rows, _) = cases::rows(&tenantgate::policy::load(None).unwrap());
    let everybodys = |row: &Row| row.list && may_show_shared(row) && !row.ask.query.contains("d=<");
    let rows: Vec<Row> = rows.into_iter().filter(|row| !row.changes && !everybodys(row)).collect();
    assert!(!rows.is_empty());
    rows
}

async fn answers(run: &Run<'_>, rows: &[Row]) -> BTreeMap<String, Plain> {
    let all = rows.iter().flat_map(|row| [Column::Own, Column::Shared].map(|column| (row, column)));
    let asked = all.map(async |(row, column)| {
        let (status, headers, text) = run.answered(row, column).await?;
        Some((format!("{} {}", row.name, column.name()), (status, headers, sorted(&text))))
    });
    futures_util::stream::iter(asked).buffer_unordered(4).filter_map(async |answer| answer).collect().await
}

/// The same rows in another order are the same.
fn sorted(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Value::Array(mut rows)) => {
            rows.sort_by_key(Value::to_string);
            Value::from(rows).to_string()
        }
        _ => text.to_owned(),
    }
}

/// Each parameter of each list with whatever might find something; the same in number before and after B runs.
fn questions(shared: &Estate, other: &Estate, called: Option<&Called>) -> Vec<(String, String)> {
    // Another's ids are known when they are there only; before, such an id finds nothing.
    let ids = called.map(|c| [&c.incidents[0], &c.incidents[1], &c.instances[0]].map(Clone::clone));
    let mut texts = Vec::from(ids.unwrap_or_else(|| [(); 3].map(|()| missing_id())));
    texts.extend(["failedJob", "%25", "order", "x"].map(str::to_owned));
    texts.extend([
        shared.definition("deployedProcessDefinitions", "order"),
        shared.deployment.clone(),
        other.marker.clone(),
        format!("%25{}%25", other.marker),
        other.tenant.clone().unwrap(),
    ]);
    let values = |kind: &str| -> Vec<String> {
        match kind {
            "Boolean" => vec!["true".into(), "false".into()],
            "Integer" => vec!["1".into(), "2".into()],
            "Date" => ["2000", "2100"].map(|year| format!("{year}-01-01T00:00:00.000%2B0000")).into(),
            "String" => texts.clone(),
            "StringList" => texts.iter().cloned().chain([texts.join(",")]).collect(),
            other => panic!("what is a `{other}`?"),
        }
    };
    let mut all = Vec::new();
    for line in include_str!("../../data/shared-lists.tsv").lines() {
        let (class, parameters) = line.split_once('\t').unwrap();
        let (_, list, narrow) = LISTS.iter().find(|(name, ..)| *name == class).unwrap();
        for (name, kind) in parameters.split(',').map(|p| p.split_once(':').unwrap()) {
            let rest =
                if name == *narrow { String::new() } else { format!("&{narrow}={}", shared.deployment) };
            for value in values(kind) {
                for path in [list.to_string(), format!("{list}/count")] {
                    all.push((name.to_owned(), format!("{path}?{name}={value}{rest}")));
                }
            }
        }
    }
    all
}

async fn ask(api: &Api, questions: &[(String, String)]) -> Vec<(u16, String)> {
    let plain = |path: &str, reply: &Reply| {
        let value = path.split(['=', '&']).nth(1).unwrap_or_default();
        (reply.status, sorted(&reply.text().replace(value, "<asked>")))
    };
    let asked = questions.iter().map(async |(_, path)| plain(path, &api.get(path).await));
    futures_util::stream::iter(asked).buffered(4).collect().await
}
