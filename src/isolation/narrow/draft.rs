//! Draft and permit: a narrowed request with holes for ids, and the proof that every hole was filled.

use std::collections::HashMap;

use bytes::Bytes;

use super::shape::{Context, Narrowed, Value};
use crate::config::SharedResources;
use crate::isolation::ownership::{Asked, Owned};
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::policy::{Body, Empty, Forward, Kind as RuleKind, Multipart, Part, Rule};
use crate::refusal::{Kind, Refusal};

/// What narrowing came to.
pub(crate) enum Outcome {
    /// To be sent, once the owners of its ids are known.
    Forward(Draft),
    /// Answered empty without asking the engine.
    Empty(Empty),
}

/// A segment of the engine's path.
#[derive(Clone, Debug)]
enum Segment {
    Text(String),
    Id(Asked),
}

/// A narrowed request whose ids have no owner yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    method: String,
    segments: Vec<Segment>,
    query: Vec<(String, Value)>,
    body: DraftBody,
    tenantless: bool,
    opened: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum DraftBody {
    None,
    Json(Json),
    Multipart(Multipart),
}

/// What a permitted request carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// Nothing.
    None,
    /// JSON, written anew.
    Json(Bytes),
    /// A form of several parts, which is rebuilt while it streams.
    Multipart(Multipart),
}

/// Which ids were sent in place of which asked ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StandIns(Vec<(String, String)>);

/// The proof that a request was narrowed by its rule and that every id in it is the caller's or stands for none.
///
/// INVARIANT: made by [`Draft::permit`] only; the engine's connection takes nothing else for callers.
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    method: String,
    target: String,
    content: Content,
    stand_ins: StandIns,
    tenantless: bool,
    by_handle: bool,
}

/// Narrows a request by its rule.
///
/// `body` is the JSON document, if the rule's body is JSON and one was sent.
///
/// # Errors
/// Whatever the shapes refuse.
pub(crate) fn narrow(
    context: &Context<'_>,
    rule: &Rule,
    forward: &Forward,
    method: &str,
    query: Vec<(String, String)>,
    body: Option<Json>,
) -> Result<Outcome, Refusal> {
    let param = |n: &usize| context.params.get(*n).cloned().unwrap_or_default();
    // The rule puts `/tenant-id/{T}` behind a key; what is read without tenant has neither.
    let without_tenant = |number: usize| {
        let at = |n: Option<usize>| n.and_then(|n| forward.to.get(n));
        context.shared_key
            && (at(Some(number)) == Some(&Part::CallerTenant)
                || at(number.checked_add(1)) == Some(&Part::CallerTenant))
    };
    let segments = forward
        .to
        .iter()
        .enumerate()
        .filter(|(number, _)| !without_tenant(*number))
        .map(|(_, part)| match part {
            Part::Literal(text) => Segment::Text(text.clone()),
            Part::CallerTenant => Segment::Text(context.tenant.as_str().to_owned()),
            Part::Tenant(n) => Segment::Id(Asked::tenant(param(n))),
            Part::Id(n, family) if forward.own_only => Segment::Id(Asked::new(*family, param(n))),
            Part::Id(n, family) => Segment::Id(Asked::new(*family, param(n)).for_kind(rule.kind)),
            Part::Free(n) | Part::Key(n, _) => Segment::Text(param(n)),
        })
        .collect();
    needs_one_of(forward, &query)?;
    let (query, mut narrowed) = match forward.query {
        Some(shape) => context.pairs(shape, query)?,
        None => {
            // A tenant parameter that the operation does not know is refused, not ignored: whoever sends it relies
            // on it.
            query.iter().try_for_each(|(name, _)| unknown_tenant_parameter(name))?;
            (query.into_iter().map(|(n, v)| (n, Value::Text(v))).collect(), Narrowed::default())
        }
    };
    let body = match forward.body {
        Body::None => DraftBody::None,
        Body::Multipart(form) => DraftBody::Multipart(form),
        Body::Json(shape) => {
            // An empty body is `{}` to the engine: all tenants, if nothing were put in (facts 2).
            let mut json = body.unwrap_or_else(Json::object);
            let inner = context.object(shape, &mut json)?;
            narrowed.empty |= inner.empty;
            narrowed.tenantless |= inner.tenantless;
            narrowed.opened.extend(inner.opened);
            DraftBody::Json(json)
        }
    };
    if narrowed.empty {
        return match forward.empty {
            Some(empty) => Ok(Outcome::Empty(empty)),
            None => Err(Refusal::new(
                Kind::Tenantless,
                "`withoutTenantId` asks for records without tenant, which belong to nobody; leave it out",
            )),
        };
    }
    // What a shared definition or deployment shows may be without tenant, too.
    let shareable = |part: &Part| match part {
        Part::Id(_, family) | Part::Key(_, family) => {
            context.policy.family(*family).is_some_and(|f| f.shareable.is_some())
        }
        Part::Literal(_) | Part::CallerTenant | Part::Tenant(_) | Part::Free(_) => false,
    };
    let shared =
        context.shared == SharedResources::Readable && rule.kind == RuleKind::Read && !forward.own_only;
    Ok(Outcome::Forward(Draft {
        method: method.to_owned(),
        segments,
        query,
        body,
        tenantless: narrowed.tenantless
            || forward.makes_batch
            || (shared && forward.to.iter().any(shareable)),
        opened: narrowed.opened,
    }))
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

fn unknown_tenant_parameter(name: &str) -> Result<(), Refusal> {
    let known = ["tenantIdIn", "tenantId", "withoutTenantId", "memberOfTenant"];
    if known.contains(&name) || (name.starts_with("include") && name.ends_with("WithoutTenantId")) {
        let what =
            format!("this operation has no parameter `{name}`; leave it out: you see your own tenant only");
        return Err(Refusal::new(Kind::QueryAmbiguous, what));
    }
    Ok(())
}

impl Draft {
    /// The ids whose owners have to be known.
    pub(crate) fn questions(&self) -> Vec<Asked> {
        let mut asked = Vec::new();
        for segment in &self.segments {
            if let Segment::Id(id) = segment {
                asked.push(id.clone());
            }
        }
        for (_, value) in &self.query {
            if let Value::Id(id) = value {
                asked.push(id.clone());
            }
        }
        if let DraftBody::Json(json) = &self.body {
            json.for_each_hole(&mut |id| asked.push(id.clone()));
        }
        asked
    }

    /// Fills the holes: own ids go on, any other becomes a fresh one that never existed, the same for the same id.
    pub(crate) fn permit(self, owned: &Owned) -> Permit {
        let mut by_handle = !self.opened.is_empty();
        let mut stand_ins = StandIns(self.opened);
        let mut fresh: HashMap<Asked, String> = HashMap::new();
        let mut fill = |asked: &Asked| -> String {
            if let Some(id) = owned.id(asked) {
                by_handle |= owned.by_handle(asked);
                if id != asked.id() {
                    stand_ins.0.push((id.to_owned(), asked.id().to_owned()));
                }
                return id.to_owned();
            }
            fresh
                .entry(asked.clone())
                .or_insert_with(|| {
                    let id = uuid::Uuid::new_v4().to_string();
                    stand_ins.0.push((id.clone(), asked.id().to_owned()));
                    id
                })
                .clone()
        };
        let segments: Vec<String> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => text.clone(),
                Segment::Id(asked) => fill(asked),
            })
            .collect();
        let mut target = encode_path("", segments.iter().map(String::as_str));
        let query: Vec<(&str, String)> = self
            .query
            .iter()
            .map(|(name, value)| match value {
                Value::Text(text) => (name.as_str(), text.clone()),
                Value::Id(asked) => (name.as_str(), fill(asked)),
            })
            .collect();
        encode_query(&mut target, query.iter().map(|(n, v)| (*n, v.as_str())));
        let content = match &self.body {
            DraftBody::None => Content::None,
            DraftBody::Multipart(form) => Content::Multipart(*form),
            DraftBody::Json(json) => Content::Json(json.write(&mut fill).into()),
        };
        Permit {
            method: self.method,
            target,
            content,
            stand_ins,
            tenantless: self.tenantless || by_handle,
            by_handle,
        }
    }
}

impl Permit {
    /// The method.
    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    /// Path behind the base path, and query.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// What it carries.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Which ids stand for which.
    pub(crate) fn stand_ins(&self) -> &StandIns {
        &self.stand_ins
    }

    /// Whether a handle is the pin: ids in the answer that belong to the same batch are shown as handles.
    pub(crate) fn by_handle(&self) -> bool {
        self.by_handle
    }

    /// Whether the answer may hold records without tenant.
    pub(crate) fn tenantless(&self) -> bool {
        self.tenantless
    }
}

impl StandIns {
    /// Whether every id went on as it was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the asked ids back into the engine's answer, escaped for JSON where it is JSON.
    pub(crate) fn restore(&self, answer: &[u8], json: bool) -> Vec<u8> {
        let mut answer = answer.to_vec();
        for (sent, asked) in &self.0 {
            let asked = if json {
                let quoted = serde_json::to_string(asked).unwrap_or_default();
                quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
            } else {
                asked.clone()
            };
            answer = replace(&answer, sent.as_bytes(), asked.as_bytes());
        }
        answer
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(text.get(done..at).unwrap_or_default());
        out.extend_from_slice(to);
        done = at + from.len();
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    out
}
