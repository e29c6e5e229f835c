//! A body in chunks (RFC 9112 section 7.1).
//!
//! In: what has arrived. Out: the content, and the end. Each line ends by CR LF, nothing stands between a chunk and its
//! line end, and extensions and trailers, which nobody needs, are dropped within bounds.

use bytes::{Buf, Bytes, BytesMut};

use super::Malformed;
use super::body::{Piece, at_most};

/// Longest line of a chunk's size, with its extensions.
const MOST_SIZE_LINE: usize = 1024;
/// Hexadecimal digits of a chunk's size.
const MOST_DIGITS: usize = 15;
/// All trailers together.
const MOST_TRAILERS: usize = 16 * 1024;

/// Where in the body the next byte stands.
#[derive(Debug)]
pub(crate) enum Chunks {
    Size,
    Content(u64),
    /// The line end behind a chunk's content.
    ContentEnd,
    /// Behind the last chunk; so many bytes of trailers were dropped.
    Trailers(usize),
    End,
}

impl Chunks {
    /// Takes the next piece of content out of what has arrived.
    pub(super) fn piece(&mut self, input: &mut BytesMut) -> Result<Piece, Malformed> {
        self.advance(input)?;
        match self {
            Self::Content(left) if !input.is_empty() => Ok(Piece::Some(at_most(left, input))),
            Self::End => Ok(Piece::End),
            Self::Size | Self::Content(_) | Self::ContentEnd | Self::Trailers(_) => Ok(Piece::More),
        }
    }

    /// Reads the lines that have arrived, up to content or the end.
    pub(super) fn advance(&mut self, input: &mut BytesMut) -> Result<(), Malformed> {
        loop {
            *self = match self {
                Self::Size => match line(input, MOST_SIZE_LINE)? {
                    None => return Ok(()),
                    Some(line) => match size(&line)? {
                        0 => Self::Trailers(0),
                        size => Self::Content(size),
                    },
                },
                Self::Content(0) => Self::ContentEnd,
                Self::ContentEnd => match line(input, 0)? {
                    None => return Ok(()),
                    Some(_) => Self::Size,
                },
                Self::Trailers(dropped) => match line(input, MOST_TRAILERS.saturating_sub(*dropped))? {
                    None => return Ok(()),
                    Some(line) if line.is_empty() => Self::End,
                    Some(line) => Self::Trailers(*dropped + line.len() + 2),
                },
                Self::Content(_) | Self::End => return Ok(()),
            }
        }
    }
}

/// The next line, of at most so many bytes, without its CR LF; none: more has to arrive.
fn line(input: &mut BytesMut, most: usize) -> Result<Option<Bytes>, Malformed> {
    let seen = input.get(..input.len().min(most + 2)).unwrap_or_default();
    let Some(at) = memchr::memchr2(b'\r', b'\n', seen) else {
        return if seen.len() > most { Err(Malformed::Chunk) } else { Ok(None) };
    };
    match (seen.get(at), seen.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) if at <= most => {}
        (Some(b'\r'), None) if at <= most => return Ok(None),
        // A line end of one byte only, which another reader may not take for one.
        _ => return Err(Malformed::Chunk),
    }
    let line = input.split_to(at).freeze();
    input.advance(2);
    Ok(Some(line))
}

/// The size of a chunk, out of the line before it.
fn size(line: &[u8]) -> Result<u64, Malformed> {
    let end = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    // Nothing but extensions may follow, and a blank before them.
    let extensions = rest.trim_ascii_start();
    let plain = |b: &u8| matches!(b, b'\t' | b' '..=b'~');
    if !(extensions.is_empty() && rest.is_empty() || extensions.starts_with(b";")) || !rest.iter().all(plain)
    {
        return Err(Malformed::Chunk);
    }
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() <= MOST_DIGITS);
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(Malformed::Chunk)
}
