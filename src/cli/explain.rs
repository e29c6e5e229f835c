//! `explain`: what would become of a request. Nothing is sent to the engine.
//!
//! It prints the plan that the gateway would carry out. Whose an id is only the engine could say: what depends on the
//! engine is shown as a question, never answered.

use std::fmt::Write as _;

use bytes::Bytes;

use super::args::ExplainArgs;
use super::exit::Exit;
use crate::causes;
use crate::config::{Settings, gather};
use crate::isolation::{Asked, Draft, Handles};
use crate::plan::{Asked as Asks, Plan, Planner, Way, way};
use crate::policy::{LookUp, Policy};
use crate::refusal::{Kind, Refusal};
use crate::request::{Arrival, Base};
use crate::response::{Reply, ReplyBody};
use crate::tenancy::{Caller, Tenant};
use crate::token::Tokens;

/// Explains one request. Faulty settings are shown and end it: an explanation by other rules would mislead.
pub(super) fn explain(args: ExplainArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let gathered = gather(&args.settings.clone().into(), env);
    for finding in gathered.findings.iter().filter(|f| f.is_error()) {
        eprintln!("{finding}\n");
    }
    let Some(settings) = gathered.settings else { return Exit::Findings };
    let policy = match crate::policy::load(settings.policies.directory.as_deref()) {
        Ok(policy) => policy,
        Err(findings) => {
            findings.iter().for_each(|f| eprintln!("{}\n", super::check::policy_finding(f, &settings)));
            return Exit::Findings;
        }
    };
    let body = match args.body.as_ref().map(std::fs::read).transpose() {
        Ok(body) => body.map(Bytes::from),
        Err(error) => {
            eprintln!("error: the body can't be read: {error}");
            return Exit::Failed;
        }
    };
    let mut text = Text::default();
    let outcome = caller(&args, &settings).and_then(|caller| {
        let explainer = Explainer { settings: &settings, policy: &policy, caller: &caller };
        explainer.request(&args, body, &mut text)
    });
    if let Err(refusal) = &outcome {
        let kind = refusal.kind();
        text.line("refused", &format!("{} {}: {}", kind.status(), kind.code(), refusal.message()));
        if let Some(cause) = refusal.cause() {
            text.line("cause", cause);
        }
    }
    match (super::print(&text.0), outcome) {
        (Exit::Ok, Ok(())) => Exit::Ok,
        (Exit::Ok, Err(_)) => Exit::Findings,
        (failed, _) => failed,
    }
}

/// Who asks: the bearer of a token, or an application by its client id.
fn caller(args: &ExplainArgs, settings: &Settings) -> Result<Caller, Refusal> {
    let failed = |what: String| Refusal::new(Kind::Internal, what);
    if let Some(file) = &args.token {
        let token =
            std::fs::read_to_string(file).map_err(|e| failed(format!("the token can't be read: {e}")))?;
        let (issuers, limits) = (&settings.issuers, &settings.limits);
        let tokens = Tokens::new(issuers, &settings.keys, &settings.tenancy, limits.max_token_bytes)
            .map_err(|error| failed(causes::in_full(&error)))?;
        let header = format!("Bearer {}", token.trim());
        return actix_web::rt::System::new().block_on(async {
            tokens.start();
            tokens.caller(&[header.as_bytes()]).await
        });
    }
    let id = args.client_id.as_deref().unwrap_or("example");
    Ok(Caller::new(Tenant::parse(id, &settings.tenancy.reserved_client_ids)?))
}

/// Lines of a name and a text.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, text: &str) {
        // Writing to a string can't fail.
        let _ = writeln!(self.0, "{name:<12}{text}");
    }
}

/// What an explanation is made by.
struct Explainer<'a> {
    settings: &'a Settings,
    policy: &'a Policy,
    caller: &'a Caller,
}

impl Explainer<'_> {
    fn request(&self, args: &ExplainArgs, body: Option<Bytes>, text: &mut Text) -> Result<(), Refusal> {
        text.line("caller", self.caller.tenant().as_str());
        let engine = &self.settings.engine;
        let base = Base {
            path: engine.base_path.clone(),
            engine: engine.name.clone(),
            max_target_bytes: self.settings.limits.max_target_bytes,
        };
        let (path, query) =
            args.path.split_once('?').map_or((args.path.as_str(), None), |(p, q)| (p, Some(q)));
        let arrival =
            Arrival::read(&base, &args.method.to_ascii_uppercase(), path, query, std::iter::empty())?;
        let operation = self
            .policy
            .find(&arrival.method, &arrival.segments)
            .ok_or_else(|| Refusal::new(Kind::NoRule, "there is no such operation"))?;
        let rule = &operation.rule;
        text.line("operation", rule.operation.name());
        text.line("rule", &format!("policies/{} ({})", rule.file, rule.kind.name()));
        let forward = match way(&operation, &engine.name)? {
            Way::Forward(forward) => forward,
            Way::Answer(reply) => {
                answered(&reply, text);
                return Ok(());
            }
        };
        let handles = Handles::new(&self.settings.tenancy.batch_keys, &engine.name);
        let planner =
            Planner { policy: self.policy, settings: self.settings, handles: &handles, caller: self.caller };
        let body = match (body, forward.body) {
            (Some(bytes), crate::policy::Body::Json(_)) => planner.json(Some("application/json"), &bytes)?,
            (Some(_) | None, _) => None,
        };
        let asked = Asks { operation: &operation, method: arrival.method, query: arrival.query, body };
        self.plan(&planner.plan(asked, forward)?, text);
        Ok(())
    }

    fn plan(&self, plan: &Plan, text: &mut Text) {
        match plan {
            Plan::Answer(reply) => answered(reply, text),
            Plan::Send(draft) => self.sent(draft, text),
            Plan::SendByKey { key, own, shared } => {
                text.line("question", &format!("has the caller a definition of the key `{key}`? If so:"));
                self.sent(own, text);
                text.line("otherwise", "the shared one:");
                self.sent(shared, text);
            }
            Plan::Form(draft, form) => {
                self.sent(draft, text);
                text.line("body", &format!("the form, rebuilt part by part ({form:?})"));
            }
            Plan::Handled(plan) => {
                for question in plan.describe(self.caller) {
                    text.line("question", &question);
                }
                if let Some(draft) = plan.goes_on() {
                    self.sent(draft, text);
                }
            }
        }
    }

    /// The look-ups, and the request as it would reach the engine if all ids were the caller's.
    fn sent(&self, draft: &Draft, text: &mut Text) {
        for asked in draft.questions() {
            text.line("look-up", &self.look_up(&asked));
        }
        let preview = draft.preview();
        let base = &self.settings.engine.base_path;
        text.line("to engine", &format!("{} {base}{}", preview.method, preview.target));
        let identity = &self.settings.identity_headers;
        text.line("", &format!("{}: {}", identity.user, self.caller.user()));
        text.line("", &format!("{}: {}", identity.tenants, self.caller.tenant()));
        if let Some(body) = preview.body {
            text.line("body", &String::from_utf8_lossy(&body));
        }
    }

    fn look_up(&self, asked: &Asked) -> String {
        let Some(family) = self.policy.family(asked.family()) else {
            return match asked.id() == self.caller.tenant().as_str() {
                true => format!("`{}` is the caller's tenant", asked.id()),
                false => format!("`{}` is another tenant: answered as one that never existed", asked.id()),
            };
        };
        let by: Vec<String> = family.look_up.iter().map(request).collect();
        format!(
            "is `{}` an own {}? by {}; if not, it goes as an id that never existed",
            asked.id(),
            family.name,
            by.join(", then ")
        )
    }
}

fn answered(reply: &Reply, text: &mut Text) {
    let body = match &reply.body {
        ReplyBody::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ReplyBody::Stream { .. } => String::new(),
    };
    text.line("answered", &format!("{} {body} by the gateway itself", reply.status));
}

fn request(look_up: &LookUp) -> String {
    match look_up {
        LookUp::GetList { path, param, .. } => format!("GET {path}?{param}=…"),
        LookUp::PostList { path, field, .. } => format!("POST {path} {{\"{field}\": …}}"),
        LookUp::One { before, after } => format!("GET {before}…{after}"),
    }
}
