//! One line a request: caller, operation, outcome and duration; and one more in the audit stream
//! for writes and refusals. Never a token, a query or a body. docs/logging.md lists the fields.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::state::AppState;
use crate::telemetry::{Line, Outcome, RequestRecord, Traceparent};

const ACCESS: &str = "tenantgate::access";
const AUDIT: &str = "tenantgate::audit";
/// Longest id shown in the audit stream, in characters; the engine's own have 36 to about 100.
const MAX_ID: usize = 128;

/// A request from its head to its outcome. One that is dropped without an outcome was abandoned by its client, and
/// is counted and logged as such: a write whose client left is a write all the same.
pub(super) struct RequestLog {
    state: Arc<AppState>,
    method: Cow<'static, str>,
    traceparent: Option<Traceparent>,
    peer: Option<IpAddr>,
    began: Instant,
    open: bool,
    /// What the request has shown so far.
    pub(super) record: RequestRecord,
}

impl RequestLog {
    /// A request's head was read, or can't be: then its method is `-`.
    pub(super) fn begin(
        state: Arc<AppState>,
        method: Cow<'static, str>,
        traceparent: Option<&str>,
        peer: Option<IpAddr>,
    ) -> Self {
        Self {
            state,
            method,
            traceparent: traceparent.and_then(Traceparent::read),
            peer,
            began: Instant::now(),
            open: true,
            record: RequestRecord::default(),
        }
    }

    /// The outcome is known: it is counted and logged. Returns what the request has shown, for an answer that streams.
    pub(super) fn end(mut self, outcome: Outcome<'_>) -> RequestRecord {
        self.write(outcome);
        std::mem::take(&mut self.record)
    }

    fn write(&mut self, outcome: Outcome<'_>) {
        self.open = false;
        let took = self.began.elapsed();
        self.state.metrics.count(&self.record, outcome, took);
        self.access(outcome, took.as_secs_f64());
        let write = self.record.kind.is_some_and(|kind| kind != "read");
        if write || matches!(outcome, Outcome::Refused(_)) {
            self.audit(outcome);
        }
        #[cfg(feature = "otlp")]
        crate::telemetry::Ended {
            method: &self.method,
            base_path: &self.state.settings.engine.base_path,
            record: &self.record,
            outcome,
            took,
            parent: self.traceparent.as_ref(),
        }
        .send();
    }

    fn trace_id(&self) -> &str {
        self.traceparent.as_ref().map_or("-", Traceparent::trace_id)
    }

    fn access(&self, outcome: Outcome<'_>, seconds: f64) {
        if !tracing::enabled!(target: ACCESS, tracing::Level::INFO) {
            return;
        }
        let Some(line) = Line::begin(ACCESS) else { return };
        let (_, _, cause) = refusal_texts(outcome);
        self.common(line, outcome)
            .text("cause", cause)
            .seconds("engine_seconds", self.record.engine_seconds.get())
            .seconds("look_up_seconds", self.record.look_up_seconds.get())
            .seconds("seconds", Some(seconds))
            .end();
    }

    fn audit(&self, outcome: Outcome<'_>) {
        if !tracing::enabled!(target: AUDIT, tracing::Level::INFO) {
            return;
        }
        let Some(line) = Line::begin(AUDIT) else { return };
        let peer = self.peer.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
        self.common(line, outcome)
            .text("user", self.record.user.as_ref().map_or("-", |user| user.as_str()))
            .text("all_tenants", self.record.all_tenants.map_or("-", |level| level.name()))
            .text("peer", &peer)
            .text("ids", &format_ids(&self.record.ids))
            // Before the reply goes out: who was answered can be told of, even if the process is killed.
            .end_at_once();
    }

    /// What both say.
    fn common(&self, line: Line, outcome: Outcome<'_>) -> Line {
        let (code, message, _) = refusal_texts(outcome);
        line.text("method", &self.method)
            // The rule's template; a raw path could carry ids and forged line ends.
            .text("operation", self.record.operation_name())
            .text("kind", self.record.kind.unwrap_or("-"))
            .text("tenant", self.record.tenant_name())
            .text("outcome", outcome.name())
            .number("status", outcome.status())
            .text("code", code)
            .text("message", message)
            .number("engine_status", self.record.engine_status.get())
            .text("trace_id", self.trace_id())
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if self.open {
            self.write(Outcome::Abandoned);
        }
    }
}

/// Code, message and cause of a refusal; empty for others.
fn refusal_texts(outcome: Outcome<'_>) -> (&'static str, &str, &str) {
    match outcome {
        Outcome::Refused(refusal) => {
            (refusal.kind().code(), refusal.message(), refusal.cause().unwrap_or_default())
        }
        Outcome::Answered(_) | Outcome::Abandoned => ("", "", ""),
    }
}

/// The values of a path's parameters. They are the client's words: cut here, and escaped as all text by the line.
fn format_ids(ids: &[String]) -> String {
    let cut = |id: &String| id.chars().take(MAX_ID).collect::<String>();
    ids.iter().map(cut).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fill_no_disk() {
        let ids = ["a".to_owned(), "x".repeat(1000)];
        let line = format_ids(&ids);
        assert!(line.starts_with("a x"), "{line}");
        assert_eq!(line.len(), "a ".len() + MAX_ID);
    }
}
