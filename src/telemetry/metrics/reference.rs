//! The page of all metrics, made from their doc comments.
//!
//! In: nothing but the declarations. Out: `docs/metrics.md`; a test holds the checked-in page to it, and
//! `UPDATE=1 cargo test --lib up_to_date` writes it anew.

use std::fmt::Write as _;

use super::counted::Counted;
use super::metric::BUCKETS;
use super::read::Read;

const HEAD: &str = "# Metrics\n\n\
<!-- Generated from src/telemetry/metrics/ by `make update`. Change it there. -->\n\n\
`GET /metrics` on the admin listener returns Prometheus's text format, including the metrics of the process (`process_*`). \
Durations are in seconds. Labels come from rules, codes and settings; only `tenant` comes from a verified token, is \
limited in number and never combined with the operation. Rules and alerts: [`helm/files/rules.yaml`](../helm/files/rules.yaml); \
dashboard: [`helm/files/dashboard.json`](../helm/files/dashboard.json). What to do about an alert: \
[operating.md](operating.md).\n";

/// The page `docs/metrics.md`.
fn reference() -> String {
    let mut page = HEAD.to_owned();
    for (title, docs) in [("Requests", Counted::DOCS), ("Tokens, keys, owners, addresses", Read::DOCS)] {
        let _ =
            write!(page, "\n## {title}\n\n| name | type | labels | meaning |\n| --- | --- | --- | --- |\n");
        for doc in docs {
            let labels = doc.labels.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", ");
            let help = doc.help.trim().replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | {} | {labels} | {help} |", doc.name, doc.sort);
        }
    }
    let bounds = BUCKETS.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let _ = write!(page, "\nBuckets of all histograms, in seconds: {bounds}.\n");
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_up_to_date() {
        crate::golden::same_as_checked_in("docs/metrics.md", &super::reference());
    }
}
