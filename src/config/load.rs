//! Gathering the settings: flag, then environment, then file, then default.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::checks::Checks;
use super::codes::FindingCode;
use super::environment::{self, CONFIG, environment, find};
use super::finding::{Finding, Place, Report};
use super::flags::{GatherArgs, flags, single_issuer};
use super::log::Log;
use super::prune::prune;
use super::settings::Settings;
use super::shape::{self, Shape};
use super::tree::Node;
use super::yaml;

/// What [`gather`] found.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The settings; none when a finding is an error.
    pub(crate) settings: Option<Settings>,
    /// Every fault and risk, errors first.
    pub(crate) findings: Vec<Finding>,
    /// How these are to be told; also known where the settings have faults.
    pub(crate) log: Log,
}

/// Gathers the settings from flags, environment and file, with every finding of this run.
pub(crate) fn gather(args: &GatherArgs, env: impl Iterator<Item = (String, String)>) -> Gathered {
    let mut report = Report::default();
    let env = environment::sorted(env);
    let file = args.config.clone().or_else(|| find(&env, CONFIG).map(PathBuf::from));
    let mut tree = Node::of(Place::Missing, Value::Null);
    // Relative paths in the file count from its folder; those of variables and flags from the working directory.
    let folder = file.as_deref().and_then(Path::parent).map(Path::to_owned);
    if let Some(file) = file {
        match read(file, &mut report) {
            Some(read) => tree = read,
            None => report.faulty.extend([String::new()]),
        }
    }
    let schema = shape::whole();
    // The file alone first: a fault in it is one even where a variable or flag hides the value.
    prune(&mut tree, Shape(&schema), &mut report);
    if let Some(folder) = folder {
        tree.resolve_paths(Shape(&schema), &folder);
    }
    let mut over = Node::of(Place::Missing, Value::Null);
    environment(&env, Shape(&schema), &mut over, &mut report);
    flags(args, &mut over);
    single_issuer(args, &env, &tree, &mut over, &mut report);
    prune(&mut over, Shape(&schema), &mut report);
    tree.lay(over);
    let mut settings: Settings = serde_json::from_value(tree.to_json()).unwrap_or_else(|error| {
        report.add(FindingCode::WrongType, Place::Missing, format!("the settings can't be read: {error}"));
        Settings::default()
    });
    settings.check(&mut Checks { tree: &tree, report: &mut report });
    let mut findings = report.findings;
    findings.sort_by_key(|f| f.severity);
    let faultless = !findings.iter().any(Finding::is_error);
    let log = settings.log.clone();
    Gathered { settings: faultless.then_some(settings), findings, log }
}

fn read(path: PathBuf, report: &mut Report) -> Option<Node> {
    let text = std::fs::read_to_string(&path);
    let place = Place::File { path: Arc::new(path), line: 0, column: 0 };
    text.map_err(|error| {
        let message = format!("the configuration file can't be read: {error}");
        report.add(FindingCode::UnreadableConfig, place.clone(), message);
    })
    .ok()
    .and_then(|text| yaml::parse(&text, &place, report))
}
