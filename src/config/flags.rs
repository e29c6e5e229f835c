//! The flags that are settings, and the variables and flags that describe a single issuer.

use std::path::PathBuf;

use super::codes::Code;
use super::environment::{by_comma, find};
use super::finding::{Finding, Place};
use super::tree::{Content, Node};

/// Settings on the command line. Each goes before its variable and its key in the file.
///
/// Texts stay as they were given, so that a faulty one is a finding among the others.
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

/// Variables that describe a single issuer, and their keys in it.
pub(super) const SINGLE: [(&str, &str); 3] = [
    ("TENANTGATE_ISSUER", "issuer"),
    ("TENANTGATE_AUDIENCE", "audiences"),
    ("TENANTGATE_JWKS_URL", "jwks_url"),
];

/// Lays the flags that are one key each over what the environment says.
pub(super) fn flags(args: &GatherArgs, over: &mut Node) {
    let texts = [
        ("--listen", &args.listen, "listen"),
        ("--admin-listen", &args.admin_listen, "admin_listen"),
        ("--public-url", &args.public_url, "public_url"),
        ("--engine-url", &args.engine_url, "engine.url"),
        ("--policies", &args.policies, "policies.directory"),
        ("--log-format", &args.log_format, "log.format"),
        ("--log-filter", &args.log_filter, "log.filter"),
    ];
    for (flag, text, path) in texts {
        if let Some(text) = text {
            over.lay(Node::text(Place::Flag(flag), text).under(path.rsplit('.')));
        }
    }
}

/// The issuer that flags and variables describe together; it replaces every list.
pub(super) fn single_issuer(
    args: &GatherArgs,
    env: &[(String, String)],
    file: &Node,
    over: &mut Node,
    findings: &mut Vec<Finding>,
) {
    let mut keys: Vec<(&str, Node)> = Vec::new();
    for (name, key) in SINGLE {
        let place = Place::Variable(name.into());
        match find(env, name) {
            Some(text) if key == "audiences" => keys.push((key, by_comma(place, text))),
            Some(text) => keys.push((key, Node::text(place, text))),
            None => {}
        }
    }
    for (flag, text, key) in
        [("--issuer", &args.issuer, "issuer"), ("--jwks-url", &args.jwks_url, "jwks_url")]
    {
        keys.extend(text.iter().map(|text| (key, Node::text(Place::Flag(flag), text))));
    }
    if !args.audience.is_empty() {
        let place = Place::Flag("--audience");
        let items = args.audience.iter().map(|a| Node::text(place.clone(), a)).collect();
        keys.push(("audiences", Node { place, value: Content::List(items) }));
    }
    let Some((_, first)) = keys.first() else { return };
    let place = first.place.clone();
    let mut single = Node::empty(place.clone());
    for (key, node) in keys {
        single.lay(node.under([key]));
    }
    let replaced = over.child("issuers").or_else(|| file.child("issuers"));
    if let Some(replaced) = replaced.filter(|n| n.child("0").is_some()) {
        let message = format!("these issuers are not used: the single one of {place} replaces them");
        findings.push(Finding::of(Code::IssuersReplaced, replaced.place.clone(), message));
    }
    over.lay(Node { place, value: Content::List(vec![single]) }.under(["issuers"]));
}
