//! Every figure; the doc comment of a field is its help text.
//!
//! Labels come from closed lists (rules, codes, kinds) or from the settings, never from a token or a path.

use std::time::Duration;

use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::journey::Trace;
use crate::json::scan::Stop;
use crate::refusal::Refusal;
use crate::token::Figures;

/// Upper bounds in seconds: a gateway hop is about a millisecond, a busy engine seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The figures of one process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    refusals: IntCounterVec,
    duration: HistogramVec,
    engine: HistogramVec,
    look_up: HistogramVec,
    alarms: IntCounter,
    /// Requests under way.
    pub in_flight: IntGauge,
}

impl Metrics {
    /// Registers all figures, those of the process included.
    ///
    /// # Errors
    /// Two figures of one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let histograms = |name: &str, help: &str| {
            let family =
                HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), &["kind"])?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let requests = counters(
            "tenantgate_requests_total",
            "Requests by operation (the rule's, or `none`) and outcome: ok, client_error, server_error, refused.",
            &["operation", "outcome"],
        )?;
        let refusals = counters("tenantgate_refusals_total", "Refusals by their stable code.", &["code"])?;
        let duration = histograms(
            "tenantgate_request_duration_seconds",
            "Time from a request's head to the start of its reply, by kind of rule.",
        )?;
        let engine = histograms(
            "tenantgate_engine_duration_seconds",
            "Time until the engine's answer began, by kind of rule.",
        )?;
        let look_up = histograms(
            "tenantgate_look_up_duration_seconds",
            "Time that ownership look-ups took, by kind of rule.",
        )?;
        let alarms = IntCounter::new(
            "tenantgate_guard_alarms_total",
            "Answers of the engine that the guard stopped because a record was not the caller's.",
        )?;
        registry.register(Box::new(alarms.clone()))?;
        let in_flight = IntGauge::new("tenantgate_requests_in_flight", "Requests under way.")?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self { registry, requests, refusals, duration, engine, look_up, alarms, in_flight })
    }

    /// Counts one request.
    pub fn count(&self, trace: &Trace, outcome: Result<u16, &Refusal>, took: Duration) {
        let operation = trace.operation.as_deref().unwrap_or("none");
        let kind = trace.kind.unwrap_or("none");
        let name = match outcome {
            Err(_) => "refused",
            Ok(status) if status >= 500 => "server_error",
            Ok(status) if status >= 400 => "client_error",
            Ok(_) => "ok",
        };
        self.requests.with_label_values(&[operation, name]).inc();
        if let Err(refusal) = outcome {
            self.refusals.with_label_values(&[refusal.kind().code()]).inc();
            if refusal.cause().is_some_and(|c| c.starts_with("ALARM")) {
                self.alarms.inc();
            }
        }
        self.duration.with_label_values(&[kind]).observe(took.as_secs_f64());
        if let Some(seconds) = trace.engine_seconds {
            self.engine.with_label_values(&[kind]).observe(seconds);
        }
        if let Some(seconds) = trace.look_up_seconds {
            self.look_up.with_label_values(&[kind]).observe(seconds);
        }
    }

    /// Counts and logs an answer that the guard broke while it streamed.
    pub fn alarm(&self, stop: Stop) {
        self.alarms.inc();
        tracing::error!(target: "tenantgate::guard", ?stop, "ALARM: the guard broke an answer of the engine");
    }

    /// All figures in Prometheus's text format.
    ///
    /// # Errors
    /// A figure that can't be written.
    pub fn text(&self, tokens: &Figures) -> Result<String, String> {
        let mut families = self.registry.gather();
        families.extend(token_figures(tokens).map_err(|e| e.to_string())?.gather());
        TextEncoder::new().encode_to_string(&families).map_err(|e| e.to_string())
    }
}

/// Figures of tokens and keys, read at the time of the scrape.
fn token_figures(figures: &Figures) -> Result<Registry, prometheus::Error> {
    let registry = Registry::new();
    let counters = |name: &str, help: &str, labels: &[&str]| {
        let family = IntCounterVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(family.clone()))?;
        Ok::<_, prometheus::Error>(family)
    };
    let gauges = |name: &str, help: &str| {
        let family = prometheus::GaugeVec::new(Opts::new(name, help), &["issuer"])?;
        registry.register(Box::new(family.clone()))?;
        Ok::<_, prometheus::Error>(family)
    };
    let tokens = counters(
        "tenantgate_tokens_total",
        "Tokens by outcome: accepted, or the refusal's code.",
        &["outcome"],
    )?;
    tokens.with_label_values(&["accepted"]).inc_by(figures.accepted);
    for (kind, count) in &figures.refused {
        tokens.with_label_values(&[kind.code()]).inc_by(*count);
    }
    let cache =
        counters("tenantgate_token_cache_total", "Look-ups of remembered tokens by result.", &["result"])?;
    cache.with_label_values(&["hit"]).inc_by(figures.remembered_hits);
    cache.with_label_values(&["miss"]).inc_by(figures.remembered_misses);
    let remembered = Gauge::new("tenantgate_tokens_remembered", "Verified tokens remembered now.")?;
    #[expect(clippy::cast_precision_loss, reason = "a bounded count far below 2^52")]
    remembered.set(figures.remembered as f64);
    registry.register(Box::new(remembered))?;
    let keys = gauges("tenantgate_keys", "Usable keys of an issuer.")?;
    let age = gauges("tenantgate_key_set_age_seconds", "Time since an issuer's key set was fetched.")?;
    let last = gauges(
        "tenantgate_key_set_last_success_timestamp_seconds",
        "Time of the last good fetch of a key set.",
    )?;
    let fetches =
        counters("tenantgate_key_fetches_total", "Fetches of key sets by result.", &["issuer", "result"])?;
    let unknown = counters(
        "tenantgate_unknown_kids_total",
        "Tokens that named a key that its issuer does not have.",
        &["issuer"],
    )?;
    for issuer in &figures.issuers {
        let name = issuer.issuer.as_str();
        #[expect(clippy::cast_precision_loss, reason = "a bounded count far below 2^52")]
        keys.with_label_values(&[name]).set(issuer.keys as f64);
        if let Some(seconds) = issuer.age_seconds {
            age.with_label_values(&[name]).set(seconds);
        }
        if let Some(seconds) = issuer.last_success {
            last.with_label_values(&[name]).set(seconds);
        }
        fetches.with_label_values(&[name, "ok"]).inc_by(issuer.fetches_ok);
        for (cause, count) in &issuer.fetches_failed {
            fetches.with_label_values(&[name, cause.label()]).inc_by(*count);
        }
        unknown.with_label_values(&[name]).inc_by(issuer.unknown_kids);
    }
    Ok(registry)
}
