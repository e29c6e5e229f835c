//! The `traceparent` of a request (W3C Trace Context, section 3.2.2).

/// A whole one: its first four parts, `00-<trace>-<parent>-<flags>`, all lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Traceparent(String);

impl Traceparent {
    /// Length of the four parts; what a later version appends is not kept.
    const LENGTH: usize = 55;

    /// Reads a header's value; none where it is not whole.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let mut parts = value.split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Version 0 has four parts; later ones may have more.
        let whole = if version == "00" { parts.next().is_none() } else { version != "ff" };
        let not_zero = |text: &str| text.bytes().any(|b| b != b'0');
        let holds = whole
            && hex(version, 2)
            && hex(trace, 32)
            && hex(parent, 16)
            && hex(flags, 2)
            && not_zero(trace)
            && not_zero(parent);
        holds.then(|| value.get(..Self::LENGTH).map(|text| Self(text.to_owned())))?
    }

    /// The trace's id: 32 digits.
    pub(crate) fn trace_id(&self) -> &str {
        self.0.get(3..35).unwrap_or_default()
    }

    /// The id of the span that asks: 16 digits.
    #[cfg(any(test, feature = "otlp"))]
    pub(crate) fn parent_id(&self) -> &str {
        self.0.get(36..52).unwrap_or_default()
    }

    /// Whether the asking side records this trace.
    #[cfg(any(test, feature = "otlp"))]
    pub(crate) fn sampled(&self) -> bool {
        self.0
            .get(53..)
            .and_then(|flags| u8::from_str_radix(flags, 16).ok())
            .is_some_and(|flags| flags & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(text: &str) -> Option<Traceparent> {
        Traceparent::read(&text.replace('T', TRACE))
    }

    #[test]
    fn a_trace_id_is_taken_from_a_whole_traceparent_only() {
        for whole in ["00-T-00f067aa0ba902b7-01", "01-T-00f067aa0ba902b7-01-more"] {
            let read = of(whole).unwrap();
            assert_eq!(read.trace_id(), TRACE);
            assert_eq!(read.parent_id(), "00f067aa0ba902b7");
        }
        for broken in [
            "00-T-00f067aa0ba902b7-01-more",
            "ff-T-00f067aa0ba902b7-01",
            "00-T-00f067aa0ba902b7",
            "00-T-0000000000000000-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473\n-00f067aa0ba902b7-01",
            "",
        ] {
            assert_eq!(of(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_last_flag_tells_whether_a_trace_is_recorded() {
        let sampled = |flags: &str| of(&format!("00-T-00f067aa0ba902b7-{flags}")).unwrap().sampled();
        assert!(sampled("01") && sampled("03") && sampled("ff"));
        assert!(!sampled("00") && !sampled("02") && !sampled("fe"));
    }
}
