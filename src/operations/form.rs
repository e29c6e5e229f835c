//! `GET …/deployed-form` and `…/deployed-start-form`: a form reference with another binding than `deployment` finds
//! forms of all tenants (facts 6), so it is looked at first.

use super::handed_on;
use crate::isolation::engine::{Found, needed, unreadable};
use crate::journey::{Request, Travel};
use crate::percent::encode_path;
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;

pub(super) async fn carry(travel: &Travel<'_>, request: &Request<'_>) -> Result<Option<Reply>, Refusal> {
    let (tenant, id) = (travel.caller.tenant().as_str(), request.param(0));
    let template = &*request.operation.rule.operation;
    let info = if template.starts_with("GET /task/") {
        travel.owns("task", id).await?.then(|| encode_path("", ["task", id, "form"]))
    } else if request.shared_key {
        Some(encode_path("", ["process-definition", "key", id, "startForm"]))
    } else if template.starts_with("GET /process-definition/key/") {
        // A foreign tenant in the path goes on, and is answered as an unknown one.
        let own = request.operation.params.get(1).is_none_or(|named| named == tenant);
        own.then(|| encode_path("", ["process-definition", "key", id, "tenant-id", tenant, "startForm"]))
    } else {
        // A shared definition's form may be read, and must not reach across either.
        let readable = travel.reads("process-definition", id).await?;
        readable.then(|| encode_path("", ["process-definition", id, "startForm"]))
    };
    let Some(info) = info else { return Ok(None) };
    let form = match travel.engine.ask_one(&info, travel.caller).await? {
        Found::Yes(form) => form,
        // There is no such definition, and the engine says so of its form in the same words.
        Found::No(error) => return Ok(Some(handed_on(http::StatusCode::NOT_FOUND, Some(&error)))),
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
