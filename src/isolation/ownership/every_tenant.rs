//! Every tenant that the engine has a record of, for callers whose token grants all of them.
//!
//! Requests are pinned to these tenants by name, as to any that a token grants: data without tenant stays out. The list is
//! kept and renewed in the background; no request waits for that while there is a list. One that names a tenant that is
//! not in it has the engine asked anew before it is refused.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use moka::sync::Cache;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::isolation::engine::{Engine, needed, rows};
use crate::percent::encode_query;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Grants, GrantsDigest, Level, Tenant};

/// Time between two renewals: so late a new tenant shows in lists, and a deleted one is gone.
const RENEWED_EVERY: Duration = Duration::from_secs(5);
/// How long after its last use the list is renewed: an engine that nobody asks is left alone.
const RENEWED_FOR: Duration = Duration::from_secs(60);
/// How long a list is used that the engine does not renew.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Time between two questions about tenants that are not in the list, for all callers together.
const COOLDOWN: Duration = Duration::from_secs(1);
/// Records in one question.
const PAGE: usize = 1000;
/// Most tenants; a pin names each of them.
const MOST: usize = 10_000;
/// Callers with different grants of their own whose grants in all are remembered.
const MOST_GRANTS: u64 = 16;

/// Where the ids of all tenants come from: the engine.
pub(crate) trait Source: 'static {
    /// The ids of all tenant records.
    ///
    /// # Errors
    /// The engine did not answer with its tenants.
    async fn tenants(&self) -> Result<BTreeSet<String>, Refusal>;
}

/// The engine's tenant records.
pub(crate) struct EveryTenant {
    kept: ArcSwapOption<Kept>,
    /// Held while the engine is asked, so that it is asked once at a time.
    asking: tokio::sync::Mutex<Asked>,
    renewal: Mutex<Renewal>,
    /// Ids that no caller can have.
    reserved: Vec<String>,
}

/// The latest list.
struct Kept {
    /// When the engine was asked for it.
    asked: Instant,
    every: Arc<Every>,
}

/// All tenants of a list.
struct Every {
    tenants: BTreeSet<Tenant>,
    /// What a caller is granted in all, by the level and its own grants.
    granted: Cache<(Level, GrantsDigest), Arc<Grants>>,
}

#[derive(Default)]
struct Asked {
    /// When the latest question that was answered began, and its answer.
    last: Option<(Instant, Result<Arc<Every>, Refusal>)>,
    /// When a request that named another tenant last had the engine asked.
    named: Option<Instant>,
}

#[derive(Default)]
struct Renewal {
    used: Option<Instant>,
    task: Option<JoinHandle<()>>,
}

impl EveryTenant {
    /// Nothing is asked yet.
    pub(crate) fn new(reserved: &[String]) -> Self {
        Self {
            kept: ArcSwapOption::empty(),
            asking: tokio::sync::Mutex::default(),
            renewal: Mutex::default(),
            reserved: reserved.to_vec(),
        }
    }

    /// The caller with every tenant granted at the level that its token names.
    ///
    /// # Errors
    /// There is no list, and the engine did not answer with one: then nothing may go on.
    pub(crate) async fn granted<S: Source>(
        self: &Arc<Self>,
        source: &Rc<S>,
        caller: Caller,
    ) -> Result<Caller, Refusal> {
        let Some(level) = caller.all_tenants() else { return Ok(caller) };
        self.keep_renewed(source);
        let every = match self.kept() {
            Some(every) => every,
            None => self.ask(&**source, false).await?,
        };
        let grants = every.granted(level, caller.grants());
        Ok(caller.granted(grants))
    }

    /// The caller with the tenants that have come since its list, for a request that names one which is not in that; none
    /// where none has come. An engine that does not answer leaves the list as it is.
    pub(crate) async fn anew(&self, source: &impl Source, caller: &Caller) -> Option<Caller> {
        let level = caller.all_tenants()?;
        drop(self.ask(source, true).await);
        let every = self.kept()?;
        let new = |tenant: &&Tenant| caller.level(tenant.as_str()).is_none_or(|granted| granted < level);
        every.tenants.iter().find(new)?;
        // What it had stays: the request may be narrowed to that already.
        Some(caller.clone().granted(every.granted(level, caller.grants())))
    }

    /// The list, unless it is too old.
    fn kept(&self) -> Option<Arc<Every>> {
        let kept = self.kept.load_full()?;
        (kept.asked.elapsed() <= KEPT_FOR).then(|| Arc::clone(&kept.every))
    }

    /// Sees to it that the list is renewed from now on.
    fn keep_renewed<S: Source>(self: &Arc<Self>, source: &Rc<S>) {
        let mut renewal = self.renewal();
        renewal.used = Some(Instant::now());
        // A task ends with its worker, too.
        if renewal.task.as_ref().is_none_or(JoinHandle::is_finished) {
            let renew = Arc::clone(self).renew(Rc::clone(source));
            renewal.task = Some(tokio::task::spawn_local(renew));
        }
    }

    async fn renew(self: Arc<Self>, source: Rc<impl Source>) {
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            if self.renewal().used.is_none_or(|used| used.elapsed() > RENEWED_FOR) {
                // The next use waits for a new list.
                self.kept.store(None);
                return;
            }
            drop(self.ask(&*source, false).await);
        }
    }

    fn renewal(&self) -> std::sync::MutexGuard<'_, Renewal> {
        self.renewal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the engine, unless a question was answered meanwhile that began after this call. `named`: for a request that
    /// names another tenant; within the cooldown such a one only waits for a question that is under way.
    async fn ask(&self, source: &impl Source, named: bool) -> Result<Arc<Every>, Refusal> {
        let called = Instant::now();
        let mut asked = self.asking.lock().await;
        if let Some((began, answer)) = &asked.last
            && (*began >= called || named && asked.named.is_some_and(|at| at.elapsed() < COOLDOWN))
        {
            return answer.clone();
        }
        let began = Instant::now();
        if named {
            // Before the answer: who hangs up may not ask more often.
            asked.named = Some(began);
        }
        let answer = source.tenants().await.map(|ids| self.keep(began, &ids));
        if let Err(refusal) = &answer {
            let cause = refusal.cause().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(code = refusal.kind().code(), cause, "the list of tenants was not renewed");
        }
        asked.last = Some((began, answer.clone()));
        answer
    }

    /// Keeps what the engine answered. What is no tenant's id here is left out, as no caller could have it.
    fn keep(&self, asked: Instant, ids: &BTreeSet<String>) -> Arc<Every> {
        let tenants = ids.iter().filter_map(|id| Tenant::read(id, &self.reserved).ok()).collect();
        let same = self.kept.load_full().filter(|kept| kept.every.tenants == tenants);
        let every = match same {
            Some(kept) => Arc::clone(&kept.every),
            None => Arc::new(Every { tenants, granted: Cache::new(MOST_GRANTS) }),
        };
        self.kept.store(Some(Arc::new(Kept { asked, every: Arc::clone(&every) })));
        every
    }
}

impl Every {
    /// These grants, and every tenant at a level.
    fn granted(&self, level: Level, own: &Grants) -> Arc<Grants> {
        self.granted.get_with((level, own.digest()), || {
            let mut all = own.clone();
            self.tenants.iter().for_each(|tenant| all.add(tenant.clone(), level));
            Arc::new(all)
        })
    }
}

impl Source for Engine {
    async fn tenants(&self) -> Result<BTreeSet<String>, Refusal> {
        let mut all = BTreeSet::new();
        for page in 0.. {
            let (first, most) = ((page * PAGE).to_string(), PAGE.to_string());
            let mut target = "/tenant".to_owned();
            let pairs =
                [("sortBy", "id"), ("sortOrder", "asc"), ("firstResult", &first), ("maxResults", &most)];
            encode_query(&mut target, pairs);
            let list = self.ask_for_nobody(&target).await?;
            let records = rows(&list)?;
            for record in records {
                all.insert(needed(record, "id")?);
            }
            if records.len() < PAGE {
                break;
            }
            if (page + 1) * PAGE >= MOST {
                let what =
                    format!("the engine has more than {MOST} tenants; name some by grants of their own");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
        }
        Ok(all)
    }
}
