//! `log`: what is logged, and how.

use tracing_subscriber::EnvFilter;

use super::section::{Checks, F, section};

section! {
    /// Log format and level.
    pub(crate) struct Log {
        /// `human`: lines for people; `json`: one JSON object per line.
        pub format: LogFormat = LogFormat::Human,
        /// What is logged, for example `info` or `info,tenantgate=debug`.
        pub filter: String = "info".into(),
    }
}

/// Lines for people or JSON.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// One readable line each.
    #[default]
    Human,
    /// One JSON object each.
    Json,
}

impl Log {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        if let Err(error) = EnvFilter::builder().parse(&self.filter) {
            c.report(F::InvalidLogFilter, "log.filter", format!("can't be read: {error}"));
        }
    }
}
