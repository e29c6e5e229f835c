//! Stop accepting, let requests end, leave.

use std::sync::Arc;

use actix_web::dev::Server;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::error::ServeError;
use super::status::Health;
use super::workers::Public;
use crate::state::AppState;

/// Runs both servers until SIGTERM or SIGINT. SIGTERM: not ready at once, still accepting for the delay, then
/// requests under way get the grace time; SIGINT: the same without the delay.
pub(super) async fn until_told(
    public: Public,
    admin: Server,
    health: &Health,
    state: &watch::Receiver<Arc<AppState>>,
) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let admin_handle = admin.handle();
    let admin = tokio::spawn(admin);
    let terminated = tokio::select! {
        _ = terminate.recv() => true,
        _ = interrupt.recv() => false,
    };
    let state = state.borrow().clone();
    let limits = &state.settings.limits;
    let delay = if terminated { limits.shutdown_delay } else { std::time::Duration::ZERO };
    tracing::info!("stopping: no longer ready, requests under way get {:?}", limits.shutdown_grace);
    health.stop();
    public.leave();
    tokio::time::sleep(delay).await;
    state.admission.leave();
    public.stop().await;
    admin_handle.stop(false).await;
    admin.await?.map_err(ServeError::Failed)
}
