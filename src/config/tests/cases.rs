//! Broken settings, each with the findings it must have and a twin that differs in one thing and is let pass.
//!
//! The cases are `tests/data/config/NAME.broken.yaml` and `NAME.allowed.yaml`; the first line says what is found,
//! as `# finds: code line:column, ...` or `# finds: nothing`. `UPDATE=1` writes that line anew: read the difference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::codes::FindingCode;
use crate::config::load::Gathered;
use crate::config::{Finding, GatherArgs, Place, Severity, gather};

/// Codes that no file alone can cause; `layers.rs` has their tests.
const ELSEWHERE: &[&str] = &["unreadable-config", "unknown-variable", "issuers-replaced"];

fn run(file: &Path) -> Gathered {
    let args = GatherArgs { config: Some(file.to_owned()), ..GatherArgs::default() };
    gather(&args, std::iter::empty())
}

fn said(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "nothing".into();
    }
    let one = |f: &Finding| match &f.place {
        Place::File { line, column, .. } => format!("{} {line}:{column}", f.code),
        Place::Missing => format!("{} missing", f.code),
        Place::Variable(name) => format!("{} {name}", f.code),
        Place::Flag(name) => format!("{} {name}", f.code),
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn files(ending: &str) -> Vec<PathBuf> {
    let folder = Path::new("tests/data/config");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    all.sort();
    assert!(all.len() > 40, "found {} files {ending}", all.len());
    all
}

fn check(file: &Path) -> Gathered {
    let gathered = run(file);
    let found = said(&gathered.findings);
    let text = std::fs::read_to_string(file).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    if std::env::var_os("UPDATE").is_some() {
        if first != format!("# finds: {found}") {
            std::fs::write(file, format!("# finds: {found}\n{rest}")).unwrap();
        }
    } else {
        assert_eq!(first, format!("# finds: {found}"), "{}", file.display());
    }
    gathered
}

#[test]
fn broken_settings_have_their_findings() {
    let mut seen = BTreeSet::new();
    for file in files(".broken.yaml") {
        let gathered = check(&file);
        assert!(!gathered.findings.is_empty(), "{} has no finding", file.display());
        let any_error = gathered.findings.iter().any(Finding::is_error);
        assert_eq!(gathered.settings.is_none(), any_error, "{}", file.display());
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for finding in &gathered.findings {
            seen.insert(finding.code);
            assert!(!finding.remedy.is_empty() && !finding.message.is_empty(), "{name}");
            assert!(!format!("{finding}{finding:?}").contains("hunter2"), "{name} shows a password");
            assert!(!format!("{finding}{finding:?}").contains("secret@"), "{name} shows a password");
        }
    }
    for file in files(".allowed.yaml") {
        seen.extend(run(&file).findings.iter().map(|f| f.code));
    }
    for (code, _) in FindingCode::ALL {
        let (code, ..) = code.entry();
        assert_ne!(
            seen.contains(code),
            ELSEWHERE.contains(&code),
            "{code} has no case, or one in the wrong place"
        );
    }
}

#[test]
fn allowed_twins_differ_in_one_thing_and_start() {
    for file in files(".allowed.yaml") {
        let gathered = check(&file);
        let shown = said(&gathered.findings);
        assert!(gathered.settings.is_some(), "{}: {shown}", file.display());
        assert!(gathered.findings.iter().all(|f| f.severity == Severity::Warning));
        let twin = PathBuf::from(file.to_string_lossy().replace(".allowed.", ".broken."));
        let lines = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let (allowed, broken) = (lines(&file), lines(&twin));
        let same_before = allowed.iter().zip(&broken).take_while(|(a, b)| a == b).count();
        let after = allowed[same_before..].iter().rev().zip(broken[same_before..].iter().rev());
        let same_after = after.take_while(|(a, b)| a == b).count();
        let differ = allowed.len().max(broken.len()) - same_before - same_after;
        assert!((1..=2).contains(&differ), "{} differs in {differ} lines", file.display());
    }
}

#[test]
fn every_broken_file_but_the_one_with_several_faults_has_a_twin() {
    for file in files(".broken.yaml") {
        let twin = PathBuf::from(file.to_string_lossy().replace(".broken.", ".allowed."));
        assert!(twin.exists() || file.ends_with("several.broken.yaml"), "{}", file.display());
    }
}
