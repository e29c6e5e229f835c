//! What may follow on a question that was answered badly.
//!
//! What says nothing (500, 503, a cut, silence) is a refusal, and nothing goes on. What says something else than was
//! asked for is one too, with two exceptions: an id that a look-up does not show as the caller's is as one that never
//! existed, and so is a record that names nobody. Then nothing that the caller named may go on, unless the id was
//! shown by another look-up and every other question was asked as ever.

use tenantgate::policy::Handler;

use super::asking::{Case, Fate, Run, Step, whole};
use crate::support::fault::Fault;
use crate::support::recorder::Seen;

/// What a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Whose an id is.
    LookUp,
    /// The operation itself, whose answer shows the owner.
    Shows,
    /// The operation itself, whose rows are sorted out by owner.
    Sorts,
    /// Anything else that has to be known before the operation goes on.
    Check,
}

/// A question of the gateway's own, as a run without faults showed it.
#[derive(Clone, Debug)]
pub struct Question {
    pub shape: String,
    /// How many of that shape came before.
    pub number: usize,
    pub class: Class,
    pub step: Step,
}

/// Checks that read only which records name the caller: one that names nobody is nobody's. What follows then names
/// what never existed, or nothing.
const BY_OWNER: &[Handler] = &[
    // Topics of own external tasks.
    Handler::TopicNames,
    // Own definitions; an id that never existed stands for none.
    Handler::InstanceReport,
    // Own versions of a key; a key that never existed stands for none.
    Handler::SuspendDefinitions,
    // Own executions that wait; none is the engine's "can't correlate".
    Handler::Message,
];

impl Question {
    /// What a request is for, by the case's rule.
    pub fn of(case: &Case, step: &Step) -> Self {
        let forward = case.template.forward();
        let class = match step.acts {
            true if forward.own_answer => Class::Shows,
            true => Class::Sorts,
            false if case.is_look_up(&step.seen) => Class::LookUp,
            false => Class::Check,
        };
        Self { shape: step.shape.clone(), number: 0, class, step: step.clone() }
    }
}

/// The questions of a run without faults.
pub fn questions(case: &Case, clean: &Run) -> Vec<Question> {
    let forward = case.template.forward();
    let sorts = matches!(forward.handler, Some(Handler::DefinitionStatistics | Handler::TaskReport));
    let asks = |step: &&Step| !step.acts || forward.own_answer || sorts;
    let mut all = Vec::<Question>::new();
    for step in clean.steps.iter().filter(asks) {
        let number = all.iter().filter(|earlier| earlier.shape == step.shape).count();
        all.push(Question { number, ..Question::of(case, step) });
    }
    all
}

/// Whether the fault leaves an answer that may mean "not the caller's" or "nobody's".
fn may_be_missing(case: &Case, question: &Question, fault: Fault) -> bool {
    let by_owner = case.template.forward().handler.is_some_and(|e| BY_OWNER.contains(&e));
    match question.class {
        Class::LookUp | Class::Shows => !fault.is_hard(),
        Class::Sorts => fault == Fault::Nulls,
        // The look-up of a key is the one check without a handler.
        Class::Check => fault == Fault::Nulls && (by_owner || case.template.config == super::cases::READABLE),
    }
}

/// What is wrong with a run in which that question went wrong; nothing when all is well.
pub fn judge(case: &Case, clean: &Run, question: &Question, fault: Fault, run: &Run) -> Vec<String> {
    let Some(at) = run.steps.iter().position(|step| step.fate == Fate::Faulted) else {
        return vec![format!("the question did not come: {:?}", shapes(&run.steps))];
    };
    // Questions of one shape are asked together.
    let after: Vec<Step> =
        run.steps[at + 1..].iter().filter(|s| s.shape != question.shape).cloned().collect();
    let faulted = &run.steps[at].seen;
    let refused = run.reply.refusal().is_some();
    let mut problems = Vec::new();
    if question.class == Class::Shows {
        let acts = run.steps[at + 1..].iter().filter(|s| s.acts && !case.is_look_up(&s.seen));
        problems.extend(acts.filter_map(|step| names_real(case, clean, faulted, step)));
        if run.reply.status < 400 {
            problems.push("answered as if it were fine".into());
        }
        return problems;
    }
    if may_be_missing(case, question, fault) {
        for (index, step) in run.steps.iter().enumerate().skip(at + 1).filter(|(_, step)| step.acts) {
            if let Some(named) = names_real(case, clean, faulted, step)
                && !proven(case, clean, faulted, run.steps[..index].split_at(at + 1), step)
            {
                problems.push(named);
            }
        }
        return problems;
    }
    // Another question changes nothing, as long as the answer is a refusal.
    let harmless = !fault.is_hard() && after.iter().all(|step| !step.acts);
    if !(after.is_empty() || harmless) {
        problems.push(format!("went on: {:?}", shapes(&run.steps[at + 1..])));
    }
    let told = match question.class {
        // The engine's own words about the request itself may come through, and its word that there is no such thing.
        Class::Sorts if fault == Fault::Broken => run.reply.status >= 400,
        Class::Sorts | Class::Check if fault == Fault::NotFound => run.reply.status >= 400,
        _ => refused,
    };
    if !told {
        problems.push("not refused".into());
    }
    problems
}

/// What of the caller's a request names that it would not after that fault.
fn names_real(case: &Case, clean: &Run, faulted: &Seen, step: &Step) -> Option<String> {
    let acted: Vec<String> =
        clean.steps.iter().filter(|s| s.acts).flat_map(|s| case.ids_in(&s.seen)).collect();
    let asked = case.ids_in(faulted);
    let both: Vec<&String> = acted.iter().filter(|id| asked.contains(id)).collect();
    let real = if both.is_empty() { acted.iter().collect() } else { both };
    let text = whole(&step.seen);
    let named = real.into_iter().find(|id| text.contains(id.as_str()))?;
    Some(format!("`{named}` went on: {} {text}", step.seen.method))
}

/// Whether another look-up has shown the id, and all that has to be known was asked for as in the run without faults.
fn proven(case: &Case, clean: &Run, faulted: &Seen, (until, since): (&[Step], &[Step]), act: &Step) -> bool {
    let ids = case.ids_in(faulted);
    let shown = since.iter().any(|step| {
        let same = case.ids_in(&step.seen).iter().any(|id| ids.contains(id));
        step.fate == Fate::Passed && same && case.is_look_up(&step.seen)
    });
    let mut needed = clean.steps.iter().filter(|s| !s.acts && !case.is_look_up(&s.seen));
    let before = until.iter().chain(since).filter(|step| step.fate == Fate::Passed);
    let as_ever = clean.steps.iter().any(|s| s.acts && s.shape == act.shape);
    shown && as_ever && needed.all(|step| before.clone().any(|earlier| earlier.shape == step.shape))
}

fn shapes(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.shape.as_str()).collect()
}
