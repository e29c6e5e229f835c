//! Every question that the gateway asks the engine by itself, answered badly in every way: nothing goes on after it.
//!
//! A run without faults shows which requests a client's request makes; all but the operation itself are questions.
//! Then each is answered by each fault, while everything else reaches the real engine; what would change something is
//! held back, so that one case leaves the next one as it was. Last the same without a fault: it goes on as at first.
//! `ONLY=text` runs the cases whose name holds that text.

// `explained` asks for the same.
pub mod asking;
pub mod cases;
mod trial;
mod verdict;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use asking::{Case, Wrong};
use cases::Template;
use tenantgate::policy::{How, LookUp, Policy};
use trial::{Stage, Tally, Trial};

use crate::matrix::columns::{Column, Filler, Sides};
use crate::matrix::estate::Estate;
use crate::matrix::state;
use crate::support::fault::Fault;
use crate::support::snapshot::assert_same;

/// Cases are spread over so many lanes, each with a caller of its own.
const LANES: usize = 6;
/// Whole reports take as long as all tests' data make them; silence must not.
const PATIENT: &str = "engine:\n  timeout: 5m\n";
const IMPATIENT: &str = "engine:\n  timeout: 2s\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_on_after_a_question_that_went_wrong() {
    let policy = tenantgate::policy::load(None).unwrap();
    let only = std::env::var("ONLY").unwrap_or_default();
    let all: Vec<Template> =
        cases::templates(&policy).into_iter().filter(|case| case.name.contains(&only)).collect();
    assert!(!all.is_empty());
    let look_ups = Arc::new(asking::look_ups(&policy));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let mine: Vec<Template> = all.iter().skip(lane).step_by(LANES).cloned().collect();
            let (look_ups, tally) = (Arc::clone(&look_ups), Arc::clone(&tally));
            tokio::spawn(async move { run_lane(mine, look_ups, &tally).await })
        })
        .collect();
    for lane in lanes {
        lane.await.unwrap();
    }
    let tally = tally.lock().unwrap();
    let cases: BTreeSet<&str> = tally.questions.iter().map(|(case, _, _)| case.as_str()).collect();
    let shapes: BTreeSet<&str> = tally.questions.iter().map(|(_, shape, _)| shape.as_str()).collect();
    let (questions, runs) = (tally.questions.len(), tally.runs);
    println!("{} cases with {questions} questions of {} shapes, {runs} faults", cases.len(), shapes.len());
    let mut problems = tally.problems.clone();
    if only.is_empty() {
        problems.extend(not_met(&policy, &look_ups, &cases, &tally.seen));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Operations that code carries out, cases of our own and look-ups that showed no question.
fn not_met(
    policy: &Policy,
    look_ups: &[LookUp],
    cases: &BTreeSet<&str>,
    seen: &BTreeSet<String>,
) -> Vec<String> {
    let by_code = |how: &How| match how {
        How::Forward(forward) => forward.handler.is_some(),
        How::Deny(_) | How::Local(_) => false,
    };
    let handled = policy.rules().iter().filter(|rule| by_code(&rule.how));
    let handled = handled.map(|rule| rule.operation.to_string());
    let own = cases::templates(policy).into_iter().map(|case| case.name);
    let wanted: Vec<String> = handled.chain(own.filter(|name| name.contains("(own "))).collect();
    assert!(wanted.len() > 20, "{wanted:?}");
    let unseen = wanted.into_iter().filter(|name| !cases.iter().any(|case| case.starts_with(name.as_str())));
    let not_asked = look_ups.iter().filter_map(|look_up| {
        let asked = match look_up {
            LookUp::GetList { path, .. } | LookUp::PostList { path, .. } | LookUp::Count { path, .. } => {
                format!(" {path}?")
            }
            LookUp::One { before, .. } => format!(" {before}*?"),
        };
        (!seen.iter().any(|shape| shape.contains(&asked))).then_some(asked)
    });
    // No rule names the id of a subscription.
    let not_asked = not_asked.filter(|asked| asked != " /event-subscription?");
    unseen.chain(not_asked).map(|what| format!("no question of `{what}` was seen")).collect()
}

async fn run_lane(all: Vec<Template>, look_ups: Arc<Vec<LookUp>>, tally: &Mutex<Tally>) {
    let (own, other) = (Estate::new("A", true).await, Estate::new("B", true).await);
    let extras = cases::extras(&own, &other).await;
    let before = state::whole(&other).await;
    let all_wrong = Stage::start(PATIENT, own.tenant.as_deref().unwrap()).await;
    for template in all {
        for kind in &template.needs {
            own.kept(kind).await;
        }
        let mut ask = template.ask.clone();
        let texts = [&mut ask.path, &mut ask.query].into_iter().chain(ask.body.as_mut());
        for text in texts.chain(ask.form.iter_mut().map(|(_, value)| value)) {
            for (name, value) in &extras {
                *text = text.replace(&format!("[{name}]"), value);
            }
        }
        let sides = Sides { own: &own, foreign: &own, shared: &own };
        let mut filler = Filler::new(sides, Column::Own);
        let ask = filler.ask(&ask).await.unwrap();
        let tenant = own.tenant.clone().unwrap();
        let mut ids: Vec<String> =
            filler.values.into_keys().filter(|id| is_id(id) && *id != tenant).collect();
        ids.extend(extras.values().filter(|id| format!("{ask:?}").contains(id.as_str())).cloned());
        // Keys that all have, where they are named in a body.
        if ask.body.as_deref().is_some_and(|body| body.contains("\"order\"")) {
            ids.push("order".into());
        }
        let case = Arc::new(Case { template, ask, ids, tenant, look_ups: Arc::clone(&look_ups) });
        let trial = Trial { case: Arc::clone(&case), tally };
        // Here every question goes wrong, so that no owner is remembered.
        let first = all_wrong.ask(&case, Some(Wrong { question: None, fault: Fault::Broken })).await;
        if trial.first(&first) {
            trial.whole(&own.engine).await;
        }
    }
    assert_same(&before, &state::whole(&other).await);
}

/// Names that all have are no ids.
fn is_id(text: &str) -> bool {
    text.len() > 9 && text.contains(|c: char| c.is_ascii_digit())
}
