//! The page of all operations and the schema of the rule files, made from the rules and their types.
//!
//! In: the built-in rules as written. Out: `docs/operations.md` and `policies/rule.schema.json`, held to the
//! checked-in copies by tests; `make update` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::load::built_in;
use super::written::{
    FieldName, FieldRulesName, FieldWritten, Method, OperationKey, ResourceTypeWritten, RuleWritten,
};
use crate::golden::same_as_checked_in;

mod words;

use words::{Words, inner, put_in_words};

type Rules = BTreeMap<OperationKey, RuleWritten>;
type AllFieldRules = BTreeMap<FieldRulesName, BTreeMap<FieldName, FieldWritten>>;

const HEAD: &str = "# Operations\n\n\
<!-- Generated from policies/ by `make update`. Change the rules there. -->\n\n\
All operations of the engine's REST API and how each is restricted to the caller's tenant. Operations that are not listed \
are refused (`TG403-NO-RULE`). A request that names another tenant is refused (`TG403-TENANT`); another tenant's id is \
answered like an id that never existed. `tenantgate explain METHOD PATH --client-id ID` shows how one request is handled. \
How to write rules: [writing-rules.md](writing-rules.md).\n\n\
- *the caller's*: the id must belong to the caller's tenant; the gateway asks the engine once and remembers the owner.\n\
- *tenant inserted*: the query or body is sent with the caller's tenant, whatever the client sent or omitted.\n\
- *kind*: `read` changes nothing; `work`, `start`, `deploy` and `administer` are writes and are audited.\n\
- *level*: a granted tenant's records require level `read` for kind `read`, `work` for `work`, and `all` for the others \
([grants.md](grants.md)).\n";

fn page() -> String {
    let files: BTreeMap<_, _> = built_in().into_iter().collect();
    let field_rules: AllFieldRules = parse(&files["fields.yaml"]);
    let mut words = Words { field_rules: &field_rules, used: BTreeSet::new() };
    let (mut tables, mut denied, mut local, mut all) = (String::new(), 0, 0, 0);
    for (file, text) in &files {
        let title = match file.as_str() {
            "fields.yaml" | "ownership.yaml" => continue,
            other => other.trim_end_matches(".yaml"),
        };
        let rules: Rules = parse(text);
        let mut rows: Vec<_> = rules.iter().collect();
        rows.sort_by_key(|(operation, _)| (operation.template().as_str(), operation.method().name()));
        let _ = write!(
            tables,
            "\n## {title}\n\n| operation | kind | how it is restricted to the tenant |\n| --- | --- | --- |\n"
        );
        for (operation, rule) in rows {
            all += 1;
            denied += usize::from(rule.deny.is_some());
            local += usize::from(rule.local.is_some());
            let how = words.of_rule(rule).replace('|', "\\|");
            let _ = writeln!(tables, "| `{operation}` | {} | {how} |", rule.kind.name());
        }
    }
    let allowed = all - denied - local;
    let used = words.used;
    let fields = fields(&field_rules, used);
    format!(
        "{HEAD}\n{all} operations: {allowed} allowed, {local} answered by the gateway, {denied} denied.\n{tables}{fields}"
    )
}

/// The fields of the used field rules, and of the field rules in those.
fn fields(field_rules: &AllFieldRules, used: BTreeSet<&FieldRulesName>) -> String {
    let mut text = "\n## Fields\n\nWhat is done with fields of queries and bodies; others pass.\n".to_owned();
    let mut open: Vec<_> = used.into_iter().collect();
    let mut names = BTreeSet::new();
    while let Some(name) = open.pop() {
        if names.insert(name) {
            let more = field_rules[name].values().filter_map(inner);
            open.extend(more.filter(|inner| !field_rules[*inner].is_empty()));
        }
    }
    for name in names {
        let _ = write!(text, "\n### {name}\n\n");
        for (field, what) in &field_rules[name] {
            let _ = writeln!(text, "- `{field}`: {}", put_in_words(what, field_rules));
        }
    }
    text
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap()
}

/// The schema of the rule files: of resources, `fields.yaml` and `ownership.yaml`.
fn schema() -> String {
    let of = |schema: Value| {
        let mut schema = schema;
        let object = schema.as_object_mut().unwrap();
        object.remove("$schema");
        object.remove("title");
        without_null(&mut schema);
        schema
    };
    let settings =
        || SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let rule = of(settings().into_root_schema_for::<RuleWritten>().to_value());
    let field = of(settings().into_root_schema_for::<FieldWritten>().to_value());
    let resource_type = of(settings().into_root_schema_for::<ResourceTypeWritten>().to_value());
    let methods = Method::ALL.map(Method::name).join("|");
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of rules",
        "description": "Operations and their rules; `fields.yaml`: names of field rules; `ownership.yaml`: names of resource types.",
        "type": "object",
        "patternProperties": {
            format!("^({methods}) /"): { "$ref": "#/$defs/rule" },
            "^[A-Z][A-Za-z]*$": { "type": "object", "additionalProperties": { "$ref": "#/$defs/field" } },
            "^[a-z][a-z-]*$": { "$ref": "#/$defs/resource-type" },
        },
        "additionalProperties": false,
        "$defs": { "rule": rule, "field": field, "resource-type": resource_type },
    });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

/// No key takes `null`: the loader refuses it where a key can be left out.
fn without_null(schema: &mut Value) {
    if let Value::Object(members) = schema {
        members.retain(|name, value| name != "default" || !value.is_null());
        if let Some(Value::Array(types)) = members.get_mut("type") {
            types.retain(|name| name != "null");
            let only = types.remove(0);
            members.insert("type".to_owned(), only);
        }
        if let Some(Value::Array(any)) = members.get_mut("anyOf") {
            any.retain(|one| *one != json!({"type": "null"}));
        }
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(without_null),
        Value::Array(all) => all.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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
            let field_rules = first.is_ascii_uppercase() && key.chars().all(|c| c.is_ascii_alphabetic());
            let resource_type =
                first.is_ascii_lowercase() && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(operation || field_rules || resource_type, "{file}: {key}");
        }
    }
}
