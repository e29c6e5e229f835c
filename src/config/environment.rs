//! The environment: which variable is which key, and how its text is read.
//!
//! A variable that no key reads is a finding: a misspelt one would silently leave a default in force.

use serde_json::Value;

use super::codes::FindingCode;
use super::finding::{Place, Report};
use super::shape::{Shape, Takes};
use super::tree::Node;
use super::yaml;

/// Variables that describe a single issuer, and their keys in it.
pub(super) const SINGLE: [(&str, &str); 3] = [
    ("TENANTGATE_ISSUER", "issuer"),
    ("TENANTGATE_AUDIENCE", "audiences"),
    ("TENANTGATE_JWKS_URL", "jwks_url"),
];

/// What the names of all variables begin with.
pub(super) const PREFIX: &str = "TENANTGATE_";
/// The variable that names the file.
pub(super) const CONFIG: &str = "TENANTGATE_CONFIG";

/// The text of a variable that is neither missing nor empty.
pub(super) fn find<'e>(env: &'e [(String, String)], name: &str) -> Option<&'e str> {
    env.iter().find(|(n, text)| n == name && !text.is_empty()).map(|(_, text)| text.as_str())
}

/// The variables of the gateway, those of sections before those of their keys: `TENANTGATE_ENGINE__URL` adds to what
/// `TENANTGATE_ENGINE` says.
pub(super) fn sorted(env: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut env: Vec<_> = env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    env.sort_by_key(|(name, _)| (name.matches("__").count(), name.clone()));
    env
}

/// Whether any variable is a setting.
pub(super) fn says_anything(env: &[(String, String)]) -> bool {
    env.iter()
        .any(|(name, text)| name.starts_with(PREFIX) && !text.is_empty() && !is_service_link(name, text))
}

/// Lays the variables over each other.
pub(super) fn environment(env: &[(String, String)], whole: Shape<'_>, over: &mut Node, report: &mut Report) {
    for (name, text) in env {
        if name == CONFIG || SINGLE.iter().any(|(single, _)| single == name) || is_service_link(name, text) {
            continue;
        }
        let path = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
        let shape = path.split("__").try_fold(whole, |shape, key| shape.keys()?.get(key).map(Shape));
        // Names are upper case only: a second spelling would be a second, hidden place for the same key.
        let Some(shape) = shape.filter(|_| *name == name.to_ascii_uppercase()) else {
            let place = Place::Variable(name.as_str().into());
            report.add(FindingCode::UnknownVariable, place, format!("no key corresponds to `{name}`"));
            continue;
        };
        if let Some(node) = value_of(name, text, shape, report) {
            over.lay(node.under(path.rsplit("__")));
        }
    }
}

/// Kubernetes puts `TENANTGATE_SERVICE_HOST`, `TENANTGATE_PORT_8080_TCP` and their like into every container of a
/// namespace that holds a service of this name; they are no settings.
fn is_service_link(name: &str, text: &str) -> bool {
    let name = format!("_{}", name.strip_prefix(PREFIX).unwrap_or_default());
    let is_port =
        name.ends_with("_PORT") && ["tcp://", "udp://", "sctp://"].iter().any(|s| text.starts_with(s));
    let numbered = name.contains("_PORT_") && ["_TCP", "_UDP", "_SCTP"].iter().any(|p| name.contains(p));
    is_port || numbered || name.contains("_SERVICE_PORT") || name.ends_with("_SERVICE_HOST")
}

/// A variable's text as the value that its key takes: texts as they are, lists by comma or YAML, the rest as YAML.
fn value_of(name: &str, text: &str, shape: Shape<'_>, report: &mut Report) -> Option<Node> {
    let place = Place::Variable(name.into());
    if text.is_empty() && shape.nullable() {
        return Some(Node::of(place, Value::Null));
    }
    let of_texts = shape.items().is_some_and(|of| of.takes() == Takes::Text);
    match shape.takes() {
        Takes::Text | Takes::Time | Takes::Choice => Some(Node::of(place, text.into())),
        Takes::List if of_texts && !text.trim_start().starts_with(['[', '-']) => {
            Some(Node::of(place, by_comma(text)))
        }
        Takes::List | Takes::TextOrList | Takes::Map | Takes::Number | Takes::Flag => {
            let parsed = yaml::parse(text, &place, report)?;
            Some(Node { place, ..parsed })
        }
    }
}

/// Texts with commas between.
pub(super) fn by_comma(text: &str) -> Value {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect()
}
