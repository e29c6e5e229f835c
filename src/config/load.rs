//! Gathering the settings: flag, then environment, then file, then default.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::checks::Checks;
use super::codes::FindingCode;
use super::environment::{self, CONFIG, environment, find};
use super::finding::{Finding, Place, Report};
use super::flags::{Flag, GatherArgs, flags, single_issuer};
use super::log::Log;
use super::prune::prune;
use super::settings::Settings;
use super::shape::{self, Shape};
use super::tree::Node;
use super::yaml;

/// What has no default, for [`gather_or_defaults`].
const PLACEHOLDERS: &[(&str, &str, &str)] = &[
    ("--engine-url", "engine.url", "http://camunda:8080/engine-rest"),
    ("--issuer", "issuers[].issuer", "https://issuer.invalid/"),
    ("--audience", "issuers[].audiences", "placeholder"),
];

/// What [`gather`] found.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The settings; none when a finding is an error.
    pub(crate) settings: Option<Settings>,
    /// Every fault and risk, errors first.
    pub(crate) findings: Vec<Finding>,
    /// The files and folders that were read, the configuration file first.
    pub(crate) files: Vec<PathBuf>,
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
    let mut files: Vec<PathBuf> = file.iter().cloned().collect();
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
    files.extend(tree.paths(Shape(&schema)));
    let mut settings: Settings = serde_json::from_value(tree.to_json()).unwrap_or_else(|error| {
        report.add(FindingCode::WrongType, Place::Missing, format!("the settings can't be read: {error}"));
        Settings::default()
    });
    settings.check(&mut Checks { tree: &tree, report: &mut report });
    let mut findings = report.findings;
    findings.sort_by_key(|f| f.severity);
    let faultless = !findings.iter().any(Finding::is_error);
    let log = settings.log.clone();
    Gathered { settings: faultless.then_some(settings), findings, files, log }
}

/// The same; where nothing at all is said, with the defaults and placeholders for what has none, for commands that reach
/// neither engine nor issuer.
pub(crate) fn gather_or_defaults(
    mut args: GatherArgs,
    env: impl Iterator<Item = (String, String)>,
) -> Gathered {
    let env = environment::sorted(env);
    if args.config.is_none() && !environment::says_anything(&env) {
        for (name, key, value) in PLACEHOLDERS {
            if args.flags.iter().all(|flag| flag.key != *key) {
                let value =
                    if *key == "issuers[].audiences" { Value::from(vec![*value]) } else { (*value).into() };
                args.flags.push(Flag { name, key, value });
            }
        }
    }
    gather(&args, env.into_iter())
}

/// Whether flags, environment and file say nothing at all.
pub(crate) fn is_unset(args: &GatherArgs, env: &[(String, String)]) -> bool {
    args.config.is_none() && args.flags.is_empty() && !environment::says_anything(env)
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
