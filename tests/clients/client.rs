//! A client's process: its environment, its lines, and what has to come of them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::stage::{Stage, issuer};
use crate::support::engine::{self, project};
use crate::support::issuer::{AUDIENCE, SECRET};
use crate::support::world::{self, Side, World, first};
use crate::support::{api::Api, random};

/// Instances of each tenant that wait for a worker.
const WAITING: usize = 12;
/// The longest that a client may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A client's program.
#[derive(Clone)]
pub struct Program {
    command: PathBuf,
    arguments: Vec<PathBuf>,
}

fn installed(name: &str) -> PathBuf {
    let path = project().join("target/clients").join(name);
    assert!(path.exists(), "{} is missing: run `make clients`", path.display());
    path
}

impl Program {
    /// A script for Node.
    pub fn javascript(name: &str) -> Self {
        Self { command: "node".into(), arguments: vec![installed(&format!("{name}.mjs"))] }
    }

    /// A script for Python.
    pub fn python(name: &str) -> Self {
        let script = project().join(format!("tests/clients/python/{name}.py"));
        Self { command: installed("venv/bin/python"), arguments: vec![script] }
    }

    /// What the Java program does.
    pub fn java(what: &str) -> Self {
        Self {
            command: "java".into(),
            arguments: vec!["-jar".into(), installed("java/clients.jar"), what.into()],
        }
    }

    /// Runs it as that tenant; everything it told.
    async fn run(self, stage: &Stage, tenant: &str) -> String {
        let marked = String::from_utf8(world::order(tenant)).unwrap();
        let child = tokio::process::Command::new(&self.command)
            .args(&self.arguments)
            .env("ENGINE_URL", stage.gateway.api().base())
            .env("TOKEN", issuer().token(tenant))
            .env("TOKEN_URL", format!("{}oauth/token", issuer().issuer()))
            .env("CLIENT_ID", tenant)
            .env("CLIENT_SECRET", SECRET)
            .env("AUDIENCE", AUDIENCE)
            .env("TENANT", tenant)
            .env("TOPIC", "ship")
            .env("COUNT", WAITING.to_string())
            .env("MODEL", marked)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("can't run {}: {e}", self.command.display()));
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let output = output.expect("the client does not end").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = text(&output.stdout);
        assert!(
            output.status.success() && told.lines().any(|l| l == "END"),
            "{}\n{told}\n{}\n{}",
            self.arguments.last().unwrap().display(),
            text(&output.stderr),
            stage.gateway.log()
        );
        told
    }
}

/// A client on a tenant that has nothing yet, beside another that has everything: it ends well, and nothing of the
/// other shows in what it told.
pub async fn alone(program: Program) {
    let stage = Stage::start().await;
    let other = Side::seed(&engine::api(), "B").await;
    let told = program.run(&stage, &format!("t{}", random())).await;
    assert!(!told.contains(&other.marker), "{told}");
}

/// A client on a tenant that has everything, beside another alike; everything it told.
pub async fn with_order(program: Program) -> String {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let told = program.run(&stage, &a.tenant).await;
    assert!(told.contains(&a.tenant) && !told.contains(&b.marker) && !told.contains(&b.tenant), "{told}");
    told
}

/// Two tenants with as much waiting work at one topic; each one's client gets all of its own, nothing else, and
/// nothing twice.
pub async fn two_tenants_at_one_topic(program: Program) {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (mine, theirs) = (waiting(&engine, &a).await, waiting(&engine, &b).await);
    let (told_a, told_b) =
        tokio::join!(program.clone().run(&stage, &a.tenant), program.clone().run(&stage, &b.tenant));
    for (told, side, wanted) in [(&told_a, &a, &mine), (&told_b, &b, &theirs)] {
        assert!(!told.contains("ERROR"), "{told}");
        let done: Vec<Vec<&str>> =
            told.lines().filter(|l| l.starts_with("DONE ")).map(|l| l.split(' ').collect()).collect();
        assert_eq!(done.len(), WAITING, "not once each: {told}");
        assert!(
            done.iter().all(|words| words[2..] == [side.tenant.as_str(), side.marker.as_str()]),
            "{told}"
        );
        let instances: BTreeSet<String> = done.iter().map(|words| words[1].to_owned()).collect();
        assert_eq!(&instances, wanted, "not the own ones: {told}");
        for instance in wanted {
            let state = engine.get(&format!("/history/process-instance/{instance}")).await.ok().json();
            assert_eq!(state["state"], "COMPLETED", "{state}");
        }
    }
}

/// Starts instances and takes them to the topic, with the one that waits there already.
async fn waiting(engine: &Api, side: &Side) -> BTreeSet<String> {
    let mut all = BTreeSet::from([side.shipping.clone()]);
    while all.len() < WAITING {
        let instance = world::start(engine, &side.order_definition, &side.marker).await;
        let review = first(engine, "/task", &instance).await;
        engine.post(&format!("/task/{review}/complete"), json!({})).await.ok();
        all.insert(instance);
    }
    all
}
