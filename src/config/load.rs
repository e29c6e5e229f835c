//! Gathering the settings: flag, then environment, then file, then default.
//!
//! In: arguments and environment. Out: the settings, unless there is an error among the findings; and all findings of
//! this one run. A variable that no key reads is a finding, for a misspelt one would silently leave a default in force.

use std::path::PathBuf;
use std::sync::Arc;

use super::Settings;
use super::finding::{Code, Finding, Place};
use super::meant;
use super::shape::{self, Shape, Takes};
use super::tree::{self, Content, Node, Source};
use super::written::Written;

/// What the command line says about settings; texts as given, so that a faulty one is a finding among the others.
#[derive(Clone, Debug, Default)]
pub struct GatherArgs {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--admin-listen`
    pub admin_listen: Option<String>,
    /// `--public-url`
    pub public_url: Option<String>,
    /// `--engine-url`
    pub engine_url: Option<String>,
    /// `--issuer`
    pub issuer: Option<String>,
    /// `--audience`, as often as wanted
    pub audience: Vec<String>,
    /// `--jwks-url`
    pub jwks_url: Option<String>,
    /// `--policies`
    pub policies: Option<String>,
    /// `--log-format`
    pub log_format: Option<String>,
    /// `--log-filter`
    pub log_filter: Option<String>,
}

/// What [`gather`] found.
#[derive(Debug)]
pub struct Gathered {
    /// The settings; none when a finding is an error.
    pub settings: Option<Settings>,
    /// Every fault and risk, errors first.
    pub findings: Vec<Finding>,
}

const PREFIX: &str = "TENANTGATE_";
const CONFIG: &str = "TENANTGATE_CONFIG";
/// Variables that describe a single issuer, and their keys in it.
const SINGLE: [(&str, &str); 3] = [
    ("TENANTGATE_ISSUER", "issuer"),
    ("TENANTGATE_AUDIENCE", "audiences"),
    ("TENANTGATE_JWKS_URL", "jwks_url"),
];

/// Gathers the settings from flags, environment and file.
pub fn gather(args: &GatherArgs, env: impl Iterator<Item = (String, String)>) -> Gathered {
    let mut findings = Vec::new();
    let schema = shape::whole();
    let mut env: Vec<(String, String)> = env.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    // Short names first, so that `TENANTGATE_ENGINE__URL` adds to what `TENANTGATE_ENGINE` says.
    env.sort_by_key(|(name, _)| (name.matches("__").count(), name.clone()));

    let file = args.config.clone().or_else(|| find(&env, CONFIG).map(PathBuf::from));
    let read = file.map(|path| read(path, &mut findings));
    let file_failed = matches!(read, Some(None));
    let mut tree = read.flatten().unwrap_or_else(|| Node::empty(Place::Missing));
    let mut faulty = shape::Faulty::new();
    if let Some(shape) = Shape::of(&schema) {
        // The file alone first: a fault in it is one even where a variable or flag hides the value.
        faulty = shape::prune(&mut tree, shape, &mut findings);
        let mut over = Node::empty(Place::Missing);
        environment(&env, shape, &mut over, &mut findings);
        flags(args, &mut over);
        single_issuer(args, &env, &tree, &mut over, &mut findings);
        let over_faulty = shape::prune(&mut over, shape, &mut findings);
        lay_over(&over, &mut Vec::new(), &mut tree);
        faulty.extend(over_faulty);
    }
    if file_failed {
        faulty.insert(String::new());
    }
    let written: Written = serde_json::from_value(tree.to_json()).unwrap_or_else(|error| {
        findings.push(Finding::new(
            Code::WrongType,
            Place::Missing,
            format!("the settings can't be read: {error}"),
            "correct the value",
        ));
        Written::default()
    });
    let settings = meant::settings(&written, &tree, &faulty, &mut findings);
    findings.sort_by_key(|f| f.severity);
    let settings = settings.filter(|_| !findings.iter().any(Finding::is_error));
    Gathered { settings, findings }
}

/// The variables' names for the documentation: of the key at `path`, as `engine.url`.
pub(crate) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_ascii_uppercase())
}

fn find<'e>(env: &'e [(String, String)], name: &str) -> Option<&'e str> {
    env.iter().find(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn read(path: PathBuf, findings: &mut Vec<Finding>) -> Option<Node> {
    let path = Arc::new(path);
    match std::fs::read_to_string(&*path) {
        Ok(text) => tree::parse(&text, &Source::File(path), findings),
        Err(error) => {
            findings.push(Finding::new(
                Code::UnreadableConfig,
                Place::File { path, line: 0, column: 0 },
                format!("the configuration file can't be read: {error}"),
                "name a readable YAML file with --config",
            ));
            None
        }
    }
}

fn environment(env: &[(String, String)], whole: Shape<'_>, over: &mut Node, findings: &mut Vec<Finding>) {
    for (name, value) in env {
        if name == CONFIG || SINGLE.iter().any(|(single, _)| single == name) || is_service_link(name, value) {
            continue;
        }
        let path = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
        let path: Vec<&str> = path.split("__").collect();
        let of = path.iter().try_fold(whole, |shape, key| shape.key(key));
        // Names are upper case only: a second spelling would be a second, hidden place for the same key.
        let Some(of) = of.filter(|_| *name == name.to_ascii_uppercase()) else {
            findings.push(Finding::new(
                Code::UnknownVariable,
                Place::Variable(name.as_str().into()),
                format!("no key reads `{name}`"),
                format!("name it {PREFIX}SECTION__KEY, in upper case, with two underscores between section and key"),
            ));
            continue;
        };
        if let Some(node) = value_of(name, value, of, findings) {
            over.put(&path, node);
        }
    }
}

/// Kubernetes puts `TENANTGATE_SERVICE_HOST`, `TENANTGATE_PORT_8080_TCP` and their like into every container of a
/// namespace that holds a service of this name; they are no settings.
fn is_service_link(name: &str, value: &str) -> bool {
    let name = format!("_{}", name.strip_prefix(PREFIX).unwrap_or_default());
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let numbered = ["_TCP", "_UDP", "_SCTP"].iter().any(|p| name.contains(p)) && name.contains("_PORT_");
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || numbered
        || (name.ends_with("_PORT") && is_url)
}

/// A variable's text as the value that its key takes: texts as they are, lists by comma or YAML, the rest as YAML.
fn value_of(name: &str, text: &str, shape: Shape<'_>, findings: &mut Vec<Finding>) -> Option<Node> {
    let name: Arc<str> = name.into();
    let place = Place::Variable(name.clone());
    if text.is_empty() && shape.nullable {
        return Some(Node { place, value: Content::Scalar(serde_json::Value::Null) });
    }
    let of_texts = shape.items().is_some_and(|of| of.takes() == Takes::Text);
    match shape.takes() {
        Takes::Text => Some(Node::text(place, text)),
        Takes::List if of_texts && !text.trim_start().starts_with(['[', '-']) => Some(by_comma(place, text)),
        Takes::List | Takes::Map | Takes::Number | Takes::Flag | Takes::Anything => {
            let parsed = tree::parse(text, &Source::Variable(name), findings)?;
            Some(Node { place, ..parsed })
        }
    }
}

fn by_comma(place: Place, text: &str) -> Node {
    let texts = text.split(',').map(str::trim).filter(|t| !t.is_empty());
    let items = texts.map(|t| Node::text(place.clone(), t)).collect();
    Node { place, value: Content::List(items) }
}

fn flags(args: &GatherArgs, over: &mut Node) {
    let texts: [(&'static str, &Option<String>, &[&str]); 7] = [
        ("--listen", &args.listen, &["listen"]),
        ("--admin-listen", &args.admin_listen, &["admin_listen"]),
        ("--public-url", &args.public_url, &["public_url"]),
        ("--engine-url", &args.engine_url, &["engine", "url"]),
        ("--policies", &args.policies, &["policies", "directory"]),
        ("--log-format", &args.log_format, &["log", "format"]),
        ("--log-filter", &args.log_filter, &["log", "filter"]),
    ];
    for (flag, text, path) in texts {
        if let Some(text) = text {
            over.put(path, Node::text(Place::Flag(flag), text));
        }
    }
}

/// The issuer that flags and variables describe together; it replaces every list.
fn single_issuer(
    args: &GatherArgs,
    env: &[(String, String)],
    file: &Node,
    over: &mut Node,
    findings: &mut Vec<Finding>,
) {
    let mut single: Option<Node> = None;
    let mut put = |key: &str, node: Node| {
        single.get_or_insert_with(|| Node::empty(node.place.clone())).put(&[key], node);
    };
    for (name, key) in SINGLE {
        let place = Place::Variable(name.into());
        match find(env, name) {
            Some(text) if key == "audiences" => put(key, by_comma(place, text)),
            Some(text) => put(key, Node::text(place, text)),
            None => {}
        }
    }
    if let Some(text) = &args.issuer {
        put("issuer", Node::text(Place::Flag("--issuer"), text));
    }
    if let Some(text) = &args.jwks_url {
        put("jwks_url", Node::text(Place::Flag("--jwks-url"), text));
    }
    if !args.audience.is_empty() {
        let place = Place::Flag("--audience");
        let items = args.audience.iter().map(|a| Node::text(place.clone(), a)).collect();
        put("audiences", Node { place, value: Content::List(items) });
    }
    let Some(single) = single else { return };
    let replaced = over.child("issuers").or_else(|| file.child("issuers"));
    if let Some(replaced) = replaced.filter(|n| matches!(&n.value, Content::List(items) if !items.is_empty()))
    {
        findings.push(Finding::new(
            Code::IssuersReplaced,
            replaced.place.clone(),
            format!("these issuers are not used: the single one of {} replaces them", single.place),
            "name the issuer in one place only",
        ));
    }
    let place = single.place.clone();
    over.put(&["issuers"], Node { place, value: Content::List(vec![single]) });
}

/// Puts every value of `over` into `tree`; maps are merged, lists replaced.
fn lay_over<'a>(over: &'a Node, path: &mut Vec<&'a str>, tree: &mut Node) {
    match &over.value {
        Content::Map(entries) => {
            for entry in entries {
                path.push(&entry.key);
                lay_over(&entry.node, path, tree);
                path.pop();
            }
        }
        Content::Scalar(_) | Content::List(_) => tree.put(path, over.clone()),
    }
}
