//! The reference of all keys, made from the types in `written.rs`.
//!
//! In: nothing but the types. Out: the JSON Schema of the file, and the page `docs/configuration.md`. Tests hold the
//! checked-in copies to what is made here; `UPDATE=1 cargo test --lib up_to_date` writes them anew.

use std::fmt::Write as _;

use serde_json::Value;

use super::finding::Code;
use super::load::variable;
use super::shape::{self, Shape, Takes, join};
use super::written::{Issuer, Written};

const HEAD: &str = "# Configuration\n\n\
<!-- Made from src/config/written.rs by `UPDATE=1 cargo test --lib up_to_date`. Change it there. -->\n\n\
One YAML file, named by `--config` or `TENANTGATE_CONFIG`. Every key can also be an environment variable, the common \
ones are flags. A flag goes before the environment, the environment before the file, the file before the default. \
Unknown keys, unknown `TENANTGATE_` variables and everything else that is faulty stop the start; \
`tenantgate check --config FILE` shows all of it in one run.\n\n\
- Lists in variables: texts with commas between (`a,b`), or YAML (`[a, b]`). Other lists and maps: YAML.\n\
- Times: a number with its unit (`500ms`, `30s`, `5m`, `1h`). Sizes: bytes.\n\
- Flags: `--listen`, `--admin-listen`, `--public-url`, `--engine-url`, `--issuer`, `--audience` (repeatable), \
`--jwks-url`, `--policies`, `--log-format`, `--log-filter`.\n\
- A single issuer: `--issuer`, `--audience`, `--jwks-url`, or `TENANTGATE_ISSUER`, `TENANTGATE_AUDIENCE` (with \
commas), `TENANTGATE_JWKS_URL`. It replaces the list `issuers`.\n\n\
The smallest file:\n\n\
```yaml\n\
engine:\n  url: http://camunda:8080/engine-rest\n\
issuers:\n  - issuer: https://example.eu.auth0.com/\n    audiences: [https://camunda.example.com/engine-rest]\n\
```\n";

/// The JSON Schema of the configuration file, for editors and the chart.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&shape::whole()).unwrap_or_default();
    text.push('\n');
    text
}

/// The page `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    let schema = shape::whole();
    let defaults = serde_json::to_value(Written::default()).unwrap_or_default();
    section(&mut page, "Top level", "", &schema, &defaults);
    page.push_str("\n## Findings\n\nWhat `check` and `serve` can find in settings.\n\n");
    page.push_str("| code | severity | meaning |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.severity(), cell(code.doc()));
    }
    page
}

/// A heading, a table of the keys that hold one value, and then the sections below.
fn section(page: &mut String, title: &str, path: &str, schema: &Value, defaults: &Value) {
    let Some(keys) = Shape::of(schema).and_then(Shape::keys) else { return };
    let in_list = path.contains("[]");
    let _ = write!(page, "\n## {title}\n\n");
    if let Some(text) = schema.get("description").and_then(Value::as_str).filter(|_| !path.is_empty()) {
        let _ = write!(page, "{}\n\n", cell(text));
    }
    let third = if in_list { "" } else { " variable |" };
    let dashes = if in_list { "" } else { " --- |" };
    let _ = writeln!(page, "| key |{third} takes | default | meaning |\n| --- |{dashes} --- | --- | --- |");
    let mut below = Vec::new();
    for (key, schema) in keys {
        let Some(of) = Shape::of(schema) else { continue };
        let path = join(path, key);
        let default = defaults.get(key).unwrap_or(&Value::Null);
        if of.keys().is_some() && !of.nullable {
            below.push((path, schema.clone(), default.clone()));
            continue;
        }
        let variable = if in_list { String::new() } else { format!(" `{}` |", variable(&path)) };
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let _ =
            writeln!(page, "| `{path}` |{variable} {} | {} | {} |", takes(of), shown(default), cell(text));
        if of.items().is_some_and(|items| items.keys().is_some()) {
            let schema = schema.get("items").cloned().unwrap_or_default();
            below.push((
                format!("{path}[]"),
                schema,
                serde_json::to_value(Issuer::default()).unwrap_or_default(),
            ));
        } else if of.keys().is_some() {
            let inner = schema.get("anyOf").and_then(Value::as_array).and_then(|all| all.first());
            below.push((path, inner.cloned().unwrap_or_default(), Value::Null));
        }
    }
    for (path, schema, defaults) in below {
        section(page, &format!("`{path}`"), &path, &schema, &defaults);
    }
}

fn takes(shape: Shape<'_>) -> String {
    let choices = shape.choices();
    let mut text = match shape.takes() {
        Takes::Text if shape.is_span() => "time".to_owned(),
        Takes::Text if !choices.is_empty() => format!("`{}`", choices.join("`, `")),
        Takes::Text => "text".to_owned(),
        Takes::Flag => "`true`, `false`".to_owned(),
        Takes::Number => "number".to_owned(),
        Takes::List => "list".to_owned(),
        Takes::Map => "map".to_owned(),
        Takes::Anything => "anything".to_owned(),
    };
    if let (Some(least), Some(most)) = shape.range() {
        let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let _ = write!(text, ", {} to {}", plain(least), plain(most));
    }
    text
}

fn shown(default: &Value) -> String {
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

/// A doc comment as one line of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use crate::golden::same_as_checked_in;

    #[test]
    fn the_page_is_up_to_date() {
        same_as_checked_in("docs/configuration.md", &super::reference());
    }

    /// The chart's `config` takes what the file takes.
    #[test]
    fn the_chart_s_schema_is_up_to_date() {
        let file = "helm/values.schema.json";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let mut values: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&super::schema()).unwrap();
        config.as_object_mut().unwrap().remove("$schema");
        values["properties"]["config"] = config;
        same_as_checked_in(file, &(serde_json::to_string_pretty(&values).unwrap() + "\n"));
    }

    #[test]
    fn the_schema_is_up_to_date() {
        same_as_checked_in("tests/golden/configuration.schema.json", &super::schema());
    }
}
