//! `limits`: sizes, times and numbers of requests.

use std::time::Duration;

use super::section::section;

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
        /// Longest `Authorization` header, in bytes.
        pub max_token_bytes: usize [512 to 65_536] = 8 * 1024,
        /// Longest pause within a request body.
        pub body_idle_timeout: Duration as time ["1s" to "10m"] = Duration::from_secs(30),
        /// Maximum number of requests in progress per tenant, without long polls.
        pub requests_per_tenant: usize [1 to 1_000_000] = 256,
        /// Maximum number of long polls in progress per tenant.
        pub long_polls_per_tenant: usize [1 to 1_000_000] = 64,
        /// Time for requests in progress to finish after SIGTERM.
        pub shutdown_grace: Duration as time ["0s" to "1h"] = Duration::from_secs(25),
        /// Time after SIGTERM during which connections are still accepted, so that load balancers can switch to
        /// other replicas.
        pub shutdown_delay: Duration as time ["0s" to "5m"] = Duration::from_secs(3),
        /// Worker threads. Null: one per core.
        pub workers: Option<usize> [1 to 1024] = None,
    }
}
