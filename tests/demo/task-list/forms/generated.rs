//! Forms that a model holds: `camunda:formData` of a user task. Labels, types and rules are the model's.

use roxmltree::{Document, Node};

use super::{Choice, Control, Field, Kind, Rules};

const CAMUNDA: &str = "http://camunda.org/schema/1.0/bpmn";

/// The fields of the task with that id in the model; none where it can't be read.
pub(super) fn fields(model: &str, task: &str) -> Option<Vec<Field>> {
    let model = Document::parse(model).ok()?;
    let task =
        model.descendants().find(|node| node.attribute("id") == Some(task) && is(*node, "userTask"))?;
    Some(task.descendants().filter(|node| is(*node, "formField")).filter_map(field).collect())
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn field(node: Node<'_, '_>) -> Option<Field> {
    let key = node.attribute("id")?;
    let (control, kind) = match node.attribute("type").unwrap_or("string") {
        "string" => (Control::Line, Kind::String),
        "long" => (Control::Number, Kind::Long),
        "boolean" => (Control::Checkbox, Kind::Boolean),
        "date" => (Control::Day, Kind::Date),
        "enum" => (Control::Select(choices(node)), Kind::String),
        other => (Control::NotSupported(other.to_owned()), Kind::String),
    };
    let constraints: Vec<_> = node.descendants().filter(|node| is(*node, "constraint")).collect();
    let constraint = |name: &str| constraints.iter().find(|node| node.attribute("name") == Some(name));
    // `config="false"` switches a constraint off.
    let on = |name: &str| constraint(name).is_some_and(|node| node.attribute("config") != Some("false"));
    let number = |name: &str| constraint(name)?.attribute("config")?.parse::<f64>().ok();
    let length = |name: &str| constraint(name)?.attribute("config")?.parse::<usize>().ok();
    Some(Field {
        key: key.to_owned(),
        label: node.attribute("label").filter(|label| !label.is_empty()).unwrap_or(key).to_owned(),
        help: None,
        control,
        kind,
        value: String::new(),
        editable: !on("readonly"),
        rules: Rules {
            required: on("required"),
            min: number("min"),
            max: number("max"),
            min_length: length("minlength"),
            max_length: length("maxlength"),
        },
    })
}

fn choices(node: Node<'_, '_>) -> Vec<Choice> {
    let values =
        node.children().filter(|node| is(*node, "value") && node.tag_name().namespace() == Some(CAMUNDA));
    let choice = |node: Node<'_, '_>| {
        let value = node.attribute("id")?.to_owned();
        let label = node.attribute("name").unwrap_or(&value).to_owned();
        Some(Choice { value, label })
    };
    values.filter_map(choice).collect()
}
