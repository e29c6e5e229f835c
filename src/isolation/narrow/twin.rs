//! The POST twin of a list: its query string as the JSON that the engine would read from it.
//!
//! The engine's queries have one class for both: a parameter and a member of the body are the same setter, and differ
//! in how the value is written (`parameters.tsv`, by name). What is not known for certain is not written anew.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Narrowing;
use crate::isolation::draft::{Draft, DraftBody, Segment, Value};
use crate::isolation::ownership::ResourceId;
use crate::json::Json;
use crate::policy::{Body, Forward, How};
use crate::tenancy::Tenant;

/// Parameters that stand in the query string of the POST, too.
const STAY: [&str; 3] = ["firstResult", "maxResults", "deserializeValues"];

/// How the engine reads a parameter's value.
#[derive(Clone, Copy)]
enum Reads {
    /// As it stands; times as well.
    Text,
    Boolean,
    Number,
    /// Parted by commas.
    List,
    /// `name_operator_value`, parted by commas.
    Variables,
    /// `operator_value`, parted by commas.
    Conditions,
}

static READS: LazyLock<HashMap<&'static str, Reads>> = LazyLock::new(|| {
    let lines = include_str!("parameters.tsv").lines().filter_map(|line| line.split_once('\t'));
    let names = lines.flat_map(|(kind, names)| {
        let reads = match kind {
            "text" => Some(Reads::Text),
            "boolean" => Some(Reads::Boolean),
            "number" => Some(Reads::Number),
            "list" => Some(Reads::List),
            "variables" => Some(Reads::Variables),
            "conditions" => Some(Reads::Conditions),
            _ => None,
        };
        names.split(',').filter_map(move |name| Some((name, reads?)))
    });
    names.collect()
});

impl Narrowing<'_> {
    /// Whether the rules have the same list by POST.
    pub(super) fn has_twin(&self, forward: &Forward, draft: &Draft) -> bool {
        let literal = |segment: &Segment| match segment {
            Segment::Text(text) => Some(text.clone()),
            Segment::KeyTenant(_) | Segment::Id(_) => None,
        };
        let Some(path) = draft.segments.iter().map(literal).collect::<Option<Vec<_>>>() else { return false };
        let Some(twin) = self.policy.find("POST", &path) else { return false };
        match &twin.rule.how {
            How::Forward(twin_forward) => {
                twin.rule.kind == self.kind
                    && twin_forward.to == forward.to
                    && twin_forward.query.is_none()
                    && twin_forward.handler.is_none()
                    && forward.query.is_some_and(|rules| twin_forward.body == Body::Json(rules))
            }
            How::Deny(_) | How::Local(_) => false,
        }
    }
}

/// A list as its POST twin is asked for it; none where a parameter can't be written anew for certain.
pub(super) fn twin(draft: &Draft) -> Option<Draft> {
    let mut body: Json<ResourceId> = Json::object();
    let mut query: Vec<(String, Value)> = Vec::new();
    let (mut sort_by, mut sort_order) = (None, None);
    for (name, value) in &draft.query {
        // The engine takes the first of equal names (facts 2).
        if query.iter().any(|(there, _)| there == name) || body.member(name).is_some() {
            continue;
        }
        match (name.as_str(), value) {
            (stays, value) if STAY.contains(&stays) => query.push((name.clone(), value.clone())),
            ("sortBy", Value::Text(text)) => sort_by = sort_by.or(Some(text)),
            ("sortOrder", Value::Text(text)) => sort_order = sort_order.or(Some(text)),
            (name, Value::Text(text)) => body.set(name, READS.get(name)?.json(text)?),
            (name, Value::Id(id)) => body.set(name, Json::Hole(id.clone())),
            (name, Value::Tenants(tenants)) => {
                body.set(name, Json::strings(tenants.iter().map(Tenant::as_str)));
            }
        }
    }
    match (sort_by, sort_order) {
        (None, None) => {}
        (Some(by), Some(order)) => {
            let sorting = object([("sortBy", by), ("sortOrder", order)]);
            body.set("sorting", Json::Array(vec![sorting]));
        }
        // The engine's words for one without the other are those of a query string.
        (Some(_), None) | (None, Some(_)) => return None,
    }
    Some(Draft { method: "POST".to_owned(), query, body: DraftBody::Json(body), ..draft.clone() })
}

impl Reads {
    /// A parameter's value as JSON.
    fn json(self, text: &str) -> Option<Json<ResourceId>> {
        match self {
            Reads::Text => Some(Json::string(text)),
            Reads::Boolean => matches!(text, "true" | "false").then(|| leaf(text)),
            Reads::Number => text.parse::<i64>().is_ok_and(|n| n.to_string() == text).then(|| leaf(text)),
            Reads::List => {
                let all: Vec<&str> = text.split(',').collect();
                // The engine drops some empty ones and keeps others.
                all.iter().all(|one| !one.trim().is_empty()).then(|| Json::strings(all))
            }
            Reads::Variables => parts(text, |[name, operator, value]| {
                [("name", name), ("operator", operator), ("value", value)]
            }),
            Reads::Conditions => parts(text, |[operator, value]| [("operator", operator), ("value", value)]),
        }
    }
}

/// Objects of words that underscores part: as many as there are names, as the engine takes them.
fn parts<const N: usize>(
    text: &str,
    named: impl Fn([&str; N]) -> [(&'static str, &str); N],
) -> Option<Json<ResourceId>> {
    let one = |text: &str| {
        let words: Vec<&str> = text.split('_').collect();
        let words: [&str; N] = words.try_into().ok()?;
        words.iter().all(|word| !word.is_empty()).then(|| object(named(words)))
    };
    text.split(',').map(one).collect::<Option<Vec<_>>>().map(Json::Array)
}

fn object<const N: usize>(members: [(&str, &str); N]) -> Json<ResourceId> {
    let mut object = Json::object();
    members.into_iter().for_each(|(name, value)| object.set(name, Json::string(value)));
    object
}

fn leaf(text: &str) -> Json<ResourceId> {
    Json::Leaf(text.to_owned().into())
}
