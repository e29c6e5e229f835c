//! `limits`: sizes, times and numbers of requests.

use std::time::Duration;

use super::section::{Time, section};

section! {
    /// Sizes, times and numbers.
    pub struct Limits {
        /// Longest path and query, in bytes.
        #[schemars(range(min = 256, max = 1_048_576))]
        pub max_target_bytes: usize = 32 * 1024,
        /// Largest JSON body, in bytes: these are read whole and checked.
        #[schemars(range(min = 1024, max = 1_073_741_824))]
        pub max_json_bytes: usize = 16 * 1024 * 1024,
        /// Deepest nesting of a JSON body.
        #[schemars(range(min = 8, max = 256))]
        pub max_json_depth: usize = 128,
        /// Largest streamed body (deployments, attachments, files), in bytes.
        #[schemars(range(min = 1024, max = 1_099_511_627_776_u64))]
        pub max_stream_bytes: u64 = 1024 * 1024 * 1024,
        /// Largest answer of the engine that is held to be checked before it goes out, in bytes.
        #[schemars(range(min = 65_536, max = 1_073_741_824))]
        pub max_held_answer_bytes: usize = 32 * 1024 * 1024,
        /// Longest `Authorization` header, in bytes.
        #[schemars(range(min = 512, max = 65_536))]
        pub max_token_bytes: usize = 8 * 1024,
        /// Time between two pieces of a request body.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "1s", "x-most" = "10m"))]
        pub body_idle_timeout: Duration = Duration::from_secs(30),
        /// Most requests under way for one tenant, long polls apart.
        #[schemars(range(min = 1, max = 1_000_000))]
        pub requests_per_tenant: usize = 256,
        /// Most long polls under way for one tenant.
        #[schemars(range(min = 1, max = 1_000_000))]
        pub long_polls_per_tenant: usize = 64,
        /// Time for requests under way to end after SIGTERM.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "0s", "x-most" = "1h"))]
        pub shutdown_grace: Duration = Duration::from_secs(25),
        /// Time between SIGTERM and the end of accepting: load balancers need it to look elsewhere.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "0s", "x-most" = "5m"))]
        pub shutdown_delay: Duration = Duration::from_secs(3),
        /// Worker threads. Null: one a core.
        #[schemars(range(min = 1, max = 1024))]
        pub workers: Option<usize> = None,
    }
}
