//! `POST /message` with `processInstanceId`: as a look-up of the waiting executions and a trigger of each.
//!
//! Forwarded as it is, the engine would fall back to the message start events of ALL tenants when no execution
//! waits (facts 5). So nothing of it is forwarded: the executions are asked for with the tenant pinned, and what
//! can't be expressed so is refused.

use bytes::Bytes;

use super::{Planned, Planning, relayed};
use crate::context::RequestContext;
use crate::isolation::{List, OwnQuery, OwnRow, OwnWrite, ResourceId, fresh};
use crate::json::{Json, boolean};
use crate::policy::{Policy, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::{Caller, Level};

const INSTANCE: &str = "processInstanceId";

/// A message to the executions of one instance.
pub(crate) struct Plan {
    instance: String,
    message: String,
    /// Every match is correlated, not just one.
    all: bool,
    with_result: bool,
    /// What a waiting execution has to match.
    conditions: Vec<(&'static str, Json)>,
    body: Json,
}

/// A message without an instance is narrowed by its rule.
pub(super) fn plan(mut planning: Planning<'_>) -> Result<Planned, Refusal> {
    let body = planning.asks.body.take().unwrap_or_else(Json::object);
    let Some(instance) = body.member(INSTANCE).filter(|id| !id.is_null()) else {
        planning.asks.body = Some(body);
        return planning.narrowed();
    };
    let instance = instance.as_str().ok_or_else(|| wrong(INSTANCE, "a string"))?;
    if let Some(tenant) = body.member("tenantId").filter(|t| !t.is_null()) {
        return tenant_beside_instance(tenant, planning.caller);
    }
    let flag = |name: &str| match body.member(name) {
        None => Ok(false),
        Some(value) => boolean(value).ok_or_else(|| wrong(name, "a boolean")),
    };
    if flag("withoutTenantId")? {
        let what = "`withoutTenantId` asks for records without a tenant, which belong to nobody; remove it";
        return Err(Refusal::new(Kind::WithoutTenant, what));
    }
    let filled = |name: &str| match body.member(name) {
        None => false,
        Some(Json::Object(members)) => !members.is_empty(),
        Some(other) => !other.is_null(),
    };
    for (name, used) in [
        ("processVariablesLocal", filled("processVariablesLocal")),
        ("processVariablesToTriggeredScope", filled("processVariablesToTriggeredScope")),
        ("variablesInResultEnabled", flag("variablesInResultEnabled")?),
    ] {
        if used {
            let what = format!("`{name}` cannot be used together with `{INSTANCE}`; remove one of them");
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
    }
    let (all, with_result) = (flag("all")?, flag("resultEnabled")?);
    let Some(message) = body.text("messageName") else {
        return Ok(Planned::Answer(error(400, "InvalidRequestException", "No message name supplied")));
    };
    let conditions = conditions(&body)?;
    Ok(Planned::Handled(super::Plan::Message(Plan { instance, message, all, with_result, conditions, body })))
}

/// The engine refuses both, in these words; a foreign tenant is refused before.
fn tenant_beside_instance(tenant: &Json, caller: &Caller) -> Result<Planned, Refusal> {
    let named = tenant.as_str().unwrap_or_default();
    if caller.at_level(&named, Level::All)?.is_none() {
        let what = "`tenantId` names a tenant that the token does not grant; remove it";
        return Err(Refusal::new(Kind::ForeignTenant, what));
    }
    let what =
        "ENGINE-13028 Cannot specify a tenant-id when correlate a message to a single process instance.";
    Ok(Planned::Answer(error(400, "BadUserRequestException", what)))
}

fn conditions(body: &Json) -> Result<Vec<(&'static str, Json)>, Refusal> {
    let mut conditions = Vec::new();
    if let Some(key) = body.member("businessKey").filter(|k| !k.is_null()) {
        conditions.push(("businessKey", key.clone()));
    }
    for (keys, name) in [("correlationKeys", "processVariables"), ("localCorrelationKeys", "variables")] {
        if let Some(value) = body.member(keys).filter(|k| !k.is_null()) {
            conditions.push((name, equal(keys, value)?));
        }
    }
    Ok(conditions)
}

impl Plan {
    /// The executions of an instance that wait for the message and match, in tenants that may be sent one.
    fn waiting<'a>(&self, instance: &str, caller: &'a Caller) -> OwnQuery<'a> {
        let query = OwnQuery::at_level(List::Executions, caller, Level::All)
            .condition(INSTANCE, Json::string(instance))
            .condition("messageEventSubscriptionName", Json::string(&self.message));
        self.conditions.iter().fold(query, |query, (name, value)| query.condition(name, value.clone()))
    }

    /// The requests that it takes.
    pub(super) fn describe(&self, caller: &Caller) -> Vec<String> {
        vec![
            super::question(&self.waiting(&self.instance, caller)),
            format!(
                "for each: POST {}",
                super::path(&["execution", super::ANY, "messageSubscriptions", &self.message, "trigger"])
            ),
        ]
    }

    /// The instance, whose owner has to be known.
    pub(super) fn asked(&self, policy: &Policy) -> ResourceId {
        ResourceId::new(policy.types.process_instance, self.instance.clone(), RuleKind::Start)
    }
}

/// Looks the waiting executions up and triggers them.
pub(super) async fn handle(ctx: &RequestContext<'_>, plan: &Plan) -> Result<Reply, Refusal> {
    let own = ctx.own_id(ctx.state.policy.types.process_instance, &plan.instance).await?;
    // A foreign or missing instance takes the same number of requests as an own one.
    let instance = own.map_or_else(fresh, |own| own.as_str().to_owned());
    let executions = plan.waiting(&instance, ctx.caller()).rows(ctx.engine).await?;
    if !plan.all {
        match executions.len() {
            0 => {
                return Ok(mismatch(&format!(
                    "Cannot correlate message '{}': No process definition or execution matches the parameters",
                    plan.message
                )));
            }
            1 => {}
            several => {
                return Ok(mismatch(&format!(
                    "ENGINE-13031 Cannot correlate a message with name '{}' to a single execution. {several} \
                     executions match the correlation keys: {}",
                    plan.message,
                    correlation_set(&plan.body, &plan.instance)
                )));
            }
        }
    }
    let mut results = Vec::new();
    for execution in &executions {
        let trigger = OwnWrite::below("POST", "execution", &execution.id()?)
            .then("messageSubscriptions")
            .bound(&plan.message)
            .then("trigger")
            .taking(&plan.body, "processVariables", "variables");
        let (status, json) = trigger.send(ctx.engine, ctx.caller()).await?;
        if !status.is_success() {
            return Ok(relayed(status, json.as_ref()));
        }
        results.push(result(execution));
    }
    Ok(if plan.with_result { Reply::json(200, Json::Array(results).write()) } else { Reply::empty() })
}

/// Correlation keys as conditions of a query. Only values whose type the query compares as the engine's correlation
/// does: it compares numbers of any type with each other, the correlation only those of one type.
fn equal(name: &str, keys: &Json) -> Result<Json, Refusal> {
    let Json::Object(keys) = keys else { return Err(wrong(name, "an object")) };
    let conditions = keys.iter().map(|(key, value)| {
        let typed = value.text("type");
        let plain = value.member("value").cloned().unwrap_or_else(Json::null);
        let fits = match typed.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("string") => {
                plain.is_string() || plain.leaf().is_some_and(|l| l == b"true" || l == b"false")
            }
            Some("boolean") => plain.leaf().is_some_and(|l| l == b"true" || l == b"false"),
            Some(_) => false,
        };
        if !fits {
            let what = format!(
                "`{name}.{key}` can't be compared together with `{INSTANCE}`: strings and booleans can; \
                 leave `{INSTANCE}` out and correlate by the keys"
            );
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
        let mut condition = Json::object();
        condition.set("name", Json::string(key));
        condition.set("operator", Json::string("eq"));
        condition.set("value", plain);
        Ok(condition)
    });
    Ok(Json::Array(conditions.collect::<Result<_, _>>()?))
}

/// A result as the engine shows it after the execution went on.
fn result(execution: &OwnRow) -> Json {
    let mut shown = execution.json().clone();
    shown.set("ended", Json::Leaf(Bytes::from_static(b"true")));
    let mut result = Json::object();
    result.set("resultType", Json::string("Execution"));
    result.set("execution", shown);
    result.set("processInstance", Json::null());
    result
}

fn wrong(name: &str, wanted: &str) -> Refusal {
    Refusal::new(Kind::BodyAmbiguous, format!("`{name}` must be {wanted}"))
}

fn mismatch(what: &str) -> Reply {
    error(
        400,
        "RestException",
        &format!("org.camunda.bpm.engine.MismatchingMessageCorrelationException: {what}"),
    )
}

/// What was correlated, as the engine words it (its `CorrelationSet.toString()`).
fn correlation_set(body: &Json, instance: &str) -> String {
    let keys = |name: &str| -> String {
        let Some(Json::Object(keys)) = body.member(name) else { return "null".to_owned() };
        if keys.is_empty() {
            return "null".to_owned();
        }
        let shown = |value: &Json| match value.member("value") {
            Some(value) if value.is_string() => value.as_str().unwrap_or_default(),
            Some(value) => String::from_utf8_lossy(value.leaf().unwrap_or(b"null")).into_owned(),
            None => "null".to_owned(),
        };
        let lines = keys.iter().map(|(key, value)| {
            format!("  {key} => Untyped value '{}', isTransient = false\n", shown(value))
        });
        format!("{{\n{}}}", lines.collect::<String>())
    };
    format!(
        "CorrelationSet [businessKey={}, processInstanceId={instance}, processDefinitionId=null, \
         correlationKeys={}, localCorrelationKeys={}, tenantId=null, isTenantIdSet=false, isExecutionsOnly=false]",
        body.text("businessKey").as_deref().unwrap_or("null"),
        keys("correlationKeys"),
        keys("localCorrelationKeys"),
    )
}

/// An error as the engine words it, its fields in the engine's order.
fn error(status: u16, kind: &str, message: &str) -> Reply {
    let mut body = Json::object();
    body.set("type", Json::string(kind));
    body.set("message", Json::string(message));
    body.set("code", Json::Leaf(Bytes::from_static(b"0")));
    Reply::json(status, body.write())
}
