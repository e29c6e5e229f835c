//! What the engine has no tenant filter for: answered from own records, exactly as the engine would.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, deployed, form_file, model};
use crate::stage::Stage;
use crate::support::multipart::Form;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, first, start};
use crate::support::{missing_id, random};

fn rows(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

#[tokio::test]
async fn topic_names_are_those_of_own_external_tasks() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let topic = format!("only{}", random());
    let text = model(
        &format!("topic{}", random()),
        "",
        &format!(
            r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
            <serviceTask id="t" camunda:type="external" camunda:topic="{topic}"/>"#
        ),
    );
    let definition = deployed(&deploy_model(&engine, Some(&b.tenant), "t.bpmn", &text).await.ok().json());
    start(&engine, &definition, &b.marker).await;
    assert!(engine.get("/external-task/topic-names").await.ok().text().contains(&topic));
    assert_eq!(app.get("/external-task/topic-names").await.ok().json(), json!(["count", "ship"]));
    // `count` failed and has no retries left; nothing is locked.
    for (query, names) in [
        ("withRetriesLeft=true", vec!["ship"]),
        ("withRetriesLeft=false", vec!["count", "ship"]),
        ("withLockedTasks=true", vec![]),
        ("withUnlockedTasks=true", vec!["count", "ship"]),
    ] {
        let path = format!("/external-task/topic-names?{query}");
        assert_eq!(app.get(&path).await.ok().json(), json!(names), "{query}");
        assert!(engine.get(&path).await.ok().text().contains(&topic) || names.is_empty(), "{query}");
    }
    app.get(&format!("/external-task/topic-names?tenantIdIn={}", b.tenant)).await;
    let lock = json!({"workerId": "w", "lockDuration": 60_000});
    app.post(&format!("/external-task/{}/lock", a.ship), lock).await.ok();
    let locked = app.get("/external-task/topic-names?withLockedTasks=true").await.ok();
    assert_eq!(locked.json(), json!(["ship"]));
    // The twin, and who has nothing.
    assert!(other.get("/external-task/topic-names").await.ok().text().contains(&topic));
    assert_eq!(
        stage.client(&format!("t{}", random())).get("/external-task/topic-names").await.ok().text(),
        "[]"
    );
}

#[tokio::test]
async fn statistics_count_own_definitions_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    for query in
        ["", "?failedJobs=true&incidents=true", "?rootIncidents=true", "?incidentsForType=failedExternalTask"]
    {
        let path = format!("/process-definition/statistics{query}");
        let direct = engine.get(&path).await.ok().json();
        let expected: Vec<_> = rows(&direct)
            .iter()
            .filter(|r| r["definition"]["tenantId"] == json!(a.tenant))
            .cloned()
            .collect();
        let through = app.get(&path).await.ok();
        assert_eq!(through.json(), json!(expected), "{query}");
        assert_eq!(expected.len(), 2);
        b.not_in(&through);
    }
    let definition = format!("/process-definition/{}/statistics", a.order_definition);
    assert_eq!(app.get(&definition).await.ok().text(), engine.get(&definition).await.ok().text());
    for path in ["/process-definition/ID/statistics", "/history/process-definition/ID/statistics"] {
        as_missing(&app, &engine, &Method::GET, path, "", &b.order_definition).await;
    }
    let nobody = stage.client(&format!("t{}", random()));
    assert_eq!(nobody.get("/process-definition/statistics").await.ok().text(), "[]");
}

#[tokio::test]
async fn reports_cover_own_records_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    for group in ["taskName", "processDefinition"] {
        let path = format!("/history/task/report?reportType=count&groupBy={group}");
        {
            let direct = engine.get(&path).await.ok().json();
            let own: Vec<_> =
                rows(&direct).iter().filter(|r| r["tenantId"] == json!(a.tenant)).cloned().collect();
            let through = app.get(&path).await.ok();
            assert_eq!(through.json(), json!(own), "{group}");
            assert!(!own.is_empty(), "{group}");
            b.not_in(&through);
        }
    }
    let duration = "/history/task/report?reportType=duration&periodUnit=month&groupBy=taskName";
    app.get(duration).await.refused(403, "TG403-FIELD");
    let report = "/history/process-instance/report?reportType=duration&periodUnit=month";
    let own = format!("{report}&processDefinitionIdIn={}", a.order_definition);
    let expected = engine.get(&own).await.ok().text();
    assert_ne!(expected, "[]");
    for query in [
        own,
        report.to_owned(),
        format!("{report}&processDefinitionIdIn="),
        format!("{report}&processDefinitionIdIn=,"),
        format!("{report}&processDefinitionKeyIn=order"),
        format!("{report}&processDefinitionIdIn={},{}", a.order_definition, b.order_definition),
    ] {
        let through = app.get(&query).await.ok();
        assert_eq!(through.text(), expected, "{query}");
    }
    // B's and missing ones are alike: nothing.
    for id in [&b.order_definition, &missing_id()] {
        assert_eq!(app.get(&format!("{report}&processDefinitionIdIn={id}")).await.ok().text(), "[]");
        assert_eq!(app.get(&format!("{report}&processDefinitionKeyIn={id}")).await.ok().text(), "[]");
    }
    // A tenant without definitions has no report, not everybody's.
    let nobody = stage.client(&format!("t{}", random()));
    assert_eq!(nobody.get(report).await.ok().text(), "[]");
    assert_eq!(nobody.get("/history/task/report?reportType=count&groupBy=taskName").await.ok().text(), "[]");
    // The engine's own faults come through.
    let bad = "/history/process-instance/report?reportType=nothing";
    assert_eq!(app.get(bad).await.status, engine.get(bad).await.status);
}

#[tokio::test]
async fn the_operation_log_is_shown_for_own_ids_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    stage.recorder.forget();
    for tail in ["", "/count"] {
        app.get(&format!("/history/user-operation{tail}")).await.refused(403, "TG403-FIELD");
        app.get(&format!("/history/user-operation{tail}?taskId=")).await.refused(403, "TG403-FIELD");
        app.get(&format!("/history/user-operation{tail}?userId=x")).await.refused(403, "TG403-FIELD");
    }
    stage.recorder.nothing();
    for (name, own, foreign) in [
        ("processInstanceId", &a.order, &b.order),
        ("taskId", &a.review, &b.review),
        ("processDefinitionId", &a.order_definition, &b.order_definition),
        ("deploymentId", &a.deployment, &b.deployment),
        ("jobId", &a.timer, &b.timer),
        ("externalTaskId", &a.ship, &b.ship),
    ] {
        let path = format!("/history/user-operation?{name}=ID");
        stage.recorder.forget();
        as_missing(&app, &engine, &Method::GET, &path, "", foreign).await;
        let went = stage.recorder.seen();
        assert!(!went.iter().any(|s| s.path.ends_with("/user-operation")
            && s.query.as_deref().unwrap_or("").contains(foreign.as_str())));
        stage.recorder.forget();
        app.get(&path.replace("ID", own)).await.ok();
        let went = stage.recorder.seen();
        let asked = went.iter().find(|s| s.path.ends_with("/user-operation")).unwrap();
        assert!(asked.query.as_deref().unwrap_or("").replace("%3A", ":").contains(own.as_str()), "{asked:?}");
        app.get(&format!("/history/user-operation?{name}={own}&{name}={foreign}"))
            .await
            .refused(400, "TG400-QUERY");
    }
    let note = json!({"annotation": "x"});
    app.put(&format!("/history/user-operation/{}/set-annotation", missing_id()), note)
        .await
        .refused(403, "TG403-DENIED");
}

#[tokio::test]
async fn deployed_forms_are_own_ones() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let form = format!("form{}", random());
    let process = |binding: &str| {
        let reference = format!(r#"camunda:formRef="{form}" camunda:formRefBinding="{binding}""#);
        let inside = format!(
            r#"<startEvent id="s" {reference}/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t" {reference}/>"#
        );
        model(&format!("{binding}{form}"), "", &inside)
    };
    // Through the engine: such a model would not get through the gateway.
    let deploy = async |tenant: &str, text: &str, with_form: Option<&str>| {
        let file = form_file(&form, with_form.unwrap_or_default());
        let mut files = vec![("f.bpmn", text.as_bytes())];
        files.extend(with_form.map(|_| ("f.form", file.as_bytes())));
        let form = Form::deployment(&format!("f{}", random()), Some(tenant), &files);
        deployed(&engine.form("/deployment/create", form).await.ok().json())
    };
    let theirs = deploy(&b.tenant, &process("deployment"), Some(&b.marker)).await;
    let reaching = deploy(&a.tenant, &process("latest"), None).await;
    let before = snapshot(&engine, &b.tenant).await;
    let task = first(&engine, "/task", &start(&engine, &reaching, "x").await).await;
    let key = reaching.split(':').next().unwrap();
    for path in [
        format!("/task/{task}/deployed-form"),
        format!("/process-definition/{reaching}/deployed-start-form"),
        format!("/process-definition/key/{key}/deployed-start-form"),
        format!("/process-definition/key/{key}/tenant-id/{}/deployed-start-form", a.tenant),
    ] {
        let reply = app.get(&path).await;
        b.not_in(&reply);
        reply.refused(403, "TG403-FIELD");
    }
    deploy_model(&app, None, "f.bpmn", &process("latest")).await.refused(403, "TG403-MODEL");
    // Another's task or definition: as a missing one.
    as_missing(&app, &engine, &Method::GET, "/process-definition/ID/deployed-start-form", "", &theirs).await;
    as_missing(&app, &engine, &Method::GET, "/task/ID/deployed-form", "", &b.review).await;
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twin: bound to its deployment, by every way.
    let own = deploy(&a.tenant, &process("deployment"), Some("own text")).await;
    let task = first(&engine, "/task", &start(&engine, &own, "x").await).await;
    let key = own.split(':').next().unwrap();
    for path in [
        format!("/task/{task}/deployed-form"),
        format!("/process-definition/{own}/deployed-start-form"),
        format!("/process-definition/key/{key}/deployed-start-form"),
        format!("/process-definition/key/{key}/tenant-id/{}/deployed-start-form", a.tenant),
    ] {
        assert_eq!(app.get(&path).await.ok().text(), form_file(&form, "own text"), "{path}");
    }
    // No form at all is answered as by the engine.
    let none = format!("/task/{}/deployed-form", a.review);
    let (through, direct) = (app.get(&none).await, engine.get(&none).await);
    assert_eq!((through.status, through.text()), (direct.status, direct.text()));
}
