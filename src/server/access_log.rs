//! One line a request: who, which operation, what came of it and how long it took. Never a token, query or body.

use std::time::Duration;

use actix_web::HttpRequest;

use crate::journey::Trace;
use crate::refusal::Refusal;

/// Writes the line. The operation is the rule's template; a raw path could carry ids and forged line ends.
pub(super) fn line(request: &HttpRequest, trace: &Trace, outcome: Result<u16, &Refusal>, took: Duration) {
    let traceparent =
        request.headers().get("traceparent").and_then(|v| v.to_str().ok()).filter(|t| t.len() <= 64);
    let (status, outcome_name, code, message, cause) = match outcome {
        Ok(status) => (status, "ok", "", String::new(), String::new()),
        Err(refusal) => (
            refusal.kind().status(),
            "refused",
            refusal.kind().code(),
            refusal.message().to_owned(),
            refusal.cause().unwrap_or_default().to_owned(),
        ),
    };
    tracing::info!(
        target: "tenantgate::access",
        method = request.method().as_str(),
        operation = trace.operation.as_deref().unwrap_or("-"),
        kind = trace.kind.unwrap_or("-"),
        tenant = trace.tenant.as_deref().unwrap_or("-"),
        outcome = outcome_name,
        status,
        code,
        message = %message.escape_debug(),
        cause = %cause.escape_debug(),
        engine_status = trace.engine_status,
        engine_seconds = trace.engine_seconds,
        look_up_seconds = trace.look_up_seconds,
        seconds = took.as_secs_f64(),
        traceparent = traceparent.unwrap_or("-"),
    );
}
