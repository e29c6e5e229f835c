//! The public listener's connections: what is no request, what follows one, who waits for whom, and the end.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{issuer, plan};
use crate::support::gateway::Gateway;
use crate::support::random;
use crate::support::raw::Message;
use crate::support::recorder::{Answer, Recorder};

/// A client on a connection of its own.
struct Client {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Client {
    fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        let answers = BufReader::new(stream.try_clone().unwrap());
        Self { stream, answers }
    }

    fn say(&mut self, text: &str) -> &mut Self {
        self.stream.write_all(text.as_bytes()).unwrap();
        self
    }

    fn answer(&mut self) -> Message {
        Message::read(&mut self.answers, true).expect("an answer")
    }

    /// Status and code of the next answer.
    fn refusal(&mut self) -> (String, String) {
        let message = self.answer();
        let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        let status = message.start.split(' ').nth(1).unwrap().to_owned();
        (status, body["code"].as_str().unwrap().to_owned())
    }

    /// Whether the connection ends, in an orderly way, with nothing more on it.
    fn ends(&mut self) -> bool {
        let mut rest = Vec::new();
        self.answers.read_to_end(&mut rest).is_ok_and(|read| read == 0)
    }
}

fn bearer() -> String {
    format!("Authorization: Bearer {}\r\n", issuer().token("someone"))
}

fn get() -> String {
    format!("GET /engine-rest/task HTTP/1.1\r\nHost: g\r\n{}\r\n", bearer())
}

fn post(more: &str, body: &str) -> String {
    let token = bearer();
    format!(
        "POST /engine-rest/task HTTP/1.1\r\nHost: g\r\n{token}Content-Type: application/json\r\n{more}\r\n{body}"
    )
}

/// A gateway of one worker before an engine that has nothing.
async fn gateway() -> (Recorder, Gateway) {
    let recorder = Recorder::fake();
    recorder.script(|_| Answer::Json(200, "[]".into()));
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__WORKERS", "1").start().await;
    recorder.forget();
    (recorder, gateway)
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_nothing_behind_it_is_read() {
    let (recorder, gateway) = gateway().await;
    let fine = get();
    for (bad, status, code) in [
        // Lines that a proxy in front may read as one.
        (fine.replace("Host: g\r\n", "Host: g\n"), "400", "TG400-HEADER"),
        (fine.replace("\r\n", "\n"), "400", "TG400-HEADER"),
        (fine.replace("Host: g\r\n", "Host: g\rX: y\r\n"), "400", "TG400-HEADER"),
        (fine.replace("Host: g\r\n", "Host: g\r\n X: y\r\n"), "400", "TG400-HEADER"),
        (fine.replace("Host: g\r\n", "Host : g\r\n"), "400", "TG400-HEADER"),
        (fine.replace("Host: g\r\n", ""), "400", "TG400-HEADER"),
        (fine.replace("Host: g\r\n", "Host: g\r\nHost: g\r\n"), "400", "TG400-HEADER"),
        (fine.replace("/task", "/task#x"), "400", "TG400-PATH"),
        (fine.replace("/engine", "http://h/engine"), "400", "TG400-PATH"),
        (fine.replace("Host", "Expect: 200-ok\r\nHost"), "417", "TG417-EXPECT"),
        (fine.replace("Host", &format!("X: {}\r\nHost", "a".repeat(70_000))), "431", "TG431-HEADERS"),
        (fine.replace("Host", &format!("{}Host", "X: a\r\n".repeat(100))), "431", "TG431-HEADERS"),
        (fine.replace("/task", &format!("/task?a={}", "a".repeat(40_000))), "414", "TG414-TARGET"),
        // Read, and refused by what it asks.
        (fine.replace("/task", "/task/../task"), "400", "TG400-PATH"),
        (post("Content-Length: 1\r\n", "{"), "400", "TG400-BODY"),
        (post("Transfer-Encoding: chunked\r\n", "2\n{}\r\n0\r\n\r\n"), "400", "TG400-BODY"),
    ] {
        let mut client = Client::connect(gateway.address);
        let refused = client.say(&bad).say(&fine).refusal();
        assert_eq!(refused, (status.to_owned(), code.to_owned()), "{bad:.200}");
        assert!(client.ends(), "something follows {bad:.200}");
    }
    recorder.nothing();
    // The twins: the request itself, twice, and one that is refused for another reason before it.
    let mut client = Client::connect(gateway.address);
    assert_eq!(client.say(&fine.replace("/task", "/no-such")).say(&fine).say(&fine).refusal().0, "403");
    assert_eq!((client.answer().body, client.answer().body), (b"[]".to_vec(), b"[]".to_vec()));
    let mut client = Client::connect(gateway.address);
    let absolute = fine.replace("/engine", "HTTP://G/engine");
    assert_eq!(client.say(&format!("\r\n{absolute}")).answer().body, b"[]");
    let log = gateway.log();
    assert!(log.contains("TG417-EXPECT") && log.contains("TG431-HEADERS"), "{log}");
}

#[tokio::test]
async fn who_expects_an_interim_answer_gets_it_when_the_body_is_wanted() {
    let (recorder, gateway) = gateway().await;
    let head = post("Content-Length: 2\r\nExpect: 100-Continue\r\n", "");
    let mut client = Client::connect(gateway.address);
    let mut interim = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    client.say(&head).answers.read_exact(&mut interim).unwrap();
    assert_eq!(interim.as_slice(), b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.say("{}").answer().body, b"[]");
    // Sent without waiting, the body needs none; and the connection goes on.
    assert_eq!(client.say(&format!("{head}{{}}")).answer().start, "HTTP/1.1 200 OK");
    // Refused before it is wanted: the client need not send it, and what it sends now is no request.
    recorder.forget();
    let denied = head.replace("/task ", "/no-such ");
    assert_eq!(client.say(&denied).refusal().0, "403");
    assert!(client.ends());
    recorder.nothing();
}

#[tokio::test]
async fn a_head_that_takes_long_is_ended_and_an_idle_connection_is_not() {
    let (_recorder, gateway) = gateway().await;
    let mut idle = Client::connect(gateway.address);
    let mut slow = Client::connect(gateway.address);
    let began = Instant::now();
    assert_eq!(slow.say(&get()[..30]).refusal(), ("408".into(), "TG408-SLOW".into()));
    assert!((4..9).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(slow.ends());
    assert_eq!(idle.say(&get()).answer().body, b"[]");
}

/// The body's rest is read so that the next request can follow; a long one ends the connection, and its client still gets
/// the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_bodys_end_arrives_all_the_same() {
    let (recorder, gateway) = gateway().await;
    let denied =
        |length: usize| post(&format!("Content-Length: {length}\r\n"), "").replace("/task ", "/no-such ");
    let mut client = Client::connect(gateway.address);
    assert_eq!(client.say(&denied(30_000)).refusal().0, "403");
    client.say(&"x".repeat(30_000));
    assert_eq!(client.say(&get()).answer().body, b"[]");
    let mut client = Client::connect(gateway.address);
    client.say(&denied(20_000_000));
    // All of it before the answer is looked at, as most clients do.
    for _ in 0..20 {
        client.say(&"x".repeat(1_000_000));
    }
    let answer = client.answer();
    assert!(answer.start.contains("403") && answer.all("connection") == ["close"], "{answer:?}");
    client.say(&get());
    assert!(client.ends());
    assert_eq!(recorder.seen().len(), 1);
}

#[tokio::test]
async fn a_client_that_has_said_its_last_word_is_not_served() {
    let recorder = Recorder::fake();
    recorder.script(|_| {
        std::thread::sleep(Duration::from_millis(300));
        Answer::Json(200, "[]".into())
    });
    let gateway = plan(&recorder.url()).start().await;
    let mut half = Client::connect(gateway.address);
    half.say(&get()).stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(half.ends());
    // The twin stays.
    assert_eq!(Client::connect(gateway.address).say(&get()).answer().body, b"[]");
}

#[tokio::test]
async fn http_1_0_gets_one_answer_that_ends_with_the_connection() {
    let (_recorder, gateway) = gateway().await;
    let old = get().replace("HTTP/1.1", "HTTP/1.0").replace("Host: g\r\n", "Connection: keep-alive\r\n");
    let mut client = Client::connect(gateway.address);
    let answer = client.say(&old).say(&old).answer();
    assert_eq!((answer.start.as_str(), answer.body), ("HTTP/1.0 200 OK", b"[]".to_vec()));
    assert!(client.ends());
}

#[tokio::test]
async fn more_connections_than_there_are_places_wait() {
    let recorder = Recorder::fake();
    recorder.script(|_| Answer::Json(200, "[]".into()));
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__CONNECTIONS", "2").start().await;
    let mut clients: Vec<_> = (0..3).map(|_| Client::connect(gateway.address)).collect();
    for client in &mut clients[..2] {
        assert_eq!(client.say(&get()).answer().body, b"[]");
    }
    clients[2].say(&get()).stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(Message::read(&mut clients[2].answers, true).is_none(), "a third was served");
    drop(clients.remove(0));
    clients[1].stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(clients[1].answer().body, b"[]");
}

/// What a client does not take holds a connection, memory and a share of its tenant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        if seen.path == "/engine-rest/task" {
            return Answer::Json(200, json!([{"id": "own", "tenantId": "someone"}]).to_string());
        }
        let head =
            "HTTP/1.1 200 \r\nContent-Type: application/octet-stream\r\nContent-Length: 33554432\r\n\r\n";
        let mut answer = head.as_bytes().to_vec();
        answer.resize(answer.len() + 33_554_432, b'y');
        Answer::Raw(answer)
    });
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__REPLY_IDLE_TIMEOUT", "1s").start().await;
    let data = get().replace("/task ", "/task/own/attachment/a/data ");
    let mut stuck = Client::connect(gateway.address);
    stuck.say(&data);
    std::thread::sleep(Duration::from_secs(3));
    let mut taken = Vec::new();
    let _ = stuck.answers.read_to_end(&mut taken);
    assert!(taken.len() < 33_554_432, "all of it was there");
    // The twin takes a little now and then.
    let mut slow = Client::connect(gateway.address);
    slow.say(&data);
    let mut piece = vec![0; 4 << 20];
    for _ in 0..8 {
        slow.stream.read_exact(&mut piece).expect("the answer goes on");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn terminate(gateway: &Gateway) {
    let told = std::process::Command::new("kill").arg(gateway.pid().to_string()).status().unwrap();
    assert!(told.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_stops_answers_what_is_under_way_and_long_polls_at_once() {
    let recorder = Recorder::fake();
    recorder.script(|seen| {
        let wait = match seen.path.as_str() {
            "/engine-rest/external-task/fetchAndLock" => 20,
            "/engine-rest/process-instance" => 3,
            _ => 0,
        };
        std::thread::sleep(Duration::from_secs(wait));
        Answer::Json(200, "[]".into())
    });
    let gateway = plan(&recorder.url())
        .env("TENANTGATE_LIMITS__SHUTDOWN_DELAY", "1s")
        .env("TENANTGATE_LIMITS__SHUTDOWN_GRACE", "10s")
        .start()
        .await;
    let body = json!({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 20_000,
        "topics": [{"topicName": format!("t{}", random()), "lockDuration": 1000}]})
    .to_string();
    let poll = post(&format!("Content-Length: {}\r\n", body.len()), &body)
        .replace("/task ", "/external-task/fetchAndLock ");
    let client = || Client::connect(gateway.address);
    let (mut polls, mut works, mut idle, mut used) = (client(), client(), client(), client());
    polls.say(&poll);
    works.say(&get().replace("/task ", "/process-instance "));
    assert_eq!(used.say(&get()).answer().all("connection"), [""; 0]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    terminate(&gateway);
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Still served, and told to go elsewhere next.
    assert_eq!(used.say(&get()).answer().all("connection"), ["close"]);
    assert_eq!(client().say(&get()).answer().body, b"[]");
    let ended = polls.answer();
    assert!(ended.start.contains("503") && ended.all("retry-after") == ["1"], "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.body).contains("TG503-STOPPING"));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(idle.ends() && TcpStream::connect(gateway.address).is_err());
    // The twin, which is no poll, has its answer.
    let answer = works.answer();
    assert_eq!((answer.body.as_slice(), answer.all("connection")), (&b"[]"[..], vec!["close"]));
    let process = format!("/proc/{}/stat", gateway.pid());
    let runs = || std::fs::read_to_string(&process).is_ok_and(|s| !s.contains(") Z "));
    while runs() && began.elapsed() < Duration::from_secs(8) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!runs(), "it waits for nobody");
}

/// With eight places: connections that say nothing, or have no token, do not keep the last quarter.
#[tokio::test]
async fn strangers_do_not_keep_the_last_places() {
    let recorder = Recorder::fake();
    recorder.script(|_| Answer::Json(200, "[]".into()));
    let ask = |more: &str| format!("GET /engine-rest/task HTTP/1.1\r\nHost: g\r\n{more}\r\n");
    // Without a token, and with one that is not even looked at.
    let strangers =
        [(ask(""), "401"), (ask(&format!("Authorization: Bearer {}\r\n", "a".repeat(9000))), "431")];
    for (others, dense) in [(2, false), (6, true)] {
        let gateway = plan(&recorder.url())
            .env("TENANTGATE_LIMITS__CONNECTIONS", "8")
            .env("TENANTGATE_LIMITS__WORKERS", "1")
            .start()
            .await;
        let (address, strangers) = (gateway.address, strangers.clone());
        tokio::task::spawn_blocking(move || {
            // Who has a token stays, however few places are left.
            let known = || {
                let mut client = Client::connect(address);
                assert!(client.say(&get()).answer().start.contains("200"));
                client
            };
            let _others: Vec<_> = (0..others).map(|_| known()).collect();
            let mut known = known();
            let began = Instant::now();
            let mut says_nothing = Client::connect(address);
            // Before its answer is here, the one before it was counted.
            assert!(known.say(&get()).answer().start.contains("200"));
            says_nothing.stream.set_read_timeout(Some(Duration::from_secs(7))).unwrap();
            assert_eq!(says_nothing.ends(), dense, "a connection without a request");
            assert!(!dense || began.elapsed() > Duration::from_secs(4), "{:?}", began.elapsed());
            for (stranger, status) in strangers {
                let mut unknown = Client::connect(address);
                assert!(unknown.say(&stranger).answer().start.contains(status));
                unknown.stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
                assert_eq!(unknown.ends(), dense, "a connection without a token: {status}");
            }
            assert!(known.say(&get()).answer().start.contains("200"), "who has a token stays");
        })
        .await
        .unwrap();
    }
}
