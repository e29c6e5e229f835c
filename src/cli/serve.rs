//! `serve`: run the gateway, or say everything that stops it.

use super::exit::Exit;
use crate::causes;
use crate::config::{Code, Finding, GatherArgs, LogFormat, Settings, gather};
use crate::policy::Policy;
use crate::server::ServeError;
use crate::telemetry::Line;

/// The target of lines that tell of the start.
const START: &str = "tenantgate::start";

/// Gathers the settings and runs the gateway until it is told to stop. With an error among the findings nothing is
/// started.
pub(super) fn serve(args: &GatherArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let gathered = gather(args, env);
    // Dropped last: until then lines may wait.
    let _logging = crate::telemetry::start_logging(&gathered.log);
    let told = Told { json: gathered.log.format == LogFormat::Json };
    gathered.findings.iter().for_each(|finding| told.finding(finding));
    let Some(settings) = gathered.settings else {
        let errors = gathered.findings.iter().filter(|f| f.is_error()).count();
        told.error(&format!("not started: {errors} error{} above", if errors == 1 { "" } else { "s" }));
        return Exit::Findings;
    };
    told.banner(&protects(&settings));
    let policy = match super::check::rules(settings.policies.directory.as_deref(), settings.tenancy.users) {
        Ok(policy) => policy,
        Err(findings) => {
            for finding in &findings {
                told.finding(&super::check::policy_finding(finding, &settings));
            }
            told.error(&format!("not started: {} errors in the rules above", findings.len()));
            return Exit::Findings;
        }
    };
    match run_server(settings, policy) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            told.error(&causes::in_full(&error));
            Exit::Failed
        }
    }
}

/// How `serve` tells what is not an event of the running server: as text for people, or each as one line of the JSON log.
/// Whoever collects the log reads every line of it as JSON.
struct Told {
    json: bool,
}

impl Told {
    fn finding(&self, finding: &Finding) {
        if !self.json {
            eprintln!("{finding}\n");
            return;
        }
        let level = if finding.is_error() { "ERROR" } else { "WARN" };
        let Some(line) = Line::of_level(level, START) else { return };
        line.text("message", &finding.message)
            .text("code", finding.code)
            .text("place", &finding.place.to_string())
            .text("help", &finding.remedy)
            .end_at_once();
    }

    fn error(&self, message: &str) {
        match Line::of_level("ERROR", START).filter(|_| self.json) {
            Some(line) => line.text("message", message).end_at_once(),
            None => eprintln!("error: {message}"),
        }
    }

    fn banner(&self, protects: &[(&'static str, String)]) {
        match Line::begin(START).filter(|_| self.json) {
            Some(line) => {
                let line = line.text("message", &format!("tenantgate {}", crate::version::LONG));
                protects.iter().fold(line, |line, (name, text)| line.text(name, text)).end_at_once();
            }
            None => {
                eprintln!("tenantgate {}", crate::version::LONG);
                protects.iter().for_each(|(name, text)| eprintln!("  {name:11}{text}"));
            }
        }
    }
}

/// The server on its runtime.
fn run_server(settings: Settings, policy: Policy) -> Result<(), RunError> {
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

/// What `serve` protects, and how: its first lines.
fn protects(settings: &Settings) -> Vec<(&'static str, String)> {
    let engine = &settings.engine;
    let urls: Vec<_> = engine.origins.iter().map(|origin| format!("{origin}{}", engine.base_path)).collect();
    let issuers = settings.issuers.iter().map(|i| format!("{} for {}", i.issuer, i.audiences.join(", ")));
    let rules = match &settings.policies.directory {
        Some(folder) => folder.display().to_string(),
        None => "built in".to_owned(),
    };
    let code = match settings.deployments.code {
        Code::Deny => "no code in deployed models",
        Code::Allow => "CODE IN DEPLOYED MODELS IS ALLOWED",
    };
    vec![
        ("engine", format!("{} (name `{}`)", urls.join(", "), engine.name)),
        ("issuers", issuers.collect::<Vec<_>>().join("; ")),
        ("rules", rules),
        ("models", code.to_owned()),
    ]
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
            format!("{:?}", protects(&gather(&args, env).settings.unwrap()))
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
