//! What a task asks of the person who completes it: a deployed Camunda form, a form that the model holds, or nothing.
//!
//! Both become the same fields. What is sent back is read by the fields, not by what the browser says there are: a field
//! that the person could not change is never sent.

/// Camunda forms (JSON).
mod deployed;
/// Fields of a model (BPMN).
mod generated;
/// What a person wrote, as typed values.
mod values;

use serde_json::Value;

pub(crate) use values::{Answers, added, filled};

use crate::engine::Engine;
use crate::problem::Problem;
use crate::tasks::{Task, Variables, read};

/// The form of a task.
pub(crate) enum Form {
    /// It has none.
    None,
    /// Its fields, in order.
    Fields(Vec<Field>),
    /// It has one that the page can't show, and why.
    NotShown(String),
}

/// A field of a form.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The variable.
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
    pub(crate) control: Control,
    /// The type that the variable is sent with.
    pub(crate) kind: Kind,
    /// As a person reads it.
    pub(crate) value: String,
    pub(crate) editable: bool,
    pub(crate) rules: Rules,
}

/// How a field is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Line,
    Lines,
    Number,
    Checkbox,
    Day,
    Select(Vec<Choice>),
    Radio(Vec<Choice>),
    /// A text between fields.
    Text,
    /// One that the page does not have, by its name.
    NotSupported(String),
}

/// One of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

/// The type of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Integer,
    Short,
    Long,
    Double,
    Boolean,
    Date,
    /// A number of a form that does not say which: the smallest that holds what was written.
    Number,
}

/// What a value has to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    pub(crate) required: bool,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
}

impl Kind {
    /// The type of that name; none for those that no field can hold.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "String" | "Null" => Self::String,
            "Integer" => Self::Integer,
            "Short" => Self::Short,
            "Long" => Self::Long,
            "Double" => Self::Double,
            "Boolean" => Self::Boolean,
            "Date" => Self::Date,
            _ => return None,
        })
    }
}

impl Field {
    /// Whether what is written in it is sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.editable && !matches!(self.control, Control::Text | Control::NotSupported(_))
    }
}

/// The form of a task.
///
/// # Errors
/// The engine can't be asked.
pub(crate) async fn of(engine: &Engine, task: &Task, variables: &Variables) -> Result<Form, Problem> {
    let form = engine.read(&["task", &task.id, "form"], &[]).await?;
    let key = form.get("key").and_then(Value::as_str).unwrap_or_default();
    let deployed = form.get("camundaFormRef").is_some_and(|form_ref| !form_ref.is_null())
        || key.starts_with("camunda-forms:deployment:");
    if deployed {
        let json = match engine.read(&["task", &task.id, "deployed-form"], &[]).await {
            Ok(json) => json,
            Err(Problem::Unreachable { why }) => return Err(Problem::Unreachable { why }),
            Err(problem) => {
                return Ok(Form::NotShown(format!("The task’s form can’t be read: {}", problem.told().text)));
            }
        };
        return Ok(Form::Fields(deployed::fields(&json, variables)));
    }
    if key.ends_with("/rendered-form") {
        let Some(definition) = &task.process_definition_id else { return Ok(Form::None) };
        let model = engine.read(&["process-definition", definition, "xml"], &[]).await?;
        let model = model.get("bpmn20Xml").and_then(Value::as_str).unwrap_or_default();
        let at = task.task_definition_key.as_deref().unwrap_or_default();
        let Some(fields) = generated::fields(model, at) else {
            return Ok(Form::NotShown("The task’s form can’t be read from its model.".into()));
        };
        // The engine knows what each holds, defaults included.
        let names: Vec<&str> = fields.iter().map(|field| field.key.as_str()).collect();
        let query = [("variableNames", names.join(",")), ("deserializeValues", "false".to_owned())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let held: Variables = read(engine.read(&["task", &task.id, "form-variables"], &query).await?)?;
        return Ok(Form::Fields(fields.into_iter().map(|field| values::holding(field, &held)).collect()));
    }
    if key.is_empty() {
        return Ok(Form::None);
    }
    Ok(Form::NotShown(format!(
        "The task has a form of its own application (`{key}`), which this page can’t show."
    )))
}
