//! Rules as meant: names resolved, positions parsed, nothing left to look up by name on the request path.

use std::sync::Arc;

pub use super::written::{Empty, Emulation, Kind, Local};
use crate::json::scan::{Position, Step};

/// How one operation is kept in.
#[derive(Debug)]
pub struct Rule {
    /// Method and path template, as `GET /task/{id}`.
    pub operation: Arc<str>,
    /// The file it stands in.
    pub file: String,
    /// What the operation is for.
    pub kind: Kind,
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
    /// The shape of the query string.
    pub query: Option<ShapeId>,
    /// What the body is.
    pub body: Body,
    /// Positions of DTOs in the answer.
    pub answer: Vec<Position>,
    /// What the guard looks at.
    pub guarded: Guarded,
    /// The owner shows in the answer.
    pub own_answer: bool,
    /// What a wish for records without tenant is answered.
    pub empty: Option<Empty>,
    /// Code that carries it out.
    pub emulate: Option<Emulation>,
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
    /// A parameter that is an id of a family.
    Id(usize, FamilyId),
    /// A parameter that is bound to its parent or harmless.
    Free(usize),
    /// A parameter that is a definition's key; names the family of the definition.
    Key(usize, FamilyId),
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// None; one that is sent is dropped.
    None,
    /// JSON of a shape.
    Json(ShapeId),
    /// A form of several parts.
    Multipart(Multipart),
}

/// The forms of several parts that the engine takes, deployments apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multipart {
    /// `POST /task/{id}/attachment/create`.
    Attachment,
    /// `POST …/variables/{name}/data`.
    Variable,
    /// `POST /deployment/create`.
    Deployment,
}

/// A shape by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(pub(super) usize);

/// A family by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FamilyId(pub(super) usize);

/// Types of ids that operations carried out by code need, resolved when the rules are loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownTypes {
    pub(crate) deployment: FamilyId,
    pub(crate) process_definition: FamilyId,
    pub(crate) process_instance: FamilyId,
    pub(crate) task: FamilyId,
}

impl FamilyId {
    /// The pseudo family of tenants: an id is own when it is the caller's tenant.
    pub const TENANT: FamilyId = FamilyId(usize::MAX);
}

/// What is done with the fields of a query string or object.
#[derive(Debug, Default)]
pub struct Shape {
    /// Its name.
    pub name: String,
    /// Fields by exact name.
    pub fields: Vec<(String, Field)>,
    /// Fields by the end of their name (`*Expression`).
    pub endings: Vec<(String, Field)>,
}

impl Shape {
    /// What is done with a field.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .or_else(|| self.endings.iter().find(|(end, _)| name.ends_with(end.as_str())))
            .map(|(_, f)| f)
    }
}

/// What is done with one field; see the written form for what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// One tenant.
    Tenant,
    /// One tenant, put in with another field.
    TenantWith(String),
    /// One tenant, not put in beside another field.
    TenantWithout(String),
    /// A list of tenants.
    Tenants,
    /// A list of tenants, only checked.
    TenantsNamed,
    /// Records without tenant only.
    Tenantless,
    /// Records without tenant as well.
    IncludeTenantless,
    /// Records without tenant as a selector of a write.
    TenantlessSelector,
    /// A text that is bound to the caller's tenant.
    BoundText,
    /// Narrows by rows of another kind, whoever's they are.
    Joins,
    /// Removed.
    Drop,
    /// An id, or a handle of one.
    Handle(FamilyId),
    /// An id.
    Own(FamilyId),
    /// Ids.
    OwnList(FamilyId),
    /// An object.
    Object(ShapeId),
    /// A list of objects.
    Each(ShapeId),
    /// A map of objects.
    Map(ShapeId),
    /// Refused.
    Refuse(String),
    /// The path's id.
    PathId(usize),
    /// A task's id.
    TaskId,
    /// Passes.
    Pass,
}

impl Field {
    /// Whether what goes to the engine is put in anew, wherever the client wrote it.
    pub fn is_pin(&self) -> bool {
        matches!(
            self,
            Field::Tenant
                | Field::Tenants
                | Field::TenantWith(_)
                | Field::TenantWithout(_)
                | Field::PathId(_)
        )
    }

    /// Whether null says what leaving it out does not: an embedded query or list of ids that is null is no query.
    pub fn keeps_null(&self) -> bool {
        matches!(
            self,
            Field::Own(_)
                | Field::OwnList(_)
                | Field::Handle(_)
                | Field::Object(_)
                | Field::Each(_)
                | Field::Map(_)
        )
    }
}

/// How the owner of an id is found.
#[derive(Debug)]
pub struct Family {
    /// Its name.
    pub name: Arc<str>,
    /// Requests, tried in order.
    pub look_up: Vec<LookUp>,
    /// The parameter that adds records without tenant to a list; only for what can be shared.
    pub shareable: Option<String>,
    /// What handles of its ids are for.
    pub handle: Option<String>,
    /// The list's parameter that pins the owner, and the field of the answer that shows it.
    pub pin: (&'static str, &'static str),
}

/// One request that finds an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// A list by GET, narrowed by a parameter.
    GetList {
        /// The path.
        path: String,
        /// The parameter.
        param: String,
        /// Whether it takes many.
        many: bool,
    },
    /// A list by POST, narrowed by a field.
    PostList {
        /// The path.
        path: String,
        /// The field.
        field: String,
        /// Whether it takes many.
        many: bool,
    },
    /// One record by its id.
    One {
        /// Before the id.
        before: String,
        /// After it.
        after: String,
    },
}
