//! Tasks, and what belongs to one: read and changed at the engine, each change after a look at what is there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::engine::{Engine, Rows};
use crate::forms::{self, Form};
use crate::list_query::{ListQuery, PAGE, View};
use crate::problem::Problem;
use crate::session::{Person, Sessions};
use crate::when::Moment;

/// A task as the engine shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    pub(crate) id: String,
    name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) due: Option<String>,
    pub(crate) follow_up: Option<String>,
    #[serde(default)]
    pub(crate) priority: i64,
    #[serde(default)]
    pub(crate) suspended: bool,
    pub(crate) tenant_id: Option<String>,
    pub(crate) process_definition_id: Option<String>,
    pub(crate) process_instance_id: Option<String>,
    pub(crate) task_definition_key: Option<String>,
}

impl Task {
    /// Its name, or what stands for one.
    pub(crate) fn title(&self) -> &str {
        let names = [self.name.as_deref(), self.task_definition_key.as_deref()];
        names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or("Task without a name")
    }

    /// When it is due.
    pub(crate) fn due(&self) -> Option<Moment> {
        Moment::read(self.due.as_deref()?)
    }

    /// Whether it is this person's.
    pub(crate) fn is_of(&self, person: &Person) -> bool {
        self.assignee.as_deref() == Some(person.id.as_str())
    }
}

/// A page of a list.
pub(crate) struct Listed {
    pub(crate) tasks: Vec<Task>,
    /// How many each tab holds, in their order.
    pub(crate) counts: [usize; 4],
}

/// A variable as the engine shows it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Variable {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) value: Value,
    #[serde(default, rename = "valueInfo")]
    pub(crate) info: Map<String, Value>,
}

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, Variable>;

/// A comment.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Comment {
    pub(crate) message: Option<String>,
    pub(crate) time: Option<String>,
}

/// A task with all that the page shows of it.
pub(crate) struct Details {
    pub(crate) task: Task,
    pub(crate) process: Option<String>,
    pub(crate) business_key: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) variables: Variables,
    pub(crate) comments: Vec<Comment>,
    pub(crate) form: Form,
}

/// A page of the list, and how many tasks each tab holds.
pub(crate) async fn list(engine: &Engine, query: &ListQuery, person: &Person) -> Result<Listed, Problem> {
    let sorted = query.sorted(person);
    let rows = engine.find(&["task"], &sorted, Some(Rows { first: query.first(), most: PAGE }));
    let count = async |view: View| -> Result<usize, Problem> {
        let answer = engine.find(&["task", "count"], &query.for_engine(view, person).into(), None).await?;
        let count = answer.get("count").and_then(Value::as_u64);
        count.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| unexpected("a count without a number"))
    };
    let [a, b, c, d] = View::EACH.map(|(view, _)| view);
    let (rows, a, b, c, d) = tokio::try_join!(rows, count(a), count(b), count(c), count(d))?;
    Ok(Listed { tasks: read(rows)?, counts: [a, b, c, d] })
}

/// A task as it is now.
///
/// # Errors
/// [`Problem::Gone`] with what the history says of its end, and others.
pub(crate) async fn task(engine: &Engine, sessions: &Sessions, id: &str) -> Result<Task, Problem> {
    // The engine makes such ids; anything else was never one.
    if id.is_empty() || id.len() > 64 || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Problem::NoPage);
    }
    match engine.read(&["task", id], &[]).await {
        Ok(task) => read(task),
        Err(Problem::Gone { .. }) => Err(Problem::Gone { how: ended(engine, sessions, id).await }),
        Err(other) => Err(other),
    }
}

/// What the history says of a task's end.
async fn ended(engine: &Engine, sessions: &Sessions, id: &str) -> Option<String> {
    let rows = engine.read(&["history", "task"], &[("taskId", id)]).await.ok()?;
    let row = rows.get(0)?;
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let when = Moment::read(text("endTime")?)?.shown();
    Some(match (text("deleteReason"), text("assignee")) {
        (Some("completed"), Some(who)) => {
            format!("{} had it, and it was completed on {when}. Nothing was changed now.", sessions.name(who))
        }
        (Some("completed"), None) => format!("It was completed on {when}. Nothing was changed now."),
        _ => format!("It was withdrawn on {when}. Nothing was changed now."),
    })
}

/// A task with all that belongs to it.
pub(crate) async fn details(engine: &Engine, task: Task) -> Result<Details, Problem> {
    let plain = [("deserializeValues", "false")];
    let (path, id) = (|what| ["task", &task.id, what], task.id.clone());
    let paths = (path("variables"), path("comment"), path("identity-links"));
    let (variables, comments, links, process, business_key) = tokio::try_join!(
        engine.read(&paths.0, &plain),
        engine.read(&paths.1, &[]),
        engine.read(&paths.2, &[]),
        field_of(engine, "process-definition", task.process_definition_id.as_deref(), "name"),
        field_of(engine, "process-instance", task.process_instance_id.as_deref(), "businessKey"),
    )
    // What is there no longer was there a moment ago: its task went.
    .map_err(|problem| match problem {
        Problem::Unexpected { why } => {
            eprintln!("task-list: task {id}: {}", why.escape_debug());
            Problem::Gone { how: None }
        }
        other => other,
    })?;
    let variables: Variables = read(variables)?;
    let form = forms::of(engine, &task, &variables).await?;
    let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
    let groups = links.iter().filter(|link| link.get("type").and_then(Value::as_str) == Some("candidate"));
    let groups = groups.filter_map(|link| link.get("groupId")?.as_str().map(str::to_owned)).collect();
    Ok(Details { task, process, business_key, groups, variables, comments: read(comments)?, form })
}

async fn field_of(
    engine: &Engine,
    resource: &str,
    id: Option<&str>,
    field: &str,
) -> Result<Option<String>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let record = engine.read(&[resource, id], &[]).await?;
    Ok(record.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned))
}

/// What a person does with a task.
pub(crate) enum Action<'a> {
    Claim,
    Unclaim,
    Complete { by_form: bool, variables: Value },
    Comment(&'a str),
}

/// Does it, after a look at whose the task is. What was seen before the change may be over when it arrives: then the
/// engine says no, and a second look says why.
///
/// # Errors
/// [`Problem::Faster`], [`Problem::NotYours`], [`Problem::Gone`], [`Problem::Refused`] and others.
pub(crate) async fn act(
    engine: &Engine,
    sessions: &Sessions,
    id: &str,
    person: &Person,
    action: &Action<'_>,
) -> Result<(), Problem> {
    let now = task(engine, sessions, id).await?;
    let mine_first = matches!(action, Action::Unclaim | Action::Complete { .. });
    match &now.assignee {
        Some(who) if !now.is_of(person) && !matches!(action, Action::Comment(_)) => {
            return Err(Problem::Faster { who: sessions.name(who), task: id.to_owned() });
        }
        None if mine_first => return Err(Problem::NotYours { task: id.to_owned() }),
        _ => {}
    }
    let (what, body): (&[&str], Value) = match action {
        Action::Claim => (&["claim"], json!({"userId": person.id})),
        Action::Unclaim => (&["unclaim"], json!({})),
        Action::Complete { by_form: true, variables } => (&["submit-form"], json!({"variables": variables})),
        Action::Complete { by_form: false, variables } => (&["complete"], json!({"variables": variables})),
        // The engine knows the page's client only, so the text itself says who wrote it.
        Action::Comment(text) => {
            (&["comment", "create"], json!({"message": format!("{}: {text}", person.name)}))
        }
    };
    let path: Vec<&str> = ["task", id].into_iter().chain(what.iter().copied()).collect();
    let Err(no) = engine.change(&path, &body).await? else { return Ok(()) };
    match task(engine, sessions, id).await?.assignee {
        Some(who) if who != person.id => {
            Err(Problem::Faster { who: sessions.name(&who), task: id.to_owned() })
        }
        _ => Err(Problem::Refused { message: no.message }),
    }
}

/// An answer as what it should be.
pub(crate) fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Problem> {
    serde_json::from_value(answer).map_err(|e| unexpected(&e.to_string()))
}

fn unexpected(why: &str) -> Problem {
    Problem::Unexpected { why: why.to_owned() }
}
