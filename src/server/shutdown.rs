//! Stop accepting, let requests end, leave.

use actix_web::dev::Server;
use tokio::signal::unix::{SignalKind, signal};

use super::error::ServeError;
use super::status::Health;
use super::workers::Public;
use crate::config::Limits;

/// Runs both servers until SIGTERM or SIGINT. SIGTERM: not ready at once, still accepting for the delay, then
/// requests under way get the grace time; SIGINT: the same without the delay.
pub(super) async fn until_told(
    public: Public,
    admin: Server,
    health: &Health,
    limits: &Limits,
) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let admin_handle = admin.handle();
    let admin = tokio::spawn(admin);
    let delay = tokio::select! {
        _ = terminate.recv() => limits.shutdown_delay,
        _ = interrupt.recv() => std::time::Duration::ZERO,
    };
    tracing::info!("stopping: no longer ready, requests under way get {:?}", limits.shutdown_grace);
    health.stop();
    public.leave();
    tokio::time::sleep(delay).await;
    public.stop().await;
    admin_handle.stop(false).await;
    admin.await?.map_err(ServeError::Failed)
}
