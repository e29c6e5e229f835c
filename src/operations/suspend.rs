//! `PUT /process-definition/suspended` by key: the engine would act on the key in every tenant (facts 1), so each
//! own version is named by its id.

use super::{fresh, handed_on, text};
use crate::isolation::engine::needed;
use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::percent::{encode_path, encode_query};
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

const KEY: &str = "processDefinitionKey";

pub(super) async fn carry(travel: &Travel<'_>, request: &mut Request<'_>) -> Result<Option<Reply>, Refusal> {
    let Some(body) = &mut request.body else { return Ok(None) };
    let Some(key) = body.remove(KEY).filter(|key| !key.is_null()) else { return Ok(None) };
    let key =
        key.as_str().ok_or_else(|| Refusal::new(Kind::BodyAmbiguous, format!("`{KEY}` must be a string")))?;
    if body.remove("processDefinitionId").is_some_and(|id| !id.is_null()) {
        let what = format!("name either `{KEY}` or `processDefinitionId`");
        return Err(Refusal::new(Kind::BodyAmbiguous, what));
    }
    let mut target = "/process-definition".to_owned();
    let pin = travel.caller.tenant().as_str();
    encode_query(
        &mut target,
        [("key", key.as_str()), ("tenantIdIn", pin), ("sortBy", "version"), ("sortOrder", "asc")],
    );
    let own = if key.is_empty() { Vec::new() } else { travel.all_rows(&target, 10_000).await? };
    if own.is_empty() {
        // As the engine answers a key that nobody has.
        body.set(KEY, Json::string(&fresh()));
        let asked =
            travel.engine.relay("PUT", "/process-definition/suspended", Some(text(body)), travel.caller);
        let (status, json) = asked.await?;
        return Ok(Some(handed_on(status, json.as_ref())));
    }
    let mut last = None;
    let ids = own.iter().map(|definition| needed(definition, "id")).collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        let target = encode_path("", ["process-definition", id.as_str(), "suspended"]);
        let (status, json) = travel.engine.relay("PUT", &target, Some(text(body)), travel.caller).await?;
        last = Some(handed_on(status, json.as_ref()));
        if !status.is_success() {
            break;
        }
    }
    Ok(last)
}
