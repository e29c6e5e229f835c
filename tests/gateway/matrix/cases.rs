//! Rules and `tests/data/cases.yaml` → the rows of the matrix: what is asked, with `<kind>` in an id's place.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tenantgate::policy::{Body, Field, FieldRulesId, Forward, How, Part, Policy, Rule};

/// What is sent, as templates.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub path: String,
    pub query: String,
    pub body: Option<String>,
    pub form: Vec<(String, String)>,
}

/// What a row must show beside what all rows must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A foreign id is as a missing one.
    Ids,
    /// A foreign tenant is refused, and so is one that does not exist.
    Tenants,
}

/// One row of the matrix.
#[derive(Clone, Debug)]
pub struct Row {
    /// The operation, and which of its cases.
    pub name: String,
    pub method: String,
    pub ask: Ask,
    /// The engine's own path for the same request, without a gateway.
    pub direct: String,
    /// A wish for what has no tenant, where the operation knows one.
    pub without_tenant: Option<Ask>,
    pub sort: Sort,
    /// A list or a count.
    pub list: bool,
    /// The caller's own answer must hold rows.
    pub filled: bool,
    /// What the caller must have besides.
    pub needs: Vec<String>,
    /// What the engine says to the caller's own, where that is not 2xx.
    pub own: Option<u16>,
    pub changes: bool,
}

#[derive(Deserialize)]
struct File {
    lists: BTreeMap<String, Map<String, Value>>,
    cases: BTreeMap<String, OneOrMore>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Case),
    More(Vec<Case>),
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    path: BTreeMap<String, String>,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    form: BTreeMap<String, String>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    own: Option<u16>,
    #[serde(default)]
    rows: Option<bool>,
}

/// All rows, and the operations that are not denied and have none.
pub fn rows(policy: &Policy) -> (Vec<Row>, BTreeSet<String>) {
    let file: File = serde_saphyr::from_str(include_str!("../../data/cases.yaml")).unwrap();
    let (mut rows, mut without) = (Vec::new(), BTreeSet::new());
    for rule in policy.rules() {
        let How::Forward(forward) = &rule.how else { continue };
        let builder = Builder { policy, rule, forward, file: &file };
        let made = builder.rows();
        if made.is_empty() {
            without.insert(rule.operation.to_string());
        }
        rows.extend(made);
    }
    (rows, without)
}

struct Builder<'a> {
    policy: &'a Policy,
    rule: &'a Rule,
    forward: &'a Forward,
    file: &'a File,
}

impl Builder<'_> {
    fn rows(&self) -> Vec<Row> {
        let operation = &self.rule.operation;
        let (method, template) = (operation.method().name(), operation.template().as_str());
        let resource = template.strip_suffix("/count").unwrap_or(template);
        if self.forward.empty.is_some() && !template.contains('{') {
            return match self.file.lists.get(resource) {
                Some(filter) => self.list(method, filter),
                None => Vec::new(),
            };
        }
        let Some(cases) = self.cases(method) else { return Vec::new() };
        let mut rows = Vec::new();
        for case in cases {
            rows.push(self.row(method, &case));
        }
        rows.extend(self.child(method, &rows));
        rows.extend(self.tenants(&rows));
        self.number(rows)
    }

    /// Tells several cases of one operation apart.
    fn number(&self, mut rows: Vec<Row>) -> Vec<Row> {
        let mut seen = BTreeMap::<String, usize>::new();
        for row in &mut rows {
            let number = seen.entry(row.name.clone()).or_default();
            *number += 1;
            if *number > 1 {
                row.name = format!("{} ({number})", row.name);
            }
        }
        rows
    }

    /// The cases of an operation: its own line, the first that stands for it, or none that needs to be told.
    fn cases(&self, method: &str) -> Option<Vec<Case>> {
        let operation = &self.rule.operation;
        let ends = |key: &str| {
            let (m, tail) = key.split_once(" *")?;
            let fits = m == operation.method().name() && operation.template().as_str().ends_with(tail);
            fits.then_some(())
        };
        let all = &self.file.cases;
        let line = all.get(&**operation.name()).or_else(|| {
            // The longest tail: `*/localVariables/{varId}` before `*/{varId}`.
            let fitting = all.iter().filter(|(key, _)| ends(key).is_some());
            fitting.max_by_key(|(key, _)| key.len()).map(|(_, case)| case)
        });
        match line {
            Some(OneOrMore::One(case)) => Some(vec![case.clone()]),
            Some(OneOrMore::More(cases)) => Some(cases.clone()),
            None if matches!(method, "GET" | "DELETE") => Some(vec![Case::default()]),
            None => None,
        }
    }

    fn row(&self, method: &str, case: &Case) -> Row {
        let (path, direct) = self.paths(case);
        let text = case.body.as_ref().map(Value::to_string);
        let form: Vec<_> = case.form.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        let query = case.query.clone().unwrap_or_default();
        let named = |t: &str| t.contains("<tenant>");
        let tenants = !named(&path)
            && (named(&query) || text.as_deref().is_some_and(named) || form.iter().any(|(_, v)| named(v)));
        Row {
            name: self.rule.operation.to_string(),
            method: method.to_owned(),
            ask: Ask { path, query, body: text, form },
            direct,
            without_tenant: None,
            sort: if tenants { Sort::Tenants } else { Sort::Ids },
            list: false,
            filled: case.rows == Some(true),
            needs: case.needs.clone(),
            own: case.own,
            changes: method != "GET",
        }
    }

    /// The client's path and the engine's, with placeholders.
    fn paths(&self, case: &Case) -> (String, String) {
        let template = self.rule.operation.template().as_str();
        let names: Vec<&str> =
            template.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
        let with_tenant = self.forward.to.iter().any(|p| matches!(p, Part::Tenant(_)));
        let mut parent = String::new();
        let mut values = BTreeMap::new();
        for part in &self.forward.to {
            let (n, value) = match part {
                Part::Literal(_) | Part::CallerTenant => continue,
                Part::Tenant(n) => (n, "<tenant>".to_owned()),
                Part::Id(n, resource_type) if self.policy.resource_type(*resource_type).is_none() => {
                    (n, "<tenant>".to_owned())
                }
                Part::Id(n, resource_type) => {
                    let told = case.path.get(names[*n]).cloned();
                    parent = told.unwrap_or_else(|| {
                        self.policy.resource_type(*resource_type).unwrap().name.to_string()
                    });
                    (n, format!("<{parent}>"))
                }
                Part::Key(n, resource_type) => {
                    let resource_type = &self.policy.resource_type(*resource_type).unwrap().name;
                    // Where the path names a tenant, the key is the one that all have.
                    let own = if with_tenant { "own " } else { "" };
                    (n, format!("<{own}key {resource_type}>"))
                }
                Part::Free(n) => (n, free(names[*n], &parent, case)),
            };
            values.insert(*n, value);
        }
        let mut number = 0;
        let client = template
            .split('/')
            .skip(1)
            .map(|segment| {
                if !segment.starts_with('{') {
                    return format!("/{segment}");
                }
                number += 1;
                format!("/{}", values.get(&(number - 1)).map_or("x", String::as_str))
            })
            .collect();
        let direct = self
            .forward
            .to
            .iter()
            .map(|part| match part {
                Part::Literal(text) => format!("/{text}"),
                Part::CallerTenant => "/<T>".to_owned(),
                Part::Tenant(n) | Part::Id(n, _) | Part::Free(n) | Part::Key(n, _) => {
                    format!("/{}", values[n])
                }
            })
            .collect();
        (client, direct)
    }

    /// Own parents with others' children: the engine binds a child's id to its parent.
    fn child(&self, _method: &str, rows: &[Row]) -> Option<Row> {
        let first = rows.first()?;
        let child = first.ask.path.split('/').find(|s| s.contains('.') && s.starts_with('<'))?;
        let parent = first.ask.path.split('/').find(|s| s.starts_with('<') && *s != child)?;
        let own = parent.replace('<', "<own ");
        let mut row = first.clone();
        row.name = format!("{} (child)", row.name);
        row.ask.path = row.ask.path.replace(parent, &own);
        row.direct = row.direct.replace(parent, &own);
        Some(row)
    }

    /// Rows that name a tenant in the body, where the operation takes one.
    fn tenants(&self, rows: &[Row]) -> Option<Row> {
        let first = rows.first()?;
        let Body::Json(field_rules) = self.forward.body else { return None };
        let (name, value) = self.tenant_field(field_rules)?;
        let body: Value = serde_json::from_str(first.ask.body.as_deref()?).unwrap();
        if first.sort == Sort::Tenants || first.ask.path.contains("<tenant>") {
            return None;
        }
        let mut row = first.clone();
        row.name = format!("{} (tenant)", row.name);
        row.sort = Sort::Tenants;
        let own = |text: &str| text.replace('<', "<own ").replace("<own own ", "<own ");
        row.ask.path = own(&row.ask.path);
        let with = |name: &str, value: Value| {
            let mut body = body.clone();
            body[name] = value;
            Some(own(&body.to_string()).replace("<own tenant>", "<tenant>"))
        };
        if self.without_tenant(field_rules) {
            let body = with("withoutTenantId", json!(true));
            row.without_tenant = Some(Ask { body, ..row.ask.clone() });
        }
        row.ask.body = with(&name, value);
        Some(row)
    }

    fn tenant_field(&self, field_rules: FieldRulesId) -> Option<(String, Value)> {
        self.policy.field_rules(field_rules).fields.iter().find_map(|(name, field)| {
            if matches!(field, Field::Tenant | Field::TenantWithout(_)) && name == "tenantId" {
                Some((name.clone(), json!("<tenant>")))
            } else if matches!(field, Field::Tenants) {
                Some((name.clone(), json!(["<tenant>"])))
            } else {
                None
            }
        })
    }

    fn without_tenant(&self, field_rules: FieldRulesId) -> bool {
        matches!(self.policy.field_rules(field_rules).field("withoutTenantId"), Some(Field::WithoutTenant))
    }

    /// A list or count: without a filter, with one that names an id, with one that names a tenant.
    fn list(&self, method: &str, filter: &Map<String, Value>) -> Vec<Row> {
        let field_rules = match self.forward.body {
            Body::Json(field_rules) => Some(field_rules),
            Body::None | Body::Multipart(_) => self.forward.query,
        };
        let mut plain = self.row(method, &Case::default());
        plain.list = true;
        plain.changes = false;
        plain.filled = true;
        let with = |fields: &Map<String, Value>| match method {
            "GET" => Ask { query: as_query(fields), ..plain.ask.clone() },
            _ => Ask { body: Some(Value::from(fields.clone()).to_string()), ..plain.ask.clone() },
        };
        let mut all = Row { name: format!("{} (all)", plain.name), ..plain.clone() };
        all.ask = with(&Map::new());
        let mut by_id = plain.clone();
        by_id.ask = with(filter);
        let mut rows = vec![by_id, all];
        if let Some((name, value)) = field_rules.and_then(|field_rules| self.tenant_field(field_rules)) {
            let mut row =
                Row { name: format!("{} (tenant)", plain.name), sort: Sort::Tenants, ..plain.clone() };
            row.ask = with(&[(name, value)].into_iter().collect());
            if field_rules.is_some_and(|field_rules| self.without_tenant(field_rules)) {
                let wish: Map<_, _> = [("withoutTenantId".to_owned(), json!(true))].into_iter().collect();
                row.without_tenant = Some(with(&wish));
            }
            rows.push(row);
        }
        // Reports on what can be cleaned up hold nothing of what still runs.
        let report = self.rule.operation.name().contains("cleanable");
        rows.iter_mut().for_each(|row| row.filled &= !report);
        rows
    }
}

fn as_query(fields: &Map<String, Value>) -> String {
    let text = |value: &Value| match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    fields.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join("&")
}

/// What a free segment says: an id that hangs on the parent, or a name that all have.
fn free(name: &str, parent: &str, case: &Case) -> String {
    match case.path.get(name) {
        Some(told) => told.clone(),
        None => match name {
            "commentId" | "attachmentId" | "resourceId" => format!("<{parent}.{name}>"),
            "messageName" => "goods".to_owned(),
            "varId" => "blob".to_owned(),
            other => panic!("what is `{other}`?"),
        },
    }
}
