//! A family of metrics as it is declared: its doc comment is its help text and its line in docs/metrics.md.
//!
//! In: a list of names, labels and doc comments. Out: a struct of registered families, and their documentation.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// Upper bounds in seconds: a gateway hop is about a millisecond, a busy engine seconds.
pub(super) const BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What the documents say about a family.
#[cfg(test)]
pub(super) struct MetricDoc {
    /// Its name.
    pub name: &'static str,
    /// Its Prometheus type.
    pub sort: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// Its doc comment.
    pub help: &'static str,
}

/// A type of metric that can be declared.
pub(super) trait Metric: Collector + Clone + Sized + 'static {
    /// The Prometheus type.
    #[cfg(test)]
    const SORT: &'static str;

    /// A family of that name.
    fn make(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<Self>;

    /// A registered family of that name.
    fn registered(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<Self> {
        let family = Self::make(name, help.trim(), labels)?;
        registry.register(Box::new(family.clone()))?;
        Ok(family)
    }
}

macro_rules! metric {
    ($( $type:ty, $sort:literal, |$name:ident, $help:ident, $labels:ident| $make:expr; )+) => { $(
        impl Metric for $type {
            #[cfg(test)]
            const SORT: &'static str = $sort;
            fn make($name: &str, $help: &str, $labels: &[&str]) -> prometheus::Result<Self> { $make }
        }
    )+ };
}

metric! {
    IntCounter, "counter", |name, help, _labels| IntCounter::new(name, help);
    IntCounterVec, "counter", |name, help, labels| IntCounterVec::new(Opts::new(name, help), labels);
    IntGauge, "gauge", |name, help, _labels| IntGauge::new(name, help);
    Gauge, "gauge", |name, help, _labels| Gauge::new(name, help);
    GaugeVec, "gauge", |name, help, labels| GaugeVec::new(Opts::new(name, help), labels);
    HistogramVec, "histogram", |name, help, labels| {
        HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), labels)
    };
}

/// Declares a struct of families.
macro_rules! metrics {
    ($(#[doc = $of:literal])+ $struct:ident {
        $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $name:literal [ $($label:literal),* ]; )+
    }) => {
        $(#[doc = $of])+
        pub(super) struct $struct { $( $(#[doc = $doc])+ pub $field: $type, )+ }

        impl $struct {
            /// The families for the documents, in order.
            #[cfg(test)]
            pub(super) const DOCS: &'static [$crate::telemetry::metrics::metric::MetricDoc] = &[ $(
                $crate::telemetry::metrics::metric::MetricDoc {
                    name: $name,
                    sort: <$type as $crate::telemetry::metrics::metric::Metric>::SORT,
                    labels: &[ $($label),* ],
                    help: concat!($($doc),+),
                },
            )+ ];

            /// Registers all families.
            pub(super) fn register(registry: &prometheus::Registry) -> prometheus::Result<Self> {
                use $crate::telemetry::metrics::metric::Metric;
                Ok(Self { $(
                    $field: <$type>::registered(registry, $name, concat!($($doc),+), &[ $($label),* ])?,
                )+ })
            }
        }
    };
}
pub(super) use metrics;
