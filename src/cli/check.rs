//! `check`: every finding of configuration, policies and models, in one run.

use std::path::{Path, PathBuf};

use super::args::CheckArgs;
use super::exit::Exit;
use crate::config::{Finding, Settings, Severity, gather};

/// Prints all findings; an error among them makes [`Exit::Findings`].
pub(super) fn check(args: CheckArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let CheckArgs { models, settings } = args;
    let gathered = gather(&settings.into(), env);
    let mut findings = gathered.findings;
    findings.extend(policy_findings(gathered.settings.as_ref()));
    findings.extend(models.iter().flat_map(|model| model_findings(model, gathered.settings.as_ref())));
    findings.sort_by_key(|f| f.severity);
    let printed = super::print(&format!("{}\n", report(&findings, &models)));
    if findings.iter().any(Finding::is_error) { Exit::Findings } else { printed }
}

/// HOOK: the findings of `crate::policy::load(...)` for the configured folder, or the built-in rules.
fn policy_findings(_settings: Option<&Settings>) -> Vec<Finding> {
    Vec::new()
}

/// HOOK: the findings of `crate::model` for one file, under the configured `deployments.code`.
fn model_findings(_model: &Path, _settings: Option<&Settings>) -> Vec<Finding> {
    Vec::new()
}

/// All findings as text, with a last line that counts them.
fn report(findings: &[Finding], models: &[PathBuf]) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let mut text: String = findings.iter().map(|f| format!("{f}\n\n")).collect();
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let models =
        if models.is_empty() { String::new() } else { format!(", {}", plural(models.len(), "model")) };
    text.push_str(&format!(
        "checked configuration, policies{models}: {}, {}",
        plural(errors, "error"),
        plural(warnings, "warning")
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::SettingsArgs;

    fn good() -> SettingsArgs {
        SettingsArgs {
            engine_url: Some("http://camunda:8080/engine-rest".into()),
            issuer: Some("https://issuer.example.com/".into()),
            audience: vec!["engine".into()],
            ..SettingsArgs::default()
        }
    }

    #[test]
    fn errors_make_exit_code_3_and_warnings_do_not() {
        let run = |settings| check(CheckArgs { models: vec![], settings }, std::iter::empty());
        assert_eq!(run(good()), Exit::Ok);
        assert_eq!(run(SettingsArgs { audience: vec![], ..good() }), Exit::Findings);
    }
}
