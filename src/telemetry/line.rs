//! A log line of many fields, written by itself.
//!
//! In: fields, one after the other. Out: one line on standard error, in the format that the settings name, as the
//! general formatter writes events. One such line is written for every request, where that formatter would take a
//! twentieth of the gateway's time. Text is escaped: no value can begin a line of its own.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use super::logging;
use crate::config::LogFormat;

/// Most lines are shorter, in bytes.
const USUAL: usize = 512;

/// A line under construction. Whether anybody wants it is asked before (`tracing::enabled!`).
pub(crate) struct Line {
    text: String,
    json: bool,
}

impl Line {
    /// A line of level `INFO`; none before logging was started.
    pub(crate) fn begin(target: &'static str) -> Option<Self> {
        let json = match logging::format()? {
            LogFormat::Json => true,
            LogFormat::Human => false,
        };
        let mut text = String::with_capacity(USUAL);
        text.push_str(if json { "{\"timestamp\":\"" } else { "" });
        // Writing to a string can't fail, here and below.
        let _ = SystemTime.format_time(&mut Writer::new(&mut text));
        let _ = match json {
            true => write!(text, "\",\"level\":\"INFO\",\"target\":\"{target}\""),
            false => write!(text, "  INFO {target}:"),
        };
        Some(Self { text, json })
    }

    fn name(&mut self, name: &'static str) {
        self.text.push_str(if self.json { ",\"" } else { " " });
        self.text.push_str(name);
        self.text.push_str(if self.json { "\":" } else { "=" });
    }

    /// A text.
    #[must_use]
    pub(crate) fn text(mut self, name: &'static str, value: &str) -> Self {
        self.name(name);
        let plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
        if value.bytes().all(plain) {
            self.text.push('"');
            self.text.push_str(value);
            self.text.push('"');
        } else if self.json {
            self.text.push_str(&serde_json::Value::from(value).to_string());
        } else {
            let _ = write!(self.text, "{value:?}");
        }
        self
    }

    /// A number; nothing where there is none.
    #[must_use]
    pub(crate) fn number(mut self, name: &'static str, value: Option<u16>) -> Self {
        if let Some(value) = value {
            self.name(name);
            let _ = write!(self.text, "{value}");
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
            let _ = write!(self.text, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        }
        self
    }

    /// Writes it. A log that can't be written stops no request.
    pub(crate) fn end(mut self) {
        self.text.push_str(if self.json { "}\n" } else { "\n" });
        let _ = std::io::stderr().lock().write_all(self.text.as_bytes());
    }
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
    fn no_value_begins_a_line_for_people() {
        assert_eq!(line(false, "plain"), " a=\"plain\" b=7 d=0.250000");
        for value in ["a\nb", "a\r\u{2028}b", "\" x=\"", "\u{1b}[2J"] {
            let text = line(false, value);
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{2028}'), "{text:?}");
            assert!(text.ends_with(" b=7 d=0.250000") && !text.contains(" x=\""), "{text}");
        }
    }
}
