//! Where a head ends, and what its framing lines may say.

use super::Malformed;

/// Most header lines.
pub(crate) const MOST_LINES: usize = 100;
/// Digits of a length: what has more is longer than anything.
const MOST_DIGITS: usize = 18;

/// Looks for the end of a head. Looks at each byte once, however the head arrives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeadEnd {
    looked_at: usize,
    /// Where the line begins that was not seen to its end.
    line: usize,
}

impl HeadEnd {
    /// Where the head ends, behind its empty line; none: more has to arrive. `most`: its longest length.
    pub(crate) fn find(&mut self, input: &[u8], most: usize) -> Result<Option<usize>, Malformed> {
        let from = self.looked_at;
        for found in memchr::memchr_iter(b'\n', input.get(from..).unwrap_or_default()) {
            let at = from + found;
            if at >= most {
                return Err(Malformed::LongHead);
            }
            // A line end of one byte only: another reader would see other lines.
            if at.checked_sub(1).and_then(|before| input.get(before)) != Some(&b'\r') {
                return Err(Malformed::Head);
            }
            let empty = at == self.line + 1;
            self.line = at + 1;
            if empty {
                return Ok(Some(self.line));
            }
        }
        self.looked_at = input.len();
        if input.len() > most { Err(Malformed::LongHead) } else { Ok(None) }
    }

    /// Whether a line has come to its end.
    pub(crate) fn has_line(&self) -> bool {
        self.line > 0
    }
}

/// A `Content-Length`: digits and nothing else, no sign, no list.
pub(crate) fn length(digits: &[u8]) -> Result<u64, Malformed> {
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed::Framing);
    }
    Ok(digits.iter().fold(0, |length, digit| length * 10 + u64::from(digit - b'0')))
}
