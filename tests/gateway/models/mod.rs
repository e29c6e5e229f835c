//! The corpus of models: what is hostile is refused at the door, and did reach another tenant on the engine alone;
//! what is honest runs to its end.

mod play;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::stage::Stage;
use crate::support::engine;
use crate::support::multipart::Form;
use crate::support::snapshot::{assert_same, snapshot};

use play::{Listener, beside, deploy, finish, forget, play, read};

/// The tenant that deploys; its name stands in the models.
const A: &str = "modelA1";
/// The tenant that the hostile models aim at.
const B: &str = "modelB1";

#[derive(Deserialize)]
struct Case {
    file: String,
    seen: Seen,
}

/// What a hostile model did on the open engine.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Seen {
    /// What its owner reads then holds this text: another tenant's, or what code brought there.
    Shows(String),
    /// An instance of the other tenant began: `process` or `case`.
    Begins(String),
    /// The engine tried to follow it and told so in these words.
    Fails(String),
    /// The engine fetched the address.
    Fetches(String),
    /// It did nothing that shows on this engine; refused for the reason that is told.
    Nothing(String),
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string("tests/data/models/cases.yaml").unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[tokio::test]
async fn hostile_models_end_at_the_door_and_honest_ones_run_to_their_end() {
    let stage = Stage::start().await;
    let engine = engine::api();
    let app = stage.client(A);
    deploy(&engine, Some(B), &beside(B)).await.unwrap();
    let mut files = beside("nobody");
    files.retain(|(file, _)| file != "form.form");
    let shared = deploy(&engine, None, &files).await.unwrap();
    let vault = serde_json::json!({"variables": {"vault": {"value": format!("vault of {B}")}}});
    engine.post(&format!("/case-definition/key/model-case/tenant-id/{B}/create"), vault).await.ok();
    let listener = Listener::start().await;
    let (cases, mut done) = (cases(), BTreeMap::<&str, usize>::new());

    let before = snapshot(&engine, B).await;
    for case in &cases {
        let name = &case.file;
        let hostile = Form::new().file("f", name, &read("hostile", name, &listener));
        app.form("/deployment/create", hostile).await.refused(403, "TG403-MODEL");
        stage.recorder.nothing();
    }
    for case in &cases {
        let name = &case.file;
        let mut files = beside(A);
        files.push((name.clone(), read("honest", name, &listener)));
        let deployment = deploy(&app, None, &files).await.unwrap_or_else(|why| panic!("{name}: {why}"));
        play(&app, A, name).await.unwrap_or_else(|why| panic!("honest {name}: {why}"));
        let shown = finish(&app, A).await.unwrap_or_else(|why| panic!("honest {name}: {why}"));
        assert!(!shown.contains(&format!("of {B}")), "honest {name}: {shown}");
        app.delete(&format!("/deployment/{deployment}?cascade=true")).await.ok();
    }
    let whole = ["whole-order.bpmn", "whole-tax.dmn", "whole-claim.cmmn", "whole-form.form"];
    let files: Vec<_> = whole.iter().map(|n| ((*n).to_owned(), read("honest", n, &listener))).collect();
    let deployment = deploy(&app, None, &files).await.unwrap();
    for name in whole {
        play(&app, A, name).await.unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    finish(&app, A).await.unwrap();
    app.delete(&format!("/deployment/{deployment}?cascade=true")).await.ok();
    assert_same(&before, &snapshot(&engine, B).await);

    // Each can fail: the engine alone lets it through.
    let begun = async |what: &str| {
        engine.get(&format!("/history/{what}-instance/count?tenantIdIn={B}")).await.ok().json()["count"]
            .clone()
    };
    let mut wrong = Vec::new();
    for case in &cases {
        let name = &case.file;
        let mut files = beside(A);
        // The other's form is then the latest of its key.
        files.retain(|(file, _)| file != "form.form");
        files.push((name.clone(), read("hostile", name, &listener)));
        let before = (begun("process").await, begun("case").await);
        let fetched = listener.count();
        let deployment = deploy(&engine, Some(A), &files).await;
        let shown = match &deployment {
            Ok(_) => play(&engine, A, name).await,
            Err(why) => Err(why.clone()),
        };
        let after = (begun("process").await, begun("case").await);
        let (kind, right) = match &case.seen {
            Seen::Shows(text) => ("shows", shown.as_ref().is_ok_and(|shown| shown.contains(text))),
            Seen::Begins(what) if what == "process" => ("begins", before.0 != after.0),
            Seen::Begins(_) => ("begins", before.1 != after.1),
            Seen::Fails(text) => ("fails", shown.as_ref().is_err_and(|why| why.contains(text))),
            Seen::Fetches(what) => ("fetches", !what.is_empty() && listener.count() > fetched),
            Seen::Nothing(why) => ("nothing", shown.is_ok() && !why.is_empty()),
        };
        *done.entry(kind).or_default() += 1;
        if !right {
            wrong.push(format!("{name}: not {kind}: {shown:?}"));
        }
        if let Ok(deployment) = deployment {
            engine.delete(&format!("/deployment/{deployment}?cascade=true")).await.ok();
        }
        // What ran under another's definition outlives the deployment, and would answer for the next case.
        forget(&engine, A).await;
    }
    engine.delete(&format!("/deployment/{shared}?cascade=true")).await.ok();
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!(
        "models: {count} constructs, hostile refused {count}/{count}, honest run to their end {count}/{count} \
         and {} whole ones; on the open engine: {done:?}",
        whole.len(),
        count = cases.len(),
    );
}
