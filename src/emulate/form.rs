//! `GET …/deployed-form` and `…/deployed-start-form`: a form reference with another binding than `deployment` finds
//! forms of all tenants (facts 6), so it is looked at first.

use crate::journey::{Request, Travel};
use crate::json::Json;
use crate::proxy::Reply;
use crate::refusal::{Kind, Refusal};
use crate::rewrite::encode_path;

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
    let (status, form) = travel.engine.ask("GET", &info, None, travel.caller).await?;
    let reference = form.member("camundaFormRef").filter(|reference| !reference.is_null());
    let reaches_across = reference.is_some_and(|r| r.text("binding").as_deref() != Some("deployment"));
    if status.is_success() && (reaches_across || !matches!(form, Json::Object(_))) {
        let what = "the form is bound by `latest` or `version`, which finds forms of all tenants; \
                    deploy the model with `camunda:formRefBinding=\"deployment\"`";
        return Err(Refusal::new(Kind::FieldDenied, what));
    }
    Ok(None)
}
