//! One case, with every fault of each of its questions.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;

use super::asking::{Case, Fate, Run, Wrong};
use super::verdict::{self, Class, Question};
use super::{IMPATIENT, PATIENT};
use crate::stage::{issuer, plan};
use crate::support::api::Api;
use crate::support::engine;
use crate::support::fault::Fault;
use crate::support::gateway::Gateway;
use crate::support::recorder::Recorder;

/// What all lanes came to.
#[derive(Default)]
pub struct Tally {
    /// Case, shape, number.
    pub questions: BTreeSet<(String, String, usize)>,
    /// Shapes of questions of plain rules that meet every fault; one case of each does.
    sorts: BTreeSet<String>,
    /// Sorts of questions that met silence.
    silenced: BTreeSet<String>,
    /// Shapes of everything that was asked, also in answer to a fault.
    pub seen: BTreeSet<String>,
    pub runs: usize,
    pub problems: Vec<String>,
}

/// One case on its way.
pub struct Trial<'a> {
    pub case: Arc<Case>,
    pub tally: &'a Mutex<Tally>,
}

impl Trial<'_> {
    /// What came of the first question by one fault; whether this case is to meet all others, too.
    pub fn first(&self, run: &Run) -> bool {
        let template = &self.case.template;
        if !template.whole {
            let Some(step) = run.steps.iter().find(|step| step.fate == Fate::Faulted) else { return false };
            let question = Question::of(&self.case, step);
            let problems = verdict::judge(&self.case, run, &question, Fault::Broken, run);
            self.told(&question, Fault::Broken, problems, run);
            return self.tally.lock().unwrap().sorts.insert(question.shape);
        }
        true
    }

    /// Every fault of every question.
    pub async fn whole(&self, engine: &Api) {
        let case = &self.case;
        let clean = self.stage(PATIENT).await.ask(case, None).await;
        let questions = verdict::questions(case, &clean);
        let goes_on = clean.reply.refusal().is_none() && !clean.steps.is_empty();
        if !goes_on && !case.template.refused {
            return self.problem("without a fault", vec![format!("does not go on: {}", clean.reply)]);
        }
        if questions.is_empty() || !goes_on {
            return;
        }
        // Another one: the first remembers the owners it found.
        let mut stage = self.stage(PATIENT).await;
        for question in &questions {
            let alike = questions.iter().filter(|other| other.shape == question.shape).count() > 1;
            for fault in self.due(question) {
                if fault == Fault::Nulls && nothing_to_null(engine, question).await {
                    continue;
                }
                // Of questions that are asked together, one may still come when the other was answered.
                if alike || fault == Fault::Silent {
                    stage = self.stage(if fault == Fault::Silent { IMPATIENT } else { PATIENT }).await;
                }
                let place = (question.shape.clone(), question.number);
                let wrong = Wrong { question: Some(place), fault };
                let mut run = stage.ask(case, Some(wrong.clone())).await;
                if run.steps.iter().all(|step| step.fate != Fate::Faulted) {
                    // A second look-up had found the owner, which is remembered.
                    stage = self.stage(PATIENT).await;
                    run = stage.ask(case, Some(wrong)).await;
                }
                self.told(question, fault, verdict::judge(case, &clean, question, fault, &run), &run);
            }
        }
        // The twin: no fault is remembered.
        let again = stage.ask(case, None).await;
        if outcome(&again) != outcome(&clean) {
            let both = format!("{:?}\n    {:?}", outcome(&clean), outcome(&again));
            self.problem("without a fault again", vec![both]);
        }
    }

    async fn stage(&self, timeout: &str) -> Stage {
        Stage::start(&format!("{timeout}{}", self.case.template.config), &self.case.tenant).await
    }

    /// All faults, silence only where it was not met before: it costs seconds.
    fn due(&self, question: &Question) -> Vec<Fault> {
        let handler = self.case.template.forward().handler;
        let sort = match question.class {
            Class::Shows => "an own record".to_owned(),
            Class::LookUp | Class::Sorts | Class::Check => format!("{handler:?} {}", question.shape),
        };
        let silent = self.tally.lock().unwrap().silenced.insert(sort);
        Fault::ALL.iter().copied().filter(|fault| silent || *fault != Fault::Silent).collect()
    }

    fn told(&self, question: &Question, fault: Fault, problems: Vec<String>, run: &Run) {
        let what = format!("{fault:?} for {} ({:?})", question.shape, question.class);
        self.problem(&what, problems.into_iter().map(|p| format!("{p}\n    {}", run.reply)).collect());
        let mut tally = self.tally.lock().unwrap();
        tally.runs += 1;
        tally.seen.extend(run.steps.iter().map(|step| step.shape.clone()));
        tally.questions.insert((self.case.template.name.clone(), question.shape.clone(), question.number));
    }

    fn problem(&self, what: &str, problems: Vec<String>) {
        let name = &self.case.template.name;
        let all = problems.into_iter().map(|problem| format!("{name}: {what}: {problem}"));
        self.tally.lock().unwrap().problems.extend(all);
    }
}

/// A gateway that remembers nothing yet, its client, and what is between it and the engine.
pub struct Stage {
    recorder: Recorder,
    gateway: Gateway,
    token: String,
}

impl Stage {
    pub async fn start(config: &str, tenant: &str) -> Self {
        let recorder = Recorder::before(&engine::url());
        let gateway = plan(&recorder.url()).config(config).start().await;
        Self { recorder, gateway, token: issuer().token(tenant) }
    }

    pub async fn ask(&self, case: &Arc<Case>, wrong: Option<Wrong>) -> Run {
        // A connection of its own: one that lay idle may end just when it is used again.
        let app = self.gateway.api().with_token(&self.token);
        case.run(&self.recorder, &app, wrong).await
    }
}

/// What acted, and the client's status.
fn outcome(run: &Run) -> (Vec<(String, Fate)>, u16) {
    let acts = run.steps.iter().filter(|s| s.acts).map(|s| (s.shape.clone(), s.fate)).collect();
    (acts, run.reply.status)
}

/// Whether the real answer has no value in it.
async fn nothing_to_null(engine: &Api, question: &Question) -> bool {
    let seen = &question.step.seen;
    let query = seen.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
    let target = format!("{}{query}", seen.path.trim_start_matches("/engine-rest"));
    let method: Method = seen.method.parse().unwrap();
    let headers =
        if seen.message.body.is_empty() { &[][..] } else { &[("content-type", "application/json")][..] };
    let reply = engine.send(method, &target, headers, seen.message.body.clone()).await;
    let value: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Bool(true));
    fn all_null(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.values().all(all_null),
            Value::Array(elements) => elements.iter().all(all_null),
            Value::Null => true,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    all_null(&value)
}
