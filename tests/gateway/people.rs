//! People: a token of a person acts as that person, inside the tenants that it grants and in no other; and users that
//! requests name are the caller, where the operator pins them. On the real engine, each refusal beside a twin.

use serde_json::{Value, json};

use crate::stage::{Stage, issuer};
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::snapshot::snapshot;
use crate::support::world::World;

/// A person at the issuer, who signed in by the client `web`.
fn person(stage: &Stage, sub: &str, tenants: &Value) -> Api {
    signed_in(stage, sub, &json!({"azp": "web", "tenants": tenants}))
}

fn signed_in(stage: &Stage, sub: &str, more: &Value) -> Api {
    let token = issuer().token_with("web", |_, claims| {
        claims["sub"] = json!(sub);
        claims.as_object_mut().unwrap().remove("gty");
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    });
    stage.gateway.api().with_token(&token)
}

async fn stage(users: &str) -> Stage {
    Stage::with_issuer(
        "application_tokens_only: false, people: {client_ids: [web], prefix: 'person:'}",
        &format!("tenancy: {{grants: [{{claim: tenants, level: read}}], users: {users}}}\n"),
    )
    .await
}

fn all_of(reply: &Reply, tenant: &str) {
    let rows: Value = reply.json();
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["tenantId"] == tenant), "{reply}");
}

#[tokio::test]
async fn a_person_works_in_granted_tenants_and_nowhere_else() {
    let stage = stage("as-asked").await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let before = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &c.tenant).await);
    // The client by which people sign in is called like a tenant: that gives them nothing of it.
    let ada = person(&stage, &a.tenant, &json!({b.tenant.clone(): "work"}));
    let sees: Value = ada.get("/tenantgate/whoami").await.ok().json();
    assert_eq!(sees["user"], json!(format!("person:{}", a.tenant)));
    assert_eq!((&sees["tenant"], &sees["tenants"]), (&Value::Null, &json!({b.tenant.clone(): "work"})));
    for list in ["/task", "/variable-instance", "/history/task", "/process-definition", "/external-task"] {
        let seen = ada.get(list).await.ok();
        all_of(&seen, &b.tenant);
        a.not_in(&seen);
        c.not_in(&seen);
        all_of(&ada.get(&format!("{list}?tenantIdIn={}", b.tenant)).await.ok(), &b.tenant);
        stage.recorder.forget();
        ada.get(&format!("{list}?tenantIdIn={}", a.tenant)).await.refused(403, "TG403-TENANT");
        stage.recorder.nothing();
    }
    all_of(&ada.post("/task", json!({})).await.ok(), &b.tenant);
    // By id: B's as B's own client, another's as one that never existed.
    let claim = json!({"userId": "person:ada"});
    let theirs = |task: &str| format!("/task/{task}/claim");
    let missing = ada.post(&theirs("never"), claim.clone()).await.text();
    for task in [&a.review, &c.review] {
        assert_eq!(
            ada.post(&theirs(task), claim.clone()).await.text().replace(task.as_str(), "never"),
            missing
        );
        ada.get(&format!("/task/{task}")).await.status(404);
    }
    stage.recorder.forget();
    ada.post(&theirs(&b.review), claim).await.status(204);
    // What the engine's side reads: the person, and no tenant.
    let seen = stage.recorder.seen();
    let sent = seen.last().unwrap();
    assert_eq!(sent.header("x-camunda-user"), [format!("person:{}", a.tenant)]);
    assert_eq!(sent.header("x-camunda-tenants"), [""]);
    assert!(before == (snapshot(&engine, &a.tenant).await, snapshot(&engine, &c.tenant).await), "changed");
}

#[tokio::test]
async fn what_acts_in_one_tenant_has_to_be_told_which() {
    let stage = stage("as-asked").await;
    let World { a, b, engine } = World::seed().await;
    let at = |level: &str| person(&stage, "ada", &json!({b.tenant.clone(): level}));
    let before = snapshot(&engine, &a.tenant).await;
    let (all, work) = (at("all"), at("work"));
    let named = |mut body: Value, tenant: &str| {
        body["tenantId"] = json!(tenant);
        body
    };
    let name = format!("name{}", random());
    for (path, body) in [
        ("/task/create", json!({"name": name})),
        ("/message", json!({"messageName": "never"})),
        ("/signal", json!({"name": "never"})),
        ("/condition", json!({"variables": {"x": {"value": 1}}})),
    ] {
        stage.recorder.forget();
        all.post(path, body.clone()).await.refused(403, "TG403-OWN-TENANT");
        all.post(path, named(body.clone(), &a.tenant)).await.refused(403, "TG403-TENANT");
        work.post(path, named(body.clone(), &b.tenant)).await.refused(403, "TG403-LEVEL");
        stage.recorder.nothing();
        // Named, it goes on: the engine itself says that nobody waits for the message.
        assert!(all.post(path, named(body, &b.tenant)).await.refusal().is_none(), "{path}");
    }
    let made = engine.get(&format!("/task?name={name}")).await.ok().json();
    assert_eq!((made.as_array().unwrap().len(), &made[0]["tenantId"]), (1, &json!(b.tenant)));
    // By key, with and without the tenant.
    let key = "/process-definition/key/order";
    all.post(&format!("{key}/start"), json!({})).await.refused(403, "TG403-OWN-TENANT");
    let started = all.post(&format!("{key}/tenant-id/{}/start", b.tenant), json!({})).await.ok();
    assert_eq!(started.json()["tenantId"], json!(b.tenant));
    assert_eq!(all.get(key).await.ok().json()["tenantId"], json!(b.tenant));
    all.get("/process-definition/key/never").await.status(404);
    // Deployments by their part, bulk writes by their query.
    let form = |tenant: Option<&str>| {
        let form = Form::new().field("deployment-name", &name);
        let form = tenant.into_iter().fold(form, |form, tenant| form.field("tenant-id", tenant));
        form.file("data", "x.txt", b"x")
    };
    all.form("/deployment/create", form(None)).await.refused(403, "TG403-OWN-TENANT");
    all.form("/deployment/create", form(Some(&a.tenant))).await.refused(403, "TG403-TENANT");
    let made = all.form("/deployment/create", form(Some(&b.tenant))).await.ok();
    assert_eq!(made.json()["tenantId"], json!(b.tenant));
    let delete = |query: Value| json!({"processInstanceQuery": query, "deleteReason": "x"});
    all.post("/process-instance/delete", delete(json!({}))).await.refused(403, "TG403-OWN-TENANT");
    let some = json!({"tenantIdIn": [b.tenant], "businessKey": "never"});
    assert!(all.post("/process-instance/delete", delete(some)).await.refusal().is_none());
    // What is for the own tenant only.
    let suspend = json!({"processDefinitionKey": "order", "suspended": true});
    all.put("/process-definition/suspended", suspend).await.refused(403, "TG403-OWN-TENANT");
    // An instance says whose it is.
    let message = |instance: &str| json!({"messageName": "goods", "processInstanceId": instance});
    work.post("/message", message(&b.watch)).await.refused(403, "TG403-LEVEL");
    let missing = all.post("/message", message("never")).await.text();
    assert_eq!(all.post("/message", message(&a.watch)).await.text(), missing);
    all.post("/message", message(&b.watch)).await.status(204);
    for path in ["/filter", "/filter/count"] {
        all.get(path).await.refused(403, "TG403-OWN-TENANT");
    }
    let record =
        json!({"profile": {"id": b.tenant, "firstName": b.marker}, "credentials": {"password": "x"}});
    engine.post("/user/create", record).await.status(204);
    engine.get(&format!("/user/{}/profile", b.tenant)).await.ok();
    for path in [format!("/user/{}/profile", a.tenant), format!("/user/{}/profile", b.tenant)] {
        let never = path.replace(&a.tenant, "never").replace(&b.tenant, "never");
        let missing = all.get(&never).await.text();
        let found = all.get(&path).await.text().replace(&a.tenant, "never").replace(&b.tenant, "never");
        assert_eq!(found, missing);
    }
    assert!(before == snapshot(&engine, &a.tenant).await, "another tenant changed");
}

#[tokio::test]
async fn pinned_users_are_the_caller() {
    let (pinned, open) = (stage("pinned").await, stage("as-asked").await);
    let World { b, engine, .. } = World::seed().await;
    let ada = |stage: &Stage| person(stage, "ada", &json!({b.tenant.clone(): "all"}));
    let task = |rest: &str| format!("/task/{}{rest}", b.review);
    let (me, other) = (json!("person:ada"), json!("person:eve"));
    let mut whole: Value = engine.get(&task("")).await.ok().json();
    for (path, field, more) in [
        ("/claim", "userId", json!({})),
        ("/assignee", "userId", json!({})),
        ("/delegate", "userId", json!({})),
        ("/identity-links", "userId", json!({"type": "candidate"})),
        ("/identity-links/delete", "userId", json!({"type": "candidate"})),
        ("", "assignee", whole.take()),
        ("", "owner", engine.get(&task("")).await.ok().json()),
        ("/create", "assignee", json!({"name": "x", "tenantId": b.tenant})),
        ("/create", "owner", json!({"name": "x", "tenantId": b.tenant})),
    ] {
        let say = async |stage: &Stage, user: &Value| {
            let mut body = more.clone();
            body[field] = user.clone();
            let api = ada(stage);
            match path {
                "" => api.put(&task(""), body).await,
                "/create" => api.post("/task/create", body).await,
                path => api.post(&task(path), body).await,
            }
        };
        // A claim again by somebody else would be the engine's own error.
        engine.post(&task("/unclaim"), json!({})).await.status(204);
        pinned.recorder.forget();
        for not_me in [&other, &json!("ada"), &json!("Person:ada"), &json!("person:ada "), &json!("")] {
            say(&pinned, not_me).await.refused(403, "TG403-USER");
        }
        say(&pinned, &json!(1)).await.refused(400, "TG400-BODY");
        pinned.recorder.nothing();
        say(&pinned, &me).await.status(204);
        engine.post(&task("/unclaim"), json!({})).await.status(204);
        // The twins: nobody is named, and users are as asked.
        if path != "/identity-links" && path != "/identity-links/delete" {
            say(&pinned, &Value::Null).await.status(204);
        }
        say(&open, &other).await.status(204);
    }
    // An application is pinned to its own name, too.
    let app = pinned.client(&b.tenant);
    app.post(&task("/assignee"), json!({"userId": me})).await.refused(403, "TG403-USER");
    app.post(&task("/assignee"), json!({"userId": b.tenant})).await.status(204);
}

#[tokio::test]
async fn who_is_no_person_of_this_gateway_is_refused() {
    let stage = stage("as-asked").await;
    let tenant = format!("t{}", random());
    let grants = json!({tenant.clone(): "read"});
    let sign_in = |more: Value| {
        let api = signed_in(&stage, "ada", &more);
        async move { api.get("/task").await }
    };
    sign_in(json!({"tenants": grants})).await.ok();
    sign_in(json!({})).await.refused(403, "TG403-GRANT");
    sign_in(json!({"tenants": {}})).await.refused(403, "TG403-GRANT");
    sign_in(json!({"tenants": grants, "azp": tenant})).await.refused(403, "TG403-NOT-APPLICATION");
    sign_in(json!({"tenants": grants, "nonce": "n"})).await.refused(401, "TG401-CLAIMS");
    sign_in(json!({"tenants": grants, "sub": ""})).await.refused(401, "TG401-CLAIMS");
    sign_in(json!({"tenants": grants, "sub": "a\nb"})).await.refused(401, "TG401-CLAIMS");
    // The client itself, by client credentials, is the application that it always was.
    let own: Value = stage.client("web").get("/tenantgate/whoami").await.ok().json();
    assert_eq!(own["tenant"], json!("web"));
}
