//! `POST /message` with `processInstanceId`: as a look-up of the waiting executions and a trigger of each.
//!
//! Forwarded as it is, the engine would fall back to the message start events of ALL tenants when no execution
//! waits (facts 5). So nothing of it is forwarded: the executions are asked for with the tenant pinned, and what
//! can't be expressed so is refused.

use bytes::Bytes;

use super::{fresh, handed_on, text};
use crate::isolation::engine::needed;
use crate::journey::{Request, Travel};
use crate::json::{Json, boolean};
use crate::percent::encode_path;
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

const INSTANCE: &str = "processInstanceId";

pub(super) async fn carry(travel: &Travel<'_>, request: &Request<'_>) -> Result<Option<Reply>, Refusal> {
    let Some(body) = &request.body else { return Ok(None) };
    let Some(instance) = body.member(INSTANCE).filter(|id| !id.is_null()) else { return Ok(None) };
    let instance = instance.as_str().ok_or_else(|| wrong(INSTANCE, "a string"))?;
    let flag = |name: &str| match body.member(name) {
        None => Ok(false),
        Some(value) => boolean(value).ok_or_else(|| wrong(name, "a boolean")),
    };
    if let Some(tenant) = body.member("tenantId").filter(|t| !t.is_null()) {
        if tenant.as_str().as_deref() != Some(travel.caller.tenant().as_str()) {
            let what = "`tenantId` names a tenant that the token does not grant; leave it out";
            return Err(Refusal::new(Kind::ForeignTenant, what));
        }
        let what =
            "ENGINE-13028 Cannot specify a tenant-id when correlate a message to a single process instance.";
        return Ok(Some(error(400, "BadUserRequestException", what)));
    }
    if flag("withoutTenantId")? {
        let what = "`withoutTenantId` asks for records without tenant, which belong to nobody; leave it out";
        return Err(Refusal::new(Kind::Tenantless, what));
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
            let what = format!("`{name}` can't be used together with `{INSTANCE}`; leave one of them out");
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
    }
    let with_result = flag("resultEnabled")?;
    let Some(message) = body.text("messageName") else {
        return Ok(Some(error(400, "InvalidRequestException", "No message name supplied")));
    };
    let executions = if travel.owns("process-instance", &instance).await? {
        waiting(travel, body, &instance, &message).await?
    } else {
        // The same number of requests as for an own one.
        waiting(travel, body, &fresh(), &message).await?
    };
    let all = flag("all")?;
    match executions.len() {
        0 if !all => {
            return Ok(Some(mismatch(&format!(
                "Cannot correlate message '{message}': No process definition or execution matches the parameters"
            ))));
        }
        2.. if !all => {
            return Ok(Some(mismatch(&format!(
                "ENGINE-13031 Cannot correlate a message with name '{message}' to a single execution. {} executions \
             match the correlation keys: {}",
                executions.len(),
                correlation_set(body, &instance)
            ))));
        }
        _ => {}
    }
    let mut results = Vec::new();
    for execution in &executions {
        let id = needed(execution, "id")?;
        let path = ["execution", id.as_str(), "messageSubscriptions", message.as_str(), "trigger"];
        let mut trigger = Json::object();
        if let Some(variables) = body.member("processVariables") {
            trigger.set("variables", variables.clone());
        }
        let target = encode_path("", path);
        let (status, json) =
            travel.engine.relay("POST", &target, Some(text(&trigger)), travel.caller).await?;
        if !status.is_success() {
            return Ok(Some(handed_on(status, json.as_ref())));
        }
        results.push(result(execution));
    }
    if with_result {
        return Ok(Some(Reply::json(200, text(&Json::Array(results)))));
    }
    Ok(Some(Reply::empty()))
}

/// The executions of an instance that wait for the message and match the correlation keys.
async fn waiting(
    travel: &Travel<'_>,
    body: &Json,
    instance: &str,
    message: &str,
) -> Result<Vec<Json>, Refusal> {
    let mut query = Json::object();
    query.set(INSTANCE, Json::string(instance));
    query.set("messageEventSubscriptionName", Json::string(message));
    query.set("tenantIdIn", Json::strings([travel.caller.tenant().as_str()]));
    if let Some(key) = body.member("businessKey").filter(|k| !k.is_null()) {
        query.set("businessKey", key.clone());
    }
    for (keys, conditions) in [("correlationKeys", "processVariables"), ("localCorrelationKeys", "variables")]
    {
        if let Some(keys_value) = body.member(keys).filter(|k| !k.is_null()) {
            query.set(conditions, equal(keys, keys_value)?);
        }
    }
    let list = travel.engine.ask("POST", "/execution", Some(text(&query)), travel.caller).await?;
    travel.own_rows(&list)
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
fn result(execution: &Json) -> Json {
    let mut shown = execution.clone();
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
    Reply::json(status, text(&body))
}
