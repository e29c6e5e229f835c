//! A connection becomes an arrival; an outcome becomes a reply.
//!
//! Builds and starts the two listeners and tells their bound addresses: the public one takes everything in one
//! place (no router of the server's own decides what is protected), the admin one never reaches the engine.

mod access_log;
mod connection;
mod cors;
mod date;
mod error;
mod public;
mod reload;
mod reply;
mod response;
mod shutdown;
mod status;
mod stopping;
mod tls;
mod workers;

use std::sync::Arc;

use actix_web::{App, HttpServer, web};
pub(crate) use error::ServeError;
pub(crate) use reload::{Configuration, Read};
use tokio::sync::watch;

use crate::state::AppState;

/// Runs the gateway until it is told to stop; `read` reads the configuration once more. Neither the engine nor the issuer has to answer at start.
///
/// # Errors
/// An address that can't be bound, or settings with a fault.
pub(crate) async fn run(configuration: Configuration, read: Read) -> Result<(), ServeError> {
    let Configuration { settings, policy, files } = configuration;
    let state = Arc::new(AppState::new(settings, policy, None)?);
    state.tokens.start();
    state.admission.start();
    // For readiness; and a fault is found out here, before a worker would meet it.
    let (renew, renewed) = watch::channel(state.clone());
    let probe = web::Data::new(status::Probe::new(renewed.clone())?);

    let tls = tls::Tls::of(&state.settings.tls, &state.metrics)?;
    let public = workers::Public::start(&renewed, tls.clone())
        .map_err(|source| ServeError::Listen { address: state.settings.listen, source })?;

    let health = web::Data::new(status::Health::default());
    let health_of_app = health.clone();
    let admin = HttpServer::new(move || {
        App::new().app_data(health_of_app.clone()).app_data(probe.clone()).configure(status::routes)
    })
    .workers(1)
    .disable_signals()
    .bind(state.settings.admin_listen)
    .map_err(|source| ServeError::Listen { address: state.settings.admin_listen, source })?;
    let admin_address = admin.addrs().first().copied();
    let admin = admin.run();

    let format_address = |a: Option<std::net::SocketAddr>| a.map_or_else(String::new, |a| a.to_string());
    tracing::info!("listening on {}", public.address);
    tracing::info!("admin listening on {}", format_address(admin_address));
    let reload = actix_web::rt::spawn(reload::run(renew, tls, read, files));
    // Kept on, it would keep what a later configuration does without, the store of the limits above all.
    drop(state);
    let ended = shutdown::until_told(public, admin, &health, &renewed).await;
    reload.abort();
    ended
}
