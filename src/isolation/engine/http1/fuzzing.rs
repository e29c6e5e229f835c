//! What must hold for any bytes that an engine answers: the fuzz target and the replay of its seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use super::error::Broken;
use super::reader::Reader;
use crate::http1::Piece;

/// What was read of an answer, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) lines: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// Whether the connection may be used again.
    pub(super) end: Result<bool, Broken>,
}

/// Reads an answer that arrives in pieces of `cut` bytes, behind which the connection ends. What follows an answer has
/// arrived with it.
pub(super) fn seen(data: &[u8], cut: usize, head_only: bool) -> Seen {
    let mut reader = Reader::new();
    reader.expect(head_only);
    let mut seen = Seen { status: None, lines: Vec::new(), body: Vec::new(), end: Ok(false) };
    let mut rest = data.chunks(cut.max(1));
    loop {
        match read(&mut reader, &mut seen) {
            Err(broken) => {
                seen.end = Err(broken);
                return seen;
            }
            Ok(true) => {
                rest.for_each(|late| reader.input.extend_from_slice(late));
                seen.end = Ok(reader.reusable());
                return seen;
            }
            Ok(false) => {}
        }
        match rest.next() {
            Some(piece) => reader.input.extend_from_slice(piece),
            None => {
                if let Err(broken) = reader.closed() {
                    seen.end = Err(broken);
                    return seen;
                }
            }
        }
    }
}

/// Reads what is there; whether it is the answer's end.
fn read(reader: &mut Reader, seen: &mut Seen) -> Result<bool, Broken> {
    if seen.status.is_none() {
        let Some(head) = reader.head()? else { return Ok(false) };
        seen.status = Some(head.status.as_u16());
        let lines = head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        seen.lines = lines.collect();
    }
    loop {
        match reader.piece()? {
            Piece::Some(piece) => seen.body.extend_from_slice(&piece),
            Piece::More => return Ok(false),
            Piece::End => return Ok(true),
        }
    }
}

/// An answer; its first byte says how it is cut, the second's lowest bit whether a HEAD was asked. It reads the same
/// however it is cut; what is taken has one length, and is the same answer when it is written in the plainest way.
pub fn answer(data: &[u8]) {
    let [cut, flags, data @ ..] = data else { return };
    let head_only = flags & 1 == 1;
    let whole = seen(data, data.len(), head_only);
    assert_eq!(whole, seen(data, usize::from(*cut) + 1, head_only), "cut or not");
    for (name, value) in &whole.lines {
        assert!(!value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{name}: {value:?}");
    }
    let (Some(status), Ok(reusable)) = (whole.status, whole.end) else { return };
    assert!((200..600).contains(&status), "{status}");
    let named = |wanted: &str| whole.lines.iter().filter(|(name, _)| name == wanted).count();
    assert!(named("content-length") + named("transfer-encoding") <= 1, "two lengths");
    let bodiless = head_only || status == 204 || status == 304;
    assert!(!bodiless || whole.body.is_empty());
    if reusable {
        // Cut off anywhere, it is not whole, so nothing stands behind its end.
        let shorter = data.len().saturating_sub(1);
        assert_ne!(seen(data.get(..shorter).unwrap(), shorter, head_only).end, Ok(true));
    }
    if !bodiless {
        let head = format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n", whole.body.len());
        let plain = [head.as_bytes(), &whole.body].concat();
        let again = seen(&plain, plain.len(), false);
        assert_eq!((again.status, again.body, again.end), (whole.status, whole.body, Ok(true)));
    }
}
