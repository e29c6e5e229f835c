//! What the engine's connection takes for a client's request, and the proof that each needs.

use bytes::Bytes;

use super::engine::Answer;
use super::substitutes::Substitutes;
use crate::policy::Multipart;

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

/// A request that was narrowed by its rule, and whose every id is the caller's or a substitute. Made by
/// `Draft::permit` alone, out of what a look-up found.
///
/// Nobody else can make one:
///
/// ```
/// fn takes(_: &tenantgate::isolation::Permit) {}
/// ```
/// ```compile_fail,E0451
/// use tenantgate::isolation::Permit;
/// let _ = Permit {
///     method: todo!(), target: todo!(), content: todo!(), substitutes: todo!(), without_tenant: true, by_handle: true,
/// };
/// ```
#[derive(Clone, Debug)]
pub struct Permit {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) content: Content,
    pub(super) substitutes: Substitutes,
    pub(super) without_tenant: bool,
    pub(super) by_handle: bool,
}

impl Permit {
    /// What it carries.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// Which ids stand for which.
    pub(crate) fn substitutes(&self) -> &Substitutes {
        &self.substitutes
    }

    /// Whether a handle is the pin: ids in the answer that belong to the same batch are shown as handles.
    pub(crate) fn by_handle(&self) -> bool {
        self.by_handle
    }

    /// Whether the answer may hold records without tenant.
    pub(crate) fn without_tenant(&self) -> bool {
        self.without_tenant
    }
}

/// A read of one record whose owner nobody knows yet: the answer shows it. Made by `Draft::probe` alone.
///
/// ```
/// fn takes(_: &tenantgate::isolation::Probe) {}
/// ```
/// ```compile_fail,E0451
/// use tenantgate::isolation::Probe;
/// let _ = Probe { method: "GET".into(), target: "/task/4711".into() };
/// ```
#[derive(Clone, Debug)]
pub struct Probe {
    pub(super) method: String,
    pub(super) target: String,
}

/// The answer to a [`Probe`]: it can't become a reply before its owner is known to be the caller.
///
/// ```
/// fn takes(_: tenantgate::isolation::Unjudged) {}
/// ```
/// ```compile_fail,E0616
/// fn open(unjudged: tenantgate::isolation::Unjudged) {
///     let _ = unjudged.answer;
/// }
/// ```
pub struct Unjudged {
    pub(super) answer: Answer,
}

impl Unjudged {
    /// The engine's status, for the log.
    pub(crate) fn status(&self) -> http::StatusCode {
        self.answer.status
    }
}

/// An answer to a probe that is the caller's.
pub(crate) struct Judged {
    /// Its head, and what is left of its body.
    pub(crate) answer: Answer,
    /// Its body, where it was held to be looked at.
    pub(crate) whole: Option<Bytes>,
}
