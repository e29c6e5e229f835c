//! Answers that could be read in two ways, each beside one that can't, which differs in one thing.

use super::error::Broken;
use super::fuzzing::{Seen, answer, seen};

fn read(text: &str) -> Seen {
    let whole = seen(text.as_bytes(), text.len(), false);
    for cut in 1..text.len().min(200) {
        assert_eq!(whole, seen(text.as_bytes(), cut, false), "in pieces of {cut}: {text:?}");
    }
    whole
}

/// Its body, and whether the connection may be used again.
fn taken(text: &str) -> (String, bool) {
    let seen = read(text);
    let end = seen.end.unwrap_or_else(|broken| panic!("{text:?}: {broken}"));
    (String::from_utf8(seen.body).unwrap(), end)
}

fn broken(text: &str) -> Broken {
    let seen = read(text);
    seen.end.map_or_else(|broken| broken, |_| panic!("{text:?} was taken: {seen:?}", seen = read(text)))
}

/// An answer of these lines, with a body of two bytes.
fn with(lines: &str) -> String {
    format!("HTTP/1.1 200 \r\n{lines}\r\n[]")
}

/// An answer in chunks.
fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

#[test]
fn a_length_stands_there_once_and_is_a_number() {
    assert_eq!(taken(&with("Content-Length: 2\r\n")), ("[]".into(), true));
    assert_eq!(taken(&with("content-length:002 \r\n")), ("[]".into(), true));
    for lines in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 2 2\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
    ] {
        assert_eq!(broken(&with(lines)), Broken::Framing, "{lines:?}");
    }
}

#[test]
fn chunks_are_the_only_coding_and_exclude_a_length() {
    let chunks = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n2\r\n[]\r\n0\r\n\r\n");
    assert_eq!(taken(&chunks("Transfer-Encoding: chunked\r\n")), ("[]".into(), true));
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
    ] {
        let broken = broken(&chunks(lines));
        assert!(matches!(broken, Broken::Framing | Broken::Head), "{lines:?}: {broken:?}");
    }
    // HTTP/1.0 knows no chunks.
    let old = chunks("Transfer-Encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(broken(&old), Broken::Framing);
}

#[test]
fn lines_end_by_cr_lf_and_begin_at_their_start() {
    let fine = "HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 2\r\n\r\n[]";
    assert_eq!(taken(fine), ("[]".into(), true));
    for text in [
        fine.replace("a\r\n", "a\n"),
        fine.replace("OK\r\n", "OK\n"),
        fine.replace("\r\n\r\n", "\r\n\n"),
        fine.replace("\r\n", "\n"),
        // A bare CR, a folded line, blanks around a name.
        fine.replace("a\r\n", "a\rb\r\n"),
        fine.replace("a\r\n", "a\r\n b\r\n"),
        fine.replace("a\r\n", "a\r\n\tContent-Length: 3\r\n"),
        fine.replace("X:", "X :"),
        fine.replace("X:", " X:"),
        fine.replace("X: a", "X"),
        fine.replace("X: a", ": a"),
        fine.replace("X: a", "X: a\0"),
        format!("\r\n{fine}"),
        format!(" {fine}"),
        fine.replace("HTTP/1.1", "HTTP/2.0"),
        fine.replace("HTTP/1.1", "http/1.1"),
        fine.replace("200", "20"),
        fine.replace("200", "2000"),
        fine.replace("200", "abc"),
    ] {
        assert_eq!(broken(&text), Broken::Head, "{text:?}");
    }
}

#[test]
fn a_head_has_bounds() {
    let lines = |count: usize| "X: a\r\n".repeat(count);
    assert!(taken(&with(&format!("{}Content-Length: 2\r\n", lines(99)))).1);
    assert_eq!(broken(&with(&format!("{}Content-Length: 2\r\n", lines(100)))), Broken::LongHead);
    let long = |length: usize| with(&format!("X: {}\r\nContent-Length: 2\r\n", "a".repeat(length)));
    assert!(taken(&long(60_000)).1);
    assert_eq!(broken(&long(70_000)), Broken::LongHead);
    // One that never ends.
    assert_eq!(broken(&format!("HTTP/1.1 200 {}", "a".repeat(70_000))), Broken::LongHead);
}

#[test]
fn interim_answers_are_skipped_within_bounds() {
    let fine = with("Content-Length: 2\r\n");
    assert_eq!(
        taken(&format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\n{fine}")).0,
        "[]"
    );
    let many = |count: usize| format!("{}{fine}", "HTTP/1.1 102 x\r\n\r\n".repeat(count));
    assert!(taken(&many(8)).1);
    assert_eq!(broken(&many(9)), Broken::Status);
    assert_eq!(broken(&format!("HTTP/1.1 101 x\r\n\r\n{fine}")), Broken::Status);
    assert_eq!(broken("HTTP/1.1 600 x\r\nContent-Length: 0\r\n\r\n"), Broken::Status);
}

#[test]
fn some_answers_have_no_body() {
    for status in [204, 304] {
        assert_eq!(taken(&format!("HTTP/1.1 {status} x\r\n\r\n")), (String::new(), true));
        assert_eq!(
            taken(&format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n")),
            (String::new(), true)
        );
        // Who tells a length may send as much: nothing else is read from there.
        assert_eq!(
            taken(&format!("HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\n")),
            (String::new(), false)
        );
        let chunks = format!("HTTP/1.1 {status} x\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(taken(&chunks), (String::new(), false));
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(seen(head.as_bytes(), 9, true).end, Ok(true));
    assert_eq!(broken(head), Broken::CutOff);
}

#[test]
fn a_body_ends_with_the_connection_only_where_that_was_said() {
    assert_eq!(taken("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[]"), ("[]".into(), false));
    assert_eq!(taken("HTTP/1.0 200 OK\r\n\r\n[]"), ("[]".into(), false));
    assert_eq!(broken("HTTP/1.1 200 OK\r\n\r\n[]"), Broken::Framing);
    assert_eq!(broken("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n[]"), Broken::Framing);
}

#[test]
fn a_connection_is_used_again_only_without_a_doubt() {
    let fine = with("Content-Length: 2\r\n");
    assert!(taken(&fine).1);
    for text in [
        with("Content-Length: 2\r\nConnection: close\r\n"),
        with("Content-Length: 2\r\nConnection: x, Close\r\n"),
        with("Content-Length: 2\r\nConnection: keep-alive\r\nConnection: close\r\n"),
        fine.replace("HTTP/1.1", "HTTP/1.0"),
        // What follows was not asked for: another tenant would take it for its answer.
        format!("{fine}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("{fine}\r\n"),
        chunked("2\r\n[]\r\n0\r\n\r\nx"),
    ] {
        assert_eq!(taken(&text), ("[]".into(), false), "{text:?}");
    }
}

#[test]
fn chunks_are_written_in_one_way() {
    let fine = "2\r\n[1\r\n2\r\n2]\r\n0\r\n\r\n";
    assert_eq!(taken(&chunked(fine)), ("[12]".into(), true));
    for body in [
        fine.replacen("2\r\n", "02;a=b\r\n", 1),
        fine.replacen("2\r\n", "2 ;a=\"b\"\r\n", 1),
        fine.replace("0\r\n\r\n", "00\r\nX: y\r\n\r\n"),
    ] {
        assert_eq!(taken(&chunked(&body)), ("[12]".into(), true), "{body:?}");
    }
    for body in [
        fine.replacen("2\r\n", "2\n", 1),
        fine.replacen("2\r\n", "2\r", 1),
        fine.replacen("2\r\n", "+2\r\n", 1),
        fine.replacen("2\r\n", "0x2\r\n", 1),
        fine.replacen("2\r\n", " 2\r\n", 1),
        fine.replacen("2\r\n", "2 \r\n", 1),
        fine.replacen("2\r\n", "2,\r\n", 1),
        fine.replacen("2\r\n", "2;a\x01\r\n", 1),
        fine.replacen("2\r\n", "\r\n", 1),
        fine.replacen("2\r\n", &format!("{}2\r\n", "0".repeat(20)), 1),
        fine.replacen("2\r\n", &format!("2;{}\r\n", "a".repeat(2000)), 1),
        // More or less than the size says, and no line end behind it.
        fine.replacen("2\r\n", "3\r\n", 1),
        fine.replacen("2\r\n", "1\r\n", 1),
        fine.replacen("[1\r\n", "[1", 1),
        fine.replacen("[1\r\n", "[1\n", 1),
        fine.replace("0\r\n\r\n", "0\r\nX: y\n\r\n"),
        fine.replace("0\r\n\r\n", &format!("0\r\n{}\r\n", "X: y\r\n".repeat(3000))),
    ] {
        assert_eq!(broken(&chunked(&body)), Broken::Chunk, "{body:?}");
    }
}

#[test]
fn half_an_answer_is_none() {
    for text in [with("Content-Length: 2\r\n"), chunked("2\r\n[]\r\n0\r\nX: y\r\n\r\n")] {
        assert!(taken(&text).1);
        for end in 0..text.len() {
            assert_eq!(broken(&text[..end]), Broken::CutOff, "{:?}", &text[..end]);
        }
    }
}

#[test]
fn replay() {
    crate::fuzzing::replay("engine_answer", answer);
}
