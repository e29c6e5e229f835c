//! Every operation of the engine has exactly one rule, and nothing else has one.
//!
//! What operations there are is read from the engine's own OpenAPI file (unpacked by `make engine`) and from
//! `tests/data/operations.tsv`, which also lists what the engine serves without telling (case-*, optimize, …).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenantgate::policy::{How, Policy};

use crate::stage::Stage;
use crate::support::engine::project;
use crate::support::random;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Method and path with `{}` for each parameter: their names differ between the sources and mean nothing.
fn plain(method: &str, path: &str) -> String {
    let segment = |s: &str| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() };
    let path: Vec<_> = path.split('/').map(segment).collect();
    format!("{} {}", method.to_uppercase(), path.join("/"))
}

fn policy() -> Policy {
    tenantgate::policy::load(None).unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn ruled() -> Vec<String> {
    let policy = policy();
    let operations = policy
        .rules()
        .iter()
        .map(|rule| plain(rule.operation.method().name(), rule.operation.template().as_str()));
    operations.collect()
}

fn described() -> BTreeSet<String> {
    let file = project().join("tests/engine/target/openapi/openapi.json");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|e| panic!("{}: {e}; run `make engine`", file.display()));
    let openapi: Value = serde_json::from_str(&text).unwrap();
    let paths = openapi["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.filter(|m| METHODS.contains(&m.as_str())).map(|m| plain(m, path))
        })
        .collect()
}

/// Operation → category.
fn listed() -> BTreeMap<String, &'static str> {
    include_str!("../data/operations.tsv")
        .lines()
        .map(|line| {
            let [method, path, category] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            (plain(method, path), category)
        })
        .collect()
}

#[test]
fn every_operation_has_exactly_one_rule() {
    let (described, listed) = (described(), listed());
    // A test that read nothing would pass.
    assert!(described.len() >= 399, "{}", described.len());
    assert_eq!(listed.len(), 486);
    let all: BTreeSet<String> = described.iter().cloned().chain(listed.into_keys()).collect();
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for operation in ruled() {
        *rules.entry(operation).or_default() += 1;
    }
    let without: Vec<_> = all.iter().filter(|o| !rules.contains_key(*o)).collect();
    assert!(without.is_empty(), "no rule for {without:#?}");
    let beside: Vec<_> = rules.keys().filter(|o| !all.contains(*o)).collect();
    assert!(beside.is_empty(), "a rule, but no operation: {beside:#?}");
    let twice: Vec<_> = rules.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn undocumented_operations_have_rules_like_all_others() {
    let policy = policy();
    let count = |of: &dyn Fn(&str, bool) -> bool| {
        let denied = |how: &How| matches!(how, How::Deny(_));
        policy.rules().iter().filter(|r| of(r.operation.name(), denied(&r.how))).count()
    };
    // Optimize reads across all tenants: denied, each with its reason.
    assert_eq!(count(&|operation, denied| operation.contains(" /optimize/") && denied), 12);
    assert_eq!(count(&|operation, denied| operation.contains(" /optimize/") && !denied), 0);
    // Cases are the tenant's own, running and past.
    let cases = |o: &str| o.contains(" /case-") || o.contains(" /history/case-");
    assert!(count(&|operation, denied| cases(operation) && !denied) >= 17 + 24 + 15 + 11);
    assert_eq!(count(&|operation, denied| cases(operation) && denied), 0);
}

#[tokio::test]
async fn what_has_no_rule_never_reaches_the_engine() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let rules: BTreeSet<String> = ruled().into_iter().collect();
    let paths: BTreeSet<&str> = rules.iter().map(|o| o.split_once(' ').unwrap().1).collect();
    let policy = policy();
    let mut refused = 0;
    for path in &paths {
        // Parameters get a value that is no literal segment of any path.
        let asked = path.replace("{}", "x1");
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            if rules.contains(&format!("{method} {path}")) {
                continue;
            }
            // `/task/x1` is refused by method; `/task/count` as DELETE is `DELETE /task/{id}` and has its rule.
            let segments: Vec<_> = asked[1..].split('/').map(str::to_owned).collect();
            if policy.find(method, &segments).is_some() {
                continue;
            }
            let reply = app.send(method.parse().unwrap(), &asked, &[], Vec::new()).await;
            reply.refused(403, "TG403-NO-RULE");
            refused += 1;
        }
    }
    assert!(refused > 500, "{refused}");
    for path in [
        "/no-such",
        "/task/x1/no-such",
        "/tasks",
        "/Task",
        "/task/count/x",
        "/application.wadl",
        "/engine/other/task",
    ] {
        app.get(path).await.refused(403, "TG403-NO-RULE");
    }
    for operation in rules.iter().filter(|o| o.contains(" /optimize/")) {
        let path = operation.split_once(' ').unwrap().1;
        let reply = app.get(path).await.refused(403, "TG403-DENIED");
        assert!(reply.text().contains("all tenants"), "no reason: {reply}");
    }
    stage.recorder.nothing();
    // The twin.
    app.get("/task").await.ok();
    app.get("/case-instance").await.ok();
    assert_eq!(stage.recorder.seen().len(), 2);
}
