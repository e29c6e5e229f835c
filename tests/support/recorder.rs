//! Stands between gateway and engine: writes down what reaches the engine and passes it on as it is, or answers
//! from a script (delays, hangs, cuts, and what the engine itself said, made into something else).
//!
//! It works on bytes: what it wrote down is what lay on the wire, in that spelling. One request a connection.

use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::raw::Message;

/// A request that reached the engine.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, raw, without the query.
    pub path: String,
    /// The query, raw, without the question mark; none when there was none.
    pub query: Option<String>,
    /// Headers and body.
    pub message: Message,
}

impl Seen {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.message.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.message.body).into_owned()
    }

    /// The values of all headers of that name, in any case.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.message.all(name)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Ask the real engine.
    Forward,
    /// A JSON answer with that status.
    Json(u16, String),
    /// These bytes, then the connection's end.
    Raw(Vec<u8>),
    /// Wait, then do the other.
    After(Duration, Box<Answer>),
    /// Never answer, keep the connection.
    Hang,
    /// These bytes, then a blank each time, for ever.
    Drip(Vec<u8>, Duration),
    /// End the connection without a byte.
    Cut,
    /// Ask the real engine, and do what is made of its answer.
    Altered(fn(&Message) -> Answer),
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

struct State {
    engine: Option<SocketAddr>,
    seen: Mutex<Vec<Seen>>,
    script: Mutex<Arc<Script>>,
    ended: AtomicBool,
}

/// A running recorder; ends with its owner.
pub struct Recorder {
    address: SocketAddr,
    state: Arc<State>,
}

impl Recorder {
    /// In front of the engine at that address.
    pub fn before(engine_url: &str) -> Self {
        Self::start(0, Some(engine_url))
    }

    /// Without an engine: a script must say what to answer; until then everything is 204.
    pub fn fake() -> Self {
        Self::start(0, None)
    }

    /// On that port.
    pub fn start(port: u16, engine_url: Option<&str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port for the recorder");
        let address = listener.local_addr().unwrap();
        let engine = engine_url.map(|url| {
            let authority = url.trim_start_matches("http://").split('/').next().unwrap();
            authority.parse().expect("the engine's address has an IP address and a port")
        });
        let first: Arc<Script> = match engine {
            Some(_) => Arc::new(|_: &Seen| Answer::Forward),
            None => Arc::new(|_: &Seen| Answer::Raw(b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n".to_vec())),
        };
        let state = Arc::new(State {
            engine,
            seen: Mutex::default(),
            script: Mutex::new(first),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&state, stream));
            }
        });
        Self { address, state }
    }

    /// What the gateway takes as the engine's address.
    pub fn url(&self) -> String {
        format!("http://{}/engine-rest", self.address)
    }

    /// Answers from this script from now on.
    pub fn script(&self, script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// Everything that reached the engine so far, the gateway's own readiness question apart.
    pub fn seen(&self) -> Vec<Seen> {
        let mut all = self.all();
        all.retain(|s| s.path != "/engine-rest/version" && s.path != "/engine-rest/engine");
        all
    }

    /// Everything that reached the engine so far.
    pub fn all(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Forgets what it saw.
    pub fn forget(&self) {
        self.state.seen.lock().unwrap().clear();
    }

    /// The only request seen; fails the test when there was none or another.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{:?}", seen.iter().map(Seen::line).collect::<Vec<_>>());
        seen.remove(0)
    }

    /// Fails the test when anything reached the engine.
    #[track_caller]
    pub fn nothing(&self) {
        let lines: Vec<_> = self.seen().iter().map(Seen::line).collect();
        assert!(lines.is_empty(), "should not have reached the engine: {lines:?}");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then frees the port.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(state: &State, stream: TcpStream) {
    let Ok(reading) = stream.try_clone() else { return };
    let Some(message) = Message::read(&mut BufReader::new(reading), false) else { return };
    let mut words = message.start.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target, None),
    };
    let seen = Seen { method, path, query, message };
    state.seen.lock().unwrap().push(seen.clone());
    if !seen.message.complete {
        return;
    }
    let script = Arc::clone(&*state.script.lock().unwrap());
    answer(state, stream, &seen, script(&seen));
}

fn answer(state: &State, mut stream: TcpStream, seen: &Seen, what: Answer) {
    match what {
        Answer::Forward => drop(forward(state.engine.expect("an engine to forward to"), seen, stream)),
        Answer::Json(status, body) => {
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {length}");
            let _ = stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes());
        }
        Answer::Raw(bytes) => drop(stream.write_all(&bytes)),
        Answer::After(time, then) => {
            std::thread::sleep(time);
            answer(state, stream, seen, *then);
        }
        Answer::Hang => {
            while !state.ended.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Answer::Drip(bytes, time) => {
            let mut written = stream.write_all(&bytes);
            while written.is_ok() && !state.ended.load(Ordering::SeqCst) {
                std::thread::sleep(time);
                written = stream.write_all(b" ");
            }
        }
        Answer::Cut => drop(stream.shutdown(Shutdown::Both)),
        Answer::Altered(make) => {
            let engine = state.engine.expect("an engine to ask");
            let said = ask(engine, seen).ok().and_then(|from| Message::read(&mut BufReader::new(from), true));
            answer(state, stream, seen, make(&said.expect("an answer of the engine")));
        }
    }
}

/// Passes on every byte of the engine's answer as it comes.
fn forward(engine: SocketAddr, seen: &Seen, mut back: TcpStream) -> std::io::Result<()> {
    std::io::copy(&mut ask(engine, seen)?, &mut back)?;
    back.shutdown(Shutdown::Both)
}

/// Sends the request as it came, but for a length in place of chunks and the wish to close.
fn ask(engine: SocketAddr, seen: &Seen) -> std::io::Result<TcpStream> {
    let mut upstream = TcpStream::connect(engine)?;
    let mut head = format!("{}\r\n", seen.message.start);
    for (name, value) in &seen.message.headers {
        let framing = ["connection", "content-length", "transfer-encoding"];
        if !framing.contains(&name.to_ascii_lowercase().as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let with_body = ["POST", "PUT"].contains(&seen.method.as_str()) || !seen.message.body.is_empty();
    if with_body {
        head.push_str(&format!("Content-Length: {}\r\n", seen.message.body.len()));
    }
    upstream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&seen.message.body)?;
    Ok(upstream)
}
