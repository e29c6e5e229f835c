//! Deployments: whatever a form says, they are the caller's; nothing of another's shows or changes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::isolation::{as_missing, deploy_model, deployed, model};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::random;
use crate::support::snapshot::{assert_same, snapshot};
use crate::support::world::{World, order};

/// Header lines of a part that the engine's parser takes as `tenant-id` (facts 7).
const SPELLINGS: &[&[&str]] = &[
    &["Content-Disposition: form-data; name=\"=?UTF-8?Q?tenant-id?=\""],
    &["Content-Disposition: form-data; name=\"=?UTF-8?B?dGVuYW50LWlk?=\""],
    &["Content-Disposition: form-data; name*=UTF-8''tenant-id"],
    &["Content-Disposition: form-data; name=\"x\"; name*=UTF-8''tenant-id"],
    &["Content-Disposition: form-data; name=tenant-id"],
    &["Content-Disposition: form-data; NAME=\"tenant-id\""],
    &["content-disposition: FORM-DATA; Name=\"tenant-id\""],
    &["Content-Disposition: form-data; name=\"x\"; name=\"tenant-id\""],
    &["Content-Disposition: form-data; name=\"tenant-id\"; name=\"x\""],
    &["Content-Disposition: form-data;\r\n name=\"tenant-id\""],
    &["Content-Disposition: form-data; name=\"tenant-id\"; filename=\"t.txt\""],
    &["Content-Disposition: form-data; name=\"tenant-id\"", "Content-Type: application/json"],
    &["Content-Disposition: form-data; name=\"tenant-id\"", "Content-Type: text/plain; charset=utf-16"],
    &["Content-Disposition: form-data; name=\"tenant\\-id\""],
    &["Content-Disposition: attachment; name=\"tenant-id\""],
    &["Content-Type: text/plain", "Content-Disposition: form-data; name=\"tenant-id\" "],
    &["Content-Disposition : form-data; name=\"tenant-id\""],
    &["Content-Disposition: form-data; name=\"x\"", "Content-Disposition: form-data; name=\"tenant-id\""],
];

#[tokio::test]
async fn no_spelling_of_the_tenant_reaches_another() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let file = order(&a.marker);
    let mut served = 0;
    for headers in SPELLINGS {
        for place in ["before", "after"] {
            let name = format!("forged{}", random());
            let form = Form::new().field("deployment-name", &name);
            let form = match place {
                "before" => form.part(headers, b.tenant.as_bytes()).file("f", "order.bpmn", &file),
                _ => form.file("f", "order.bpmn", &file).part(headers, b.tenant.as_bytes()),
            };
            let reply = app.form("/deployment/create", form).await;
            let there = engine.get(&format!("/deployment?name={name}")).await.ok().json();
            if reply.status == 200 {
                served += 1;
                assert_eq!(reply.json()["tenantId"], json!(a.tenant), "{headers:?} {place}");
                assert_eq!(there[0]["tenantId"], json!(a.tenant), "{headers:?} {place}");
            } else {
                assert!([400, 403].contains(&reply.status), "{headers:?} {place} {reply}");
                assert!(reply.refusal().is_some(), "{headers:?} {place} {reply}");
                assert_eq!(there, json!([]), "{headers:?} {place}");
            }
        }
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twin: each spelling that names the own tenant, or none at all, is served or refused for its form only.
    for headers in SPELLINGS {
        let form = Form::new().field("deployment-name", "own").part(headers, a.tenant.as_bytes());
        let reply = app.form("/deployment/create", form.file("f", "order.bpmn", &file)).await;
        assert_ne!(reply.status, 403, "{headers:?} {reply}");
        served += u32::from(reply.status == 200);
    }
    assert!(served > 0);
    for twice in [[a.tenant.as_str(), a.tenant.as_str()], ["", b.tenant.as_str()]] {
        let form =
            twice.iter().fold(Form::new().field("deployment-name", "x"), |f, t| f.field("tenant-id", t));
        let reply = app.form("/deployment/create", form.file("f", "order.bpmn", &file)).await;
        reply.refused(400, "TG400-MULTIPART");
    }
}

/// A form with the fields of duplicate filtering.
fn again(name: &str, fields: &[(&str, &str)], tenant: Option<&str>, file: &[u8]) -> Form {
    let form =
        fields.iter().fold(Form::new().field("deployment-name", name), |form, (n, v)| form.field(n, v));
    match tenant {
        Some(tenant) => form.field("tenant-id", tenant),
        None => form,
    }
    .file("order.bpmn", "order.bpmn", file)
}

#[tokio::test]
async fn filtering_duplicates_never_shows_anothers_deployment() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let name = format!("same{}", random());
    let file = order("alike");
    let make = async |api: &Api, tenant: Option<&str>, fields: &[(&str, &str)]| {
        api.form("/deployment/create", again(&name, fields, tenant, &file)).await
    };
    let own = make(&engine, Some(&a.tenant), &[]).await.ok();
    let filtering = [("enable-duplicate-filtering", "true")];
    let changed = [("deploy-changed-only", "true")];
    // While A's is the newest, the engine's own answer is right.
    let alone = make(&app, None, &filtering).await.ok();
    assert_eq!((alone.id(), &alone.json()["tenantId"]), (own.id(), &json!(a.tenant)));
    make(&engine, Some(&b.tenant), &[]).await.ok();
    let before = snapshot(&engine, &b.tenant).await;
    for fields in [&filtering, &changed] {
        let reply = make(&app, None, fields).await.ok();
        b.not_in(&reply);
        assert_eq!(reply.text(), alone.text());
    }
    let count = engine.get(&format!("/deployment/count?tenantIdIn={}&name={name}", a.tenant)).await.ok();
    assert_eq!(count.json()["count"], 1);
    // With a time it would suspend B's definitions.
    let date = ("deployment-activation-time", "2099-01-01T00:00:00.000+0000");
    for fields in [[filtering[0], date], [date, changed[0]], [("enable-duplicate-filtering", "TRUE"), date]] {
        make(&app, None, &fields).await.refused(403, "TG403-FIELD");
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    // The twins: the time alone, and with filtering that is off.
    for fields in [&[date][..], &[("enable-duplicate-filtering", "false"), date]] {
        let reply = make(&app, None, fields).await.ok();
        let definition = deployed(&reply.json());
        let shown = engine.get(&format!("/process-definition/{definition}")).await.ok().json();
        assert_eq!((&shown["suspended"], &shown["tenantId"]), (&json!(true), &json!(a.tenant)));
    }
    // What is new is deployed, whoever has the name.
    let form = again(&name, &filtering, None, &order("changed"));
    let new = app.form("/deployment/create", form).await.ok();
    assert_ne!(new.json()["deployedProcessDefinitions"], Value::Null);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn code_is_refused_with_its_file_and_line() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &b.tenant).await);
    let shell = model("shell", "", "<startEvent id=\"s\"/>\n<serviceTask id=\"t\" camunda:type=\"shell\"/>");
    let calls = model(
        "calls",
        "",
        &format!(
            "\n<callActivity id=\"c\" calledElement=\"order\" camunda:calledElementTenantId=\"{}\"/>",
            b.tenant
        ),
    );
    let reads = model("reads", "", "\n<userTask id=\"t\" name=\"${execution.processEngineServices}\"/>");
    for (text, what) in [(&shell, "camunda:type"), (&calls, "calledElementTenantId"), (&reads, "name")] {
        stage.recorder.forget();
        let reply = deploy_model(&app, None, "bad.bpmn", text).await.refused(403, "TG403-MODEL");
        assert!(
            reply.text().contains("bad.bpmn:") && reply.text().contains(what.trim_start_matches("camunda:")),
            "{reply}"
        );
        assert!(reply.text().contains("bad.bpmn:6") || reply.text().contains("bad.bpmn:5"), "{reply}");
        assert!(stage.recorder.seen().iter().all(|seen| !seen.message.complete));
    }
    assert_same(&before.0, &snapshot(&engine, &a.tenant).await);
    assert_same(&before.1, &snapshot(&engine, &b.tenant).await);
    // The twin: an external task in its place; and the same text in a file that the engine does not parse.
    deploy_model(&app, None, "good.bpmn", &shell.replace("\"shell\"", "\"external\" camunda:topic=\"t\""))
        .await
        .ok();
    deploy_model(&app, None, "notes.txt", &shell).await.ok();
    // Equal file names: one would hide the other.
    let file = order(&a.marker);
    let twice =
        Form::new().field("deployment-name", "x").file("a", "o.bpmn", &file).file("b", "o.bpmn", &file);
    app.form("/deployment/create", twice).await.refused(400, "TG400-MULTIPART");
    let two = Form::new().field("deployment-name", "x").file("a", "o.bpmn", &file).file("b", "p.txt", &file);
    app.form("/deployment/create", two).await.ok();
    assert_same(&before.1, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_deployment_and_its_files_are_the_makers_alone() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let before = snapshot(&engine, &b.tenant).await;
    let files =
        async |deployment: &str| engine.get(&format!("/deployment/{deployment}/resources")).await.ok().ids();
    let (own, foreign) = (files(&a.deployment).await, files(&b.deployment).await);
    for path in ["/deployment/ID", "/deployment/ID/resources"] {
        as_missing(&app, &engine, &Method::GET, path, "", &b.deployment).await;
    }
    for tail in ["", "/data"] {
        let path = format!("/deployment/ID/resources/{}{tail}", foreign[0]);
        let asked = |reply: &Reply| (reply.status, reply.text().replace(&b.deployment, "<id>"));
        let reply = app.get(&path.replace("ID", &b.deployment)).await;
        let missing = crate::support::missing_id();
        let direct = engine.get(&path.replace("ID", &missing)).await;
        assert_eq!(asked(&reply), (direct.status, direct.text().replace(&missing, "<id>")), "{path}");
        // Another's file under an own deployment is bound to its own one by the engine.
        let path = format!("/deployment/{}/resources/ID{tail}", a.deployment);
        as_missing(&app, &engine, &Method::GET, &path, "", &foreign[0]).await;
        // The twin.
        let path = path.replace("ID", &own[0]);
        assert_eq!(app.get(&path).await.ok().text(), engine.get(&path).await.ok().text());
    }
    for query in ["", "?cascade=true", "?cascade=true&skipCustomListeners=true"] {
        as_missing(&app, &engine, &Method::DELETE, &format!("/deployment/ID{query}"), "", &b.deployment)
            .await;
    }
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
    app.delete(&format!("/deployment/{}?cascade=true", a.deployment)).await.status(204);
    engine.get(&format!("/deployment/{}", a.deployment)).await.status(404);
    assert_same(&before, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn redeploying_looks_at_the_models_again() {
    let stage = Stage::start().await;
    let World { a, b, engine } = World::seed().await;
    let app = stage.client(&a.tenant);
    let code = model(
        "code",
        "",
        "<startEvent id=\"s\"/><serviceTask id=\"t\" camunda:expression=\"${dataSource}\"/>",
    );
    let file = order(&a.marker);
    let files: [(&str, &[u8]); 2] = [("code.bpmn", code.as_bytes()), ("order.bpmn", &file)];
    let form = Form::deployment(&format!("old{}", random()), Some(&a.tenant), &files);
    let old = engine.form("/deployment/create", form).await.ok().id();
    let resources = engine.get(&format!("/deployment/{old}/resources")).await.ok().json();
    let id =
        |name: &str| resources.as_array().unwrap().iter().find(|r| r["name"] == name).unwrap()["id"].clone();
    let before = (snapshot(&engine, &a.tenant).await, snapshot(&engine, &b.tenant).await);
    let path = format!("/deployment/{old}/redeploy");
    for body in [
        json!({}),
        json!({"resourceIds": null, "resourceNames": []}),
        json!({"resourceNames": ["code.bpmn"]}),
        json!({"resourceIds": [id("code.bpmn")], "resourceNames": ["order.bpmn"]}),
        json!({"source": "x"}),
    ] {
        app.post(&path, body).await.refused(403, "TG403-MODEL");
    }
    app.send(Method::POST, &path, &[], Vec::new()).await.refused(403, "TG403-MODEL");
    app.post(&path, json!({"resourceNames": ["order.bpmn", "CODE.bpmn "]})).await.refused(403, "TG403-MODEL");
    // What is no string the engine would turn into one: the id of a resource may be a number.
    for list in [
        json!([4711]),
        json!(["order.bpmn", 4711]),
        json!([true]),
        json!([null]),
        json!("order.bpmn"),
        json!({}),
    ] {
        for field in ["resourceIds", "resourceNames"] {
            app.post(&path, json!({field: list})).await.refused(400, "TG400-BODY");
        }
    }
    for body in ["{}", r#"{"resourceNames":["order.bpmn"]}"#] {
        as_missing(&app, &engine, &Method::POST, "/deployment/ID/redeploy", body, &b.deployment).await;
    }
    assert_same(&before.0, &snapshot(&engine, &a.tenant).await);
    // The twin: the file without code, alone.
    for body in [json!({"resourceNames": ["order.bpmn"]}), json!({"resourceIds": [id("order.bpmn")]})] {
        let made = app.post(&path, body).await.ok().json();
        assert_eq!(
            (&made["tenantId"], made["deployedProcessDefinitions"].as_object().unwrap().len()),
            (&json!(a.tenant), 1)
        );
    }
    assert_same(&before.1, &snapshot(&engine, &b.tenant).await);
}

#[tokio::test]
async fn a_file_name_that_the_engine_would_trim_is_refused() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    // Each would be stored without its blanks, and parsed: with code in it, if it were not looked at.
    let honest = order("M");
    let code = String::from_utf8_lossy(&honest)
        .replace("<userTask ", "<userTask camunda:assignee=\"${dataSource.connection}\" ");
    for name in ["order.bpmn ", " order.bpmn", "order.bpmn\u{a0}", "order.bpmn  ", "order.dmn "] {
        let form = Form::new().file("f", name, code.as_bytes());
        app.form("/deployment/create", form).await.refused(400, "TG400-MULTIPART");
    }
    stage.recorder.nothing();
    let form = Form::new().file("f", "order.bpmn", code.as_bytes());
    app.form("/deployment/create", form).await.refused(403, "TG403-MODEL");
    app.form("/deployment/create", Form::new().file("f", "order.bpmn", &honest)).await.ok();
}

#[tokio::test]
async fn a_decision_reaches_into_no_object() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let hostile = include_str!("../data/models/hostile/dmn-feel.dmn");
    let form = Form::new().file("f", "rates.dmn", hostile.as_bytes());
    app.form("/deployment/create", form).await.refused(403, "TG403-MODEL");
    stage.recorder.nothing();
    let honest = include_str!("../data/models/honest/dmn-feel.dmn");
    app.form("/deployment/create", Form::new().file("f", "rates.dmn", honest.as_bytes())).await.ok();
    let decided = app
        .post("/decision-definition/key/model-dmn-feel/evaluate", json!({"variables": {"f": {"value": 1}}}));
    assert!(decided.await.ok().text().contains("21"));
}

/// What is found takes more memory than the file that it is about.
#[tokio::test]
async fn no_deployment_is_looked_at_without_end() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let attributes: String = (0..150).map(|n| format!(" a{n}='${{a.b}}'")).collect();
    let model = format!(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>{}</definitions>",
        format!("<task{attributes}/>").repeat(10)
    );
    let form =
        (0..40).fold(Form::new(), |f, n| f.file(&n.to_string(), &format!("{n}.bpmn"), model.as_bytes()));
    let told = app.form("/deployment/create", form).await.refused(403, "TG403-MODEL").text();
    assert!(told.contains("0.bpmn") && !told.contains("5.bpmn"), "{told}");
    let many =
        |count: usize| (0..count).fold(Form::new(), |f, n| f.file(&n.to_string(), &format!("{n}.txt"), b"x"));
    app.form("/deployment/create", many(2001)).await.refused(413, "TG413-BODY");
    app.form("/deployment/create", many(200)).await.ok();
}
