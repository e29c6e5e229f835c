//! Ten minutes of fifty tenants on one engine behind three replicas, while engine and issuer fail and replicas are
//! restarted: `make soak`. `SOAK_SECONDS` makes it shorter or longer.
//!
//! Fails on a foreign marker in any answer; on a request that fails while nothing is wrong but a restart, or the issuer; on a
//! write that was accepted and is not there exactly once; on memory or connections that grow.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub, dead_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod replicas;
mod traffic;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use replicas::Fleet;
use support::api::Api;
use support::issuer::Issuer;
use support::multipart::Form;
use support::{engine, random};
use traffic::{Field, Outcomes, Tenant};
use wire::{Fault, Wire};

/// Tenants, and clients of each.
const TENANTS: usize = 50;
const CLIENTS: usize = 2;
/// Memory and open files by which a replica may have grown when all is quiet again: caches that fill, and connections
/// that wait for their next request.
const MEMORY: f64 = 24.0;
const OPEN: usize = 150;
/// Most memory of a replica while all tenants ask for long answers, in MiB.
const FLOOD: f64 = 256.0;

/// What may happen to requests in a phase besides their proper answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    /// Nothing; a long poll may be sent away by a replica that ends.
    Nothing,
    /// 502, 503 and 504, and 401 for a key that nobody can fetch.
    Fail,
}

struct Soak {
    field: Arc<Field>,
    fleet: Fleet,
    issuer: Issuer,
    to_engine: Wire,
    to_issuer: Wire,
    faults: Vec<String>,
    unit: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaks_is_lost_or_grows() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600_u32);
    let folder = tempfile::tempdir().unwrap();
    let issuer = Issuer::start();
    let to_engine = Wire::to(address(&engine::url())).await;
    let to_issuer = Wire::to(issuer.address()).await;
    let jwks = format!("http://{}/.well-known/jwks.json", to_issuer.address);
    let fleet = Fleet::start(folder.path(), to_engine.address, issuer.issuer(), &jwks).await;
    let public = Api::new(&fleet.address);
    let run = random();
    let tenants: Vec<_> = (0..TENANTS)
        .map(|number| {
            let id = format!("soak{run}{number:02}");
            let api = public.with_token(&issuer.token(&id));
            Tenant::new(number, id, api)
        })
        .collect();
    for tenant in &tenants {
        let model = include_str!("soak.bpmn").replace("MARKER", &tenant.marker());
        let form = Form::deployment(&tenant.marker(), None, &[("soak.bpmn", model.as_bytes())]);
        public.with_token(&issuer.token(&tenant.id)).form("/deployment/create", form).await.ok();
    }
    let field = Arc::new(Field {
        tenants,
        outcomes: Default::default(),
        leaks: Default::default(),
        over: Default::default(),
        flood: Default::default(),
    });
    let clients: Vec<_> = (0..TENANTS * CLIENTS)
        .map(|client| tokio::spawn(Arc::clone(&field).client(client % TENANTS, client)))
        .collect();
    let unit = Duration::from_secs(1) * seconds / 20;
    let mut soak = Soak { field, fleet, issuer, to_engine, to_issuer, faults: Vec::new(), unit };

    soak.phase("calm", 3, May::Nothing).await;
    let before = (soak.fleet.replicas[0].memory(), soak.fleet.replicas[0].open());
    soak.restarts().await;
    soak.engine_faults().await;
    soak.issuer_faults().await;
    soak.flood().await;
    soak.phase("calm again", 2, May::Nothing).await;
    soak.field.over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    // Idle connections end after some seconds.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let stays = &soak.fleet.replicas[0];
    let after = (stays.memory(), stays.open());
    println!(
        "the replica that stayed: {:.1} MiB and {} open files before, {:.1} and {} after",
        before.0, before.1, after.0, after.1
    );
    if after.0 > before.0 + MEMORY || after.1 > before.1 + OPEN {
        soak.faults.push(format!("grew from {before:?} to {after:?}"));
    }
    soak.faults.extend(audit::of_writes(&soak.field, &engine::api()).await);
    soak.faults.extend(audit::of_logs(&soak.fleet.replicas));
    soak.faults.extend(soak.field.leaks.lock().unwrap().drain(..));
    assert!(soak.faults.is_empty(), "{:#?}", soak.faults);
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap()
}

impl Soak {
    /// Lets so many twentieths of the time go by.
    async fn phase(&mut self, name: &str, units: u32, may: May) {
        tokio::time::sleep(self.unit * units).await;
        self.judge(name, may);
    }

    /// Looks at what became of the requests since the last time.
    fn judge(&mut self, name: &str, may: May) {
        let outcomes = self.field.taken();
        let total: usize = outcomes.values().sum();
        println!("{name}: {total} requests");
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for ((operation, outcome), count) in &outcomes {
            *shown.entry(outcome).or_default() += count;
            if !allowed(operation, outcome, may) {
                self.faults.push(format!("{name}: {operation}: {outcome}, {count} times"));
            }
        }
        shown.iter().for_each(|(outcome, count)| println!("  {count:>7} {outcome}"));
        served(name, &outcomes, &mut self.faults);
    }

    /// Each of two replicas in turn, again and again, with long polls open.
    async fn restarts(&mut self) {
        let until = tokio::time::Instant::now() + self.unit * 4;
        let mut next = 0;
        while tokio::time::Instant::now() < until {
            self.fleet.replicas[1 + next % 2].restart().await;
            next += 1;
        }
        self.judge("rolling restarts", May::Nothing);
    }

    async fn engine_faults(&mut self) {
        for fault in [Fault::Refuses, Fault::Cuts, Fault::Drips, Fault::Garbles] {
            self.to_engine.set(fault);
            tokio::time::sleep(self.unit).await;
            self.to_engine.set(Fault::None);
            self.judge(&format!("engine: {fault:?}"), May::Fail);
            // Circuits close, clients come back.
            tokio::time::sleep(self.unit / 2).await;
            self.judge("  after it", May::Fail);
            self.phase("  and then", 0, May::Nothing).await;
        }
    }

    /// Known keys hold while the issuer is away; a new one is taken when it is back.
    async fn issuer_faults(&mut self) {
        for fault in [Fault::Refuses, Fault::Garbles, Fault::Drips] {
            self.to_issuer.set(fault);
            self.phase(&format!("issuer: {fault:?}"), 1, May::Nothing).await;
            self.to_issuer.set(Fault::None);
        }
        self.issuer.rotate();
        for tenant in &self.field.tenants {
            tenant.renew(&self.issuer.token(&tenant.id));
        }
        self.phase("issuer: a new key", 1, May::Nothing).await;
        self.issuer.withdraw_old_keys();
        self.to_issuer.set(Fault::Refuses);
        self.fleet.replicas[1].replace().await;
        self.phase("issuer away, a replica restarts", 1, May::Nothing).await;
        self.to_issuer.set(Fault::None);
        self.fleet.replicas[1].ready().await;
    }

    async fn flood(&mut self) {
        self.field.flood.store(true, Ordering::SeqCst);
        let mut most: f64 = 0.0;
        for _ in 0..20 {
            tokio::time::sleep(self.unit / 10).await;
            let memory = self.fleet.replicas.iter().map(replicas::Replica::memory);
            most = memory.fold(most, f64::max);
        }
        self.field.flood.store(false, Ordering::SeqCst);
        println!("most memory of a replica under long answers: {most:.1} MiB");
        if most > FLOOD {
            self.faults.push(format!("{most:.1} MiB under long answers"));
        }
        self.judge("long answers", May::Fail);
    }
}

/// Whether an outcome belongs to an operation, or to what is wrong at the time.
fn allowed(operation: &str, outcome: &str, may: May) -> bool {
    let status = outcome.split(' ').next().unwrap_or_default();
    match status {
        "200" | "204" => operation != "foreign",
        "404" => matches!(operation, "foreign" | "complete" | "work"),
        // Two clients of a tenant complete the same task: the engine says so.
        "400" | "500" if !outcome.contains("TG") => matches!(operation, "complete" | "work"),
        // Also an answer that was cut in its middle.
        "502" | "503" | "504" | "no" if may == May::Fail => true,
        // A replica that ends sends them away.
        "503" if operation == "long poll" => !outcome.contains("without Retry-After"),
        _ => false,
    }
}

/// A phase in which nothing was answered would prove nothing.
fn served(name: &str, outcomes: &Outcomes, faults: &mut Vec<String>) {
    let good: usize =
        outcomes.iter().filter(|((_, outcome), _)| outcome.starts_with('2')).map(|(_, n)| n).sum();
    let total: usize = outcomes.values().sum();
    if total > 200 && good == 0 && !name.contains("Refuses") {
        faults.push(format!("{name}: nothing was answered"));
    }
}
