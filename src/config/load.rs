//! Gathering the settings: flag, then environment, then file, then default.

use std::path::PathBuf;
use std::sync::Arc;

use super::checks::Checks;
use super::codes::Code;
use super::environment::{self, CONFIG, environment, find};
use super::finding::{Finding, Place};
use super::flags::{GatherArgs, flags, single_issuer};
use super::prune::{Faulty, prune};
use super::settings::Settings;
use super::shape::{self, Shape};
use super::tree::Node;
use super::yaml;

/// What [`gather`] found.
#[derive(Debug)]
pub struct Gathered {
    /// The settings; none when a finding is an error.
    pub settings: Option<Settings>,
    /// Every fault and risk, errors first.
    pub findings: Vec<Finding>,
}

/// Gathers the settings from flags, environment and file, with every finding of this run.
pub fn gather(args: &GatherArgs, env: impl Iterator<Item = (String, String)>) -> Gathered {
    let mut findings = Vec::new();
    let env = environment::sorted(env);
    let file = args.config.clone().or_else(|| find(&env, CONFIG).map(PathBuf::from));
    let mut faulty = Faulty::new();
    let mut tree = Node::empty(Place::Missing);
    if let Some(file) = file {
        match read(file, &mut findings) {
            Some(read) => tree = read,
            None => faulty.extend([String::new()]),
        }
    }
    let schema = shape::whole();
    if let Some(shape) = Shape::of(&schema) {
        // The file alone first: a fault in it is one even where a variable or flag hides the value.
        faulty.extend(prune(&mut tree, shape, &mut findings));
        let mut over = Node::empty(Place::Missing);
        environment(&env, shape, &mut over, &mut findings);
        flags(args, &mut over);
        single_issuer(args, &env, &tree, &mut over, &mut findings);
        faulty.extend(prune(&mut over, shape, &mut findings));
        tree.lay(over);
    }
    let mut settings: Settings = serde_json::from_value(tree.to_json()).unwrap_or_else(|error| {
        let message = format!("the settings can't be read: {error}");
        findings.push(Finding::of(Code::WrongType, Place::Missing, message));
        Settings::default()
    });
    settings.check(&mut Checks { tree: &tree, faulty: &faulty, findings: &mut findings });
    findings.sort_by_key(|f| f.severity);
    let faultless = !findings.iter().any(Finding::is_error);
    Gathered { settings: faultless.then_some(settings), findings }
}

fn read(path: PathBuf, findings: &mut Vec<Finding>) -> Option<Node> {
    let text = std::fs::read_to_string(&path);
    let place = Place::File { path: Arc::new(path), line: 0, column: 0 };
    match text {
        Ok(text) => yaml::parse(&text, &place, findings),
        Err(error) => {
            let message = format!("the configuration file can't be read: {error}");
            findings.push(Finding::of(Code::UnreadableConfig, place, message));
            None
        }
    }
}
