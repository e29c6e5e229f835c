//! `POST /deployment/{id}/redeploy`: what would be deployed again is inspected again; rules may have become
//! stricter, or the deployment was made before the gateway was there.

use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::model::{self, Inspector};
use crate::proxy::Reply;
use crate::refusal::{Kind, Refusal};
use crate::rewrite::encode_path;

pub(super) async fn carry(travel: &Travel<'_>, request: &Request<'_>) -> Result<Option<Reply>, Refusal> {
    let id = request.param(0);
    if !travel.owns("deployment", id).await? {
        return Ok(None);
    }
    let named = |field: &str| -> Vec<String> {
        let list = request.body.as_ref().and_then(|body| body.member(field));
        list.map_or(Vec::new(), |list| list.elements().iter().filter_map(Json::as_str).collect())
    };
    let (ids, names) = (named("resourceIds"), named("resourceNames"));
    let target = encode_path("", ["deployment", id, "resources"]);
    let (status, resources) = travel.engine.ask("GET", &target, None, travel.caller).await?;
    if !status.is_success() {
        return Err(
            Refusal::new(Kind::EngineAnswer, "the engine could not list the resources").because(status)
        );
    }
    let mut findings = Vec::new();
    for resource in resources.elements() {
        let (Some(resource_id), Some(name)) = (resource.text("id"), resource.text("name")) else { continue };
        let all = ids.is_empty() && names.is_empty();
        if !(all || ids.contains(&resource_id) || names.contains(&name)) || Inspector::kind(&name).is_none() {
            continue;
        }
        let target = encode_path("", ["deployment", id, "resources", resource_id.as_str(), "data"]);
        let mut answer = travel.engine.ask_raw("GET", &target, None, travel.caller).await?;
        let limit = travel.gate.settings.deployments.max_model_bytes.unwrap_or(model::MAX_BYTES);
        let bytes =
            if answer.status.is_success() { answer.whole(limit.min(model::MAX_BYTES)).await? } else { None };
        let Some(bytes) = bytes else {
            let what = format!(
                "the file `{name}` can't be inspected: it is too long, or the engine does not show it"
            );
            return Err(Refusal::new(Kind::BodyTooLarge, what));
        };
        findings.extend(travel.gate.inspector.inspect(&name, &bytes, travel.caller.tenant().as_str()));
    }
    if findings.is_empty() { Ok(None) } else { Err(model::refusal(&findings)) }
}
