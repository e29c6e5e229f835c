//! What grants mean, by behaviour on the real engine: the federated list, the tenant that is named, and every tenant.
//! `matrix/granted.rs` asks every operation.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Stage, issuer};
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::snapshot::snapshot;
use crate::support::world::{Side, World};

const YAML: &str =
    "tenancy:\n  grants:\n    - {claim: tenants, level: read}\n  all_tenants: {scope: \"tenants:{level}\"}\n";

/// A client of `tenant` whose token has these claims besides.
fn client(stage: &Stage, tenant: &str, more: &Value) -> Api {
    let token = issuer().token_with(tenant, |_, claims| {
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    });
    stage.gateway.api().with_token(&token)
}

/// The tenants of a list's rows.
fn tenants(reply: &Reply) -> BTreeSet<String> {
    let rows: Value = reply.json();
    rows.as_array().unwrap().iter().map(|row| row["tenantId"].as_str().unwrap_or("none").to_owned()).collect()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[tokio::test]
async fn a_list_shows_what_is_granted_and_no_more() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let app = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    let before = (snapshot(&engine, &b.tenant).await, snapshot(&engine, &c.tenant).await);
    for list in ["/task", "/process-instance", "/variable-instance", "/history/task", "/process-definition"] {
        let all = app.get(list).await.ok();
        c.not_in(&all);
        if list != "/process-instance" {
            assert_eq!(tenants(&all), set(&[&a.tenant, &b.tenant]), "{list}");
            let one = app.get(&format!("{list}?tenantIdIn={}", b.tenant)).await.ok();
            assert_eq!(tenants(&one), set(&[&b.tenant]), "{list}");
        }
        // The sum is exact.
        let count = async |api: &Api, tenants: &str| -> u64 {
            let count: Value = api.get(&format!("{list}/count?tenantIdIn={tenants}")).await.ok().json();
            count["count"].as_u64().unwrap()
        };
        let both = count(&engine, &format!("{},{}", a.tenant, b.tenant)).await;
        assert_eq!(count(&app, "").await, both, "{list}");
        stage.recorder.forget();
        app.get(&format!("{list}?tenantIdIn={}", c.tenant)).await.refused(403, "TG403-TENANT");
        app.get(&format!("{list}?tenantIdIn={},{}", b.tenant, c.tenant)).await.refused(403, "TG403-TENANT");
        stage.recorder.nothing();
    }
    // By POST and inside `orQueries` likewise.
    let both = set(&[&a.tenant, &b.tenant]);
    assert_eq!(tenants(&app.post("/task", json!({})).await.ok()), both);
    let either = |tenant: &str| json!({"orQueries": [{"tenantIdIn": [tenant]}]});
    assert_eq!(tenants(&app.post("/task", either(&b.tenant)).await.ok()), set(&[&b.tenant]));
    app.post("/task", either(&c.tenant)).await.refused(403, "TG403-TENANT");
    // The twin: another client of the same tenant, without the grant, sees its own only.
    let own = client(&stage, &a.tenant, &json!({}));
    assert_eq!(tenants(&own.get("/task").await.ok()), set(&[&a.tenant]));
    own.get(&format!("/task?tenantIdIn={}", b.tenant)).await.refused(403, "TG403-TENANT");
    let after = (snapshot(&engine, &b.tenant).await, snapshot(&engine, &c.tenant).await);
    assert!(before == after, "reading changed something");
}

#[tokio::test]
async fn what_one_client_of_a_tenant_has_seen_grants_nothing_to_another() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let task = engine.get(&format!("/task?tenantIdIn={}", b.tenant)).await.ok().ids()[0].clone();
    let granted = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    let own = client(&stage, &a.tenant, &json!({}));
    let path = format!("/task/{task}/variables");
    let missing = own.get("/task/never/variables").await.text().replace("never", "ID");
    for _ in 0..2 {
        granted.get(&path).await.ok();
        assert_eq!(own.get(&path).await.text().replace(&task, "ID"), missing);
    }
    // Visible, and too low for a write.
    let change = json!({"value": "x", "type": "String"});
    let refused = granted.put(&format!("{path}/x"), change).await.refused(403, "TG403-LEVEL");
    let challenge = refused.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
}

#[tokio::test]
async fn creates_and_starts_go_where_they_are_named() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let at =
        |level: &str| client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": level}]}));
    let task = |tenant: Option<&str>| json!({"name": format!("made{}", random()), "tenantId": tenant});
    let made = |tenant: &str, name: &Value| {
        let path = format!("/task/count?tenantIdIn={tenant}&name={}", name.as_str().unwrap());
        let engine = engine.clone();
        async move { engine.get(&path).await.ok().json()["count"].as_u64().unwrap() }
    };
    for (tenant, lands) in
        [(None, &a.tenant), (Some(a.tenant.as_str()), &a.tenant), (Some(&b.tenant), &b.tenant)]
    {
        let body = task(tenant);
        at("all").post("/task/create", body.clone()).await.status(204);
        assert_eq!(made(lands, &body["name"]).await, 1, "{tenant:?}");
    }
    for level in ["read", "work"] {
        let body = task(Some(&b.tenant));
        at(level).post("/task/create", body.clone()).await.refused(403, "TG403-LEVEL");
        assert_eq!(made(&b.tenant, &body["name"]).await, 0, "{level}");
    }
    // A task of B's stays B's, whatever the body says; the own tenant is never written into it.
    let id = engine.get(&format!("/task?tenantIdIn={}", b.tenant)).await.ok().ids()[0].clone();
    let mut whole: Value = engine.get(&format!("/task/{id}")).await.ok().json();
    whole["description"] = json!("changed");
    at("work").put(&format!("/task/{id}"), whole.clone()).await.status(204);
    whole["tenantId"] = json!(a.tenant);
    at("work").put(&format!("/task/{id}"), whole).await.status(404);
    let now: Value = engine.get(&format!("/task/{id}")).await.ok().json();
    assert_eq!((&now["tenantId"], &now["description"]), (&json!(b.tenant), &json!("changed")));
}

#[tokio::test]
async fn the_record_of_a_granted_tenant_is_read_and_never_changed() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let record = |tenant: &str| format!("/tenant/{tenant}");
    let before = engine.get(&record(&b.tenant)).await.ok().json();
    let missing = format!("tM{}", random());
    let told = async |app: &Api, tenant: &str| app.get(&record(tenant)).await.telling(tenant);
    for level in ["read", "work", "all"] {
        let app = client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": level}]}));
        assert_eq!(app.get(&record(&b.tenant)).await.ok().json(), before, "{level}");
        assert_eq!(
            app.get(&format!("/tenant?id={}", b.tenant)).await.ok().json(),
            json!([before]),
            "{level}"
        );
        let count = app.get(&format!("/tenant/count?id={}", b.tenant)).await.ok();
        assert_eq!(count.json()["count"], 1, "{level}");
        // Whose record it is says who may change it, at no level another.
        let taken = json!({"id": b.tenant, "name": "taken"});
        app.put(&record(&b.tenant), taken.clone()).await.status(404);
        app.post("/tenant/create", taken).await.refused(403, "TG403-TENANT");
        app.delete(&record(&b.tenant)).await.refused(403, "TG403-DENIED");
        app.get(&format!("/tenant?id={}&userMember=x", b.tenant)).await.refused(403, "TG403-FIELD");
        // The twins: a tenant that is not granted is one that never existed, and a list that names none is the own one.
        assert_eq!(told(&app, &c.tenant).await, told(&app, &missing).await, "{level}");
        for tenant in [&c.tenant, &missing] {
            app.get(&format!("/tenant?id={tenant}")).await.refused(403, "TG403-TENANT");
        }
        assert_eq!(app.get("/tenant").await.ok().ids(), std::slice::from_ref(&a.tenant), "{level}");
    }
    let own = client(&stage, &a.tenant, &json!({}));
    assert_eq!(told(&own, &b.tenant).await, told(&own, &missing).await);
    own.get(&format!("/tenant?id={}", b.tenant)).await.refused(403, "TG403-TENANT");
    assert_eq!(engine.get(&record(&b.tenant)).await.ok().json(), before);
}

#[tokio::test]
async fn every_tenant_with_a_record_shows_those_of_tomorrow_included_and_nothing_without_tenant() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let record = |tenant: &str| json!({"id": tenant, "name": tenant});
    engine.post("/tenant/create", record(&b.tenant)).await;
    let nobodys = json!({"name": format!("nobodys{}", random())});
    engine.post("/task/create", nobodys).await.status(204);
    let app = client(&stage, &a.tenant, &json!({"scope": "openid tenants:read"}));
    let shown = async || tenants(&app.post("/task", json!({})).await.ok());
    let seen = shown().await;
    assert!(seen.contains(&a.tenant) && seen.contains(&b.tenant) && !seen.contains("none"), "{seen:?}");
    // A tenant that comes while the gateway runs.
    let new = format!("tNew{}", random());
    engine.post("/tenant/create", record(&new)).await.status(204);
    engine.post("/task/create", json!({"name": "first", "tenantId": new})).await.status(204);
    let began = std::time::Instant::now();
    while !shown().await.contains(&new) {
        assert!(began.elapsed() < Duration::from_secs(15), "the new tenant never showed");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let id = engine.get(&format!("/task?tenantIdIn={new}")).await.ok().ids()[0].clone();
    app.get(&format!("/task/{id}")).await.ok();
    app.post(&format!("/task/{id}/claim"), json!({"userId": "x"})).await.refused(403, "TG403-LEVEL");
    // The twins: `work` claims, and who has no scope sees its own.
    let works = client(&stage, &a.tenant, &json!({"scope": "tenants:work"}));
    works.post(&format!("/task/{id}/claim"), json!({"userId": "x"})).await.status(204);
    let none = client(&stage, &a.tenant, &json!({"scope": "openid"}));
    assert_eq!(tenants(&none.post("/task", json!({})).await.ok()), set(&[&a.tenant]));
    let metrics = stage.gateway.admin().get("/metrics").await.ok().text();
    assert!(metrics.contains("tenantgate_all_tenants_requests_total{level=\"work\"} 1"), "{metrics}");
    assert!(stage.gateway.log().contains("all_tenants=\"read\""), "no mark in the audit stream");
    engine.delete(&format!("/task/{id}?cascade=true")).await;
}

/// Until a request that names another tenant has the engine asked again.
async fn cooldown() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

#[tokio::test]
async fn a_new_tenant_is_seen_at_once_by_a_request_that_names_it() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, engine, .. } = World::seed().await;
    let app = client(&stage, &a.tenant, &json!({"scope": "tenants:read"}));
    type Request = fn(&str, &str) -> String;
    let named: [(&str, Request); 4] = [
        ("GET", |tenant, _| format!("/task?tenantIdIn={tenant}")),
        ("POST", |tenant, _| json!({"orQueries": [{"tenantIdIn": [tenant]}]}).to_string()),
        // Their owner shows in the answer, or is looked up.
        ("GET", |_, task| format!("/task/{task}")),
        ("GET", |_, task| format!("/task/{task}/variables")),
    ];
    for (method, request) in named {
        let ask = async |tenant: &str, task: &str| match method {
            "GET" => app.get(&request(tenant, task)).await,
            _ => app.post("/task", serde_json::from_str(&request(tenant, task)).unwrap()).await,
        };
        let [with_record, without] = [0, 1].map(|_| format!("tNew{}", random()));
        let mut tasks = Vec::new();
        for tenant in [&with_record, &without] {
            engine.post("/task/create", json!({"name": "first", "tenantId": tenant})).await.status(204);
            tasks.push(engine.get(&format!("/task?tenantIdIn={tenant}")).await.ok().ids()[0].clone());
        }
        // The list is there, and without them; then the cooldown.
        let before = ask(&with_record, &tasks[0]).await;
        assert!([403, 404, 500].contains(&before.status), "{before}");
        cooldown().await;
        let record = json!({"id": with_record, "name": "new"});
        engine.post("/tenant/create", record).await.status(204);
        let now = ask(&with_record, &tasks[0]).await.ok().text();
        assert!(now.contains(&with_record) || now == "{}", "{now}");
        // The twin has no record.
        cooldown().await;
        let never = ask(&without, &tasks[1]).await;
        assert_eq!(never.text().replace(&tasks[1], "ID"), before.text().replace(&tasks[0], "ID"));
        engine.delete(&format!("/tenant/{with_record}")).await.status(204);
    }
    // By key, in a path: a definition of B's. A record that is deleted takes its tenant with it, by the next renewal.
    let World { b, .. } = World::seed().await;
    let path = format!("/process-definition/key/order/tenant-id/{}", b.tenant);
    cooldown().await;
    assert_eq!(app.get(&path).await.ok().json()["tenantId"], json!(b.tenant));
    engine.delete(&format!("/tenant/{}", b.tenant)).await.status(204);
    let began = std::time::Instant::now();
    while app.get(&path).await.status != 404 {
        assert!(began.elapsed() < Duration::from_secs(15), "a deleted tenant still shows");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    cooldown().await;
    engine.post("/tenant/create", json!({"id": b.tenant, "name": "B"})).await.status(204);
    assert_eq!(app.get(&path).await.ok().json()["tenantId"], json!(b.tenant));
}

#[tokio::test]
async fn what_is_counted_is_counted_for_each_granted_tenant() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let app = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    let own = client(&stage, &a.tenant, &json!({}));
    let both = set(&[&a.tenant, &b.tenant]);
    let statistics = app.get("/process-definition/statistics?failedJobs=true&incidents=true").await.ok();
    c.not_in(&statistics);
    let rows: Value = statistics.json();
    let of: BTreeSet<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["definition"]["tenantId"].to_string().replace('"', ""))
        .collect();
    assert_eq!(of, both);
    for row in rows.as_array().unwrap() {
        let path = format!("/process-instance/count?processDefinitionId={}", row["id"].as_str().unwrap());
        assert_eq!(row["instances"], engine.get(&path).await.ok().json()["count"], "{row}");
    }
    for group in ["taskName", "processDefinition"] {
        let report = app.get(&format!("/history/task/report?reportType=count&groupBy={group}")).await.ok();
        c.not_in(&report);
        assert_eq!(tenants(&report), both, "{group}");
        // The same as each alone: equal keys are not added up.
        let theirs = stage.client(&b.tenant);
        let alone = |api: Api| async move {
            let path = format!("/history/task/report?reportType=count&groupBy={group}");
            let rows: Value = api.get(&path).await.ok().json();
            rows.as_array().unwrap().iter().map(Value::to_string).collect::<BTreeSet<_>>()
        };
        let (sum, all) = (&alone(own.clone()).await | &alone(theirs).await, alone(app.clone()).await);
        assert_eq!(sum, all, "{group}");
    }
    let topics: Value = app.get("/external-task/topic-names").await.ok().json();
    assert_eq!(topics, own.get("/external-task/topic-names").await.ok().json());
    stage.recorder.forget();
    app.get("/history/process-instance/report?reportType=duration&periodUnit=month").await.ok();
    let asked = stage.recorder.seen().last().unwrap().query.clone().unwrap_or_default().replace("%3A", ":");
    for (side, named) in [(&a, true), (&b, true), (&c, false)] {
        assert_eq!(asked.contains(&side.order_definition), named, "{asked}");
    }
}

#[tokio::test]
async fn a_filter_counts_what_it_shows() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let granted = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    let own = client(&stage, &a.tenant, &json!({}));
    let filter = json!({"name": "all", "resourceType": "Task", "query": {}, "properties": {}});
    let id = own.post("/filter/create", filter).await.ok().id();
    for (app, of) in [(&granted, set(&[&a.tenant, &b.tenant])), (&own, set(&[&a.tenant]))] {
        let list = app.get(&format!("/filter/{id}/list")).await.ok();
        c.not_in(&list);
        assert_eq!(tenants(&list), of);
        for path in [format!("/filter/{id}?itemCount=true"), "/filter?itemCount=true".to_owned()] {
            let shown: Value = app.get(&path).await.ok().json();
            let shown = shown.as_array().map_or(&shown, |all| &all[0]);
            assert_eq!(shown["itemCount"], json!(list.ids().len()), "{of:?} {path}");
        }
    }
    engine.delete(&format!("/filter/{id}")).await;
}

#[tokio::test]
async fn a_key_is_the_own_ones_or_the_only_ones_or_refused() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, b: d, .. }) = (World::seed().await, World::seed().await);
    // A key that B and C have, one that C alone has, and one that D alone has; `order` everybody has.
    let solo = |sides: &[&str]| format!("solo{}{}", sides.join(""), random());
    let (two, one, never) = (solo(&["B", "C"]), solo(&["C"]), solo(&["D"]));
    for (key, side) in [(&two, &b), (&two, &c), (&one, &c), (&never, &d)] {
        let model = format!(
            "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='x'>\
             <process id='{key}' name='{}' isExecutable='true' xmlns:c='http://camunda.org/schema/1.0/bpmn' \
             c:historyTimeToLive='1'><startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='t'/>\
             <userTask id='t'/></process></definitions>",
            side.marker
        );
        let form = Form::deployment(key, Some(&side.tenant), &[("solo.bpmn", model.as_bytes())]);
        engine.form("/deployment/create", form).await.ok();
    }
    let at = |level: &str| {
        let grants = [&b, &c].map(|side| json!({"tenant": side.tenant, "level": level}));
        client(&stage, &a.tenant, &json!({"tenants": grants}))
    };
    let tenant = |reply: &Reply| reply.json()["tenantId"].as_str().unwrap().to_owned();
    let path = |key: &str| format!("/process-definition/key/{key}");
    let read = at("read");
    assert_eq!(tenant(&read.get(&path("order")).await.ok()), a.tenant);
    assert_eq!(tenant(&read.get(&path(&one)).await.ok()), c.tenant);
    let refused = read.get(&path(&two)).await.refused(403, "TG403-KEY").text();
    assert!(refused.contains(&b.tenant) && refused.contains(&c.tenant), "{refused}");
    assert_eq!(tenant(&read.get(&format!("{}/tenant-id/{}", path(&two), b.tenant)).await.ok()), b.tenant);
    let missing = read.get(&path("soloNever")).await.text().replace("soloNever", "KEY");
    assert_eq!(read.get(&path(&never)).await.text().replace(&never, "KEY"), missing);
    // What changes something goes to the own tenant, unless the path names another at level `all`.
    let named = |key: &str| format!("{}/tenant-id/{}/start", path(key), c.tenant);
    assert_eq!(tenant(&at("all").post(&named(&one), json!({})).await.ok()), c.tenant);
    assert_eq!(tenant(&at("all").post(&format!("{}/start", path("order")), json!({})).await.ok()), a.tenant);
    let before = snapshot(&engine, &c.tenant).await;
    at("work").post(&named(&one), json!({})).await.refused(403, "TG403-LEVEL");
    at("all").post(&format!("{}/start", path(&one)), json!({})).await.status(404);
    at("all").delete(&path(&one)).await.status(404);
    assert!(before == snapshot(&engine, &c.tenant).await, "changed without being named");
}

#[tokio::test]
async fn a_deployment_goes_to_the_tenant_that_its_first_part_names() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let at =
        |level: &str| client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": level}]}));
    let name = format!("name{}", random());
    let count = async |tenant: &str| -> Value {
        engine.get(&format!("/deployment/count?tenantIdIn={tenant}&name={name}")).await.ok().json()["count"]
            .clone()
    };
    let form = |tenant: &str| Form::new().field("deployment-name", &name).field("tenant-id", tenant);
    let file = |form: Form| form.file("data", "x.txt", b"x");
    let deploy = async |api: Api, form: Form| api.form("/deployment/create", form).await;
    deploy(at("work"), file(form(&b.tenant))).await.refused(403, "TG403-LEVEL");
    deploy(at("all"), file(form("tNobody"))).await.refused(403, "TG403-TENANT");
    let behind = file(Form::new().field("deployment-name", &name)).field("tenant-id", &b.tenant);
    deploy(at("all"), behind).await.refused(400, "TG400-MULTIPART");
    assert_eq!((count(&a.tenant).await, count(&b.tenant).await), (json!(0), json!(0)));
    let made = deploy(at("all"), file(form(&b.tenant))).await.ok();
    assert_eq!(made.json()["tenantId"], json!(b.tenant));
    assert_eq!((count(&a.tenant).await, count(&b.tenant).await), (json!(0), json!(1)));
    // The twins: the own one, wherever it is named, and no name at all.
    let own = file(Form::new().field("deployment-name", &name)).field("tenant-id", &a.tenant);
    deploy(at("all"), own).await.ok();
    deploy(at("all"), file(Form::new().field("deployment-name", &name))).await.ok();
    assert_eq!((count(&a.tenant).await, count(&b.tenant).await), (json!(2), json!(1)));
    // Duplicates are those of the tenant that is named; the engine itself would show the newest of any.
    let newest = Form::deployment(&name, Some("tOthers"), &[("x.txt", b"x")]);
    engine.form("/deployment/create", newest).await.ok();
    let filtered = || file(form(&b.tenant).field("enable-duplicate-filtering", "true"));
    deploy(at("work"), filtered()).await.refused(403, "TG403-LEVEL");
    for _ in 0..2 {
        let again = deploy(at("all"), filtered()).await.ok().json();
        assert_eq!((&again["tenantId"], &again["id"]), (&json!(b.tenant), &made.json()["id"]));
    }
    assert_eq!((count(&a.tenant).await, count(&b.tenant).await), (json!(2), json!(1)));
}

#[tokio::test]
async fn a_form_by_key_is_the_own_ones_or_the_only_ones() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let key = format!("formed{}", random());
    let deploy = async |side: &Side, binding: &str| {
        let form = format!(
            r#"{{"id":"{key}","type":"default","components":[{{"type":"text","text":"{}"}}]}}"#,
            side.marker
        );
        let model = format!(
            "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='x'>\
             <process id='{key}' isExecutable='true' xmlns:c='http://camunda.org/schema/1.0/bpmn' \
             c:historyTimeToLive='1'><startEvent id='s' c:formRef='{key}' c:formRefBinding='{binding}'/></process></definitions>"
        );
        let files = [("formed.bpmn", model.as_bytes()), ("x.form", form.as_bytes())];
        engine.form("/deployment/create", Form::deployment("formed", Some(&side.tenant), &files)).await.ok();
    };
    let path = format!("/process-definition/key/{key}/deployed-start-form");
    let app = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    deploy(&c, "deployment").await;
    let missing = app.get(&path.replace(&key, "never")).await.text();
    assert_eq!(app.get(&path).await.text().replace(&key, "never"), missing);
    deploy(&b, "deployment").await;
    assert!(app.get(&path).await.ok().text().contains(&b.marker));
    client(&stage, &a.tenant, &json!({})).get(&path).await.status(404);
    let both = client(&stage, &a.tenant, &json!({"tenants": [b.tenant, c.tenant]}));
    both.get(&path).await.refused(403, "TG403-KEY");
    deploy(&b, "latest").await;
    c.not_in(&app.get(&path).await.refused(403, "TG403-FIELD"));
    deploy(&a, "deployment").await;
    assert!(both.get(&path).await.ok().text().contains(&a.marker));
}

#[tokio::test]
async fn a_batch_made_with_grants_is_for_the_same_grants_only() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let World { a, b, engine } = World::seed().await;
    let maker = client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": "all"}]}));
    let body = json!({"processInstanceIds": [b.shipping], "deleteReason": "x"});
    let made = maker.post("/process-instance/delete", body).await.ok().id();
    // The engine may have run it already: its history stays.
    let path = format!("/history/batch/{made}");
    maker.get(&path).await.ok();
    let without = client(&stage, &a.tenant, &json!({}));
    let less = client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": "work"}]}));
    for other in [without, less] {
        other.get(&path).await.status(404);
        assert_eq!(other.get(&format!("/history/batch?batchId={made}")).await.ok().text(), "[]");
        let before =
            engine.get(&format!("/batch?batchId={}", made.split('.').next().unwrap())).await.ok().text();
        other.put(&format!("/batch/{made}/suspended"), json!({"suspended": true})).await.status(400);
        assert!(!before.contains("\"suspended\":true"), "{before}");
        other.delete(&path).await.status(400);
    }
    // The twin: its maker, by another token.
    let again = client(&stage, &a.tenant, &json!({"tenants": {b.tenant.clone(): "all"}}));
    again.get(&path).await.ok();
    assert_eq!(
        again.get(&format!("/history/batch?batchId={made}")).await.ok().ids(),
        std::slice::from_ref(&made)
    );
}

#[tokio::test]
async fn a_granted_tenants_form_that_finds_others_is_refused_as_the_own_one() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let (key, form) = (format!("formed{}", random()), format!("form{}", random()));
    let text = format!(
        r#"{{"id":"{form}","type":"default","components":[{{"type":"text","text":"{}"}}]}}"#,
        c.marker
    );
    let theirs = Form::deployment("form", Some(&c.tenant), &[("x.form", text.as_bytes())]);
    engine.form("/deployment/create", theirs).await.ok();
    for (side, binding) in [(&a, "latest"), (&b, "latest")] {
        let model = format!(
            "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='x'>\
             <process id='{key}' isExecutable='true' xmlns:c='http://camunda.org/schema/1.0/bpmn' \
             c:historyTimeToLive='1'><startEvent id='s' c:formRef='{form}' c:formRefBinding='{binding}'/></process></definitions>"
        );
        let deployment = Form::deployment("formed", Some(&side.tenant), &[("formed.bpmn", model.as_bytes())]);
        engine.form("/deployment/create", deployment).await.ok();
    }
    let app = client(&stage, &a.tenant, &json!({"tenants": [b.tenant]}));
    for side in [&a, &b] {
        let path = format!("/process-definition/key/{key}/tenant-id/{}/deployed-start-form", side.tenant);
        let reply = app.get(&path).await.refused(403, "TG403-FIELD");
        c.not_in(&reply);
    }
}

#[tokio::test]
async fn a_form_of_a_tenant_that_has_just_come_is_looked_at_before_it_is_fetched() {
    let World { a, b, engine } = World::seed().await;
    for (binding, refused) in [("latest", true), ("deployment", false)] {
        let stage = Stage::with(|plan| plan.config(YAML)).await;
        let (key, form) = (format!("formed{}", random()), format!("form{}", random()));
        let file = |text: &str| {
            format!(r#"{{"id":"{form}","type":"default","components":[{{"type":"text","text":"{text}"}}]}}"#)
        };
        let model = format!(
            "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='x'>\
             <process id='{key}' isExecutable='true' xmlns:c='http://camunda.org/schema/1.0/bpmn' \
             c:historyTimeToLive='1'><startEvent id='s' c:formRef='{form}' c:formRefBinding='{binding}'/></process></definitions>"
        );
        // B has no record, so nothing of B's is granted.
        let theirs = file(&b.marker);
        let theirs = Form::deployment("form", Some(&b.tenant), &[("x.form", theirs.as_bytes())]);
        let app = client(&stage, &a.tenant, &json!({"scope": "tenants:read"}));
        app.get("/task/count").await.ok();
        let new = format!("tNew{}", random());
        engine.post("/tenant/create", json!({"id": new, "name": new})).await.status(204);
        let own = file("own text");
        let mut files = vec![("formed.bpmn", model.as_bytes())];
        match refused {
            true => drop(engine.form("/deployment/create", theirs).await.ok()),
            false => files.push(("x.form", own.as_bytes())),
        }
        engine.form("/deployment/create", Form::deployment("formed", Some(&new), &files)).await.ok();
        let reply =
            app.get(&format!("/process-definition/key/{key}/tenant-id/{new}/deployed-start-form")).await;
        b.not_in(&reply);
        match refused {
            true => drop(reply.refused(403, "TG403-FIELD")),
            false => assert!(reply.ok().text().contains("own text")),
        }
    }
}

#[tokio::test]
async fn messages_to_an_instance_and_deploying_again_stay_in_the_tenant_of_what_they_name() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    let (World { a, b, engine }, World { a: c, .. }) = (World::seed().await, World::seed().await);
    let at =
        |level: &str| client(&stage, &a.tenant, &json!({"tenants": [{"tenant": b.tenant, "level": level}]}));
    let (all, work) = (at("all"), at("work"));
    let before = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &c.tenant).await);
    let message = |instance: &str| json!({"messageName": "goods", "processInstanceId": instance});
    let waiting = async |instance: &str| -> Value {
        let path = format!("/event-subscription/count?processInstanceId={instance}&eventName=goods");
        engine.get(&path).await.ok().json()["count"].clone()
    };
    let missing = all.post("/message", message("never")).await.text();
    assert_eq!(all.post("/message", message(&c.watch)).await.text(), missing);
    work.post("/message", message(&b.watch)).await.refused(403, "TG403-LEVEL");
    let named = json!({"messageName": "goods", "processInstanceId": b.watch, "tenantId": c.tenant});
    all.post("/message", named).await.refused(403, "TG403-TENANT");
    assert_eq!(waiting(&b.watch).await, json!(1));
    all.post("/message", message(&b.watch)).await.status(204);
    assert_eq!((waiting(&b.watch).await, waiting(&a.watch).await), (json!(0), json!(1)));
    // What is deployed again is the tenant's, and so are its models.
    let again = |deployment: &str| format!("/deployment/{deployment}/redeploy");
    let missing = all.post(&again("never"), json!({})).await.text();
    assert_eq!(
        all.post(&again(&c.deployment), json!({})).await.text().replace(&c.deployment, "never"),
        missing
    );
    work.post(&again(&b.deployment), json!({})).await.refused(403, "TG403-LEVEL");
    let made = all.post(&again(&b.deployment), json!({})).await.ok().json();
    assert_eq!(made["tenantId"], json!(b.tenant));
    for (named, allowed) in [(&b.tenant, true), (&a.tenant, false)] {
        let model = format!(
            "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='x'>\
             <process id='calls{}' isExecutable='true' xmlns:c='http://camunda.org/schema/1.0/bpmn' \
             c:historyTimeToLive='1'><startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='t'/>\
             <callActivity id='t' calledElement='order' c:calledElementTenantId='{named}'/></process></definitions>",
            random()
        );
        let form = Form::deployment("calls", Some(&b.tenant), &[("calls.bpmn", model.as_bytes())]);
        let old = engine.form("/deployment/create", form).await.ok().id();
        let reply = all.post(&again(&old), json!({})).await;
        if allowed {
            assert_eq!(reply.ok().json()["tenantId"], json!(b.tenant));
        } else {
            reply.refused(403, "TG403-MODEL");
        }
    }
    let after = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &c.tenant).await);
    assert!(before == after, "another tenant changed");
}
