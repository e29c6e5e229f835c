//! The public listener: connections are taken in one place and shared out among worker threads.
//!
//! Each worker is a thread with a runtime of its own; a connection stays with the worker that got it, as the connections to
//! the engine do. The worker with the fewest gets the next.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::LocalSet;

use super::connection::{Connection, Crowd, Shared, Timing};
use super::date::Date;
use super::public;
use super::stopping::{Phase, Stopping};
use super::tls::Tls;
use crate::state::AppState;

/// Connections that the system keeps until they are taken.
const BACKLOG: u32 = 2048;
/// Until the next connection is tried when one could not be taken, for want of files mostly: tried at once, it would fail
/// again and keep a core busy.
const PAUSE: Duration = Duration::from_millis(200);

/// The listener and its workers.
pub(super) struct Public {
    /// The bound address.
    pub(super) address: SocketAddr,
    accepting: tokio::task::JoinHandle<()>,
    phase: watch::Sender<Phase>,
    /// Ends when the last worker has.
    ended: mpsc::Receiver<()>,
    threads: Vec<JoinHandle<()>>,
}

/// A connection that was taken, and its place.
struct Taken {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    place: Place,
}

/// A place among all connections; free again when dropped.
struct Place {
    _permit: OwnedSemaphorePermit,
    of_worker: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of_worker.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker, as the listener sees it.
struct Worker {
    connections: Arc<AtomicUsize>,
    hand: mpsc::UnboundedSender<Taken>,
}

impl Public {
    /// Binds and starts.
    ///
    /// # Errors
    /// An address that can't be bound, or threads that can't be had.
    pub(super) fn start(renewed: &watch::Receiver<Arc<AppState>>, tls: Option<Tls>) -> io::Result<Self> {
        let state = renewed.borrow().clone();
        let limits = &state.settings.limits;
        let listener = listener(state.settings.listen)?;
        let address = listener.local_addr()?;
        let (phase, seen) = watch::channel(Phase::Serving);
        let (end, ended) = mpsc::channel(1);
        let count =
            limits.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let crowd = Crowd::new(limits.connections);
        let (mut workers, mut threads) = (Vec::new(), Vec::new());
        for number in 0..count {
            let (hand, taken) = mpsc::unbounded_channel();
            workers.push(Worker { connections: Arc::default(), hand });
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (state, tls, seen, end) = (renewed.clone(), tls.clone(), seen.clone(), end.clone());
            let of_worker = crowd.clone();
            let work = move || {
                LocalSet::new().block_on(&runtime, work(state, tls, taken, seen, of_worker));
                ended_with(runtime);
                drop(end);
            };
            threads.push(std::thread::Builder::new().name(format!("worker-{number}")).spawn(work)?);
        }
        let accepting = tokio::spawn(accept(listener, workers, crowd.places()));
        Ok(Self { address, accepting, phase, ended, threads })
    }

    /// Each answer ends its connection from now on.
    pub(super) fn leave(&self) {
        self.phase.send_replace(Phase::Leaving);
    }

    /// Takes no more connections; ends when requests under way have, or their time is over.
    pub(super) async fn stop(mut self) {
        self.accepting.abort();
        // Closed before any client is told to go elsewhere.
        let _ = (&mut self.accepting).await;
        self.phase.send_replace(Phase::Stopping);
        let _ = self.ended.recv().await;
        for thread in self.threads {
            // A panic of a worker was told when it happened.
            let _ = thread.join();
        }
    }
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for what is left of old connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes connections for ever.
async fn accept(listener: TcpListener, workers: Vec<Worker>, places: Arc<Semaphore>) {
    loop {
        // Never closed.
        let Ok(permit) = places.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(taken) => taken,
            Err(error) => {
                // What happened to one connection before it was taken says nothing about the next.
                let of_one = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
                if !of_one.contains(&error.kind()) {
                    tracing::warn!(%error, "a connection can't be taken");
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        // Without it a streamed answer waits for the client's delayed acknowledgement: 40 ms.
        let Ok(stream) = stream.set_nodelay(true).and_then(|()| stream.into_std()) else { continue };
        let fewest = workers.iter().min_by_key(|worker| worker.connections.load(Ordering::Relaxed));
        let Some(worker) = fewest else { return };
        worker.connections.fetch_add(1, Ordering::Relaxed);
        let place = Place { _permit: permit, of_worker: worker.connections.clone() };
        // A worker that has ended takes none; the connection is closed.
        let _ = worker.hand.send(Taken { stream, peer, place });
    }
}

/// One worker, until the gateway stops and nothing is under way, or the time for that is over.
async fn work(
    mut state: watch::Receiver<Arc<AppState>>,
    tls: Option<Tls>,
    mut taken: mpsc::UnboundedReceiver<Taken>,
    mut phase: watch::Receiver<Phase>,
    crowd: Crowd,
) {
    let stopping = Rc::new(Stopping::default());
    let first = state.borrow_and_update().clone();
    let limits = &first.settings.limits;
    let (timing, most_target) = (Cell::new(Timing::new(limits)), Cell::new(limits.max_target_bytes));
    let handler = public::Worker::new(first.clone(), stopping.clone());
    drop(first);
    let shared = Rc::new(Shared {
        handler,
        stopping: stopping.clone(),
        date: Date::default(),
        timing,
        most_target,
        crowd,
    });
    while stopping.phase() != Phase::Stopping {
        tokio::select! {
            Some(taken) = taken.recv() => serve(taken, &shared, tls.as_ref()),
            Ok(()) = state.changed() => renew(&shared, state.borrow_and_update().clone()),
            changed = phase.changed() => {
                // A listener that is gone has stopped.
                let now = changed.map_or(Phase::Stopping, |()| *phase.borrow_and_update());
                stopping.set(now);
            }
        }
    }
    // Those that were handed over before, perhaps with a request already.
    taken.close();
    while let Some(taken) = taken.recv().await {
        serve(taken, &shared, tls.as_ref());
    }
    let grace = state.borrow().settings.limits.shutdown_grace;
    if tokio::time::timeout(grace, stopping.all_ended()).await.is_err() {
        tracing::warn!("requests under way were cut: they did not end within {grace:?}");
    }
}

/// Another configuration: requests under way end by the one that they began with.
fn renew(shared: &Shared<public::Worker>, state: Arc<AppState>) {
    let limits = &state.settings.limits;
    shared.timing.set(Timing::new(limits));
    shared.most_target.set(limits.max_target_bytes);
    shared.handler.renew(state);
}

fn serve(taken: Taken, shared: &Rc<Shared<public::Worker>>, tls: Option<&Tls>) {
    let Taken { stream, peer, place } = taken;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let (shared, live) = (shared.clone(), shared.stopping.live());
    let Some(tls) = tls.cloned() else {
        let connection = Connection::new(stream, shared, Some(peer.ip()));
        tokio::task::spawn_local(async move {
            connection.run(live).await;
            drop(place);
        });
        return;
    };
    tokio::task::spawn_local(async move {
        if let Some(stream) = tls.accept(stream).await {
            Connection::new(stream, shared, Some(peer.ip())).run(live).await;
        }
        drop(place);
    });
}

/// Threads that look up names may still wait; nobody waits for them.
fn ended_with(runtime: Runtime) {
    runtime.shutdown_background();
}
