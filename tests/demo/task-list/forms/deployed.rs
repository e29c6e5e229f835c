//! Camunda forms: JSON that the application deployed. Field types that the page does not have are shown by name.

use serde_json::Value;

use super::values::holding;
use super::{Choice, Control, Field, Kind, Rules};
use crate::tasks::Variables;

/// The fields of a form, with what the variables hold.
pub(super) fn fields(form: &Value, variables: &Variables) -> Vec<Field> {
    let mut found = Vec::new();
    collect(form, &mut found, 0);
    found.into_iter().map(|field| holding(field, variables)).collect()
}

fn collect(parent: &Value, found: &mut Vec<Field>, depth: usize) {
    for component in parent.get("components").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            // Fields in a group are the form's own; a list of them is not.
            "group" if depth < 8 => collect(component, found, depth + 1),
            "button" | "spacer" | "separator" => {}
            kind => found.push(field(kind, component)),
        }
    }
}

fn field(kind: &str, component: &Value) -> Field {
    let text = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    // A condition that the page does not evaluate is taken as met: then nothing can be changed.
    let says = |name: &str| {
        component.get(name).is_some_and(|value| *value != Value::Bool(false) && !value.is_null())
    };
    let (control, kind) = match kind {
        "text" => (Control::Text, Kind::String),
        "textfield" => (Control::Line, Kind::String),
        "textarea" => (Control::Lines, Kind::String),
        "number" if says("serializeToString") => (Control::Line, Kind::String),
        "number" => (Control::Number, Kind::Number),
        "checkbox" => (Control::Checkbox, Kind::Boolean),
        "select" | "radio" => match choices(component) {
            Some(all) if kind == "select" => (Control::Select(all), Kind::String),
            Some(all) => (Control::Radio(all), Kind::String),
            None => (Control::NotSupported(format!("{kind} with choices from a variable")), Kind::String),
        },
        other => (Control::NotSupported(other.to_owned()), Kind::String),
    };
    let label = match control {
        Control::Text => text("text"),
        _ => Some(text("label")).filter(|label| !label.is_empty()).unwrap_or_else(|| text("key")),
    };
    Field {
        key: text("key"),
        label,
        help: Some(text("description")).filter(|help| !help.is_empty()),
        control,
        kind,
        value: component.get("defaultValue").map(plain).unwrap_or_default(),
        editable: !says("disabled") && !says("readonly"),
        rules: rules(component.get("validate").unwrap_or(&Value::Null)),
    }
}

fn choices(component: &Value) -> Option<Vec<Choice>> {
    let all = component.get("values")?.as_array()?;
    let choice = |one: &Value| {
        let value = plain(one.get("value")?);
        let label = one.get("label").and_then(Value::as_str).unwrap_or(&value).to_owned();
        Some(Choice { value, label })
    };
    all.iter().map(choice).collect()
}

fn rules(validate: &Value) -> Rules {
    // Numbers may be written as texts.
    let number = |name: &str| {
        let value = validate.get(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    };
    let length = |name: &str| validate.get(name)?.as_u64().and_then(|n| usize::try_from(n).ok());
    Rules {
        required: validate.get("required") == Some(&Value::Bool(true)),
        min: number("min"),
        max: number("max"),
        min_length: length("minLength"),
        max_length: length("maxLength"),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
