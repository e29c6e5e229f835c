//! What the address of a list says, and the engine's query that it comes to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::session::Person;
use crate::when::Moment;

/// Tasks on a page.
pub(crate) const PAGE: usize = 25;

/// What a list shows; every part may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Words of the name, the description or the business key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) q: String,
    #[serde(skip_serializing_if = "View::is_all")]
    pub(crate) view: View,
    /// A tenant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) application: String,
    /// A user id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) assignee: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    /// Days.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) due_from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) due_until: String,
    #[serde(skip_serializing_if = "Sort::is_default")]
    pub(crate) sort: Sort,
    /// From 1.
    #[serde(skip_serializing_if = "is_first")]
    pub(crate) page: usize,
}

/// The tabs above a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum View {
    #[default]
    All,
    Mine,
    Unclaimed,
    Overdue,
}

impl View {
    pub(crate) const EACH: [(View, &'static str); 4] = [
        (Self::All, "All"),
        (Self::Mine, "Mine"),
        (Self::Unclaimed, "Unclaimed"),
        (Self::Overdue, "Overdue"),
    ];

    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// What a list is sorted by. Equal ones follow by id, so that no task is on two pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sort {
    #[default]
    Newest,
    Oldest,
    DueFirst,
    DueLast,
    Name,
    NameDown,
    PriorityDown,
    Priority,
    Application,
    ApplicationDown,
}

impl Sort {
    pub(crate) const EACH: [(Sort, &'static str, &'static str); 10] = [
        (Self::Newest, "newest", "Newest first"),
        (Self::Oldest, "oldest", "Oldest first"),
        (Self::DueFirst, "due-first", "Due first"),
        (Self::DueLast, "due-last", "Due last"),
        (Self::PriorityDown, "priority-down", "Highest priority first"),
        (Self::Priority, "priority", "Lowest priority first"),
        (Self::Name, "name", "Name, A to Z"),
        (Self::NameDown, "name-down", "Name, Z to A"),
        (Self::Application, "application", "Application, A to Z"),
        (Self::ApplicationDown, "application-down", "Application, Z to A"),
    ];

    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The engine's name of it, and whether it goes up.
    fn by(self) -> (&'static str, bool) {
        match self {
            Self::Newest => ("created", false),
            Self::Oldest => ("created", true),
            Self::DueFirst => ("dueDate", true),
            Self::DueLast => ("dueDate", false),
            Self::Name => ("nameCaseInsensitive", true),
            Self::NameDown => ("nameCaseInsensitive", false),
            Self::PriorityDown => ("priority", false),
            Self::Priority => ("priority", true),
            Self::Application => ("tenantId", true),
            Self::ApplicationDown => ("tenantId", false),
        }
    }
}

fn is_first(page: &usize) -> bool {
    *page <= 1
}

impl ListQuery {
    /// The address of a list as this one, but for what is changed. It begins on its first page.
    pub(crate) fn link(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut other = Self { page: 0, ..self.clone() };
        change(&mut other);
        match serde_json::to_value(&other) {
            Ok(Value::Object(parts)) if !parts.is_empty() => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in parts {
                    query
                        .append_pair(&name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
                format!("/?{}", query.finish())
            }
            _ => "/".to_owned(),
        }
    }

    /// Whether anything is left out by a filter besides the tab.
    pub(crate) fn is_filtered(&self) -> bool {
        *self != Self { view: self.view, sort: self.sort, page: self.page, ..Self::default() }
    }

    /// The first row of its page.
    pub(crate) fn first(&self) -> usize {
        self.page.saturating_sub(1).min(1_000_000) * PAGE
    }

    /// The engine's query for one of the tabs.
    pub(crate) fn for_engine(&self, view: View, person: &Person) -> Map<String, Value> {
        let mut query = Map::new();
        let mut put = |name: &str, value: Value| query.insert(name.to_owned(), value);
        if !self.application.is_empty() {
            put("tenantIdIn", json!([self.application]));
        }
        if !self.assignee.is_empty() {
            put("assignee", json!(self.assignee));
        }
        match view {
            View::All => None,
            // One field of the engine for both, so no task can be somebody else's and mine.
            View::Mine if self.assignee.is_empty() || self.assignee == person.id => {
                put("assignee", json!(person.id))
            }
            View::Mine => put("taskId", json!("none")),
            View::Unclaimed => put("unassigned", json!(true)),
            View::Overdue => put("dueBefore", json!(Moment::now().for_engine())),
        };
        if !self.group.is_empty() {
            // A claimed task is still its groups'; without this the engine leaves it out.
            put("candidateGroup", json!(self.group));
            put("includeAssignedTasks", json!(true));
        }
        if let Some(day) = Moment::of_day(&self.due_from, 0) {
            // The engine's word excludes the moment itself.
            put("dueAfter", json!(day.just_before().for_engine()));
        }
        if let Some(day) = Moment::of_day(&self.due_until, 1) {
            let until = if view == View::Overdue { day.or_now() } else { day };
            put("dueBefore", json!(until.for_engine()));
        }
        let words = self.q.trim();
        if !words.is_empty() {
            let like = like(words);
            put(
                "orQueries",
                json!([{"nameLike": like, "descriptionLike": like, "processInstanceBusinessKeyLike": like}]),
            );
        }
        query
    }

    /// The same, sorted.
    pub(crate) fn sorted(&self, person: &Person) -> Value {
        let (by, up) = self.sort.by();
        let order = if up { "asc" } else { "desc" };
        let sorting = json!([{"sortBy": by, "sortOrder": order}, {"sortBy": "id", "sortOrder": "asc"}]);
        let mut query = self.for_engine(self.view, person);
        query.insert("sorting".to_owned(), sorting);
        query.into()
    }
}

/// A pattern for texts that hold these words as they stand: the engine's `%` and `_` are plain characters to people.
fn like(words: &str) -> String {
    let mut pattern = String::from("%");
    for c in words.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        Person { id: "ada".into(), name: "Ada".into() }
    }

    #[test]
    fn the_engines_signs_are_plain_characters() {
        assert_eq!(like("100%_\\"), r"%100\%\_\\%");
        assert_eq!(like("roof"), "%roof%");
    }

    #[test]
    fn nobody_elses_task_is_mine() {
        let others = ListQuery { assignee: "grace".into(), ..ListQuery::default() };
        assert_eq!(others.for_engine(View::Mine, &ada()).get("taskId"), Some(&json!("none")));
        let own = ListQuery { assignee: "ada".into(), ..ListQuery::default() };
        assert_eq!(own.for_engine(View::Mine, &ada()).get("assignee"), Some(&json!("ada")));
    }

    #[test]
    fn a_link_keeps_filters_and_begins_on_the_first_page() {
        let query = ListQuery { q: "a&b=c".into(), page: 7, ..ListQuery::default() };
        assert_eq!(query.link(|other| other.view = View::Mine), "/?q=a%26b%3Dc&view=mine");
        assert_eq!(ListQuery::default().link(|_| {}), "/");
    }

    #[test]
    fn equal_ones_are_sorted_by_id() {
        let query = ListQuery { sort: Sort::Application, ..ListQuery::default() };
        let sorting = query.sorted(&ada()).get("sorting").cloned().unwrap();
        assert_eq!(sorting.get(1).unwrap(), &json!({"sortBy": "id", "sortOrder": "asc"}));
    }
}
