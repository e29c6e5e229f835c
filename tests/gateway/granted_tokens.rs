//! A token becomes a caller by the operator's settings: tenants from claims, aliases, grants, permissions, `whoami`.
//! Each refusal beside a twin that differs in one thing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, issuer};
use crate::support::api::Api;
use crate::support::issuer::now;
use crate::support::random;

async fn stage(yaml: &str) -> Stage {
    Stage::with(|plan| plan.config(yaml)).await
}

impl Stage {
    /// A client whose token has these claims, too.
    fn with_claims(&self, client: &str, more: &Value) -> Api {
        let token = issuer().token_with(client, |_, claims| {
            for (name, value) in more.as_object().unwrap() {
                claims[name] = value.clone();
            }
        });
        self.gateway.api().with_token(&token)
    }
}

/// Makes a task and tells its name.
async fn new_task(client: &Api) -> String {
    let name = format!("task {}", random());
    client.post("/task/create", json!({ "name": name })).await.ok();
    name
}

/// The names of all tasks that it sees.
async fn tasks(client: &Api) -> Vec<String> {
    let list = client.get("/task").await.ok().json();
    let mut names: Vec<_> =
        list.as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn sorted<const N: usize>(mut names: [&String; N]) -> Vec<String> {
    names.sort();
    names.map(Clone::clone).into()
}

const WHOAMI: &str = "/tenantgate/whoami";

#[tokio::test]
async fn whoami_tells_what_the_token_says_and_asks_no_engine() {
    let stage = stage("whoami: true\npermissions: {deploy: [ship]}\n").await;
    let client = format!("t{}", random());
    let exp = now() + 1000;
    let app = stage.with_claims(&client, &json!({ "exp": exp }));
    let reply = app.get(WHOAMI).await.ok();
    let expected = json!({
        "user": client, "tenant": client, "tenants": { &client: "all" }, "allTenants": null,
        "permissions": ["read", "work", "start", "administer"], "expires": exp,
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("private, no-store"));
    // For the engine by its name, and without a body.
    assert_eq!(app.get("/engine/default/tenantgate/whoami").await.ok().json(), expected);
    let head = app.send(Method::HEAD, WHOAMI, &[], Vec::new()).await.ok();
    assert!(head.body.is_empty());
    // Other methods, and paths beside it, are no operations.
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        app.send(method, WHOAMI, &[], Vec::new()).await.refused(403, "TG403-NO-RULE");
    }
    let options = app.send(Method::OPTIONS, WHOAMI, &[], Vec::new()).await.status(204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, OPTIONS"));
    for path in ["/tenantgate", "/tenantgate/whoami/x", "/whoami"] {
        app.get(path).await.refused(403, "TG403-NO-RULE");
    }
    // The token comes first.
    stage.gateway.api().get(WHOAMI).await.refused(401, "TG401-MISSING");
    stage.recorder.nothing();
    let metrics = stage.gateway.admin().get("/metrics").await.ok().text();
    let series = "tenantgate_requests_total{operation=\"GET /tenantgate/whoami\",outcome=\"ok\"} 3";
    assert!(metrics.contains(series), "{metrics}");
    assert!(stage.gateway.log().contains("GET /tenantgate/whoami"), "no access line");
}

#[tokio::test]
async fn where_it_is_off_whoami_is_a_path_like_any_unknown_one() {
    let on = Stage::start().await;
    on.client(&format!("t{}", random())).get(WHOAMI).await.ok();
    let stage = stage("whoami: false\n").await;
    let app = stage.client(&format!("t{}", random()));
    let unknown = app.get("/tenantgate/whowasi").await.refused(403, "TG403-NO-RULE");
    let whoami = app.get(WHOAMI).await.refused(403, "TG403-NO-RULE");
    assert_eq!(whoami.json(), unknown.json());
    let metrics = stage.gateway.admin().get("/metrics").await.ok().text();
    assert!(!metrics.contains("whoami"), "{metrics}");
}

#[tokio::test]
async fn a_kind_that_needs_a_scope_is_refused_without_it() {
    let stage = stage("permissions: {read: [engine:read, engine:all], start: [engine:all]}\n").await;
    let client = format!("t{}", random());
    let with = |scope: &str| stage.with_claims(&client, &json!({ "scope": scope }));
    let task = json!({ "name": "a" });

    let none = with("openid");
    let reply = none.get("/task").await.refused(403, "TG403-SCOPE");
    let challenge = reply.header("www-authenticate").unwrap();
    let expected =
        "Bearer realm=\"tenantgate\", error=\"insufficient_scope\", scope=\"engine:read engine:all\"";
    assert!(challenge.starts_with(expected), "{challenge}");
    none.post("/task/create", task.clone()).await.refused(403, "TG403-SCOPE");
    // HEAD is a GET.
    assert_eq!(none.send(Method::HEAD, "/task", &[], Vec::new()).await.status, 403);
    let one = with("engine:read");
    let reply = one.post("/task/create", task.clone()).await.refused(403, "TG403-SCOPE");
    assert!(reply.header("www-authenticate").unwrap().contains("scope=\"engine:all\""), "{reply}");
    stage.recorder.nothing();

    // The twins; and a kind that is not named needs nothing.
    one.get("/task").await.ok();
    with("engine:all").post("/task/create", task.clone()).await.ok();
    let permissions = stage.with_claims(&client, &json!({ "permissions": ["engine:all"] }));
    permissions.post("/task/create", task).await.ok();
    none.post("/task/missing/complete", json!({})).await.status(500);
    // A claim that can't be read is no missing scope.
    let odd = stage.with_claims(&client, &json!({ "scope": { "engine:read": true } }));
    odd.get("/task").await.refused(403, "TG403-GRANT");
}

#[tokio::test]
async fn clients_of_one_organization_share_its_tenant_and_a_client_of_two_has_two() {
    let stage = stage(
        "whoami: true\ntenancy:\n  tenant_from:\n    - {claim: org_id, prefix: org-}\n    - {claim: azp}\n",
    )
    .await;
    let (worker, web) = (format!("w{}", random()), format!("u{}", random()));
    let (one, two) = (random(), random());
    let of = |client: &str, org: &str| stage.with_claims(client, &json!({ "org_id": org }));
    let first = new_task(&of(&worker, &one)).await;
    let second = new_task(&of(&web, &one)).await;
    let other = new_task(&of(&worker, &two)).await;
    let alone = new_task(&stage.client(&worker)).await;
    for client in [&worker, &web] {
        assert_eq!(tasks(&of(client, &one)).await, sorted([&first, &second]));
    }
    assert_eq!(tasks(&of(&worker, &two)).await, [other]);
    assert_eq!(tasks(&stage.client(&worker)).await, [alone]);
    // The user stays the client.
    let who = of(&worker, &one).get(WHOAMI).await.ok().json();
    assert_eq!((&who["user"], &who["tenant"]), (&json!(worker), &json!(format!("org-{one}"))));
    // Whoever may name clients at the issuer gets nobody's tenant.
    stage.client(&format!("org-{one}")).get("/task").await.refused(403, "TG403-CLIENT-ID");
    for odd in [json!(["one"]), json!(null), json!(""), json!(format!("{one},{two}"))] {
        stage
            .with_claims(&worker, &json!({ "org_id": odd }))
            .get("/task")
            .await
            .refused(403, "TG403-TENANT-CLAIM");
    }
}

#[tokio::test]
async fn an_aliased_client_keeps_the_tenant_of_the_one_it_replaced() {
    let (old, new, odd) = (format!("t{}", random()), format!("n{}", random()), format!("auth0|{}", random()));
    let stage = stage(&format!("tenancy:\n  aliases: {{{new}: {old}, '{odd}': s{old}}}\n")).await;
    // Before the alias, under its own name.
    let plain = Stage::start().await;
    let task = new_task(&plain.client(&old)).await;
    assert_eq!(tasks(&stage.client(&new)).await, [task]);
    // Nobody gets the tenant by taking the old name.
    let refused = stage.client(&old).get("/task").await.refused(403, "TG403-CLIENT-ID");
    assert!(refused.header("www-authenticate").is_some(), "{refused}");
    // An id that can't be a tenant.
    plain.client(&odd).get("/task").await.refused(403, "TG403-CLIENT-ID");
    let task = new_task(&stage.client(&odd)).await;
    assert_eq!(tasks(&stage.client(&odd)).await, [task]);
}

#[tokio::test]
async fn grants_are_told_and_one_that_cannot_be_read_ends_the_request() {
    let yaml = "whoami: true\n\
        tenancy:\n  grants:\n    - {claim: tenants, level: read}\n    - {scope: 'tenant:{tenant}:{level}'}\n  \
        all_tenants: {scope: 'tenants:{level}'}\n";
    let stage = stage(yaml).await;
    let client = format!("t{}", random());
    let claims = json!({ "tenants": ["B", &client], "scope": "tenant:C:all tenants:work" });
    let who = stage.with_claims(&client, &claims).get(WHOAMI).await.ok().json();
    assert_eq!(who["tenants"], json!({ &client: "all", "B": "read", "C": "all" }));
    assert_eq!(who["allTenants"], "work");
    for odd in [
        json!({ "tenants": ["B,C"] }),
        json!({ "scope": "tenant:C:write" }),
        json!({ "scope": "tenants:all" }),
    ] {
        let app = stage.with_claims(&client, &odd);
        app.get(WHOAMI).await.refused(403, "TG403-GRANT");
        app.get("/task").await.refused(403, "TG403-GRANT");
    }
    stage.recorder.nothing();
    assert!(stage.gateway.log().contains("all-tenants-granted"), "no warning at start");
}

#[test]
fn settings_by_which_two_clients_could_meet_stop_the_start() {
    let plan = |yaml: &str| crate::stage::plan("http://127.0.0.1:9/engine-rest").config(yaml);
    let (code, log) = plan("tenancy:\n  tenant_from: [{claim: org_id}, {claim: azp}]\n").finish();
    assert!(code == Some(3) && log.contains("colliding-tenants"), "{code:?} {log}");
    // The twin.
    let twin = plan("tenancy:\n  tenant_from: [{claim: org_id, prefix: org-}, {claim: azp}]\n").launch();
    assert!(twin.is_ok(), "{:?}", twin.err());
}

#[test]
fn explain_tells_the_caller_and_answers_whoami() {
    let explain = |client: &str, more: &[&str]| {
        let out = std::process::Command::new(crate::stage::binary())
            .args([
                "explain",
                "GET",
                "/engine-rest/tenantgate/whoami",
                "--engine-url",
                "http://127.0.0.1:9/engine-rest",
            ])
            .args(["--issuer", "https://issuer.test/", "--audience", "a", "--client-id", client])
            .args(more)
            // What the outside world set must not change what a test sees.
            .env_clear()
            .env("TENANTGATE_WHOAMI", "true")
            .env("TENANTGATE_TENANCY__ALIASES", "{new: old}")
            .output()
            .expect("the program");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (code, text) = explain("new", &["--grant", "B=read", "--grant", "old=read"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        (code, &lines[..3]),
        (Some(0), &["caller      old", "user        new", "granted     B (read)"][..])
    );
    assert!(lines[3].contains(r#""tenants":{"B":"read","old":"all"}"#), "{text}");
    // The twin: the name that was replaced.
    let (code, text) = explain("old", &[]);
    assert!(code == Some(3) && text.contains("TG403-CLIENT-ID"), "{code:?} {text}");
}
