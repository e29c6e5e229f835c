//! Metrics that requests change as they pass.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::metric::metrics;

/// Most tenants with a series of their own; each has one for each outcome.
const MOST_TENANTS: usize = 200;
/// What later tenants are counted under. No tenant is called so: the first character of one is a letter or digit.
pub(super) const OTHER: &str = "_other";

metrics! {
    /// Changed by requests.
    Counted {
        /// Requests by operation (the rule's, or `none` if no rule was found) and outcome: `ok`, `client_error`,
        /// `server_error` (the engine's response), `refused` (by the gateway), `abandoned` (by the client).
        requests: IntCounterVec = "tenantgate_requests_total"["operation", "outcome"];
        /// Requests by tenant and outcome. The first 200 tenants that a process sees have a series each; all others
        /// count as `_other`.
        tenants: IntCounterVec = "tenantgate_tenant_requests_total"["tenant", "outcome"];
        /// Requests whose token grants every tenant, by level.
        all_tenants: IntCounterVec = "tenantgate_all_tenants_requests_total"["level"];
        /// Refusals by code; see docs/refusal-codes.md.
        refusals: IntCounterVec = "tenantgate_refusals_total"["code"];
        /// Time from a request's head to the start of the response, by kind of rule (`none` if no rule was found).
        duration: HistogramVec = "tenantgate_request_duration_seconds"["kind"];
        /// Time until the engine's response began, by kind of rule; includes the waiting time of long polls.
        engine: HistogramVec = "tenantgate_engine_duration_seconds"["kind"];
        /// Duration of ownership look-ups, by kind of rule; requests without look-ups are not counted.
        look_up: HistogramVec = "tenantgate_look_up_duration_seconds"["kind"];
        /// Responses of the engine that the guard stopped because of another tenant's record. Any value but 0 means
        /// that a rule is defective or that the engine has changed.
        alarms: IntCounter = "tenantgate_guard_alarms_total"[];
        /// TLS handshakes at the public listener that failed or took more than 10 seconds, for example of clients that do not
        /// trust its certificate, lack the one that is asked for, or speak plain HTTP. Connections without a byte, as those by
        /// which a load balancer looks whether the port is open, are not counted.
        handshakes_failed: IntCounter = "tenantgate_tls_handshakes_failed_total"[];
        /// Times that the configuration was read anew, by result: `taken`, or `refused` where the old one stayed in force.
        reloads: IntCounterVec = "tenantgate_configuration_reloads_total"["result"];
        /// Whether the configuration that was read last is in force: 1, or 0 after one that was refused.
        configuration: IntGauge = "tenantgate_configuration_in_force"[];
        /// Requests in progress, until the last byte of the response.
        in_flight: IntGauge = "tenantgate_requests_in_flight"[];
    }
}

/// Keeps the number of tenants' series bounded.
#[derive(Default)]
pub(super) struct Named(Mutex<HashSet<String>>);

impl Named {
    /// The label of a tenant: its own while there is room.
    pub(super) fn label<'a>(&self, tenant: &'a str) -> &'a str {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(tenant) {
            return tenant;
        }
        if named.len() >= MOST_TENANTS {
            return OTHER;
        }
        named.insert(tenant.to_owned());
        tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_beyond_the_first_share_a_series() {
        let named = Named::default();
        for n in 0..MOST_TENANTS {
            let tenant = format!("t{n}");
            assert_eq!(named.label(&tenant), tenant);
        }
        assert_eq!(named.label("late"), OTHER);
        // A tenant with a series keeps it.
        assert_eq!(named.label("t0"), "t0");
        assert!(crate::tenancy::Tenant::parse(OTHER, &[]).is_err(), "a tenant could be called so");
    }
}
