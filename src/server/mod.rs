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

use crate::config::Settings;
use crate::policy::Policy;
use crate::state::AppState;

/// Runs the gateway until it is told to stop. Neither the engine nor the issuer has to answer at start.
///
/// # Errors
/// An address that can't be bound, or settings with a fault.
pub(crate) async fn run(settings: Settings, policy: Policy) -> Result<(), ServeError> {
    let state = Arc::new(AppState::new(settings, policy)?);
    // For readiness; and a fault is found out here, before a worker would meet it.
    let probe = web::Data::new(state.engine()?);
    state.tokens.start();

    let tls = tls::Tls::start(&state)?;
    let public = workers::Public::start(&state, tls)
        .map_err(|source| ServeError::Listen { address: state.settings.listen, source })?;

    let shared = web::Data::from(state.clone());
    let health = web::Data::new(status::Health::default());
    let health_of_app = health.clone();
    let admin = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(health_of_app.clone())
            .app_data(probe.clone())
            .configure(status::routes)
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
    shutdown::until_told(public, admin, &health, &state.settings.limits).await
}
