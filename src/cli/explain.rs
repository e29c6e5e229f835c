//! `explain`: what would become of a request. Nothing is sent to the engine.
//!
//! It prints the plan that the gateway would carry out. Whose an id is only the engine could say: what depends on the
//! engine is shown as a question, never answered.

use std::fmt::Write as _;

use bytes::Bytes;

use super::args::ExplainArgs;
use super::caller;
use super::exit::Exit;
use crate::admission::Memory;
use crate::config::{Settings, gather, gather_or_defaults};
use crate::isolation::{Draft, Handles, ResourceId};
use crate::operations::{FormCheck, check_form};
use crate::plan::{ClientRequest, Plan, Planner, Way, way, without_rule};
use crate::policy::{Empty, Forward, LookUp, Policy};
use crate::refusal::Refusal;
use crate::request::{Arrival, Base, Payload};
use crate::response::{Reply, ReplyBody};
use crate::tenancy::{Caller, Level};
use crate::whoami;

/// Explains one request. Faulty settings are shown and end it: an explanation by other rules would mislead.
pub(super) fn explain(args: ExplainArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let (token, body) = match token(&args).and_then(|token| Ok((token, body(&args)?))) {
        Ok(read) => read,
        Err(fault) => return failed(&fault),
    };
    let settings = args.settings.clone().into();
    // A token can't be verified by placeholders.
    let gathered = if token.is_some() { gather(&settings, env) } else { gather_or_defaults(settings, env) };
    for finding in gathered.findings.iter().filter(|f| f.is_error()) {
        eprintln!("{finding}\n");
    }
    let Some(settings) = gathered.settings else { return Exit::Findings };
    let policy = match super::check::rules(settings.policies.directory.as_deref(), settings.tenancy.users) {
        Ok(policy) => policy,
        Err(findings) => {
            findings.iter().for_each(|f| eprintln!("{}\n", super::check::policy_finding(f, &settings)));
            return Exit::Findings;
        }
    };
    let by = match caller::By::of(token, &args, &settings) {
        Ok(by) => by,
        Err(fault) => return failed(&fault),
    };
    let mut text = Text::default();
    let outcome = actix_web::rt::System::new().block_on(async {
        let caller = by.caller(&settings).await?;
        let explainer = Explainer { settings: &settings, policy: &policy, caller: &caller };
        explainer.request(&args, body, &mut text).await
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

/// Something failed on the way, which is neither a finding nor a refusal.
fn failed(fault: &str) -> Exit {
    eprintln!("error: {fault}");
    Exit::Failed
}

/// The text of the token's file.
fn token(args: &ExplainArgs) -> Result<Option<String>, String> {
    let Some(file) = &args.token else { return Ok(None) };
    let shown = file.display();
    std::fs::read_to_string(file)
        .map(Some)
        .map_err(|e| format!("the token file `{shown}` can't be read: {e}"))
}

/// The body of the request.
fn body(args: &ExplainArgs) -> Result<Option<Bytes>, String> {
    if let Some(text) = &args.data {
        return Ok(Some(Bytes::from(text.clone())));
    }
    let Some(file) = &args.body else { return Ok(None) };
    let body =
        std::fs::read(file).map_err(|e| format!("the body `{}` can't be read: {e}", file.display()))?;
    Ok(Some(Bytes::from(body)))
}

/// Lines of a name and a text.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn line(&mut self, name: &str, text: &str) {
        // A client's text must not forge a line of the explanation, nor steer the terminal.
        let steers = |c: char| {
            c.is_control()
                || matches!(c, '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        };
        let text = text.chars().fold(String::new(), |mut line, c| {
            if steers(c) {
                line.extend(c.escape_unicode())
            } else {
                line.push(c)
            }
            line
        });
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
    async fn request(&self, args: &ExplainArgs, body: Option<Bytes>, text: &mut Text) -> Result<(), Refusal> {
        caller::describe(self.caller, self.settings, text);
        let arrival = self.arrival(args, body.as_ref())?;
        if whoami::is_asked(self.settings.whoami, &arrival.segments) {
            answered(&whoami::answer(&arrival.method, self.caller)?, text);
            return Ok(());
        }
        let Some(operation) = self.policy.find(&arrival.method, &arrival.segments) else {
            answered(&without_rule(self.policy, &arrival.method, &arrival.segments)?, text);
            return Ok(());
        };
        let rule = &operation.rule;
        text.line("operation", rule.operation.name());
        let (kind, level) = (rule.kind.name(), rule.kind.level());
        text.line("rule", &format!("policies/{} ({kind}, level {level})", rule.file));
        self.caller.permits().check(rule.kind.name(), &self.settings.permissions)?;
        let forward = match way(&operation, &self.settings.engine.name)? {
            Way::Forward(forward) => forward,
            Way::Answer(reply) => {
                answered(&reply, text);
                return Ok(());
            }
        };
        let handles = Handles::new(&self.settings.tenancy.batch_keys, &self.settings.engine.name);
        let planner =
            Planner { policy: self.policy, settings: self.settings, handles: &handles, caller: self.caller };
        let payload = Payload::whole_of(body.unwrap_or_default());
        let memory = Memory::new(usize::MAX, 0);
        let sent = planner.body(forward, &arrival.headers, payload, &memory).await?;
        let Arrival { method, query, headers, segments: _, head: _ } = arrival;
        let accept = headers.accept.as_deref();
        let asked = ClientRequest { operation: &operation, method, query, accept, body: sent.json };
        match (planner.plan(asked, forward)?, sent.form) {
            (Plan::Form(draft, form), Some(payload)) => {
                let content_type = headers.content_type.as_deref();
                let check = FormCheck { settings: self.settings, caller: self.caller, content_type };
                self.look_ups(&draft, forward, text);
                let behind = check_form(check, form, payload).await?;
                self.to_engine(&draft, text);
                text.line("form", "rebuilt part by part");
                questions(&behind, text);
            }
            (plan, _) => self.plan(&plan, forward, text),
        }
        Ok(())
    }

    /// The head of the request. A body is JSON unless a header says otherwise.
    fn arrival(&self, args: &ExplainArgs, body: Option<&Bytes>) -> Result<Arrival, Refusal> {
        let engine = &self.settings.engine;
        let base = Base {
            path: engine.base_path.clone(),
            engine: engine.name.clone(),
            max_target_bytes: self.settings.limits.max_target_bytes,
        };
        let (method, path, query) = args.target();
        let mut headers = args.headers.clone();
        if let Some(body) = body {
            if headers.iter().all(|(name, _)| name != "content-type") {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        Arrival::read(&base, &method.to_ascii_uppercase(), path, query, lines)
    }

    fn plan(&self, plan: &Plan, forward: &Forward, text: &mut Text) {
        match plan {
            Plan::Answer(reply) => answered(reply, text),
            Plan::Send(draft) | Plan::Form(draft, _) => self.sent(draft, forward, text),
            Plan::SendPages(pages) => {
                let sum = match pages.answers {
                    Empty::List => "the rows of all answers",
                    Empty::Count => "the sum of all answers",
                };
                pages.drafts.iter().for_each(|draft| self.to_engine(draft, text));
                text.line("answered", sum);
            }
            Plan::SendByKey { question, own, shared } => {
                let asks =
                    format!("does the caller have a definition with this key? GET {}", question.target());
                text.line("question", &asks);
                self.sent(own, forward, text);
                if self.caller.tenants(Level::Read).nth(1).is_some() {
                    text.line("otherwise", "the one granted tenant that has it; refused if several do");
                }
                if let Some(shared) = shared {
                    text.line("otherwise", "the shared one:");
                    self.sent(shared, forward, text);
                }
            }
            Plan::Handled(plan) => {
                if let Some(asked) = plan.looks_up(self.policy) {
                    text.line("look-up", &self.look_up(&asked, false));
                }
                if let Some(draft) = plan.goes_on() {
                    self.look_ups(draft, forward, text);
                }
                questions(&plan.describe(self.caller), text);
                if let Some(draft) = plan.goes_on() {
                    self.to_engine(draft, text);
                }
                if let Some(draft) = plan.otherwise() {
                    text.line("otherwise", "if the caller has none:");
                    self.to_engine(draft, text);
                }
                questions(&plan.describe_behind(self.caller), text);
            }
        }
    }

    fn sent(&self, draft: &Draft, forward: &Forward, text: &mut Text) {
        self.look_ups(draft, forward, text);
        self.to_engine(draft, text);
    }

    fn look_ups(&self, draft: &Draft, forward: &Forward, text: &mut Text) {
        let mut seen = Vec::new();
        for asked in draft.questions() {
            if !seen.contains(&asked) {
                text.line("look-up", &self.look_up(&asked, forward.own_answer));
                seen.push(asked);
            }
        }
    }

    /// The request as it would reach the engine if all ids were the caller's.
    fn to_engine(&self, draft: &Draft, text: &mut Text) {
        let preview = draft.preview();
        let base = &self.settings.engine.base_path;
        text.line("to engine", &format!("{} {base}{}", preview.method, preview.target));
        let identity = &self.settings.identity_headers;
        text.line("", &format!("{}: {}", identity.user, self.caller.user()));
        text.line("", &format!("{}: {}", identity.tenants, self.caller.own().map_or("", |own| own.as_str())));
        if let Some(body) = preview.body {
            text.line("body", &String::from_utf8_lossy(&body));
        }
    }

    /// `shows`: the answer to the request itself has the owner in it.
    fn look_up(&self, asked: &ResourceId, shows: bool) -> String {
        let Some(resource_type) = self.policy.resource_type(asked.resource_type()) else {
            return match self.caller.owns(asked.id()) {
                true => format!("`{}` is the caller's tenant", asked.id()),
                false => format!("`{}` is another tenant: answered as one that never existed", asked.id()),
            };
        };
        let by: Vec<String> = resource_type.look_up.iter().map(request).collect();
        if !asked.plausible() {
            return format!("`{}` cannot be an id: it is sent as one that never existed", asked.id());
        }
        let (id, by) = (asked.id(), by.join(", then "));
        let by = if shows { format!("the answer contains it, or {by}") } else { format!("by {by}") };
        format!(
            "is `{id}` a {} of the caller? {by}; if not, it is sent as an id that never existed",
            resource_type.name
        )
    }
}

fn questions(all: &[String], text: &mut Text) {
    for question in all {
        text.line("question", question);
    }
}

fn answered(reply: &Reply, text: &mut Text) {
    let body = match &reply.body {
        ReplyBody::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ReplyBody::Stream { .. } => String::new(),
    };
    text.line("answered", &format!("{} {body} (by the gateway)", reply.status));
}

fn request(look_up: &LookUp) -> String {
    match look_up {
        LookUp::GetList { path, param, .. } | LookUp::Count { path, param } => {
            format!("GET {path}?{param}=…")
        }
        LookUp::PostList { path, field, .. } => format!("POST {path} {{\"{field}\": …}}"),
        LookUp::One { before, after } => format!("GET {before}…{after}"),
    }
}
