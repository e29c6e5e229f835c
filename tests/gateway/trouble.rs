//! An engine that answers badly, late or not at all, played by a script: the caller gets a clean no or a broken
//! connection, never half an answer that looks whole, and never another tenant's row.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{issuer, plan};
use crate::support::api::Api;
use crate::support::gateway::Gateway;
use crate::support::random;
use crate::support::recorder::{Answer, Recorder};

/// A gateway before a scripted engine, its client, and the client's tenant. Answers must begin within a second.
async fn played(answer: Answer) -> (Recorder, Gateway, Api, String) {
    let fake = Recorder::fake();
    script(&fake, answer);
    let gateway = plan(&fake.url()).env("TENANTGATE_ENGINE__TIMEOUT", "1s").start().await;
    let tenant = format!("t{}", random());
    let app = gateway.api().with_token(&issuer().token(&tenant));
    (fake, gateway, app, tenant)
}

/// The engine looks up; everything else is answered so.
fn script(fake: &Recorder, answer: Answer) {
    fake.script(move |seen| match seen.path.as_str() {
        "/engine-rest/version" => Answer::Json(200, r#"{"version":"7.24.0"}"#.into()),
        "/engine-rest/engine" => Answer::Json(200, r#"[{"name":"default"}]"#.into()),
        _ => answer.clone(),
    });
}

#[tokio::test]
async fn a_cut_connection_is_a_502_and_nothing_is_sent_twice() {
    let (fake, _gateway, app, _) = played(Answer::Cut).await;
    let start = json!({"businessKey": "x"});
    app.post("/process-definition/key/order/start", start).await.refused(502, "TG502-ENGINE");
    // A start that is sent again would start two.
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_silent_engine_is_a_504() {
    let (_fake, _gateway, app, _) = played(Answer::Hang).await;
    let began = Instant::now();
    app.get("/task").await.refused(504, "TG504-ENGINE");
    assert!(began.elapsed() < Duration::from_secs(5), "after {:?}", began.elapsed());
    // The twin: late, but in time.
    let slow = Answer::After(Duration::from_millis(300), Box::new(Answer::Json(200, "[]".into())));
    let (_fake, _gateway, app, _) = played(slow).await;
    assert_eq!(app.get("/task").await.ok().text(), "[]");
}

#[tokio::test]
async fn half_an_answer_does_not_look_whole() {
    let half = b"HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[".to_vec();
    let (_fake, _gateway, app, _) = played(Answer::Raw(half)).await;
    match app.try_send(Method::GET, "/task", &[], Vec::new()).await {
        Ok(reply) => drop(reply.status(502)),
        Err(broken) => assert!(!broken.is_timeout(), "{broken:?}"),
    }
}

/// One row of a task list.
fn row(tenant: Value) -> Value {
    json!({"id": "1", "name": "MARKERxROW", "tenantId": tenant})
}

/// The ways in which an engine sends a list: short and whole, too long to be held, and in chunks that end where the
/// gateway would like it least: behind the name and before the tenant.
fn ways(rows: &[Value]) -> Vec<Answer> {
    let short = json!(rows).to_string();
    let long = format!("{}{short}", " ".repeat(200_000));
    let chunks: String =
        short.split_inclusive("ROW\",").map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).collect();
    let head = "HTTP/1.1 200 \r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = format!("{head}{chunks}0\r\n\r\n").into_bytes();
    vec![Answer::Json(200, short), Answer::Json(200, long), Answer::Raw(chunked)]
}

/// What a client gets of an answer, whole or not.
async fn received(app: &Api, tenant: &str) -> (Option<u16>, String) {
    let url = format!("{}/task", app.base());
    let sent = reqwest::Client::new().get(url).bearer_auth(issuer().token(tenant)).send().await;
    let Ok(mut answer) = sent else { return (None, String::new()) };
    let (status, mut text) = (answer.status().as_u16(), Vec::new());
    loop {
        match answer.chunk().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) => return (Some(status), String::from_utf8(text).unwrap()),
            Err(_) => return (None, String::from_utf8(text).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_foreign_row_never_leaves_and_raises_the_alarm_once() {
    for foreign in [json!("tOther"), Value::Null] {
        for way in 0..3 {
            let (fake, gateway, app, tenant) = played(Answer::Json(200, "[]".into())).await;
            let own = json!({"id": "0", "name": "own", "tenantId": tenant});
            let alarms = async || {
                let figures = gateway.admin().get("/metrics").await.ok().text();
                let count = |series: &str| {
                    let line = figures.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
                    line.and_then(|value| value.parse::<f64>().ok()).unwrap_or(f64::NAN)
                };
                let refused = count("tenantgate_refusals_total{code=\"TG502-GUARD\"}");
                (count("tenantgate_guard_alarms_total"), refused)
            };
            let logged = || {
                let log = gateway.log();
                let lines = log.lines().filter(|line| line.contains("tenantgate::guard")).map(str::to_owned);
                lines.collect::<Vec<_>>()
            };
            // The twin first: the own rows.
            script(&fake, ways(&[own.clone(), row(json!(tenant))]).remove(way));
            let (status, text) = received(&app, &tenant).await;
            assert!(status == Some(200) && text.contains("MARKERxROW"), "{way}: {status:?} {text}");
            assert_eq!((alarms().await, logged()), ((0.0, 0.0), vec![]));

            script(&fake, ways(&[own, row(foreign.clone())]).remove(way));
            let (status, text) = received(&app, &tenant).await;
            assert!(status.is_none_or(|status| status == 502), "{way}: {status:?}");
            assert!(!text.contains("MARKER"), "{way}, {foreign}: {text}");
            // Chunks that came together are looked at before the reply begins, too.
            let told = text.contains("TG502-GUARD");
            assert!(way == 2 || told == (way == 0), "{way}: {text}");
            assert_eq!(alarms().await, (1.0, 1.0), "{way}");
            // It was written before the answer went out, but the pipe takes a moment.
            let patience = Instant::now() + Duration::from_secs(5);
            while logged().is_empty() && Instant::now() < patience {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let lines = logged();
            let [line] = lines.as_slice() else { panic!("{way}: {lines:?}") };
            assert!(line.contains("ALARM") && line.contains("GET /task") && line.contains(&tenant), "{line}");
        }
    }
}

#[tokio::test]
async fn every_tenant_is_the_list_that_the_engine_last_gave() {
    let (fake, gateway, _, tenant) = played(Answer::Json(200, "[]".into())).await;
    drop(gateway);
    let yaml = "engine: {timeout: 1s}\ntenancy: {all_tenants: {scope: \"tenants:{level}\"}}\n";
    let gateway = plan(&fake.url()).config(yaml).start().await;
    let claims = |_: &mut Value, claims: &mut Value| claims["scope"] = json!("tenants:read");
    let app = gateway.api().with_token(&issuer().token_with(&tenant, claims));
    let tenants = |answer: Answer| {
        fake.script(move |seen| match seen.path.as_str() {
            "/engine-rest/tenant" => answer.clone(),
            _ => Answer::Json(200, "[]".into()),
        });
    };
    let pinned = || {
        let query = fake.seen().last().unwrap().query.clone().unwrap_or_default();
        query.replace("%2C", ",").replace(&tenant, "own")
    };
    // No list: nothing goes on, and silence is not waited for again and again.
    for (answer, status, code) in [
        (Answer::Json(500, "{}".into()), 502, "TG502-ANSWER"),
        (Answer::Json(200, r#"[{"name":"without id"}]"#.into()), 502, "TG502-ANSWER"),
        (Answer::Cut, 502, "TG502-ENGINE"),
        (Answer::Hang, 504, "TG504-ENGINE"),
    ] {
        tenants(answer);
        fake.forget();
        app.get("/task").await.refused(status, code);
        assert!(fake.seen().iter().all(|seen| seen.path == "/engine-rest/tenant"), "{:?}", fake.seen());
    }
    // The twin: a list. It is asked for in nobody's name.
    tenants(Answer::Json(200, r#"[{"id":"B"}]"#.into()));
    fake.forget();
    app.get("/task").await.ok();
    assert!(pinned().contains("tenantIdIn=own,B"), "{}", pinned());
    let asked = |seen: &crate::support::recorder::Seen| seen.path == "/engine-rest/tenant";
    let first = fake.seen().into_iter().find(asked).unwrap();
    assert!(first.header("x-camunda-user").is_empty(), "{first:?}");
    // Requests don't wait for renewals, whatever becomes of those.
    let began = Instant::now();
    for answer in [Answer::Hang, Answer::Json(500, "{}".into())] {
        tenants(answer);
        fake.forget();
        while !fake.seen().iter().any(asked) {
            assert!(began.elapsed() < Duration::from_secs(20), "the list is not renewed");
            let one = Instant::now();
            app.get("/task").await.ok();
            assert!(one.elapsed() < Duration::from_millis(500), "waited {:?}", one.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        app.get("/task").await.ok();
        assert!(pinned().contains("tenantIdIn=own,B"), "{}", pinned());
    }
    assert!(gateway.log().contains("the list of tenants was not renewed"), "{}", gateway.log());
    // Unknown names, in a row: the engine is not asked for each.
    fake.forget();
    let began = Instant::now();
    for number in 0..50 {
        app.get(&format!("/task?tenantIdIn=tOther{number}")).await.refused(403, "TG403-TENANT");
    }
    let (questions, most) = (fake.seen().len(), 2 + began.elapsed().as_secs() as usize);
    assert!((1..=most).contains(&questions), "{questions} questions in {:?}", began.elapsed());
}

#[tokio::test]
async fn what_looks_like_a_tenant_in_a_value_is_no_foreign_row() {
    // A variable may honestly hold such text (facts 9).
    let text =
        r#"{"note":{"type":"String","value":"{\"tenantId\":\"tOther\"}"},"tenantId":{"value":"tOther"}}"#;
    let (fake, _gateway, app, tenant) = played(Answer::Json(200, text.into())).await;
    let id = crate::support::missing_id();
    let own = json!([{"id": id, "tenantId": tenant}]).to_string();
    fake.script(move |seen| match seen.path.ends_with("/variables") {
        true => Answer::Json(200, text.into()),
        false => Answer::Json(200, own.clone()),
    });
    assert_eq!(app.get(&format!("/task/{id}/variables")).await.ok().text(), text);
}

#[tokio::test]
async fn what_takes_several_writes_goes_on_when_its_client_leaves() {
    let (fake, gateway, _, tenant) = played(Answer::Json(200, "[]".into())).await;
    let own = tenant.clone();
    fake.script(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/engine-rest/process-definition") => {
            let versions =
                ["p:1:a", "p:2:b", "p:3:c"].map(|id| json!({"id": id, "key": "p", "tenantId": own}));
            Answer::Json(200, json!(versions).to_string())
        }
        ("PUT", _) => Answer::After(Duration::from_millis(400), Box::new(Answer::Json(200, "{}".into()))),
        _ => Answer::Json(200, "{}".into()),
    });
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
    let request = impatient
        .put(format!("{}/process-definition/suspended", gateway.api().base()))
        .bearer_auth(issuer().token(&tenant))
        .header("content-type", "application/json")
        .body(json!({"processDefinitionKey": "p", "suspended": true}).to_string());
    assert!(request.send().await.unwrap_err().is_timeout());
    let writes = || fake.seen().iter().filter(|seen| seen.method == "PUT").count();
    let began = Instant::now();
    while writes() < 3 {
        assert!(began.elapsed() < Duration::from_secs(10), "only {} of 3 versions were suspended", writes());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It was a write all the same: once in the audit stream, by whom and what, and counted for the tenant.
    let audited = || {
        let log = gateway.log();
        let lines = log.lines().filter(|line| line.contains("tenantgate::audit") && line.contains(&tenant));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    while audited().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "not audited:\n{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [line] = &audited()[..] else { panic!("audited twice:\n{}", gateway.log()) };
    for said in ["abandoned", "PUT /process-definition/suspended", "administer"] {
        assert!(line.contains(said), "{said}: {line}");
    }
    let metrics = gateway.admin().get("/metrics").await.ok().text();
    let counted = format!("tenantgate_tenant_requests_total{{outcome=\"abandoned\",tenant=\"{tenant}\"}} 1");
    assert!(metrics.contains(&counted), "{metrics}");
}
