//! The public listener's one handler.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::dev::{Payload as Body, RequestHead};
use actix_web::http::header::{HeaderName, HeaderValue};

use super::access_log::RequestLog;
use super::{cors, reply};
use crate::isolation::Engine;
use crate::journey::journey;
use crate::policy::Operation;
use crate::refusal::{Kind, Refusal};
use crate::request::{Arrival, Pace, Payload};
use crate::response::Reply;
use crate::state::AppState;
use crate::telemetry::{Outcome, RequestRecord, UnderWay};

/// What one worker needs.
pub(super) struct Worker {
    state: Arc<AppState>,
    /// Connections belong to the worker that opened them: sharing a pool between workers halves its throughput.
    engine: OnceCell<Rc<Engine>>,
}

impl Worker {
    pub(super) fn new(state: Arc<AppState>) -> Self {
        Self { state, engine: OnceCell::new() }
    }

    fn engine(&self) -> Result<&Rc<Engine>, Refusal> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let engine = self.state.engine()?;
        Ok(self.engine.get_or_init(|| Rc::new(engine)))
    }
}

/// Takes any request.
pub(super) async fn serve(worker: &Worker, request: &RequestHead, body: Body) -> HttpResponse {
    let state = worker.state.clone();
    let origin = cors::allowed(&state.settings.cors, request.headers());
    if let Some(origin) = origin.as_ref().filter(|_| request.method.as_str() == "OPTIONS")
        && let Some(answer) = cors::preflight(origin, request.headers())
    {
        return answer;
    }
    let log = RequestLog::begin(state.clone(), request);
    let head = request.method.as_str() == "HEAD";
    let Carried { outcome, record, under_way } = carry(worker, &state, request, body, log).await;
    let mut response = match outcome {
        Ok(mut answer) => {
            let share = answer.share.take();
            reply::reply(answer, head, move |stopped| {
                // Lives as long as the answer streams.
                let _ = (&under_way, &share);
                state.metrics.cut_off(&record, stopped);
            })
        }
        Err(refusal) => {
            let mut response = reply::refusal(&refusal);
            if request.upgrade() || refusal.kind().status().as_u16() == 400 {
                // What follows on this connection may be the rest of what could not be read.
                response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
            }
            response
        }
    };
    if let Some(origin) = &origin {
        cors::mark(&mut response, origin);
    }
    response
}

/// A request that was carried out, counted and logged.
struct Carried {
    outcome: Result<Reply, Refusal>,
    /// What it has shown, for an answer that streams.
    record: RequestRecord,
    under_way: UnderWay,
}

async fn carry(
    worker: &Worker,
    state: &Arc<AppState>,
    request: &RequestHead,
    body: Body,
    mut log: RequestLog,
) -> Carried {
    let under_way = state.metrics.begin();
    let arrived = arrive(worker, state, request);
    let (arrival, engine) = match arrived {
        Ok(arrived) => arrived,
        Err(refusal) => return ended(Err(refusal), log, under_way),
    };
    let payload = Payload::new(body, Pace::of(&state.settings.limits));
    let found = state.policy.find(&arrival.method, &arrival.segments);
    if !found.as_ref().is_some_and(Operation::in_several_writes) {
        let outcome = journey(state, engine, arrival, found, payload, &mut log.record).await;
        return ended(outcome, log, under_way);
    }
    // What takes several writes goes on when its client leaves: the engine would be left with half of it. It is counted
    // and logged by what it did, whoever waits for it.
    let (state, engine) = (state.clone(), engine.clone());
    let (reply, carried) = tokio::sync::oneshot::channel();
    actix_web::rt::spawn(async move {
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
        under_way: worker.state.metrics.begin(),
    })
}

fn ended(outcome: Result<Reply, Refusal>, log: RequestLog, under_way: UnderWay) -> Carried {
    let record = log.end(match &outcome {
        Ok(answer) => Outcome::Answered(answer.status),
        Err(refusal) => Outcome::Refused(refusal),
    });
    Carried { outcome, record, under_way }
}

fn arrive<'a>(
    worker: &'a Worker,
    state: &AppState,
    request: &RequestHead,
) -> Result<(Arrival, &'a Rc<Engine>), Refusal> {
    let uri = &request.uri;
    let host = || request.headers().get("host").and_then(|h| h.to_str().ok());
    // Absolute form (RFC 9112 section 3.2.2) is taken where it names the host that the `Host` header names.
    if uri.authority().is_some_and(|a| host().is_none_or(|h| !h.eq_ignore_ascii_case(a.as_str()))) {
        return Err(Refusal::new(Kind::PathAmbiguous, "the request's target and its `Host` differ"));
    }
    let lines =
        request.headers().iter().map(|(n, v): (&HeaderName, &HeaderValue)| (n.as_str(), v.as_bytes()));
    let arrival = Arrival::read(&state.base, request.method.as_str(), uri.path(), uri.query(), lines)?;
    Ok((arrival, worker.engine()?))
}
