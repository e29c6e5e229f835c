//! Log format and level, and the way out of the process.

use std::io::Write;
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;

use super::batches::Batches;
use crate::config::{Log, LogFormat};

/// What was started with.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();
/// All that is logged goes through here, or lines would overtake those that wait.
static OUT: Batches<Stderr> = Batches::new(Stderr);

/// The format of lines; none before logging was started.
pub(super) fn format() -> Option<LogFormat> {
    FORMAT.get().copied()
}

/// Writes a line: within a tenth of a second, or at once.
pub(super) fn write(line: &[u8], at_once: bool) {
    if at_once { OUT.at_once(line) } else { OUT.line(line) }
}

/// Standard error, which is locked for each write only.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().lock().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Events, which are rare and may be alarms.
struct AtOnce;

impl Write for AtOnce {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        OUT.at_once(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The running log. Dropped, however the program ends: what waits is written, and nothing waits any more.
#[must_use]
pub(crate) struct Logging(());

impl Drop for Logging {
    fn drop(&mut self) {
        OUT.end();
    }
}

/// Starts logging to standard error. A second start is without effect.
pub(crate) fn start(log: &Log) -> Logging {
    let _ = FORMAT.set(log.format);
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| AtOnce);
    // An earlier subscriber (of a test) stays.
    drop(match log.format {
        LogFormat::Human => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    });
    if log.format == LogFormat::Json {
        // What a panic says is a line of the log as any other.
        std::panic::set_hook(Box::new(|panic| tracing::error!(target: "tenantgate::panic", "{panic}")));
    }
    // Without a thread nothing waits.
    OUT.gather();
    if std::thread::Builder::new().name("log".into()).spawn(|| OUT.write_gathered()).is_err() {
        OUT.end();
    }
    Logging(())
}
