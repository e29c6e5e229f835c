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
/// All extensions of a body together: with them, a few bytes of content would keep a client's connection busy for ever.
const MOST_EXTENSIONS: usize = 16 * 1024;
/// All trailers together.
const MOST_TRAILERS: usize = 16 * 1024;

/// A body in chunks, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    at: At,
    /// Bytes of extensions that were dropped.
    extensions: usize,
}

/// Where in the body the next byte stands.
#[derive(Debug, Default)]
enum At {
    #[default]
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
        match &mut self.at {
            At::Content(left) if !input.is_empty() => Ok(Piece::Some(at_most(left, input))),
            At::End => Ok(Piece::End),
            At::Size | At::Content(_) | At::ContentEnd | At::Trailers(_) => Ok(Piece::More),
        }
    }

    /// Whether the last trailer was read.
    pub(super) fn at_end(&self) -> bool {
        matches!(self.at, At::End)
    }

    /// Reads the lines that have arrived, up to content or the end.
    pub(super) fn advance(&mut self, input: &mut BytesMut) -> Result<(), Malformed> {
        loop {
            self.at = match self.at {
                At::Size => match line(input, MOST_SIZE_LINE)? {
                    None => return Ok(()),
                    Some(line) => {
                        let (size, extensions) = size(&line)?;
                        self.extensions += extensions;
                        match size {
                            _ if self.extensions > MOST_EXTENSIONS => return Err(Malformed::Chunk),
                            0 => At::Trailers(0),
                            size => At::Content(size),
                        }
                    }
                },
                At::Content(0) => At::ContentEnd,
                At::ContentEnd => match line(input, 0)? {
                    None => return Ok(()),
                    Some(_) => At::Size,
                },
                At::Trailers(dropped) => match line(input, MOST_TRAILERS.saturating_sub(dropped))? {
                    None => return Ok(()),
                    Some(line) if line.is_empty() => At::End,
                    Some(line) => At::Trailers(dropped + line.len() + 2),
                },
                At::Content(_) | At::End => return Ok(()),
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

/// The size of a chunk and the length of its extensions, out of the line before it.
fn size(line: &[u8]) -> Result<(u64, usize), Malformed> {
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
    let size = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(Malformed::Chunk)?;
    Ok((size, rest.len()))
}
