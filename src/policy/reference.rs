//! The page of all operations and the schema of the rule files, made from the rules and their types.
//!
//! In: the built-in rules as written. Out: `docs/operations.md` and `policies/rule.schema.json`, held to the
//! checked-in copies by tests; `make update` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::load::built_in;
use super::written::{FamilyWritten, FieldWritten, Local, RuleWritten};
use crate::golden::same_as_checked_in;

type Rules = BTreeMap<String, RuleWritten>;
type Shapes = BTreeMap<String, BTreeMap<String, FieldWritten>>;

const HEAD: &str = "# Operations\n\n\
<!-- Made from policies/ by `make update`. Change the rules there. -->\n\n\
Every operation of the engine's REST interface, and how it is kept inside the caller's tenant. What is not here is \
refused (`TG403-NO-RULE`). A request that names a foreign tenant is refused (`TG403-TENANT`); a foreign id is \
answered as one that never existed. `tenantgate explain METHOD PATH --client-id ID` shows what becomes of one \
request. How rules are written: [writing-rules.md](writing-rules.md).\n\n\
- *own*: the id must belong to the caller's tenant, which the engine is asked about, once.\n\
- *tenant put in*: the query or body carries the caller's tenant, whatever the client sent or left out.\n\
- *kind*: `read` changes nothing; `work`, `start`, `deploy` and `administer` are writes, and audited.\n";

fn page() -> String {
    let files = built_in();
    let shapes: Shapes = parse(&files["shapes.yaml"]);
    let mut page = HEAD.to_owned();
    let mut used = BTreeSet::new();
    let (mut tables, mut denied, mut local, mut all) = (String::new(), 0, 0, 0);
    for (file, text) in &files {
        let title = match file.as_str() {
            "shapes.yaml" | "ownership.yaml" => continue,
            other => other.trim_end_matches(".yaml"),
        };
        let rules: Rules = parse(text);
        let mut rows: Vec<_> = rules.iter().collect();
        rows.sort_by_key(|(operation, _)| operation.split_once(' ').map(|(method, path)| (path, method)));
        let _ =
            write!(tables, "\n## {title}\n\n| operation | kind | how it is kept in |\n| --- | --- | --- |\n");
        for (operation, rule) in rows {
            all += 1;
            denied += usize::from(rule.deny.is_some());
            local += usize::from(rule.local.is_some());
            let how = how(rule, &shapes, &mut used).replace('|', "\\|");
            let _ = writeln!(tables, "| `{operation}` | {} | {how} |", rule.kind.name());
        }
    }
    let allowed = all - denied - local;
    let _ = write!(
        page,
        "\n{all} operations: {allowed} allowed, {local} answered by the gateway, {denied} denied.\n{tables}"
    );
    page.push_str("\n## Fields\n\nWhat is done with fields of queries and bodies; others pass.\n");
    let mut open: Vec<String> = used.into_iter().collect();
    let mut told = BTreeSet::new();
    while let Some(name) = open.pop() {
        let more = shapes[&name].values().filter_map(inner).filter(|inner| !shapes[*inner].is_empty());
        if told.insert(name.clone()) {
            open.extend(more.cloned());
        }
    }
    for name in told {
        let _ = write!(page, "\n### {name}\n\n");
        for (field, what) in &shapes[&name] {
            let _ = writeln!(page, "- `{field}`: {}", told_of(what, &shapes));
        }
    }
    page
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap()
}

/// How a rule keeps an operation in, in words.
fn how(rule: &RuleWritten, shapes: &Shapes, used: &mut BTreeSet<String>) -> String {
    if let Some(reason) = &rule.deny {
        return format!("**denied**: {reason}");
    }
    match rule.local {
        Some(Local::Options) => return "answered by the gateway: no links".into(),
        Some(Local::Engines) => return "answered by the gateway: the one engine's name".into(),
        None => {}
    }
    let mut says: Vec<String> = Vec::new();
    for (name, what) in &rule.path {
        match (what.as_str(), what.strip_prefix("key-of ")) {
            ("free", _) => {}
            ("tenant", _) => says.push(format!("`{name}`: the caller's tenant")),
            (_, Some(family)) => says.push(format!("`{name}`: key of an own {family}")),
            (family, None) => says.push(format!("`{name}`: own {family}")),
        }
    }
    if let Some(to) = &rule.to {
        says.push(format!("sent as `{to}`, where `{{T}}` is the caller's tenant"));
    }
    for (what, shape) in [("query", &rule.query), ("body", &rule.body)] {
        match shape.as_deref() {
            None | Some("none") => {}
            Some("deployment") => says.push("form rebuilt with the tenant, models inspected".into()),
            Some("attachment" | "variable-data") => says.push("form rebuilt".into()),
            Some(name) if shapes[name].is_empty() => {}
            Some(name) => {
                let pinned = shapes[name].values().any(|f| {
                    matches!(
                        f,
                        FieldWritten::Tenant
                            | FieldWritten::Tenants
                            | FieldWritten::TenantWith(_)
                            | FieldWritten::TenantWithout(_)
                    )
                });
                let put_in = if pinned { "tenant put in, " } else { "" };
                says.push(format!("{what}: {put_in}{}", link(name)));
                used.insert(name.to_owned());
            }
        }
    }
    if rule.emulate.is_some() {
        says.push("carried out by other requests".into());
    }
    let flags = [
        (rule.own_answer, "the answer itself shows the owner"),
        (rule.own_only, "shared resources will not do"),
        (rule.makes_batch, "the batch is shown by a signed handle"),
        (rule.long_poll, "may wait for up to 30 minutes"),
    ];
    says.extend(flags.iter().filter(|(holds, _)| *holds).map(|(_, text)| (*text).to_owned()));
    if !rule.needs_one_of.is_empty() {
        says.push(format!("needs one of `{}`", rule.needs_one_of.join("`, `")));
    }
    if let Some(reason) = &rule.untenanted {
        says.push(format!("passes: {reason}"));
    }
    if says.is_empty() { "passes".into() } else { says.join("; ") }
}

/// What is done with a field, in words.
fn told_of(field: &FieldWritten, shapes: &Shapes) -> String {
    let shape = |name: &String| if shapes[name].is_empty() { "passes".to_owned() } else { link(name) };
    match field {
        FieldWritten::Tenant => "a tenant: own kept, put in where none is, foreign refused".into(),
        FieldWritten::TenantWith(other) => {
            format!("a tenant: own kept, put in beside `{other}`, foreign refused")
        }
        FieldWritten::TenantWithout(other) => {
            format!("a tenant: own kept, put in where `{other}` is not there, foreign refused")
        }
        FieldWritten::Tenants => "tenants: own kept, put in where none is, foreign refused".into(),
        FieldWritten::TenantsNamed => "tenants: own kept, foreign refused".into(),
        FieldWritten::Tenantless => "records without tenant: true is answered empty, or refused".into(),
        FieldWritten::IncludeTenantless => {
            "records without tenant as well: removed, except for shared resources that are `readable`".into()
        }
        FieldWritten::TenantlessSelector => "records without tenant: true is refused".into(),
        FieldWritten::BoundText => {
            "a text that is bound to the caller's tenant by a prefix in the engine".into()
        }
        FieldWritten::Joins(reason) => format!("shared resources are left out beside it: {reason}"),
        FieldWritten::Drop => "removed".into(),
        FieldWritten::Handle(family) => format!("id or handle of an own {family}"),
        FieldWritten::Own(family) => format!("id of an own {family}"),
        FieldWritten::OwnList(family) => format!("ids, each of an own {family}"),
        FieldWritten::Object(name) => format!("object: {}", shape(name)),
        FieldWritten::Each(name) => format!("each element: {}", shape(name)),
        FieldWritten::Map(name) => format!("each member: {}", shape(name)),
        FieldWritten::Refuse(reason) => format!("refused: {reason}"),
        FieldWritten::PathId(_) => "set to the path's id".into(),
        FieldWritten::TaskId => "refused: an id can't be chosen".into(),
        FieldWritten::Pass(reason) => format!("passes: {reason}"),
    }
}

fn inner(field: &FieldWritten) -> Option<&String> {
    match field {
        FieldWritten::Object(name) | FieldWritten::Each(name) | FieldWritten::Map(name) => Some(name),
        FieldWritten::Tenant
        | FieldWritten::TenantWith(_)
        | FieldWritten::TenantWithout(_)
        | FieldWritten::Tenants
        | FieldWritten::TenantsNamed
        | FieldWritten::Tenantless
        | FieldWritten::IncludeTenantless
        | FieldWritten::TenantlessSelector
        | FieldWritten::BoundText
        | FieldWritten::Joins(_)
        | FieldWritten::Drop
        | FieldWritten::Handle(_)
        | FieldWritten::Own(_)
        | FieldWritten::OwnList(_)
        | FieldWritten::Refuse(_)
        | FieldWritten::PathId(_)
        | FieldWritten::TaskId
        | FieldWritten::Pass(_) => None,
    }
}

fn link(shape: &str) -> String {
    format!("[{shape}](#{})", shape.to_lowercase())
}

/// The schema of the rule files: of resources, `shapes.yaml` and `ownership.yaml`.
fn schema() -> String {
    let of = |schema: Value| {
        let mut schema = schema;
        let object = schema.as_object_mut().unwrap();
        object.remove("$schema");
        object.remove("title");
        schema
    };
    let settings =
        || SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let rule = of(settings().into_root_schema_for::<RuleWritten>().to_value());
    let field = of(settings().into_root_schema_for::<FieldWritten>().to_value());
    let family = of(settings().into_root_schema_for::<FamilyWritten>().to_value());
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of rules",
        "description": "Operations and their rules; `shapes.yaml`: names of shapes; `ownership.yaml`: names of families.",
        "type": "object",
        "patternProperties": {
            "^(GET|POST|PUT|DELETE|OPTIONS) /": { "$ref": "#/$defs/rule" },
            "^[A-Z][A-Za-z]*$": { "type": "object", "additionalProperties": { "$ref": "#/$defs/field" } },
            "^[a-z][a-z-]*$": { "$ref": "#/$defs/family" },
        },
        "additionalProperties": false,
        "$defs": { "rule": rule, "field": field, "family": family },
    });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn the_page_is_up_to_date() {
    same_as_checked_in("docs/operations.md", &page());
}

#[test]
fn the_schema_is_up_to_date() {
    same_as_checked_in("policies/rule.schema.json", &schema());
}

/// The schema's names hold for every file; what stands behind them is of the same types as the loader reads.
#[test]
fn the_schema_names_every_key() {
    for (file, text) in built_in() {
        let keys: BTreeMap<String, Value> = parse(&text);
        for key in keys.keys() {
            let mut chars = key.chars();
            let first = chars.next().unwrap();
            let operation = key
                .split_once(" /")
                .is_some_and(|(method, _)| ["GET", "POST", "PUT", "DELETE", "OPTIONS"].contains(&method));
            let shape = first.is_ascii_uppercase() && key.chars().all(|c| c.is_ascii_alphabetic());
            let family =
                first.is_ascii_lowercase() && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(operation || shape || family, "{file}: {key}");
        }
    }
}
