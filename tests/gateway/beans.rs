//! Beans of the engine by their bare names: what they show on the open engine, and that no model brings one in.

use serde_json::json;

use crate::isolation::{deploy_model, deployed, model};
use crate::stage::Stage;
use crate::support::random;
use crate::support::world::{World, start};

/// Two of the list, an alias of a third, and an object that no definition stands for.
const NAMES: &[&str] = &["strongUuidGenerator", "jdbcTemplate", "bootstrapExecutor", "applicationStartup"];

fn described(name: &str) -> String {
    let inside = format!(
        r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
        <userTask id="t"><documentation>It is ${{{name}}}.</documentation></userTask>"#
    );
    model(&format!("bean{}", random()), "", &inside)
}

#[tokio::test]
async fn a_bean_shows_on_the_open_engine_and_no_model_that_names_one_is_taken() {
    let stage = Stage::start().await;
    let World { a, b: _, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let description = async |definition: &str| {
        let instance = start(&engine, definition, &a.marker).await;
        let tasks = engine.get(&format!("/task?processInstanceId={instance}")).await.ok().json();
        tasks[0]["description"].as_str().unwrap_or_default().to_owned()
    };
    stage.recorder.forget();
    for name in NAMES {
        deploy_model(&app, None, "b.bpmn", &described(name)).await.refused(403, "TG403-MODEL");
    }
    assert!(stage.recorder.seen().iter().all(|seen| seen.method == "GET"), "a deployment reached the engine");
    // What it would have shown.
    let open = deploy_model(&engine, Some(&a.tenant), "b.bpmn", &described("strongUuidGenerator")).await.ok();
    let shown = description(&deployed(&open.json())).await;
    assert!(shown.contains("StrongUuidGenerator@"), "{shown}");
    // The twin: a variable of the instance.
    let own = deploy_model(&app, None, "b.bpmn", &described("note")).await.ok();
    assert_eq!(json!(description(&deployed(&own.json())).await), json!(format!("It is {}.", a.marker)));
}
