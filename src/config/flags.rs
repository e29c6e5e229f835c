//! What the command line says about settings, and the single issuer that flags and variables describe.

use std::path::PathBuf;

use serde_json::Value;

use super::codes::FindingCode;
use super::environment::{SINGLE, by_comma, find};
use super::finding::{Place, Report};
use super::tree::{Content, Node};

/// What [`gather`](super::gather) takes from the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct GatherArgs {
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// Each goes before the variable and the key in the file.
    pub(crate) flags: Vec<Flag>,
}

/// A flag that is a setting. Its text stays as given, so that a faulty one is a finding among the others.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// As `--engine-url`.
    pub(crate) name: &'static str,
    /// As `engine.url`, or with [`SINGLE_ISSUER`] before the key of an issuer.
    pub(crate) key: &'static str,
    /// A text, or a list of texts.
    pub(crate) value: Value,
}

/// The keys of the issuer that flags describe begin so.
const SINGLE_ISSUER: &str = "issuers[].";

/// Lays the flags over what the environment says.
pub(super) fn flags(args: &GatherArgs, over: &mut Node) {
    for flag in args.flags.iter().filter(|flag| !flag.key.starts_with(SINGLE_ISSUER)) {
        over.lay(Node::of(Place::Flag(flag.name), flag.value.clone()).under(flag.key.rsplit('.')));
    }
}

/// The issuer that flags and variables describe together; it replaces every list.
pub(super) fn single_issuer(
    args: &GatherArgs,
    env: &[(String, String)],
    file: &Node,
    over: &mut Node,
    report: &mut Report,
) {
    let variables = SINGLE.into_iter().filter_map(|(name, key)| {
        let text = find(env, name)?;
        let value = if key == "audiences" { by_comma(text) } else { text.into() };
        Some((key, Node::of(Place::Variable(name.into()), value)))
    });
    let flags = args.flags.iter().filter_map(|flag| {
        Some((flag.key.strip_prefix(SINGLE_ISSUER)?, Node::of(Place::Flag(flag.name), flag.value.clone())))
    });
    let keys = variables.chain(flags).map(|(key, node)| node.under([key]));
    let Some(single) = keys.reduce(|mut single, node| {
        single.lay(node);
        single
    }) else {
        return;
    };
    let place = single.place.clone();
    let replaced = over.child("issuers").or_else(|| file.child("issuers"));
    if let Some(replaced) = replaced.filter(|n| n.child("0").is_some()) {
        let message = format!("these issuers are ignored: the single issuer set by {place} replaces them");
        report.add(FindingCode::IssuersReplaced, replaced.place.clone(), message);
    }
    over.lay(Node { place, value: Content::List(vec![single]) }.under(["issuers"]));
}
