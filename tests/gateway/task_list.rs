//! The token of the task list (`demo/task-list`): what its grant says, `work` on every tenant, and nothing else. Each
//! refusal beside what the page does with the same record.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, issuer};
use crate::support::api::Api;
use crate::support::issuer::{AUDIENCE, SECRET};
use crate::support::multipart::Form;
use crate::support::people::Client;
use crate::support::snapshot::snapshot;
use crate::support::world::{World, order};
use crate::support::{missing_id, random};

const YAML: &str = "tenancy:\n  all_tenants: { scope: 'tenants:{level}' }\n";
/// What a page that is copied may add: then its token may not even fill its own, empty tenant.
const PERMISSIONS: &str = "permissions: { start: [app], deploy: [app], administer: [app] }\n";

/// The page's token, as the page gets it.
async fn page(stage: &Stage, scope: &str) -> Api {
    let id = format!("tasklist{}", random());
    issuer().register(&id, Client { scope: scope.to_owned(), ..Client::default() });
    let form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={SECRET}&scope={}&audience={}",
        scope.replace(':', "%3A"),
        AUDIENCE.replace(':', "%3A").replace('/', "%2F")
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let reply = Api::new(issuer().issuer()).send(Method::POST, "/oauth/token", &headers, form.into()).await;
    stage.gateway.api().with_token(reply.ok().json()["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn the_pages_token_works_on_tasks_of_all_applications() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let page = page(&stage, "tenants:work").await;
    for side in [&a, &b] {
        let task = format!("/task/{}", side.review);
        let name = page.get(&format!("/tenant/{}", side.tenant)).await.ok().json()["name"].clone();
        assert_eq!(name, side.marker);
        let listed = page.post("/task", json!({"tenantIdIn": [side.tenant]})).await.ok();
        assert!(listed.ids().contains(&side.review), "{listed}");
        for what in ["", "/variables", "/comment", "/identity-links", "/form", "/form-variables"] {
            page.get(&format!("{task}{what}")).await.ok();
        }
        page.post(&format!("{task}/claim"), json!({"userId": "ada"})).await.status(204);
        // Who else has it, and who is late, the engine says; the page says it to people.
        let late = page.post(&format!("{task}/claim"), json!({"userId": "grace"})).await.status(500);
        assert_eq!(late.json()["type"], "TaskAlreadyClaimedException");
        page.post(&format!("{task}/comment/create"), json!({"message": "Ada: seen"})).await.ok();
        page.post(&format!("{task}/unclaim"), json!({})).await.status(204);
        page.post(&format!("{task}/claim"), json!({"userId": "ada"})).await.status(204);
        let done = json!({"variables": {"checked": {"value": true, "type": "Boolean"}}});
        page.post(&format!("{task}/complete"), done).await.status(204);
        let ended = engine.get(&format!("/history/task?taskId={}", side.review)).await.ok().json();
        assert_eq!((&ended[0]["assignee"], &ended[0]["deleteReason"]), (&json!("ada"), &json!("completed")));
    }
}

#[tokio::test]
async fn the_pages_token_neither_starts_nor_deploys_nor_deletes() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, engine, .. } = World::seed().await;
    let page = page(&stage, "tenants:work").await;
    let before = snapshot(&engine, &a.tenant).await;
    let (order_id, instance) = (&a.order_definition, &a.order);
    let level = "TG403-LEVEL";
    let form = Form::deployment("order", Some(&a.tenant), &[("order.bpmn", &order("x"))]);
    page.form("/deployment/create", form).await.refused(403, level);
    for (method, path, body) in [
        (Method::POST, format!("/process-definition/{order_id}/start"), json!({})),
        (Method::POST, format!("/process-definition/key/order/tenant-id/{}/start", a.tenant), json!({})),
        (Method::POST, "/message".into(), json!({"messageName": "m", "tenantId": a.tenant})),
        (Method::POST, "/task/create".into(), json!({"name": "x", "tenantId": a.tenant})),
        (Method::DELETE, format!("/deployment/{}?cascade=true", a.deployment), Value::Null),
        (Method::DELETE, format!("/process-definition/{order_id}?cascade=true"), Value::Null),
        (Method::DELETE, format!("/process-instance/{instance}"), Value::Null),
        (Method::DELETE, format!("/history/process-instance/{}", a.finished), Value::Null),
        (Method::PUT, format!("/process-instance/{instance}/suspended"), json!({"suspended": true})),
        (Method::POST, format!("/process-instance/{instance}/modification"), json!({"instructions": []})),
    ] {
        let reply = page.json(method, &path, &body.to_string()).await;
        reply.refused(403, level);
    }
    // The record has the name that people see; it is its application's.
    let record = json!({"id": a.tenant, "name": "taken"});
    page.put(&format!("/tenant/{}", a.tenant), record.clone()).await.status(404);
    page.post("/tenant/create", record).await.refused(403, "TG403-TENANT");
    // What has no tenant in its request is the page's own, which is empty.
    page.delete("/process-definition/key/order?cascade=true").await.status(404);
    page.post("/process-definition/key/order/start", json!({})).await.status(404);
    // A process's task ends by its completion only, says the engine.
    page.delete(&format!("/task/{}", a.review)).await.status(500);
    assert!(before == snapshot(&engine, &a.tenant).await, "something of the application changed");
    // The twin: what the page is for.
    page.post(&format!("/task/{}/claim", a.review), json!({"userId": "ada"})).await.status(204);
}

#[tokio::test]
async fn another_level_is_what_the_scope_says() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, engine, .. } = World::seed().await;
    let claim = format!("/task/{}/claim", a.review);
    let before = snapshot(&engine, &a.tenant).await;
    // `read` shows, and changes nothing.
    let reads = page(&stage, "tenants:read").await;
    reads.get(&format!("/task/{}", a.review)).await.ok();
    reads.post(&claim, json!({"userId": "ada"})).await.refused(403, "TG403-LEVEL");
    // Nobody works on every tenant in full, whatever the issuer writes.
    for scope in ["tenants:all", "tenants:work tenants:all", "tenants:admin"] {
        page(&stage, scope).await.get("/task").await.refused(403, "TG403-GRANT");
    }
    // Without the scope there is nobody's task but the own.
    for scope in ["", "openid profile", "tenant:work"] {
        let none = page(&stage, scope).await;
        assert_eq!(none.post("/task", json!({})).await.ok().text(), "[]", "{scope}");
        let missing = none.post("/task/NO/claim", json!({"userId": "ada"})).await.text();
        let foreign = none.post(&claim, json!({"userId": "ada"})).await.text();
        assert_eq!(foreign.replace(&a.review, "NO"), missing, "{scope}");
    }
    assert!(before == snapshot(&engine, &a.tenant).await, "something of the application changed");
    page(&stage, "tenants:work").await.post(&claim, json!({"userId": "ada"})).await.status(204);
}

#[tokio::test]
async fn with_permissions_the_page_has_no_tenant_of_its_own_to_fill() {
    let own = async |page: &Api| {
        let form = Form::deployment("order", None, &[("order.bpmn", &order("x"))]);
        (page.form("/deployment/create", form).await, page.post("/task/create", json!({"name": "x"})).await)
    };
    let stage = Stage::with(|plan| plan.config(&format!("{YAML}{PERMISSIONS}"))).await;
    let World { a, .. } = World::seed().await;
    let kept = page(&stage, "tenants:work").await;
    let (deployed, made) = own(&kept).await;
    deployed.refused(403, "TG403-SCOPE");
    made.refused(403, "TG403-SCOPE");
    kept.post(&format!("/task/{}/claim", a.review), json!({"userId": "ada"})).await.status(204);
    // The twins: an application's scope, and a gateway that asks for none.
    let (deployed, made) = own(&page(&stage, "tenants:work app").await).await;
    let _ = (deployed.ok(), made.ok());
    let open = Stage::with(|plan| plan.config(YAML)).await;
    let (deployed, made) = own(&page(&open, "tenants:work").await).await;
    let _ = (deployed.ok(), made.ok());
}

#[tokio::test]
async fn a_person_who_signed_in_has_no_token_for_the_gateway() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    // The id token that the page gets: for the page, not for the gateway.
    let id_token = issuer().token_with("tasklist", |_, claims| {
        claims["sub"] = json!("ada");
        claims["aud"] = json!("tasklist");
        claims["nonce"] = json!(missing_id());
        claims["scope"] = json!("tenants:work");
        claims.as_object_mut().unwrap().remove("gty");
    });
    stage.gateway.api().with_token(&id_token).get("/task").await.refused(401, "TG401-AUDIENCE");
    // Not even one for its audience: people are not applications.
    let access = issuer().token_with("tasklist", |_, claims| {
        claims["sub"] = json!("ada");
        claims["scope"] = json!("tenants:work");
        claims.as_object_mut().unwrap().remove("gty");
    });
    stage.gateway.api().with_token(&access).get("/task").await.refused(403, "TG403-NOT-APPLICATION");
    // The twin: the page's own.
    page(&stage, "tenants:work").await.post("/task/count", json!({})).await.ok();
}
