//! One request of a case, and what each request that reached the engine's door is.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tenantgate::policy::{Handler, LookUp, Part, Policy, RuleKind};

use super::cases::Template;
use crate::isolation::uuids;
use crate::matrix::cases::Ask;
use crate::matrix::run::send;
use crate::support::api::{Api, Reply};
use crate::support::fault::Fault;
use crate::support::recorder::{Answer, Recorder, Seen};

/// A case: a template, filled for one caller.
pub struct Case {
    pub template: Template,
    pub ask: Ask,
    /// The ids and keys that it names.
    pub ids: Vec<String>,
    pub tenant: String,
    pub look_ups: Arc<Vec<LookUp>>,
}

/// What became of a request to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Passed,
    Faulted,
    /// It would change something: answered with 204, and never seen by the engine.
    Withheld,
}

/// A request to the engine.
#[derive(Clone, Debug)]
pub struct Step {
    pub seen: Seen,
    pub shape: String,
    pub fate: Fate,
    /// The operation itself, or another request that changes something.
    pub acts: bool,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The shape of the question, and how many of that shape come before; none: the first question of all.
    pub question: Option<(String, usize)>,
    pub fault: Fault,
}

impl Wrong {
    fn is_met(&self, shape: &str, number: usize, acts: bool, steps: &[Step]) -> bool {
        match &self.question {
            Some((wanted, before)) => wanted == shape && *before == number,
            None => !acts && steps.iter().all(|step| step.fate != Fate::Faulted),
        }
    }
}

/// What a request came to.
pub struct Run {
    pub steps: Vec<Step>,
    pub reply: Reply,
}

impl Case {
    /// Asks once.
    pub async fn run(self: &Arc<Self>, recorder: &Recorder, app: &Api, wrong: Option<Wrong>) -> Run {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let (case, kept) = (Arc::clone(self), Arc::clone(&steps));
        recorder.script(move |seen| case.door(seen, wrong.as_ref(), &mut kept.lock().unwrap()));
        let reply = send(app, &self.template.method, &self.ask).await;
        recorder.script(|_| Answer::Forward);
        let steps = steps.lock().unwrap().clone();
        Run { steps, reply }
    }

    fn door(&self, seen: &Seen, wrong: Option<&Wrong>, steps: &mut Vec<Step>) -> Answer {
        if ["/engine-rest/version", "/engine-rest/engine"].contains(&seen.path.as_str()) {
            return Answer::Forward;
        }
        let shape = self.shape(seen);
        let number = steps.iter().filter(|step| step.shape == shape).count();
        let writes = self.writes(seen);
        let acts = writes || self.is_operation(seen);
        let (fate, answer) = match wrong {
            Some(wrong) if wrong.is_met(&shape, number, acts, steps) => (Fate::Faulted, wrong.fault.answer()),
            _ if writes && !self.template.writes => {
                (Fate::Withheld, Answer::Raw(b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n".to_vec()))
            }
            _ => (Fate::Passed, Answer::Forward),
        };
        steps.push(Step { seen: seen.clone(), shape, fate, acts });
        answer
    }

    /// Method, path and names of parameters, without ids.
    pub fn shape(&self, seen: &Seen) -> String {
        let query = seen.query.as_deref().unwrap_or_default();
        let mut names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
        names.sort_unstable();
        let body = match seen.json() {
            Value::Object(members) => members.keys().cloned().collect::<Vec<_>>().join(","),
            _ => String::new(),
        };
        let mut text = format!("{} {}?{} {body}", seen.method, path(seen), names.join("&"));
        for id in self.ids.iter().cloned().chain(uuids(&text)) {
            text = text.replace(&id, "*");
        }
        text.replace(&self.tenant, "T")
    }

    /// Whether it is what the client asked for, in the client's words or the rule's.
    fn is_operation(&self, seen: &Seen) -> bool {
        let forward = self.template.forward();
        let runs = forward.handler == Some(Handler::FilterRun);
        if seen.method != self.template.method && !runs {
            return false;
        }
        let path = path(seen);
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let fits = |(part, segment): (&Part, &&str)| match part {
            Part::Literal(text) => text == segment,
            Part::CallerTenant | Part::Tenant(_) | Part::Id(..) | Part::Free(_) | Part::Key(..) => true,
        };
        path == self.ask.path
            || (segments.len() == forward.to.len() && forward.to.iter().zip(&segments).all(fits))
    }

    /// Whether the engine would change anything for it.
    fn writes(&self, seen: &Seen) -> bool {
        let path = path(seen);
        let reads = seen.method == "GET"
            || path == "/execution"
            || (path.starts_with("/filter/")
                && ["/count", "/list", "/singleResult"].iter().any(|t| path.ends_with(t)))
            || self
                .look_ups
                .iter()
                .any(|l| matches!(l, LookUp::PostList { path: list, .. } if *list == path))
            || (self.template.rule.kind == RuleKind::Read && self.is_operation(seen));
        !(seen.method == "GET" || (seen.method == "POST" && reads))
    }

    /// Whether it asks whose an id is.
    pub fn is_look_up(&self, seen: &Seen) -> bool {
        let asked = path(seen);
        let query = seen.query.as_deref().unwrap_or_default();
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        self.look_ups.iter().any(|look_up| match look_up {
            LookUp::GetList { path, param, .. } | LookUp::Count { path, param } => {
                seen.method == "GET" && *path == asked && has(param)
            }
            LookUp::PostList { path, field, .. } => {
                seen.method == "POST" && *path == asked && seen.json().get(field).is_some()
            }
            LookUp::One { before, after } => {
                let id = asked.strip_prefix(before.as_str());
                let query = after.trim_start_matches('?');
                seen.method == "GET"
                    && id.is_some_and(|id| !id.contains('/'))
                    && seen.query.as_deref().unwrap_or_default() == query
            }
        })
    }

    /// The ids of a request: those that the client named, and everything that looks like one.
    pub fn ids_in(&self, seen: &Seen) -> Vec<String> {
        let text = whole(seen);
        let named = self.ids.iter().filter(|id| text.contains(id.as_str())).cloned();
        named.chain(uuids(&text)).collect()
    }
}

/// The engine's path without its base.
pub fn path(seen: &Seen) -> String {
    seen.path.trim_start_matches("/engine-rest").replace("%3A", ":")
}

/// Everything of a request that may name something.
pub fn whole(seen: &Seen) -> String {
    format!(
        "{}?{} {}",
        path(seen),
        seen.query.as_deref().unwrap_or_default().replace("%3A", ":"),
        seen.text()
    )
}

/// All look-ups of all resource types.
pub fn look_ups(policy: &Policy) -> Vec<LookUp> {
    let all: Vec<_> = policy
        .resource_types()
        .iter()
        .flat_map(|resource_type| resource_type.look_up.iter().cloned())
        .collect();
    assert!(all.len() > 20, "{all:?}");
    all
}
