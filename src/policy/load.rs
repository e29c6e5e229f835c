//! The folder of rules → what is written there; the only file access of the policy.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::Policy;
use super::finding::{Fault, PolicyFinding};
use super::read::Entries;
use super::resolve::{Written, resolve};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");
/// Data of the model inspector, which lies in the same folder.
const NOT_RULES: &[&str] = &["models.yaml"];

/// Loads the rules of a folder, or the built-in ones.
///
/// # Errors
/// Every fault of the whole folder at once.
pub fn load(directory: Option<&Path>) -> Result<Policy, Vec<PolicyFinding>> {
    let files = match directory {
        None => built_in(),
        Some(folder) => read_folder(folder).map_err(|(place, e)| {
            let help = "name a folder with the rule files in `policies.directory`";
            vec![Fault::new("policy-unreadable", e.to_string(), help).at(&place, 0)]
        })?,
    };
    let (mut written, mut findings) = (Written::default(), Vec::new());
    for (name, text) in &files {
        match name.as_str() {
            "fields.yaml" => written.field_rules = Entries::read(name, text, &mut findings),
            "ownership.yaml" => written.resource_types = Entries::read(name, text, &mut findings),
            _ => written.rules.push((name.clone(), Entries::read(name, text, &mut findings))),
        }
    }
    resolve(&written, findings)
}

fn holds_rules(name: &str) -> bool {
    name.ends_with(".yaml") && !NOT_RULES.contains(&name)
}

/// The built-in files of rules by name, as text.
pub(super) fn built_in() -> Vec<(String, String)> {
    let read =
        |f: &include_dir::File<'_>| Some((f.path().to_str()?.to_owned(), f.contents_utf8()?.to_owned()));
    BUILT_IN.files().filter_map(read).filter(|(name, _)| holds_rules(name)).collect()
}

/// The files of rules in a folder by name, as text; or the place that can't be read, and why.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, (String, std::io::Error)> {
    let at = |place: &Path| {
        let place = place.display().to_string();
        move |e: std::io::Error| (place, e)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        // A ConfigMap's own folders begin with two dots.
        if holds_rules(name) && !name.starts_with("..") {
            files.push((name.to_owned(), std::fs::read_to_string(&path).map_err(at(&path))?));
        }
    }
    files.sort();
    Ok(files)
}
