//! Bytes looked at eight at a time. Most strings of a document are short: setting up a vector search costs more than it
//! saves.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Bytes that are looked at so; in what goes on for longer, vectors are faster.
const SHORT: usize = 32;

/// Marks each byte that is `byte`; above the lowest mark there may be wrong ones.
fn equal(word: u64, byte: u8) -> u64 {
    let differs = word ^ (ONES * u64::from(byte));
    differs.wrapping_sub(ONES) & !differs & HIGH
}

/// Marks each byte below 0x20; above the lowest mark there may be wrong ones.
fn control(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGH
}

fn first(text: &[u8], marks: impl Fn(u64) -> u64, long: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut at = 0;
    while at < SHORT
        && let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk())
    {
        let marks = marks(u64::from_le_bytes(*bytes));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    long(text.get(at..).unwrap_or_default()).map(|found| at + found)
}

/// The place of the first quote or backslash.
pub(super) fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    let marks = |word| equal(word, b'"') | equal(word, b'\\');
    first(text, marks, |long| memchr::memchr2(b'"', b'\\', long))
}

/// The place of the first quote, backslash or control character.
pub(super) fn end_of_plain(text: &[u8]) -> Option<usize> {
    let marks = |word| equal(word, b'"') | equal(word, b'\\') | control(word);
    first(text, marks, |long| long.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn they_find_what_a_look_at_each_byte_finds(
            text in proptest::collection::vec(proptest::sample::select(b"\"\\\x00\x01\x1f\x20!#[]a\x7f\x80\x9f\xff".to_vec()), 0..80),
            plain in 0_usize..60,
        ) {
            let text = [vec![b'a'; plain], text].concat();
            let place = |is: fn(u8) -> bool| text.iter().position(|b| is(*b));
            proptest::prop_assert_eq!(quote_or_backslash(&text), place(|b| b == b'"' || b == b'\\'));
            proptest::prop_assert_eq!(end_of_plain(&text), place(|b| b == b'"' || b == b'\\' || b < 0x20));
        }
    }
}
