//! Cases of reads by id and by key.

use super::compare::{Ask, Case};
use super::plenty::Plenty;
use super::rules::Rule;
use crate::support::missing_id;

const PARAMETERS: &str = include_str!("../../data/engine/by-id-params.tsv");
/// Ids to read of each list at the most.
const EACH: usize = 40;

/// Answers about all that the engine has: to be compared only where the tenant is alone on it, with queries to try.
const OF_ALL: &[(&str, &[&str])] = &[
    (
        "GET /process-definition/statistics",
        &[
            "failedJobs=true",
            "incidents=true",
            "incidentsForType=failedExternalTask",
            "rootIncidents=true",
            "failedJobs=maybe",
            "incidents=true&rootIncidents=true",
            "incidents=true&incidentsForType=x",
        ],
    ),
    (
        "GET /external-task/topic-names",
        &[
            "withLockedTasks=true",
            "withUnlockedTasks=true",
            "withRetriesLeft=true",
            "withRetriesLeft=x",
            "withLockedTasks=true&withUnlockedTasks=true",
        ],
    ),
    (
        "GET /history/task/report",
        &[
            "reportType=count&groupBy=taskName",
            "reportType=count&groupBy=processDefinition",
            "reportType=count",
            "reportType=duration&periodUnit=month",
            "reportType=duration&periodUnit=quarter",
            "reportType=duration",
            "reportType=x",
            "reportType=count&groupBy=x",
            "reportType=count&groupBy=taskName&completedAfter=2020-01-01T00:00:00.000%2B0000",
            "reportType=count&groupBy=taskName&completedBefore=2020-01-01T00:00:00.000%2B0000",
        ],
    ),
    (
        "GET /history/process-instance/report",
        &[
            "reportType=duration&periodUnit=month",
            "reportType=duration&periodUnit=quarter",
            "reportType=duration",
            "reportType=x&periodUnit=month",
            "reportType=duration&periodUnit=x",
            "reportType=duration&periodUnit=month&processDefinitionKeyIn=order",
            "reportType=duration&periodUnit=month&processDefinitionKeyIn=none",
            "reportType=duration&periodUnit=month&startedBefore=2020-01-01T00:00:00.000%2B0000",
            "reportType=duration&periodUnit=month&startedAfter=2020-01-01T00:00:00.000%2B0000",
        ],
    ),
];

/// All cases; `alone`: nobody else is on the engine.
pub async fn cases(rules: &[Rule], own: &Plenty, alone: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for rule in rules.iter().filter(|r| r.forwarded() && r.method == "GET") {
        if rule.key("query").is_some_and(|q| q.contains("Query") || q.contains("Report")) {
            continue;
        }
        let of_all = OF_ALL.iter().find(|(o, _)| *o == rule.operation());
        if of_all.is_some() && !alone {
            continue;
        }
        for path in paths(rule, own).await {
            let mut of_path = vec![(String::new(), String::new())];
            for (name, kind) in parameters(&rule.path) {
                let values: &[&str] = match kind {
                    "boolean" => &["true", "false", "maybe"],
                    "date-time" => &["2020-01-01T00:00:00.000%2B0000", "2040-01-01T00:00:00.000%2B0000", "x"],
                    "integer" => &["1", "x"],
                    _ => &["note,amount", "none", ""],
                };
                of_path.extend(values.iter().map(|v| (format!("?{name}={v}"), String::new())));
            }
            for query in of_all.iter().flat_map(|(_, queries)| queries.iter()) {
                of_path.push((format!("?{query}"), String::new()));
                of_path.push((format!("?{query}"), "text/csv".to_owned()));
                of_path.push((format!("?{query}"), "application/csv".to_owned()));
            }
            for accept in ["application/json", "*/*", "text/plain", "application/xhtml+xml", "image/png"] {
                of_path.push((String::new(), accept.to_owned()));
            }
            for (query, accept) in of_path {
                let mut ask = Ask::of(&format!("{path}{query}"));
                if !accept.is_empty() {
                    ask.headers.push(("accept".into(), accept.clone()));
                }
                let what = format!("{}{}{accept}", ask.path, if accept.is_empty() { "" } else { " accept " });
                let mut case = Case::same(&rule.operation(), &what, "GET", ask.clone());
                case.engine.path = by_key(&ask.path, &own.side.tenant);
                all.push(case);
            }
            let mut head = Case::same(&rule.operation(), &format!("HEAD {path}"), "HEAD", Ask::of(&path));
            head.engine.path = by_key(&path, &own.side.tenant);
            all.push(head);
            let mut slash =
                Case::same(&rule.operation(), &format!("{path}/"), "GET", Ask::of(&format!("{path}/")));
            slash.engine.path = by_key(&slash.engine.path, &own.side.tenant);
            all.push(slash);
        }
    }
    all
}

/// `/key/{key}` as `/key/{key}/tenant-id/{T}`: what the operation would mean to a tenant alone on the engine.
pub fn by_key(path: &str, tenant: &str) -> String {
    let Some((before, after)) = path.split_once("/key/") else { return path.to_owned() };
    if after.contains("/tenant-id/") {
        return path.to_owned();
    }
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (key, rest) = after.split_at(end);
    format!("{before}/key/{key}/tenant-id/{tenant}{rest}")
}

fn parameters(template: &str) -> Vec<(&'static str, &'static str)> {
    let plain = |t: &str| -> Vec<String> {
        t.split('/').map(|s| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() }).collect()
    };
    let wanted = plain(template);
    let line = PARAMETERS.lines().filter_map(|l| l.split_once('\t')).find(|(path, _)| plain(path) == wanted);
    line.map(|(_, list)| list.split(',').filter_map(|p| p.split_once(':')).collect()).unwrap_or_default()
}

/// The rule's path with own ids in its holes, and once with an id that never existed.
async fn paths(rule: &Rule, own: &Plenty) -> Vec<String> {
    let mut paths = vec![String::new()];
    let mut before = String::new();
    for segment in rule.path.split('/').skip(1) {
        let values = if segment.starts_with('{') { None } else { Some(vec![segment.to_owned()]) };
        let mut longer = Vec::new();
        for path in paths {
            let values = match &values {
                Some(values) => values.clone(),
                None => holes(&before, segment, &path, own).await,
            };
            longer.extend(values.into_iter().map(|v| format!("{path}/{v}")));
        }
        paths = longer;
        before = format!("{before}/{}", if segment.starts_with('{') { "*" } else { segment });
    }
    paths
}

async fn ids(own: &Plenty, list: &str) -> Vec<String> {
    let reply = own.engine.get(list).await;
    let Ok(list) = serde_json::from_slice::<Vec<serde_json::Value>>(&reply.body) else { return Vec::new() };
    let mut ids: Vec<String> = list.iter().filter_map(|v| v["id"].as_str()).map(str::to_owned).collect();
    ids.truncate(EACH);
    ids
}

async fn names(own: &Plenty, path: &str) -> Vec<String> {
    let reply = own.engine.get(path).await;
    let map =
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&reply.body).unwrap_or_default();
    let mut names: Vec<String> = map.into_iter().map(|(n, _)| n).collect();
    names.truncate(EACH);
    names.push("no-such".into());
    names
}

/// What to put for `hole` behind `before` (with stars for holes), `path` being filled in so far.
async fn holes(before: &str, hole: &str, path: &str, own: &Plenty) -> Vec<String> {
    let tenant = own.side.tenant.clone();
    let few = |mut ids: Vec<String>, n: usize| {
        ids.truncate(n);
        ids
    };
    match (before, hole) {
        ("/tenant" | "/user", _) | (_, "{tenantId}" | "{tenant-id}") => vec![tenant],
        (_, "{key}") if before.starts_with("/process-definition") => {
            ["order", "form", "none"].map(str::to_owned).into()
        }
        (_, "{key}") if before.starts_with("/case-definition") => ["claim", "none"].map(str::to_owned).into(),
        (_, "{key}") if before.starts_with("/decision-definition") => {
            ["discount", "none"].map(str::to_owned).into()
        }
        (_, "{key}") => ["pricing", "none"].map(str::to_owned).into(),
        (_, "{varId}" | "{varName}") => names(own, path).await,
        (_, "{messageName}") => ["goods", "none"].map(str::to_owned).into(),
        (_, "{commentId}" | "{attachmentId}" | "{resourceId}") => {
            let mut found = ids(own, path).await;
            found.push(missing_id());
            found
        }
        _ => {
            let list = match before {
                "/filter" => {
                    return [ids(own, &format!("/filter?owner={tenant}")).await, vec![missing_id()]].concat();
                }
                "/batch" => "/history/batch",
                "/history/process-definition" => "/process-definition",
                "/history/case-definition" => "/case-definition",
                "/history/decision-requirements-definition" => "/decision-requirements-definition",
                other => other,
            };
            let found = ids(own, &format!("{list}?tenantIdIn={tenant}")).await;
            let deep =
                ["/variable-instance", "/history/variable-instance", "/history/detail"].contains(&before);
            let mut found = few(found, if deep { EACH } else { 8 });
            found.push(missing_id());
            found
        }
    }
}
