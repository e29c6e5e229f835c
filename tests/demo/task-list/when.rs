//! Moments as the engine writes them, and days as people do.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description as described;
use time::{Date, Duration, OffsetDateTime};

const ENGINES: &[BorrowedFormatItem<'_>] = described!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3][offset_hour sign:mandatory][offset_minute]"
);
const BROWSERS: &[BorrowedFormatItem<'_>] =
    described!("[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]");
const SHOWN: &[BorrowedFormatItem<'_>] =
    described!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
const DAY: &[BorrowedFormatItem<'_>] = described!("[year]-[month]-[day]");

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(OffsetDateTime);

impl Moment {
    /// As the engine writes it; none if it is no moment.
    pub(crate) fn read(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, ENGINES).ok().map(Self)
    }

    /// Now.
    pub(crate) fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// The beginning of a day (`2026-12-31`), in UTC, and `later` days after it.
    pub(crate) fn of_day(day: &str, later: i64) -> Option<Self> {
        let day = Date::parse(day, DAY).ok()?.checked_add(Duration::days(later))?;
        Some(Self(day.midnight().assume_utc()))
    }

    /// A millisecond earlier.
    pub(crate) fn just_before(self) -> Self {
        Self(self.0 - Duration::milliseconds(1))
    }

    /// This moment, or now where that is earlier.
    pub(crate) fn or_now(self) -> Self {
        Self(self.0.min(OffsetDateTime::now_utc()))
    }

    /// As the engine reads it.
    pub(crate) fn for_engine(self) -> String {
        self.written(ENGINES)
    }

    /// As a browser reads it.
    pub(crate) fn for_browser(self) -> String {
        self.written(BROWSERS)
    }

    /// As a person reads it; the script puts it into the person's own time.
    pub(crate) fn shown(self) -> String {
        self.written(SHOWN)
    }

    /// Its day, as a field for dates takes it.
    pub(crate) fn day(self) -> String {
        self.written(DAY)
    }

    /// Whether it is over.
    pub(crate) fn is_past(self) -> bool {
        self.0 < OffsetDateTime::now_utc()
    }

    fn written(self, format: &[BorrowedFormatItem<'_>]) -> String {
        self.0.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
    }
}
