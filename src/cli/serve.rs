//! `serve`: run the gateway, or say everything that stops it.

use super::exit::Exit;
use crate::causes;
use crate::config::{Code, GatherArgs, Settings, gather};
use crate::policy::Policy;
use crate::server::ServeError;

/// Gathers the settings and runs the gateway until it is told to stop. With an error among the findings nothing is
/// started.
pub(super) fn serve(args: &GatherArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let gathered = gather(args, env);
    for finding in &gathered.findings {
        eprintln!("{finding}\n");
    }
    let Some(settings) = gathered.settings else {
        let errors = gathered.findings.iter().filter(|f| f.is_error()).count();
        eprintln!("not started: {errors} error{} above", if errors == 1 { "" } else { "s" });
        return Exit::Findings;
    };
    for line in protects(&settings) {
        eprintln!("{line}");
    }
    let policy = match super::check::rules(settings.policies.directory.as_deref(), settings.tenancy.users) {
        Ok(policy) => policy,
        Err(findings) => {
            for finding in &findings {
                eprintln!("{}\n", super::check::policy_finding(finding, &settings));
            }
            eprintln!("not started: {} errors in the rules above", findings.len());
            return Exit::Findings;
        }
    };
    match run_server(settings, policy) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            eprintln!("error: {}", causes::in_full(&error));
            Exit::Failed
        }
    }
}

/// The server on its runtime.
fn run_server(settings: Settings, policy: Policy) -> Result<(), RunError> {
    // Dropped last: until then lines may wait.
    let _logging = crate::telemetry::start_logging(&settings.log);
    // Held until the server has ended, then the last spans go out; started and ended outside the server's runtime,
    // since its client waits by blocking.
    #[cfg(feature = "otlp")]
    let _spans = crate::telemetry::start_spans()?;
    Ok(actix_web::rt::System::new().block_on(crate::server::run(settings, policy))?)
}

/// What ends `serve` with a failure.
#[derive(Debug, thiserror::Error)]
enum RunError {
    /// The server.
    #[error(transparent)]
    Server(#[from] ServeError),
    /// The export of spans.
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Spans(#[from] crate::telemetry::SpansError),
}

/// The first lines of `serve`: what it protects, and how.
fn protects(settings: &Settings) -> Vec<String> {
    let engine = &settings.engine;
    let mut lines = vec![format!("tenantgate {}", crate::version::LONG)];
    let urls: Vec<_> = engine.origins.iter().map(|origin| format!("{origin}{}", engine.base_path)).collect();
    lines.push(format!("  engine     {} (name `{}`)", urls.join(", "), engine.name));
    for issuer in &settings.issuers {
        lines.push(format!("  issuer     {} for {}", issuer.issuer, issuer.audiences.join(", ")));
    }
    let rules = match &settings.policies.directory {
        Some(folder) => format!("of {}", folder.display()),
        None => "built in".to_owned(),
    };
    lines.push(format!("  rules      {rules}"));
    let code = match settings.deployments.code {
        Code::Deny => "no code in deployed models",
        Code::Allow => "CODE IN DEPLOYED MODELS IS ALLOWED",
    };
    lines.push(format!("  models     {code}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::SettingsArgs;

    #[test]
    fn an_error_among_the_settings_starts_nothing() {
        let none = std::iter::empty;
        assert_eq!(serve(&GatherArgs::default(), none()), Exit::Findings);
    }

    #[test]
    fn the_first_lines_say_what_is_protected_and_what_is_open() {
        let args = SettingsArgs {
            engine_url: Some("http://camunda:8080/engine-rest".into()),
            issuer: Some("https://issuer.example.com/".into()),
            audience: vec!["engine".into()],
            ..SettingsArgs::default()
        };
        let args = args.into();
        let lines = |env: &[(&str, &str)]| {
            let env = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            protects(&gather(&args, env).settings.unwrap()).join("\n")
        };
        let closed = lines(&[]);
        assert!(
            closed.contains("http://camunda:8080/engine-rest") && closed.contains("for engine"),
            "{closed}"
        );
        assert!(closed.contains("no code in deployed models"), "{closed}");
        assert!(lines(&[("TENANTGATE_DEPLOYMENTS__CODE", "allow")]).contains("CODE IN DEPLOYED MODELS"));
    }
}
