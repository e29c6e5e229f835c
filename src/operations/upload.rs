//! Attachments and binary variables: forms of a few known fields and one file that streams.

use crate::context::RequestContext;
use crate::form::{FormWriter, Parts};
use crate::isolation::Permit;
use crate::policy::Multipart;
use crate::refusal::{Kind, Refusal};
use crate::request::Payload;
use crate::response::Reply;

/// What a form may hold: text fields, and the one part that streams. Other parts mean nothing to the engine and end
/// here.
struct Known {
    texts: &'static [&'static str],
    stream: &'static str,
}

const ATTACHMENT: Known = Known {
    texts: &["attachment-name", "attachment-description", "attachment-type", "url"],
    stream: "content",
};
const VARIABLE: Known = Known { texts: &["valueType"], stream: "data" };

/// Sends such a form.
///
/// # Errors
/// As `rebuild`, and a fault of the transfer.
pub(crate) async fn upload(
    ctx: &RequestContext<'_>,
    permit: &Permit,
    form: Multipart,
    payload: Payload,
) -> Result<Reply, Refusal> {
    let _share = ctx.in_line_to_upload(&ctx.state.admission.uploads).await?;
    let answer = ctx.send_form(permit, payload, async |parts, out| rebuild(form, parts, out).await).await?;
    ctx.reply(answer, permit).await
}

/// Reads a form and writes it anew while it streams.
///
/// # Errors
/// Parts that can't be read one way only, and [`Kind::ClassName`] for a part `type` (the engine makes an object of
/// the class that it names).
pub(crate) async fn rebuild(form: Multipart, parts: &mut Parts, out: FormWriter) -> Result<(), Refusal> {
    let known = match form {
        Multipart::Attachment => ATTACHMENT,
        Multipart::Variable => VARIABLE,
        Multipart::Deployment => return Err(Refusal::new(Kind::Internal, "a deployment is no plain form")),
    };
    let mut seen: Vec<String> = Vec::new();
    while let Some(mut part) = parts.next().await? {
        if seen.contains(&part.name) {
            let what = format!("the part `{}` occurs twice; send it once", part.name.escape_debug());
            return Err(Refusal::new(Kind::MultipartAmbiguous, what));
        }
        seen.push(part.name.clone());
        let name = part.name.clone();
        if name == known.stream {
            let content_type = part.content_type.clone();
            out.begin(&name, part.file_name.clone().as_deref(), content_type.as_deref()).await?;
            while let Some(piece) = part.piece().await? {
                out.piece(piece).await?;
            }
            out.end().await?;
        } else if known.texts.contains(&name.as_str()) {
            out.text(&name, &part.text().await?).await?;
        } else if name == "type" && form == Multipart::Variable {
            let what = "the part `type` cannot be used: send objects as JSON with `objectTypeName`, or as Bytes or File";
            return Err(Refusal::new(Kind::ClassName, what));
        }
    }
    out.close().await
}
