//! Gateway and engine side by side with one tenant's own data.
//!
//! A read is asked of both and must answer the same, byte for byte but for the addresses in links. A write is done
//! on twins: one tenant through the gateway, its twin at the engine itself; status, body and effect must be equal
//! once each twin's own ids are put aside. What the gateway denies is listed, never counted as same.

mod by_id;
mod compare;
mod forms;
mod lists;
mod plain;
mod plenty;
mod rules;
mod twins;
mod values;
mod writes;

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;

use compare::Case;
pub use plenty::Plenty;

use crate::support::api::Api;
use crate::support::engine;

/// What is known to differ, with its reason; may only shrink.
const KNOWN: &str = include_str!("../known-differences.txt");
/// Cases under way at once.
const AT_ONCE: usize = 6;

/// What a run found.
#[derive(Default)]
pub struct Report {
    reads: Figure,
    writes: Figure,
    denied: Vec<String>,
    without_case: Vec<String>,
}

#[derive(Default)]
struct Figure {
    total: usize,
    same: usize,
    known: BTreeSet<String>,
    differences: Vec<String>,
}

impl Figure {
    fn count(&mut self, operation: &str, what: &str, difference: Option<String>) {
        self.total += 1;
        match difference {
            None => self.same += 1,
            Some(text) => match known(operation, what) {
                Some(reason) => {
                    self.known.insert(reason.to_owned());
                    self.total -= 1;
                }
                None => self.differences.push(format!("{operation}  [{what}]\n    {text}")),
            },
        }
    }
}

/// The reason why this case may differ: `OPERATION | part of the case's name | reason`.
fn known(operation: &str, what: &str) -> Option<&'static str> {
    KNOWN.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).find_map(|line| {
        let mut parts = line.splitn(3, '|').map(str::trim);
        let (of, part, reason) = (parts.next()?, parts.next()?, parts.next()?);
        ((of == "*" || of == operation) && what.contains(part)).then_some(reason)
    })
}

impl Report {
    /// Tells the figures.
    pub fn print(&self) {
        for (name, figure) in [("reads", &self.reads), ("writes", &self.writes)] {
            for difference in &figure.differences {
                println!("DIFFERS {difference}");
            }
            for reason in &figure.known {
                println!("known, apart: {reason}");
            }
            println!("own {name} same: {}/{}", figure.same, figure.total);
        }
        println!("denied operations: {}", self.denied.len());
        for operation in &self.denied {
            println!("  {operation}");
        }
        for operation in &self.without_case {
            println!("without a case: {operation}");
        }
    }

    /// Fails the test on any difference.
    pub fn assert(&self) {
        assert!(self.reads.total > 0 && self.writes.total > 0, "no cases");
        let all = self.reads.differences.len() + self.writes.differences.len();
        assert_eq!(all, 0, "{all} differences, see above");
    }
}

async fn reads(figure: &mut Figure, cases: Vec<Case>, gateway: &Api, engine: &Api) {
    let mut done = stream::iter(cases)
        .map(|case| async move {
            let difference = case.difference(gateway, engine).await;
            (case, difference)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((case, difference)) = done.next().await {
        figure.count(&case.operation, &case.what, difference);
    }
}

/// Everything.
pub async fn whole() -> Report {
    run(|_| true).await
}

/// Every `n`th case, for a quick look.
pub async fn some(n: usize) -> Report {
    let number = std::cell::Cell::new(0_usize);
    run(move |_| {
        number.set(number.get() + 1);
        number.get().is_multiple_of(n)
    })
    .await
}

async fn run(keep: impl Fn(&str) -> bool) -> Report {
    let rules = rules::read();
    let own = Plenty::seed(&engine::api(), "A").await;
    let counts = [String::new(), format!("?tenantIdIn={}", own.side.tenant)].map(|pin| {
        let engine = own.engine.clone();
        async move { engine.get(&format!("/deployment/count{pin}")).await.ok().json() }
    });
    let [all, mine] = counts;
    let alone = all.await == mine.await;
    let recorder_url = engine::url();
    let gateway = crate::stage::plan(&recorder_url)
        .env("TENANTGATE_LIMITS__REQUESTS_PER_TENANT", "100000")
        .start()
        .await;
    let through = gateway.api().with_token(&crate::stage::issuer().token(&own.side.tenant));
    let mut report = Report { denied: rules::denied(&rules), ..Report::default() };

    let mut cases = lists::cases(&rules, &own).await;
    cases.extend(by_id::cases(&rules, &own, alone).await);
    let only = std::env::var("PARITY_ONLY").unwrap_or_default();
    cases.retain(|c| keep(&c.operation) && c.operation.contains(&only));
    let mut covered: BTreeSet<String> = cases.iter().map(|c| c.operation.clone()).collect();
    reads(&mut report.reads, cases, &through, &own.engine).await;

    // Only now: until here the tenant may have been alone.
    let twin = Plenty::seed(&engine::api(), "A").await;
    let pair = twins::Pair { own, twin, through };
    for case in
        writes::cases(&rules).into_iter().filter(|c| keep(&c.operation) && c.operation.contains(&only))
    {
        covered.insert(case.operation.clone());
        let difference = pair.difference(&case).await;
        report.writes.count(&case.operation, &case.what, difference);
    }
    for form in forms::cases().into_iter().filter(|c| keep(c.operation) && c.operation.contains(&only)) {
        covered.insert(form.operation.to_owned());
        let difference = pair.form_difference(&form).await;
        report.writes.count(form.operation, &form.what, difference);
    }
    report.without_case = rules
        .iter()
        .filter(|r| r.forwarded())
        .map(|r| r.operation())
        .filter(|o| !covered.contains(o))
        .collect();
    report
}
