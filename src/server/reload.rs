//! The configuration, read anew while the gateway runs: on SIGHUP, or when one of its files has changed.
//!
//! All or nothing: a configuration with a finding that stops the start, whose issuers' keys can't be fetched, or whose engine
//! does not answer while the present one does, changes nothing. It is looked at before any request meets it, since all
//! replicas read the same file at about the same time.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::tls::Tls;
use crate::causes;
use crate::config::{Finding, Settings, TlsFault};
use crate::isolation::EngineSetupError;
use crate::policy::Policy;
use crate::state::{AppState, StartError};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(5);
/// Files that have just changed may change once more: an editor writes in steps, and several files belong together.
const SETTLE: Duration = Duration::from_secs(1);

/// What is read of files, variables and flags.
pub(crate) struct Configuration {
    /// The settings.
    pub(crate) settings: Settings,
    /// The rules.
    pub(crate) policy: Policy,
    /// The files and folders that were read.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads it once more.
pub(crate) type Read = Arc<dyn Fn() -> Result<Configuration, Vec<Finding>> + Send + Sync>;

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("it has findings that stop a start")]
    Findings(Vec<Finding>),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the keys of an issuer can't be fetched")]
    Keys(#[source] crate::token::NotReady),
    #[error("the engine does not answer")]
    Engine(#[source] crate::isolation::NotAlive),
    #[error("the certificates can't be used")]
    Tls(#[from] TlsFault),
    #[error("reading it failed")]
    Reading(#[from] tokio::task::JoinError),
}

impl From<EngineSetupError> for NotTaken {
    fn from(error: EngineSetupError) -> Self {
        Self::Start(error.into())
    }
}

/// Watches signals and files for ever.
pub(super) async fn run(
    state: watch::Sender<Arc<AppState>>,
    tls: Option<Tls>,
    read: Read,
    mut files: Vec<PathBuf>,
) {
    // Without signals there are still the files.
    let mut hangup = signal(SignalKind::hangup()).ok();
    let mut seen = Seen::of(&files);
    loop {
        let cause = changed(&mut hangup, &files, &mut seen).await;
        tracing::info!("reading the configuration anew: {cause}");
        let taken = take(&state.borrow().clone(), &read).await;
        let metrics = state.borrow().metrics.clone();
        metrics.reloaded(taken.is_ok());
        match taken {
            Ok(Taken { state: taken, certificates, files: read }) => {
                seen = seen.with(&read);
                files = read;
                if let (Some(tls), Some(certificates)) = (&tls, certificates) {
                    tls.renew(certificates);
                }
                taken.admission.start();
                let before = state.send_replace(taken);
                let fixed = before.settings.fixed_until_restart(&state.borrow().settings);
                if !fixed.is_empty() {
                    tracing::warn!("these take a restart to change: {}", fixed.join(", "));
                }
                tracing::info!("the new configuration is in force");
            }
            Err(NotTaken::Findings(findings)) => {
                for finding in findings.iter().filter(|finding| finding.is_error()) {
                    let (code, place) = (finding.code, finding.place.to_string());
                    tracing::error!(code, place, help = finding.remedy, "{}", finding.message);
                }
                tracing::error!("the configuration was not taken: the old one stays in force");
            }
            Err(why) => {
                let why = causes::in_full(&why);
                tracing::error!(why, "the configuration was not taken: the old one stays in force");
            }
        }
    }
}

/// Waits for a signal, or for files that have changed and stay so.
async fn changed(hangup: &mut Option<Signal>, files: &[PathBuf], seen: &mut Seen) -> &'static str {
    loop {
        let signalled = async {
            match hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signalled => {
                *seen = Seen::of(files);
                return "SIGHUP";
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        let mut now = Seen::of(files);
        if now == *seen {
            continue;
        }
        loop {
            tokio::time::sleep(SETTLE).await;
            let later = Seen::of(files);
            if std::mem::replace(&mut now, later) == now {
                break;
            }
        }
        *seen = now;
        return "a file has changed";
    }
}

/// All that was made of a configuration.
struct Taken {
    state: Arc<AppState>,
    certificates: Option<Arc<ServerConfig>>,
    files: Vec<PathBuf>,
}

async fn take(before: &Arc<AppState>, read: &Read) -> Result<Taken, NotTaken> {
    let read = read.clone();
    let read = tokio::task::spawn_blocking(move || read()).await?;
    let Configuration { settings, policy, files } = read.map_err(NotTaken::Findings)?;
    let certificates = settings.tls.load()?;
    let after = AppState::new(settings, policy, Some(before))?;
    after.tokens.start();
    let patience = tokio::time::Instant::now() + after.settings.keys.timeout;
    while let Err(why) = after.tokens.ready() {
        // Where the present keys are missing, too, nothing is lost.
        if before.tokens.ready().is_err() {
            break;
        }
        if tokio::time::Instant::now() > patience {
            return Err(NotTaken::Keys(why));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    if let Err(why) = after.engine()?.alive().await
        && before.engine()?.alive().await.is_ok()
    {
        return Err(NotTaken::Engine(why));
    }
    Ok(Taken { state: Arc::new(after), certificates, files })
}

/// What files looked like: a link that points elsewhere, as a mounted ConfigMap changes, is another file.
#[derive(PartialEq)]
struct Seen(Vec<(PathBuf, Option<[i64; 4]>)>);

impl Seen {
    fn of(files: &[PathBuf]) -> Self {
        let mut seen = Vec::new();
        for file in files {
            let inside = std::fs::read_dir(file).into_iter().flatten().filter_map(Result::ok);
            seen.push((file.clone(), look(file)));
            seen.extend(inside.map(|entry| (entry.path(), look(&entry.path()))));
        }
        seen.sort();
        Self(seen)
    }

    /// The same for the files of a configuration that was taken. Those that were seen before stay as they were: one that has
    /// changed since, while the others were read, would never be read.
    fn with(&self, files: &[PathBuf]) -> Self {
        let mut seen = Self::of(files);
        for (file, look) in &mut seen.0 {
            if let Some((_, before)) = self.0.iter().find(|(known, _)| known == file) {
                *look = *before;
            }
        }
        seen
    }
}

#[allow(clippy::cast_possible_wrap, reason = "compared for equality only")]
fn look(file: &Path) -> Option<[i64; 4]> {
    let data = std::fs::metadata(file).ok()?;
    Some([data.mtime(), data.mtime_nsec(), data.size() as i64, data.ino() as i64])
}
