//! `keys`: how the issuers' key sets are renewed, and how long verified tokens are remembered.

use std::time::Duration;

use super::section::{Checks, F, section};

section! {
    /// The issuers' keys, for every issuer alike.
    pub struct Keys {
        /// Interval between renewals in the background.
        pub renew_every: Duration as time ["10s" to "24h"] = Duration::from_secs(300),
        /// Maximum age of a key set while its issuer does not answer.
        pub max_age: Duration as time ["1m" to "7d"] = Duration::from_secs(24 * 3600),
        /// Minimum interval between fetches caused by unknown key ids, for all callers together.
        pub cooldown: Duration as time ["1s" to "1h"] = Duration::from_secs(30),
        /// Timeout of one complete fetch.
        pub timeout: Duration as time ["100ms" to "1m"] = Duration::from_secs(5),
        /// Largest accepted key set, in bytes.
        pub max_bytes: usize [1024 to 16_777_216] = 256 * 1024,
        /// Maximum number of keys used from a set.
        pub max_keys: usize [1 to 1024] = 64,
        /// Maximum time a verified token is remembered; never beyond its expiry.
        pub remember_tokens_for: Duration as time ["0s" to "5m"] = Duration::from_secs(60),
        /// Maximum number of verified tokens remembered.
        pub remember_tokens: u64 [0 to 10_000_000] = 10_000,
    }
}

impl Keys {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        if self.max_age < self.renew_every {
            let key = c.written_one("keys.max_age", "keys.renew_every");
            c.report(
                F::OutOfRange,
                key,
                "makes `max_age` less than `renew_every`: keys would expire before they are renewed",
            );
        }
    }
}
