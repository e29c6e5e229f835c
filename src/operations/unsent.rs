//! A form that is read and written anew as for the engine, and goes nowhere: what it would be refused for.

use http_body_util::BodyExt as _;

use super::deploy::{self, Checks, Read};
use super::upload;
use crate::admission::Memory;
use crate::config::Settings;
use crate::form::{self, Parts};
use crate::model::{Inspections, Inspector};
use crate::policy::Multipart;
use crate::refusal::{Kind, Refusal};
use crate::request::Payload;
use crate::tenancy::Caller;

/// What forms are checked by.
pub(crate) struct FormCheck<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) caller: &'a Caller,
    pub(crate) content_type: Option<&'a str>,
}

/// Reads a form to its end; what is asked behind it, for people.
///
/// # Errors
/// What the form or its models hold.
pub(crate) async fn check_form(
    check: FormCheck<'_>,
    form: Multipart,
    payload: Payload,
) -> Result<Vec<String>, Refusal> {
    let FormCheck { settings, caller, content_type } = check;
    let boundary = form::boundary(content_type)?;
    let mut parts = Parts::new(payload.pieces(settings.limits.max_stream_bytes), &boundary);
    let (writer, mut out) = form::channel(std::time::Duration::MAX);
    let nowhere = async { while let Some(Ok(_)) = out.body.frame().await {} };
    match form {
        Multipart::Deployment => {
            let inspector = Inspector::new(settings.deployments.code, settings.tenancy.shared_resources)
                .map_err(|faults| {
                    Refusal::new(Kind::Internal, format!("policies/models.yaml: {faults:?}"))
                })?;
            let memory = Memory::new(usize::MAX, 0);
            let inspections = Inspections::new(inspector, memory, settings.engine.timeout);
            let checks = Checks { inspections: &inspections, settings, caller };
            let mut read = Read::default();
            tokio::join!(checks.rebuild(&mut parts, writer, &mut read), nowhere).0?;
            Ok(deploy::describe_behind(&read, caller))
        }
        Multipart::Attachment | Multipart::Variable => {
            tokio::join!(upload::rebuild(form, &mut parts, writer), nowhere).0?;
            Ok(Vec::new())
        }
    }
}
