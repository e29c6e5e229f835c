//! Incidents are told apart by type and configuration alone, in all tenants, and both are free text of whoever makes
//! one. The engine's own name a job or an external task: one that is made beforehand with the id of another tenant's
//! job keeps that job's incident from being made, and ends when the other sets its retries (both seen).

use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::proxy::Reply;
use crate::refusal::{Kind, Refusal};
use crate::rewrite::encode_query;

/// Hexadecimal digits of a UUID, without its dashes.
const SHORTEST_UUID: usize = 32;

/// `POST /execution/{id}/create-incident`: the configuration must not be able to name a job or a task.
///
/// # Errors
/// [`Kind::FieldDenied`] for what may be an id, [`Kind::BodyAmbiguous`] for what is no text.
pub(super) fn create(request: &Request<'_>) -> Result<(), Refusal> {
    let configuration = request.body.as_ref().and_then(|body| body.member("configuration"));
    let Some(configuration) = configuration.filter(|c| !c.is_null()) else { return Ok(()) };
    let text = configuration
        .as_str()
        .ok_or_else(|| Refusal::new(Kind::BodyAmbiguous, "`configuration` must be a string"))?;
    // Ids are UUIDs or numbers, by the engine's setting. A letter beyond `f` is in neither, however a database compares
    // texts; what is not ASCII may be equal to an id in one that folds widths or skips characters.
    let word = text.chars().any(|c| matches!(c.to_ascii_lowercase(), 'g'..='z'));
    let bare = text.trim();
    let number = bare.bytes().all(|b| b.is_ascii_digit());
    if word || (text.is_ascii() && bare.len() < SHORTEST_UUID && !number) {
        return Ok(());
    }
    let what = "`configuration` could be the id of a job or task, whose incidents are the engine's own; put a word \
                before it, such as `order-4711`";
    Err(Refusal::new(Kind::FieldDenied, what))
}

/// `DELETE /incident/{id}`: goes on only where nobody else has an incident that would end with it. A foreign or
/// missing id goes on too, and is answered as one that never existed.
pub(super) async fn resolve(travel: &Travel<'_>, request: &Request<'_>) -> Result<Option<Reply>, Refusal> {
    let pin = ("tenantIdIn", travel.caller.tenant().as_str());
    let mut target = "/incident".to_owned();
    encode_query(&mut target, [("incidentId", request.param(0)), pin]);
    let (_, list) = travel.engine.ask("GET", &target, None, travel.caller).await?;
    let Some(own) = list.elements().iter().find(|row| travel.is_own(row)) else { return Ok(None) };
    // Without a configuration the engine finds none but the one asked for.
    let (Some(kind), Some(configuration)) = (own.text("incidentType"), own.text("configuration")) else {
        return Ok(None);
    };
    let alike = [("incidentType", kind.as_str()), ("configuration", configuration.as_str())];
    let (mut all, mut mine) = ("/incident/count".to_owned(), "/incident/count".to_owned());
    encode_query(&mut all, alike);
    encode_query(&mut mine, alike.into_iter().chain([pin]));
    let (_, all) = travel.engine.ask("GET", &all, None, travel.caller).await?;
    let (_, mine) = travel.engine.ask("GET", &mine, None, travel.caller).await?;
    // Both have to be read: an answer without a count is no leave.
    let count = |json: &Json| json.member("count").and_then(Json::leaf).map(<[u8]>::to_vec);
    if count(&all).is_some_and(|all| count(&mine) == Some(all)) {
        return Ok(None);
    }
    let what = "the incident's type and configuration are not of its own alone, and the engine would resolve all that \
                are alike; give incidents a configuration of their own, such as an id";
    Err(Refusal::new(Kind::FieldDenied, what))
}
