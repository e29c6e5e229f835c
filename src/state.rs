//! What all requests share: settings, rules, tokens, owners, metrics. One for the process, one engine pool a worker.

use std::sync::Arc;

use crate::admission::{Admission, StoreFault};
use crate::config::Settings;
use crate::isolation::{Addresses, Engine, EngineSetupError, EveryTenant, Handles, Ownership};
use crate::model::{DataFault, Inspections, Inspector};
use crate::policy::Policy;
use crate::request::Base;
use crate::telemetry::Metrics;
use crate::token::{SetupError, Tokens};

/// A fault by which nothing can start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Tokens can't be checked.
    #[error("tokens can't be checked")]
    Tokens(#[from] SetupError),
    /// The inspector's lists are not right.
    #[error("policies/models.yaml: {0:?}")]
    Models(Vec<DataFault>),
    /// Metrics that can't be registered.
    #[error("the metrics can't be set up")]
    Metrics(#[from] prometheus::Error),
    /// Requests can't be counted.
    #[error("the store of the limits can't be used")]
    Store(#[from] StoreFault),
    /// The engine can't be asked.
    #[error("the engine's connections can't be set up")]
    Engine(#[from] EngineSetupError),
}

/// What all requests share.
pub(crate) struct AppState {
    /// The settings.
    pub settings: Settings,
    /// Where public paths begin.
    pub base: Base,
    /// The rules.
    pub policy: Arc<Policy>,
    /// Verifies tokens.
    pub tokens: Tokens,
    /// Signs and opens handles.
    pub handles: Arc<Handles>,
    /// Finds owners.
    pub ownership: Ownership,
    /// Every tenant of the engine, for callers that are granted all.
    pub every_tenant: Arc<EveryTenant>,
    /// Who may come in now.
    pub admission: Admission,
    /// Inspects models.
    pub inspections: Inspections,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Where the engine is.
    pub addresses: Arc<Addresses>,
    /// How the engine's own addresses begin.
    pub engine_origins: Arc<[String]>,
    /// Scheme and authority that links show, where they are set.
    pub public_origin: Option<Arc<str>>,
}

/// The most memory that one body, model or answer takes, with what is made of it.
fn largest(settings: &Settings) -> usize {
    let model = settings.deployments.largest_model().saturating_mul(2);
    settings.limits.least_buffered_bytes().max(model)
}

impl AppState {
    /// Puts the parts together; nothing is fetched or bound yet. Of `before`, which other settings made, what counts is taken
    /// over, the issuers' keys where they come from the same place, and the places of requests under way, unless a limit
    /// of them has changed: then those are not counted in the new ones.
    ///
    /// # Errors
    /// Settings that hold a fault that was not found before.
    pub(crate) fn new(settings: Settings, policy: Policy, before: Option<&Self>) -> Result<Self, StartError> {
        let policy = Arc::new(policy);
        let tokens = Tokens::after(
            before.map(|before| &before.tokens),
            &settings.issuers,
            &settings.keys,
            &settings.tenancy,
            &settings.permissions,
            settings.limits.max_token_bytes,
        )?;
        let base = Base {
            path: settings.engine.base_path.clone(),
            engine: settings.engine.name.clone(),
            max_target_bytes: settings.limits.max_target_bytes,
        };
        // Without keys of the settings one was made up: handles that it signed are out there.
        let signed = before.filter(|before| {
            let keys = [&before.settings, &settings].map(|settings| settings.tenancy.batch_keys.is_empty());
            keys == [true, true] && before.settings.engine.name == settings.engine.name
        });
        let handles = match signed {
            Some(before) => before.handles.clone(),
            None => Arc::new(Handles::new(&settings.tenancy.batch_keys, &settings.engine.name)),
        };
        let inspector = Inspector::new(settings.deployments.code, settings.tenancy.shared_resources)
            .map_err(StartError::Models)?;
        let limits = &settings.limits;
        let largest = largest(&settings);
        let same = before.filter(|before| {
            before.settings.limits.places() == limits.places() && self::largest(&before.settings) == largest
        });
        let admission = match same {
            Some(same) => same.admission.clone(),
            None => Admission::new(limits, largest)?,
        };
        let metrics = match before {
            Some(before) => before.metrics.clone(),
            None => Arc::new(Metrics::new()?),
        };
        Ok(Self {
            base,
            inspections: Inspections::new(inspector, admission.memory.clone(), settings.engine.timeout),
            tokens,
            ownership: Ownership::new(policy.clone(), handles.clone(), settings.tenancy.shared_resources),
            handles,
            every_tenant: Arc::new(EveryTenant::new(&settings.tenancy.reserved_client_ids)),
            admission,
            metrics,
            addresses: Arc::new(Addresses::new(&settings.engine)?),
            engine_origins: settings.engine.origins.as_slice().into(),
            public_origin: settings.public_url.as_deref().map(Arc::from),
            policy,
            settings,
        })
    }

    /// Scheme and authority that links show where none are set: as the client asked.
    pub(crate) fn origin_as_asked(&self, host: Option<&str>) -> Arc<str> {
        let scheme = if self.settings.tls.is_on() { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or("localhost")).into()
    }

    /// A pool of connections for one worker.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub(crate) fn engine(&self) -> Result<Engine, EngineSetupError> {
        Engine::new(
            self.addresses.clone(),
            &self.settings.engine,
            &self.settings.identity_headers,
            self.admission.memory.clone(),
        )
    }
}
