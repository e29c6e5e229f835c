//! `POST /deployment/create`: the form is parsed and written anew, models are inspected before they go on.

use crate::config::Settings;
use crate::context::RequestContext;
use crate::form::{FormWriter, Part, Parts};
use crate::isolation::{List, OwnQuery, Permit};
use crate::json::{self, Json};
use crate::model::{self, Inspections, Inspector, ModelFinding};
use crate::refusal::{Kind, Refusal};
use crate::request::Payload;
use crate::response::{self, Reply};
use crate::tenancy::{Caller, Level, Tenant};

/// Text fields of the form (facts 7); every other part is a resource.
const NAME: &str = "deployment-name";
const FILTER: &str = "enable-duplicate-filtering";
const CHANGED: &str = "deploy-changed-only";
const SOURCE: &str = "deployment-source";
const ACTIVATE: &str = "deployment-activation-time";
const TENANT: &str = "tenant-id";
const FIELDS: &[&str] = &[NAME, FILTER, CHANGED, SOURCE, ACTIVATE, TENANT];

/// The engine refuses part headers over 512 bytes; our own head around a name takes about 90 (facts 7).
const LONGEST_FILE_NAME: usize = 400;

/// Most parts of a form: their names are kept, to find one that is there twice.
const MOST_PARTS: usize = 2000;
/// So many findings are told, and nothing behind them is looked at: each takes more memory than what it is about.
const MOST_FINDINGS: usize = 1000;

/// What was read of the form.
#[derive(Default)]
pub(super) struct Read {
    texts: Vec<(String, String)>,
    files: Vec<String>,
    names: Vec<String>,
    findings: Vec<ModelFinding>,
    /// The granted tenant that was named; none: the own one.
    tenant: Option<Tenant>,
}

impl Read {
    /// Where it is deployed.
    fn tenant<'a>(&'a self, caller: &'a Caller) -> Result<&'a Tenant, Refusal> {
        self.tenant.as_ref().map_or_else(|| caller.needs_own(), Ok)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A flag as the engine reads it (`Boolean.parseBoolean`).
    fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }
}

/// What a form is checked by.
pub(super) struct Checks<'a> {
    pub(super) inspections: &'a Inspections,
    pub(super) settings: &'a Settings,
    pub(super) caller: &'a Caller,
}

/// Carries a deployment out.
///
/// # Errors
/// What the form or its models hold, and a fault of the transfer.
pub(crate) async fn deploy(
    ctx: &RequestContext<'_>,
    permit: &Permit,
    payload: Payload,
) -> Result<Reply, Refusal> {
    let _share = ctx.in_line_to_upload(&ctx.state.admission.heavy).await?;
    let mut read = Read::default();
    let (state, caller) = (ctx.state, ctx.caller());
    let checks = Checks { inspections: &state.inspections, settings: &state.settings, caller };
    let mut answer = ctx
        .send_form(permit, payload, async |parts, out| checks.rebuild(parts, out, &mut read).await)
        .await?;
    if !answer.status.is_success() {
        return ctx.reply(answer, permit).await;
    }
    let whole = answer.whole(ctx.limit()).await?.unwrap_or_default();
    let deployed: Json = json::read(&whole, 1000)
        .map_err(|e| Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read").because(e))?;
    let tenant = read.tenant(ctx.caller())?;
    if deployed.text("tenantId").as_deref() == Some(tenant.as_str()) {
        return response::whole(answer, &whole, ctx.watch(permit.without_tenant()));
    }
    let latest = latest(ctx, read.text(NAME).unwrap_or_default(), tenant).await?;
    response::whole(answer, &latest.write().into(), ctx.watch(permit.without_tenant()))
}

fn newest<'a>(name: &str, caller: &'a Caller, tenant: &Tenant) -> OwnQuery<'a> {
    OwnQuery::of_tenant(List::Deployments, caller, tenant)
        .with("name", name)
        .with("sortBy", "deploymentTime")
        .with("sortOrder", "desc")
        .with("maxResults", "1")
}

/// What is asked behind a deployment, for people.
pub(super) fn describe_behind(read: &Read, caller: &Caller) -> Vec<String> {
    let Ok(tenant) = read.tenant(caller) else { return Vec::new() };
    let newest = super::question(&newest(read.text(NAME).unwrap_or_default(), caller, tenant));
    vec![format!("where the engine names none of the tenant's: {newest}")]
}

/// The tenant's newest deployment of a name, as an answer to a deployment. The engine shows the newest of ANY tenant where
/// nothing was new (facts 7).
async fn latest(ctx: &RequestContext<'_>, name: &str, tenant: &Tenant) -> Result<Json, Refusal> {
    let none = || {
        let what = "the engine deployed nothing and names no deployment of yours";
        Refusal::new(Kind::EngineAnswer, what)
    };
    let latest =
        newest(name, ctx.caller(), tenant).rows(ctx.engine).await?.into_iter().next().ok_or_else(none)?;
    let id = latest.text("id")?;
    // The fields that an answer to a deployment has beside those of a list. The reply puts the public address in.
    let engine = &ctx.state.settings.engine;
    let origin = engine.origins.first().map_or("", String::as_str);
    let mut link = Json::object();
    link.set("method", Json::string("GET"));
    link.set("href", Json::string(&format!("{origin}{}/deployment/{id}", engine.base_path)));
    link.set("rel", Json::string("self"));
    let mut latest = latest.into_json();
    latest.set("links", Json::Array(vec![link]));
    for kind in ["Process", "Case", "Decision", "DecisionRequirements"] {
        latest.set(&format!("deployed{kind}Definitions"), Json::null());
    }
    Ok(latest)
}

impl Checks<'_> {
    /// Reads the form and writes it anew while it streams.
    pub(super) async fn rebuild(
        &self,
        parts: &mut Parts,
        out: FormWriter,
        read: &mut Read,
    ) -> Result<(), Refusal> {
        while let Some(mut part) = parts.next().await? {
            let name = part.name.clone();
            if read.names.contains(&name) {
                let what = format!("the part `{}` occurs twice; send it once", name.escape_debug());
                return Err(Refusal::new(Kind::MultipartAmbiguous, what));
            }
            read.names.push(name.clone());
            if FIELDS.contains(&name.as_str()) {
                let text = part.text().await?;
                if name == TENANT {
                    self.named(&text, read)?;
                } else {
                    out.text(&name, &text).await?;
                    read.texts.push((name, text));
                }
                continue;
            }
            if read.names.len() > MOST_PARTS {
                let what = format!("the form has more than {MOST_PARTS} parts; split the deployment");
                return Err(Refusal::new(Kind::BodyTooLarge, what));
            }
            if read.files.is_empty() {
                // Before all files: a form that is cut must not be taken for one without tenant.
                out.text(TENANT, read.tenant(self.caller)?.as_str()).await?;
            }
            self.resource(&mut part, &out, read).await?;
            if read.findings.len() >= MOST_FINDINGS {
                break;
            }
        }
        if !read.findings.is_empty() {
            return Err(model::refusal(&read.findings));
        }
        if read.text(ACTIVATE).is_some_and(|t| !t.is_empty()) && (read.flag(FILTER) || read.flag(CHANGED)) {
            // If nothing changed the engine would set the time on another tenant's deployment of that name (facts 7).
            let what = "`deployment-activation-time` can't be used together with `enable-duplicate-filtering` or \
                        `deploy-changed-only`; leave one of them out";
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
        if read.files.is_empty() {
            out.text(TENANT, read.tenant(self.caller)?.as_str()).await?;
        }
        out.close().await
    }

    /// The part that names the tenant.
    fn named(&self, named: &str, read: &mut Read) -> Result<(), Refusal> {
        if named.is_empty() || self.caller.owns(named) {
            return Ok(());
        }
        let tenant = self.caller.at_level(named, Level::All)?.ok_or_else(|| {
            let what =
                "the part `tenant-id` names a tenant that the token does not grant; remove it or name your own";
            Refusal::new(Kind::ForeignTenant, what)
        })?;
        // A model is inspected for the tenant that gets it, so that has to be known before.
        if !read.files.is_empty() {
            let what = "the part `tenant-id` stands behind a file; send it before all files";
            return Err(Refusal::new(Kind::MultipartAmbiguous, what));
        }
        read.tenant = Some(tenant.clone());
        Ok(())
    }

    /// A resource: what the engine would parse is read whole and inspected under the name that is sent on.
    async fn resource(&self, part: &mut Part, out: &FormWriter, read: &mut Read) -> Result<(), Refusal> {
        let fault = |what: String| Refusal::new(Kind::MultipartAmbiguous, what);
        let file_name = part.file_name.clone().filter(|n| !n.is_empty()).ok_or_else(|| {
            fault(format!(
                "No file name found in the deployment resource described by form parameter '{}'.",
                part.name
            ))
        })?;
        if file_name.len() > LONGEST_FILE_NAME {
            return Err(fault(format!("a file name has more than {LONGEST_FILE_NAME} bytes")));
        }
        if read.files.contains(&file_name) {
            return Err(fault(format!("the file `{file_name}` occurs twice")));
        }
        read.files.push(file_name.clone());
        // Our own part names: the client's can't be taken for a field by any other spelling.
        let name = format!("resource-{}", read.files.len());
        out.begin(&name, Some(&file_name), Some("application/octet-stream")).await?;
        if Inspector::kind(&file_name).is_some() {
            let limit = self.settings.deployments.max_model_bytes.unwrap_or(model::MAX_BYTES);
            let mut granted = self.inspections.memory(self.caller.share());
            let whole = part
                .whole_in(limit.min(model::MAX_BYTES), async |bytes| {
                    self.inspections.grow(&mut granted, bytes).await
                })
                .await?;
            let whole = granted.hold(whole);
            let tenant = read.tenant(self.caller)?.as_str().to_owned();
            read.findings.extend(self.inspections.inspect(&file_name, &whole, &tenant).await?);
            out.piece(whole).await?;
        } else {
            while let Some(piece) = part.piece().await? {
                out.piece(piece).await?;
            }
        }
        out.end().await
    }
}
