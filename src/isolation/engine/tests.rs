//! Connections as an engine sees them: when one is used again, and when it must not be.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::addresses::Addresses;
use super::answer::Answer;
use super::body::{RequestBody, empty};
use super::pool::{Pool, SendError};
use super::request::RequestHead;
use crate::admission::Memory;
use crate::config;
use crate::refusal::Kind;

mod addresses;

/// What an engine does on its connections, the first to come first: on each, an answer to each request. After its last
/// answer it keeps the connection open, unless `close` is set.
#[derive(Clone, Default)]
struct Script {
    connections: Vec<Vec<&'static str>>,
    close: bool,
    /// Answers before it has read the request's body.
    early: bool,
}

struct Played {
    pool: Pool,
    /// The heads that arrived, by connection.
    heads: Arc<Mutex<Vec<(usize, String)>>>,
    /// Connections that the gateway ended.
    ended: Arc<Mutex<Vec<usize>>>,
}

fn pool(listener: &TcpListener) -> Pool {
    pool_of(&[listener.local_addr().unwrap()])
}

fn pool_of(addresses: &[SocketAddr]) -> Pool {
    let origins = addresses.iter().map(|address| format!("http://{address}")).collect();
    let mut engine = config::Engine::default();
    engine.origins = origins;
    Pool::new(Arc::new(Addresses::new(&engine).unwrap()))
}

fn room() -> Memory {
    Memory::new(1 << 20, 0)
}

fn soon_enough() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn played(script: Script) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(&listener);
    let played = Played { pool, heads: Arc::default(), ended: Arc::default() };
    let (heads, ended) = (played.heads.clone(), played.ended.clone());
    tokio::spawn(async move {
        for (number, answers) in script.connections.into_iter().enumerate() {
            let (stream, _) = listener.accept().await.unwrap();
            let (heads, ended) = (heads.clone(), ended.clone());
            tokio::spawn(async move {
                play(stream, number, answers, &heads, (script.close, script.early)).await;
                ended.lock().unwrap().push(number);
            });
        }
    });
    played
}

async fn play(
    mut stream: TcpStream,
    number: usize,
    answers: Vec<&str>,
    heads: &Mutex<Vec<(usize, String)>>,
    (close, early): (bool, bool),
) {
    let mut input = Vec::new();
    let mut answers = answers.into_iter();
    loop {
        while let Some(end) = input.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(input.drain(..end + 4).collect()).unwrap();
            let chunked = head.contains("transfer-encoding: chunked");
            heads.lock().unwrap().push((number, head));
            while chunked && !early && !input.ends_with(b"0\r\n\r\n") {
                if stream.read_buf(&mut input).await.unwrap_or_default() == 0 {
                    return;
                }
            }
            if chunked {
                input.clear();
            }
            let Some(answer) = answers.next() else { return };
            stream.write_all(answer.as_bytes()).await.unwrap();
            if close && answers.len() == 0 {
                return;
            }
        }
        if stream.read_buf(&mut input).await.unwrap_or_default() == 0 {
            return;
        }
    }
}

const FINE: &str = "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]";

impl Played {
    async fn send(&self, body: RequestBody) -> Result<Answer, SendError> {
        let method = if matches!(body, RequestBody::Stream(_)) { "POST" } else { "GET" };
        let head = RequestHead::new(method, ["", "/task"], b"host: e\r\n", b"").unwrap();
        let (head, lease) = self.pool.send(head.end(body), soon_enough()).await?;
        Ok(Answer::new(head, lease, Duration::from_secs(5), room()))
    }

    async fn text(&self) -> Result<String, SendError> {
        let mut answer = self.send(empty()).await?;
        Ok(match answer.whole(usize::MAX).await {
            Ok(whole) => String::from_utf8(whole.unwrap().to_vec()).unwrap(),
            Err(refusal) => refusal.message().to_owned(),
        })
    }

    async fn post(&self) -> Result<Answer, SendError> {
        let head = RequestHead::new("POST", ["", "/task"], b"host: e\r\n", b"").unwrap();
        let (head, lease) = self.pool.send(head.end(empty()), soon_enough()).await?;
        Ok(Answer::new(head, lease, Duration::from_secs(5), room()))
    }

    /// The connections that requests came over.
    fn over(&self) -> Vec<usize> {
        self.heads.lock().unwrap().iter().map(|(number, _)| *number).collect()
    }

    async fn ended(&self, number: usize) -> bool {
        for _ in 0..100 {
            if self.ended.lock().unwrap().contains(&number) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

fn script(connections: &[&[&'static str]]) -> Script {
    Script { connections: connections.iter().map(|all| all.to_vec()).collect(), ..Script::default() }
}

/// Let the engine's bytes arrive.
async fn soon() {
    tokio::time::sleep(Duration::from_millis(30)).await;
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_nobody_s() {
    const FOREIGN: &str =
        "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]HTTP/1.1 200 \r\nContent-Length: 7\r\n\r\nFOREIGN";
    const CHUNKS: &str = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 7\r\n\r\nFOREIGN";
    const EMPTY: &str = "HTTP/1.1 204 \r\n\r\nHTTP/1.1 200 \r\nContent-Length: 7\r\n\r\nFOREIGN";
    const CLOSES: &str = "HTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]";
    for first in [FOREIGN, CHUNKS, EMPTY, CLOSES] {
        let engine = played(script(&[&[first, FINE], &[FINE]])).await;
        engine.text().await.unwrap();
        assert_eq!(engine.text().await.unwrap(), "[]");
        assert_eq!(engine.over(), [0, 1], "{first:?}");
        assert!(engine.ended(0).await);
    }
    // The twin: nothing comes behind it.
    let engine = played(script(&[&[FINE, FINE], &[FINE]])).await;
    for _ in 0..2 {
        assert_eq!(engine.text().await.unwrap(), "[]");
    }
    assert_eq!(engine.over(), [0, 0]);
}

#[tokio::test]
async fn what_comes_while_nothing_was_asked_is_nobody_s() {
    // Of its own accord, as 408 is sent before a close.
    let (pool, mut engine_side) = silent_then("HTTP/1.1 200 \r\nContent-Length: 7\r\n\r\nFOREIGN").await;
    let ask = || async {
        let head = RequestHead::new("GET", ["", "/task"], b"host: e\r\n", b"").unwrap();
        let (head, lease) = pool.send(head.end(empty()), soon_enough()).await.unwrap();
        Answer::new(head, lease, Duration::from_secs(5), room()).whole(99).await.unwrap().unwrap()
    };
    assert_eq!(ask().await, "[]");
    engine_side.recv().await;
    soon().await;
    assert_eq!(ask().await, "[]");
}

/// An engine that answers each first request of a connection, and says something more a little later.
async fn silent_then(more: &'static str) -> (Pool, tokio::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(&listener);
    let (tell, told) = tokio::sync::mpsc::channel(9);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut input = Vec::new();
                while !input.ends_with(b"\r\n\r\n") {
                    stream.read_buf(&mut input).await.unwrap();
                }
                stream.write_all(FINE.as_bytes()).await.unwrap();
                soon().await;
                stream.write_all(more.as_bytes()).await.unwrap();
                tell.send(()).await.unwrap();
                let _ = stream.read_buf(&mut input).await;
                soon().await;
            });
        }
    });
    (pool, told)
}

#[tokio::test]
async fn a_broken_answer_ends_its_connection() {
    for first in [
        "HTTP/1.1 200 \r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        "HTTP/1.1 200 \r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\n0\r\n\r\n",
    ] {
        let engine = played(script(&[&[first, FINE], &[FINE]])).await;
        let text = engine.text().await;
        assert!(
            text.as_ref().is_err() || text.as_ref().is_ok_and(|t| t.contains("was incomplete")),
            "{first:?}"
        );
        assert_eq!(engine.text().await.unwrap(), "[]");
        assert_eq!(engine.over(), [0, 1]);
        assert!(engine.ended(0).await);
    }
}

#[tokio::test]
async fn a_request_goes_again_where_nothing_of_it_was_sent() {
    // The engine closes behind its answer, which is seen before the next request.
    let engine = played(Script { close: true, ..script(&[&[FINE], &[FINE]]) }).await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    soon().await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert_eq!(engine.over(), [0, 1]);
}

#[tokio::test]
async fn a_read_goes_once_more_where_the_engine_closed_a_used_connection() {
    // It closes instead of an answer.
    let engine = played(script(&[&[FINE], &[FINE]])).await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert_eq!(engine.over(), [0, 0, 1]);
    // The twins. A write: the engine may have begun to work.
    let engine = played(script(&[&[FINE], &[FINE]])).await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert!(matches!(engine.post().await, Err(SendError::Exchange(_))));
    assert_eq!(engine.over(), [0, 0]);
    // A fresh connection: it did not end because it was old.
    let engine = played(script(&[&[], &[FINE]])).await;
    assert!(engine.text().await.is_err());
    assert_eq!(engine.over(), [0]);
    // The fresh one ends as well: nothing is sent a third time.
    let engine = played(script(&[&[FINE], &[], &[FINE]])).await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert!(engine.text().await.is_err());
    assert_eq!(engine.over(), [0, 0, 1]);
    // An answer had begun.
    let engine = played(Script { close: true, ..script(&[&[FINE, "HTTP/1.1 200 \r\nX: "], &[FINE]]) }).await;
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert!(engine.text().await.is_err());
    assert_eq!(engine.over(), [0, 0]);
}

#[tokio::test]
async fn an_answer_that_is_held_has_its_time_in_all() {
    const DRIPS: &str = "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n[";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(&listener);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(DRIPS.as_bytes()).await.unwrap();
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(40)).await;
                let _ = stream.write_all(b" ").await;
            }
        }
    });
    let ask = async |time| {
        let head = RequestHead::new("GET", ["", "/task"], b"host: e\r\n", b"").unwrap();
        let (head, lease) = pool.send(head.end(empty()), soon_enough()).await.unwrap();
        Answer::new(head, lease, Duration::from_millis(time), room()).whole(99).await
    };
    assert_eq!(ask(150).await.unwrap_err().kind(), Kind::EngineTimeout);
    // The twin has time enough.
    assert_eq!(ask(2000).await.unwrap().unwrap(), "[        ");
}

#[tokio::test]
async fn an_answer_that_is_dropped_half_read_ends_its_connection() {
    const HALF: &str = "HTTP/1.1 200 \r\nContent-Length: 9\r\n\r\n[";
    let engine = played(script(&[&[HALF, FINE], &[FINE]])).await;
    let mut answer = engine.send(empty()).await.unwrap();
    assert_eq!(answer.piece().await.unwrap().unwrap(), "[");
    drop(answer);
    assert!(engine.ended(0).await);
    assert_eq!(engine.text().await.unwrap(), "[]");
}

fn streaming(pieces: Vec<Result<&'static str, &'static str>>, then_wait: bool) -> RequestBody {
    let pieces = pieces.into_iter().map(|piece| match piece {
        Ok(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
        Err(error) => Err(std::io::Error::other(error)),
    });
    let waits = stream::once(std::future::pending()).take(usize::from(then_wait));
    RequestBody::Stream(StreamBody::new(stream::iter(pieces).chain(waits)).boxed_unsync())
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_sent_is_heard_and_ends_the_connection() {
    let early = Script { early: true, ..script(&[&[FINE, FINE], &[FINE]]) };
    let engine = played(early).await;
    let mut answer = engine.send(streaming(vec![Ok("a")], true)).await.unwrap();
    assert_eq!(answer.whole(99).await.unwrap().unwrap(), "[]");
    drop(answer);
    assert!(engine.ended(0).await);
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert_eq!(engine.over(), [0, 1]);
    // The twin: all of it was sent.
    let engine = played(script(&[&[FINE, FINE], &[FINE]])).await;
    let mut answer = engine.send(streaming(vec![Ok("a"), Ok(""), Ok("b")], false)).await.unwrap();
    assert_eq!(answer.whole(99).await.unwrap().unwrap(), "[]");
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert_eq!(engine.over(), [0, 0]);
}

#[tokio::test]
async fn a_body_that_is_refused_never_ends() {
    let engine = played(script(&[&[FINE], &[FINE]])).await;
    let sent = engine.send(streaming(vec![Ok("a"), Err("refused")], false)).await;
    assert!(matches!(sent, Err(SendError::Exchange(_))));
    assert!(engine.ended(0).await);
    assert_eq!(engine.text().await.unwrap(), "[]");
    assert!(engine.over().last() == Some(&1));
}

#[tokio::test]
async fn an_answer_and_a_request_of_any_size_pass_each_other() {
    const SIZE: usize = 16 * 1024 * 1024;
    // Both sides write more than the sockets hold before either has read.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pool = pool(&listener);
    let engine = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut reads, mut writes) = stream.split();
        let answer =
            [format!("HTTP/1.1 200 \r\nContent-Length: {SIZE}\r\n\r\n").as_bytes(), &vec![b'x'; SIZE]]
                .concat();
        let mut first = [0; 1];
        reads.read_exact(&mut first).await.unwrap();
        writes.write_all(&answer).await.unwrap();
        let mut whole = Vec::new();
        while !whole.ends_with(b"\r\n0\r\n\r\n") {
            assert_ne!(reads.read_buf(&mut whole).await.unwrap(), 0);
        }
        whole.len()
    });
    let piece = Bytes::from(vec![b'y'; 64 * 1024]);
    let frames = stream::iter((0..SIZE / piece.len()).map(move |_| Ok(Frame::data(piece.clone()))));
    let head = RequestHead::new("POST", ["", "/task"], b"host: e\r\n", b"").unwrap();
    let body = RequestBody::Stream(StreamBody::new(frames).boxed_unsync());
    let (head, lease) = pool.send(head.end(body), soon_enough()).await.unwrap();
    let mut answer = Answer::new(head, lease, Duration::from_secs(20), room());
    let mut length = 0;
    while let Some(piece) = answer.piece().await.unwrap() {
        length += piece.len();
    }
    assert_eq!(length, SIZE);
    drop(answer);
    drop(engine);
}
