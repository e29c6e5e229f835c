//! What must hold for any request: the fuzz targets and the replay of their seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use url::form_urlencoded;

use super::{Arrival, Base, Reader, room};
use crate::http1::Piece;
use crate::refusal::Kind;

/// A head, as lines: the target, then headers. What we take has segments that can't climb or be cut anew, says the
/// same when it is written anew, and has the query that another reader finds.
pub fn head(data: &[u8]) {
    let base = Base { path: "/e".into(), engine: "default".into(), max_target_bytes: 4096 };
    let mut lines = data.split(|b| *b == b'\n');
    let Some(Ok(target)) = lines.next().map(std::str::from_utf8) else { return };
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let headers: Vec<(String, &[u8])> = lines
        .filter_map(|line| {
            let at = line.iter().position(|b| *b == b':')?;
            let (name, value) = line.split_at(at);
            Some((String::from_utf8(name.to_ascii_lowercase()).ok()?, value.strip_prefix(b":")?))
        })
        .collect();
    let lines = || headers.iter().map(|(name, value)| (name.as_str(), *value));
    let Ok(arrival) = Arrival::read(&base, "GET", path, query, lines()) else { return };

    assert!(!arrival.segments.is_empty());
    for segment in &arrival.segments {
        assert!(!["", ".", ".."].contains(&segment.as_str()), "{segment:?}");
        assert!(!segment.contains(|c: char| c.is_control() || "/\\;".contains(c)), "{segment:?}");
    }
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let path: String = arrival.segments.iter().map(|s| format!("/{}", escaped(s))).collect();
    let pairs: Vec<_> = arrival.query.iter().map(|(n, v)| format!("{}={}", escaped(n), escaped(v))).collect();
    // The prefix `engine/default` is taken off once; written anew, it is there again.
    let path = format!("/e/engine/default{path}");
    let wide = Base { max_target_bytes: usize::MAX, ..base };
    let again = Arrival::read(&wide, "GET", &path, Some(&pairs.join("&")), lines()).expect("the same head");
    assert_eq!((&again.segments, &again.query), (&arrival.segments, &arrival.query));
    let other: Vec<(String, String)> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    assert_eq!(arrival.query, other);

    // A header that goes on has no line end in it, and is not one that says who asks.
    for (name, value) in &arrival.headers.passed {
        assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{name}: {value:?}");
        assert!(!["authorization", "cookie", "x-camunda-user", "x-camunda-tenants"].contains(name), "{name}");
    }
}

/// A request as a connection read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) lines: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) keep_alive: bool,
    pub(super) waits: bool,
}

/// What a connection holds, and how its reading ended: at the last byte of a request, in the middle of one (none), or at a
/// fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) taken: Vec<Taken>,
    pub(super) end: Result<bool, Kind>,
}

/// Longest target of these readings.
pub(super) const MOST_TARGET: usize = 4096;

/// Reads what a connection brings in pieces of `cut` bytes. Behind a request that says so, nothing is read.
pub(super) fn seen(data: &[u8], cut: usize) -> Seen {
    let mut reader = Reader::new(MOST_TARGET);
    let mut rest = data.chunks(cut.max(1));
    let mut seen = Seen { taken: Vec::new(), end: Ok(true) };
    let mut at_work: Option<Taken> = None;
    loop {
        match step(&mut reader, &mut at_work) {
            Err(kind) => {
                seen.end = Err(kind);
                return seen;
            }
            Ok(Some(taken)) => {
                let last = !taken.keep_alive;
                seen.taken.push(taken);
                if last {
                    return seen;
                }
            }
            Ok(None) => match rest.next() {
                Some(piece) => reader.input.extend_from_slice(piece),
                None => {
                    seen.end = Ok(at_work.is_none() && reader.input.is_empty());
                    return seen;
                }
            },
        }
    }
}

/// Reads what is there, up to a request's end.
fn step(reader: &mut Reader, at_work: &mut Option<Taken>) -> Result<Option<Taken>, Kind> {
    if at_work.is_none() {
        let Some(length) = reader.head().map_err(|r| r.kind())? else { return Ok(None) };
        let mut room = room();
        let head = reader.read(length, &mut room).map_err(|r| r.kind())?;
        let lines = head.lines.iter().map(|line| (line.name.to_ascii_lowercase(), line.value.to_vec()));
        let framing = head.framing;
        *at_work = Some(Taken {
            method: head.method.into(),
            path: head.path.into(),
            query: head.query.map(Into::into),
            lines: lines.collect(),
            body: Vec::new(),
            keep_alive: head.keep_alive,
            waits: head.waits,
        });
        reader.begin(length, framing);
    }
    let body = &mut at_work.as_mut().unwrap().body;
    loop {
        match reader.piece().map_err(|_| Kind::BodyAmbiguous)? {
            Piece::Some(piece) => body.extend_from_slice(&piece),
            Piece::More => return Ok(None),
            Piece::End => return Ok(at_work.take()),
        }
    }
}

/// What a client sends on a connection; the first byte says how it is cut. It reads the same however it is cut; what is
/// taken has one length and one target, and is the same request when it is written in the plainest way.
pub fn client_request(data: &[u8]) {
    let [cut, data @ ..] = data else { return };
    let whole = seen(data, data.len());
    assert_eq!(whole, seen(data, usize::from(*cut) + 1), "cut or not");
    for request in &whole.taken {
        let named = |wanted: &str| request.lines.iter().filter(|(name, _)| name == wanted).count();
        assert!(named("content-length") + named("transfer-encoding") <= 1, "two lengths");
        assert!(named("host") <= 1, "two hosts");
        for (name, value) in &request.lines {
            assert!(!name.contains(|c: char| !c.is_ascii_graphic() || c == ':'), "{name:?}");
            assert!(!value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{name}: {value:?}");
        }
        let target = request.query.as_ref().map_or(request.path.clone(), |q| format!("{}?{q}", request.path));
        assert!(request.path.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic() && b != b'#'));
        let head = format!(
            "{} {target} HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n",
            request.method,
            request.body.len()
        );
        let plain = [head.as_bytes(), &request.body].concat();
        let again = seen(&plain, plain.len());
        assert_eq!(again.end, Ok(true));
        let again = again.taken.first().unwrap();
        assert_eq!(
            (&again.method, &again.path, &again.query, &again.body),
            (&request.method, &request.path, &request.query, &request.body)
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn replay() {
        crate::fuzzing::replay("arrival", super::head);
        crate::fuzzing::replay("client_request", super::client_request);
    }

    /// The seeds with one byte missing, doubled or another: most faults of real senders and attackers are so near.
    #[test]
    fn replay_of_seeds_with_a_fault() {
        crate::fuzzing::replay("client_request", |seed| {
            for at in 1..seed.len().min(300) {
                let (before, rest) = seed.split_at(at);
                for put in
                    [&b""[..], &rest[..1], b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b"0", b":", b"\xff"]
                {
                    super::client_request(&[before, put, &rest[1..]].concat());
                    super::client_request(&[before, put, rest].concat());
                }
            }
        });
    }
}
