//! `deployments`: what deployed models may carry.

use super::section::{Checks, F, section};

section! {
    /// What deployed models may carry.
    #[derive(Copy, PartialEq, Eq)]
    pub(crate) struct Deployments {
        /// Code in models. `deny`: no scripts, classes, delegates or connectors, and plain expressions only. `allow`
        /// trusts everyone who may deploy with the whole engine: tenants are then no longer isolated from each
        /// other.
        pub code: Code = Code::Deny,
        /// Largest model or form file, in bytes: these are read completely and checked.
        #[schemars(with = "usize")]
        pub max_model_bytes: Option<usize> [1024 to 268_435_456] = Some(8 * 1024 * 1024),
    }
}

/// Code in models.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// No scripts, classes, delegates; expressions of names, literals and operators only.
    #[default]
    Deny,
    /// Whoever may deploy is trusted with the whole engine.
    Allow,
}

/// Largest model that the inspector reads, whatever the setting, in bytes.
const INSPECTED: usize = 8 * 1024 * 1024;

impl Deployments {
    /// Largest model that is read whole, in bytes.
    pub(crate) fn largest_model(&self) -> usize {
        self.max_model_bytes.unwrap_or(INSPECTED).min(INSPECTED)
    }

    pub(super) fn check(&self, c: &mut Checks<'_>) {
        if self.code == Code::Allow {
            let what = "allows code in deployed models: anyone who may deploy can reach every tenant's data";
            c.report(F::CodeAllowed, "deployments.code", what);
        }
    }
}
