//! `GET …/deployed-form` and `…/deployed-start-form`: a form reference with another binding than `deployment` finds
//! forms of all tenants (facts 6), so it is looked at first.

use super::{Planned, Planning, relayed};
use crate::context::RequestContext;
use crate::isolation::narrow::Outcome;
use crate::isolation::{Draft, Found, KeyOwner, KeyQuestion, ReadPath, needed, unreadable};
use crate::policy::{Part, ResourceTypeId};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::Caller;

use std::time::Duration;

const DEFINITION: &str = "process-definition";

/// What the form hangs on.
enum At {
    Task(String),
    Definition(String),
    /// A key, and the tenant that the path names, if it names one.
    Key(String, Option<String>),
}

/// A form that is looked at before it is fetched.
pub(crate) struct Plan {
    at: At,
    draft: Draft,
    /// Whose the key is, where that has to be asked, and the same read without tenant, where a shared one may be meant.
    question: Option<(KeyQuestion, Option<Draft>)>,
}

pub(super) fn plan(planning: Planning<'_>) -> Result<Planned, Refusal> {
    let parts = &planning.forward.to;
    let at = parts.iter().find_map(|part| match part {
        Part::Id(n, resource_type) if *resource_type == planning.narrowing.task_type() => {
            Some(At::Task(planning.param(*n).to_owned()))
        }
        Part::Id(n, _) => Some(At::Definition(planning.param(*n).to_owned())),
        Part::Key(n, _) => {
            let tenant = parts.iter().find_map(|part| match part {
                Part::Tenant(n) => Some(planning.param(*n).to_owned()),
                Part::Literal(_) | Part::CallerTenant | Part::Id(..) | Part::Free(_) | Part::Key(..) => None,
            });
            Some(At::Key(planning.param(*n).to_owned(), tenant))
        }
        Part::Literal(_) | Part::CallerTenant | Part::Tenant(_) | Part::Free(_) => None,
    });
    let at =
        at.ok_or_else(|| Refusal::new(Kind::Internal, "the rule does not say what the form hangs on"))?;
    let question = question(&planning)?;
    planning.draft(|draft| super::Plan::DeployedForm(Plan { at, draft, question }))
}

fn question(planning: &Planning<'_>) -> Result<Option<(KeyQuestion, Option<Draft>)>, Refusal> {
    let narrowing = planning.narrowing;
    let Some((question, shared)) = narrowing.key_question(planning.forward)? else { return Ok(None) };
    if !shared {
        return Ok(Some((question, None)));
    }
    match narrowing.without_key_tenant().narrow(planning.forward, planning.asks.clone())? {
        Outcome::Forward(draft) => Ok(Some((question, Some(draft)))),
        Outcome::Empty(_) => Ok(Some((question, None))),
    }
}

impl Plan {
    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        let bound = "how is its form bound?";
        match &self.at {
            At::Task(id) => vec![format!("{bound} GET {}", super::path(&["task", id, "form"]))],
            At::Definition(id) => {
                vec![format!("{bound} GET {}", super::path(&[DEFINITION, id, "startForm"]))]
            }
            At::Key(key, Some(tenant)) => {
                let path = ReadPath::by_key_of(DEFINITION, key, caller, tenant);
                path.into_iter()
                    .map(|path| format!("{bound} GET {}", path.then("startForm").target()))
                    .collect()
            }
            At::Key(key, _) => {
                let start = |path: ReadPath| format!("GET {}", path.then("startForm").target());
                let own = ReadPath::by_key(DEFINITION, key, caller).map(start).unwrap_or_default();
                let Some((question, shared)) = &self.question else { return vec![format!("{bound} {own}")] };
                let shared = shared.as_ref().map(|_| start(ReadPath::by_shared_key(DEFINITION, key)));
                let shared = shared.map(|shared| format!(", or {shared}")).unwrap_or_default();
                let asks =
                    format!("does the caller have a definition with this key? GET {}", question.target());
                vec![asks, format!("{bound} {own}{shared}")]
            }
        }
    }

    pub(super) fn goes_on(&self) -> &Draft {
        &self.draft
    }

    pub(super) fn otherwise(&self) -> Option<&Draft> {
        self.question.as_ref().and_then(|(_, shared)| shared.as_ref())
    }
}

pub(super) async fn handle(ctx: &RequestContext<'_>, plan: Plan) -> Result<Reply, Refusal> {
    let mut draft = plan.draft;
    let info = match &plan.at {
        At::Task(id) => {
            let own = ctx.own_id(ctx.state.policy.types.task, id).await?;
            own.map(|own| ReadPath::below("task", &own.into()).then("form"))
        }
        At::Definition(id) => {
            // A shared definition's form may be read, and must not reach across either.
            let readable = ctx.readable_id(ctx.state.policy.types.process_definition, id).await?;
            readable.map(|id| ReadPath::below(DEFINITION, &id).then("startForm"))
        }
        At::Key(key, Some(tenant)) => {
            // Asked first: it may have come since the list of every tenant, and is the caller's from here on.
            let granted = ctx.readable_id(ResourceTypeId::TENANT, tenant).await?;
            let path = granted
                .and_then(|tenant| ReadPath::by_key_of(DEFINITION, key, ctx.caller(), tenant.as_str()));
            path.map(|path| path.then("startForm"))
        }
        At::Key(key, _) => {
            let (owner, shared) = match plan.question {
                Some((question, shared)) => (ctx.key_owner(&question).await?, shared),
                None => (KeyOwner::Own, None),
            };
            let path = match (owner, shared) {
                (KeyOwner::Granted(tenant), _) => {
                    let path = ReadPath::by_key_of(DEFINITION, key, ctx.caller(), tenant.as_str());
                    draft = draft.at(&tenant);
                    path.ok_or_else(|| {
                        Refusal::new(Kind::Internal, "a tenant that is not granted has the key")
                    })?
                }
                (KeyOwner::None, Some(shared)) => {
                    draft = shared;
                    ReadPath::by_shared_key(DEFINITION, key)
                }
                (KeyOwner::None | KeyOwner::Own, _) => ReadPath::by_key(DEFINITION, key, ctx.caller())?,
            };
            Some(path.then("startForm"))
        }
    };
    match info {
        Some(info) => match look(ctx, &info).await? {
            Some(reply) => Ok(reply),
            None => ctx.carry_out(draft, Duration::ZERO).await,
        },
        // What was not looked at is fetched for nobody, whatever has come since.
        None => ctx.as_missing(draft).await,
    }
}

/// Looks at how the form is bound; a reply where there is nothing to look at.
async fn look(ctx: &RequestContext<'_>, info: &ReadPath) -> Result<Option<Reply>, Refusal> {
    let form = match info.get(ctx.engine, ctx.caller()).await? {
        Found::Yes(form) => form,
        // There is no such definition, and the engine says so of its form in the same words.
        Found::No(error) => return Ok(Some(relayed(http::StatusCode::NOT_FOUND, Some(&error)))),
    };
    // Both have to be read: what does not say how the form is bound is no leave.
    let reference = form.member("camundaFormRef").ok_or_else(unreadable)?;
    if reference.is_null() || needed(reference, "binding")? == "deployment" {
        return Ok(None);
    }
    let what = "the form is bound by `latest` or `version`, which finds forms of all tenants; \
                deploy the model with `camunda:formRefBinding=\"deployment\"`";
    Err(Refusal::new(Kind::FieldDenied, what))
}
