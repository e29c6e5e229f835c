//! Cases of list, count and report queries, made from the engine's own parameters.

use serde_json::{Value, json};

use super::compare::{Ask, Case};
use super::plenty::Plenty;
use super::rules::Rule;
use super::values::{Parameter, samples};

const PARAMETERS: &str = include_str!("../../data/engine/query-params.tsv");
const SORTS: &str = include_str!("../../data/engine/sort-by.tsv");

/// Parameters that are about tenants: other tests' subject.
const ABOUT_TENANTS: &[&str] = &["tenantIdIn", "withoutTenantId"];

fn parameters(query: &str) -> Vec<Parameter> {
    let Some((_, list)) = PARAMETERS.lines().find_map(|l| {
        let (dto, list) = l.split_once('\t')?;
        (dto == format!("{query}Dto")).then_some((dto, list))
    }) else {
        return Vec::new();
    };
    list.split(',')
        .filter_map(|p| p.split_once(':'))
        .map(|(name, kind)| Parameter { name: name.to_owned(), kind: kind.to_owned() })
        .filter(|p| {
            !ABOUT_TENANTS.contains(&p.name.as_str())
                && !p.name.ends_with("WithoutTenantId")
                && !p.name.ends_with("Expression")
        })
        .collect()
}

/// `sortBy` values that the engine knows for a list.
fn sorts(list: &str) -> Vec<&'static str> {
    let line = SORTS.lines().find_map(|l| l.split_once('\t').filter(|(path, _)| *path == list));
    line.map(|(_, s)| s.split(',').map(str::trim).collect())
        .unwrap_or_else(|| vec!["id", "tenantId", "startTime"])
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

fn query(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect::<Vec<_>>().join("&")
}

struct Maker<'a> {
    rule: &'a Rule,
    tenant: &'a str,
    cases: Vec<Case>,
}

impl Maker<'_> {
    fn get(&mut self, what: &str, pairs: &[(&str, &str)]) {
        self.raw(what, &query(pairs), &[]);
    }

    fn raw(&mut self, what: &str, query: &str, headers: &[(&str, &str)]) {
        let (sign, and) = if query.is_empty() { ("", "?") } else { ("?", "&") };
        let path = format!("{}{sign}{query}", self.rule.path);
        // Reference: the engine as if the tenant were alone on it.
        let pinned = format!("{path}{and}{}={}", self.pin(), self.tenant);
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        let ask = |path: String| Ask { path, headers: headers.clone(), body: Vec::new() };
        let mut case = Case::same(&self.rule.operation(), what, &self.rule.method, ask(path));
        case.engine = ask(pinned);
        self.cases.push(case);
    }

    fn pin(&self) -> &'static str {
        match self.rule.path.split('/').nth(1) {
            Some("tenant") => "id",
            Some("filter") => "owner",
            _ => "tenantIdIn",
        }
    }

    fn post(&mut self, what: &str, body: &Value, paging: &str) {
        // The pin at the end, so that the engine's messages name the same columns.
        let mut text = body.clone();
        text.as_object_mut().unwrap().remove("tenantIdIn");
        let text = text.to_string();
        let comma = if text == "{}" { "" } else { "," };
        let pinned = format!(
            "{}{comma}\"tenantIdIn\":[\"{}\"]}}",
            text.trim_end_matches('}').to_owned()
                + &"}".repeat(text.len() - text.trim_end_matches('}').len() - 1),
            self.tenant
        );
        let path = format!("{}{paging}", self.rule.path);
        let mut case =
            Case::same(&self.rule.operation(), what, &self.rule.method, Ask::json(&path, &body.to_string()));
        case.engine = Ask::json(&path, &pinned);
        self.cases.push(case);
    }

    /// A body that is no query at all: only the status is compared.
    fn broken(&mut self, what: &str, body: &str) {
        let ask = Ask::json(&self.rule.path, body);
        let mut case = Case::same(&self.rule.operation(), what, &self.rule.method, ask);
        case.status_only = true;
        self.cases.push(case);
    }
}

/// All cases of queries.
pub async fn cases(rules: &[Rule], own: &Plenty) -> Vec<Case> {
    let mut all = Vec::new();
    for rule in rules.iter().filter(|r| r.forwarded()) {
        let by_get = rule.method == "GET";
        let key = if by_get { "query" } else { "body" };
        // Named after what the log is about; its ids are another test's subject.
        let Some(name) = rule
            .key(key)
            .filter(|n| *n != "UserOperationQuery" && !rule.text.contains("handler: filter-run"))
            .filter(|n| n.contains("Query") || n.contains("Report"))
        else {
            continue;
        };
        let list = rule.path.trim_end_matches("/count");
        let mut parameters = parameters(name);
        if parameters.is_empty() {
            // Told in the report as an operation without a case.
            continue;
        }
        if name == "TenantQuery" {
            // Members are not shown; the id is the pin.
            parameters.retain(|p| ["name", "nameLike"].contains(&p.name.as_str()));
        }
        if name == "FilterQuery" {
            parameters.retain(|p| p.name != "owner");
        }
        let rows = if name == "FilterQuery" { Vec::new() } else { rows(own, list).await };
        let mut maker = Maker { rule, tenant: &own.side.tenant, cases: Vec::new() };
        if by_get {
            by_query(&mut maker, &parameters, list, &rows, own);
        } else {
            by_body(&mut maker, &parameters, list, &rows, own);
        }
        all.append(&mut maker.cases);
    }
    all
}

async fn rows(own: &Plenty, list: &str) -> Vec<Value> {
    let reply = own.engine.get(&format!("{list}?tenantIdIn={}", own.side.tenant)).await;
    serde_json::from_slice::<Vec<Value>>(&reply.body).unwrap_or_default()
}

fn by_query(maker: &mut Maker, parameters: &[Parameter], list: &str, rows: &[Value], own: &Plenty) {
    maker.get("plain", &[]);
    let tenant = maker.tenant.to_owned();
    if maker.pin() == "tenantIdIn" {
        maker.get("own tenant named", &[("tenantIdIn", &tenant)]);
        maker.get("no tenant meant", &[("withoutTenantId", "false")]);
    }
    for paging in [
        "firstResult=1&maxResults=2",
        "maxResults=0",
        "firstResult=-1",
        "maxResults=abc",
        "firstResult=2",
        "maxResults=1",
        "firstResult=1e1",
    ] {
        maker.raw(paging, paging, &[]);
    }
    for accept in [
        "application/json",
        "*/*",
        "application/json;q=0.5, text/plain",
        "text/html",
        "application/json, application/hal+json;q=0.9",
        "text/csv",
        "application/*",
    ] {
        maker.raw(&format!("accept {accept}"), "", &[("accept", accept)]);
    }
    maker.get("unknown parameter", &[("noSuchParameter", "x"), ("ä", "ü")]);
    for sort in sorts(list) {
        maker.get("sorted", &[("sortBy", sort), ("sortOrder", "asc")]);
        maker.get(
            "sorted, paged",
            &[("sortBy", sort), ("sortOrder", "desc"), ("maxResults", "3"), ("firstResult", "1")],
        );
    }
    maker.get("sorted by nothing known", &[("sortBy", "x"), ("sortOrder", "asc")]);
    maker.get("sorted without order", &[("sortBy", sorts(list)[0])]);
    maker.get("order without sorting", &[("sortOrder", "asc")]);
    maker.get("sorted in no order", &[("sortBy", sorts(list)[0]), ("sortOrder", "up")]);
    for parameter in parameters.iter().filter(|p| !p.name.starts_with("sort")) {
        for sample in samples(parameter, rows, &own.side.marker) {
            maker.get(&format!("{}={}", parameter.name, sample.text), &[(&parameter.name, &sample.text)]);
        }
    }
}

fn by_body(maker: &mut Maker, parameters: &[Parameter], list: &str, rows: &[Value], own: &Plenty) {
    maker.post("plain", &json!({}), "");
    let tenant = maker.tenant.to_owned();
    maker.post("own tenant named", &json!({"tenantIdIn": [tenant]}), "");
    maker.post("no tenant meant", &json!({"withoutTenantId": false, "tenantIdIn": null}), "");
    for paging in ["?firstResult=1&maxResults=2", "?maxResults=0", "?maxResults=abc"] {
        maker.post(paging, &json!({}), paging);
    }
    for body in ["null", "[]", "\"x\"", "7", "{", "{\"a\":1}{\"b\":2}"] {
        maker.broken(&format!("body {body}"), body);
    }
    for sort in sorts(list) {
        let sorting = |order: &str| json!({"sorting": [{"sortBy": sort, "sortOrder": order}]});
        maker.post("sorted", &sorting("asc"), "?maxResults=5");
        maker.post("sorted down", &sorting("desc"), "");
    }
    maker.post("sorted by nothing known", &json!({"sorting": [{"sortBy": "x", "sortOrder": "asc"}]}), "");
    maker.post("sorting is no list", &json!({"sorting": {"sortBy": "x"}}), "");
    let or = parameters.iter().any(|p| p.name == "orQueries");
    let mut matching = Vec::new();
    for parameter in parameters.iter().filter(|p| !p.name.starts_with("sort") && p.name != "orQueries") {
        for (i, sample) in samples(parameter, rows, &own.side.marker).into_iter().enumerate() {
            let body = json!({ &parameter.name: sample.json });
            maker.post(&body.to_string(), &body, "");
            if or {
                let text = json!({"orQueries": [body.clone()]});
                maker.post(&format!("or {text}"), &text, "");
                if i == 0 {
                    matching.push((parameter.name.clone(), sample.json));
                }
            }
        }
    }
    for pair in matching.windows(2) {
        let both: Value =
            pair.iter().map(|(n, v)| (n.clone(), v.clone())).collect::<serde_json::Map<_, _>>().into();
        let text = json!({"orQueries": [both, {"tenantIdIn": [tenant]}]});
        maker.post(&format!("or of two {text}"), &text, "");
    }
    if or {
        for inner in [
            json!({"withoutTenantId": true}),
            json!({"tenantIdIn": []}),
            json!({"tenantIdIn": null}),
            json!([]),
        ] {
            let text = json!({"orQueries": [inner]});
            maker.post(&format!("or {text}"), &text, "");
        }
        maker.post("orQueries null", &json!({"orQueries": null}), "");
        maker.post("orQueries {}", &json!({"orQueries": {}}), "");
    }
}
