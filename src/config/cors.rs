//! `cors`: cross-origin requests of browsers (Fetch standard, section 3.3).

use super::address;
use super::section::{Checks, F, section};

section! {
    /// Cross-origin requests of browsers. Once checked, origins are in lower case and without default port.
    pub(crate) struct Cors {
        /// Origins (scheme and authority) that may send requests. Empty: none, and no CORS header is sent.
        pub allowed_origins: Vec<String> = Vec::new(),
    }
}

impl Cors {
    pub(super) fn check(&mut self, c: &mut Checks<'_>) {
        for (at, text) in self.allowed_origins.iter_mut().enumerate() {
            let path = format!("cors.allowed_origins.{at}");
            match address::bare_origin(text) {
                Ok(origin) => *text = origin,
                Err(why) => c.report(F::InvalidOrigin, &path, format_args!("is not an origin: {why}")),
            }
        }
    }
}
