//! `explain`: what would become of a request. Nothing is sent to the engine.
//!
//! It runs the same stages as the gateway up to the permit. Whose an id is only the engine could say, so ids are
//! taken as the caller's own, and the look-ups that would be asked are shown.

use std::fmt::Write as _;

use bytes::Bytes;

use super::args::ExplainArgs;
use super::exit::Exit;
use crate::config::{Settings, gather};
use crate::json;
use crate::ownership::{Handles, Owned};
use crate::policy::{Body, Empty, Forward, How, LookUp, Operation, Policy};
use crate::refusal::{Kind, Refusal};
use crate::rewrite::{Content, Context, Draft, Outcome, class_names, narrow};
use crate::server::{Arrival, Base};
use crate::tenancy::{Caller, Tenant};
use crate::token::Tokens;

/// Explains one request. Faulty settings are shown and end it: an explanation by other rules would mislead.
pub(super) fn explain(args: ExplainArgs, env: impl Iterator<Item = (String, String)>) -> Exit {
    let gathered = gather(&args.settings.clone().into(), env);
    for finding in gathered.findings.iter().filter(|f| f.is_error()) {
        eprintln!("{finding}\n");
    }
    let Some(settings) = gathered.settings else { return Exit::Findings };
    let policy = match crate::policy::load(settings.policies_directory.as_deref()) {
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
    let mut told = String::new();
    let outcome = caller(&args, &settings)
        .and_then(|caller| explanation(&args, &settings, &policy, body, &caller, &mut told));
    if let Err(refusal) = &outcome {
        let kind = refusal.kind();
        told.push_str(&format!("refused     {} {}: {}\n", kind.status(), kind.code(), refusal.message()));
        if let Some(cause) = refusal.cause() {
            told.push_str(&format!("cause       {cause}\n"));
        }
    }
    match (super::print(&told), outcome) {
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
            .map_err(|error| failed(error.in_full()))?;
        let header = format!("Bearer {}", token.trim());
        return actix_web::rt::System::new().block_on(async {
            tokens.start();
            tokens.caller(&[header.as_bytes()]).await
        });
    }
    let id = args.client_id.as_deref().unwrap_or("example");
    Ok(Caller::new(Tenant::parse(id, &settings.tenancy.reserved_client_ids)?))
}

fn explanation(
    args: &ExplainArgs,
    settings: &Settings,
    policy: &Policy,
    body: Option<Bytes>,
    caller: &Caller,
    told: &mut String,
) -> Result<(), Refusal> {
    line(told, "caller", caller.tenant().as_str());
    let base = Base {
        path: settings.engine.base_path.clone(),
        engine: settings.engine.name.clone(),
        max_target_bytes: settings.limits.max_target_bytes,
    };
    let (path, query) = args.path.split_once('?').map_or((args.path.as_str(), None), |(p, q)| (p, Some(q)));
    let arrival = Arrival::read(&base, &args.method.to_ascii_uppercase(), path, query, std::iter::empty())?;
    let operation = policy
        .find(&arrival.method, &arrival.segments)
        .ok_or_else(|| Refusal::new(Kind::NoRule, "there is no such operation"))?;
    line(told, "operation", &operation.rule.operation);
    line(told, "rule", &format!("policies/{} ({})", operation.rule.file, operation.rule.kind.name()));
    match &operation.rule.how {
        How::Deny(reason) => Err(Refusal::new(Kind::Denied, reason.clone())),
        How::Local(_) => {
            line(told, "answered", "by the gateway itself");
            Ok(())
        }
        How::Forward(forward) => {
            forwarded(settings, policy, &operation, forward, arrival, body, caller, told)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one thing that the journey has at this stage")]
fn forwarded(
    settings: &Settings,
    policy: &Policy,
    operation: &Operation,
    forward: &Forward,
    arrival: Arrival,
    body: Option<Bytes>,
    caller: &Caller,
    told: &mut String,
) -> Result<(), Refusal> {
    if let Some(emulation) = forward.emulate {
        line(told, "carried out", &format!("by code where needed: {emulation:?}"));
    }
    let body = match (body, forward.body) {
        (Some(bytes), Body::Json(_)) if !bytes.is_empty() => {
            let json = json::read(&bytes, settings.limits.max_json_depth).map_err(|fault| {
                Refusal::new(Kind::BodyAmbiguous, format!("the body can't be read: {fault}"))
            })?;
            class_names(&json, &settings.object_types)?;
            Some(json)
        }
        (Some(_) | None, Body::Json(_) | Body::None | Body::Multipart(_)) => None,
    };
    let handles = Handles::new(&settings.tenancy.batch_keys, &settings.engine.name);
    let context = Context {
        policy,
        tenant: caller.tenant(),
        kind: operation.rule.kind,
        shared: settings.tenancy.shared_resources,
        handles: &handles,
        params: &operation.params,
        // What the caller has, only the engine could say.
        shared_key: false,
    };
    match narrow(&context, &operation.rule, forward, &arrival.method, arrival.query, body)? {
        Outcome::Empty(Empty::List) => line(told, "answered", "200 [] by the gateway itself"),
        Outcome::Empty(Empty::Count) => line(told, "answered", "200 {\"count\":0} by the gateway itself"),
        Outcome::Forward(draft) => sent(policy, settings, draft, caller, told),
    }
    Ok(())
}

/// The look-ups, and the request as it would reach the engine if all ids were the caller's.
fn sent(policy: &Policy, settings: &Settings, draft: Draft, caller: &Caller, told: &mut String) {
    let mut owned = Owned::default();
    for asked in draft.questions() {
        if let Some(family) = policy.family(asked.family()) {
            let by: Vec<String> = family.look_up.iter().map(shown).collect();
            line(
                told,
                "look-up",
                &format!("is `{}` an own {}? by {}", asked.id(), family.name, by.join(", then ")),
            );
            let id = asked.id().to_owned();
            owned.insert(asked, id);
        } else if asked.id() == caller.tenant().as_str() {
            let id = asked.id().to_owned();
            owned.insert(asked, id);
        } else {
            line(
                told,
                "foreign",
                &format!("`{}` is another tenant: answered as one that never existed", asked.id()),
            );
        }
    }
    let permit = draft.permit(&owned);
    line(told, "to engine", &format!("{} {}{}", permit.method(), settings.engine.base_path, permit.target()));
    let identity = &settings.identity_headers;
    line(told, "", &format!("{}: {}", identity.user, caller.user()));
    line(told, "", &format!("{}: {}", identity.tenants, caller.tenant()));
    match permit.content() {
        Content::None => {}
        Content::Json(bytes) => line(told, "body", &String::from_utf8_lossy(bytes)),
        Content::Multipart(form) => line(told, "body", &format!("the form, rebuilt part by part ({form:?})")),
    }
}

fn shown(look_up: &LookUp) -> String {
    match look_up {
        LookUp::GetList { path, param, .. } => format!("GET {path}?{param}=…"),
        LookUp::PostList { path, field, .. } => format!("POST {path} {{\"{field}\": …}}"),
        LookUp::One { before, after } => format!("GET {before}…{after}"),
    }
}

fn line(told: &mut String, name: &str, text: &str) {
    // Writing to a string can't fail.
    let _ = writeln!(told, "{name:<12}{text}");
}
