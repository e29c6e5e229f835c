//! The list: tabs, filters, tasks, pages.

use maud::{Markup, html};

use super::{application, form_token, layout, moment, moment_of, notice};
use crate::applications::Names;
use crate::list_query::{ListQuery, PAGE, Sort, View};
use crate::session::{Session, Sessions};
use crate::tasks::{Listed, Task};

pub(crate) fn page(
    session: &Session,
    told: Option<&str>,
    query: &ListQuery,
    listed: &Listed,
    names: &Names,
    sessions: &Sessions,
) -> Markup {
    let total = View::EACH.iter().zip(listed.counts).find(|((view, _), _)| *view == query.view);
    let total = total.map_or(0, |(_, count)| count);
    let main = html! {
        (notice(told, false))
        div.heading {
            h1 { "Tasks" }
            (tabs(query, listed))
        }
        (filters(query, names))
        @if listed.tasks.is_empty() {
            section.card.empty {
                @if query.page > 1 {
                    h2 { "This page is empty" }
                    p { "The list became shorter. " a href=(query.link(|_| {})) { "Go to its beginning" } }
                } @else {
                    h2 { "No tasks here" }
                    @if query.is_filtered() { p { "Nothing matches the filters. " a href="/" { "Show all tasks" } } }
                    @else { p { "New tasks show up by themselves: reload the page." } }
                }
            }
        } @else {
            (table(session, query, listed, names, sessions))
            (pages(query, total))
        }
    };
    layout("Tasks", Some(session), &main)
}

fn tabs(query: &ListQuery, listed: &Listed) -> Markup {
    html! {
        nav.tabs aria-label="Which tasks" {
            @for ((view, name), count) in View::EACH.into_iter().zip(listed.counts) {
                a href=(query.link(|other| other.view = view)) aria-current=[(view == query.view).then_some("page")] {
                    (name) " " span.count { (thousands(count)) }
                }
            }
        }
    }
}

fn filters(query: &ListQuery, names: &Names) -> Markup {
    // A named view is kept, and a filter begins on the first page.
    let view = View::EACH.iter().find(|(view, _)| *view == query.view).map_or("All", |(_, name)| name);
    html! {
        form.filters.card action="/" method="get" role="search" aria-label="Filter the tasks" {
            input type="hidden" name="view" value=(view.to_lowercase());
            div.field.wide {
                label for="q" { "Search" }
                input #q type="search" name="q" value=(query.q) placeholder="Name, description, business key"
                    autocomplete="off";
            }
            div.field {
                label for="application" { "Application" }
                select #application name="application" {
                    option value="" { "All" }
                    @for (id, name) in names.by_name() {
                        option value=(id) selected[id == query.application] { (name) }
                    }
                    @if !query.application.is_empty() && names.by_name().iter().all(|(id, _)| *id != query.application) {
                        option value=(query.application) selected { (query.application) }
                    }
                }
            }
            div.field {
                label for="sort" { "Sort by" }
                select #sort name="sort" {
                    @for (sort, value, name) in Sort::EACH {
                        option value=(value) selected[sort == query.sort] { (name) }
                    }
                }
            }
            details.more open[more_is_used(query)] {
                summary { "More filters" }
                div.grid {
                    (line("assignee", "Assignee", "text", &query.assignee, Some("User id")))
                    (line("group", "Candidate group", "text", &query.group, Some("Group id")))
                    (line("due_from", "Due from", "date", &query.due_from, None))
                    (line("due_until", "Due until", "date", &query.due_until, None))
                }
            }
            div.buttons {
                button.button type="submit" { "Apply" }
                @if query.is_filtered() {
                    a.plain href=(ListQuery::default().link(|other| other.view = query.view)) { "Clear filters" }
                }
            }
        }
    }
}

fn more_is_used(query: &ListQuery) -> bool {
    [&query.assignee, &query.group, &query.due_from, &query.due_until]
        .into_iter()
        .any(|text| !text.is_empty())
}

fn line(name: &str, label: &str, kind: &str, value: &str, placeholder: Option<&str>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) type=(kind) name=(name) value=(value) placeholder=[placeholder] autocomplete="off";
        }
    }
}

/// With the roles of a table, which it keeps where it is laid out as cards.
fn table(
    session: &Session,
    query: &ListQuery,
    listed: &Listed,
    names: &Names,
    sessions: &Sessions,
) -> Markup {
    html! {
        table.tasks.card role="table" {
            caption.out { "Tasks, sorted: " (sorted(query)) }
            thead role="rowgroup" {
                tr role="row" {
                    (head(query, "Task", Sort::Name, Sort::NameDown))
                    (head(query, "Application", Sort::Application, Sort::ApplicationDown))
                    th role="columnheader" scope="col" { "State" }
                    (head(query, "Due", Sort::DueFirst, Sort::DueLast))
                    (head(query, "Priority", Sort::Priority, Sort::PriorityDown))
                    (head(query, "Created", Sort::Oldest, Sort::Newest))
                }
            }
            tbody role="rowgroup" {
                @for task in &listed.tasks { (row(session, task, names, sessions)) }
            }
        }
    }
}

fn sorted(query: &ListQuery) -> &'static str {
    Sort::EACH.iter().find(|(sort, _, _)| *sort == query.sort).map_or("", |(_, _, name)| name)
}

fn head(query: &ListQuery, name: &str, up: Sort, down: Sort) -> Markup {
    let (now, next) = match query.sort {
        sort if sort == up => (Some("ascending"), down),
        sort if sort == down => (Some("descending"), up),
        _ => (None, up),
    };
    html! {
        th role="columnheader" scope="col" aria-sort=[now] {
            a href=(query.link(|other| other.sort = next)) { (name) }
        }
    }
}

fn row(session: &Session, task: &Task, names: &Names, sessions: &Sessions) -> Markup {
    html! {
        tr role="row" {
            td.name role="cell" {
                a href={ "/task/" (task.id) } { (task.title()) }
                @if let Some(text) = task.description.as_deref().filter(|text| !text.is_empty()) {
                    p.quiet.cut { (text) }
                }
            }
            (cell("Application", None, &application(names, task.tenant_id.as_deref())))
            (cell("State", Some("state-cell"), &html! {
                (state(session, task, sessions))
                @if task.assignee.is_none() && !task.suspended {
                    form action={ "/task/" (task.id) "/claim" } method="post" {
                        (form_token(session))
                        button.small type="submit" aria-label={ "Claim " (task.title()) } { "Claim" }
                    }
                }
            }))
            (cell("Due", None, &due(task)))
            (cell("Priority", None, &html! { (task.priority) }))
            (cell("Created", None, &moment_of(task.created.as_deref())))
        }
    }
}

/// A cell with its column's name, which it shows where it is laid out as a card.
fn cell(label: &str, class: Option<&str>, content: &Markup) -> Markup {
    html! { td class=[class] role="cell" data-label=(label) { span { (content) } } }
}

/// Whose it is.
pub(super) fn state(session: &Session, task: &Task, sessions: &Sessions) -> Markup {
    html! {
        @if task.suspended { span.state.suspended { "Suspended" } }
        @else if task.is_of(&session.person) { span.state.mine { "Yours" } }
        @else if let Some(who) = &task.assignee { span.state.taken title=(who) { (sessions.name(who)) } }
        @else { span.state.open { "Unclaimed" } }
    }
}

/// When it is due.
pub(super) fn due(task: &Task) -> Markup {
    html! {
        @if let Some(at) = task.due() {
            (moment(at))
            @if at.is_past() { " " span.state.late { "Overdue" } }
        } @else { span.quiet { "–" } }
    }
}

fn pages(query: &ListQuery, total: usize) -> Markup {
    let page = query.page.max(1);
    let last = total.div_ceil(PAGE).max(1);
    let to = |page: usize| query.link(|other| other.page = page);
    let step = |name: &str, label: &str, page: Option<usize>| {
        html! {
            @if let Some(page) = page { a.step href=(to(page)) aria-label=(label) { (name) } }
            @else { span.step.off aria-hidden="true" { (name) } }
        }
    };
    html! {
        nav.pages aria-label="Pages" {
            p { (thousands(query.first() + 1)) "–" (thousands((query.first() + PAGE).min(total))) " of " (thousands(total)) }
            div {
                (step("« First", "First page", (page > 1).then_some(1)))
                (step("‹ Previous", "Previous page", (page > 1).then_some(page - 1)))
                span.step.now aria-current="page" { "Page " (thousands(page)) " of " (thousands(last)) }
                (step("Next ›", "Next page", (page < last).then_some(page + 1)))
                (step("Last »", "Last page", (page < last).then_some(last)))
            }
        }
    }
}

/// A number as people read it.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
