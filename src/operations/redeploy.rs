//! `POST /deployment/{id}/redeploy`: what would be deployed again is inspected again; rules may have become
//! stricter, or the deployment was made before the gateway was there.

use crate::isolation::engine::{needed, rows};
use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::model::{self, Inspector};
use crate::percent::encode_path;
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

pub(super) async fn carry(travel: &Travel<'_>, request: &Request<'_>) -> Result<Option<Reply>, Refusal> {
    let id = request.param(0);
    if !travel.owns("deployment", id).await? {
        return Ok(None);
    }
    let (ids, names) = (named(request, "resourceIds")?, named(request, "resourceNames")?);
    let target = encode_path("", ["deployment", id, "resources"]);
    let resources = travel.engine.ask("GET", &target, None, travel.caller).await?;
    let mut findings = Vec::new();
    for resource in rows(&resources)? {
        let (resource_id, name) = (needed(resource, "id")?, needed(resource, "name")?);
        // A database may find a name that differs by case, or by blanks at its end.
        let alike = |other: &String| other.trim().to_lowercase() == name.trim().to_lowercase();
        let all = ids.is_empty() && names.is_empty();
        if !(all || ids.contains(&resource_id) || names.iter().any(alike)) || Inspector::kind(&name).is_none()
        {
            continue;
        }
        let target = encode_path("", ["deployment", id, "resources", resource_id.as_str(), "data"]);
        let mut answer = travel.engine.ask_raw("GET", &target, None, travel.caller).await?;
        let limit = travel.state.settings.deployments.max_model_bytes.unwrap_or(model::MAX_BYTES);
        let bytes =
            if answer.status.is_success() { answer.whole(limit.min(model::MAX_BYTES)).await? } else { None };
        let Some(bytes) = bytes else {
            let what = format!(
                "the file `{name}` can't be inspected: it is too long, or the engine does not show it"
            );
            return Err(Refusal::new(Kind::BodyTooLarge, what));
        };
        findings.extend(travel.state.inspector.inspect(&name, &bytes, travel.caller.tenant().as_str()));
    }
    if findings.is_empty() { Ok(None) } else { Err(model::refusal(&findings)) }
}

/// The strings of a list in the body. The engine would turn anything else into a string: a number would name a resource
/// that nobody inspected.
fn named(request: &Request<'_>, field: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::new(Kind::BodyAmbiguous, format!("`{field}` must be a list of strings"));
    match request.body.as_ref().and_then(|body| body.member(field)) {
        None => Ok(Vec::new()),
        Some(null) if null.is_null() => Ok(Vec::new()),
        Some(Json::Array(elements)) => elements.iter().map(|e| e.as_str().ok_or_else(wrong)).collect(),
        Some(Json::Object(_) | Json::Leaf(_) | Json::Id(_)) => Err(wrong()),
    }
}
