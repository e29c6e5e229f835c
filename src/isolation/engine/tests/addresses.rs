//! Several addresses of one engine: who gets which request, and which address is left out.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// An engine at an address of its own: answers everything, or takes connections and says nothing, or is not there.
struct At {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Answers,
    /// But for its version.
    Silent,
    SilentThroughout,
}

async fn serve(listener: TcpListener, how: How) -> At {
    let address = listener.local_addr().unwrap();
    let at = At { address, heads: Arc::default(), connections: Arc::default() };
    let (heads, connections) = (at.heads.clone(), at.connections.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (heads, connections) = (heads.clone(), connections.clone());
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut input = Vec::new();
                while stream.read_buf(&mut input).await.is_ok_and(|read| read > 0) {
                    if !input.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    let head = String::from_utf8(std::mem::take(&mut input)).unwrap();
                    let version = head.starts_with("GET /version");
                    heads.lock().unwrap().push(head);
                    if how == How::Answers || (how == How::Silent && version) {
                        stream.write_all(FINE.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    at
}

async fn at(how: How) -> At {
    serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), how).await
}

impl At {
    /// Requests, without questions for the version.
    fn requests(&self) -> usize {
        self.heads.lock().unwrap().iter().filter(|head| !head.starts_with("GET /version")).count()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn ask(pool: &Pool, patience: u64) -> Result<(), SendError> {
    let head = RequestHead::new("GET", ["", "/task"], pool.addresses.first_host_line(), b"").unwrap();
    let until = Instant::now() + Duration::from_millis(patience);
    let (head, lease) = pool.send(head.end(empty()), until).await?;
    let mut answer = Answer::new(head, lease, Duration::from_secs(5), room());
    assert_eq!(answer.whole(99).await.unwrap().unwrap(), "[]");
    Ok(())
}

fn left_out(pool: &Pool) -> Vec<usize> {
    pool.addresses.stats().iter().map(|one| one.left_out).collect()
}

/// Waits until so many are left out.
async fn until_left_out(pool: &Pool, expected: &[usize]) {
    for _ in 0..100 {
        if left_out(pool) == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        // A request is what makes a trial due.
        let _ = ask(pool, 100).await;
    }
    panic!("{:?} are left out", left_out(pool));
}

#[tokio::test]
async fn requests_go_to_each_address_in_turn_over_connections_of_its_own() {
    let (one, two) = (at(How::Answers).await, at(How::Answers).await);
    let pool = pool_of(&[one.address, two.address]);
    for _ in 0..6 {
        ask(&pool, 5000).await.unwrap();
    }
    for at in [&one, &two] {
        assert_eq!((at.requests(), at.connections()), (3, 1));
        // Each is named as it is configured.
        let line = format!("\r\nhost: {}\r\n", at.address);
        assert!(at.heads.lock().unwrap().iter().all(|head| head.contains(&line)), "{:?}", at.heads);
    }
    assert_eq!(left_out(&pool), [0, 0]);
}

#[tokio::test]
async fn an_address_that_refuses_costs_no_request_and_is_used_again_when_it_answers() {
    let (one, gone) = (at(How::Answers).await, nobody().await);
    let pool = pool_of(&[gone, one.address]);
    for _ in 0..6 {
        ask(&pool, 5000).await.unwrap();
    }
    assert_eq!((one.requests(), left_out(&pool)), (6, vec![1, 0]));
    // The engine comes up.
    let back = serve(TcpListener::bind(gone).await.unwrap(), How::Answers).await;
    until_left_out(&pool, &[0, 0]).await;
    let before = back.requests();
    for _ in 0..4 {
        ask(&pool, 5000).await.unwrap();
    }
    assert_eq!(back.requests(), before + 2);
}

#[tokio::test]
async fn where_every_address_is_left_out_nothing_is_tried_for_a_while() {
    let (first, second) = (nobody().await, nobody().await);
    let pool = pool_of(&[first, second]);
    assert!(matches!(ask(&pool, 5000).await, Err(SendError::Connect(_))));
    assert_eq!(left_out(&pool), [1, 1]);
    // One is there, but nobody looks before its time is over.
    let one = serve(TcpListener::bind(first).await.unwrap(), How::Answers).await;
    match ask(&pool, 5000).await {
        Err(SendError::LeftOut(remaining)) => assert!(remaining <= Duration::from_secs(1), "{remaining:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(one.connections(), 0);
    // The twin: later.
    until_left_out(&pool, &[0, 1]).await;
    ask(&pool, 5000).await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_silent_is_left_out_unless_it_tells_its_version() {
    let mut engine = config::Engine::default();
    engine.timeout = Duration::from_millis(100);
    for how in [How::Silent, How::SilentThroughout] {
        let silent = at(how).await;
        engine.origins = vec![format!("http://{}", silent.address)];
        let pool = Pool::new(Arc::new(Addresses::new(&engine).unwrap()));
        assert!(matches!(ask(&pool, 50).await, Err(SendError::Late)));
        if how == How::SilentThroughout {
            until_left_out(&pool, &[1]).await;
        } else {
            // What one tenant's request comes to must not take the engine from all.
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!((left_out(&pool), silent.connections()), (vec![0], 2));
        }
    }
}

#[tokio::test]
async fn a_name_stands_for_its_network_addresses() {
    let one = at(How::Answers).await;
    let mut engine = config::Engine::default();
    engine.origins = vec![format!("http://localhost:{}", one.address.port())];
    let pool = Pool::new(Arc::new(Addresses::new(&engine).unwrap()));
    assert_eq!(pool.addresses.stats()[0].known, 0);
    ask(&pool, 5000).await.unwrap();
    // It may stand for another family, too, where nobody answers.
    let stats = &pool.addresses.stats()[0];
    assert!(stats.known >= 1 && stats.left_out < stats.known, "{stats:?}");
    let head = one.heads.lock().unwrap().last().unwrap().clone();
    assert!(head.contains(&format!("host: localhost:{}\r\n", one.address.port())), "{head}");
    // A name that nobody has.
    engine.origins = vec!["http://nobody.invalid:1".into()];
    let pool = Pool::new(Arc::new(Addresses::new(&engine).unwrap()));
    assert!(matches!(ask(&pool, 5000).await, Err(SendError::NoAddress)));
}

#[tokio::test]
async fn the_engine_is_alive_where_one_address_is() {
    let (one, gone) = (at(How::Answers).await, nobody().await);
    pool_of(&[gone, one.address]).addresses.any_alive().await.unwrap();
    assert!(pool_of(&[gone]).addresses.any_alive().await.is_err());
}
