//! The matrix for callers whose token says more than a client id: A's client that is granted B, or every tenant, to read,
//! to work on or in full, a person who is granted B, and a second client of A.
//!
//! What a caller's level covers works on what it reaches, as on the own; what it does not is refused, and nothing of that
//! tenant changes. Whatever it is granted, a tenant that it does not reach, and what has no tenant, is to it as what never
//! existed: nothing of that comes back, and its state stays the same. `tests/golden/access-matrix-granted.txt` holds what
//! each caller's requests came to; `UPDATE=1` writes it anew. `ONLY=text` runs the rows whose name holds that text.

mod callers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tenantgate::policy::{Policy, RuleKind};

use self::callers::{CALLERS, Caller, Reach};
use super::cases::{self, Row, Sort};
use super::columns::{Column, Filler, Sides};
use super::estate::Estate;
use super::making;
use super::run::{Run, send};
use super::state::{self, Secrets};
use super::{ONE_AT_A_TIME, Shared, changes, golden};
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::recorder::Answer;
use crate::support::snapshot::Snapshot;

/// So many refused writes are looked at together: to read all of a tenant takes forty requests.
const LOOKED_AT_AFTER: usize = 20;

/// What a caller came to, for a row.
type Cells = BTreeMap<String, Vec<(&'static str, String)>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_access_matrix_with_grants() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let policy = tenantgate::policy::load(None).unwrap();
    let rows = Arc::new(rows(&policy));
    let sides = Arc::new(Hidden::new().await);
    let lanes: Vec<_> = CALLERS
        .iter()
        .map(|caller| {
            let (rows, hidden) = (Arc::clone(&rows), Arc::clone(&sides));
            tokio::spawn(async move { Lane::new(caller, &hidden).await.run(&rows).await })
        })
        .collect();
    let (mut table, mut problems, mut used) = (Cells::new(), Vec::new(), Vec::new());
    for (caller, lane) in CALLERS.iter().zip(lanes) {
        let (cells, found, estates) = lane.await.unwrap();
        problems.extend(found);
        used.extend(estates);
        for (name, cell) in cells {
            table.entry(name).or_default().push((caller.name, cell));
        }
    }
    for (side, before) in [&sides.tenant, &sides.without_tenant].into_iter().zip(&sides.before) {
        problems.extend(changes("a lane", before, &state::whole(side).await));
    }
    // Not before: a deployment that goes at the same time as another comes makes the engine refuse the other.
    for estate in used.iter().chain([&sides.tenant, &sides.without_tenant]) {
        estate.clear().await;
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    if std::env::var("ONLY").unwrap_or_default().is_empty() {
        golden("access-matrix-granted.txt", &super::written(&table));
    }
}

/// Each row with the kind of its rule.
fn rows(policy: &Policy) -> Vec<(Row, RuleKind)> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let rows = cases::rows(policy).0.into_iter().filter(|row| row.name.contains(&only));
    let kind = |row: &Row| {
        let operation = row.name.split(" (").next().unwrap();
        policy.rules().iter().find(|rule| **rule.operation.name() == *operation).unwrap().kind
    };
    rows.map(|row| (row.clone(), kind(&row))).collect()
}

/// What no caller reaches, the same for all lanes: a tenant, and what has none.
struct Hidden {
    tenant: Estate,
    without_tenant: Estate,
    secrets: [Secrets; 2],
    before: [Snapshot; 2],
}

impl Hidden {
    async fn new() -> Self {
        let (tenant, without_tenant) = (full("C").await, Estate::new("S", false).await);
        for kind in making::KINDS {
            without_tenant.kept(kind).await;
        }
        let secrets = [Secrets::of(&tenant).await, Secrets::of(&without_tenant).await];
        let before = [state::whole(&tenant).await, state::whole(&without_tenant).await];
        Self { tenant, without_tenant, secrets, before }
    }
}

async fn states(sides: &[Estate]) -> Vec<Snapshot> {
    let mut all = Vec::new();
    for side in sides {
        all.push(state::quick(side).await);
    }
    all
}

/// A tenant with one of each kind.
async fn full(letter: &str) -> Estate {
    let estate = Estate::new(letter, true).await;
    for kind in making::KINDS {
        estate.kept(kind).await;
    }
    estate
}

/// One caller's rows.
struct Lane<'a> {
    caller: &'static Caller,
    stage: Stage,
    /// The tenant of the caller's own; none: it is the one that it reaches.
    own: Option<Estate>,
    /// Tenants that it reaches, taken in turn.
    reached: Vec<Estate>,
    hidden: &'a Hidden,
    /// The tenants that the engine shows as its records.
    records: Arc<Mutex<Vec<String>>>,
    /// What the reached tenants hold, and the rows since that was looked at.
    before: Vec<Snapshot>,
    since: Vec<String>,
    problems: Vec<String>,
}

impl<'a> Lane<'a> {
    async fn new(caller: &'static Caller, hidden: &'a Hidden) -> Self {
        let stage = caller.stage().await;
        let own = match caller.reach {
            Reach::Own | Reach::NamedAlone => None,
            Reach::Named | Reach::Every => Some(full("A").await),
        };
        let mut reached = vec![full("B").await];
        if caller.reach == Reach::Every {
            reached.push(full("D").await);
        }
        let records: Vec<String> =
            own.iter().chain(&reached).map(|side| side.tenant.clone().unwrap()).collect();
        let records = Arc::new(Mutex::new(records));
        let shown = Arc::clone(&records);
        // Else every tenant of all tests that run now, and how many would be chance.
        stage.recorder.script(move |seen| {
            if seen.path != "/engine-rest/tenant" || !seen.header("x-camunda-user").is_empty() {
                return Answer::Forward;
            }
            let records: Vec<_> = shown.lock().unwrap().iter().map(|id| json!({"id": id})).collect();
            Answer::Json(200, json!(records).to_string())
        });
        let before = states(&reached).await;
        let (since, problems) = (Vec::new(), Vec::new());
        Self { caller, stage, own, reached, hidden, records, before, since, problems }
    }

    async fn run(mut self, rows: &[(Row, RuleKind)]) -> (Vec<(String, String)>, Vec<String>, Vec<Estate>) {
        let (mut cells, mut used) = (Vec::new(), Vec::new());
        for (number, (row, kind)) in rows.iter().enumerate() {
            let covered = self.caller.covers(*kind);
            // What is allowed may use its id up, or the whole deployment: it gets a tenant of its own.
            let fresh = if row.changes && covered { Some(self.fresh().await) } else { None };
            if let Some(cell) = self.row(row, covered, number, fresh.as_ref()).await {
                cells.push((row.name.clone(), cell));
            }
            used.extend(fresh);
            if self.since.len() == LOOKED_AT_AFTER {
                self.look().await;
            }
        }
        self.look().await;
        used.extend(self.own.into_iter().chain(self.reached));
        (cells, self.problems, used)
    }

    /// Nothing that is refused changed a reached tenant; what is allowed had a tenant of its own.
    async fn look(&mut self) {
        let rows = std::mem::take(&mut self.since);
        let name = format!("{}, one of {rows:?},", self.caller.name);
        let now = states(&self.reached).await;
        for (before, now) in self.before.iter().zip(&now) {
            self.problems.extend(changes(&name, before, now));
        }
        self.before = now;
    }

    /// A tenant of this row's own, when the gateway knows it.
    async fn fresh(&self) -> Estate {
        let estate = Estate::new("B", true).await;
        let tenant = estate.tenant.clone().unwrap();
        if self.caller.reach == Reach::Every {
            self.records.lock().unwrap().push(tenant.clone());
            let (app, began) = (self.client(&estate), Instant::now());
            while app.get(&format!("/task/count?tenantIdIn={tenant}")).await.status != 200 {
                assert!(began.elapsed() < Duration::from_secs(10), "a new tenant is not seen");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // One at a time: reports take so many tenants and no more.
            let kept = usize::from(self.own.is_some()) + self.reached.len();
            let mut records = self.records.lock().unwrap();
            records.truncate(kept);
            records.push(tenant);
        }
        estate
    }

    /// The caller that reaches this tenant.
    fn client(&self, reached: &Estate) -> Api {
        let own = self.own.as_ref().unwrap_or(reached).tenant.as_deref().unwrap();
        self.caller.client(&self.stage, own, reached.tenant.as_deref().unwrap())
    }

    async fn row(
        &mut self,
        row: &Row,
        covered: bool,
        number: usize,
        fresh: Option<&Estate>,
    ) -> Option<String> {
        let reached = fresh.unwrap_or(&self.reached[number % self.reached.len()]);
        let own = self.own.as_ref().unwrap_or(reached);
        for kind in &row.needs {
            own.kept(kind).await;
        }
        let app = self.client(reached);
        let name = format!("{} {}", self.caller.name, row.name);
        let mut problems = self.hidden_row(row, number, own, &app).await;
        let sides = Sides { own, foreign: reached, shared: &self.hidden.without_tenant };
        let of_own = self.caller.reach == Reach::Own;
        let mut filler = Filler::new(sides, if of_own { Column::Own } else { Column::Foreign });
        let ask = filler.ask(&row.ask).await?;
        let names_reached = filler.values.values().any(|whose| whose == "foreign");
        if !names_reached && !of_own {
            self.problems.extend(problems);
            return None;
        }
        if !covered && row.changes {
            self.since.push(row.name.clone());
        }
        let reply = send(&app, &row.method, &ask).await;
        let asked = format!("{} {}", ask.path, ask.body.as_deref().unwrap_or_default());
        let seen = self.hidden.secrets.iter().filter_map(|secrets| secrets.seen_in(&reply, &asked));
        problems.extend(seen.map(|what| format!("{name}: {what}")));
        let works = (200..300).contains(&reply.status);
        if works && !covered && row.changes && row.sort == Sort::Tenants {
            problems.push(format!("{name}: not refused: {reply}"));
        }
        if of_own && !row.own.map_or(works, |status| reply.status == status) {
            problems.push(format!("{name}: not as in the own tenant: {reply}"));
        }
        let cell = match reply.refusal() {
            Some(code) => code,
            None if works => "works".to_owned(),
            None => format!("{} of the engine", reply.status),
        };
        problems.extend(self.as_the_first(row, own, &app).await);
        self.problems.extend(problems);
        Some(cell)
    }

    /// What the caller does not reach is as what never existed; both sides are taken in turn.
    async fn hidden_row(&self, row: &Row, number: usize, own: &Estate, app: &Api) -> Vec<String> {
        let without_tenant = &self.hidden.without_tenant;
        let foreign = if number.is_multiple_of(2) { &self.hidden.tenant } else { without_tenant };
        let run = Run {
            stage: &self.stage,
            sides: Sides { own, foreign, shared: without_tenant },
            secrets: &self.hidden.secrets,
            setting: Shared::Hidden,
            client: Some(app),
        };
        let problems = run.columns(row, &[Column::Foreign, Column::Missing]).await.problems;
        problems.into_iter().map(|problem| format!("{}, hidden: {problem}", self.caller.name)).collect()
    }

    /// Another client of the same tenant reads the same.
    async fn as_the_first(&self, row: &Row, own: &Estate, app: &Api) -> Option<String> {
        if self.caller.reach != Reach::Own || row.changes {
            return None;
        }
        let tenant = own.tenant.as_deref().unwrap();
        let first = callers::first_client(&self.stage, tenant);
        let sides = Sides { own, foreign: own, shared: &self.hidden.without_tenant };
        let run = |client| Run {
            stage: &self.stage,
            sides,
            secrets: &[],
            setting: Shared::Hidden,
            client: Some(client),
        };
        let (one, other) =
            (run(&first).answered(row, Column::Own).await, run(app).answered(row, Column::Own).await);
        (one != other).then(|| {
            format!("{} {}: not as the first client: {one:?}\n    {other:?}", self.caller.name, row.name)
        })
    }
}
