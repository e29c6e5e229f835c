//! Every metric; the doc comment of a field is its help text and its line in docs/metrics.md.
//!
//! Labels come from closed lists (rules, codes, kinds), from the settings, or are bounded in number (tenants):
//! never from a path, a body or an unverified token.

mod counted;
mod metric;
mod read;
#[cfg(test)]
mod reference;

use std::time::Duration;

use prometheus::{Registry, TextEncoder};

pub(crate) use read::Scraped;

use super::{Outcome, RequestRecord};

use crate::refusal::{Kind, Refusal};
use counted::{Counted, Named};

/// The metrics of one process.
pub(crate) struct Metrics {
    registry: Registry,
    counted: Counted,
    named: Named,
}

/// One request under way; over when dropped, however it ends.
pub(crate) struct UnderWay(prometheus::IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Registers all metrics, those of the process included.
    ///
    /// # Errors
    /// Two metrics of one name.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let counted = Counted::register(&registry)?;
        // From the start at 0: the first refusal of a code must show as an increase.
        for kind in Kind::ALL {
            counted.refusals.with_label_values(&[kind.code()]);
        }
        for result in ["taken", "refused"] {
            counted.reloads.with_label_values(&[result]);
        }
        counted.configuration.set(1);
        Ok(Self { registry, counted, named: Named::default() })
    }

    /// The configuration was read anew, and taken or refused.
    pub(crate) fn reloaded(&self, taken: bool) {
        self.counted.reloads.with_label_values(&[if taken { "taken" } else { "refused" }]).inc();
        self.counted.configuration.set(taken.into());
    }

    /// A client's TLS handshake failed.
    pub(crate) fn handshake_failed(&self) {
        self.counted.handshakes_failed.inc();
    }

    /// A request begins.
    pub(crate) fn begin(&self) -> UnderWay {
        self.counted.in_flight.inc();
        UnderWay(self.counted.in_flight.clone())
    }

    /// Counts one request.
    pub(crate) fn count(&self, record: &RequestRecord, outcome: Outcome<'_>, took: Duration) {
        let operation = record.operation.as_ref().map_or("none", |key| key.name());
        let kind = record.kind.unwrap_or("none");
        self.counted.requests.with_label_values(&[operation, outcome.name()]).inc();
        if let Some(tenant) = &record.tenant {
            let tenant = self.named.label(tenant.as_str());
            self.counted.tenants.with_label_values(&[tenant, outcome.name()]).inc();
        }
        if let Some(level) = record.all_tenants {
            self.counted.all_tenants.with_label_values(&[level.name()]).inc();
        }
        if let Outcome::Refused(refusal) = outcome {
            self.refused(record, refusal);
        }
        self.counted.duration.with_label_values(&[kind]).observe(took.as_secs_f64());
        if let Some(seconds) = record.engine_seconds.get() {
            self.counted.engine.with_label_values(&[kind]).observe(seconds);
        }
        if let Some(seconds) = record.look_up_seconds.get() {
            self.counted.look_up.with_label_values(&[kind]).observe(seconds);
        }
    }

    /// Counts a refusal, of a whole request or of an answer that streams, and raises the guard's alarm.
    pub(crate) fn refused(&self, record: &RequestRecord, refusal: &Refusal) {
        self.counted.refusals.with_label_values(&[refusal.kind().code()]).inc();
        if refusal.kind() == Kind::GuardAlarm {
            self.counted.alarms.inc();
            let (operation, tenant) = (record.operation_name(), record.tenant_name());
            tracing::error!(target: "tenantgate::guard", operation, tenant, "ALARM: another tenant's record in an answer");
        }
    }

    /// Counts and logs an answer that was cut off while it streamed: its access line told the status before.
    pub(crate) fn cut_off(&self, record: &RequestRecord, refusal: &Refusal) {
        self.refused(record, refusal);
        let (code, cause) = (refusal.kind().code(), refusal.cause().unwrap_or_default());
        let (operation, tenant) = (record.operation_name(), record.tenant_name());
        tracing::warn!(code, cause, operation, tenant, "an answer was cut off while it streamed");
    }

    /// All metrics in Prometheus's text format.
    ///
    /// # Errors
    /// A metric that can't be written.
    pub(crate) fn text(&self, scraped: &Scraped<'_>) -> Result<String, prometheus::Error> {
        let mut families = self.registry.gather();
        families.extend(read::read(scraped)?.gather());
        TextEncoder::new().encode_to_string(&families)
    }
}
