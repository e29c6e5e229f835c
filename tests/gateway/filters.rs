//! Saved filters: they have an owner and no tenant, and their stored queries could run code or see every tenant.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::as_missing;
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{Side, World};

/// What runs a filter: method, what follows its id, and the body.
const RUNS: &[(&str, &str)] = &[
    ("GET", "/list"),
    ("GET", "/count"),
    ("GET", "/singleResult"),
    ("POST", "/list"),
    ("POST", "/count"),
    ("POST", "/singleResult"),
];

fn filter(name: &str, query: Value) -> Value {
    json!({"resourceType": "Task", "name": name, "query": query, "properties": {"priority": 1}})
}

/// A filter made in the engine itself, as if it had been there before the gateway.
async fn stored(engine: &Api, owner: &str, query: Value) -> String {
    let mut body = filter("stored", query);
    body["owner"] = json!(owner);
    engine.post("/filter/create", body).await.ok().id()
}

async fn tasks(engine: &Api, side: &Side) -> Vec<String> {
    engine.get(&format!("/task?tenantIdIn={}", side.tenant)).await.ok().ids()
}

#[tokio::test]
async fn a_filter_belongs_to_who_made_it() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let theirs = stored(&engine, &b.tenant, json!({"name": b.marker})).await;
    let nobodys = engine.post("/filter/create", filter("nobody's", json!({}))).await.ok().id();
    let before = snapshot(&engine, &b.tenant).await;
    let mut own = Vec::new();
    for owner in [None, Some(Value::Null), Some(json!("")), Some(json!(a.tenant))] {
        let mut body = filter("own", json!({"name": "Errand"}));
        if let Some(owner) = owner {
            body["owner"] = owner;
        }
        let made = app.post("/filter/create", body).await.ok();
        let direct = engine.get(&format!("/filter/{}", made.id())).await.ok();
        assert_eq!((direct.json()["owner"].as_str(), made.text()), (Some(a.tenant.as_str()), direct.text()));
        assert_eq!(app.get(&format!("/filter/{}", made.id())).await.ok().text(), direct.text());
        // What the pin adds does not show.
        assert!(!made.text().contains("tenantIdIn"), "{made}");
        own.push(made.id());
    }
    own.sort();
    stage.recorder.forget();
    let mut foreign = filter("x", json!({}));
    foreign["owner"] = json!(b.tenant);
    app.post("/filter/create", foreign.clone()).await.refused(403, "TG403-TENANT");
    app.put(&format!("/filter/{}", own[0]), foreign).await.refused(403, "TG403-TENANT");
    app.get(&format!("/filter?owner={}", b.tenant)).await.refused(403, "TG403-TENANT");
    app.get(&format!("/filter/count?owner={}", b.tenant)).await.refused(403, "TG403-TENANT");
    stage.recorder.nothing();
    for query in ["", "?owner=", &format!("?owner={}", a.tenant)] {
        let list = app.get(&format!("/filter{query}")).await.ok();
        assert_eq!(list.ids(), own, "{query}");
        b.not_in(&list);
        assert_eq!(app.get(&format!("/filter/count{query}")).await.ok().json(), json!({"count": own.len()}));
    }
    // One filter narrows to itself, another's to nothing.
    assert_eq!(app.get(&format!("/filter?filterId={}", own[0])).await.ok().ids(), [own[0].clone()]);
    assert_eq!(app.get(&format!("/filter?filterId={theirs}")).await.ok().text(), "[]");
    for id in [&theirs, &nobodys] {
        as_missing(&app, &engine, &Method::GET, "/filter/ID", "", id).await;
        as_missing(&app, &engine, &Method::GET, "/filter/ID?itemCount=true", "", id).await;
        let change = filter("taken", json!({})).to_string();
        as_missing(&app, &engine, &Method::PUT, "/filter/ID", &change, id).await;
        as_missing(&app, &engine, &Method::DELETE, "/filter/ID", "", id).await;
        for (method, tail) in RUNS {
            let body = if *method == "POST" { "{}" } else { "" };
            let path = format!("/filter/ID{tail}");
            as_missing(&app, &engine, &method.parse().unwrap(), &path, body, id).await;
        }
    }
    engine.get(&format!("/filter/{nobodys}")).await.ok();
    engine.delete(&format!("/filter/{nobodys}")).await.ok();
    app.put(&format!("/filter/{}", own[0]), filter("renamed", json!({}))).await.status(204);
    let renamed = engine.get(&format!("/filter/{}", own[0])).await.ok().json();
    assert_eq!((&renamed["name"], &renamed["owner"]), (&json!("renamed"), &json!(a.tenant)));
    app.delete(&format!("/filter/{}", own[0])).await.status(204);
    engine.get(&format!("/filter/{}", own[0])).await.status(404);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_filter_finds_own_tasks_only_whatever_it_stores() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let expected = tasks(&engine, &a).await;
    assert!(expected.len() > 1);
    let made = app.post("/filter/create", filter("all", json!({}))).await.ok().id();
    let or = json!({"orQueries": [{"tenantIdIn": [b.tenant], "name": "x"}, {"description": b.marker}]});
    let both = stored(&engine, &a.tenant, json!({"tenantIdIn": [a.tenant, b.tenant]})).await;
    let theirs = stored(&engine, &a.tenant, json!({"tenantIdIn": [b.tenant]})).await;
    let open = stored(&engine, &a.tenant, json!({})).await;
    let either = stored(&engine, &a.tenant, or).await;
    let pin = json!({"tenantIdIn": [a.tenant]});
    for (id, finds) in
        [(&made, &expected), (&both, &expected), (&theirs, &expected), (&open, &expected), (&either, &vec![])]
    {
        for extending in
            [json!({}), json!({"tenantIdIn": []}), pin.clone(), json!({"withoutTenantId": false})]
        {
            let list = app.post(&format!("/filter/{id}/list"), extending.clone()).await.ok();
            assert_eq!(&list.ids(), finds, "{extending}");
            let direct = engine.post(&format!("/filter/{id}/list"), pin.clone()).await.ok();
            assert_eq!(list.text(), direct.text(), "{extending}");
            let count = app.post(&format!("/filter/{id}/count"), extending).await.ok();
            assert_eq!(count.json(), json!({"count": finds.len()}));
        }
        let list = app.get(&format!("/filter/{id}/list")).await.ok();
        assert_eq!(&list.ids(), finds);
        b.not_in(&list);
        assert_eq!(app.get(&format!("/filter/{id}/count")).await.ok().json(), json!({"count": finds.len()}));
        // No body at all means every tenant to the engine.
        let empty = app.json(Method::POST, &format!("/filter/{id}/list"), "").await.ok();
        assert_eq!(&empty.ids(), finds);
        // The items that a filter counts are own ones, too.
        let counted = app.get(&format!("/filter/{id}?itemCount=true")).await.ok().json();
        assert_eq!(counted["itemCount"], finds.len(), "{counted}");
    }
    for filter in app.get("/filter?itemCount=true").await.ok().json().as_array().unwrap() {
        let finds = if filter["id"] == json!(either) { 0 } else { expected.len() };
        assert_eq!(filter["itemCount"], finds, "{filter}");
    }
    // Pages, one result, several results: as the engine has it.
    let page = app.get(&format!("/filter/{made}/list?firstResult=1&maxResults=1")).await.ok();
    assert_eq!(page.ids().len(), 1);
    let pin_text = pin.to_string();
    for (id, extending) in [(&open, json!({})), (&open, json!({"taskId": a.review})), (&either, json!({}))] {
        let mut pinned = extending.clone();
        pinned["tenantIdIn"] = json!([a.tenant]);
        let direct = engine.post(&format!("/filter/{id}/singleResult"), pinned).await;
        let through = app.post(&format!("/filter/{id}/singleResult"), extending.clone()).await;
        assert_eq!((through.status, through.text()), (direct.status, direct.text()), "{extending}");
        if extending == json!({}) {
            let got = app.get(&format!("/filter/{id}/singleResult")).await;
            assert_eq!((got.status, got.text()), (direct.status, direct.text()), "{pin_text}");
        }
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn an_extending_query_does_not_widen() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let id = stored(&engine, &a.tenant, json!({})).await;
    let post = async |tail: &str, body: Value| app.post(&format!("/filter/{id}{tail}"), body).await;
    stage.recorder.forget();
    for tail in ["/list", "/count", "/singleResult"] {
        let theirs = json!([b.tenant]);
        post(tail, json!({"tenantIdIn": theirs})).await.refused(403, "TG403-TENANT");
        post(tail, json!({"tenantIdIn": [a.tenant, b.tenant]})).await.refused(403, "TG403-TENANT");
        post(tail, json!({"orQueries": [{"tenantIdIn": theirs}]})).await.refused(403, "TG403-TENANT");
        post(tail, json!({"assigneeExpression": "${1}"})).await.refused(403, "TG403-FIELD");
        post(tail, json!({"orQueries": [{"nameExpression": "x"}]})).await.refused(403, "TG403-FIELD");
    }
    assert_eq!(post("/list", json!({"withoutTenantId": true})).await.ok().json(), json!([]));
    assert_eq!(post("/count", json!({"withoutTenantId": true})).await.ok().json(), json!({"count": 0}));
    post("/singleResult", json!({"withoutTenantId": true})).await.refused(403, "TG403-TENANTLESS");
    let ran =
        stage.recorder.seen().iter().any(|seen| seen.path.contains("/list") || seen.path.contains("/count"));
    assert!(!ran, "{:?}", stage.recorder.seen());
    // The twins.
    let named = json!({"orQueries": [{"tenantIdIn": [a.tenant], "name": "no such"}]});
    assert_eq!(post("/list", named).await.ok().ids(), tasks(&engine, &a).await);
    let no = json!({"withoutTenantId": false, "assigneeExpression": null, "taskId": a.review});
    assert_eq!(post("/singleResult", no).await.ok().id(), a.review);
    // HAL would hold users and groups of everybody.
    let hal = [("accept", "application/hal+json")];
    let reply = app.send(Method::GET, &format!("/filter/{id}/list"), &hal, Vec::new()).await.ok();
    assert!(reply.json().is_array(), "{reply}");
}

#[tokio::test]
async fn expressions_are_neither_stored_nor_run() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let code = format!(
        "${{runtimeService.createProcessInstanceByKey('order').processDefinitionTenantId('{}').execute().id}}",
        b.tenant
    );
    let own = app.post("/filter/create", filter("own", json!({}))).await.ok().id();
    stage.recorder.forget();
    for query in [
        json!({"assigneeExpression": code}),
        json!({"createdAfterExpression": "${now()}"}),
        json!({"orQueries": [{"assigneeExpression": code}]}),
        json!({"someNewExpression": code}),
    ] {
        app.post("/filter/create", filter("x", query.clone())).await.refused(403, "TG403-FIELD");
        app.put(&format!("/filter/{own}"), filter("x", query)).await.refused(403, "TG403-FIELD");
    }
    for query in [json!({"tenantIdIn": [b.tenant]}), json!({"orQueries": [{"tenantIdIn": [b.tenant]}]})] {
        app.post("/filter/create", filter("x", query)).await.refused(403, "TG403-TENANT");
    }
    let without = filter("x", json!({"withoutTenantId": true}));
    app.post("/filter/create", without).await.refused(403, "TG403-TENANTLESS");
    stage.recorder.nothing();
    // The twin: null is none.
    app.post("/filter/create", filter("null", json!({"assigneeExpression": null}))).await.ok();
    // Stored before the gateway was there: shown, but never run.
    let before = snapshot(&engine, &b.tenant).await;
    for query in [json!({"assigneeExpression": code}), json!({"orQueries": [{"assigneeExpression": code}]})] {
        let id = stored(&engine, &a.tenant, query).await;
        app.get(&format!("/filter/{id}")).await.ok();
        for path in ["/filter?itemCount=true".to_owned(), format!("/filter/{id}?itemCount=true")] {
            let shown = app.get(&path).await.ok().json();
            let shown = shown
                .as_array()
                .map_or(shown.clone(), |l| l.iter().find(|f| f["id"] == json!(id)).unwrap().clone());
            assert!(shown.get("itemCount").is_none_or(Value::is_null), "{shown}");
        }
        for (method, tail) in RUNS {
            let body = if *method == "POST" { "{}" } else { "" };
            let path = format!("/filter/{id}{tail}");
            app.json(method.parse().unwrap(), &path, body).await.refused(403, "TG403-FIELD");
        }
        app.delete(&format!("/filter/{id}")).await.status(204);
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}
