//! `keys`: how the issuers' key sets are renewed, and how long verified tokens are remembered.

use std::time::Duration;

use super::checks::Checks;
use super::codes::Code as F;
use super::section::{Time, section};

section! {
    /// The issuers' keys, for every issuer alike.
    pub struct Keys {
        /// Time between two renewals in the background.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "10s", "x-most" = "24h"))]
        pub renew_every: Duration = Duration::from_secs(300),
        /// How old a key set may get while its issuer does not answer.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "1m", "x-most" = "7d"))]
        pub max_age: Duration = Duration::from_secs(24 * 3600),
        /// Least time between two fetches that unknown key ids cause, for all callers together.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "1s", "x-most" = "1h"))]
        pub cooldown: Duration = Duration::from_secs(30),
        /// Time for one fetch, whole.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "100ms", "x-most" = "1m"))]
        pub timeout: Duration = Duration::from_secs(5),
        /// Largest key set taken, in bytes.
        #[schemars(range(min = 1024, max = 16_777_216))]
        pub max_bytes: usize = 256 * 1024,
        /// Most keys taken of a set.
        #[schemars(range(min = 1, max = 1024))]
        pub max_keys: usize = 64,
        /// Longest time that a verified token is remembered; never past its own end.
        #[serde(with = "humantime_serde")]
        #[schemars(with = "Time", extend("x-least" = "0s", "x-most" = "5m"))]
        pub remember_tokens_for: Duration = Duration::from_secs(60),
        /// Most verified tokens remembered.
        #[schemars(range(min = 0, max = 10_000_000))]
        pub remember_tokens: u64 = 10_000,
    }
}

impl Keys {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        if self.max_age < self.renew_every {
            let key = c.written_one("keys.max_age", "keys.renew_every");
            c.report(
                F::OutOfRange,
                key,
                "lets keys die before their renewal: `max_age` is less than `renew_every`",
            );
        }
    }
}
