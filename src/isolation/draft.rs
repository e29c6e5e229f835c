//! A narrowed request with holes for ids, and what becomes of it: a permit, once their owners are known.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::own::ReadableId;
use super::ownership::{KeyTenant, OwnedIds, ResourceId};
use super::permit::{Content, Permit, Probe};
use super::substitutes::{Substitutes, fresh};
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::policy::Multipart;
use crate::tenancy::Tenant;

/// A segment of the engine's path.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    Text(String),
    /// The tenant whose definition a key is: the own one, until a look-up says otherwise.
    KeyTenant(String),
    Id(ResourceId),
}

/// A value of the query string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// As it is.
    Text(String),
    /// An id whose owner has to be known.
    Id(ResourceId),
    /// The tenants that a list is pinned to.
    Tenants(Vec<Tenant>),
}

#[derive(Clone, Debug)]
pub(super) enum DraftBody {
    None,
    Json(Json<ResourceId>),
    Multipart(Multipart),
}

/// A narrowed request whose ids have no owner yet. Made by narrowing only.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(super) method: String,
    pub(super) segments: Vec<Segment>,
    pub(super) query: Vec<(String, Value)>,
    pub(super) body: DraftBody,
    pub(super) without_tenant: bool,
    pub(super) opened: Vec<(String, String)>,
}

/// The text of a draft, as it would reach the engine if all its ids were the caller's. For people; it can't be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Option<Bytes>,
}

impl Draft {
    /// The ids whose owners have to be known.
    pub(crate) fn questions(&self) -> Vec<ResourceId> {
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

    /// The same request for the definition of a granted tenant.
    #[must_use]
    pub(crate) fn at(mut self, owner: &KeyTenant) -> Self {
        for segment in &mut self.segments {
            if let Segment::KeyTenant(tenant) = segment {
                owner.as_str().clone_into(tenant);
            }
        }
        self
    }

    /// The same request by another method.
    #[must_use]
    pub(crate) fn by(&self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self.clone() }
    }

    /// The same request, narrowed by a list of ids that the caller may read in a parameter. None of them stands for none: an empty list would
    /// mean all (facts 1), so an id that never existed takes their place.
    #[must_use]
    pub(crate) fn among(mut self, name: &'static str, ids: &[ReadableId]) -> Self {
        let ids: Vec<&str> = ids.iter().map(ReadableId::as_str).collect();
        let list = if ids.is_empty() { fresh() } else { ids.join(",") };
        self.query.push((name.to_owned(), Value::Text(list)));
        self
    }

    /// Whether the answer may hold records without tenant.
    pub(crate) fn without_tenant(&self) -> bool {
        self.without_tenant
    }

    /// Fills the holes: own ids go on, any other becomes a fresh one that never existed, the same for the same id.
    pub(crate) fn permit(self, owned: &OwnedIds) -> Permit {
        let mut by_handle = !self.opened.is_empty();
        let mut substitutes = Substitutes::default();
        let mut sent: HashMap<ResourceId, String> = HashMap::new();
        let (target, content) = self.filled(&mut |asked: &ResourceId| {
            if let Some(id) = owned.id(asked) {
                by_handle |= owned.by_handle(asked);
                if id != asked.id() {
                    substitutes.add(id, asked.id());
                }
                return id.to_owned();
            }
            let id = || {
                let id = fresh();
                substitutes.add(&id, asked.id());
                id
            };
            sent.entry(asked.clone()).or_insert_with(id).clone()
        });
        for (id, handle) in &self.opened {
            substitutes.add(id, handle);
        }
        Permit {
            method: self.method,
            target,
            content,
            substitutes,
            without_tenant: self.without_tenant || by_handle,
            by_handle,
        }
    }

    /// The same request with its ids as they were asked, although nobody knows whose they are: for a record whose
    /// answer shows its owner.
    pub(crate) fn probe(&self) -> Probe {
        let (target, _) = self.filled(&mut |asked: &ResourceId| asked.id().to_owned());
        Probe { method: self.method.clone(), target }
    }

    /// What a person is shown of it.
    pub(crate) fn preview(&self) -> Preview {
        let (target, content) = self.filled(&mut |asked: &ResourceId| asked.id().to_owned());
        let body = match content {
            Content::None | Content::Multipart(_) => None,
            Content::Json(bytes) => Some(bytes),
        };
        Preview { method: self.method.clone(), target, body }
    }

    fn filled(&self, fill: &mut impl FnMut(&ResourceId) -> String) -> (String, Content) {
        let segments: Vec<Cow<'_, str>> = self
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) | Segment::KeyTenant(text) => text.into(),
                Segment::Id(asked) => fill(asked).into(),
            })
            .collect();
        let mut target = encode_path("", segments.iter().map(AsRef::as_ref));
        let query: Vec<(&str, Cow<'_, str>)> = self
            .query
            .iter()
            .map(|(name, value)| match value {
                Value::Text(text) => (name.as_str(), text.into()),
                Value::Id(asked) => (name.as_str(), fill(asked).into()),
                Value::Tenants(tenants) => (name.as_str(), Tenant::joined(tenants).into()),
            })
            .collect();
        encode_query(&mut target, query.iter().map(|(n, v)| (*n, v.as_ref())));
        let content = match &self.body {
            DraftBody::None => Content::None,
            DraftBody::Multipart(form) => Content::Multipart(*form),
            DraftBody::Json(json) => Content::Json(json.write_with(fill).into()),
        };
        (target, content)
    }
}
