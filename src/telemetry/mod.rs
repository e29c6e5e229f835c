//! Figures and logs.

mod logging;
mod metrics;

pub use logging::start as start_logging;
pub use metrics::Metrics;
