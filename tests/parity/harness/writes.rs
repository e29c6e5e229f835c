//! Cases of writes: the table, and those of variables, made for every scope and type.

use super::plenty::VARIABLES;
use super::rules::{self, Rule};

const TABLE: &str = include_str!("../writes.txt");

/// A write on twins; `{names}` are filled in for each.
#[derive(Clone, Debug)]
pub struct Write {
    /// Method and template.
    pub operation: String,
    /// What is special.
    pub what: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The body.
    pub body: String,
    /// The body for the engine, where it has to name the tenant itself.
    pub engine_body: String,
}

impl Write {
    fn new(rules: &[Rule], method: &str, path: &str, body: &str, engine_body: &str) -> Option<Self> {
        let rule =
            rules::of(rules, method, path).unwrap_or_else(|| panic!("no operation for {method} {path}"));
        rule.forwarded().then(|| Self {
            operation: rule.operation(),
            what: if body.is_empty() && method == "POST" {
                format!("{method} {path} without a body")
            } else {
                format!("{method} {path} {}", body.chars().take(160).collect::<String>())
            },
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_owned(),
            engine_body: engine_body.to_owned(),
        })
    }

    /// Everything that may hold a `{name}`.
    pub fn texts(&self) -> String {
        format!("{} {} {}", self.path, self.body, self.engine_body)
    }
}

/// All writes.
pub fn cases(rules: &[Rule]) -> Vec<Write> {
    let mut all = Vec::new();
    for line in TABLE.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
        let mut parts = line.split("||").map(str::trim);
        let (method, path) = parts.next().unwrap().split_once(' ').expect("METHOD PATH");
        let body = parts.next().unwrap_or_default();
        all.extend(Write::new(rules, method, path, body, parts.next().unwrap_or(body)));
    }
    let scopes = [
        "/task/{review}/variables",
        "/task/{review}/localVariables",
        "/execution/{order}/localVariables",
        "/process-instance/{order}/variables",
        "/case-instance/{newCase}/variables",
        "/case-execution/{look}/variables",
        "/case-execution/{look}/localVariables",
    ];
    for scope in scopes {
        for (name, value) in typed() {
            all.extend(Write::new(rules, "PUT", &format!("{scope}/{name}"), &value, &value));
        }
        let whole = format!("{{\"modifications\":{VARIABLES},\"deletions\":[\"note\",\"none\"]}}");
        for body in [
            whole.as_str(),
            "{}",
            "",
            "{\"modifications\":null}",
            "{\"modifications\":{\"a\":{\"value\":1e2,\"type\":\"Long\"}}}",
        ] {
            all.extend(Write::new(rules, "POST", scope, body, body));
        }
        for name in ["note", "none", "a%20b", "%C3%BC"] {
            all.extend(Write::new(rules, "DELETE", &format!("{scope}/{name}"), "", ""));
        }
    }
    all
}

/// Name and value of one variable of each type, and some that the engine refuses.
fn typed() -> Vec<(String, String)> {
    let lines = VARIABLES.lines().filter_map(|l| l.trim().trim_end_matches(',').split_once(": "));
    let mut all: Vec<_> = lines
        .filter(|(n, v)| n.starts_with('"') && v.starts_with('{'))
        .map(|(n, v)| (n.trim_matches('"').to_owned(), v.to_owned()))
        .collect();
    assert!(all.len() > 12, "{}", all.len());
    for bad in [
        // These types come with plug-ins: the engine's own refusal must come through alike.
        r#"{"value":"{\"tenantId\":\"other\",\"a\":[1e2]}","type":"Json"}"#,
        r#"{"value":"<a/>","type":"Xml"}"#,
        r#"{"value":"[1,2]","type":"Object","valueInfo":{"objectTypeName":"java.util.ArrayList","serializationDataFormat":"application/json"}}"#,
        r#"{"value":"x","type":"Long"}"#,
        r#"{"value":1.5,"type":"Integer"}"#,
        r#"{"value":12345678901234567890,"type":"Long"}"#,
        r#"{"value":"1","type":"Nothing"}"#,
        r#"{"value":"today","type":"Date"}"#,
        r#"{"value":1e400,"type":"Double"}"#,
        r#"{"value":{"a":1.0}}"#,
        r#"{"value":[1,2]}"#,
        r#"{"value":"x","type":"Object","valueInfo":{"objectTypeName":"com.example.Own","serializationDataFormat":"application/json"}}"#,
        r#"{"value":1.10}"#,
        r#"{"type":"String"}"#,
        r#"{"value":"x","local":true,"unknown":[1,{"b":2}]}"#,
    ] {
        all.push(("odd".to_owned(), bad.to_owned()));
    }
    all.push(("a%20b".to_owned(), r#"{"value":"x"}"#.to_owned()));
    all.push(("%C3%BC".to_owned(), r#"{"value":"x"}"#.to_owned()));
    all
}
