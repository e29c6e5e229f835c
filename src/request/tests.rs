//! Requests that could be read in two ways, each beside one that can't, which differs in one thing.

use super::fuzzing::{MOST_TARGET, Seen, seen};
use crate::refusal::Kind;

fn read(text: &str) -> Seen {
    let whole = seen(text.as_bytes(), text.len());
    for cut in 1..text.len().min(150) {
        assert_eq!(whole, seen(text.as_bytes(), cut), "in pieces of {cut}: {text:?}");
    }
    whole
}

/// The bodies of the requests that were taken, and whether the connection may be used again.
fn taken(text: &str) -> (Vec<String>, bool) {
    let seen = read(text);
    assert_eq!(seen.end, Ok(true), "{text:?}");
    let open = seen.taken.last().is_some_and(|request| request.keep_alive);
    (seen.taken.into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect(), open)
}

fn refused(text: &str) -> Kind {
    // What stands behind a fault is never read, however plain it is.
    let seen = read(&format!("{text}GET / HTTP/1.1\r\nHost: g\r\n\r\n"));
    assert!(seen.taken.is_empty(), "{text:?} was taken: {seen:?}");
    seen.end.expect_err(text)
}

/// A request of these lines, with a body of two bytes.
fn with(lines: &str) -> String {
    format!("POST /e HTTP/1.1\r\nHost: g\r\n{lines}\r\n{{}}")
}

fn chunked(body: &str) -> String {
    format!("POST /e HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn one(body: &str) -> (Vec<String>, bool) {
    (vec![body.to_owned()], true)
}

#[test]
fn a_length_stands_there_once_and_is_a_number() {
    assert_eq!(taken(&with("Content-Length: 2\r\n")), one("{}"));
    assert_eq!(taken(&with("content-length:002 \r\n")), one("{}"));
    for lines in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\ncontent-length: 2\r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length: 2 2\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
    ] {
        assert_eq!(refused(&with(lines)), Kind::HeaderAmbiguous, "{lines:?}");
    }
}

#[test]
fn chunks_are_the_only_coding_and_exclude_a_length() {
    let chunks = |lines: &str| with(lines).replace("{}", "2\r\n{}\r\n0\r\n\r\n");
    assert_eq!(taken(&chunks("Transfer-Encoding: chunked\r\n")), one("{}"));
    assert_eq!(taken(&chunks("transfer-encoding:Chunked\r\n")), one("{}"));
    for lines in [
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Content-Length: 12\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Transfer-Encoding:\r\n",
        "Transfer_Encoding: x\r\nTransfer-Encoding : chunked\r\n",
    ] {
        assert_eq!(refused(&chunks(lines)), Kind::HeaderAmbiguous, "{lines:?}");
    }
    // HTTP/1.0 knows no chunks.
    let old = chunks("Transfer-Encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(refused(&old), Kind::HeaderAmbiguous);
}

#[test]
fn lines_end_by_cr_lf_and_begin_at_their_start() {
    let fine = "POST /e HTTP/1.1\r\nHost: g\r\nX: a\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(taken(fine), one("{}"));
    assert_eq!(taken(&format!("\r\n{fine}")), one("{}"));
    for text in [
        fine.replace("a\r\n", "a\n"),
        fine.replace("1.1\r\n", "1.1\n"),
        fine.replace("\r\n\r\n", "\r\n\n"),
        fine.replace("\r\n", "\n"),
        // A bare CR, a folded line, blanks around a name.
        fine.replace("a\r\n", "a\rb\r\n"),
        fine.replace("a\r\n", "a\r\r\n"),
        fine.replace("1.1\r\n", "1.1\r"),
        fine.replace("a\r\n", "a\r\n b\r\n"),
        fine.replace("a\r\n", "a\r\n\tContent-Length: 3\r\n"),
        fine.replace("X:", "X :"),
        fine.replace("X:", " X:"),
        fine.replace("X: a", "X"),
        fine.replace("X: a", ": a"),
        fine.replace("X: a", "X: a\0"),
        fine.replace("X: a", "X\0: a"),
        fine.replace("X: a", "X: \x7f"),
        format!("\r\n\r\n{fine}"),
        format!("\n{fine}"),
        format!(" {fine}"),
        fine.replace("HTTP/1.1", "HTTP/2.0"),
        fine.replace("HTTP/1.1", "HTTP/1.2"),
        fine.replace("HTTP/1.1", "http/1.1"),
        fine.replace(" HTTP/1.1", ""),
        fine.replace(" /e ", "  /e "),
        fine.replace(" /e ", " /e  "),
        fine.replace(" /e ", " /e x "),
        fine.replace(" /e ", "\t/e "),
        fine.replace("POST", "PO(ST"),
        fine.replace("POST ", ""),
    ] {
        let kind = refused(&text);
        assert!(matches!(kind, Kind::HeaderAmbiguous | Kind::PathAmbiguous), "{text:?}: {kind:?}");
    }
}

#[test]
fn a_head_has_bounds() {
    let lines = |count: usize| "X: a\r\n".repeat(count);
    assert_eq!(taken(&with(&format!("{}Content-Length: 2\r\n", lines(98)))), one("{}"));
    assert_eq!(refused(&with(&format!("{}Content-Length: 2\r\n", lines(99)))), Kind::HeadersTooLarge);
    let long = |length: usize| with(&format!("X: {}\r\nContent-Length: 2\r\n", "a".repeat(length)));
    assert_eq!(taken(&long(60_000)), one("{}"));
    assert_eq!(refused(&long(66_000)), Kind::HeadersTooLarge);
    assert_eq!(refused(&long(80_000)), Kind::HeadersTooLarge);
    // One that never ends.
    assert_eq!(refused(&format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(80_000))), Kind::HeadersTooLarge);
    let target = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: g\r\n\r\n", "a".repeat(length));
    assert_eq!(taken(&target(MOST_TARGET)), one(""));
    assert_eq!(refused(&target(MOST_TARGET + 2000)), Kind::TargetTooLong);
    assert_eq!(refused(&"a".repeat(MOST_TARGET + 2000)), Kind::TargetTooLong);
}

#[test]
fn a_request_names_one_host() {
    let text = |hosts: &str| format!("GET /e HTTP/1.1\r\n{hosts}\r\n");
    for host in ["g", "g:8080", "127.0.0.1:1", "[::1]:80", "a_b.example.com"] {
        assert_eq!(taken(&text(&format!("Host: {host}\r\n"))), one(""), "{host}");
    }
    for hosts in [
        "",
        "Host:\r\n",
        "Host: g\r\nHost: g\r\n",
        "Host: g\r\nhost: h\r\n",
        "Host: g, h\r\n".replace(", ", " ").as_str(),
        "Host: g/h\r\n",
        "Host: g@h\r\n",
        "Host: \u{e4}\r\n",
    ] {
        assert_eq!(refused(&text(hosts)), Kind::HeaderAmbiguous, "{hosts:?}");
    }
    // HTTP/1.0 knew none; two are too many all the same.
    let old = |hosts: &str| text(hosts).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(taken(&old("")), (vec![String::new()], false));
    assert_eq!(refused(&old("Host: g\r\nHost: g\r\n")), Kind::HeaderAmbiguous);
}

#[test]
fn a_target_is_a_path_here() {
    let text = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: g:80\r\n\r\n");
    let read = |target: &str| {
        let mut seen = read(&text(target));
        assert_eq!(seen.end, Ok(true), "{target}");
        let request = seen.taken.remove(0);
        (request.path, request.query)
    };
    let found = |path: &str, query: Option<&str>| (path.to_owned(), query.map(str::to_owned));
    assert_eq!(read("/a/b"), found("/a/b", None));
    assert_eq!(read("/a?b=c?d"), found("/a", Some("b=c?d")));
    assert_eq!(read("//a"), found("//a", None));
    assert_eq!(read("http://g:80/a?b"), found("/a", Some("b")));
    assert_eq!(read("HTTPS://G:80"), found("/", None));
    assert_eq!(read("http://g:80?b"), found("/", Some("b")));
    for target in [
        "*",
        "a/b",
        "?b",
        "g:80",
        "http:/a",
        "http://h/a",
        "http://g/a",
        "http://g:80@h/a",
        "http://u@g:80/a",
        "ftp://g:80/a",
        "/a#b",
        "/a?b#c",
        "/a<b",
        "/\u{e4}",
        "http://g:80#/a",
    ] {
        assert_eq!(refused(&text(target)), Kind::PathAmbiguous, "{target}");
    }
}

#[test]
fn nothing_but_an_interim_answer_can_be_expected() {
    let waits = |text: &str| read(text).taken.first().map(|request| request.waits);
    assert_eq!(waits(&with("Expect: 100-Continue\r\nContent-Length: 2\r\n")), Some(true));
    assert_eq!(waits(&with("Content-Length: 2\r\n")), Some(false));
    // Who sends nothing waits for nothing.
    assert_eq!(waits(&with("Expect: 100-continue\r\nContent-Length: 0\r\n")), Some(false));
    for value in ["200-ok", "100-continue, x", "", "100-continue=1"] {
        let text = with(&format!("Expect: {value}\r\nContent-Length: 2\r\n"));
        assert_eq!(refused(&text), Kind::Expectation, "{value:?}");
        // HTTP/1.0 knows none, and passes it over.
        assert_eq!(waits(&text.replace("HTTP/1.1", "HTTP/1.0")), Some(false));
    }
}

#[test]
fn requests_follow_one_another_until_one_says_otherwise() {
    let fine = with("Content-Length: 2\r\n");
    let three = |second: &str| taken(&format!("{fine}{second}{fine}"));
    assert_eq!(three(&chunked("1\r\nx\r\n0\r\n\r\n")), (vec!["{}".into(), "x".into(), "{}".into()], true));
    for last in [
        with("Content-Length: 2\r\nConnection: close\r\n"),
        with("Content-Length: 2\r\nConnection: x, Close\r\n"),
        with("Content-Length: 2\r\nConnection: keep-alive\r\nConnection: close\r\n"),
        with("Content-Length: 2\r\nConnection: keep-alive\r\n").replace("HTTP/1.1", "HTTP/1.0"),
    ] {
        assert_eq!(three(&last), (vec!["{}".into(), "{}".into()], false), "{last:?}");
    }
}

#[test]
fn the_extensions_of_a_body_are_bounded_together() {
    // Digits, so that the body is JSON; each chunk has one.
    let body = |chunks: usize| {
        let extension = "x".repeat(1000);
        chunked(&(format!("1;{extension}\r\n1\r\n").repeat(chunks) + "0\r\n\r\n"))
    };
    assert_eq!(taken(&body(16)), one(&"1".repeat(16)));
    assert_eq!(refused(&body(17)), Kind::BodyAmbiguous);
}

#[test]
fn chunks_are_written_in_one_way() {
    let fine = "2\r\n{1\r\n2\r\n2}\r\n0\r\n\r\n";
    assert_eq!(taken(&chunked(fine)), one("{12}"));
    assert_eq!(taken(&chunked(&fine.replacen("2\r\n", "02;a=b\r\n", 1))), one("{12}"));
    for body in [
        fine.replacen("2\r\n", "2\n", 1),
        fine.replacen("2\r\n", "+2\r\n", 1),
        fine.replacen("2\r\n", "0x2\r\n", 1),
        fine.replacen("2\r\n", "2 \r\n", 1),
        fine.replacen("2\r\n", "3\r\n", 1),
        fine.replacen("2\r\n", "1\r\n", 1),
        fine.replacen("{1\r\n", "{1\n", 1),
        fine.replace("0\r\n\r\n", "0\r\nX: y\n\r\n"),
    ] {
        assert_eq!(refused(&chunked(&body)), Kind::BodyAmbiguous, "{body:?}");
    }
}

#[test]
fn half_a_request_is_none() {
    for text in [with("Content-Length: 2\r\n"), chunked("2\r\n{}\r\n0\r\nX: y\r\n\r\n")] {
        assert_eq!(taken(&text), one("{}"));
        for end in 1..text.len() {
            let seen = read(&text[..end]);
            assert!(seen.taken.is_empty() && seen.end == Ok(false), "{:?}", &text[..end]);
        }
    }
}
