//! Rules as they are written in YAML.
//!
//! Three kinds of files: one a resource of the engine's REST interface (operation → rule), `shapes.yaml` (what is
//! done with the fields of a query or body) and `ownership.yaml` (how the owner of an id is found). Unknown keys
//! are refused: a half-understood rule must not guard anything.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// Works on what is there: tasks, variables, jobs.
    Work,
    /// Makes new instances or tasks, or sends them events.
    Start,
    /// Brings or removes deployments and definitions.
    Deploy,
    /// Acts on many, on history, or on own records.
    Administer,
}

impl Kind {
    /// Its name as in the rules.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Work => "work",
            Kind::Start => "start",
            Kind::Deploy => "deploy",
            Kind::Administer => "administer",
        }
    }
}

/// A rule as written: the value behind an operation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleWritten {
    /// What the operation is for.
    pub kind: Kind,
    /// Refused always, with this reason.
    #[serde(default)]
    pub deny: Option<String>,
    /// Answered by the gateway itself.
    #[serde(default)]
    pub local: Option<Local>,
    /// For each parameter of the path: a family of `ownership.yaml` whose id it is, `tenant`, or `free`: bound to
    /// its parent by the engine, or shown harmless by a test.
    #[serde(default)]
    pub path: BTreeMap<String, String>,
    /// The engine's path, where it differs; `{T}` is the caller's tenant.
    #[serde(default)]
    pub to: Option<String>,
    /// The shape of the query string.
    #[serde(default)]
    pub query: Option<String>,
    /// The shape of the JSON body, or `none`, or one of the multipart forms. Left out: `none`.
    #[serde(default)]
    pub body: Option<String>,
    /// Where DTOs stand in the answer: `.` the root, `[]` each element, `a.b`, `*` any member. The guard looks at
    /// their `tenantId`.
    #[serde(default)]
    pub answer: Vec<String>,
    /// Where texts stand in the answer that are bound to the tenant on their way in (`bound-text`): the prefix is
    /// taken off.
    #[serde(default)]
    pub bound: Vec<String>,
    /// The answer itself shows the owner of the path's id: one round trip.
    #[serde(default)]
    pub own_answer: bool,
    /// What is answered to a wish for records without tenant.
    #[serde(default)]
    pub empty: Option<Empty>,
    /// Code that carries the operation out by other requests.
    #[serde(default)]
    pub emulate: Option<Emulation>,
    /// Shared resources will not do: what is asked about one counts what all tenants do with it.
    #[serde(default)]
    pub own_only: bool,
    /// The answer is a batch that was just made: its ids are shown as handles, if it has no tenant.
    #[serde(default)]
    pub makes_batch: bool,
    /// One of these parameters or fields has to be there, with an own id.
    #[serde(default)]
    pub needs_one_of: Vec<String>,
    /// The answer may take as long as the body's `asyncResponseTimeout`.
    #[serde(default)]
    pub long_poll: bool,
    /// Why it may pass without a tenant: the answer holds nothing of any tenant.
    #[serde(default)]
    pub untenanted: Option<String>,
}

/// What the gateway answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Local {
    /// OPTIONS: no links; what may be done depends on the rules, not on authorizations.
    Options,
    /// The one engine's name.
    Engines,
}

/// What an empty answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Empty {
    /// `[]`
    List,
    /// `{"count":0}`
    Count,
}

/// Operations that are carried out by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Emulation {
    /// `POST /message`: with `processInstanceId` as subscription look-up and trigger.
    Message,
    /// `GET /external-task/topic-names` from the tenant's external tasks.
    TopicNames,
    /// `GET /process-definition/statistics` by the tenant's definitions.
    DefinitionStatistics,
    /// `GET /history/task/report` with `reportType=count`.
    TaskReport,
    /// `GET /history/process-instance/report` by the tenant's definition ids.
    InstanceReport,
    /// `PUT /process-definition/suspended` by the tenant's definition ids.
    SuspendDefinitions,
    /// Reads of a filter itself: its items are counted with the tenant put in.
    FilterRead,
    /// `GET|POST /filter/{id}/list|singleResult|count`.
    FilterRun,
    /// `POST /deployment/{id}/redeploy`: what would be deployed again is inspected.
    Redeploy,
    /// `GET …/deployed-form`: only forms that can't reach across.
    DeployedForm,
}

/// What is done with a field of a query string or JSON object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FieldWritten {
    /// One tenant: kept if own, put in if none, foreign refused.
    Tenant,
    /// As `tenant`, but only put in where this other field is there.
    TenantWith(String),
    /// As `tenant`, but never put in where this other field is there.
    TenantWithout(String),
    /// A list of tenants: kept if own, put in if none, foreign refused.
    Tenants,
    /// A list of tenants that is only checked: inside `orQueries` the engine narrows by the outer one.
    TenantsNamed,
    /// A wish for records without tenant.
    Tenantless,
    /// A wish to see records without tenant as well.
    IncludeTenantless,
    /// As a selector it would act on records without tenant: true is refused.
    TenantlessSelector,
    /// A free text by which the engine matches rows of all tenants: a prefix binds it to the caller's tenant. What
    /// could be an id of the engine's own stays as it is in reads and is refused in writes.
    BoundText,
    /// Narrows by rows of another kind, whoever's they are, with this reason: what has no tenant is left out beside it.
    Joins(#[allow(dead_code, reason = "a comment that can't be left out")] String),
    /// Removed.
    Drop,
    /// An id of this family that may be a handle: then it is the pin, and the records have no tenant.
    Handle(String),
    /// An id of this family: a foreign one becomes one that never existed.
    Own(String),
    /// A list of ids of this family.
    OwnList(String),
    /// An object of this shape, looked at where present and never added.
    Object(String),
    /// A list of objects of this shape.
    Each(String),
    /// A map whose values have this shape.
    Map(String),
    /// Refused where present and not null, with this reason.
    Refuse(String),
    /// Set to the path's id of this parameter (the engine acts on the id in the BODY).
    PathId(String),
    /// The client may not choose it.
    TaskId,
    /// Passes; names why it is harmless, for whoever reads the rule.
    Pass(#[allow(dead_code, reason = "a comment that can't be left out")] String),
}

/// How the owner of an id is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FamilyWritten {
    /// Requests that are tried in order until one finds the id.
    pub look_up: Vec<LookUpWritten>,
    /// Records without tenant can be read under `shared_resources: readable`.
    #[serde(default)]
    pub shareable: Option<String>,
    /// The field that names the owner.
    #[serde(default)]
    pub owner: Option<String>,
    /// What handles of its ids are for, where records may have no tenant.
    #[serde(default)]
    pub handle: Option<String>,
}

/// One request that finds an owner.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LookUpWritten {
    /// `GET /path` or `POST /path` of a list, or `GET /path/{id}` of one record.
    pub ask: String,
    /// The field or parameter of the list that takes one id.
    #[serde(default)]
    pub id: Option<String>,
    /// The field or parameter of the list that takes many ids.
    #[serde(default)]
    pub ids: Option<String>,
}
