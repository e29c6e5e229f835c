//! Requests as bytes on a connection, for spellings that an HTTP library would tidy up, and the reading of
//! HTTP/1.1 messages that the recorder needs too.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::api::Reply;

/// One HTTP/1.1 message as it lay on the wire.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The request or status line.
    pub start: String,
    /// Header names and values, in the spelling and order they came in.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Message {
    /// The values of all headers of that name, in any case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, v)| v.as_str()).collect()
    }

    /// Reads one message; none when the connection ended before one began. `is_answer`: a body without length
    /// lasts until the connection ends.
    pub fn read(from: &mut impl BufRead, is_answer: bool) -> Option<Self> {
        let mut message = Self { start: line(from)?, ..Self::default() };
        while let Some(header) = line(from).filter(|l| !l.is_empty()) {
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            message.headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let chunked = message.all("transfer-encoding").iter().any(|v| v.eq_ignore_ascii_case("chunked"));
        let length: Option<u64> = message.all("content-length").first().and_then(|v| v.parse().ok());
        message.complete = match (chunked, length) {
            (true, _) => read_chunks(from, &mut message.body),
            (false, Some(n)) => from.take(n).read_to_end(&mut message.body).is_ok_and(|got| got as u64 == n),
            (false, None) if is_answer && !message.bodyless() => from.read_to_end(&mut message.body).is_ok(),
            (false, None) => true,
        };
        Some(message)
    }

    fn bodyless(&self) -> bool {
        matches!(self.start.split(' ').nth(1), Some("204" | "304"))
    }
}

fn line(from: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes).ok().filter(|n| *n > 0)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> bool {
    loop {
        let Some(size) = line(from) else { return false };
        let size = size.split(';').next().unwrap_or("").trim();
        let Ok(size) = u64::from_str_radix(size, 16) else { return false };
        if size == 0 {
            // The trailer section ends with an empty line.
            while line(from).is_some_and(|l| !l.is_empty()) {}
            return true;
        }
        if from.take(size).read_to_end(body).map_or(true, |got| got as u64 != size) || line(from).is_none() {
            return false;
        }
    }
}

/// Sends `bytes` on a connection of their own and reads one answer; none when the server just hung up.
pub fn exchange(to: SocketAddr, bytes: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(to).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A server may answer and hang up before it read all; what it said still counts.
    let _ = stream.write_all(bytes);
    let answer = Message::read(&mut BufReader::new(stream), true)?;
    let asked = String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
    let status = answer.start.split(' ').nth(1)?.parse().ok()?;
    let headers = answer.headers.into_iter().map(|(n, v)| (n.to_ascii_lowercase(), v)).collect();
    Some(Reply { asked, status, headers, body: answer.body })
}

/// A request's bytes: the line, then these header lines as they are, a host, a length if there is a body, and
/// the wish to close.
pub fn request(line: &str, headers: &[String], body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nHost: gateway.test\r\n");
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    if !headers.iter().any(|h| h.to_ascii_lowercase().starts_with("connection:")) {
        text.push_str("Connection: close\r\n");
    }
    format!("{text}\r\n{body}").into_bytes()
}
