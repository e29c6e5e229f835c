//! The `Date` of answers that have none from the engine, formatted once a second.

use std::cell::Cell;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// As `Sun, 06 Nov 1994 08:49:37 GMT`.
const LENGTH: usize = 29;
/// How old it may be: its unit is a second.
const OLD: Duration = Duration::from_millis(500);

/// The date, as one worker knows it.
#[derive(Default)]
pub(super) struct Date(Cell<Option<(Instant, [u8; LENGTH])>>);

impl Date {
    /// The date by now.
    pub(super) fn now(&self) -> [u8; LENGTH] {
        let now = Instant::now();
        match self.0.get() {
            Some((of, text)) if now.duration_since(of) < OLD => text,
            Some(_) | None => {
                let text = format();
                self.0.set(Some((now, text)));
                text
            }
        }
    }
}

fn format() -> [u8; LENGTH] {
    #[expect(clippy::disallowed_methods, reason = "an answer's date is no token's")]
    let now = std::time::SystemTime::now();
    let mut text = [b' '; LENGTH];
    // It has this length until the year 9999, behind which the library would panic.
    let _ = write!(text.as_mut_slice(), "{}", httpdate::HttpDate::from(now));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_rfc_9110_wants_it() {
        let text = Date::default().now();
        let read = httpdate::parse_http_date(std::str::from_utf8(&text).unwrap()).unwrap();
        assert!(read.elapsed().unwrap() < Duration::from_secs(5));
    }
}
