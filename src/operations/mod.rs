//! Operations that one narrowed request can't carry out: each in a file of its own.
//!
//! In: a request on its way, past token and operation. Out: its reply, made of requests that are pinned like any
//! other; or nothing, and the request goes on as the rule says. Nothing here sends a client's id before its owner
//! is known.

mod deploy;
mod filter;
mod form;
mod message;
mod redeploy;
mod report;
mod shared;
mod suspend;
mod topics;

pub(crate) use deploy::deploy;

use crate::isolation::engine::{needed, rows};
use crate::isolation::ownership::Asked;
use crate::journey::{Request, Trace, Travel};
use crate::json::Json;
use crate::policy::{Emulation, Kind as RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

/// Carries an operation out by code; none: the request goes on, perhaps changed.
pub(crate) async fn carry(
    travel: &Travel<'_>,
    emulation: Emulation,
    request: &mut Request<'_>,
    trace: &mut Trace,
) -> Result<Option<Reply>, Refusal> {
    match emulation {
        Emulation::Message => message::carry(travel, request).await,
        Emulation::TopicNames => topics::carry(travel, request).await.map(Some),
        Emulation::DefinitionStatistics => report::statistics(travel, request).await.map(Some),
        Emulation::TaskReport => report::tasks(travel, request).await.map(Some),
        Emulation::InstanceReport => report::instances(travel, request).await,
        Emulation::SuspendDefinitions => suspend::carry(travel, request).await,
        Emulation::FilterRead => filter::read(travel, request, trace).await,
        Emulation::FilterRun => filter::run(travel, request).await,
        Emulation::Redeploy => redeploy::carry(travel, request).await,
        Emulation::DeployedForm => form::carry(travel, request).await,
    }
}

impl Travel<'_> {
    /// Whether an id of a family is the caller's.
    async fn owns(&self, family: &str, id: &str) -> Result<bool, Refusal> {
        self.is_for(RuleKind::Work, family, id).await
    }

    /// Whether the caller may read an id of a family: its own, or a shared one where those are readable.
    async fn reads(&self, family: &str, id: &str) -> Result<bool, Refusal> {
        self.is_for(RuleKind::Read, family, id).await
    }

    async fn is_for(&self, kind: RuleKind, family: &str, id: &str) -> Result<bool, Refusal> {
        let family = self.state.policy.family_named(family);
        let family =
            family.ok_or_else(|| Refusal::new(Kind::Internal, "the rules name no such family of ids"))?;
        let asked = Asked::new(family, id.to_owned()).for_kind(kind);
        let owned = self.state.ownership.of(self.engine, self.caller, vec![asked.clone()]).await?;
        Ok(owned.id(&asked).is_some())
    }

    /// Whether a record names the caller's tenant.
    fn is_own(&self, record: &Json) -> bool {
        record.text("tenantId").as_deref() == Some(self.caller.tenant().as_str())
    }

    /// The rows of a list that name the caller's tenant; the pin of its question alone is not believed.
    fn own_rows(&self, list: &Json) -> Result<Vec<Json>, Refusal> {
        let mut own = Vec::new();
        for row in rows(list)? {
            if needed(row, "tenantId")? == self.caller.tenant().as_str() {
                own.push(row.clone());
            }
        }
        Ok(own)
    }

    /// All rows of a list that is pinned by its target, page by page.
    async fn all_rows(&self, target: &str, most: usize) -> Result<Vec<Json>, Refusal> {
        const PAGE: usize = 1000;
        let mut rows = Vec::new();
        loop {
            let sign = if target.contains('?') { '&' } else { '?' };
            let page = format!("{target}{sign}firstResult={}&maxResults={PAGE}", rows.len());
            let list = self.engine.ask("GET", &page, None, self.caller).await?;
            let count = list.elements().len();
            rows.extend(self.own_rows(&list)?);
            if count < PAGE {
                return Ok(rows);
            }
            if rows.len() >= most {
                let what =
                    format!("this is answered from your own records, and there are more than {most} of them");
                return Err(Refusal::new(Kind::FieldDenied, what));
            }
        }
    }
}

/// The engine's answer to a request of ours, handed on.
fn handed_on(status: http::StatusCode, json: Option<&Json>) -> Reply {
    match json {
        None if status == http::StatusCode::NO_CONTENT => Reply::empty(),
        json => Reply::json(status.as_u16(), json.map(text).unwrap_or_default()),
    }
}

/// A document without holes as text.
fn text(json: &Json) -> Vec<u8> {
    json.write(&mut |asked| asked.id().to_owned())
}

/// An id that never existed.
fn fresh() -> String {
    uuid::Uuid::new_v4().to_string()
}
