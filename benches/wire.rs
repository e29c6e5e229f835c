//! An engine and a client in this program, for what needs no load generator of its own: what is asked is answered at once, or
//! after a fixed time.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::load::TASK;

/// A message that has arrived whole; its head, in lower case.
async fn message(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&input[..at]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = at + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
            if input.len() >= whole {
                input.drain(..whole);
                return Some(head);
            }
        }
        if stream.read_buf(input).await.ok()? == 0 {
            return None;
        }
    }
}

/// An engine that is the issuer, too. What is asked of tasks takes `delay`.
pub async fn engine(listener: TcpListener, jwks: String, delay: Duration) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let jwks = jwks.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            let mut input = Vec::new();
            while let Some(head) = message(&mut stream, &mut input).await {
                let path = head.split(' ').nth(1).unwrap_or_default();
                let record = TASK.trim_matches(['[', ']']);
                let body = match path.strip_prefix("/engine-rest/") {
                    None => jwks.as_str(),
                    Some(path) if path.starts_with("task/") || path.starts_with("process-definition/") => {
                        record
                    }
                    Some(_) => TASK,
                };
                if path.starts_with("/engine-rest/task") {
                    tokio::time::sleep(delay).await;
                }
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A request, written; with a body it is a POST.
pub fn request(path: &str, token: &str, body: Option<&str>) -> String {
    let head = format!(
        "/engine-rest{path} HTTP/1.1\r\nHost: g\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n"
    );
    match body {
        None => format!("GET {head}\r\n"),
        Some(body) => {
            let length = body.len();
            format!("POST {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        }
    }
}

/// Sends a request; the answer's status.
pub async fn ask(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = message(stream, &mut Vec::new()).await.expect("the gateway hung up");
    head[9..12].parse().unwrap()
}
