//! Resources without tenant: hidden, or readable and never more; what runs without tenant is hidden always.

use reqwest::Method;
use serde_json::json;

use crate::isolation::{as_missing, deploy_model, deployed, form_file, missing_like, model, telling};
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, first, start};

/// A deployment without tenant.
struct Shared {
    deployment: String,
    /// Key and id by kind, as `process-definition`.
    definitions: Vec<(&'static str, String, String)>,
    /// Key and id of a process whose form is bound by `latest`.
    reaching: (String, String),
    form: String,
}

const KINDS: &[(&str, &str)] = &[
    ("process-definition", "deployedProcessDefinitions"),
    ("decision-definition", "deployedDecisionDefinitions"),
    ("decision-requirements-definition", "deployedDecisionRequirementsDefinitions"),
    ("case-definition", "deployedCaseDefinitions"),
];

fn process(key: &str, form: &str, binding: &str) -> String {
    let inside = format!(
        r#"<startEvent id="s" camunda:formRef="{form}" camunda:formRefBinding="{binding}"/>
        <sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t"/>
        <boundaryEvent id="late" attachedToRef="t"><timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition></boundaryEvent>"#
    );
    model(key, "", &inside)
}

impl Shared {
    async fn deploy(engine: &Api) -> Self {
        let name = random();
        let form = format!("form{name}");
        let dmn = include_str!("../support/models/discount.dmn")
            .replace("\"discount\"", &format!("\"rule{name}\""))
            .replace("pricing", &format!("drd{name}"))
            // Of a single decision the engine makes no requirements definition.
            .replace("</definitions>", "<decision id=\"second\" name=\"2\"><variable id=\"v2\" name=\"v2\"/><literalExpression id=\"le2\"><text>1</text></literalExpression></decision></definitions>")
            .replace("\"second\"", &format!("\"second{name}\""));
        let cmmn = format!(
            r#"<definitions xmlns="http://www.omg.org/spec/CMMN/20151109/MODEL" targetNamespace="x"><case id="case{name}">
            <casePlanModel id="plan"><planItem id="pi" definitionRef="ht"/><humanTask id="ht"/></casePlanModel></case></definitions>"#
        );
        let (plain, reaching) = (
            process(&format!("plain{name}"), &form, "deployment"),
            process(&format!("reach{name}"), &form, "latest"),
        );
        let file = form_file(&form, "shared");
        let files: [(&str, &[u8]); 5] = [
            ("plain.bpmn", plain.as_bytes()),
            ("reach.bpmn", reaching.as_bytes()),
            ("rule.dmn", dmn.as_bytes()),
            ("case.cmmn", cmmn.as_bytes()),
            ("shared.form", file.as_bytes()),
        ];
        let answer = engine
            .form("/deployment/create", Form::deployment(&format!("shared{name}"), None, &files))
            .await
            .ok()
            .json();
        let mut definitions = Vec::new();
        let mut reaching = None;
        for (kind, member) in KINDS {
            for (id, dto) in answer[*member].as_object().unwrap_or_else(|| panic!("no {member}: {answer}")) {
                let key = dto["key"].as_str().unwrap().to_owned();
                if key.starts_with("reach") {
                    reaching = Some((key, id.clone()));
                } else if !key.starts_with("second") {
                    definitions.push((*kind, key, id.clone()));
                }
            }
        }
        assert_eq!(definitions.len(), KINDS.len(), "{answer}");
        let deployment = answer["id"].as_str().unwrap().to_owned();
        Self { deployment, definitions, reaching: reaching.unwrap(), form }
    }

    fn process(&self) -> (&str, &str) {
        let (_, key, id) = self.definitions.iter().find(|(kind, ..)| *kind == "process-definition").unwrap();
        (key, id)
    }

    /// What there is of it, to compare before and after.
    async fn state(&self, engine: &Api) -> Vec<String> {
        let mut all = vec![engine.get(&format!("/deployment/{}", self.deployment)).await.ok().text()];
        for (kind, _, id) in &self.definitions {
            all.push(engine.get(&format!("/{kind}/{id}")).await.ok().text());
        }
        let (key, _) = self.process();
        all.push(
            engine.get(&format!("/process-instance/count?processDefinitionKey={key}")).await.ok().text(),
        );
        all
    }

    async fn remove(self, engine: &Api) {
        engine.delete(&format!("/deployment/{}?cascade=true", self.deployment)).await.ok();
    }
}

async fn stage(shared: &str) -> Stage {
    let yaml = format!("tenancy: {{ shared_resources: {shared} }}\n");
    Stage::with(|plan| plan.config(&yaml)).await
}

/// Fails the test unless a key is answered as one that nobody has.
async fn key_as_missing(app: &Api, method: &str, path: &str, body: &str, key: &str) {
    let missing = missing_like("k");
    let ask = async |key: &str| {
        let method: Method = method.parse().unwrap();
        telling(&app.json(method, &path.replace("KEY", key), body).await, key)
    };
    assert_eq!(ask(key).await, ask(&missing).await, "{method} {path}");
}

/// What only looks at a definition, behind its id or key.
fn looks(kind: &str) -> &'static [&'static str] {
    match kind {
        "process-definition" => &[
            "",
            "/xml",
            "/startForm",
            "/form-variables",
            "/deployed-start-form",
            "/static-called-process-definitions",
        ],
        _ => &["", "/xml"],
    }
}

#[tokio::test]
async fn hidden_resources_are_as_if_they_were_not_there() {
    let stage = stage("hidden").await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let shared = Shared::deploy(&engine).await;
    let before = shared.state(&engine).await;
    for (kind, key, id) in &shared.definitions {
        for query in ["", &format!("?include{}WithoutTenantId=true", include(kind))] {
            assert!(!app.get(&format!("/{kind}{query}")).await.ok().ids().contains(id), "{kind}{query}");
        }
        assert_eq!(app.get(&format!("/{kind}?withoutTenantId=true")).await.ok().text(), "[]");
        assert_eq!(app.get(&format!("/{kind}/count?withoutTenantId=true")).await.ok().json()["count"], 0);
        for look in looks(kind) {
            as_missing(&app, &engine, &Method::GET, &format!("/{kind}/ID{look}"), "", id).await;
            key_as_missing(&app, "GET", &format!("/{kind}/key/KEY{look}"), "", key).await;
        }
    }
    assert!(
        !app.get("/deployment?includeDeploymentsWithoutTenantId=true")
            .await
            .ok()
            .ids()
            .contains(&shared.deployment)
    );
    for path in ["/deployment/ID", "/deployment/ID/resources"] {
        as_missing(&app, &engine, &Method::GET, path, "", &shared.deployment).await;
    }
    assert_eq!(before, shared.state(&engine).await);
    shared.remove(&engine).await;
}

fn include(kind: &str) -> &'static str {
    match kind {
        "process-definition" => "ProcessDefinitions",
        "decision-definition" => "DecisionDefinitions",
        "decision-requirements-definition" => "DecisionRequirementsDefinitions",
        "case-definition" => "CaseDefinitions",
        _ => "Deployments",
    }
}

#[tokio::test]
async fn readable_resources_show_in_lists_by_id_and_by_key() {
    let stage = stage("readable").await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let shared = Shared::deploy(&engine).await;
    let mut kinds: Vec<_> = shared.definitions.iter().map(|(kind, _, id)| (*kind, id)).collect();
    kinds.push(("deployment", &shared.deployment));
    for (kind, id) in kinds {
        let flag = format!("include{}WithoutTenantId=true", include(kind));
        // The list that named the own tenant only is the twin: the own ones, as ever.
        let named = app.get(&format!("/{kind}?tenantIdIn={}", a.tenant)).await.ok();
        assert!(!named.ids().contains(id), "{kind}");
        let both = format!("tenantIdIn={}&{flag}", a.tenant);
        for query in ["".to_owned(), format!("?{flag}"), format!("?{both}")] {
            let list = app.get(&format!("/{kind}{query}")).await.ok();
            assert!(list.ids().contains(id), "{kind}{query}");
            b.not_in(&list);
        }
        assert!(app.get(&format!("/{kind}?withoutTenantId=true")).await.ok().ids().contains(id), "{kind}");
        let direct = engine.get(&format!("/{kind}/{id}")).await.ok();
        let own = direct.text().replace(engine.base().trim_end_matches("/engine-rest"), "");
        let through = app.get(&format!("/{kind}/{id}")).await.ok();
        assert_eq!(through.text().replace(app.base().trim_end_matches("/engine-rest"), ""), own, "{kind}");
    }
    for (kind, key, id) in &shared.definitions {
        for look in looks(kind) {
            let by_id = app.get(&format!("/{kind}/{id}{look}")).await;
            let direct = engine.get(&format!("/{kind}/{id}{look}")).await;
            assert_eq!((by_id.status, by_id.text()), (direct.status, direct.text()), "{kind}{look}");
            let by_key = app.get(&format!("/{kind}/key/{key}{look}")).await;
            assert_eq!((by_key.status, by_key.text()), (direct.status, direct.text()), "{kind}/key{look}");
            // Who names a tenant asks for that tenant's.
            for tenant in [&a.tenant, &b.tenant] {
                let path = format!("/{kind}/key/KEY/tenant-id/{tenant}{look}");
                key_as_missing(&app, "GET", &path, "", key).await;
            }
        }
    }
    assert!(app.get(&format!("/deployment/{}/resources", shared.deployment)).await.ok().ids().len() == 5);
    // Where the caller has a definition of the key, the key is its own.
    let text = process(shared.process().0, &shared.form, "deployment");
    let own = deployed(&deploy_model(&engine, Some(&a.tenant), "own.bpmn", &text).await.ok().json());
    assert_eq!(app.get(&format!("/process-definition/key/{}", shared.process().0)).await.ok().id(), own);
    // B's definitions stay B's, by key, too.
    let theirs = process(&format!("b{}", random()), &shared.form, "deployment");
    let definition = deployed(&deploy_model(&engine, Some(&b.tenant), "b.bpmn", &theirs).await.ok().json());
    let key = definition.split(':').next().unwrap();
    for look in looks("process-definition") {
        key_as_missing(&app, "GET", &format!("/process-definition/key/KEY{look}"), "", key).await;
        as_missing(&app, &engine, &Method::GET, &format!("/process-definition/ID{look}"), "", &definition)
            .await;
    }
    shared.remove(&engine).await;
}

#[tokio::test]
async fn readable_resources_are_never_written_nor_started() {
    let stage = stage("readable").await;
    let World { a, engine, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    let shared = Shared::deploy(&engine).await;
    let before = (shared.state(&engine).await, snapshot(&engine, &a.tenant).await);
    let (key, id) = shared.process();
    let ttl = r#"{"historyTimeToLive":3}"#;
    let writes = [
        ("POST", "/start", "{}"),
        ("POST", "/submit-form", r#"{"variables":{}}"#),
        ("PUT", "/suspended", r#"{"suspended":true}"#),
        ("PUT", "/history-time-to-live", ttl),
        ("DELETE", "", ""),
        // These count what all tenants do with it.
        ("GET", "/statistics", ""),
    ];
    for (method, tail, body) in writes {
        let path = format!("/process-definition/ID{tail}");
        as_missing(&app, &engine, &method.parse().unwrap(), &path, body, id).await;
        key_as_missing(&app, method, &format!("/process-definition/key/KEY{tail}"), body, key).await;
    }
    as_missing(&app, &engine, &Method::GET, "/history/process-definition/ID/statistics", "", id).await;
    key_as_missing(&app, "DELETE", "/process-definition/key/KEY/delete", "", key).await;
    for field in ["processDefinitionId", "processDefinitionKey"] {
        let foreign = if field.ends_with("Id") { id } else { key };
        let body = json!({field: "ID", "suspended": true}).to_string();
        as_missing(&app, &engine, &Method::PUT, "/process-definition/suspended", &body, foreign).await;
        let body = json!({field: "ID", "suspended": true}).to_string();
        as_missing(&app, &engine, &Method::PUT, "/process-instance/suspended", &body, foreign).await;
    }
    for (kind, key, id) in shared.definitions.iter().filter(|(kind, ..)| *kind != "process-definition") {
        let act = if *kind == "case-definition" { "/create" } else { "/evaluate" };
        if *kind != "decision-requirements-definition" {
            as_missing(&app, &engine, &Method::POST, &format!("/{kind}/ID{act}"), "{}", id).await;
            as_missing(&app, &engine, &Method::PUT, &format!("/{kind}/ID/history-time-to-live"), ttl, id)
                .await;
            key_as_missing(&app, "POST", &format!("/{kind}/key/KEY{act}"), "{}", key).await;
        }
    }
    for (method, path) in [("DELETE", "/deployment/ID"), ("POST", "/deployment/ID/redeploy")] {
        as_missing(&app, &engine, &method.parse().unwrap(), path, "", &shared.deployment).await;
    }
    assert_eq!(before.0, shared.state(&engine).await);
    assert_same(&before.1, &snapshot(&engine, &a.tenant).await);
    // The twin: a model of its own may call it, and what runs is the caller's.
    let calls = model(
        &format!("calls{}", random()),
        "",
        &format!(
            r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/>
            <callActivity id="c" calledElement="{key}" camunda:calledElementTenantId="${{null}}"/>"#
        ),
    );
    deploy_model(&crate::shared::stage("hidden").await.client(&a.tenant), None, "c.bpmn", &calls)
        .await
        .refused(403, "TG403-MODEL");
    let own = deployed(&deploy_model(&app, None, "c.bpmn", &calls).await.ok().json());
    app.post(&format!("/process-definition/{own}/start"), json!({})).await.ok();
    let running = app.get(&format!("/process-instance?processDefinitionKey={key}")).await.ok().json();
    assert_eq!(running[0]["tenantId"], json!(a.tenant), "{running}");
    shared.remove(&engine).await;
}

#[tokio::test]
async fn a_shared_form_does_not_reach_across() {
    let stage = stage("readable").await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let shared = Shared::deploy(&engine).await;
    let theirs = form_file(&shared.form, &b.marker);
    let form = Form::deployment("f", Some(&b.tenant), &[("b.form", theirs.as_bytes())]);
    engine.form("/deployment/create", form).await.ok();
    let (key, id) = &shared.reaching;
    for path in [format!("/process-definition/{id}"), format!("/process-definition/key/{key}")] {
        let reply = app.get(&format!("{path}/deployed-start-form")).await;
        b.not_in(&reply);
        reply.refused(403, "TG403-FIELD");
    }
    // The twin: bound to its deployment.
    let (key, id) = shared.process();
    for path in [format!("/process-definition/{id}"), format!("/process-definition/key/{key}")] {
        let reply = app.get(&format!("{path}/deployed-start-form")).await.ok();
        assert_eq!(reply.text(), form_file(&shared.form, "shared"));
    }
    shared.remove(&engine).await;
}

#[tokio::test]
async fn what_runs_without_tenant_is_hidden_always() {
    let World { a, engine, .. } = World::seed().await;
    let shared = Shared::deploy(&engine).await;
    let instance = start(&engine, shared.process().1, "x").await;
    let (task, job) = (first(&engine, "/task", &instance).await, first(&engine, "/job", &instance).await);
    let batch = engine.post(
        "/process-instance/suspended-async",
        json!({"processInstanceIds": [instance], "suspended": false}),
    );
    let batch = batch.await.ok().id();
    for setting in ["hidden", "readable"] {
        let stage = stage(setting).await;
        let app = stage.client(&a.tenant);
        for (path, id) in [
            ("/process-instance/ID", &instance),
            ("/process-instance/ID/variables", &instance),
            ("/history/process-instance/ID", &instance),
            ("/execution/ID", &instance),
            ("/task/ID", &task),
            ("/task/ID/variables", &task),
            ("/job/ID", &job),
            ("/history/batch/ID", &batch),
        ] {
            as_missing(&app, &engine, &Method::GET, path, "", id).await;
        }
        for path in [
            "/process-instance",
            "/execution",
            "/task",
            "/job",
            "/job-definition",
            "/variable-instance",
            "/batch",
            "/incident",
            "/event-subscription",
            "/external-task",
            "/history/process-instance",
            "/history/activity-instance",
            "/history/task",
            "/history/variable-instance",
            "/history/detail",
            "/history/job-log",
            "/history/batch",
        ] {
            let text = app.get(path).await.ok().text();
            assert!(
                ![&instance, &task, &job, &batch].iter().any(|id| text.contains(id.as_str())),
                "{setting} {path}"
            );
            if !["/execution", "/variable-instance", "/external-task", "/incident"].contains(&path) {
                assert_eq!(
                    app.get(&format!("{path}?withoutTenantId=true")).await.ok().text(),
                    "[]",
                    "{path}"
                );
            }
        }
        for (method, path, body, id) in [
            ("POST", "/task/ID/complete", "{}", &task),
            ("DELETE", "/process-instance/ID", "", &instance),
            ("POST", "/job/ID/execute", "", &job),
        ] {
            as_missing(&app, &engine, &method.parse().unwrap(), path, body, id).await;
        }
    }
    engine.get(&format!("/task/{task}")).await.ok();
    shared.remove(&engine).await;
}
