//! `limits`: sizes, times and numbers of requests.

use std::time::Duration;

use super::Store;
use super::section::{Checks, F, section};

/// Memory for bodies and held answers, in bytes.
const BUFFERED: usize = 128 * 1024 * 1024;

section! {
    /// Sizes, times and numbers.
    pub(crate) struct Limits {
        /// Longest path and query, in bytes.
        pub max_target_bytes: usize [256 to 1_048_576] = 32 * 1024,
        /// Largest JSON body, in bytes: JSON bodies are read completely and checked.
        pub max_json_bytes: usize [1024 to 1_073_741_824] = 16 * 1024 * 1024,
        /// Deepest nesting of a JSON body.
        pub max_json_depth: usize [8 to 256] = 128,
        /// Largest streamed body (deployments, attachments, files), in bytes.
        pub max_stream_bytes: u64 [1024 to 1_099_511_627_776_u64] = 1024 * 1024 * 1024,
        /// Largest response of the engine that is buffered and checked before it is sent, in bytes.
        pub max_held_answer_bytes: usize [65_536 to 1_073_741_824] = 32 * 1024 * 1024,
        /// Memory that JSON bodies, models and held answers may take together, in bytes. What needs more waits two seconds
        /// for others to end and is refused then. One tenant may hold half of it, or what one request may take. At least twice `max_json_bytes`, `max_held_answer_bytes` and `deployments.max_model_bytes`. Null:
        /// 134217728 (128 MiB), or that least.
        pub(super) max_buffered_bytes: Option<usize> [1_048_576 to 1_099_511_627_776_u64] = None,
        /// Longest `Authorization` header, in bytes.
        pub max_token_bytes: usize [512 to 65_536] = 8 * 1024,
        /// Longest pause within a request body.
        pub body_idle_timeout: Duration as time ["1s" to "10m"] = Duration::from_secs(30),
        /// Time without progress after which a client that does not read its response is disconnected.
        pub reply_idle_timeout: Duration as time ["1s" to "1h"] = Duration::from_secs(60),
        /// Maximum number of client connections; more wait until one ends. While fewer than a quarter of these places are free,
        /// a connection without a request is closed after five seconds, and one without a valid token after its response.
        pub connections: usize [1 to 1_000_000] = 20_000,
        /// Minimum rate of a request body in bytes per second, averaged over `body_rate_window`: slower bodies end with
        /// 408. Only the time that the gateway waits for the client counts. 0: any rate.
        pub min_body_bytes_per_second: u64 [0 to 1_073_741_824] = 16 * 1024,
        /// The time over which `min_body_bytes_per_second` is averaged; a pause can be made up for within it.
        pub body_rate_window: Duration as time ["1s" to "10m"] = Duration::from_secs(30),
        /// Maximum number of uploads and deployments in progress, of all tenants together: each occupies a thread of the
        /// engine (Tomcat has 200) for as long as its client sends. More of them wait, at most `engine.timeout`.
        pub uploads: usize [1 to 1_000_000] = 64,
        /// Maximum number of requests in progress per tenant, without long polls. Fewer than the engine's threads (Tomcat
        /// has 200), or one tenant could occupy all of them.
        pub requests_per_tenant: usize [1 to 1_000_000] = 64,
        /// Maximum number of requests that one tenant may begin per second, long polls included; as many may come at once.
        /// More are refused with 429. Null: no limit.
        pub requests_per_second_per_tenant: Option<u32> [1 to 1_000_000] = None,
        /// Maximum number of requests in progress, of all tenants together, long polls included. More are refused with 503 as
        /// soon as their token is verified.
        pub requests: usize [1 to 1_000_000] = 4096,
        /// Maximum number of long polls in progress per tenant.
        pub long_polls_per_tenant: usize [1 to 1_000_000] = 64,
        /// A store that speaks the Redis protocol, in which all replicas count `requests_per_tenant`, `long_polls_per_tenant` and
        /// `requests_per_second_per_tenant` together. Each request then asks it once. Null, and while the store is away: each
        /// replica by itself.
        pub store: Option<Store> = None,
        /// Time for requests in progress to finish after SIGTERM.
        pub shutdown_grace: Duration as time ["0s" to "1h"] = Duration::from_secs(25),
        /// Time after SIGTERM during which connections are still accepted, so that load balancers can switch to
        /// other replicas.
        pub shutdown_delay: Duration as time ["0s" to "5m"] = Duration::from_secs(3),
        /// Worker threads. Null: one per core.
        pub workers: Option<usize> [1 to 1024] = None,
    }
}

impl Limits {
    /// What places for requests under way are made by.
    pub(crate) fn places(&self) -> ([usize; 5], Option<u32>, Option<impl PartialEq>) {
        let [memory, uploads, all] = [self.buffered_bytes(), self.uploads, self.requests];
        let places = [memory, uploads, all, self.requests_per_tenant, self.long_polls_per_tenant];
        (places, self.requests_per_second_per_tenant, self.store.as_ref().map(Store::made_by))
    }

    /// Memory for bodies and held answers, in bytes.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.max_buffered_bytes.unwrap_or_else(|| BUFFERED.max(self.least_buffered_bytes()))
    }

    /// One of each sort has to fit in, and what is made of it.
    pub(crate) fn least_buffered_bytes(&self) -> usize {
        self.max_json_bytes.max(self.max_held_answer_bytes).saturating_mul(2)
    }

    pub(super) fn check(&mut self, largest_model: usize, c: &mut Checks<'_>) {
        if let Some(store) = &mut self.store {
            store.check(c);
        }
        if self.buffered_bytes() < self.least_buffered_bytes().max(largest_model.saturating_mul(2)) {
            let what = "is less than twice the largest body, model or held answer, which would never fit in";
            c.report(F::SmallBuffer, "limits.max_buffered_bytes", what);
        }
    }
}
