//! Figures and logs: what operators see of requests. Never a token, a query or a body.

mod line;
mod logging;
mod metrics;
mod outcome;

pub use line::Line;
pub use logging::start as start_logging;
pub use metrics::{Metrics, Scraped, UnderWay, reference as metrics_reference};
pub use outcome::Outcome;
