//! Incidents of equal configurations: the engine ends all of them when one ends, whoever's they are, so each tenant's
//! go to the engine bound to it, and come back as they were sent.

use serde_json::{Value, json};

use crate::isolation::{deploy_model, deployed, model, settled};
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::random;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, first};

const INSIDE: &str = r#"
  <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="split"/>
  <exclusiveGateway id="split" default="toWork"/>
  <sequenceFlow id="toWork" sourceRef="split" targetRef="work"/>
  <sequenceFlow id="toShip" sourceRef="split" targetRef="ship"><conditionExpression xsi:type="tFormalExpression">${how == "ship"}</conditionExpression></sequenceFlow>
  <sequenceFlow id="toReceive" sourceRef="split" targetRef="receive"><conditionExpression xsi:type="tFormalExpression">${how == "receive"}</conditionExpression></sequenceFlow>
  <userTask id="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>
  <serviceTask id="ship" camunda:type="external" camunda:topic="ship"/><sequenceFlow id="f3" sourceRef="ship" targetRef="end"/>
  <receiveTask id="receive"/><sequenceFlow id="f4" sourceRef="receive" targetRef="end"/>
  <endEvent id="end"/>
  <boundaryEvent id="b1" attachedToRef="work"><messageEventDefinition messageRef="m"/></boundaryEvent>
  <boundaryEvent id="b2" attachedToRef="work"><signalEventDefinition signalRef="s"/></boundaryEvent>
  <boundaryEvent id="b3" attachedToRef="work"><timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition></boundaryEvent>
  <boundaryEvent id="b4" attachedToRef="work"><conditionalEventDefinition><condition xsi:type="tFormalExpression">${stop == true}</condition></conditionalEventDefinition></boundaryEvent>
  <boundaryEvent id="b5" attachedToRef="work"><errorEventDefinition errorRef="e"/></boundaryEvent>
  <boundaryEvent id="b6" attachedToRef="ship"><errorEventDefinition errorRef="e"/></boundaryEvent>
  <boundaryEvent id="b7" attachedToRef="work"><escalationEventDefinition escalationRef="x"/></boundaryEvent>
"#;

/// Every way in which an incident can end: its name, where its instance waits, and what ends it.
const WAYS: &[(&str, &str)] = &[
    ("resolved", "work"),
    ("instance deleted", "work"),
    ("instances deleted by a batch", "work"),
    ("instances deleted by a query", "work"),
    ("task completed", "work"),
    ("form submitted", "work"),
    ("task ended by an error", "work"),
    ("task ended by an escalation", "work"),
    ("cancelled by a modification", "work"),
    ("cancelled by a modification in a batch", "work"),
    ("cancelled by a modification of many", "work"),
    ("message", "work"),
    ("message to the execution", "work"),
    ("signal", "work"),
    ("timer", "work"),
    ("condition", "work"),
    ("external task completed", "ship"),
    ("external task ended by an error", "ship"),
    ("execution signalled", "receive"),
    ("called instance deleted with its caller", "called"),
    ("definition deleted", "work"),
    ("deployment deleted", "work"),
];

/// A caller, its definitions, and the engine.
struct Tenant<'a> {
    app: &'a Api,
    engine: &'a Api,
    name: &'a str,
    message: String,
    signal: String,
}

impl Tenant<'_> {
    /// A new definition (each way may use it up), an instance that waits, and the execution that waits there.
    async fn waiting(&self, place: &str) -> (String, String, String) {
        let key = format!("ends{}", random());
        let roots = format!(
            r#"<message id="m" name="{}"/><signal id="s" name="{}"/><error id="e" errorCode="e"/><escalation id="x" escalationCode="x"/>"#,
            self.message, self.signal
        );
        let answer = deploy_model(self.app, None, "ends.bpmn", &model(&key, &roots, INSIDE)).await.ok();
        let mut definition = deployed(&answer.json());
        if place == "called" {
            let caller = format!(
                r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/><callActivity id="c" calledElement="{key}"><extensionElements><camunda:in variables="all"/></extensionElements></callActivity>"#
            );
            let answer =
                deploy_model(self.app, None, "calls.bpmn", &model(&format!("c{key}"), "", &caller)).await;
            definition = deployed(&answer.ok().json());
        }
        let body = json!({"variables": {"how": {"value": place}, "stop": {"value": false}}});
        let start = self.app.post(&format!("/process-definition/{definition}/start"), body).await.ok().id();
        let mut instance = start;
        let mut waits = place;
        if place == "called" {
            let called = self.app.get(&format!("/process-instance?superProcessInstance={instance}")).await;
            instance = called.ok().ids().remove(0);
            waits = "work";
        }
        let executions = format!("/execution?processInstanceId={instance}&activityId={waits}");
        let execution = self.app.get(&executions).await.ok().ids().remove(0);
        (definition, instance, execution)
    }

    async fn incident(&self, execution: &str, kind: &str, configuration: &str) -> String {
        let body = json!({"incidentType": kind, "configuration": configuration, "message": "x"});
        let made = self.app.post(&format!("/execution/{execution}/create-incident"), body).await.ok();
        assert_eq!(made.json()["configuration"], configuration, "{made}");
        made.id()
    }

    /// Ends what waits, and with it the incident.
    async fn end(&self, way: &str, definition: &str, instance: &str, execution: &str, incident: &str) {
        let (app, id) = (self.app, instance);
        let cancel = json!([{"type": "cancel", "activityId": "work"}]);
        let reply = match way {
            "resolved" => app.delete(&format!("/incident/{incident}")).await,
            "instance deleted" => app.delete(&format!("/process-instance/{id}")).await,
            "instances deleted by a batch" => {
                self.batch("/process-instance/delete", json!({"processInstanceIds": [id]})).await
            }
            "instances deleted by a query" => {
                let query = json!({"processInstanceQuery": {"processDefinitionId": definition}});
                self.batch("/process-instance/delete", query).await
            }
            "task completed" => app.post(&self.task(id, "complete").await, json!({})).await,
            "form submitted" => app.post(&self.task(id, "submit-form").await, json!({})).await,
            "task ended by an error" => {
                app.post(&self.task(id, "bpmnError").await, json!({"errorCode": "e"})).await
            }
            "task ended by an escalation" => {
                let body = json!({"escalationCode": "x"});
                app.post(&self.task(id, "bpmnEscalation").await, body).await
            }
            "cancelled by a modification" => {
                let path = format!("/process-instance/{id}/modification");
                app.post(&path, json!({"instructions": cancel})).await
            }
            "cancelled by a modification in a batch" => {
                let path = format!("/process-instance/{id}/modification-async");
                self.batch(&path, json!({"instructions": cancel})).await
            }
            "cancelled by a modification of many" => {
                let body = json!({
                    "processDefinitionId": definition, "processInstanceIds": [id], "instructions": cancel,
                });
                app.post("/modification/execute", body).await
            }
            "message" => app.post("/message", json!({"messageName": self.message})).await,
            "message to the execution" => {
                let path = format!("/execution/{execution}/messageSubscriptions/{}/trigger", self.message);
                app.post(&path, json!({})).await
            }
            "signal" => app.post("/signal", json!({"name": self.signal})).await,
            "timer" => {
                let job = first(self.engine, "/job", id).await;
                app.post(&format!("/job/{job}/execute"), json!({})).await
            }
            "condition" => {
                let path = format!("/process-instance/{id}/variables/stop");
                app.put(&path, json!({"value": true})).await
            }
            "external task completed" | "external task ended by an error" => {
                let task = first(self.engine, "/external-task", id).await;
                let lock = json!({"workerId": "w", "lockDuration": 60_000});
                app.post(&format!("/external-task/{task}/lock"), lock).await.ok();
                let how = if way.ends_with("error") { "bpmnError" } else { "complete" };
                let body = json!({"workerId": "w", "errorCode": "e"});
                app.post(&format!("/external-task/{task}/{how}"), body).await
            }
            "execution signalled" => app.post(&format!("/execution/{execution}/signal"), json!({})).await,
            "called instance deleted with its caller" => {
                let query = format!("/process-instance?subProcessInstance={id}");
                let caller = app.get(&query).await.ok().ids().remove(0);
                app.delete(&format!("/process-instance/{caller}")).await
            }
            "definition deleted" => {
                app.delete(&format!("/process-definition/{definition}?cascade=true")).await
            }
            "deployment deleted" => {
                let shown = app.get(&format!("/process-definition/{definition}")).await.ok().json();
                let deployment = shown["deploymentId"].as_str().unwrap().to_owned();
                app.delete(&format!("/deployment/{deployment}?cascade=true")).await
            }
            other => panic!("how does it end: {other}?"),
        };
        reply.ok();
    }

    async fn task(&self, instance: &str, how: &str) -> String {
        format!("/task/{}/{how}", first(self.engine, "/task", instance).await)
    }

    async fn batch(&self, path: &str, body: Value) -> crate::support::api::Reply {
        let reply = self.app.post(path, body).await.ok();
        let id = reply.id();
        settled(self.engine, id.split('.').next().unwrap()).await;
        reply
    }
}

#[tokio::test]
async fn an_incident_ends_alone_in_every_way() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let shared = format!("order {}", random());
    let (message, signal) = (format!("m{}", random()), format!("s{}", random()));
    let caller = Tenant { app: &app, engine: &engine, name: &a.tenant, message, signal };
    let theirs = Tenant { app: &other, name: &b.tenant, message: "x".into(), signal: "x".into(), ..caller };
    let theirs = theirs.incident(&b.order, "orderProblem", &shared).await;
    let before = snapshot(&engine, &b.tenant).await;
    for (way, place) in WAYS {
        for kind in ["orderProblem", "anotherProblem"] {
            let (definition, instance, execution) = caller.waiting(place).await;
            stage.recorder.forget();
            let own = caller.incident(&execution, kind, &shared).await;
            let sent = stage.recorder.seen().pop().unwrap();
            let bound = format!("\"tenantgate:{}:{shared}\"", caller.name);
            assert!(String::from_utf8_lossy(&sent.message.body).contains(&bound), "{sent:?}");
            caller.end(way, &definition, &instance, &execution, &own).await;
            // The twin: the caller's own has ended.
            engine.get(&format!("/incident/{own}")).await.status(404);
            let left = engine.get(&format!("/incident/{theirs}")).await;
            assert_eq!(left.status, 200, "{way} ended B's incident, of the type {kind}: {left}");
            // What still waits would take the next one's message.
            app.delete(&format!("/process-instance/{instance}?failIfNotExists=false")).await.ok();
        }
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // What is asked of the gateway: the same texts sent straight to the engine end together.
    let raw = format!("raw {}", random());
    let make = async |execution: &str| {
        let body = json!({"incidentType": "orderProblem", "configuration": raw});
        engine.post(&format!("/execution/{execution}/create-incident"), body).await.ok().id()
    };
    let (mine, past) = (make(&a.order).await, make(&b.order).await);
    engine.delete(&format!("/incident/{mine}")).await.ok();
    engine.get(&format!("/incident/{past}")).await.status(404);
}

#[tokio::test]
async fn a_configuration_is_shown_and_asked_for_as_it_was_sent() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let shared = "order \"47,11\" ü";
    let make = async |api: &Api, execution: &str| {
        let body = json!({"incidentType": "mine", "configuration": shared});
        api.post(&format!("/execution/{execution}/create-incident"), body).await.ok().id()
    };
    let (own, theirs) = (make(&app, &a.order).await, make(&other, &b.order).await);
    let query = "configuration=order%20%2247%2C11%22%20%C3%BC";
    for list in ["/incident", "/history/incident"] {
        stage.recorder.forget();
        let found = app.get(&format!("{list}?{query}")).await.ok();
        assert!(
            stage.recorder.seen()[0]
                .query
                .as_deref()
                .unwrap()
                .contains(&format!("tenantgate%3A{}%3A", a.tenant))
        );
        let rows = found.json();
        assert_eq!(rows.as_array().unwrap().len(), 1, "{found}");
        assert_eq!(rows[0]["configuration"], shared);
        assert_eq!(app.get(&format!("{list}/count?{query}")).await.ok().json()["count"], 1);
        b.not_in(&found);
        // What another tenant's text looks like in the engine finds nothing.
        let guess = format!("{list}?configuration=tenantgate%3A{}%3Aorder", b.tenant);
        assert_eq!(app.get(&guess).await.ok().text(), "[]");
        let all = app.get(&format!("{list}?incidentType=mine")).await.ok().json();
        assert_eq!((all.as_array().unwrap().len(), &all[0]["configuration"]), (1, &json!(shared)));
    }
    assert_eq!(app.get(&format!("/incident/{own}")).await.ok().json()["configuration"], shared);
    let kept = engine.get(&format!("/incident/{own}")).await.ok().json();
    assert_eq!(kept["configuration"], format!("tenantgate:{}:{shared}", a.tenant));
    // The engine's own incidents keep theirs, and are found by it.
    let failed = app.get(&format!("/incident?configuration={}", a.count)).await.ok().json();
    assert_eq!(
        (&failed[0]["configuration"], &failed[0]["incidentType"]),
        (&json!(a.count), &json!("failedExternalTask"))
    );
    assert_eq!(app.get(&format!("/incident?configuration={}", b.count)).await.ok().text(), "[]");
    // A foreign one is answered as one that never existed, whether the caller has an equal one or not.
    let missing = crate::support::missing_id();
    let (foreign, never) =
        (app.delete(&format!("/incident/{theirs}")).await, app.delete(&format!("/incident/{missing}")).await);
    assert_eq!(foreign.telling(&theirs), never.telling(&missing));
    app.delete(&format!("/incident/{own}")).await.status(204);
    other.get(&format!("/incident/{theirs}")).await.ok();
}

/// The engine finds its own incidents by the id of their job or external task: one that is made beforehand with the
/// id of another tenant's job would keep that job's incident from being made.
#[tokio::test]
async fn no_incident_is_made_in_the_name_of_anothers_job() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let make = async |configuration: Value| {
        let body = json!({"incidentType": "failedJob", "configuration": configuration, "message": "x"});
        app.post(&format!("/execution/{}/create-incident", a.order), body).await
    };
    let before = snapshot(&engine, &b.tenant).await;
    stage.recorder.forget();
    for id in [
        b.timer.clone(),
        b.timer.to_uppercase(),
        format!(" {} ", b.timer),
        "4711".into(),
        "１２".into(),
        "".into(),
    ] {
        make(json!(id)).await.refused(403, "TG403-FIELD");
    }
    make(json!(4711)).await.refused(400, "TG400-BODY");
    let room = 255 - format!("tenantgate:{}:", a.tenant).len();
    make(json!("x".repeat(room + 1))).await.refused(403, "TG403-FIELD");
    stage.recorder.nothing();
    // The twins: a word of its own, the longest, and none.
    for own in [json!("order-4711"), json!("4711a"), json!("x".repeat(room)), Value::Null] {
        assert_eq!(make(own.clone()).await.ok().json()["configuration"], own);
    }
    // B's job still gets the incident of its own.
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    engine.put(&format!("/job/{}/retries", b.timer), json!({"retries": 0})).await;
    let count = engine.get(&format!("/incident/count?configuration={}", b.timer)).await.ok().json();
    assert_eq!(count["count"], 1);
}
