//! A log line of many fields, written by itself.
//!
//! In: fields, one after the other. Out: one line on standard error, in the format that the settings name, as the
//! general formatter writes events. One such line is written for every request, where that formatter would take a
//! twentieth of the gateway's time. Text is escaped: no value can begin a line of its own.

use std::cell::Cell;
use std::fmt::Write as _;
use std::time::Duration;

use super::logging;
use crate::config::LogFormat;

/// Most lines are shorter, in bytes.
const USUAL: usize = 1024;

thread_local! {
    /// Where this thread's lines are written, one after the other.
    static ROOM: Cell<String> = const { Cell::new(String::new()) };
}

/// A line under construction. Whether anybody wants it is asked before (`tracing::enabled!`).
pub(crate) struct Line {
    text: String,
    json: bool,
}

impl Line {
    /// A line of level `INFO`; none before logging was started.
    pub(crate) fn begin(target: &'static str) -> Option<Self> {
        Self::of_level("INFO", target)
    }

    /// A line of a level; none before logging was started.
    pub(crate) fn of_level(level: &'static str, target: &'static str) -> Option<Self> {
        let json = match logging::format()? {
            LogFormat::Json => true,
            LogFormat::Human => false,
        };
        let mut text = ROOM.take();
        text.clear();
        text.reserve(USUAL);
        text.push_str(if json { "{\"timestamp\":\"" } else { "" });
        #[expect(clippy::disallowed_methods, reason = "a line's time is no token's")]
        let now = std::time::SystemTime::now();
        // Writing to a string can't fail, here and below.
        let _ = write!(text, "{}", humantime::format_rfc3339_micros(now));
        let _ = match json {
            true => write!(text, "\",\"level\":\"{level}\",\"target\":\""),
            false => write!(text, " {level:>5} "),
        };
        text.push_str(target);
        text.push(if json { '"' } else { ':' });
        Some(Self { text, json })
    }

    // Names are known where they are written: their lengths, too, that way.
    #[inline(always)]
    fn name(&mut self, name: &'static str) {
        self.text.push_str(if self.json { ",\"" } else { " " });
        self.text.push_str(name);
        self.text.push_str(if self.json { "\":" } else { "=" });
    }

    /// A text.
    #[must_use]
    #[inline(always)]
    pub(crate) fn text(mut self, name: &'static str, value: &str) -> Self {
        self.name(name);
        self.value(value);
        self
    }

    fn value(&mut self, value: &str) {
        let plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
        // All of them, without a way out: many bytes are looked at in one step.
        if value.bytes().fold(true, |all, b| all & plain(b)) {
            self.text.push('"');
            self.text.push_str(value);
            self.text.push('"');
        } else if self.json {
            self.text.push_str(&serde_json::Value::from(value).to_string());
        } else {
            let _ = write!(self.text, "{value:?}");
        }
    }

    /// A number; nothing where there is none.
    #[must_use]
    pub(crate) fn number(mut self, name: &'static str, value: Option<u16>) -> Self {
        if let Some(value) = value {
            self.name(name);
            decimal(&mut self.text, value.into(), 1);
        }
        self
    }

    /// Seconds, to the microsecond; nothing where there are none.
    #[must_use]
    pub(crate) fn seconds(mut self, name: &'static str, value: Option<f64>) -> Self {
        if let Some(value) = value {
            self.name(name);
            // A float's own formatter is slow; no request lasts longer than this holds.
            let micros = Duration::try_from_secs_f64(value).unwrap_or_default().as_micros();
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            decimal(&mut self.text, micros / 1_000_000, 1);
            self.text.push('.');
            decimal(&mut self.text, micros % 1_000_000, 6);
        }
        self
    }

    /// Writes it soon, with others.
    pub(crate) fn end(self) {
        self.write(false);
    }

    /// Writes it before this returns, with all that wait.
    pub(crate) fn end_at_once(self) {
        self.write(true);
    }

    fn write(mut self, at_once: bool) {
        self.text.push_str(if self.json { "}\n" } else { "\n" });
        logging::write(self.text.as_bytes(), at_once);
        ROOM.set(self.text);
    }
}

/// A number of at least so many digits: the general formatter takes several times as long.
fn decimal(text: &mut String, mut number: u64, least: u8) {
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        if number == 0 && 20 - at > usize::from(least) {
            break;
        }
        *digit += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        begin = at;
    }
    text.push_str(
        digits.get(begin..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: bool, value: &str) -> String {
        let line = Line { text: String::new(), json }.text("a", value).number("b", Some(7));
        line.number("c", None).seconds("d", Some(0.25)).text
    }

    #[test]
    fn a_json_line_is_json_whatever_stands_in_it() {
        for value in ["", "plain", "a\nb", "\"}{", "\\", "\u{7f}ä\u{2028}\0"] {
            let text = format!("{{{}}}", line(true, value).trim_start_matches(','));
            assert!(!text.contains('\n'), "{text}");
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read, serde_json::json!({"a": value, "b": 7, "d": 0.25}), "{text}");
        }
    }

    #[test]
    fn a_number_is_written_as_the_general_formatter_does() {
        for number in [0, 1, 9, 10, 250, 999_999, 1_000_000, u64::MAX] {
            let mut text = String::new();
            decimal(&mut text, number, 1);
            decimal(&mut text, number, 6);
            assert_eq!(text, format!("{number}{number:06}"));
        }
    }

    #[test]
    fn no_value_begins_a_line_for_people() {
        assert_eq!(line(false, "plain"), " a=\"plain\" b=7 d=0.250000");
        for value in ["a\nb", "a\r\u{2028}b", "\" x=\"", "\u{1b}[2J"] {
            let text = line(false, value);
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{2028}'), "{text:?}");
            assert!(text.ends_with(" b=7 d=0.250000") && !text.contains(" x=\""), "{text}");
        }
    }
}
