//! A tenant's whole state as the engine itself tells it, to compare before and after.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::Api;

/// All lists with a tenant filter that hold rows of tests.
const LISTS: &[&str] = &[
    "/deployment",
    "/process-definition",
    "/decision-definition",
    "/decision-requirements-definition",
    "/case-definition",
    "/process-instance",
    "/case-instance",
    "/execution",
    "/case-execution",
    "/task",
    "/external-task",
    "/job",
    "/job-definition",
    "/incident",
    "/event-subscription",
    "/variable-instance",
    "/batch",
    "/batch/statistics",
    "/history/process-instance",
    "/history/case-instance",
    "/history/activity-instance",
    "/history/case-activity-instance",
    "/history/task",
    "/history/variable-instance",
    "/history/detail",
    "/history/identity-link-log",
    "/history/incident",
    "/history/external-task-log",
    "/history/job-log",
    "/history/decision-instance",
    "/history/batch",
];

/// What belongs to one task and has no list of its own.
const OF_TASKS: &[&str] = &["comment", "attachment", "identity-links", "variables", "localVariables"];

/// Path → rows, sorted.
pub type Snapshot = BTreeMap<String, Value>;

/// Every list that takes a tenant, for that tenant: quicker than [`snapshot`], and nearly as much.
pub async fn lists(engine: &Api, tenant: &str) -> Snapshot {
    let mut all = Snapshot::new();
    for list in LISTS {
        all.insert((*list).to_owned(), rows(engine, &format!("{list}?tenantIdIn={tenant}")).await);
    }
    let path = format!("/filter?owner={tenant}");
    let value = rows(engine, &path).await;
    all.insert(path, value);
    all
}

/// Everything of that tenant: each list, what hangs on its tasks and instances, its files, filters and records.
pub async fn snapshot(engine: &Api, tenant: &str) -> Snapshot {
    let mut all = lists(engine, tenant).await;
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|v| v["id"].as_str()).map(str::to_owned).collect()
    };
    for task in ids(&all["/task"]) {
        for part in OF_TASKS {
            let path = format!("/task/{task}/{part}");
            let value = rows(engine, &path).await;
            all.insert(path, value);
        }
    }
    // Those that have ended, too.
    for instance in ids(&all["/history/process-instance"]) {
        let path = format!("/process-instance/{instance}/comment");
        let value = rows(engine, &path).await;
        all.insert(path, value);
    }
    for deployment in ids(&all["/deployment"]) {
        let path = format!("/deployment/{deployment}/resources");
        let value = rows(engine, &path).await;
        all.insert(path, value);
    }
    for path in [format!("/tenant?id={tenant}"), format!("/user?id={tenant}")] {
        let value = rows(engine, &path).await;
        all.insert(path, value);
    }
    all
}

/// The rows of a list, sorted.
pub async fn rows(engine: &Api, path: &str) -> Value {
    let mut value = engine.get(path).await.ok().json();
    if let Some(list) = value.as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    value
}

/// Fails the test when two snapshots differ; tells where.
#[track_caller]
pub fn assert_same(before: &Snapshot, after: &Snapshot) {
    let changed: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| format!("{path}\n  before {:?}\n  after  {:?}", before.get(path), after.get(path)))
        .collect();
    assert!(changed.is_empty(), "the state changed:\n{}", changed.join("\n"));
}
