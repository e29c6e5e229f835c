//! `check`: every finding of configuration, policies and models, in one run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::CheckArgs;
use super::exit::Exit;
use crate::config::{Finding, GatherArgs, Place, Settings, Severity, Users, gather, is_unset};
use crate::policy::{Policy, PolicyFinding, RuleKind};

/// Prints all findings; an error among them makes [`Exit::Findings`].
pub(super) fn check(args: CheckArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let CheckArgs { models, settings } = args;
    let (settings, env): (GatherArgs, Vec<_>) = (settings.into(), env.collect());
    if !models.is_empty() && is_unset(&settings, &env) {
        return check_models(&models);
    }
    let gathered = gather(&settings, env.into_iter());
    let mut findings = gathered.findings;
    findings.extend(policy_findings(gathered.settings.as_ref()));
    findings.extend(models.iter().flat_map(|model| model_findings(model, gathered.settings.as_ref())));
    findings.sort_by_key(|f| f.severity);
    let kinds = gathered.settings.as_ref().map(kinds).unwrap_or_default();
    let counted =
        if models.is_empty() { String::new() } else { format!(", {}", plural(models.len(), "model")) };
    let what = format!("configuration, policies{counted}");
    let printed = super::print(&format!("{kinds}{}\n", report(&findings, &what)));
    if findings.iter().any(Finding::is_error) { Exit::Findings } else { printed }
}

/// Prints the findings of models by the default settings: who writes models has no configuration of a gateway.
fn check_models(models: &[PathBuf]) -> Exit {
    let findings: Vec<_> = models.iter().flat_map(|model| model_findings(model, None)).collect();
    let what = format!("{} against the default settings", plural(models.len(), "model"));
    let printed = super::print(&format!("{}\n", report(&findings, &what)));
    if findings.is_empty() { printed } else { Exit::Findings }
}

/// What each kind of operation takes, where tokens say more than a client id.
fn kinds(settings: &Settings) -> String {
    let Settings { permissions, tenancy, .. } = settings;
    if !permissions.any() && tenancy.grants.is_empty() && tenancy.all_tenants.is_none() {
        return String::new();
    }
    let kinds = permissions.kinds().into_iter().filter_map(|(name, scopes)| {
        let scopes =
            scopes.map_or_else(|| "no scope".to_owned(), |scopes| format!("one of {}", scopes.join(" ")));
        Some(format!("{name:12}level {} of a granted tenant; {scopes}\n", RuleKind::named(name)?.level()))
    });
    format!("operations of kind\n{}\n", kinds.map(|line| format!("  {line}")).collect::<String>())
}

/// The faults of the configured rules; without settings those of the built-in ones.
fn policy_findings(settings: Option<&Settings>) -> Vec<Finding> {
    let folder = settings.and_then(|s| s.policies.directory.as_deref());
    let users = settings.map_or_else(Default::default, |s| s.tenancy.users);
    match rules(folder, users) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| in_folder(fault, folder)).collect(),
    }
}

/// The rules of a folder, or the built-in ones, fit for the settings.
pub(super) fn rules(folder: Option<&Path>, users: Users) -> Result<Policy, Vec<PolicyFinding>> {
    let policy = crate::policy::load(folder)?;
    if users == Users::Pinned {
        policy.can_pin_users().map_err(|fault| vec![fault])?;
    }
    Ok(policy)
}

/// A fault of the rules, placed in the configured folder.
pub(super) fn policy_finding(fault: &PolicyFinding, settings: &Settings) -> Finding {
    in_folder(fault, settings.policies.directory.as_deref())
}

fn in_folder(fault: &PolicyFinding, folder: Option<&Path>) -> Finding {
    let path = folder.unwrap_or(Path::new("policies")).join(&fault.file);
    Finding {
        code: fault.code,
        severity: Severity::Error,
        place: Place::File { path: Arc::new(path), line: fault.line as u64, column: fault.column as u64 },
        message: fault.what.clone(),
        remedy: fault.help.clone(),
    }
}

/// What would refuse a model at its deployment; without settings by the defaults.
fn model_findings(model: &Path, settings: Option<&Settings>) -> Vec<Finding> {
    let code = settings.map_or_else(Default::default, |s| s.deployments.code);
    let shared = settings.map_or_else(Default::default, |s| s.tenancy.shared_resources);
    let path = Arc::new(model.to_path_buf());
    let found = crate::model::check_file(model, None, code, shared);
    found
        .into_iter()
        .map(|fault| Finding {
            code: fault.code,
            severity: Severity::Error,
            place: Place::File { path: path.clone(), line: fault.line as u64, column: fault.column as u64 },
            message: match (&fault.element, &fault.attribute) {
                (element, _) if element.is_empty() => fault.what,
                (element, None) => format!("<{element}>: {}", fault.what),
                (element, Some(attribute)) => format!("<{element}> attribute `{attribute}`: {}", fault.what),
            },
            remedy: fault.remedy,
        })
        .collect()
}

/// All findings as text, with a last line that counts them.
fn report(findings: &[Finding], what: &str) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let mut text: String = findings.iter().map(|f| format!("{f}\n\n")).collect();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    text.push_str(&format!("checked {what}: {}, {}", plural(errors, "error"), plural(warnings, "warning")));
    text
}

fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
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
    fn users_are_pinned_by_rules_that_know_them_only() {
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir("policies").unwrap().map(|file| file.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(
                folder.path().join(file.file_name().unwrap()),
                text.replace(": user }", ": { pass: x } }")
                    .replace("  assignee: user\n", "")
                    .replace("  owner: user\n", ""),
            )
            .unwrap();
        }
        assert!(rules(None, Users::Pinned).is_ok() && rules(Some(folder.path()), Users::AsAsked).is_ok());
        let found: Vec<_> = rules(Some(folder.path()), Users::Pinned).err().unwrap();
        assert_eq!(found.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["no-user"]);
    }

    #[test]
    fn kinds_are_told_where_tokens_say_more_than_a_client_id() {
        let mut settings = Settings::default();
        assert_eq!(kinds(&settings), "");
        settings.permissions.deploy = Some(vec!["ship".to_owned(), "admin".to_owned()]);
        let told = kinds(&settings);
        for line in [
            "  read        level read of a granted tenant; no scope\n",
            "  work        level work of a granted tenant; no scope\n",
            "  deploy      level all of a granted tenant; one of ship admin\n",
        ] {
            assert!(told.contains(line), "{told}");
        }
    }

    #[test]
    fn errors_make_exit_code_3_and_warnings_do_not() {
        let run = |settings| check(CheckArgs { models: vec![], settings }, std::iter::empty());
        assert_eq!(run(good()), Exit::Ok);
        assert_eq!(run(SettingsArgs { audience: vec![], ..good() }), Exit::Findings);
    }
}
