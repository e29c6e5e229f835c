//! The stages of a request in order, as code, and nothing else.
//!
//! arrival → token → caller → place → operation → permission → rate → share → body → plan → questions → permit → engine request → answer → guard →
//! reply. Each stage hands on a proof that the next one takes; the token comes before the operation, so a stranger
//! learns nothing about either.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use crate::context::RequestContext;
use crate::isolation::{Engine, KeyOwner};
use crate::operations;
use crate::plan::{ClientRequest, Plan, Planner, Sent, Way, extra_timeout, way, without_rule};
use crate::policy::{Forward, Multipart, Operation, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::request::{Arrival, Payload};
use crate::response::Reply;
use crate::state::AppState;
use crate::telemetry::RequestRecord;
use crate::tenancy::Caller;
use crate::whoami;

/// How long the engine goes on with a request whose client has left, other than a long poll: most take less.
const GOES_ON: Duration = Duration::from_secs(5);

/// Takes a request from its arrival to its reply. `found`: the operation of its method and path, if there is one;
/// nothing is said of it before the token is verified.
///
/// # Errors
/// The stage's refusal.
pub(crate) async fn journey(
    state: &AppState,
    engine: &Rc<Engine>,
    arrival: Arrival,
    found: Option<Operation>,
    payload: Payload,
    record: &mut RequestRecord,
) -> Result<Reply, Refusal> {
    let Arrival { method, segments, query, headers, head: _ } = arrival;
    let authorization: Vec<&[u8]> = headers.authorization.iter().map(Vec::as_slice).collect();
    let caller = state.tokens.caller(&authorization).await?;
    // Early: what there is no place for must cost little. Not before the token: strangers whose tokens wait for the issuer's
    // keys would take the places of all.
    let place = state.admission.requests.clone().try_acquire_owned().map_err(|_| {
        Refusal::new(Kind::Overloaded, "too many requests are in progress; try again").retry_after(1)
    })?;
    record.tenant = caller.own().cloned();
    record.user = Some(caller.user_id().clone());
    record.all_tenants = caller.all_tenants();

    if whoami::is_asked(state.settings.whoami, &segments) {
        record.operation = whoami::operation(&method);
        record.kind = record.operation.as_ref().map(|_| RuleKind::Read.name());
        return whoami::answer(&method, &caller);
    }
    let Some(operation) = found else {
        return without_rule(&state.policy, &method, &segments);
    };
    record.operation = Some(operation.rule.operation.clone());
    record.kind = Some(operation.rule.kind.name());
    record.ids.clone_from(&operation.params);
    caller.permits().check(operation.rule.kind.name(), &state.settings.permissions)?;

    let (whose, long_poll) = (caller.share(), operation.is_long_poll());
    let mut share = state.admission.place(&whose, long_poll).await?;
    let caller = match caller.all_tenants() {
        // Boxed: few tokens grant every tenant, and all requests would carry its weight.
        Some(_) => Box::pin(state.every_tenant.granted(engine, caller)).await?,
        None => caller,
    };
    let forward = match way(&operation, &state.base.engine)? {
        Way::Forward(forward) => forward,
        Way::Answer(reply) => return Ok(*reply),
    };
    let public_origin =
        state.public_origin.clone().unwrap_or_else(|| state.origin_as_asked(headers.host.as_deref()));
    let planner = Planner {
        policy: &state.policy,
        settings: &state.settings,
        handles: &state.handles,
        caller: &caller,
    };
    let Sent { json: body, form: payload, granted: _granted } =
        planner.body(forward, &headers, payload, &state.admission.memory.of(whose)).await?;
    let extra = extra_timeout(forward, body.as_ref());
    let accept = headers.accept.as_deref();
    let asked = ClientRequest { operation: &operation, method, query, accept, body };
    let (plan, renewed) = match caller.all_tenants() {
        Some(_) => Box::pin(plan_of_all(state, engine, planner, asked, forward)).await?,
        None => (planner.plan(asked, forward)?, OnceCell::new()),
    };
    let (asks, headers, record) = (&caller, &headers, &*record);
    let kind = operation.rule.kind;
    let ctx = RequestContext { state, engine, asks, renewed, headers, public_origin, kind, forward, record };
    share.at_work(if long_poll { extra.max(GOES_ON) } else { GOES_ON });
    let reply = carry_out(&ctx, plan, payload, extra).await;
    match &reply {
        // It goes on, but a long poll has had the time that it asked for.
        Err(refusal) if refusal.kind() == Kind::EngineTimeout => share.at_work(GOES_ON),
        Ok(_) | Err(_) => share.answered(),
    }
    Ok(reply?.holding((share, place)))
}

/// Plans a request of a caller that is granted every tenant. One that names a tenant which came since the list was asked
/// for is planned once more.
async fn plan_of_all(
    state: &AppState,
    engine: &Engine,
    planner: Planner<'_>,
    asked: ClientRequest<'_>,
    forward: &Forward,
) -> Result<(Plan, OnceCell<Caller>), Refusal> {
    let refusal = match planner.plan(asked.clone(), forward) {
        Err(refusal) if refusal.kind() == Kind::ForeignTenant => refusal,
        plan => return Ok((plan?, OnceCell::new())),
    };
    let caller = state.every_tenant.anew(engine, planner.caller).await.ok_or(refusal)?;
    Ok((Planner { caller: &caller, ..planner }.plan(asked, forward)?, OnceCell::from(caller)))
}

/// Asks what the plan asks, and sends what it sends.
async fn carry_out(
    ctx: &RequestContext<'_>,
    plan: Plan,
    payload: Option<Payload>,
    extra_timeout: Duration,
) -> Result<Reply, Refusal> {
    match plan {
        Plan::Answer(reply) => Ok(*reply),
        Plan::Send(draft) => ctx.carry_out(draft, extra_timeout).await,
        // Ways that few requests take are boxed: the journey of all others is moved about with them.
        Plan::SendPages(pages) => Box::pin(ctx.carry_out_pages(pages)).await,
        Plan::SendByKey { question, own, shared } => {
            let draft = match Box::pin(ctx.key_owner(&question)).await? {
                KeyOwner::Own => own,
                KeyOwner::Granted(tenant) => own.at(&tenant),
                KeyOwner::None => shared.unwrap_or(own),
            };
            ctx.carry_out(draft, extra_timeout).await
        }
        Plan::Form(draft, form) => Box::pin(send_form(ctx, draft, form, payload)).await,
        Plan::Handled(plan) => {
            let handled = Box::pin(plan.handle(ctx)).await;
            // Of several writes, some may have been carried out before the one that the engine was away for.
            if ctx.kind == RuleKind::Read { handled } else { handled.map_err(Refusal::perhaps_carried_out) }
        }
    }
}

async fn send_form(
    ctx: &RequestContext<'_>,
    draft: crate::isolation::Draft,
    form: Multipart,
    payload: Option<Payload>,
) -> Result<Reply, Refusal> {
    let payload = payload.ok_or_else(|| Refusal::new(Kind::Internal, "the form was lost on its way"))?;
    let permit = ctx.permit(draft).await?;
    match form {
        Multipart::Deployment => operations::deploy(ctx, &permit, payload).await,
        Multipart::Attachment | Multipart::Variable => operations::upload(ctx, &permit, form, payload).await,
    }
}
