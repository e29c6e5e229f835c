//! How long an answer takes must not tell that another tenant has a large value: what the engine is asked decides that, so the
//! questions are compared here, and no times.

use serde_json::json;

use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::missing_id;
use crate::support::recorder::Seen;
use crate::support::world::World;

const PATHS: &[&str] = &[
    "/variable-instance/ID",
    "/variable-instance/ID/data",
    "/history/variable-instance/ID",
    "/history/variable-instance/ID/data",
];

async fn variable(engine: &Api, process: &str) -> String {
    let value = json!({"value": "eA==", "type": "Bytes"});
    engine.put(&format!("/process-instance/{process}/variables/sized"), value).await.ok();
    engine
        .get(&format!("/variable-instance?processInstanceIdIn={process}&variableName=sized"))
        .await
        .ok()
        .ids()[0]
        .clone()
}

/// Method and path of a question; ids are alike, but the one that was asked.
fn shape(seen: &Seen, asked: &str) -> String {
    let uuid = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
    let word = |word: &str| match word {
        word if word == asked => "ASKED".to_owned(),
        word if uuid(word) => "FRESH".to_owned(),
        word => word.to_owned(),
    };
    let path: Vec<_> = seen.path.split('/').map(word).collect();
    let query = seen.query.as_deref().unwrap_or_default();
    let names: Vec<_> = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    format!("{} {}?{}", seen.method, path.join("/"), names.join("&"))
}

#[tokio::test]
async fn a_foreign_variable_is_never_loaded_and_takes_the_questions_of_a_missing_one() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let (own, foreign) = (variable(&engine, &a.order).await, variable(&engine, &b.order).await);
    for path in PATHS {
        let ask = async |id: &str| {
            stage.recorder.forget();
            let reply = app.get(&path.replace("ID", id)).await;
            (reply, stage.recorder.seen())
        };
        let missing = missing_id();
        let (of_missing, asked_missing) = ask(&missing).await;
        let (of_foreign, asked_foreign) = ask(&foreign).await;
        assert_eq!(of_foreign.telling(&foreign), of_missing.telling(&missing), "{path}");
        // Whatever could load the value names an id that never existed.
        for seen in asked_foreign.iter().filter(|seen| !seen.path.ends_with("/count")) {
            assert!(!seen.path.contains(&foreign), "{path}: {}", seen.line());
        }
        let alike = |all: &[Seen], asked: &str| -> Vec<String> {
            all.iter().map(|seen| shape(seen, asked).replace("ASKED", "FRESH")).collect()
        };
        let (missing, foreign) = (alike(&asked_missing, &missing), alike(&asked_foreign, &foreign));
        assert_eq!(missing, foreign, "{path}");
        assert!(foreign.len() >= 4, "{path}: {foreign:?}");
        // The twin: an own one is shown.
        let (of_own, asked_own) = ask(&own).await;
        of_own.ok();
        let asked: Vec<_> = asked_own.iter().map(|seen| shape(seen, &own)).collect();
        assert!(asked.iter().any(|line| line.contains("/ASKED")), "{path}: {asked:?}");
    }
}
