//! Filters of shared definitions that look at rows of another kind: whether a definition shows must not tell what
//! another tenant's instances of it went through.

use serde_json::json;

use crate::isolation::{deploy_model, deployed, model};
use crate::stage::Stage;
use crate::support::random;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::World;

#[tokio::test]
async fn a_shared_definition_tells_nothing_of_others_incidents() {
    let stage = Stage::with(|plan| plan.config("tenancy: { shared_resources: readable }\n")).await;
    let World { a, b, engine } = World::seed().await;
    let (app, other) = (stage.client(&a.tenant), stage.client(&b.tenant));
    let key = format!("shared{}", random());
    let waits = r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t"/>"#;
    let shared = deployed(&deploy_model(&engine, None, "s.bpmn", &model(&key, "", waits)).await.ok().json());
    let calls = format!(
        r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/>
           <callActivity id="c" calledElement="{key}" camunda:calledElementTenantId="${{null}}"/>"#
    );
    // Both deploy the same caller; B's instance on the shared definition has an incident.
    let mut callers = Vec::new();
    for api in [&app, &other] {
        let answer = deploy_model(api, None, "c.bpmn", &model(&format!("calls{key}"), "", &calls)).await.ok();
        callers.push(deployed(&answer.json()));
    }
    other.post(&format!("/process-definition/{}/start", callers[1]), json!({})).await.ok();
    let theirs = other.get(&format!("/execution?processDefinitionId={shared}&activityId=t")).await.ok();
    let path = format!("/execution/{}/create-incident", theirs.ids()[0]);
    let (kind, message) = (format!("type{}", random()), format!("SECRET-{}", random()));
    let body = json!({"incidentType": kind, "configuration": "order-1", "message": message});
    let incident = other.post(&path, body).await.ok().id();
    let before = snapshot(&engine, &b.tenant).await;
    let filters = [
        format!("incidentId={incident}"),
        format!("incidentType={kind}"),
        format!("incidentMessage={message}"),
        "incidentMessageLike=%25SECRET-%25".to_owned(),
        "incidentMessageLike=%25".to_owned(),
        "incidentMessageLike=".to_owned(),
    ];
    for filter in &filters {
        for more in ["", "&includeProcessDefinitionsWithoutTenantId=true", "&withoutTenantId=true"] {
            let query = format!("key={key}&{filter}{more}");
            let list = app.get(&format!("/process-definition?{query}")).await.ok();
            assert_eq!(list.text(), "[]", "{query}");
            let count = app.get(&format!("/process-definition/count?{query}")).await.ok();
            assert_eq!(count.json()["count"], 0, "{query}");
        }
        // Asked of the engine itself, it is there: but for the empty text, which no incident has.
        let direct = engine.get(&format!("/process-definition?key={key}&{filter}")).await.ok().ids();
        assert_eq!(direct.len(), usize::from(!filter.ends_with('=')), "{filter}");
    }
    // The twin: without such a filter the shared definition shows.
    assert_eq!(app.get(&format!("/process-definition?key={key}")).await.ok().ids(), [shared.as_str()]);
    assert_eq!(app.get(&format!("/process-definition/count?key={key}")).await.ok().json()["count"], 1);
    // And an own definition is found by its own incident.
    let own = json!({"incidentType": kind, "message": message});
    app.post(&format!("/execution/{}/create-incident", a.order), own).await.ok();
    for filter in &filters[1..4] {
        let found = app.get(&format!("/process-definition?{filter}")).await.ok();
        assert_eq!(found.ids(), [a.order_definition.as_str()], "{filter}");
        b.not_in(&found);
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}
