//! `explain` beside the running gateway: for every operation and case of the access matrix it says what the gateway
//! does. A refusal is the same and reaches nobody; the request for the engine is the one that arrives there; whatever
//! else the gateway asks the engine is told as a question.
//!
//! What would change something is held back from the engine, so one estate does for all. `ONLY=text` runs the cases
//! whose name holds that text.

mod cases;
mod compare;
mod doctored;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use cases::Case;
use compare::{Done, Kind, differences, seen_kinds, told_kinds};
use reqwest::Method;
use tenantgate::policy::LookUp;
use told::Told;

use crate::faults;
use crate::matrix::columns::{Filler, Sides};
use crate::matrix::estate::Estate;
use crate::matrix::run::{form, send, target};
use crate::stage::{Stage, issuer};
use crate::support::issuer::AUDIENCE;
use crate::support::recorder::{Answer, Seen};

/// Cases are spread over so many lanes, each with a gateway of its own for each setting.
const LANES: usize = 3;
/// Reports take as long as all tests' data make them.
const PATIENT: &str = "engine:\n  timeout: 5m\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn explain_says_what_the_gateway_does() {
    let policy = tenantgate::policy::load(None).unwrap();
    let only = std::env::var("ONLY").unwrap_or_default();
    let all: Vec<Case> = cases::cases(&policy).into_iter().filter(|case| case.name.contains(&only)).collect();
    assert!(!all.is_empty());
    let (own, other) = (Arc::new(Estate::new("A", true).await), Arc::new(Estate::new("B", true).await));
    let extras = faults::cases::extras(&own, &other).await;
    let look_ups = Arc::new(faults::asking::look_ups(&policy));
    let count = all.len();
    let began = Instant::now();
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let mine: Vec<Case> = all.iter().skip(lane).step_by(LANES).cloned().collect();
            let (own, other, look_ups) = (Arc::clone(&own), Arc::clone(&other), Arc::clone(&look_ups));
            let extras: Vec<_> = extras.iter().map(|(name, value)| (*name, value.clone())).collect();
            tokio::spawn(async move {
                let mut lane = Lane::start(own, other, look_ups).await;
                for case in mine {
                    lane.run(case, &extras).await;
                }
                lane.tally
            })
        })
        .collect();
    let mut whole = Tally::default();
    for lane in lanes {
        let Tally { problems, told, seen } = lane.await.unwrap();
        whole.problems.extend(problems);
        whole.told.extend(told);
        whole.seen.extend(seen);
    }
    for estate in [&own, &other] {
        estate.clear().await;
    }
    println!("{count} cases in {} s", began.elapsed().as_secs());
    let mut problems = whole.problems;
    if only.is_empty() {
        let never = whole.told.difference(&whole.seen);
        problems.extend(never.map(|kind| format!("told as a question and never asked: {kind}")));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// What code makes of own records is JSON: another type is refused before the engine is asked anything.
#[tokio::test]
async fn explain_reads_the_headers() {
    let stage = Stage::start().await;
    let url = stage.recorder.url();
    for path in ["/process-definition/statistics", "/history/task/report?reportType=count&groupBy=taskName"] {
        let target = format!("/engine-rest{path}");
        for (accept, refused) in [("text/csv", true), ("application/json", false)] {
            stage.recorder.forget();
            let app = stage.client("nobody");
            let reply = app.send(Method::GET, path, &[("accept", accept)], Vec::new()).await;
            let header = format!("Accept: {accept}");
            let settings = ["--engine-url", &url, "--issuer", issuer().issuer(), "--audience", AUDIENCE];
            let arguments = ["GET", &target, "--client-id", "nobody", "--header", &header];
            let arguments: Vec<String> = arguments.iter().chain(&settings).map(|&a| a.to_owned()).collect();
            let told = Told::by(&arguments);
            assert_eq!(told.refused.is_some(), refused, "{}", told.text);
            let done = Done { reply, seen: seen(&stage), own: true, others: Vec::new() };
            assert_eq!(differences(&told, &done), Vec::<String>::new(), "{}", told.text);
        }
    }
}

/// What a lane came to.
#[derive(Default)]
struct Tally {
    problems: Vec<String>,
    /// The kinds of questions that were told, and of requests that came.
    told: BTreeSet<Kind>,
    seen: BTreeSet<Kind>,
}

/// Gateways, and whose ids are asked for.
struct Lane {
    own: Arc<Estate>,
    other: Arc<Estate>,
    look_ups: Arc<Vec<LookUp>>,
    /// Without and with readable shared resources.
    stages: [Stage; 2],
    /// Their configurations, and what a body is handed over in.
    folder: tempfile::TempDir,
    tally: Tally,
}

impl Lane {
    async fn start(own: Arc<Estate>, other: Arc<Estate>, look_ups: Arc<Vec<LookUp>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configs = [PATIENT.to_owned(), format!("{PATIENT}{}", cases::READABLE)];
        let stages = [
            Stage::with(|plan| plan.config(&configs[0])).await,
            Stage::with(|plan| plan.config(&configs[1])).await,
        ];
        for (number, config) in configs.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.yaml")), config).unwrap();
        }
        Self { own, other, look_ups, stages, folder, tally: Tally::default() }
    }

    /// Asks both.
    async fn run(&mut self, case: Case, extras: &[(&'static str, String)]) {
        let mut ask = case.ask.clone();
        let texts = [&mut ask.path, &mut ask.query].into_iter().chain(ask.body.as_mut());
        for text in texts.chain(ask.form.iter_mut().map(|(_, value)| value)) {
            for (name, value) in extras {
                *text = text.replace(&format!("[{name}]"), value);
            }
        }
        for kind in &case.needs {
            self.own.kept(kind).await;
        }
        let sides = Sides { own: &self.own, foreign: &self.other, shared: &self.own };
        let mut filler = Filler::new(sides, case.column);
        let ask = filler.ask(&ask).await.unwrap();
        let others = filler.values.iter().filter(|(_, whose)| *whose != "own").map(|(id, _)| id);
        let others: Vec<String> = others.chain(&case.nobodys).cloned().collect();
        let tenant = self.own.tenant.as_deref().unwrap();
        let stage = &self.stages[usize::from(case.readable)];
        let (reads, look_ups) = (case.reads, Arc::clone(&self.look_ups));
        stage.recorder.script(move |seen| door(seen, reads, &look_ups));
        stage.recorder.forget();
        let app = stage.client(tenant);
        let reply = send(&app, &case.method, &ask).await;
        let done = Done { reply, seen: seen(stage), own: others.is_empty(), others };
        let arguments = self.arguments(&case, tenant, &ask, stage);
        let told = tokio::task::spawn_blocking(move || Told::by(&arguments)).await.unwrap();
        let found = differences(&told, &done);
        if !found.is_empty() {
            let text = format!("{}\n  {}\n{}", case.name, found.join("\n  "), indented(&told.text));
            self.tally.problems.push(text);
        }
        self.tally.told.extend(told_kinds(&told));
        self.tally.seen.extend(seen_kinds(&done.seen));
    }

    fn arguments(
        &self,
        case: &Case,
        tenant: &str,
        ask: &crate::matrix::cases::Ask,
        stage: &Stage,
    ) -> Vec<String> {
        let config = self.folder.path().join(format!("{}.yaml", usize::from(case.readable)));
        let target = format!("/engine-rest{}", target(ask));
        let url = stage.recorder.url();
        let mut arguments: Vec<String> = [case.method.as_str(), &target, "--client-id", tenant]
            .into_iter()
            .chain(["--engine-url", &url, "--issuer", issuer().issuer(), "--audience", AUDIENCE])
            .chain(["--config", config.to_str().unwrap()])
            .map(str::to_owned)
            .collect();
        let body = if ask.form.is_empty() {
            ask.body.clone().map(String::into_bytes)
        } else {
            let form = form(ask);
            arguments.extend(["--header".to_owned(), format!("Content-Type: {}", form.content_type())]);
            Some(form.into_body())
        };
        if let Some(body) = body {
            let file = self.folder.path().join("body");
            std::fs::write(&file, body).unwrap();
            arguments.extend(["--body".to_owned(), file.to_str().unwrap().to_owned()]);
        }
        arguments
    }
}

/// What reached the engine for the caller. Whether it is up, the gateway asks for nobody.
fn seen(stage: &Stage) -> Vec<Seen> {
    let mut all = stage.recorder.all();
    all.retain(|seen| seen.path != "/engine-rest/version" || !seen.header("x-camunda-user").is_empty());
    all
}

/// What becomes of a request to the engine: what only reads goes on.
fn door(seen: &Seen, reads: bool, look_ups: &[LookUp]) -> Answer {
    let path = seen.path.trim_start_matches("/engine-rest");
    let list = |look_up: &LookUp| matches!(look_up, LookUp::PostList { path: list, .. } if list == path);
    let asks = path == "/execution" || look_ups.iter().any(list);
    if seen.method == "GET" || (seen.method == "POST" && (reads || asks)) {
        return Answer::Forward;
    }
    match path {
        // As where nothing was new: the engine shows another's.
        "/deployment/create" => Answer::Json(200, r#"{"id": "x", "tenantId": null}"#.to_owned()),
        _ => Answer::Raw(b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n".to_vec()),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    | {line}\n")).collect()
}
