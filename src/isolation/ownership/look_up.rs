//! Look-ups: lists pinned to the caller's tenants, asked once for many callers, found owners remembered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;

use super::handle::Handles;
use super::question::{Question, Visible, no_resource_type, owner_of};
use super::resource_id::{OwnedIds, ResourceId};
use super::stats::{Counters, Stats};
use crate::config::SharedResources;
use crate::isolation::engine::{Engine, unreadable};
use crate::isolation::own::{OwnId, ReadableId};
use crate::isolation::permit::{Judged, Unjudged};
use crate::isolation::substitutes::fresh;
use crate::json;
use crate::policy::{LookUp, Policy, ResourceType, ResourceTypeId};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, GrantsDigest, Tenant};

/// Found owners remembered; a key has about 150 bytes.
const REMEMBERED: u64 = 200_000;
/// How long without being asked for; tenants never change (facts 11), so this only bounds memory.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// Most ids in one question by GET: a target of about 8 KiB.
const IDS_BY_GET: usize = 100;
/// Most questions about ids by one look-up, for one request: each is a round trip.
const MOST_QUESTIONS: usize = 1000;
/// Most ids in one question by POST.
const IDS_BY_POST: usize = 2000;

/// Finds out which ids are a caller's.
pub(crate) struct Ownership {
    policy: Arc<Policy>,
    handles: Arc<Handles>,
    shared: SharedResources,
    /// Whose an id is, for callers of one tenant and the same grants: what one has seen must not show to another.
    found: moka::future::Cache<(Option<Tenant>, GrantsDigest, ResourceId), ()>,
    counters: Counters,
}

/// Whose the answer to a probe is.
pub(crate) enum Judgement {
    /// The caller's.
    Own(Judged),
    /// The caller's, by a look-up: its answer was too long to be held, and has to be asked for again.
    OwnAndLong(OwnedIds),
    /// Not the caller's, or nobody's.
    NotOwn,
}

/// Not the caller's: the answer is not remembered, the id may come to be.
#[derive(Clone)]
enum Miss {
    NotOwn,
    Refused(Refusal),
}

impl Ownership {
    /// Nothing is remembered yet.
    pub(crate) fn new(policy: Arc<Policy>, handles: Arc<Handles>, shared: SharedResources) -> Self {
        let found =
            moka::future::Cache::builder().max_capacity(REMEMBERED).time_to_idle(REMEMBERED_FOR).build();
        Self { policy, handles, shared, found, counters: Counters::default() }
    }

    /// Counts, for the metrics.
    pub(crate) async fn stats(&self) -> Stats {
        // The count of a cache that nobody used lately is behind.
        self.found.run_pending_tasks().await;
        self.counters.read(self.found.entry_count())
    }

    /// Which of the asked ids are the caller's.
    ///
    /// # Errors
    /// The engine can't be asked: then nothing may go on.
    pub(crate) async fn of(
        &self,
        engine: &Engine,
        caller: &Caller,
        asked: &[ResourceId],
    ) -> Result<OwnedIds, Refusal> {
        let mut owned = OwnedIds::default();
        let mut open: Vec<&ResourceId> = Vec::new();
        let mut seen = HashSet::new();
        for id in asked {
            if asked.len() > 1 && !seen.insert(id) {
                continue;
            }
            if id.resource_type() == ResourceTypeId::TENANT {
                if id.may_be_of(id.id()) && granted(caller, Some(id.id()), id)? {
                    owned.insert(id.clone(), id.id().to_owned());
                }
            } else if let Some(opened) = self.opened(caller, id) {
                owned.insert_opened(id.clone(), opened);
            } else if id.plausible() {
                open.push(id);
            }
        }
        match open.as_slice() {
            [] => {}
            [one] => {
                if Box::pin(self.one(engine, caller, one)).await? {
                    owned.insert((*one).clone(), one.id().to_owned());
                }
            }
            _ => Box::pin(self.many(engine, caller, open, &mut owned)).await?,
        }
        Ok(owned)
    }

    /// The id, if it is the caller's.
    ///
    /// # Errors
    /// The engine can't be asked: then nothing may go on.
    pub(crate) async fn own_id(
        &self,
        engine: &Engine,
        caller: &Caller,
        asked: ResourceId,
    ) -> Result<Option<OwnId>, Refusal> {
        let owned = self.of(engine, caller, std::slice::from_ref(&asked)).await?;
        Ok(owned.id(&asked).map(OwnId::found))
    }

    /// The id, if the caller may read what it names.
    ///
    /// # Errors
    /// The engine can't be asked: then nothing may go on.
    pub(crate) async fn readable_id(
        &self,
        engine: &Engine,
        caller: &Caller,
        asked: ResourceId,
    ) -> Result<Option<ReadableId>, Refusal> {
        let asked = asked.or_shared();
        let owned = self.of(engine, caller, std::slice::from_ref(&asked)).await?;
        Ok(owned.id(&asked).map(ReadableId::found))
    }

    /// An id that is a handle made for the caller: it is its own, and the engine need not be asked.
    pub(crate) fn by_handle(&self, caller: &Caller, asked: &ResourceId) -> Option<OwnedIds> {
        let mut owned = OwnedIds::default();
        owned.insert_opened(asked.clone(), self.opened(caller, asked)?);
        Some(owned)
    }

    /// The engine's id of a handle that was made for the caller.
    fn opened(&self, caller: &Caller, asked: &ResourceId) -> Option<String> {
        let purpose = self.policy.resource_type(asked.resource_type())?.handle.as_deref()?;
        self.handles.open(purpose, caller, asked.id())
    }

    /// Whose the answer to a probe is.
    ///
    /// # Errors
    /// A record that does not say whose it is, or an engine that can't be asked.
    pub(crate) async fn judge(
        &self,
        engine: &Engine,
        caller: &Caller,
        asked: &ResourceId,
        unjudged: Unjudged,
        limit: usize,
    ) -> Result<Judgement, Refusal> {
        let Unjudged { mut answer } = unjudged;
        if answer.status == http::StatusCode::NOT_FOUND {
            return Ok(Judgement::NotOwn);
        }
        let whole = if answer.status.is_success() { answer.whole(limit).await? } else { None };
        if let Some(whole) = whole {
            let own = self.shows(caller, asked, &whole)?;
            return Ok(if own {
                Judgement::Own(Judged { answer, whole: Some(whole) })
            } else {
                Judgement::NotOwn
            });
        }
        // Too long to hold, or an error of the engine about what may well be an own record.
        let owned = self.of(engine, caller, std::slice::from_ref(asked)).await?;
        Ok(match owned.id(asked) {
            None => Judgement::NotOwn,
            Some(_) if answer.status.is_success() => Judgement::OwnAndLong(owned),
            Some(_) => Judgement::Own(Judged { answer, whole: None }),
        })
    }

    /// Whether counts tell that an id is somebody else's. An answer that shows its owner is not asked for then.
    ///
    /// # Errors
    /// The engine can't be asked.
    pub(crate) async fn is_others(
        &self,
        engine: &Engine,
        caller: &Caller,
        asked: &ResourceId,
    ) -> Result<bool, Refusal> {
        let resource_type = self.policy.resource_type(asked.resource_type()).ok_or_else(no_resource_type)?;
        let counts = resource_type.look_up.iter().filter_map(|look_up| match look_up {
            LookUp::Count { path, param } => Some((path, param)),
            LookUp::GetList { .. } | LookUp::PostList { .. } | LookUp::One { .. } => None,
        });
        let visible = Visible::new(caller, resource_type, asked);
        let question = Question { engine, caller, resource_type, shared: false, visible: &visible };
        for (path, param) in counts {
            self.counters.questions(1);
            if !visible.is_empty() && question.is_others(path, param, asked.id()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn shows(&self, caller: &Caller, asked: &ResourceId, record: &Bytes) -> Result<bool, Refusal> {
        let resource_type = self.policy.resource_type(asked.resource_type()).ok_or_else(no_resource_type)?;
        let owner =
            json::member(record, 1000, resource_type.pin.1).map_err(|fault| unreadable().because(fault))?;
        let owner = owner_of(owner.as_ref(), &Visible::new(caller, resource_type, asked))?;
        let own = owner.is_own(self.shares(resource_type, asked));
        Ok(own && granted(caller, owner.tenant().as_deref(), asked)?)
    }

    /// Whether a record without tenant will do.
    fn shares(&self, resource_type: &ResourceType, asked: &ResourceId) -> bool {
        asked.read() && self.shared == SharedResources::Readable && resource_type.shareable.is_some()
    }

    /// One id: callers that ask for the same at the same time share one question.
    async fn one(&self, engine: &Engine, caller: &Caller, asked: &ResourceId) -> Result<bool, Refusal> {
        let key = (caller.own().cloned(), caller.grants().digest(), asked.clone());
        let mut remembered = true;
        let found = self.found.try_get_with(key, async {
            remembered = false;
            let ids = [asked.id()];
            match self.ask(engine, caller, asked, &ids).await {
                Ok(found) => match is_granted(caller, &found, asked) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Miss::NotOwn),
                    Err(refusal) => Err(Miss::Refused(refusal)),
                },
                Err(refusal) => Err(Miss::Refused(refusal)),
            }
        });
        let found = found.await;
        if remembered {
            self.counters.hit();
        } else {
            self.counters.miss(1);
        }
        match found {
            Ok(()) => Ok(true),
            Err(miss) => match &*miss {
                Miss::NotOwn => Ok(false),
                Miss::Refused(refusal) => Err(refusal.clone()),
            },
        }
    }

    /// Many ids: each resource type in as few questions as the engine's lists allow.
    async fn many(
        &self,
        engine: &Engine,
        caller: &Caller,
        mut open: Vec<&ResourceId>,
        owned: &mut OwnedIds,
    ) -> Result<(), Refusal> {
        let grants = caller.grants().digest();
        while let Some(first) = open.first().copied() {
            let alike = |id: &&ResourceId| id.is_asked_like(first);
            let (group, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(alike);
            open = rest;
            let ids: Vec<&str> = group.iter().map(|asked| asked.id()).collect();
            self.counters.miss(ids.len());
            let found = self.ask(engine, caller, first, &ids).await?;
            for asked in group {
                if is_granted(caller, &found, asked)? {
                    owned.insert(asked.clone(), asked.id().to_owned());
                    let key = (caller.own().cloned(), grants, asked.clone());
                    self.found.insert(key, ()).await;
                }
            }
        }
        Ok(())
    }

    /// Asks the engine by the resource type's look-ups, in order, for what the one before did not find: the ids that are
    /// visible to the caller, each with its tenant.
    async fn ask(
        &self,
        engine: &Engine,
        caller: &Caller,
        like: &ResourceId,
        ids: &[&str],
    ) -> Result<Found, Refusal> {
        let resource_type = self.policy.resource_type(like.resource_type()).ok_or_else(no_resource_type)?;
        let shared = self.shares(resource_type, like);
        let visible = Visible::new(caller, resource_type, like);
        let mut found = Found::new();
        if visible.is_empty() {
            return Ok(found);
        }
        // What is others' is asked for under ids that never existed, as what is missing is under its own: both take the
        // same questions.
        let mut others: HashMap<&str, String> = HashMap::new();
        for look_up in &resource_type.look_up {
            let open = ids.iter().copied().filter(|id| !found.contains_key(*id));
            let open: Vec<&str> = open.map(|id| others.get(id).map_or(id, String::as_str)).collect();
            if open.is_empty() {
                break;
            }
            if open.len().div_ceil(at_a_time(look_up)) > MOST_QUESTIONS {
                let what = format!(
                    "this would take more than {MOST_QUESTIONS} look-ups at the engine; send fewer ids at a time"
                );
                return Err(Refusal::new(Kind::BodyTooLarge, what));
            }
            let question = Question { engine, caller, resource_type, shared, visible: &visible };
            if let LookUp::Count { path, param } = look_up {
                for id in ids {
                    self.counters.questions(1);
                    if question.is_others(path, param, id).await? {
                        others.insert(id, fresh());
                    }
                }
                continue;
            }
            found.extend(self.put(&question, look_up, &open).await?);
        }
        Ok(found)
    }

    async fn put(
        &self,
        question: &Question<'_>,
        look_up: &LookUp,
        open: &[&str],
    ) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let size = at_a_time(look_up);
        let mut found = Vec::new();
        // Questions about single ids go out a few at a time: a list of thousands must not flood the engine.
        for group in open.chunks(size).collect::<Vec<_>>().chunks(8) {
            self.counters.questions(group.len());
            let answers = try_join_all(group.iter().map(|ids| question.put(look_up, ids))).await?;
            found.extend(answers.into_iter().flatten());
        }
        Ok(found)
    }
}

/// Ids that were found, each with its tenant; none for a shared record.
type Found = HashMap<String, Option<String>>;

/// Ids in one question.
fn at_a_time(look_up: &LookUp) -> usize {
    match look_up {
        LookUp::GetList { many: true, .. } => IDS_BY_GET,
        LookUp::PostList { many: true, .. } => IDS_BY_POST,
        LookUp::GetList { .. } | LookUp::PostList { .. } | LookUp::Count { .. } | LookUp::One { .. } => 1,
    }
}

fn is_granted(caller: &Caller, found: &Found, asked: &ResourceId) -> Result<bool, Refusal> {
    match found.get(asked.id()) {
        None => Ok(false),
        Some(tenant) => granted(caller, tenant.as_deref(), asked),
    }
}

/// Whether a visible record's tenant is granted at the level that the operation takes.
///
/// # Errors
/// [`Kind::Level`] where it is granted at a lower one: the caller sees the record, so nothing is told by it.
fn granted(caller: &Caller, tenant: Option<&str>, asked: &ResourceId) -> Result<bool, Refusal> {
    match tenant {
        None => Ok(true),
        Some(tenant) => Ok(caller.at_level(tenant, asked.level())?.is_some()),
    }
}
