//! Health, readiness and metrics: on the admin listener, which never reaches the engine's data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use tokio::sync::watch;

use crate::isolation::{Engine, EngineSetupError};
use crate::state::AppState;
use crate::telemetry::Scraped;

/// Whether the gateway is about to stop, and whether its engine ever answered.
#[derive(Default)]
pub(super) struct Health {
    stopping: AtomicBool,
    engine_seen: AtomicBool,
}

impl Health {
    /// From now on not ready: load balancers look elsewhere before the listener closes.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }
}

/// The present state, and connections of its own to the engine.
pub(super) struct Probe {
    state: watch::Receiver<Arc<AppState>>,
    engine: Mutex<(Arc<AppState>, Arc<Engine>)>,
}

impl Probe {
    /// # Errors
    /// As [`AppState::engine`].
    pub(super) fn new(state: watch::Receiver<Arc<AppState>>) -> Result<Self, EngineSetupError> {
        let now = state.borrow().clone();
        let engine = Arc::new(now.engine()?);
        Ok(Self { state, engine: Mutex::new((now, engine)) })
    }

    fn state(&self) -> Arc<AppState> {
        self.state.borrow().clone()
    }

    fn engine(&self, state: &Arc<AppState>) -> Result<Arc<Engine>, EngineSetupError> {
        let mut kept = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&kept.0, state) {
            *kept = (state.clone(), Arc::new(state.engine()?));
        }
        Ok(kept.1.clone())
    }
}

pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics));
}

/// Alive: the process answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// Ready: keys are there and the engine answered once; else 503 with the reasons.
///
/// An engine that goes away later does not count: all replicas share it, so all would leave the load balancer at once, and
/// clients would meet refused connections in place of `TG502-ENGINE` and `TG503-ENGINE`, which say what is wrong. Until it answered once it
/// counts: a new version with a wrong `engine.url` must not take the place of one that works.
async fn readyz(probe: web::Data<Probe>, health: web::Data<Health>) -> HttpResponse {
    let state = probe.state();
    let (mut reasons, mut notes) = (Vec::new(), String::new());
    if health.stopping.load(Ordering::SeqCst) {
        reasons.push("the gateway is stopping".to_owned());
    }
    reasons.extend(state.tokens.ready().err().map(|e| e.to_string()));
    let alive = match probe.engine(&state) {
        Ok(engine) => engine.alive().await.map_err(|why| why.to_string()),
        Err(why) => Err(why.to_string()),
    };
    match alive {
        Ok(()) => health.engine_seen.store(true, Ordering::SeqCst),
        Err(e) if health.engine_seen.load(Ordering::SeqCst) => {
            notes = format!("not counted, since the engine answered before: {e}\n");
        }
        Err(e) => reasons.push(e),
    }
    let mut response =
        if reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let body = if reasons.is_empty() { "ready\n".to_owned() } else { reasons.join("\n") + "\n" };
    response.content_type("text/plain; charset=utf-8").body(body + &notes)
}

/// Metrics in Prometheus's text format.
async fn metrics(probe: web::Data<Probe>) -> HttpResponse {
    let state = probe.state();
    let taken = state.admission.shares.taken();
    let scraped = Scraped {
        tokens: &state.tokens.stats(),
        ownership: &state.ownership.stats().await,
        addresses: &state.addresses.stats(),
        long_polls: taken.long_polls,
        tenants_active: taken.tenants,
        buffered: state.admission.memory.granted(),
        store: state.admission.store(),
    };
    match state.metrics.text(&scraped) {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(e) => HttpResponse::InternalServerError().body(e.to_string()),
    }
}
