//! Metrics, logs and, in builds with the feature `otlp`, spans: what operators see of requests. Never a token, a query
//! or a body.

mod batches;
mod line;
mod logging;
mod metrics;
mod outcome;
mod record;
#[cfg(feature = "otlp")]
mod spans;
mod traceparent;

pub(crate) use line::Line;
pub(crate) use logging::start as start_logging;
pub(crate) use metrics::{Metrics, Scraped, UnderWay};
pub(crate) use outcome::Outcome;
pub(crate) use record::RequestRecord;
#[cfg(feature = "otlp")]
pub(crate) use spans::{Ended, SpansError, start as start_spans};
pub(crate) use traceparent::Traceparent;
