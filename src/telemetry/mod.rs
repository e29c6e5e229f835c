//! Figures, logs and, in builds with the feature `otlp`, spans: what operators see of requests. Never a token, a query
//! or a body.

mod line;
mod logging;
mod metrics;
mod outcome;
#[cfg(feature = "otlp")]
mod spans;
mod traceparent;

pub use line::Line;
pub use logging::start as start_logging;
pub use metrics::{Metrics, Scraped, UnderWay, reference as metrics_reference};
pub use outcome::Outcome;
#[cfg(feature = "otlp")]
pub use spans::{Ended, Spans, start as start_spans};
pub use traceparent::Traceparent;
