//! Ids of batches without tenant, shown to the tenant that made them as handles.

use bytes::Bytes;

use crate::isolation::Handles;
use crate::json::scan::{Position, Step};
use crate::json::{self, Json};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Caller;

/// Fields that hold a batch's id, and those that hold one of its job definitions.
const BATCH: &[&str] = &["batchId"];
const JOB_DEFINITIONS: &[&str] = &["batchJobDefinitionId", "seedJobDefinitionId", "monitorJobDefinitionId"];

/// Rewrites the DTOs of an answer that have no tenant. `made`: they are batches that were just made, so their own
/// ids are the caller's as well.
///
/// # Errors
/// An answer that can't be read.
pub(crate) fn reveal(
    answer: &Bytes,
    dtos: &[Position],
    handles: &Handles,
    caller: &Caller,
    made: bool,
) -> Result<Bytes, Refusal> {
    let mut json = json::read(answer, 1000)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    let seal = |dto: &mut Json, names: &[&str], purpose: &str| {
        for name in names {
            // What holds a dot is a handle already: it was put back in place of the id that was sent.
            if let Some(id) = dto.text(name).filter(|id| !id.contains('.'))
                && let Some(handle) = handles.seal(purpose, caller, &id)
            {
                dto.set(name, Json::string(&handle));
            }
        }
    };
    for position in dtos {
        each(&mut json, position, &mut |dto| {
            if dto.member("tenantId").is_none_or(Json::is_null) {
                seal(dto, BATCH, "batch");
                seal(dto, JOB_DEFINITIONS, "job-definition");
                if made {
                    seal(dto, &["id"], "batch");
                }
            }
        });
    }
    Ok(json.write().into())
}

fn each(json: &mut Json, position: &[Step], f: &mut impl FnMut(&mut Json)) {
    let Some((step, rest)) = position.split_first() else { return f(json) };
    match (step, json) {
        (Step::Each, Json::Array(elements)) => elements.iter_mut().for_each(|e| each(e, rest, f)),
        (Step::Any, Json::Object(members)) => members.iter_mut().for_each(|(_, m)| each(m, rest, f)),
        (Step::Name(name), Json::Object(members)) => {
            members.iter_mut().filter(|(n, _)| n == name).for_each(|(_, m)| each(m, rest, f));
        }
        (Step::Each | Step::Any | Step::Name(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::position;
    use crate::tenancy::Tenant;

    #[test]
    fn ids_without_tenant_become_handles_and_others_stay() {
        let handles = Handles::new(&[vec![1; 32].into()], "default");
        let tenant = Caller::new(Tenant::parse("A", &[]).unwrap());
        let run = |text: &'static str, made| {
            let answer = reveal(
                &Bytes::from_static(text.as_bytes()),
                &[position("[]").unwrap()],
                &handles,
                &tenant,
                made,
            );
            let rows: Json = json::read(&answer.unwrap(), 9).unwrap();
            rows.elements().first().unwrap().clone()
        };
        let null = r#"[{"id":"b","tenantId":null,"seedJobDefinitionId":"s","totalJobs":1}]"#;
        let made = run(null, true);
        assert_eq!(handles.open("batch", &tenant, &made.text("id").unwrap()).as_deref(), Some("b"));
        let seed = made.text("seedJobDefinitionId").unwrap();
        assert_eq!(handles.open("job-definition", &tenant, &seed).as_deref(), Some("s"));
        assert_eq!(run(null, false).text("id").as_deref(), Some("b"));
        let own = run(r#"[{"id":"b","tenantId":"A","seedJobDefinitionId":"s"}]"#, true);
        assert_eq!(
            (own.text("id").as_deref(), own.text("seedJobDefinitionId").as_deref()),
            (Some("b"), Some("s"))
        );
    }
}
