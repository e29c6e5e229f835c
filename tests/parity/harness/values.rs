//! Values for the parameters of list queries: one that own data matches, one that nothing matches, one that the
//! engine refuses.

use serde_json::{Value, json};

/// A parameter of a query.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, as in the table.
    pub kind: String,
}

/// One value, as it stands in a query string and in a JSON body.
pub struct Sample {
    /// In a query string; not encoded.
    pub text: String,
    /// In a body.
    pub json: Value,
}

fn sample(text: impl Into<String>, json: Value) -> Sample {
    Sample { text: text.into(), json }
}

/// Values that stand in rows under another name than the parameter's.
const ELSEWHERE: &[(&str, &str)] = &[
    ("processDefinitionKey", "order"),
    ("processDefinitionName", "Order"),
    ("key", "order"),
    ("keysIn", "order"),
    ("caseDefinitionKey", "claim"),
    ("caseDefinitionName", "Claim"),
    ("decisionDefinitionKey", "discount"),
    ("variableName", "note"),
    ("variableType", "string"),
    ("activityId", "review"),
    ("activeActivityId", "review"),
    ("executedActivityId", "review"),
    ("caseActivityId", "look"),
    ("taskDefinitionKey", "review"),
    ("topicName", "ship"),
    ("workerId", "seed"),
    ("candidateGroup", "clerks"),
    ("candidateGroups", "clerks"),
    ("candidateUser", "clerk"),
    ("involvedUser", "clerk"),
    ("assignee", "clerk"),
    ("owner", "boss"),
    ("taskHadCandidateGroup", "clerks"),
    ("taskInvolvedUser", "clerk"),
    ("userId", "clerk"),
    ("eventType", "message"),
    ("eventName", "goods"),
    ("messageEventSubscriptionName", "goods"),
    ("signalEventSubscriptionName", "closing"),
    ("incidentType", "failedExternalTask"),
    ("incidentStatus", "open"),
    ("jobType", "timer"),
    ("jobConfiguration", "DURATION: P30D"),
    ("source", "seed"),
    ("resourceName", "order.bpmn"),
    ("versionTag", "v1"),
    ("delegationState", "PENDING"),
    ("type", "candidate"),
    ("operationType", "add"),
];

/// What own rows hold for a parameter.
fn own(name: &str, rows: &[Value], marker: &str) -> String {
    let bare = ["NotEqual", "NotLike", "NotIn", "Like", "In", "s"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending).filter(|b| b.len() > 3))
        .unwrap_or(name);
    let field = |wanted: &str| {
        rows.iter()
            .rev()
            .filter_map(|row| {
                let row = row.as_object()?;
                let found = row.iter().find(|(k, v)| k.eq_ignore_ascii_case(wanted) && v.is_string())?;
                Some(found.1.as_str()?.to_owned())
            })
            .next()
    };
    let prefixes = ["task", "processInstance", "process", "incident", "job", "deployment", "historic"];
    field(name)
        .or_else(|| field(bare))
        .or_else(|| prefixes.iter().find_map(|p| field(bare.strip_prefix(p)?)))
        // The record's own id goes by its kind in parameters and by `id` in rows.
        .or_else(|| {
            let elsewhere = ELSEWHERE.iter().find(|(n, _)| *n == bare || *n == name);
            elsewhere.map(|(_, v)| (*v).to_owned())
        })
        .or_else(|| bare.ends_with("Id").then(|| field("id")).flatten())
        .unwrap_or_else(|| marker.to_owned())
}

/// The values to try.
pub fn samples(parameter: &Parameter, rows: &[Value], marker: &str) -> Vec<Sample> {
    let name = parameter.name.as_str();
    let mine = own(name, rows, marker);
    match parameter.kind.as_str() {
        "Boolean" => vec![
            sample("true", json!(true)),
            sample("false", json!(false)),
            sample("maybe", json!("maybe")),
            sample("1", json!(1)),
        ],
        "Date" => vec![
            sample("2020-01-01T00:00:00.000+0000", json!("2020-01-01T00:00:00.000+0000")),
            sample("2040-01-01T00:00:00.000+0100", json!("2040-01-01T00:00:00.000+0100")),
            sample("yesterday", json!("yesterday")),
            sample("2020-01-01", json!("2020-01-01")),
        ],
        "Integer" | "Long" => vec![
            sample("50", json!(50)),
            sample("0", json!(0)),
            sample("1e2", json!("x")),
            sample("99999999999999999999", serde_json::from_str("99999999999999999999").unwrap()),
        ],
        "StringList" | "StringArray" | "StringSet" => vec![
            sample(&mine, json!([mine])),
            sample(format!("none,{mine}"), json!(["none", mine])),
            sample("none", json!(["none"])),
            sample("", json!([])),
            sample(" ", json!("a string")),
            sample(",", json!([1])),
        ],
        "VariableList" => {
            let list = |name: &str, op: &str, v: Value| json!([{"name": name, "operator": op, "value": v}]);
            vec![
                sample(format!("note_eq_{marker}"), list("note", "eq", json!(marker))),
                sample("amount_gt_5,amount_lt_50", list("amount", "gt", json!(5))),
                sample("note_neq_x", list("note", "neq", json!("x"))),
                sample("note_like_MARKER%", list("note", "like", json!("MARKER%"))),
                sample("long_eq_9007199254740993", list("long", "eq", json!(9_007_199_254_740_993_i64))),
                sample("double_gteq_99.5", list("double", "gteq", serde_json::from_str("1e2").unwrap())),
                sample("yes_eq_true", list("yes", "eq", json!(true))),
                sample("nothing_eq_null", list("nothing", "eq", Value::Null)),
                sample("note", json!([{"name": "note"}])),
                sample("note_likely_x", list("note", "likely", json!("x"))),
                sample("note_gt_x_y", json!({"name": "note"})),
            ]
        }
        "ConditionList" => vec![
            sample(
                "gt_2020-01-01T00:00:00.000+0000",
                json!([{"operator": "gt", "value": "2020-01-01T00:00:00.000+0000"}]),
            ),
            sample(
                "lt_2020-01-01T00:00:00.000+0000",
                json!([{"operator": "lt", "value": "2020-01-01T00:00:00.000+0000"}]),
            ),
            sample("gt_x", json!([{"operator": "gt", "value": "x"}])),
            sample("x", json!([{"operator": "x"}])),
        ],
        "PeriodUnit" => ["MONTH", "QUARTER", "year", ""].map(|u| sample(u, json!(u))).into(),
        _ => {
            let part: String = mine.chars().skip(1).take(4).collect();
            let like = format!("%{part}%");
            let mut all = vec![
                sample(&mine, json!(mine)),
                sample("none-such", json!("none-such")),
                sample("", json!("")),
                sample("Ü&=+%/ '\"", json!("Ü&=+%/ '\"")),
                sample("x", json!(["a list"])),
            ];
            if name.ends_with("Like") {
                all.push(sample(&like, json!(like)));
            }
            all
        }
    }
}
