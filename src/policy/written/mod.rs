//! Rules as they are written in YAML.
//!
//! Three kinds of files: one a resource of the engine's REST interface (operation → rule), `fields.yaml` (what is
//! done with the fields of a query or body) and `ownership.yaml` (how the owner of an id is found). Unknown keys
//! are refused: a half-understood rule must not guard anything. Every text is read here, once, into a type that can
//! hold nothing else; what a name of a resource type or field rules stands for, `resolve.rs` finds.

mod body;
mod field;
mod name;
mod operation;
mod position;
mod resource_type;
mod template;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::tenancy::Level;

pub(super) use body::BodyWritten;
pub use body::Multipart;
pub(super) use field::{FieldName, FieldWritten};
pub(super) use name::{FieldRulesName, ResourceTypeName};
pub use operation::{Method, OperationKey, OperationKeyFault};
pub(super) use position::PositionWritten;
pub use resource_type::LookUp;
pub(super) use resource_type::{OwnerField, ResourceTypeWritten};
pub(super) use template::{PathMeaning, Segment};
pub use template::{Template, TemplateFault};

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
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

impl RuleKind {
    /// The level at which a tenant has to be granted for operations of this kind.
    pub(crate) fn level(self) -> Level {
        match self {
            RuleKind::Read => Level::Read,
            RuleKind::Work => Level::Work,
            RuleKind::Start | RuleKind::Deploy | RuleKind::Administer => Level::All,
        }
    }

    /// The kind of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Self::Read, Self::Work, Self::Start, Self::Deploy, Self::Administer];
        all.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name as in the rules.
    pub fn name(self) -> &'static str {
        match self {
            RuleKind::Read => "read",
            RuleKind::Work => "work",
            RuleKind::Start => "start",
            RuleKind::Deploy => "deploy",
            RuleKind::Administer => "administer",
        }
    }
}

/// A rule as written: the value behind an operation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleWritten {
    /// What the operation is for.
    pub kind: RuleKind,
    /// Refused always, with this reason.
    #[serde(default, deserialize_with = "value")]
    pub deny: Option<String>,
    /// Answered by the gateway itself.
    #[serde(default, deserialize_with = "value")]
    pub local: Option<Local>,
    /// For each parameter of the path: a resource type of `ownership.yaml` whose id it is, `tenant`, or `free`: bound to
    /// its parent by the engine, or shown harmless by a test.
    #[serde(default)]
    pub path: BTreeMap<String, PathMeaning>,
    /// The engine's path, where it differs; `{T}` is the caller's tenant.
    #[serde(default, deserialize_with = "value")]
    pub to: Option<Template>,
    /// The field rules of the query string.
    #[serde(default, deserialize_with = "value")]
    pub query: Option<FieldRulesName>,
    /// The field rules of the JSON body, or `none`, or one of the multipart forms. Left out: `none`.
    #[serde(default, deserialize_with = "value")]
    pub body: Option<BodyWritten>,
    /// Where DTOs stand in the answer: `.` the root, `[]` each element, `a.b`, `*` any member. The guard looks at
    /// their `tenantId`.
    #[serde(default)]
    pub answer: Vec<PositionWritten>,
    /// Where texts stand in the answer that are bound to the tenant on their way in (`bound-text`): the prefix is
    /// taken off.
    #[serde(default)]
    pub bound: Vec<PositionWritten>,
    /// The answer itself shows the owner of the path's id: one round trip.
    #[serde(default)]
    pub own_answer: bool,
    /// The answer to a request for records without tenant.
    #[serde(default, deserialize_with = "value")]
    pub empty: Option<Empty>,
    /// Code that carries the operation out by other requests.
    #[serde(default, deserialize_with = "value")]
    pub handler: Option<Handler>,
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
    #[serde(default, deserialize_with = "value")]
    pub untenanted: Option<String>,
}

/// The value of a key that is there. `null` is none: a key whose value was taken out would keep nothing in.
fn value<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
pub enum Handler {
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
