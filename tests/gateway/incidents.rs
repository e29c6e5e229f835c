//! Resolving an incident: the engine takes away all of that type and configuration, whoever's they are.

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::support::random;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::World;

#[tokio::test]
async fn resolving_an_own_incident_leaves_anothers_alike_alone() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let shared = format!("mine {}", random());
    let incident = |configuration: &str| json!({"incidentType": "mine", "configuration": configuration});
    let theirs =
        engine.post(&format!("/execution/{}/create-incident", b.order), incident(&shared)).await.ok().id();
    let before = snapshot(&engine, &b.tenant).await;
    let make = async |configuration: &str| {
        app.post(&format!("/execution/{}/create-incident", a.order), incident(configuration)).await.ok().id()
    };
    let alike = make(&shared).await;
    app.delete(&format!("/incident/{alike}")).await.refused(403, "TG403-FIELD");
    // Allowed twin: a configuration that nobody else has.
    let own = make(&format!("own {}", random())).await;
    app.delete(&format!("/incident/{own}")).await.status(204);
    engine.get(&format!("/incident/{own}")).await.status(404);
    // A foreign one is answered as one that never existed.
    let missing = crate::support::missing_id();
    let (foreign, never) =
        (app.delete(&format!("/incident/{theirs}")).await, app.delete(&format!("/incident/{missing}")).await);
    assert_eq!(foreign.telling(&theirs), never.telling(&missing));
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

/// The engine tells incidents apart by type and configuration, in all tenants.
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
    for id in
        [b.timer.clone(), b.timer.to_uppercase(), format!(" {} ", b.timer), "4711".into(), "１２".into()]
    {
        make(json!(id)).await.refused(403, "TG403-FIELD");
    }
    make(json!(4711)).await.status(400);
    // The twins: a word of its own, and none.
    for own in [json!("order-4711"), json!("4711a"), Value::Null] {
        make(own.clone()).await.ok();
    }
    // B's job still gets the incident of its own.
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    engine.put(&format!("/job/{}/retries", b.timer), json!({"retries": 0})).await;
    let count = engine.get(&format!("/incident/count?configuration={}", b.timer)).await.ok().json();
    assert_eq!(count["count"], 1);
}
