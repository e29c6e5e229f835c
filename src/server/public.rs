//! The public listener's one handler.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use http::HeaderValue;

use super::access_log::RequestLog;
use super::connection::Handler;
use super::response::Response;
use super::stopping::{Phase, Stopping};
use super::{cors, reply};
use crate::isolation::Engine;
use crate::journey::journey;
use crate::policy::Operation;
use crate::refusal::{Kind, Refusal};
use crate::request::{Arrival, Head, Pace, Payload};
use crate::response::{Places, Reply};
use crate::state::AppState;
use crate::telemetry::{Outcome, RequestRecord, UnderWay};

/// What one worker needs.
pub(super) struct Worker {
    current: RefCell<Current>,
    stopping: Rc<Stopping>,
}

/// What requests begin with.
struct Current {
    state: Arc<AppState>,
    /// Connections belong to the worker that opened them: sharing a pool between workers halves its throughput.
    engine: Option<Rc<Engine>>,
}

/// A request whose head was read.
pub(super) struct Begun {
    state: Arc<AppState>,
    arrival: Result<Arrival, Unread>,
    log: RequestLog,
    under_way: UnderWay,
    origin: Option<HeaderValue>,
}

/// A request that is refused by its head, and the tokens that were sent with it.
struct Unread {
    refusal: Refusal,
    authorization: Vec<Vec<u8>>,
}

/// Kept until the last byte of an answer: what it takes of its tenant's share.
pub(super) struct Held {
    _under_way: Option<UnderWay>,
    _share: Option<Places>,
}

impl Handler for Worker {
    /// Or the answer to a preflight.
    type Begun = Result<Begun, Response<Held>>;
    type Held = Held;

    fn pace(&self) -> Pace {
        Pace::of(&self.current.borrow().state.settings.limits)
    }

    fn begin(&self, head: &Head<'_>, peer: Option<IpAddr>) -> Self::Begun {
        let state = self.current.borrow().state.clone();
        let origin = cors::allowed(&state.settings.cors, head);
        if let Some(origin) = origin.as_ref().filter(|_| head.method == "OPTIONS")
            && let Some(answer) = cors::preflight(origin, head)
        {
            return Err(answer);
        }
        let mut traces = head.all("traceparent").filter_map(|value| std::str::from_utf8(value).ok());
        // Two of them are none (W3C Trace Context section 3.2.2).
        let trace = traces.next().filter(|_| traces.next().is_none());
        let log = RequestLog::begin(state.clone(), method(head.method), trace, peer);
        let under_way = state.metrics.begin();
        let lines = head.lines.iter().map(|line| (line.name, line.value));
        let arrival =
            Arrival::read(&state.base, head.method, head.path, head.query, lines).map_err(|refusal| {
                let authorization = head.all("authorization").map(<[u8]>::to_vec).collect();
                Unread { refusal, authorization }
            });
        Ok(Begun { state, arrival, log, under_way, origin })
    }

    async fn answer(&self, begun: Self::Begun, payload: Payload) -> Response<Held> {
        let Begun { state, arrival, log, under_way, origin } = match begun {
            Ok(begun) => begun,
            Err(preflight) => return preflight,
        };
        let Carried { outcome, record, under_way } =
            self.carry(&state, arrival, payload, log, under_way).await;
        let known = record.user.is_some();
        let mut response = match outcome {
            Ok(mut answer) => {
                let held = Held { _under_way: Some(under_way), _share: answer.share.take() };
                reply::reply(answer, held, move |stopped| state.metrics.cut_off(&record, stopped))
            }
            Err(refusal) => reply::refusal(&refusal),
        };
        response.known = known;
        if let Some(origin) = &origin {
            cors::mark(&mut response, origin);
        }
        response
    }

    fn refuse(&self, refusal: &Refusal, peer: Option<IpAddr>) -> Response<Held> {
        let log = RequestLog::begin(self.current.borrow().state.clone(), "-".into(), None, peer);
        log.end(Outcome::Refused(refusal));
        reply::refusal(refusal)
    }
}

impl Worker {
    pub(super) fn new(state: Arc<AppState>, stopping: Rc<Stopping>) -> Self {
        Self { current: RefCell::new(Current { state, engine: None }), stopping }
    }

    /// Requests begin with that from now on.
    pub(super) fn renew(&self, state: Arc<AppState>) {
        self.current.replace(Current { state, engine: None });
    }

    /// This worker's connections for a request that began with `state`.
    fn engine(&self, state: &Arc<AppState>) -> Result<Rc<Engine>, Refusal> {
        let mut current = self.current.borrow_mut();
        if !Arc::ptr_eq(&current.state, state) {
            return Ok(Rc::new(state.engine()?));
        }
        match &current.engine {
            Some(engine) => Ok(engine.clone()),
            None => Ok(current.engine.insert(Rc::new(state.engine()?)).clone()),
        }
    }

    async fn carry(
        &self,
        state: &Arc<AppState>,
        arrival: Result<Arrival, Unread>,
        payload: Payload,
        mut log: RequestLog,
        under_way: UnderWay,
    ) -> Carried {
        let arrival = match arrival {
            Ok(arrival) => arrival,
            Err(unread) => return ended(Err(to_stranger(state, unread).await), log, under_way),
        };
        let engine = match self.engine(state) {
            Ok(engine) => engine,
            Err(refusal) => return ended(Err(refusal), log, under_way),
        };
        let found = state.policy.find(&arrival.method, &arrival.segments);
        if !found.as_ref().is_some_and(Operation::in_several_writes) {
            let long_poll = found.as_ref().is_some_and(Operation::is_long_poll);
            let journey = journey(state, &engine, arrival, found, payload, &mut log.record);
            let outcome = if long_poll { self.until_stopped(journey).await } else { journey.await };
            return ended(outcome, log, under_way);
        }
        // What takes several writes goes on when its client leaves: the engine would be left with half of it. It is counted
        // and logged by what it did, whoever waits for it.
        let begun = state;
        let state = state.clone();
        let (reply, carried) = tokio::sync::oneshot::channel();
        let live = self.stopping.live();
        tokio::task::spawn_local(async move {
            let _live = live;
            let outcome = journey(&state, &engine, arrival, found, payload, &mut log.record).await;
            if !reply.is_closed() {
                drop(reply.send(ended(outcome, log, under_way)));
                return;
            }
            let record = log.end(Outcome::Abandoned);
            if let Err(refusal) = &outcome {
                state.metrics.refused(&record, refusal);
            }
        });
        carried.await.unwrap_or_else(|_| Carried {
            outcome: Err(Refusal::new(Kind::Internal, "the request was not carried out")),
            record: RequestRecord::default(),
            under_way: begun.metrics.begin(),
        })
    }

    /// A long poll, which may last for longer than the gateway has. It is dropped, and the engine's request with it. An empty
    /// list instead of a refusal would hide tasks that the engine has locked just now.
    async fn until_stopped(
        &self,
        journey: impl Future<Output = Result<Reply, Refusal>>,
    ) -> Result<Reply, Refusal> {
        let mut journey = pin!(journey);
        // The connection's task, in which this runs, is woken when the phase changes.
        std::future::poll_fn(|context| match journey.as_mut().poll(context) {
            Poll::Pending if self.stopping.phase() == Phase::Stopping => {
                let what = "the gateway stops; ask again";
                Poll::Ready(Err(Refusal::new(Kind::Stopping, what).retry_after(1)))
            }
            polled @ (Poll::Ready(_) | Poll::Pending) => polled,
        })
        .await
    }
}

/// A request that was carried out, counted and logged.
struct Carried {
    outcome: Result<Reply, Refusal>,
    /// What it has shown, for an answer that streams.
    record: RequestRecord,
    under_way: UnderWay,
}

/// Which paths there are is said to nobody without a valid token: the token's refusal goes before that of a path outside
/// the engine's interface.
async fn to_stranger(state: &AppState, unread: Unread) -> Refusal {
    let Unread { refusal, authorization } = unread;
    if refusal.kind() != Kind::NoRule {
        return refusal;
    }
    let authorization: Vec<&[u8]> = authorization.iter().map(Vec::as_slice).collect();
    state.tokens.caller(&authorization).await.err().unwrap_or(refusal)
}

fn ended(outcome: Result<Reply, Refusal>, log: RequestLog, under_way: UnderWay) -> Carried {
    let record = log.end(match &outcome {
        Ok(answer) => Outcome::Answered(answer.status),
        Err(refusal) => Outcome::Refused(refusal),
    });
    Carried { outcome, record, under_way }
}

/// A token of RFC 9110 (no blank, no line end), cut: a client may invent one of any length.
fn method(method: &str) -> Cow<'static, str> {
    let known = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"];
    match known.into_iter().find(|known| *known == method) {
        Some(known) => known.into(),
        None => method.get(..16).unwrap_or(method).to_owned().into(),
    }
}
