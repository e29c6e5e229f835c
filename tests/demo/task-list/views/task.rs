//! One task: whose it is, its form, its variables, its comments.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::fields::field;
use super::list::{due, state};
use super::{application, form_token, layout, moment_of, notice};
use crate::applications::Names;
use crate::forms::Form;
use crate::session::{Session, Sessions};
use crate::tasks::{Comment, Details, Task, Variable};

/// What a task's page shows.
pub(crate) struct Seen<'a> {
    pub(crate) session: &'a Session,
    pub(crate) notice: Option<&'a str>,
    /// The list that the person came from.
    pub(crate) back: &'a str,
    pub(crate) details: &'a Details,
    pub(crate) names: &'a Names,
    pub(crate) sessions: &'a Sessions,
    pub(crate) again: &'a Again,
}

/// What was sent and not accepted: it is shown again, with what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Again {
    pub(crate) written: Option<BTreeMap<String, String>>,
    pub(crate) rows: Vec<(String, String, String)>,
    pub(crate) faults: BTreeMap<String, String>,
    pub(crate) refused: Option<String>,
}

/// Types that a person can give a variable.
const TYPES: [&str; 6] = ["String", "Integer", "Long", "Double", "Boolean", "Date"];

pub(crate) fn page(seen: &Seen<'_>) -> Markup {
    let (task, details) = (&seen.details.task, seen.details);
    let main = html! {
        nav aria-label="Way back" { a.back href=(seen.back) { "‹ All tasks" } }
        (notice(seen.notice, false))
        (notice(seen.again.refused.as_deref(), true))
        div.heading.task-heading {
            div {
                p.over { (application(seen.names, task.tenant_id.as_deref())) }
                h1 { (task.title()) }
            }
        }
        div.columns {
            div {
                (whose(seen))
                @if let Some(text) = task.description.as_deref().filter(|text| !text.is_empty()) {
                    section.card { h2 { "Description" } p.free { (text) } }
                }
                (work(seen))
                (comments(seen.session, task, &details.comments))
            }
            aside aria-label="About the task" {
                (facts(seen))
                (variables(details))
            }
        }
    };
    layout(task.title(), Some(seen.session), &main)
}

/// Whose the task is, and what can be done about it.
fn whose(seen: &Seen<'_>) -> Markup {
    let task = &seen.details.task;
    let button = |to: &str, text: &str, class: &str| {
        html! {
            form action={ "/task/" (task.id) "/" (to) } method="post" {
                (form_token(seen.session))
                button class=(class) type="submit" { (text) }
            }
        }
    };
    html! {
        section.card.whose aria-label="State" {
            p {
                (state(seen.session, task, seen.sessions)) " "
                @if task.suspended { "Its application suspended it: nothing can be done with it now." }
                @else if task.is_of(&seen.session.person) { "You have this task." }
                @else if let Some(who) = &task.assignee { strong { (seen.sessions.name(who)) } " has this task." }
                @else { "Nobody has this task yet." }
            }
            @if !task.suspended && task.assignee.is_none() { (button("claim", "Claim", "button")) }
            @if !task.suspended && task.is_of(&seen.session.person) { (button("unclaim", "Unclaim", "plain")) }
        }
    }
}

/// The form, and the way to complete the task.
fn work(seen: &Seen<'_>) -> Markup {
    let task = &seen.details.task;
    let usable = task.is_of(&seen.session.person) && !task.suspended;
    html! {
        section.card aria-labelledby="form-title" {
            h2 #form-title { "Form" }
            form action={ "/task/" (task.id) "/complete" } method="post" data-once {
                (form_token(seen.session))
                @match &seen.details.form {
                    Form::Fields(fields) => {
                        div.grid {
                            @for (i, one) in fields.iter().enumerate() { (field(one, i, seen.again, usable)) }
                        }
                    }
                    Form::NotShown(why) => { p.unsupported { (why) } }
                    Form::None => {
                        p.quiet { "This task has no form." }
                        @if usable { (added(seen.again)) }
                    }
                }
                @if usable && !matches!(seen.details.form, Form::NotShown(_)) {
                    div.buttons { button.button type="submit" { "Complete" } }
                } @else if task.assignee.is_none() {
                    p.quiet { "Claim the task to work on it." }
                }
            }
        }
    }
}

/// Variables that a person adds to a task without form; the script adds more rows.
fn added(again: &Again) -> Markup {
    let none = [(String::new(), "String".to_owned(), String::new())];
    let rows = if again.rows.is_empty() { &none[..] } else { &again.rows };
    html! {
        fieldset.added {
            legend { "Variables to send along (optional)" }
            @for (i, (name, kind, value)) in rows.iter().enumerate() {
                div.row data-row {
                    div.field {
                        label for={ "name-" (i) } { "Name" }
                        input id={ "name-" (i) } name="added.name" value=(name) autocomplete="off";
                    }
                    div.field {
                        label for={ "type-" (i) } { "Type" }
                        select id={ "type-" (i) } name="added.type" {
                            @for one in TYPES { option value=(one) selected[one == kind] { (one) } }
                        }
                    }
                    div.field {
                        label for={ "value-" (i) } { "Value" }
                        input id={ "value-" (i) } name="added.value" value=(value) autocomplete="off"
                            aria-describedby=[again.faults.contains_key(name).then(|| format!("fault-{i}"))];
                    }
                    @if let Some(fault) = again.faults.get(name) {
                        p.about id={ "fault-" (i) } { strong.fault { (fault) "." } }
                    }
                }
            }
            button.plain type="button" data-add hidden { "Add another" }
        }
    }
}

fn facts(seen: &Seen<'_>) -> Markup {
    let (task, details) = (&seen.details.task, seen.details);
    html! {
        section.card {
            h2 { "Facts" }
            dl {
                dt { "Due" } dd { (due(task)) }
                @if task.follow_up.is_some() { dt { "Follow up" } dd { (moment_of(task.follow_up.as_deref())) } }
                dt { "Priority" } dd { (task.priority) }
                dt { "Created" } dd { (moment_of(task.created.as_deref())) }
                @if !details.groups.is_empty() { dt { "Groups" } dd { (details.groups.join(", ")) } }
                @if let Some(process) = &details.process { dt { "Process" } dd { (process) } }
                @if let Some(key) = &details.business_key { dt { "Business key" } dd { (key) } }
            }
        }
    }
}

fn variables(details: &Details) -> Markup {
    html! {
        section.card {
            h2 { "Variables" }
            @if details.variables.is_empty() { p.quiet { "The task has none." } }
            @else {
                dl {
                    @for (name, variable) in &details.variables {
                        dt { (name) " " span.kind { (variable.kind.as_deref().unwrap_or("?")) } }
                        dd.free { (value(variable)) }
                    }
                }
            }
        }
    }
}

fn value(variable: &Variable) -> Markup {
    let file = variable.info.get("filename").and_then(Value::as_str);
    html! {
        @match (&variable.value, variable.kind.as_deref()) {
            (_, Some("File")) => { "File " (file.unwrap_or("without a name")) }
            (_, Some("Bytes")) => span.quiet { "Bytes" },
            (Value::String(_), Some("Date")) => (moment_of(variable.value.as_str())),
            (Value::Null, _) => span.quiet { "nothing" },
            (Value::String(text), _) if text.is_empty() => span.quiet { "an empty text" },
            (Value::String(text), _) => (text),
            (Value::Bool(true), _) => "yes",
            (Value::Bool(false), _) => "no",
            (other, _) => (other.to_string()),
        }
    }
}

fn comments(session: &Session, task: &Task, comments: &[Comment]) -> Markup {
    html! {
        section.card #comments {
            h2 { "Comments" }
            @if comments.is_empty() { p.quiet { "No comments yet." } }
            ol.comments {
                @for comment in comments {
                    li {
                        p.free { (comment.message.as_deref().unwrap_or_default()) }
                        p.quiet { (moment_of(comment.time.as_deref())) }
                    }
                }
            }
            form action={ "/task/" (task.id) "/comment" } method="post" data-once {
                (form_token(session))
                div.field.wide {
                    label for="text" { "Add a comment" }
                    textarea #text name="text" rows="2" maxlength="4000" required {}
                }
                div.buttons { button.plain type="submit" { "Comment" } }
            }
        }
    }
}
