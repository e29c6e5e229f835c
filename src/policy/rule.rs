//! Rules as meant: names resolved, positions parsed, nothing left to look up by name on the request path.

use std::sync::Arc;

use super::field_rules::FieldRulesId;
use super::resource_type::ResourceTypeId;
use super::written::{Empty, Handler, Local, Multipart, OperationKey, RuleKind};
use crate::json::scan::{Position, Step};

/// How one operation is kept in.
#[derive(Debug)]
pub struct Rule {
    /// Method and path template, as `GET /task/{id}`.
    pub operation: OperationKey,
    /// The file it stands in.
    pub file: String,
    /// Its line there.
    pub line: usize,
    /// What the operation is for.
    pub kind: RuleKind,
    /// How it is kept in.
    pub how: How,
}

/// How an operation is kept in.
#[derive(Debug)]
pub enum How {
    /// Refused, with the reason.
    Deny(String),
    /// Answered by the gateway itself.
    Local(Local),
    /// Narrowed and sent to the engine.
    Forward(Forward),
}

/// A narrowed request.
#[derive(Debug)]
pub struct Forward {
    /// The engine's path.
    pub to: Vec<Part>,
    /// The field rules of the query string.
    pub query: Option<FieldRulesId>,
    /// What the body is.
    pub body: Body,
    /// Positions of DTOs in the answer.
    pub answer: Vec<Position>,
    /// What the guard looks at.
    pub guarded: Guarded,
    /// The owner shows in the answer.
    pub own_answer: bool,
    /// The answer to a request for records without tenant.
    pub empty: Option<Empty>,
    /// Code that carries it out.
    pub handler: Option<Handler>,
    /// Shared resources will not do.
    pub own_only: bool,
    /// The answer is a batch that was just made.
    pub makes_batch: bool,
    /// One of these parameters has to be there.
    pub needs_one_of: Vec<String>,
    /// Waits as long as the body says.
    pub long_poll: bool,
}

/// What the guard looks at in an answer, and what each place holds.
#[derive(Clone, Debug, Default)]
pub struct Guarded {
    positions: Arc<[Position]>,
    holds: Arc<[Holds]>,
}

/// What stands at a place that the guard looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The tenant of a DTO.
    Tenant,
    /// The address of a link.
    Link,
    /// A text that is bound to the caller's tenant.
    BoundText,
}

impl Guarded {
    /// Tenant and links of each DTO, and the bound texts.
    pub fn new(dtos: &[Position], bound: &[Position]) -> Self {
        let at = |dto: &Position, steps: &[Step]| dto.iter().chain(steps).cloned().collect::<Position>();
        let href = [Step::Name("links".into()), Step::Each, Step::Name("href".into())];
        let of_dto = |dto: &Position| {
            [(at(dto, &[Step::Name("tenantId".into())]), Holds::Tenant), (at(dto, &href), Holds::Link)]
        };
        let bound = bound.iter().map(|position| (position.clone(), Holds::BoundText));
        let (positions, holds): (Vec<_>, Vec<_>) = dtos.iter().flat_map(of_dto).chain(bound).unzip();
        Self { positions: positions.into(), holds: holds.into() }
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The places, for the scan.
    pub fn positions(&self) -> &Arc<[Position]> {
        &self.positions
    }

    /// What stands at a place, by its number.
    pub fn holds(&self, number: usize) -> Option<Holds> {
        self.holds.get(number).copied()
    }
}

/// One segment of the engine's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// The caller's tenant.
    CallerTenant,
    /// A parameter that names a tenant.
    Tenant(usize),
    /// A parameter that is an id of a resource type.
    Id(usize, ResourceTypeId),
    /// A parameter that is bound to its parent or harmless.
    Free(usize),
    /// A parameter that is a definition's key; names the resource type of the definition.
    Key(usize, ResourceTypeId),
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None; one that is sent is dropped.
    None,
    /// JSON of a set of field rules.
    Json(FieldRulesId),
    /// A form of several parts.
    Multipart(Multipart),
}
