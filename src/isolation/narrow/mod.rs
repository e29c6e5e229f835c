//! A request and its rule become a draft of the engine's request: everything in it is built anew from what was checked.
//!
//! `field.rs` decides what a field means, once; `query.rs` and `body.rs` put its decisions into a query string and a
//! JSON body. A draft leaves holes for ids whose owner is not known yet.
//!
//! INVARIANT: after narrowing, every tenant pin that the field rules name is there and holds exactly the caller's
//! tenant. An empty pin is never written: to the engine it means all tenants (facts 2).

mod body;
mod class_names;
mod field;
mod fitted;
#[cfg(test)]
mod granted_tests;
mod pins;
mod query;
mod sent;
#[cfg(test)]
mod tests;
mod twin;

pub(crate) use class_names::class_names;
pub(crate) use fitted::{Fitted, Pages};

use super::draft::{Draft, DraftBody, Segment};
use super::ownership::{Handles, KeyQuestion, ResourceId};
use crate::config::{SharedResources, Tenancy, Users};
use crate::json::Json;
use crate::policy::{Body, Empty, Forward, Operation, Part, Policy, ResourceTypeId, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Tenant};
use field::Narrowed;

/// What narrowing needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Narrowing<'a> {
    policy: &'a Policy,
    caller: &'a Caller,
    kind: RuleKind,
    shared: SharedResources,
    users: Users,
    handles: &'a Handles,
    /// The decoded parameters of the path.
    params: &'a [String],
    /// The path's key is read without tenant: the caller has no definition of it, and shared ones are readable.
    shared_key: bool,
}

/// What a client asks for, besides the path.
#[derive(Clone, Debug)]
pub(crate) struct RequestParts {
    /// The method that goes to the engine.
    pub(crate) method: String,
    /// The query string's pairs.
    pub(crate) query: Vec<(String, String)>,
    /// The JSON body, if one was sent.
    pub(crate) body: Option<Json>,
}

/// A narrowed request.
pub(crate) enum Outcome {
    /// To be sent, once the owners of its ids are known.
    Forward(Draft),
    /// Answered empty without asking the engine.
    Empty(Empty),
}

impl<'a> Narrowing<'a> {
    /// Narrowing for one request of `operation` by `caller`.
    pub(crate) fn new(
        policy: &'a Policy,
        tenancy: &Tenancy,
        handles: &'a Handles,
        caller: &'a Caller,
        operation: &'a Operation,
    ) -> Self {
        Self {
            policy,
            caller,
            kind: operation.rule.kind,
            shared: tenancy.shared_resources,
            users: tenancy.users,
            handles,
            params: &operation.params,
            shared_key: false,
        }
    }
}

impl Narrowing<'_> {
    /// Narrows a request by its rule.
    ///
    /// # Errors
    /// Whatever the field rules refuse.
    pub(crate) fn narrow(&self, forward: &Forward, asks: RequestParts) -> Result<Outcome, Refusal> {
        needs_one_of(forward, &asks.query)?;
        let (query, mut narrowed) = match forward.query {
            Some(field_rules) => self.query(field_rules, asks.query)?,
            None => query::without_rules(asks.query)?,
        };
        let body = match forward.body {
            Body::None => DraftBody::None,
            Body::Multipart(form) => DraftBody::Multipart(form),
            Body::Json(field_rules) => {
                // An empty body is `{}` to the engine: all tenants, if nothing were put in (facts 2).
                let (json, inner) = self.object(field_rules, asks.body.unwrap_or_else(Json::object))?;
                narrowed.absorb(inner);
                DraftBody::Json(json)
            }
        };
        if narrowed.empty {
            return match forward.empty {
                Some(empty) => Ok(Outcome::Empty(empty)),
                None => Err(self.refuse_without_tenant("withoutTenantId")),
            };
        }
        Ok(Outcome::Forward(Draft {
            method: asks.method,
            segments: self.segments(forward, &narrowed)?,
            query,
            body,
            without_tenant: narrowed.without_tenant || forward.makes_batch || self.shows_shared(forward),
            opened: narrowed.opened,
        }))
    }

    /// The question whose the path's key is, of all tenants that are granted for the rule's kind; none where there is
    /// nothing to ask. The second tells whether a shared definition will do where none of them has the key.
    ///
    /// It is asked where the rule reads, puts the caller's tenant behind the key itself (the client asked without one), and
    /// granted tenants may have it, or shared definitions are readable.
    ///
    /// # Errors
    /// The rules name no list by which the question could be asked.
    pub(crate) fn key_question(&self, forward: &Forward) -> Result<Option<(KeyQuestion, bool)>, Refusal> {
        let tenants = || self.caller.tenants(self.kind.level());
        let shared = self.key_may_be_shared(forward);
        // Reading only: who removes a key twice must not remove another's the second time.
        let reads = self.kind == RuleKind::Read;
        let granted = reads
            && (self.caller.own().is_none() || tenants().nth(1).is_some())
            && forward.to.contains(&Part::CallerTenant);
        if !shared && !granted {
            return Ok(None);
        }
        Ok(self.ask_for_key(forward, tenants())?.map(|question| (question, shared)))
    }

    fn key_may_be_shared(&self, forward: &Forward) -> bool {
        let readable = self.shared == SharedResources::Readable && self.kind == RuleKind::Read;
        readable && !forward.own_only && forward.to.contains(&Part::CallerTenant)
    }

    fn ask_for_key<'t>(
        &self,
        forward: &Forward,
        tenants: impl Iterator<Item = &'t Tenant>,
    ) -> Result<Option<KeyQuestion>, Refusal> {
        let key = forward.to.iter().find_map(|part| match part {
            Part::Key(n, resource_type) => Some((*resource_type, self.param(*n))),
            Part::Literal(_) | Part::CallerTenant | Part::Tenant(_) | Part::Id(..) | Part::Free(_) => None,
        });
        let question =
            key.map(|(resource_type, key)| KeyQuestion::new(self.policy, resource_type, key, tenants));
        question.transpose()
    }

    /// The decoded parameter of the path by its number; empty where there is none.
    pub(crate) fn param(&self, number: usize) -> &str {
        self.params.get(number).map_or("", String::as_str)
    }

    /// The type of tasks' ids.
    pub(crate) fn task_type(&self) -> ResourceTypeId {
        self.policy.types.task
    }

    /// The same, reading the path's key without tenant.
    pub(crate) fn without_key_tenant(&self) -> Self {
        Self { shared_key: true, ..*self }
    }

    /// The tenant of a key that stands without one, until a look-up says which granted tenant has it.
    fn key_tenant(&self) -> Result<Segment, Refusal> {
        let reads = self.kind == RuleKind::Read;
        let tenant = if reads { self.caller.first()? } else { self.caller.needs_own()? };
        Ok(Segment::KeyTenant(tenant.as_str().to_owned()))
    }

    fn segments(&self, forward: &Forward, narrowed: &Narrowed) -> Result<Vec<Segment>, Refusal> {
        let param = |n: &usize| self.params.get(*n).cloned().unwrap_or_default();
        // The rule puts `/tenant-id/{T}` behind a key; what is read without tenant has neither.
        let without_tenant = |number: usize| {
            let at = |n: Option<usize>| n.and_then(|n| forward.to.get(n));
            self.shared_key
                && (at(Some(number)) == Some(&Part::CallerTenant)
                    || at(number.checked_add(1)) == Some(&Part::CallerTenant))
        };
        let parts = forward.to.iter().enumerate().filter(|(number, _)| !without_tenant(*number));
        // What a body pins or binds to a tenant is written to that tenant's record, or it would bring the record there.
        let within = |id: ResourceId| match &narrowed.within {
            Some(tenant) => id.within(tenant),
            None => id,
        };
        let segment = |(number, part): (usize, &Part)| {
            Ok(match part {
                Part::Literal(text) => Segment::Text(text.clone()),
                Part::CallerTenant => self.key_tenant()?,
                Part::Tenant(n) => {
                    let id = ResourceId::tenant(param(n), self.kind);
                    let before = number.checked_sub(1).and_then(|before| forward.to.get(before));
                    // Definitions of granted tenants may be named, and their records read. To change a record is its own
                    // tenant's affair, whatever the level, and so are the profiles of users, which bear tenants' ids.
                    let behind =
                        |text: &str| matches!(before, Some(Part::Literal(literal)) if literal == text);
                    let granted = behind("tenant-id") || behind("tenant") && self.kind == RuleKind::Read;
                    Segment::Id(if granted { id } else { id.own_of(self.caller) })
                }
                Part::Id(n, resource_type) => {
                    let id = within(ResourceId::new(*resource_type, param(n), self.kind));
                    Segment::Id(if forward.own_only { id } else { id.or_shared() })
                }
                Part::Free(n) | Part::Key(n, _) => Segment::Text(param(n)),
            })
        };
        parts.map(segment).collect()
    }

    /// Whether what a shared definition or deployment shows may be without tenant.
    fn shows_shared(&self, forward: &Forward) -> bool {
        let shareable = |part: &Part| match part {
            Part::Id(_, resource_type) | Part::Key(_, resource_type) => {
                self.policy.resource_type(*resource_type).is_some_and(|f| f.shareable.is_some())
            }
            Part::Literal(_) | Part::CallerTenant | Part::Tenant(_) | Part::Free(_) => false,
        };
        self.shared == SharedResources::Readable
            && self.kind == RuleKind::Read
            && !forward.own_only
            && forward.to.iter().any(shareable)
    }

    /// The engine's id of a handle that was made for the caller.
    fn opened(&self, resource_type: ResourceTypeId, handle: &str) -> Option<String> {
        let purpose = self.policy.resource_type(resource_type)?.handle.as_deref()?;
        self.handles.open(purpose, self.caller, handle)
    }
}

fn needs_one_of(forward: &Forward, query: &[(String, String)]) -> Result<(), Refusal> {
    let there = |name: &String| query.iter().any(|(n, v)| n == name && !v.is_empty());
    if forward.needs_one_of.is_empty() || forward.needs_one_of.iter().any(there) {
        return Ok(());
    }
    let what =
        format!("this has no tenant to pin: name an own id by one of {}", forward.needs_one_of.join(", "));
    Err(Refusal::new(Kind::FieldDenied, what))
}
