//! Log format and level.

use tracing_subscriber::EnvFilter;

use std::sync::OnceLock;

use crate::config::{Log, LogFormat};

/// What was started with.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// The format of lines; none before logging was started.
pub(super) fn format() -> Option<LogFormat> {
    FORMAT.get().copied()
}

/// Starts logging to standard error. A second start is without effect.
pub(crate) fn start(log: &Log) {
    let _ = FORMAT.set(log.format);
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An earlier subscriber (of a test) stays.
    drop(match log.format {
        LogFormat::Human => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    });
}
