//! What both are asked: every row of the access matrix with everybody's ids, what is not forwarded, and what each
//! operation may be asked wrongly.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tenantgate::policy::{How, Policy, Rule, RuleKind};

use crate::faults::cases::templates;
use crate::matrix::cases::{self, Ask, Row};
use crate::matrix::columns::Column;
use crate::matrix::run::may_show_shared;

/// The setting under which keys are looked up, and shared resources show.
pub const READABLE: &str = "tenancy:\n  shared_resources: readable\n";

/// Each operation is asked in every so many-th wrong way, the next one in the others: each takes a start of the program.
const TURNS: usize = 3;

/// One request.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub method: String,
    pub ask: Ask,
    pub needs: Vec<String>,
    pub column: Column,
    /// All that it sends to the engine only reads.
    pub reads: bool,
    /// Shared resources are readable.
    pub readable: bool,
    /// What is nobody's id, beside those of the column.
    pub nobodys: Vec<String>,
}

/// All of them.
pub fn cases(policy: &Policy) -> Vec<Case> {
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for row in cases::rows(policy).0 {
        let operation = row.name.split(" (").next().unwrap().to_owned();
        let rule = policy.rules().iter().find(|rule| **rule.operation.name() == *operation).unwrap();
        let case = of_row(&row, rule);
        let first = known.insert(operation);
        if first {
            let turn = known.len();
            let wrong = wrong(&case).into_iter().enumerate();
            all.extend(wrong.filter(|(at, _)| (at + turn) % TURNS == 0).map(|(_, case)| case));
        }
        let shared = may_show_shared(&row);
        for column in [Column::Own, Column::Foreign, Column::Missing] {
            if column != Column::Own && !names_ids(&row.ask) {
                continue;
            }
            // It differs from a foreign one by its text.
            if column == Column::Missing && !first {
                continue;
            }
            let name = format!("{} {}", row.name, column.name());
            if shared && (column == Column::Own || row.ask.path.contains("/deployed-start-form")) {
                let name = format!("{name} readable");
                all.push(Case { name, column, readable: true, ..case.clone() });
            }
            all.push(Case { name, column, ..case.clone() });
        }
    }
    all.extend(policy.rules().iter().filter(|rule| !matches!(rule.how, How::Forward(_))).map(not_forwarded));
    let own = templates(policy).into_iter().filter(|template| template.name.contains("(own "));
    all.extend(own.map(|template| Case {
        name: template.name,
        method: template.method,
        ask: template.ask,
        needs: template.needs,
        column: Column::Own,
        reads: template.rule.kind == RuleKind::Read,
        readable: false,
        nobodys: Vec::new(),
    }));
    all.extend(SEEN.iter().map(|(method, path, body)| told_otherwise(method, path, body)));
    all
}

/// What `explain` once told otherwise, and paths that are no operation's.
const SEEN: &[(&str, &str, &str)] = &[
    ("POST", "/message", r#"{"messageName": "goods", "processInstanceId": "<process-instance>"}"#),
    ("PUT", "/process-definition/suspended", r#"{"processDefinitionKey": "order", "suspended": true}"#),
    ("PUT", "/process-definition/suspended", r#"{"processDefinitionKey": "nobodys", "suspended": true}"#),
    ("PUT", "/process-definition/suspended", r#"{"processDefinitionKey": "", "suspended": true}"#),
    ("POST", "/execution/<execution>/create-incident", r#"{"incidentType": "x", "configuration": "12345"}"#),
    ("GET", "/history/task/report?reportType=duration&periodUnit=month", ""),
    ("GET", "/history/task/report?reportType=count&groupBy=processDefinition", ""),
    (
        "GET",
        "/history/task/report?reportType=count&groupBy=taskName&completedAfter=2000-01-01T00:00:00.000%2B0000",
        "",
    ),
    ("GET", "/history/task/report?reportType=count&groupBy=taskName&completedAfter=x", ""),
    ("GET", "/history/task/report?reportType=count&groupBy=x", ""),
    ("GET", "/history/task/report", ""),
    ("GET", "/external-task/topic-names?withLockedTasks=true", ""),
    ("GET", "/process-definition/statistics?failedJobs=true&incidents=true", ""),
    ("GET", "/process-definition/statistics?rootIncidents=true&incidents=true", ""),
    ("GET", "/process-definition/statistics?incidentsForType=x", ""),
    ("GET", "/history/process-instance/report?reportType=duration&periodUnit=x", ""),
    ("GET", "/history/process-instance/report?reportType=duration&processDefinitionKeyIn=order", ""),
    ("GET", "/history/process-instance/report?reportType=duration&processDefinitionIdIn=nobodys", ""),
    ("GET", "/task?tenantIdIn=", ""),
    ("GET", "/task?name=a&name=b&tenantIdIn=a&tenantIdIn=b", ""),
    ("GET", "/task/a,b", ""),
    ("GET", "/nothing", ""),
    ("GET", "/", ""),
    ("GET", "/task//x", ""),
    ("GET", "/task/", ""),
    ("GET", "/task/a;b", ""),
    ("GET", "/task/a%2Fb", ""),
    ("GET", "/task?a=%00", ""),
    ("GET", "/engine/default/task", ""),
    ("GET", "/engine/other/task", ""),
    ("PATCH", "/task", ""),
    ("HEAD", "/task", ""),
    ("OPTIONS", "/task", ""),
    ("OPTIONS", "/task/x", ""),
    ("OPTIONS", "/nothing", ""),
];

fn told_otherwise(method: &str, path: &str, body: &str) -> Case {
    let (at, query) = path.split_once('?').unwrap_or((path, ""));
    let body = (!body.is_empty()).then(|| body.to_owned());
    Case {
        name: format!("{method} {path} {}", body.as_deref().unwrap_or_default()),
        method: method.to_owned(),
        ask: Ask { path: at.to_owned(), query: query.to_owned(), body, ..Ask::default() },
        needs: Vec::new(),
        column: Column::Own,
        reads: method == "GET",
        readable: false,
        nobodys: at.split('/').filter(|id| id.contains(',')).map(|id| id.replace(',', "%2C")).collect(),
    }
}

fn of_row(row: &Row, rule: &Rule) -> Case {
    Case {
        name: row.name.clone(),
        method: row.method.clone(),
        ask: row.ask.clone(),
        needs: row.needs.clone(),
        column: Column::Own,
        reads: rule.kind == RuleKind::Read,
        readable: false,
        nobodys: Vec::new(),
    }
}

/// An operation that is denied, or that the gateway answers.
fn not_forwarded(rule: &Arc<Rule>) -> Case {
    let (method, template) = (rule.operation.method().name(), rule.operation.template());
    let segments =
        template.as_str().split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    let body = matches!(method, "POST" | "PUT").then(|| "{}".to_owned());
    Case {
        name: rule.operation.to_string(),
        method: method.to_owned(),
        ask: Ask { path: segments.collect::<Vec<_>>().join("/"), body, ..Ask::default() },
        needs: Vec::new(),
        column: Column::Own,
        reads: false,
        readable: false,
        nobodys: Vec::new(),
    }
}

/// The same asked wrongly, or so that it asks for another tenant's.
fn wrong(case: &Case) -> Vec<Case> {
    let with = |name: &str, change: &dyn Fn(&mut Ask)| {
        let mut wrong = Case { name: format!("{} {name}", case.name), ..case.clone() };
        change(&mut wrong.ask);
        wrong
    };
    let query = |more: &'static str| {
        move |ask: &mut Ask| {
            let and = if ask.query.is_empty() { "" } else { "&" };
            ask.query = format!("{}{and}{more}", ask.query);
        }
    };
    let mut all = vec![
        with("tenant", &query("tenantIdIn=other&tenantId=other")),
        with("without tenant", &query("withoutTenantId=true&includeTasksWithoutTenantId=true")),
    ];
    if !case.ask.form.is_empty() {
        let part = |name: &'static str, value: &'static str| {
            move |ask: &mut Ask| ask.form.push((name.to_owned(), value.to_owned()))
        };
        all.extend([
            with("a class", &part("type", "java.io.File")),
            with("a model", &part("x.bpmn", "no model")),
            with("no form", &|ask| ask.form.clear()),
        ]);
        // Few operations take a form: each is asked in every way.
        return all.into_iter().flat_map(|case| vec![case; TURNS]).collect();
    }
    let Some(Ok(Value::Object(body))) = case.ask.body.as_deref().map(serde_json::from_str) else {
        return all;
    };
    let json = |body: Value| move |ask: &mut Ask| ask.body = Some(body.to_string());
    let mixed = |value: Value| {
        let mut changed = body.clone();
        changed.extend(value.as_object().unwrap().clone());
        json(changed.into())
    };
    let class = json!({"value": "x", "type": "Object", "valueInfo": {"objectTypeName": "java.io.File"}});
    all.extend([
        with("no body", &|ask| ask.body = None),
        with("a list", &json(json!([]))),
        with("two of a name", &|ask| ask.body = Some(r#"{"a": 1, "a": 2}"#.to_owned())),
        with("numbers", &json(body.keys().map(|name| (name.clone(), json!(5))).collect::<Value>())),
        with("nulls", &json(body.keys().map(|name| (name.clone(), Value::Null)).collect::<Value>())),
        with("another's", &mixed(json!({"tenantIdIn": ["other"], "tenantId": "other"}))),
        with("nobody's", &mixed(json!({"withoutTenantId": true}))),
        with("a class", &mixed(json!({"variables": {"x": class}}))),
    ]);
    all
}

fn names_ids(ask: &Ask) -> bool {
    let texts = [&ask.path, &ask.query].into_iter().chain(&ask.body).chain(ask.form.iter().map(|(_, v)| v));
    texts.into_iter().any(|text| text.replace("<own ", "").replace("<T>", "").contains('<'))
}
