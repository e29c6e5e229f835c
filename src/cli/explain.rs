//! `explain`: what would become of a request. Nothing is sent.

use super::args::ExplainArgs;
use super::exit::Exit;
use crate::config::{Settings, gather};

/// Explains one request. Faulty settings are shown and end it: an explanation by other rules would mislead.
pub(super) fn explain(args: ExplainArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let gathered = gather(&args.settings.clone().into(), env);
    for finding in gathered.findings.iter().filter(|f| f.is_error()) {
        eprintln!("{finding}\n");
    }
    let Some(settings) = gathered.settings else { return Exit::Findings };
    match explanation(&args, &settings) {
        Ok(text) => super::print(&format!("{text}\n")),
        Err(error) => {
            eprintln!("error: {error}");
            Exit::Failed
        }
    }
}

/// STUB: operation, rule, look-ups and the engine's request, from the journey itself.
fn explanation(_args: &ExplainArgs, _settings: &Settings) -> Result<String, String> {
    Err("`explain` is not built yet".into())
}
