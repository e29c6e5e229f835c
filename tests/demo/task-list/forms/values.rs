//! What fields hold, and what a person wrote into them, as the engine's typed values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Control, Field, Kind};
use crate::tasks::Variables;
use crate::when::Moment;

/// What a person wrote, by field; or what is wrong with it.
pub(crate) struct Answers {
    /// The variables to send.
    pub(crate) variables: Map<String, Value>,
    /// What is wrong, by field.
    pub(crate) faults: BTreeMap<String, String>,
}

/// The field with what its variable holds.
pub(super) fn holding(mut field: Field, variables: &Variables) -> Field {
    let Some(held) = variables.get(&field.key) else { return field };
    let Some(kind) = held.kind.as_deref().and_then(Kind::named) else {
        // Written over, a file or an object would be lost.
        if field.control != Control::Text {
            let kind = held.kind.as_deref().unwrap_or("unknown");
            field.control = Control::NotSupported(format!("a value of the type {kind}"));
        }
        return field;
    };
    // A variable keeps its type; one that holds nothing has none worth keeping.
    let fits = match field.control {
        Control::Number => matches!(kind, Kind::Integer | Kind::Short | Kind::Long | Kind::Double),
        Control::Checkbox => kind == Kind::Boolean,
        Control::Day => kind == Kind::Date,
        _ => true,
    };
    if fits && !held.value.is_null() && field.kind != Kind::Date {
        field.kind = kind;
    }
    match &held.value {
        Value::Null => {}
        Value::String(text) if kind == Kind::Date || field.kind == Kind::Date => {
            let moment = Moment::read(text);
            field.value = match field.control {
                Control::Day => moment.map(Moment::day).unwrap_or_default(),
                _ => text.clone(),
            };
        }
        Value::String(text) => field.value.clone_from(text),
        other => field.value = other.to_string(),
    }
    field
}

/// What was written into the fields: those alone that the person could change.
pub(crate) fn filled(fields: &[Field], written: &BTreeMap<String, String>) -> Answers {
    let mut answers = Answers { variables: Map::new(), faults: BTreeMap::new() };
    for field in fields.iter().filter(|field| field.is_sent()) {
        // A checkbox that is not ticked is not sent by a browser.
        let text = written.get(&field.key).map(String::as_str).unwrap_or_default();
        match value(field, text) {
            Ok((value, kind)) => {
                answers.variables.insert(field.key.clone(), json!({"value": value, "type": kind}));
            }
            Err(fault) => {
                answers.faults.insert(field.key.clone(), fault);
            }
        }
    }
    answers
}

/// Variables that a person adds: name, type, value.
pub(crate) fn added(rows: &[(String, String, String)]) -> Answers {
    let mut answers = Answers { variables: Map::new(), faults: BTreeMap::new() };
    for (name, kind, text) in rows.iter().filter(|(name, _, _)| !name.trim().is_empty()) {
        let read = Kind::named(kind).ok_or_else(|| "there is no such type".to_owned());
        match read.and_then(|kind| typed(kind, text)) {
            Ok((value, kind)) => {
                answers.variables.insert(name.trim().to_owned(), json!({"value": value, "type": kind}));
            }
            Err(fault) => {
                answers.faults.insert(name.clone(), fault);
            }
        }
    }
    answers
}

fn value(field: &Field, text: &str) -> Result<(Value, &'static str), String> {
    let rules = &field.rules;
    if field.control == Control::Checkbox {
        let ticked = !text.is_empty();
        return if rules.required && !ticked {
            Err("Tick this".into())
        } else {
            Ok((json!(ticked), "Boolean"))
        };
    }
    if text.trim().is_empty() {
        return if rules.required { Err("Fill this in".into()) } else { Ok((Value::Null, name(field.kind))) };
    }
    if let Control::Select(all) | Control::Radio(all) = &field.control
        && all.iter().all(|choice| choice.value != text)
    {
        return Err("Choose one of the list".into());
    }
    let length = text.chars().count();
    if let Some(least) = rules.min_length.filter(|least| length < *least) {
        return Err(format!("Write at least {least} characters"));
    }
    if let Some(most) = rules.max_length.filter(|most| length > *most) {
        return Err(format!("Write at most {most} characters"));
    }
    let (value, kind) = typed(field.kind, text)?;
    if let Some(number) = value.as_f64() {
        if let Some(min) = rules.min.filter(|min| number < *min) {
            return Err(format!("Write {min} or more"));
        }
        if let Some(max) = rules.max.filter(|max| number > *max) {
            return Err(format!("Write {max} or less"));
        }
    }
    Ok((value, kind))
}

/// A text as a value of a type.
fn typed(kind: Kind, text: &str) -> Result<(Value, &'static str), String> {
    let whole = |fits: fn(i64) -> bool| {
        let number = text.trim().parse::<i64>().ok().filter(|n| fits(*n));
        number.map(|n| json!(n)).ok_or_else(|| "Write a whole number".to_owned())
    };
    let value = match kind {
        Kind::String => json!(text),
        Kind::Short => whole(|n| i16::try_from(n).is_ok())?,
        Kind::Integer => whole(|n| i32::try_from(n).is_ok())?,
        Kind::Long => whole(|_| true)?,
        Kind::Double => {
            let number = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            json!(number.ok_or("Write a number")?)
        }
        Kind::Number => {
            return typed(Kind::Integer, text)
                .or_else(|_| typed(Kind::Long, text))
                .or_else(|_| typed(Kind::Double, text));
        }
        Kind::Boolean => match text {
            "true" | "on" => json!(true),
            "false" => json!(false),
            _ => return Err("Write true or false".into()),
        },
        Kind::Date => {
            let day = Moment::of_day(text.trim(), 0).ok_or("Write a day as 2026-12-31")?;
            json!(day.for_engine())
        }
    };
    Ok((value, name(kind)))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "String",
        Kind::Integer | Kind::Number => "Integer",
        Kind::Short => "Short",
        Kind::Long => "Long",
        Kind::Double => "Double",
        Kind::Boolean => "Boolean",
        Kind::Date => "Date",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Choice, Rules};
    use super::*;

    fn field(control: Control, kind: Kind) -> Field {
        let (key, label) = ("k".to_owned(), "K".to_owned());
        Field {
            key,
            label,
            help: None,
            control,
            kind,
            value: String::new(),
            editable: true,
            rules: Rules::default(),
        }
    }

    fn sent(field: &Field, text: &str) -> Result<Value, String> {
        let mut answers =
            filled(std::slice::from_ref(field), &BTreeMap::from([("k".to_owned(), text.to_owned())]));
        answers.variables.remove("k").ok_or_else(|| answers.faults.remove("k").unwrap_or_default())
    }

    #[test]
    fn what_the_person_could_not_change_is_not_sent() {
        let line = field(Control::Line, Kind::String);
        assert_eq!(sent(&line, "x"), Ok(json!({"value": "x", "type": "String"})));
        for other in [
            Field { editable: false, ..line.clone() },
            field(Control::NotSupported("datetime".into()), Kind::String),
            field(Control::Text, Kind::String),
        ] {
            assert_eq!(sent(&other, "x"), Err(String::new()), "{other:?}");
        }
    }

    #[test]
    fn values_have_their_types() {
        let number = field(Control::Number, Kind::Number);
        for (text, value, kind) in [("7", json!(7), "Integer"), ("1.5", json!(1.5), "Double")] {
            assert_eq!(sent(&number, text), Ok(json!({"value": value, "type": kind})));
        }
        assert_eq!(sent(&number, "3000000000"), Ok(json!({"value": 3_000_000_000_i64, "type": "Long"})));
        assert_eq!(sent(&number, ""), Ok(json!({"value": null, "type": "Integer"})));
        for text in ["seven", "NaN", "inf"] {
            assert!(sent(&number, text).is_err(), "{text}");
        }
        let ticked = field(Control::Checkbox, Kind::Boolean);
        assert_eq!(sent(&ticked, ""), Ok(json!({"value": false, "type": "Boolean"})));
        let day = field(Control::Day, Kind::Date);
        assert_eq!(
            sent(&day, "2026-12-31"),
            Ok(json!({"value": "2026-12-31T00:00:00.000+0000", "type": "Date"}))
        );
    }

    #[test]
    fn rules_hold_whatever_the_browser_sends() {
        let choices = vec![Choice { value: "a".into(), label: "A".into() }];
        let select = field(Control::Select(choices), Kind::String);
        assert!(sent(&select, "a").is_ok() && sent(&select, "b").is_err());
        let mut number = field(Control::Number, Kind::Long);
        number.rules = Rules { required: true, min: Some(1.0), max: Some(5.0), ..Rules::default() };
        assert!(sent(&number, "5").is_ok());
        for text in ["0", "6", ""] {
            assert!(sent(&number, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_not_written_over() {
        let variables: Variables = serde_json::from_value(
            json!({"k": {"type": "File", "value": null, "valueInfo": {"filename": "x"}}}),
        )
        .unwrap();
        let held = holding(field(Control::Line, Kind::String), &variables);
        assert!(!held.is_sent());
        let variables: Variables =
            serde_json::from_value(json!({"k": {"type": "Short", "value": 3}})).unwrap();
        let held = holding(field(Control::Number, Kind::Number), &variables);
        assert_eq!((held.kind, held.value.as_str()), (Kind::Short, "3"));
    }
}
