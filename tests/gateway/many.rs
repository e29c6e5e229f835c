//! A caller whose token grants 1,000 tenants: every row of theirs, nobody else's, in requests that the engine can read.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{Stage, binary, issuer};
use crate::support::api::{Api, Reply};
use crate::support::issuer::AUDIENCE;
use crate::support::recorder::{Answer, Seen};
use crate::support::world::{Side, World};

/// So many tenants besides the caller's own; a token of them has about 20 KiB.
const GRANTED: usize = 1000;
const YAML: &str =
    "tenancy:\n  grants:\n    - {claim: tenants, level: work}\nlimits:\n  max_token_bytes: 65536\n";

/// A gateway, two tenants that the caller reads, and one that it does not.
struct Many {
    stage: Stage,
    app: Api,
    token: String,
    granted: BTreeSet<String>,
    world: World,
    other: Side,
}

impl Many {
    async fn start() -> Self {
        let stage = Stage::with(|plan| plan.config(YAML)).await;
        let (world, World { a: other, .. }) = (World::seed().await, World::seed().await);
        let mut tenants: Vec<String> = (1..GRANTED).map(|n| format!("granted-{n:04}")).collect();
        tenants.push(world.b.tenant.clone());
        let token = issuer().token_with(&world.a.tenant, |_, claims| claims["tenants"] = json!(tenants));
        let app = stage.gateway.api().with_token(&token);
        let granted = tenants.into_iter().chain([world.a.tenant.clone()]).collect();
        Self { stage, app, token, granted, world, other }
    }

    /// The tenants that each request to the engine named: granted ones only, and never none.
    #[track_caller]
    fn asked(&self) -> Vec<BTreeSet<String>> {
        let all: Vec<_> = self.stage.recorder.seen().iter().map(named).collect();
        for named in &all {
            assert!(!named.is_empty() && named.is_subset(&self.granted), "{named:?}");
        }
        assert_eq!(
            all.iter().flatten().collect::<BTreeSet<_>>().len(),
            all.iter().map(BTreeSet::len).sum::<usize>()
        );
        self.stage.recorder.forget();
        all
    }

    /// What the engine itself says of both tenants that have something.
    async fn truth(&self, path: &str) -> Reply {
        let and = if path.contains('?') { '&' } else { '?' };
        let both = format!("{path}{and}tenantIdIn={},{}", self.world.a.tenant, self.world.b.tenant);
        self.world.engine.get(&both).await
    }
}

/// The tenants that a request names in its pin.
fn named(seen: &Seen) -> BTreeSet<String> {
    let body = seen.json();
    let of_body =
        body["tenantIdIn"].as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned());
    let query = seen.query.as_deref().unwrap_or_default();
    let pins = query.split('&').filter_map(|pair| pair.strip_prefix("tenantIdIn="));
    let of_query = pins.flat_map(|pin| pin.split("%2C").map(str::to_owned));
    of_body.chain(of_query).collect()
}

/// A list's rows, in an order of their own.
fn rows(reply: &Reply) -> Vec<String> {
    let mut rows: Vec<String> = reply.json().as_array().unwrap().iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

/// Whether a list has a POST twin.
fn twins() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../data/twin-lists.tsv").lines().map(|line| line.split_once('\t').unwrap())
}

#[tokio::test]
async fn lists_and_counts_are_exact() {
    let many = Many::start().await;
    let without_twin = [
        "/process-definition",
        "/decision-definition",
        "/deployment",
        "/incident",
        "/event-subscription",
        "/history/incident",
    ];
    let lists = twins().map(|(list, _)| (list, true)).chain(without_twin.map(|list| (list, false)));
    for (list, twin) in lists {
        many.stage.recorder.forget();
        let shown = many.app.get(list).await.ok();
        many.other.not_in(&shown);
        assert_eq!(rows(&shown), rows(&many.truth(list).await), "{list}");
        let asked = many.asked();
        assert!(if twin { asked.len() == 1 } else { asked.len() > 1 }, "{list}: {} requests", asked.len());
        if list != "/history/detail" {
            let count = many.app.get(&format!("{list}/count")).await.ok().json();
            assert_eq!(count, many.truth(&format!("{list}/count")).await.json(), "{list}");
        } else {
            // The one list whose count has no twin.
            let count = many.app.get("/history/detail/count").await.ok().json();
            assert_eq!(count, many.truth("/history/detail/count").await.json());
        }
        many.asked();
    }
    // By POST they are named whole.
    let posted = many.app.post("/task", json!({})).await.ok();
    assert_eq!(rows(&posted), rows(&many.truth("/task").await));
    assert_eq!(many.asked().len(), 1);
}

#[tokio::test]
async fn a_list_in_pages_can_not_be_sorted_or_cut_and_says_what_to_do() {
    let many = Many::start().await;
    let both = format!("tenantIdIn={},{}", many.world.a.tenant, many.world.b.tenant);
    for parameter in ["sortBy=name&sortOrder=asc", "firstResult=1", "maxResults=2"] {
        many.stage.recorder.forget();
        let refused =
            many.app.get(&format!("/process-definition?{parameter}")).await.refused(414, "TG414-TARGET");
        assert!(refused.text().contains("name some of them with `tenantIdIn`"), "{refused}");
        many.stage.recorder.nothing();
        // The twins: few tenants, and a list that has a twin.
        let path = format!("/process-definition?{parameter}");
        assert_eq!(many.app.get(&format!("{path}&{both}")).await.ok().json(), many.truth(&path).await.json());
        let path = format!("/task?{parameter}");
        assert_eq!(many.app.get(&path).await.ok().json(), many.truth(&path).await.json());
    }
    // A query that is long itself.
    let long = format!(
        "/task?sortBy=name&sortOrder=desc&processInstanceIdIn={}",
        "x,".repeat(2500) + &many.world.a.order
    );
    many.stage.recorder.forget();
    let shown = many.app.get(&long).await.ok();
    let review = json!([many.world.a.review]);
    assert_eq!(json!(shown.ids()), review);
    many.asked();
}

/// A client that fills the query string with its own, or the path with a key, can't have the engine asked tenant by tenant.
#[tokio::test]
async fn a_long_query_does_not_become_a_request_for_each_tenant() {
    let stage = Stage::with(|plan| plan.config(YAML)).await;
    stage.recorder.script(|seen| {
        let count = seen.path.ends_with("/count");
        Answer::Json(200, if count { "{\"count\":1}" } else { "[]" }.to_owned())
    });
    let tenants: Vec<String> = (0..GRANTED).map(|n| format!("granted-{n:04}")).collect();
    let token = issuer().token_with("own", |_, claims| claims["tenants"] = json!(tenants));
    let app = stage.gateway.api().with_token(&token);
    for (length, fits) in [(5000, true), (7080, false), (7090, false), (7095, false)] {
        let text = "x".repeat(length);
        for path in [
            format!("/decision-definition/count?name={text}"),
            format!("/decision-definition?name={text}"),
            format!("/decision-definition/key/{}", &text[50..]),
        ] {
            stage.recorder.forget();
            let reply = app.get(&path).await;
            let requests = stage.recorder.seen().len();
            if fits {
                assert_eq!((reply.status, requests > 5), (200, true), "{}: {requests}", &path[..40]);
            } else {
                reply.refused(414, "TG414-TARGET");
                assert_eq!(requests, 0, "{}", &path[..40]);
            }
        }
    }
}

/// What docs/grants.md says of tokens: 350 names of 12 letters fit into the default limit, 1,000 names into a larger one.
#[tokio::test]
async fn tokens_of_many_tenants_fit_where_a_setting_lets_them() {
    let token = |count: usize, length: usize| {
        let tenants: Vec<String> = (0..count).map(|n| format!("{n:0>length$}")).collect();
        issuer().token_with("own", |_, claims| claims["tenants"] = json!(tenants))
    };
    for (limit, fits, too_many) in [
        (None, (350, 12), (450, 12)),
        (None, (130, 36), (170, 36)),
        (Some(32_768), (1000, 12), (2000, 12)),
        (Some(65_536), (1000, 36), (2000, 36)),
    ] {
        let limit = limit.map(|limit| format!("limits:\n  max_token_bytes: {limit}\n")).unwrap_or_default();
        let yaml = YAML.split("limits:").next().unwrap().to_owned() + &limit;
        let stage = Stage::with(|plan| plan.config(&yaml)).await;
        let app = |(count, length)| stage.gateway.api().with_token(&token(count, length));
        let whoami = app(fits).get("/tenantgate/whoami").await.ok().json();
        assert_eq!(whoami["tenants"].as_object().unwrap().len(), fits.0 + 1);
        assert_eq!(app(fits).get("/task/count").await.ok().json(), json!({"count": 0}));
        app(too_many).get("/tenantgate/whoami").await.refused(431, "TG431-HEADERS");
    }
}

/// The twin of the refusal: an engine that is said to read longer heads is asked by GET whatever it is.
#[tokio::test]
async fn an_engine_that_reads_longer_heads_is_asked_for_all_at_once() {
    let yaml = format!("{YAML}engine:\n  max_head_bytes: 65536\n");
    let stage = Stage::with(|plan| plan.config(&yaml)).await;
    stage.recorder.script(|_| Answer::Json(200, "[]".to_owned()));
    let tenants: Vec<String> = (0..GRANTED).map(|n| format!("granted-{n:04}")).collect();
    let token = issuer().token_with("own", |_, claims| claims["tenants"] = json!(tenants));
    for path in ["/process-definition?sortBy=name&sortOrder=asc&maxResults=2", "/task?maxResults=2"] {
        stage.recorder.forget();
        stage.gateway.api().with_token(&token).get(path).await.ok();
        let seen = stage.recorder.only();
        assert_eq!((seen.method.as_str(), named(&seen).len()), ("GET", GRANTED + 1));
    }
}

#[tokio::test]
async fn what_one_page_is_answered_is_never_the_whole() {
    let many = Many::start().await;
    let (a, b, c) = (many.world.a.tenant.clone(), many.world.b.tenant.clone(), many.other.tenant.clone());
    let script = |page: &'static str, other: String| {
        many.stage.recorder.script(move |seen| match named(seen) {
            named if named.contains(page) => {
                Answer::Json(if other.contains("type") { 400 } else { 200 }, other.clone())
            }
            _ => Answer::Forward,
        });
    };
    let foreign = json!([{"id": "x", "tenantId": c}]).to_string();
    script("granted-0990", foreign);
    many.app.get("/incident").await.refused(502, "TG502-GUARD");
    script("granted-0990", "{}".to_owned());
    many.app.get("/incident").await.refused(502, "TG502-ANSWER");
    many.app.get("/incident/count").await.refused(502, "TG502-ANSWER");
    let error = json!({"type": "InvalidRequestException", "message": "no", "code": 1});
    script("granted-0990", error.to_string());
    assert_eq!(many.app.get("/incident").await.status(400).json(), error);
    // The twin.
    let own = json!([{"id": "x", "tenantId": b}]).to_string();
    script("granted-0990", own);
    assert!(many.app.get("/incident").await.ok().ids().contains(&"x".to_owned()), "{a}");
}

#[tokio::test]
async fn by_id_a_look_up_is_one_question() {
    let many = Many::start().await;
    let (b, c) = (&many.world.b, &many.other);
    // Own answer, look-ups by GET, by POST, and by one record.
    for (path, own, foreign) in [
        ("/task/ID", &b.review, &c.review),
        ("/task/ID/variables", &b.review, &c.review),
        ("/process-instance/ID/variables", &b.order, &c.order),
        ("/external-task/ID/errorDetails", &b.count, &c.count),
        ("/execution/ID/localVariables", &b.order, &c.order),
        ("/process-definition/ID/xml", &b.order_definition, &c.order_definition),
        ("/deployment/ID/resources", &b.deployment, &c.deployment),
    ] {
        let ask = async |id: &str| {
            many.stage.recorder.forget();
            let reply = many.app.get(&path.replace("ID", id)).await;
            let text = reply.text().replace(id, "ID");
            (reply.status, text, many.stage.recorder.seen().len())
        };
        let (status, _, requests) = ask(own).await;
        assert_eq!((status / 100, requests), (2, if path == "/task/ID" { 1 } else { 2 }), "{path}");
        let missing = ask("0b7c9a1e-0c5f-11f0-9d0e-0242ac120002").await;
        assert_eq!(ask(foreign).await, missing, "{path}");
        assert!(missing.2 <= 3, "{path}: {} requests", missing.2);
    }
    // Writes by id, and several ids at once.
    let none = json!({"variables": {}});
    many.app.post(&format!("/task/{}/complete", b.errand), none).await.status(204);
    let claim = json!({"userId": "x"});
    let missing = many.app.post("/task/never/claim", claim.clone()).await.text().replace("never", "ID");
    let foreign = many.app.post(&format!("/task/{}/claim", c.review), claim).await;
    assert_eq!(foreign.text().replace(&c.review, "ID"), missing);
}

#[tokio::test]
async fn work_and_what_is_counted() {
    let many = Many::start().await;
    let (a, b, c) = (&many.world.a, &many.world.b, &many.other);
    let statistics = many.app.get("/process-definition/statistics?failedJobs=true&incidents=true").await.ok();
    c.not_in(&statistics);
    let definitions: BTreeSet<String> = statistics.ids().into_iter().collect();
    let truth: BTreeSet<String> = many.truth("/process-definition").await.ids().into_iter().collect();
    assert_eq!(definitions, truth);
    let shown = statistics.json();
    let shown = shown.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
    assert!(shown.is_sorted());
    let report = many.app.get("/history/task/report?reportType=count&groupBy=taskName").await.ok();
    c.not_in(&report);
    let of = |side: &Side| report.text().contains(&side.tenant);
    assert!(of(a) && of(b));
    let topics = many.app.get("/external-task/topic-names").await.ok();
    assert_eq!(
        topics.json(),
        many.stage.client(&b.tenant).get("/external-task/topic-names").await.ok().json()
    );
    // Locked is what is granted.
    many.stage.recorder.forget();
    let topic =
        many.world.engine.get(&format!("/external-task/{}", b.ship)).await.ok().json()["topicName"].clone();
    let fetch =
        json!({"workerId": "w", "maxTasks": 100, "topics": [{"topicName": topic, "lockDuration": 1000}]});
    let locked: BTreeSet<String> =
        many.app.post("/external-task/fetchAndLock", fetch).await.ok().ids().into_iter().collect();
    assert!(locked.contains(&a.ship) && locked.contains(&b.ship) && !locked.contains(&c.ship), "{locked:?}");
    assert_eq!(
        many.stage.recorder.only().json()["topics"][0]["tenantIdIn"].as_array().unwrap().len(),
        GRANTED + 1
    );
    // By key: the own one's, or the only one's.
    many.stage.recorder.forget();
    let own = many.app.get("/process-definition/key/order").await.ok().json();
    assert_eq!(own["tenantId"], json!(a.tenant));
    assert_eq!(many.stage.recorder.seen().len(), 2);
    many.stage.recorder.forget();
    many.app.get("/process-definition/key/nobodys").await.status(404);
    assert!(many.stage.recorder.seen().len() < 6);
}

#[tokio::test]
async fn explain_shows_what_is_sent() {
    let many = Many::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (token, config) = (file("token", &many.token), file("config.yaml", YAML));
    for path in ["/incident", "/incident/count", "/task?active=true&maxResults=3"] {
        many.stage.recorder.forget();
        many.app.get(path).await.ok();
        let sent: Vec<_> = many
            .stage
            .recorder
            .seen()
            .iter()
            .map(|seen| {
                let query = seen.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
                (format!("{}{query}", seen.line()), seen.text())
            })
            .collect();
        let url = many.stage.recorder.url();
        let target = format!("/engine-rest{path}");
        let told = Command::new(binary())
            .env_clear()
            .args(["explain", "GET", &target, "--token", &token, "--config", &config, "--engine-url", &url])
            .args(["--issuer", issuer().issuer(), "--audience", AUDIENCE])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
        let mut lines: Vec<(String, String)> = Vec::new();
        for line in told.lines() {
            if let Some(line) = line.strip_prefix("to engine") {
                lines.push((line.trim().to_owned(), String::new()));
            } else if let (Some(body), Some((_, last))) = (line.strip_prefix("body"), lines.last_mut()) {
                *last = body.trim().to_owned();
            }
        }
        assert_eq!(lines, sent, "{told}");
    }
}

/// For every parameter of every list that has a twin: what the engine answers to it by GET is what the gateway answers
/// where it asks by POST.
#[tokio::test]
async fn a_twin_says_what_the_list_says() {
    let many = Many::start().await;
    let (mut compared, mut told, mut faults) = (0, 0, Vec::new());
    for (list, parameters) in twins() {
        let truth = many.truth(list).await.json();
        let all = truth.as_array().unwrap();
        for parameter in parameters.split(',') {
            let (name, kind) = parameter.split_once(':').unwrap();
            // What the gateway decides about itself.
            let own = ["tenantIdIn", "withoutTenantId", "orQueries", "sortOrder"].contains(&name);
            if own
                || name.ends_with("Expression")
                || name.starts_with("include") && name.ends_with("TenantId")
            {
                continue;
            }
            for value in values(name, kind, all) {
                let path = format!("{list}?{name}={value}");
                many.stage.recorder.forget();
                let (ours, engines) = (many.app.get(&path).await, many.truth(&path).await);
                let method = many.stage.recorder.only().method;
                let alike = match engines.status {
                    200 => ours.status == 200 && rows(&ours) == rows(&engines),
                    other => ours.status == other,
                };
                if !alike || method != "POST" {
                    faults.push(format!("{method} {path}: {ours}\n    instead of {engines}"));
                }
                compared += 1;
                told +=
                    usize::from(engines.status == 200 && engines.json() != truth && engines.text() != "[]");
            }
        }
    }
    assert!(faults.is_empty(), "{} of {compared}:\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 500 && told > 50, "{told} of {compared} narrowed to something");
}

/// Values of a parameter, of which some match rows.
fn values(name: &str, kind: &str, rows: &[Value]) -> Vec<String> {
    let field = |name: &str| rows.iter().find_map(|row| row[name].as_str().map(str::to_owned));
    let plain = ["In", "Ids", "Like", "Not"].iter().fold(name, |name, end| name.trim_end_matches(end));
    let without_type =
        plain.strip_prefix("task").map(|rest| rest[..1].to_lowercase() + &rest[1..]).unwrap_or_default();
    let id = name.to_lowercase().ends_with("id").then(|| field("id")).flatten();
    let found = field(plain).or_else(|| field(&without_type)).or(id).or_else(|| field("id"));
    let one = found.unwrap_or_else(|| "x".to_owned());
    let mut values = match kind {
        "String" if name == "sortBy" => {
            let by = |by: &str, order: &str| format!("{by}&sortOrder={order}");
            return vec![
                by("tenantId", "desc"),
                by("tenantId", "asc"),
                by("nonsense", "asc"),
                by("tenantId", "up"),
            ];
        }
        "String" => vec![one, "x%25_y, z".to_owned(), String::new(), "true".to_owned(), "7".to_owned()],
        "Date" => {
            let time = |year: &str| format!("{year}-01-02T03:04:05.006%2B0100");
            vec![time("2020"), time("2050"), "nonsense".to_owned(), "2020-01-02T03:04:05".to_owned()]
        }
        "Boolean" => vec!["true".to_owned(), "false".to_owned()],
        "Integer" | "Long" => vec!["0".to_owned(), "50".to_owned(), "-3".to_owned()],
        "StringList" | "StringArray" | "StringSet" => {
            vec![one.clone(), format!("{one},x"), "x".to_owned(), "x, y".to_owned()]
        }
        "VariableList" => vec![
            "amount_eq_x".to_owned(),
            "amount_neq_x,parcel_like_M%25".to_owned(),
            "amount_odd_1".to_owned(),
        ],
        "ConditionList" => vec![
            "gt_2020-01-02T03:04:05.006%2B0100".to_owned(),
            "lt_2020-01-02T03:04:05.006%2B0100".to_owned(),
            "lt_x".to_owned(),
        ],
        other => panic!("{other}"),
    };
    values.dedup();
    values
}
