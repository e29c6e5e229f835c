//! `…/suspended` with several selectors at once, or a tenant selector beside them: what the engine does with each
//! combination by itself, and what comes of it through the gateway.
//!
//! The table is `tests/golden/suspended.txt` (`UPDATE=1` writes it anew). Whatever is combined, nothing of another's
//! changes; what is the caller's own changes as at the engine; another's id is answered as nobody's.

mod rows;
mod scene;

use std::collections::BTreeMap;

use rows::{OPERATIONS, Operation, Row};
use scene::{Scene, Seen};

use crate::matrix::golden;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_selectors_at_once() {
    let (mut text, mut problems) = (String::new(), Vec::new());
    let mut scenes = Vec::new();
    for operation in OPERATIONS {
        scenes.push(tokio::spawn(async move {
            let scene = Scene::set().await;
            let mut seen = BTreeMap::new();
            for row in rows::rows(operation) {
                let engine = scene.at_the_engine(operation, &row).await;
                let gateway = scene.through_the_gateway(operation, &row).await;
                seen.insert(row.to_string(), (row, engine, gateway));
            }
            (operation, seen)
        }));
    }
    for scene in scenes {
        let (operation, seen) = scene.await.unwrap();
        let name = format!("{} {}", operation.method, operation.path);
        text.push_str(&format!("{name}\n"));
        for (row, engine, gateway) in seen.values() {
            // What is nobody's is answered as what is another's: the table has it once.
            if !row.is_nobodys() {
                text.push_str(&format!("  {row}\n    engine  {engine}\n    gateway {gateway}\n"));
            }
            let judged = judged(operation, row, engine, gateway);
            problems.extend(judged.map(|what| format!("{name}: {row}: {what}")));
            let missing = row.missing().and_then(|other| seen.get(&other.to_string()));
            problems.extend(missing.and_then(|(_, _, missing)| {
                let (one, other) = (&gateway.answer, &missing.answer);
                (one != other).then(|| format!("{name}: {row}: not as nobody's:\n    {one}\n    {other}"))
            }));
        }
        // Rows by which the engine itself reaches others are what the gateway is for.
        let reaching = seen.values().filter(|(_, engine, _)| !engine.of_others().is_empty()).count();
        let working = seen.values().filter(|(_, _, gateway)| !gateway.changed.is_empty()).count();
        assert!(reaching > 1 && working > 1, "{name}: {reaching} rows reach others, {working} work");
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    golden("suspended.txt", &text);
}

/// What a row must not come to.
fn judged(operation: &Operation, row: &Row, engine: &Seen, gateway: &Seen) -> Option<String> {
    if !gateway.of_others().is_empty() {
        return Some(format!("changed another's: {gateway}"));
    }
    // A key in the path means the shared definition to the engine, and the caller's to the gateway.
    let means =
        if operation.path.ends_with("key/<processDefinitionKey>/suspended") { "shared" } else { "own" };
    if row.is_own() && (engine.status != gateway.status || engine.of(means) != gateway.of("own")) {
        return Some(format!("not as at the engine:\n    {engine}\n    {gateway}"));
    }
    None
}
