//! Spans of requests, sent to a collector by OTLP (HTTP, protobuf). Only in builds with the feature `otlp`.
//!
//! A span is made when its request ends, from what the access line tells, and put in a queue; a thread of its own
//! sends batches. A full queue drops spans: a collector that is slow or away costs the requests nothing. Never a
//! token, a query, an id or a body, nor the texts of a refusal, which may quote them.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::{Outcome, RequestRecord, Traceparent};
use crate::policy::OperationKey;

/// Longest time that the last spans may hold up the end of the process.
const FAREWELL: Duration = Duration::from_secs(2);
/// The methods that semantic conventions know; another one's name is the client's own text.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// One for the process, as the log is. Unset: nothing is exported.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// The running export; its end sends what is left.
pub(crate) struct Spans(SdkTracerProvider);

impl Drop for Spans {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FAREWELL) {
            tracing::warn!("the last spans were not sent: {error}");
        }
    }
}

/// Variables of OpenTelemetry that hold a fault.
#[derive(Debug, thiserror::Error)]
#[error("spans can't be exported")]
pub(crate) struct SpansError(#[from] opentelemetry_otlp::ExporterBuildError);

/// Starts the export, where the environment names a collector. The libraries read OpenTelemetry's variables
/// themselves, so they are not among the settings.
///
/// # Errors
/// Variables that hold a fault, as an address that is none.
#[allow(clippy::disallowed_methods, reason = "OpenTelemetry's libraries read the environment themselves")]
pub(crate) fn start() -> Result<Option<Spans>, SpansError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if !asked_for(variable) {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    let mut resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "tenantgate"),
            KeyValue::new("service.version", crate::version::VERSION),
        ])
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    if let Some(name) = variable("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name(name);
    }
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    // A second start in one process leaves the first in place.
    drop(TRACER.set(provider.tracer("tenantgate")));
    tracing::info!("spans are exported by OTLP");
    Ok(Some(Spans(provider)))
}

/// Without an address nothing is sent, though OpenTelemetry's default would be this host.
fn asked_for(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let addressed = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    addressed.iter().any(|name| variable(name).is_some())
        && !is("OTEL_SDK_DISABLED", "true")
        && !is("OTEL_TRACES_EXPORTER", "none")
}

/// A request that has ended.
pub(crate) struct Ended<'a> {
    /// As sent.
    pub(crate) method: &'a str,
    /// Where the engine's paths begin.
    pub(crate) base_path: &'a str,
    /// What it has shown.
    pub(crate) record: &'a RequestRecord,
    /// Its outcome.
    pub(crate) outcome: Outcome<'a>,
    /// From its head to its outcome.
    pub(crate) took: Duration,
    /// The span that asked.
    pub(crate) parent: Option<&'a Traceparent>,
}

impl Ended<'_> {
    /// Puts the request's span in the queue.
    pub(crate) fn send(&self) {
        let Some(tracer) = TRACER.get() else { return };
        #[allow(clippy::disallowed_methods, reason = "a span's time is no token's")]
        let now = SystemTime::now();
        let builder = self.span().with_start_time(now.checked_sub(self.took).unwrap_or(now));
        // A sampled parent is followed, one that is not sampled too, unless OTEL_TRACES_SAMPLER says otherwise.
        let parent = self.parent.and_then(remote).unwrap_or_default();
        let mut span = tracer.build_with_context(builder, &parent);
        // Of a server's statuses only 5xx are its errors, by the semantic conventions.
        if self.outcome.status().is_some_and(|status| status >= 500) {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(now);
    }

    fn span(&self) -> SpanBuilder {
        let method = METHODS.into_iter().find(|known| *known == self.method);
        // The rule's template (`GET /task/{id}`); a raw path would carry ids.
        let template = self.record.operation.as_ref().map(OperationKey::template);
        let route = template.map(|path| format!("{}{path}", self.base_path));
        let name = match &route {
            Some(route) => format!("{} {route}", method.unwrap_or("HTTP")),
            None => method.unwrap_or("HTTP").to_owned(),
        };
        SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_attributes(self.attributes(method, route))
    }

    fn attributes(&self, method: Option<&'static str>, route: Option<String>) -> Vec<KeyValue> {
        let (record, status) = (self.record, self.outcome.status());
        let code = match self.outcome {
            Outcome::Refused(refusal) => Some(refusal.kind().code()),
            Outcome::Answered(_) | Outcome::Abandoned => None,
        };
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.unwrap_or("_OTHER")),
            KeyValue::new("tenantgate.outcome", self.outcome.name()),
        ];
        attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        if let Some(status) = status.filter(|status| *status >= 500) {
            attributes
                .push(KeyValue::new("error.type", code.map_or_else(|| status.to_string(), str::to_owned)));
        }
        attributes.extend(code.map(|code| KeyValue::new("tenantgate.code", code)));
        attributes.extend(
            record.operation.as_ref().map(|key| KeyValue::new("tenantgate.operation", key.name().clone())),
        );
        attributes.extend(record.kind.map(|kind| KeyValue::new("tenantgate.kind", kind)));
        let tenant = record.tenant.as_ref().map(|tenant| tenant.as_str().to_owned());
        attributes.extend(tenant.map(|tenant| KeyValue::new("tenantgate.tenant", tenant)));
        attributes.extend(
            record.engine_status.get().map(|s| KeyValue::new("tenantgate.engine_status", i64::from(s))),
        );
        attributes.extend(record.engine_seconds.get().map(|s| KeyValue::new("tenantgate.engine_seconds", s)));
        attributes
            .extend(record.look_up_seconds.get().map(|s| KeyValue::new("tenantgate.look_up_seconds", s)));
        attributes
    }
}

/// The asking span, as a parent. Its `tracestate` stays out: it is the client's text.
fn remote(parent: &Traceparent) -> Option<Context> {
    let trace = TraceId::from_hex(parent.trace_id()).ok()?;
    let span = SpanId::from_hex(parent.parent_id()).ok()?;
    let flags = if parent.sampled() { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    Some(Context::new().with_remote_span_context(context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::{Kind, Refusal};

    fn name_and_attributes(
        method: &str,
        record: &RequestRecord,
        outcome: Outcome<'_>,
    ) -> (String, Vec<String>) {
        let took = Duration::from_millis(5);
        let builder = Ended { method, base_path: "/engine-rest", record, outcome, took, parent: None }.span();
        let attributes = builder.attributes.unwrap_or_default();
        (builder.name.into_owned(), attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect())
    }

    #[test]
    fn nothing_is_exported_without_an_address() {
        let asked = |set: &[(&str, &str)]| {
            asked_for(|name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        let address = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert!(asked(&[address]));
        assert!(asked(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")]));
        assert!(asked(&[address, ("OTEL_SDK_DISABLED", "false")]));
        assert!(!asked(&[]));
        assert!(!asked(&[address, ("OTEL_SDK_DISABLED", "true")]));
        assert!(!asked(&[address, ("OTEL_TRACES_EXPORTER", "none")]));
    }

    #[test]
    fn a_span_tells_the_template_and_never_the_ids() {
        let record = RequestRecord {
            tenant: crate::tenancy::Tenant::parse("orders", &[]).ok(),
            operation: Some(OperationKey::try_from("GET /task/{id}".to_owned()).unwrap()),
            ids: vec!["secretid".into()],
            kind: Some("read"),
            engine_status: Some(200).into(),
            ..RequestRecord::default()
        };
        let (name, attributes) = name_and_attributes("GET", &record, Outcome::Answered(200));
        assert_eq!(name, "GET /engine-rest/task/{id}");
        let expected = [
            "http.request.method=GET",
            "tenantgate.outcome=ok",
            "http.route=/engine-rest/task/{id}",
            "http.response.status_code=200",
            "tenantgate.operation=GET /task/{id}",
            "tenantgate.kind=read",
            "tenantgate.tenant=orders",
            "tenantgate.engine_status=200",
        ];
        assert_eq!(attributes, expected);
    }

    #[test]
    fn of_a_refusal_only_the_code_and_of_a_strange_method_nothing() {
        let refusal = Refusal::new(Kind::NoRule, "secretmessage").because("secretcause");
        let (name, attributes) =
            name_and_attributes("SECRET", &RequestRecord::default(), Outcome::Refused(&refusal));
        assert_eq!(name, "HTTP");
        let code = format!("tenantgate.code={}", refusal.kind().code());
        assert!(attributes.contains(&code) && attributes.contains(&"http.request.method=_OTHER".to_owned()));
        assert!(!attributes.iter().any(|a| a.to_lowercase().contains("secret")), "{attributes:?}");
        // 4xx are the client's errors, 5xx the gateway's or the engine's.
        assert!(!attributes.iter().any(|a| a.starts_with("error.type")), "{attributes:?}");
        let (_, attributes) = name_and_attributes("GET", &RequestRecord::default(), Outcome::Answered(503));
        assert!(attributes.contains(&"error.type=503".to_owned()), "{attributes:?}");
    }
}
