//! What is asked: every row of the access matrix with the caller's own ids, and what the matrix does not ask so.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tenantgate::policy::{How, Policy, Rule};

use crate::isolation::{form_file, model};
use crate::matrix::cases::{self, Ask, Sort};
use crate::matrix::estate::Estate;
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::world::{first, start};

/// The setting under which keys are looked up.
pub const READABLE: &str = "tenancy:\n  shared_resources: readable\n";

/// A request as a template, and what it needs.
#[derive(Clone)]
pub struct Template {
    pub name: String,
    pub rule: Arc<Rule>,
    pub method: String,
    pub ask: Ask,
    pub needs: Vec<String>,
    /// Lines of the gateway's configuration.
    pub config: &'static str,
    /// What it writes goes through to the engine every time: it changes nothing, and the answer is needed.
    pub writes: bool,
    /// The gateway refuses it, whatever the engine says.
    pub refused: bool,
    /// Each of its questions meets every fault; of others those that no case before it asked.
    pub whole: bool,
}

/// Rows of one's own: operation, query, body, and whether writes go through. `[name]` is made by [`extras`].
const OWN: &[(&str, &str, &str, &str, bool)] = &[
    ("GET /filter", "/filter", "filterId=<filter>&itemCount=true", "", false),
    ("GET /filter/{id}", "/filter/<filter>", "itemCount=true", "", false),
    ("GET /task/{id}/deployed-form", "/task/[formed task]/deployed-form", "", "", false),
    (
        "GET /process-definition/{id}/deployed-start-form",
        "/process-definition/[formed id]/deployed-start-form",
        "",
        "",
        false,
    ),
    (
        "GET /process-definition/key/{key}/deployed-start-form",
        "/process-definition/key/[formed]/deployed-start-form",
        "",
        "",
        false,
    ),
    (
        "GET /process-definition/key/{key}/tenant-id/{tenantId}/deployed-start-form",
        "/process-definition/key/[formed]/tenant-id/<T>/deployed-start-form",
        "",
        "",
        false,
    ),
    (
        "PUT /process-definition/suspended",
        "/process-definition/suspended",
        "",
        r#"{"processDefinitionKey": "[solo]", "suspended": true}"#,
        false,
    ),
    (
        "POST /message",
        "/message",
        "",
        r#"{"messageName": "goods", "processInstanceId": "<process-instance>", "all": true,
            "processVariables": {"x": {"value": "x"}}, "resultEnabled": true}"#,
        false,
    ),
    ("POST /deployment/create", "/deployment/create", "", "[twice]", true),
    // What has ended is found by the second look-up of its family.
    ("GET /history/user-operation", "/history/user-operation", "taskId=[ended task]", "", false),
    ("GET /history/user-operation", "/history/user-operation", "caseInstanceId=[ended case]", "", false),
    (
        "GET /history/user-operation",
        "/history/user-operation",
        "processInstanceId=<historic-process-instance>",
        "",
        false,
    ),
];

/// All of them. Reads by key are there twice: the key is looked up where shared resources are readable.
pub fn templates(policy: &Policy) -> Vec<Template> {
    let rule = |operation: &str| {
        let found = policy.rules().iter().find(|rule| &**rule.operation.name() == operation);
        found.unwrap_or_else(|| panic!("no rule of `{operation}`")).clone()
    };
    let mut all = Vec::new();
    for row in cases::rows(policy).0 {
        let operation = row.name.split(" (").next().unwrap();
        // A form that no reference leads to can't be told from one whose reference was lost.
        let by_own_row = operation.contains("/deployed-");
        if row.sort == Sort::Tenants || row.name.ends_with("(child)") || by_own_row {
            continue;
        }
        let template = Template {
            name: row.name.clone(),
            rule: rule(operation),
            method: row.method,
            ask: row.ask,
            needs: row.needs,
            config: "",
            writes: false,
            refused: row.own == Some(403),
            whole: carried_out(&rule(operation)),
        };
        if template.ask.path.contains("/key/") && template.method == "GET" {
            let name = format!("{} (readable)", template.name);
            all.push(Template { name, config: READABLE, whole: true, ..template.clone() });
        }
        all.push(template);
    }
    for (number, (operation, path, query, body, writes)) in OWN.iter().enumerate() {
        let mut ask = Ask { path: (*path).to_owned(), query: (*query).to_owned(), ..Ask::default() };
        if *writes {
            ask.form = ["deployment-name", "enable-duplicate-filtering", "note.txt"]
                .map(|name| (name.to_owned(), if name.contains("dupl") { "true" } else { body }.to_owned()))
                .into();
        } else if !body.is_empty() {
            ask.body = Some((*body).to_owned());
        }
        all.push(Template {
            name: format!("{operation} (own {number})"),
            rule: rule(operation),
            method: operation.split(' ').next().unwrap().to_owned(),
            ask,
            needs: Vec::new(),
            config: "",
            writes: *writes,
            refused: false,
            whole: true,
        });
    }
    all
}

/// Whether code carries a rule out, or its answer is read before it goes out.
fn carried_out(rule: &Rule) -> bool {
    matches!(&rule.how, How::Forward(forward) if forward.handler.is_some() || forward.own_answer)
}

impl Template {
    /// The rule's own part; what has none is answered without the engine.
    pub fn forward(&self) -> &tenantgate::policy::Forward {
        match &self.rule.how {
            How::Forward(forward) => forward,
            How::Deny(_) | How::Local(_) => panic!("{}: not forwarded", self.name),
        }
    }
}

/// What [`OWN`] names: a process with a form that is bound to its deployment, a key of the caller's alone, a name that
/// the other tenant deployed under last, and what has ended.
pub async fn extras(own: &Estate, other: &Estate) -> BTreeMap<&'static str, String> {
    let engine = &own.engine;
    let formed = format!("formed{}", random());
    let reference = format!(r#"camunda:formRef="{formed}" camunda:formRefBinding="deployment""#);
    let inside = format!(
        r#"<startEvent id="s" {reference}/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t" {reference}/>"#
    );
    let (process, form) = (model(&formed, "", &inside), form_file(&formed, "own text"));
    let files = [("f.bpmn", process.as_bytes()), ("f.form", form.as_bytes())];
    let deployed = engine
        .form("/deployment/create", Form::deployment(&formed, own.tenant.as_deref(), &files))
        .await
        .ok()
        .json();
    let id = crate::isolation::deployed(&deployed);
    let task = first(engine, "/task", &start(engine, &id, "x").await).await;
    let twice = format!("twice{}", random());
    for (side, text) in [(own, twice.as_str()), (other, "another text")] {
        let form = Form::deployment(&twice, side.tenant.as_deref(), &[("note.txt", text.as_bytes())]);
        engine.form("/deployment/create", form).await.ok();
    }
    let ended_task = own.make("task alone").await.id;
    engine.post(&format!("/task/{ended_task}/complete"), json!({})).await.ok();
    let ended_case = own.make("case-instance closable").await.id;
    engine.post(&format!("/case-instance/{ended_case}/close"), json!({})).await.ok();
    let solo = own.solo.clone();
    let forms = [("formed", formed), ("formed id", id), ("formed task", task)];
    let others = [("twice", twice), ("solo", solo), ("ended task", ended_task), ("ended case", ended_case)];
    forms.into_iter().chain(others).collect()
}
