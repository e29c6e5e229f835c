//! An application's start-up, unchanged, as the seed application does it: token by form, own tenant record, lists
//! and creates that name the tenant. Whom a token proves comes from the token alone.

use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, issuer};
use crate::support::api::Api;
use crate::support::issuer::{AUDIENCE, SECRET};
use crate::support::multipart::Form;
use crate::support::world::{Side, World, order};
use crate::support::{engine, random};

/// A token as an application gets it: by form post.
async fn token_by_form(client: &str) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret={SECRET}&audience={}",
        AUDIENCE.replace(':', "%3A").replace('/', "%2F")
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let reply =
        Api::new(issuer().issuer()).send(Method::POST, "/oauth/token", &headers, form.into()).await.ok();
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_seed_applications_start_up_works_unchanged() {
    let stage = Stage::start().await;
    let tenant = format!("tSeed{}", random());
    let app = stage.gateway.api().with_token(&token_by_form(&tenant).await);
    // Its own record: missing, created, there, renamed.
    let missing = app.get(&format!("/tenant/{tenant}")).await.status(404);
    assert_eq!(missing.json()["message"], format!("Tenant with id {tenant} does not exist"));
    app.post("/tenant/create", json!({"id": tenant, "name": "Seed"})).await.status(204);
    let record = app.get(&format!("/tenant/{tenant}")).await.ok();
    assert_eq!(record.json(), json!({"id": tenant, "name": "Seed"}));
    app.put(&format!("/tenant/{tenant}"), json!({"id": tenant, "name": "Seed 2"})).await.status(204);
    assert_eq!(app.get(&format!("/tenant/{tenant}")).await.ok().json()["name"], "Seed 2");
    // Creates that name the tenant.
    let form = Form::deployment("seed", Some(&tenant), &[("order.bpmn", &order("seed"))]);
    let deployed = app.form("/deployment/create", form).await.ok().json();
    assert_eq!(deployed["tenantId"], tenant.as_str());
    let path = format!("/process-definition/key/order/tenant-id/{tenant}/start");
    let instance = app.post(&path, json!({"businessKey": "seed"})).await.ok().json();
    assert_eq!(instance["tenantId"], tenant.as_str());
    // Lists, the tenant as comma list and as JSON array.
    let by_get = app.get(&format!("/task?tenantIdIn={tenant}")).await.ok();
    let by_post = app.post("/task", json!({"tenantIdIn": [tenant]})).await.ok();
    assert_eq!((by_get.ids().len(), by_get.ids()), (1, by_post.ids()));
    let task = &by_get.ids()[0];
    app.post(&format!("/task/{task}/complete"), json!({})).await.status(204);
    assert!(app.get(&format!("/task?tenantIdIn={tenant}")).await.ok().ids().is_empty());
}

#[tokio::test]
async fn an_application_never_seen_before_works_at_once() {
    let stage = Stage::start().await;
    let world = World::seed().await;
    stage.client(&world.a.tenant).get("/task").await.ok();
    stage.client(&world.b.tenant).get("/task").await.ok();
    // Made while the gateway runs; nothing tells the gateway of it.
    let third = Side::seed(&engine::api(), "C").await;
    let reply = stage.client(&third.tenant).get("/task").await.ok();
    third.is_in(&reply);
    assert!(reply.ids().contains(&third.review));
    world.a.not_in(&reply);
    world.b.not_in(&reply);
}

#[tokio::test]
async fn a_tenant_record_belongs_to_its_application_only() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let record = |side: &Side| format!("/tenant/{}", side.tenant);
    let before = engine.get(&record(&b)).await.ok().json();
    // The engine renames whom the body names; whatever the gateway answers, B keeps its name.
    let reply = app.put(&record(&a), json!({"id": b.tenant, "name": "taken"})).await;
    assert!([204, 403].contains(&reply.status), "{reply}");
    // As one that does not exist.
    let missing = format!("t{}{}", "M", random());
    for (method, body) in [(Method::GET, ""), (Method::PUT, r#"{"id":"ID","name":"taken"}"#)] {
        let ask = |id: String| {
            let (app, method) = (app.clone(), method.clone());
            async move { app.json(method, &format!("/tenant/{id}"), &body.replace("ID", &id)).await }
        };
        let foreign = ask(b.tenant.clone()).await;
        assert_eq!(foreign.telling(&b.tenant), ask(missing.clone()).await.telling(&missing));
        assert_ne!(foreign.status / 100, 2, "{foreign}");
    }
    app.post("/tenant/create", json!({"id": missing, "name": "x"})).await.refused(403, "TG403-TENANT");
    assert_eq!(engine.get(&record(&b)).await.ok().json(), before);
    engine.get(&format!("/tenant/{missing}")).await.status(404);
    // The twin: the same with the own id.
    app.put(&record(&a), json!({"id": a.tenant, "name": "own"})).await.status(204);
    assert_eq!(engine.get(&record(&a)).await.ok().json()["name"], "own");
    // The list of tenants holds the own one.
    let list = app.get("/tenant").await.ok();
    assert_eq!(list.ids(), std::slice::from_ref(&a.tenant));
    assert_eq!(app.get("/tenant/count").await.ok().json()["count"], 1);
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told_and_nothing_forwarded() {
    let stage = Stage::start().await;
    let tenant = format!("t{}", random());
    let anyone = stage.gateway.api();
    // The token comes before the operation: a stranger does not learn which operations there are.
    for path in ["/task", "/no-such-operation", "/authorization"] {
        let reply = anyone.get(path).await.refused(401, "TG401-MISSING");
        assert!(reply.header("www-authenticate").is_some_and(|h| h.starts_with("Bearer")), "{reply}");
    }
    // Nor which paths: outside the engine's path, too, and for engines of another name.
    let root = Api::new(anyone.base().strip_suffix("/engine-rest").unwrap());
    for path in ["/", "/engine-rest", "/engine-rest/engine/other/task", "/metrics", "/engine-rests/task"] {
        root.get(path).await.refused(401, "TG401-MISSING");
        let own = root.with_token(&issuer().token(&tenant));
        own.get(path).await.refused(403, "TG403-NO-RULE");
    }
    // What can't be read in one way is said before: no token makes it readable.
    anyone.get("/a//b").await.refused(400, "TG400-PATH");
    let late = issuer().token_with(&tenant, |_, claims| claims["exp"] = json!(1_700_000_000));
    root.with_token(&late).get("/").await.refused(401, "TG401-EXPIRED");
    anyone.with_token(&late).get("/task").await.refused(401, "TG401-EXPIRED");
    let other = issuer().token_with(&tenant, |_, claims| claims["aud"] = json!("https://other.test"));
    anyone.with_token(&other).get("/task").await.refused(401, "TG401-AUDIENCE");
    let user = issuer().token_with(&tenant, |_, claims| {
        claims["sub"] = json!("auth0|someone");
        claims["gty"] = json!("password");
    });
    anyone.with_token(&user).get("/task").await.refused(403, "TG403-NOT-APPLICATION");
    let wide = issuer().token(&format!("{tenant},tOther"));
    anyone.with_token(&wide).get("/task").await.refused(403, "TG403-CLIENT-ID");
    stage.recorder.nothing();
    // The twin.
    anyone.with_token(&issuer().token(&tenant)).get("/task").await.ok();
    assert_eq!(stage.recorder.only().query.as_deref(), Some(format!("tenantIdIn={tenant}").as_str()));
    assert!(!stage.gateway.log().contains(&wide), "a token stands in the log");
}
