//! The reference of all keys: the JSON Schema of the file, and the page `docs/configuration.md`.
//!
//! Both are made of the sections, and the checked-in copies compared with them; `UPDATE=1 cargo test --lib up_to_date` writes
//! them anew.

use std::fmt::Write as _;

use serde_json::Value;

use super::layers::variable;
use crate::config::codes::FindingCode;
use crate::config::shape::{self, Shape, Takes, join};
use crate::config::{GrantSource, Issuer, Settings, TenantSource, schema};
use crate::golden::same_as_checked_in;

const HEAD: &str = "# Configuration\n\n\
<!-- Generated from src/config by `make update`. Change it there. -->\n\n\
The gateway reads one YAML file, named by `--config` or `TENANTGATE_CONFIG`. Every key can also be set by an \
environment variable, and the common ones by a flag. A flag overrides the environment, the environment overrides the \
file, and the file overrides the default. Any error stops the start, including an unknown key or an unknown \
`TENANTGATE_` variable; `tenantgate check --config FILE` lists all errors and warnings in one run.\n\n\
- **Lists in variables**: values separated by commas (`a,b`), or YAML (`[a, b]`). Other lists and maps: YAML.\n\
- **Durations**: a number with a unit (`500ms`, `30s`, `5m`, `1h`). **Sizes**: bytes.\n\
- **Paths**: a relative path in the file is relative to the file's folder; in a variable or a flag it is relative to \
the working directory.\n\
- **Flags**: `--listen`, `--admin-listen`, `--public-url`, `--engine-url`, `--issuer`, `--audience` (repeatable), \
`--jwks-url`, `--policies`, `--log-format`, `--log-filter` (also `--log-level`).\n\
- **A single issuer**: `--issuer`, `--audience`, `--jwks-url`, or `TENANTGATE_ISSUER`, `TENANTGATE_AUDIENCE` (comma \
separated), `TENANTGATE_JWKS_URL`. It replaces the list `issuers`.\n\n\
## Editor support\n\n\
`tenantgate schema` prints the JSON schema of the file ([configuration.schema.json](configuration.schema.json)). Write \
it next to your configuration:\n\n\
```sh run\ntenantgate schema > tenantgate.schema.json\n```\n\n\
Editors with a YAML language server then complete and check a file that begins with the first line of this one, the \
smallest configuration that works:\n\n\
```yaml file=tenantgate.yaml\n\
# yaml-language-server: $schema=tenantgate.schema.json\n\
engine:\n  url: http://camunda:8080/engine-rest\n\
issuers:\n  - issuer: https://example.eu.auth0.com/\n    audiences: [https://camunda.example.com/engine-rest]\n\
```\n\n\
```sh run\ntenantgate check --config tenantgate.yaml\n```\n";

/// The page `docs/configuration.md`.
fn reference() -> String {
    let mut page = HEAD.to_owned();
    let schema = shape::whole();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    section(&mut page, "", Shape(&schema), &defaults);
    page.push_str("\n## Findings\n\nWhat `check` and `serve` can report about settings. Errors stop the start; warnings do not.\n\n");
    page.push_str("| code | severity | meaning |\n| --- | --- | --- |\n");
    for (code, doc) in FindingCode::ALL {
        let (code, severity, _) = code.entry();
        let _ = writeln!(page, "| `{code}` | {severity} | {} |", cell(doc));
    }
    page
}

/// A heading, a table of the keys that hold one value, and then the sections below.
fn section(page: &mut String, path: &str, shape: Shape<'_>, defaults: &Value) {
    if path.is_empty() {
        page.push_str("\n## Top level\n\n");
    } else {
        let _ = write!(page, "\n## `{path}`\n\n");
        let _ = write!(page, "{}\n\n", cell(description(shape)));
    }
    // A list's keys have no variables.
    let in_list = path.ends_with("[]");
    let (third, dashes) = if in_list { ("", "") } else { (" variable |", " --- |") };
    let _ = writeln!(page, "| key |{third} takes | default | meaning |\n| --- |{dashes} --- | --- | --- |");
    let mut below = Vec::new();
    for (key, schema) in shape.keys().into_iter().flatten() {
        let (of, path) = (Shape(schema), join(path, key));
        let default = defaults.get(key).unwrap_or(&Value::Null);
        if of.keys().is_some() && !of.nullable() {
            below.push((path, of, default.clone()));
            continue;
        }
        let variable = if in_list { String::new() } else { format!(" `{}` |", variable(&path)) };
        let (takes, default, text) = (takes(of), default_text(default), cell(description(of)));
        let _ = writeln!(page, "| `{path}` |{variable} {takes} | {default} | {text} |");
        if let Some(items) = of.items().filter(|items| items.keys().is_some()) {
            below.push((format!("{path}[]"), items, defaults_of_items(&path)));
        }
    }
    for (path, shape, defaults) in below {
        section(page, &path, shape, &defaults);
    }
}

/// The defaults of what stands in a list of sections.
fn defaults_of_items(path: &str) -> Value {
    match path {
        "issuers" => serde_json::to_value(Issuer::default()),
        "tenancy.tenant_from" => serde_json::to_value(TenantSource::default()),
        "tenancy.grants" => serde_json::to_value(GrantSource::default()),
        other => panic!("{other} has no defaults here"),
    }
    .unwrap_or_default()
}

fn takes(shape: Shape<'_>) -> String {
    let mut text = match shape.takes() {
        Takes::Text => "text".to_owned(),
        Takes::Time => "time".to_owned(),
        Takes::Choice => format!("`{}`", shape.choices().join("`, `")),
        Takes::Flag => "`true`, `false`".to_owned(),
        Takes::Number => "number".to_owned(),
        Takes::List => "list".to_owned(),
        Takes::TextOrList => "text or list".to_owned(),
        Takes::Map => "map".to_owned(),
    };
    if let Some((least, most)) = shape.range() {
        let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let _ = write!(text, ", {} to {}", plain(least), plain(most));
    }
    text
}

fn default_text(default: &Value) -> String {
    match default {
        Value::Null => "none".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) if items.is_empty() => "`[]`".to_owned(),
        Value::Array(items) => {
            let all = items.iter().filter_map(Value::as_str).collect::<Vec<_>>();
            format!("`[{}]`", all.join(", "))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => format!("`{default}`"),
    }
}

fn description(shape: Shape<'_>) -> &str {
    shape.0.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// A doc comment as one line of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn the_page_is_up_to_date() {
    same_as_checked_in("docs/configuration.md", &reference());
}

/// The chart's `config` takes what the file takes.
#[test]
fn the_chart_s_schema_is_up_to_date() {
    let file = "helm/values.schema.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let mut values: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    config.as_object_mut().unwrap().remove("$schema");
    values["properties"]["config"] = config;
    same_as_checked_in(file, &(serde_json::to_string_pretty(&values).unwrap() + "\n"));
}

#[test]
fn the_schema_is_up_to_date() {
    same_as_checked_in("docs/configuration.schema.json", &schema());
}

/// Paths count from the file's folder, and what lies there is looked at for changes: only where the schema says that a key
/// names one.
#[test]
fn every_key_that_names_a_file_says_so() {
    fn walk(schema: &Value, seen: &mut usize) {
        for (name, key) in schema["properties"].as_object().into_iter().flatten() {
            if ["_file", "_files", "directory"].iter().any(|end| name.ends_with(end)) {
                assert!(key.get("x-path").is_some(), "{name}");
                *seen += 1;
            }
        }
        match schema {
            Value::Object(members) => members.values().for_each(|member| walk(member, seen)),
            Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut seen = 0;
    walk(&shape::whole(), &mut seen);
    assert!(seen >= 8, "{seen}");
}
