//! TLS towards the engine: whom the gateway trusts, what it presents, and that nothing else changes by it. The real engine
//! stands behind a forwarder that ends TLS; the certificates are in tests/support/tls/engine, and nowhere else of use.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::{binary, issuer, plan};
use crate::support::api::Api;
use crate::support::forwarder::{Forwarder, Terms, first, pem};
use crate::support::gateway::{Gateway, Plan};
use crate::support::issuer::AUDIENCE;
use crate::support::multipart::Form;
use crate::support::recorder::{Answer, Recorder};
use crate::support::world::World;
use crate::support::{engine, random};

/// The engine's section with these keys, which trusts its authority.
fn trusting(more: &str) -> String {
    format!("engine: {{ca_file: {}{more}}}\n", pem("engines").display())
}

/// The keys by which the gateway presents that certificate with that key.
fn presenting(certificate: &Path, key: &Path) -> String {
    format!(", client_certificate_file: {}, client_key_file: {}", certificate.display(), key.display())
}

fn presents(name: &str) -> String {
    presenting(&pem(name), &pem(&format!("{name}.key")))
}

/// A gateway of one worker, and a client of it; it need not be ready.
fn gateway(url: &str, yaml: &str) -> (Gateway, Api) {
    let plan = plan(url).config(yaml).env("TENANTGATE_LIMITS__WORKERS", "1");
    let gateway = plan.launch().unwrap();
    let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
    (gateway, app)
}

/// It serves, and is ready.
async fn works(gateway: &Gateway, app: &Api, what: &str) {
    let reply = app.get("/task").await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "[]"), "{what}: {reply}\n{}", gateway.log());
    gateway.ready().await;
}

/// It refuses, is not ready, and says why.
async fn refuses(gateway: &Gateway, app: &Api, what: &str, why: &str) {
    let reply = app.get("/task").await;
    assert_eq!((reply.status, reply.refusal().as_deref()), (502, Some("TG502-ENGINE")), "{what}: {reply}");
    let readiness = gateway.readiness(503).await.status(503);
    assert!(readiness.text().contains(why) && gateway.log().contains(why), "{what}: {readiness}");
}

#[tokio::test]
async fn the_engine_is_who_its_certificate_says_by_an_authority_that_is_trusted() {
    let (own, others) = (trusting(""), format!("engine: {{ca_file: {}}}\n", pem("strangers").display()));
    let (unknown, not_valid) = ("UnknownIssuer", "not valid for name");
    for (what, yaml, certificate, host, fault) in [
        ("its authority", own.as_str(), "engine", "127.0.0.1", None),
        ("no authority", "", "engine", "127.0.0.1", Some(unknown)),
        ("another authority", others.as_str(), "engine", "127.0.0.1", Some(unknown)),
        ("another address", own.as_str(), "elsewhere", "127.0.0.1", Some(not_valid)),
        ("its name", own.as_str(), "engine", "localhost", None),
        ("another name", own.as_str(), "elsewhere", "localhost", Some(not_valid)),
    ] {
        let recorder = Recorder::before(&engine::url());
        let forwarder = Forwarder::before(&recorder.url(), Terms { certificate, ..Terms::default() });
        let (gateway, app) = gateway(&forwarder.url(host), yaml);
        match fault {
            None => works(&gateway, &app, what).await,
            Some(why) => {
                refuses(&gateway, &app, what, why).await;
                assert!(
                    recorder.all().is_empty() && forwarder.handshakes() == 0,
                    "{what}: {:?}",
                    recorder.all()
                );
            }
        }
    }
}

#[tokio::test]
async fn an_engine_that_asks_for_a_certificate_gets_the_gateway_s() {
    // A leaf without what leads to its authority.
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("alone.pem");
    let chain = std::fs::read_to_string(pem("chained")).unwrap();
    std::fs::write(&alone, chain.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap()).unwrap();
    let alone = presenting(&alone, &pem("chained.key"));

    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (what, keys, shown, fault) in [
            ("its authority's", presents("gateway"), "gateway", None),
            ("one with a chain", presents("chained"), "chained", None),
            ("the same without its chain", alone.clone(), "", Some("UnknownCA")),
            ("none", String::new(), "", Some("CertificateRequired")),
            ("another authority's", presents("stranger"), "", Some("UnknownCA")),
        ] {
            let recorder = Recorder::before(&engine::url());
            let terms = Terms { clients: Some("gateways"), version: Some(version), ..Terms::default() };
            let forwarder = Forwarder::before(&recorder.url(), terms);
            let (gateway, app) = gateway(&forwarder.url("127.0.0.1"), &trusting(&keys));
            let what = format!("{what}, {version:?}");
            match fault {
                None => {
                    works(&gateway, &app, &what).await;
                    assert!(forwarder.shown().iter().all(|one| *one == Some(first(shown))), "{what}");
                }
                Some(why) => {
                    refuses(&gateway, &app, &what, why).await;
                    assert!(
                        recorder.all().is_empty() && forwarder.failed() > 0,
                        "{what}: {:?}",
                        recorder.all()
                    );
                }
            }
        }
    }
    // Who does not ask gets none.
    let forwarder = Forwarder::before(&engine::url(), Terms::default());
    let (gateway, app) = gateway(&forwarder.url("127.0.0.1"), &trusting(&presents("gateway")));
    works(&gateway, &app, "not asked").await;
    assert!(forwarder.handshakes() > 0 && forwarder.shown().iter().all(Option::is_none));
}

#[tokio::test]
async fn a_changed_certificate_is_presented_without_a_restart_and_one_that_the_engine_refuses_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let put = |name: &str| {
        std::fs::copy(pem(name), &certificate).unwrap();
        std::fs::copy(pem(&format!("{name}.key")), &key).unwrap();
    };
    put("gateway");
    let forwarder =
        Forwarder::before(&engine::url(), Terms { clients: Some("gateways"), ..Terms::default() });
    let (gateway, app) = gateway(&forwarder.url("127.0.0.1"), &trusting(&presenting(&certificate, &key)));
    works(&gateway, &app, "at first").await;
    assert_eq!(forwarder.shown().last().unwrap(), &Some(first("gateway")));
    let read = async |result: &str, times: usize| {
        let patience = Instant::now() + Duration::from_secs(30);
        let line = format!("tenantgate_configuration_reloads_total{{result=\"{result}\"}} {times}\n");
        while !gateway.admin().get("/metrics").await.text().contains(&line) {
            assert!(Instant::now() < patience, "{line}: {}", gateway.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    put("renewed");
    read("taken", 1).await;
    let before = forwarder.handshakes();
    works(&gateway, &app, "renewed").await;
    let shown = forwarder.shown();
    assert!(shown.len() > before && shown[before..].iter().all(|one| *one == Some(first("renewed"))));

    for (what, refused) in [("stranger", 1), ("no certificate", 2)] {
        match what {
            "stranger" => put("stranger"),
            _ => std::fs::write(&certificate, "none").unwrap(),
        }
        read("refused", refused).await;
        works(&gateway, &app, what).await;
        assert_eq!(forwarder.shown().last().unwrap(), &Some(first("renewed")), "{what}");
    }
}

#[tokio::test]
async fn tenants_are_kept_apart_and_large_answers_and_deployments_go_through() {
    let forwarder =
        Forwarder::before(&engine::url(), Terms { clients: Some("gateways"), ..Terms::default() });
    let (gateway, _) = gateway(&forwarder.url("127.0.0.1"), &trusting(&presents("gateway")));
    gateway.ready().await;
    let World { a, b, engine } = World::seed().await;
    let client = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    for (own, other) in [(&a, &b), (&b, &a)] {
        let app = client(&own.tenant);
        for list in ["/task", "/process-instance", "/history/variable-instance", "/deployment"] {
            let reply = app.get(list).await.ok();
            other.not_in(&reply);
            assert!(!reply.ids().is_empty(), "{reply}");
        }
        own.is_in(&app.get("/task").await.ok());
        let missing = app.get(&format!("/task/{}", crate::support::missing_id())).await.status(404);
        let foreign = app.get(&format!("/task/{}", other.review)).await.status(404);
        assert_eq!(missing.json()["type"], foreign.json()["type"]);
    }

    // Five megabytes that no compression makes smaller, there and back.
    let large: Vec<u8> = (0..5 * 1024 * 1024 / 16).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
    let model = crate::support::world::order(&a.marker);
    let form = Form::deployment("large", None, &[("order.bpmn", &model), ("large.bin", &large)]);
    let app = client(&a.tenant);
    let deployment = app.form("/deployment/create", form).await.ok().id();
    let resources = app.get(&format!("/deployment/{deployment}/resources")).await.ok().json();
    let named = |one: &&Value| one["name"] == "large.bin";
    let resource = resources.as_array().unwrap().iter().find(named).unwrap()["id"].as_str().unwrap();
    let path = format!("/deployment/{deployment}/resources/{resource}/data");
    let chunked = engine.get(&path).await.ok();
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    for _ in 0..3 {
        assert!(app.get(&path).await.ok().body == large);
    }
    assert_ne!(client(&b.tenant).get(&path).await.status, 200);
    // And a long list, which is read and watched on its way.
    let value = "x".repeat(3900);
    let variables: serde_json::Map<String, Value> =
        (0..500).map(|n| (format!("v{n}"), json!({"value": format!("{n}{value}")}))).collect();
    let body = json!({"variables": variables});
    app.post(&format!("/process-definition/{}/start", a.order_definition), body).await.ok();
    let reply = app.get("/variable-instance?variableNameLike=v%25").await.ok();
    assert!(reply.body.len() > 2_000_000 && reply.json().as_array().unwrap().len() == 500, "{reply}");
    b.not_in(&reply);
}

#[tokio::test]
async fn a_handshake_serves_many_requests() {
    let twenty = async |engine: &str| {
        let forwarder = Forwarder::before(engine, Terms::default());
        let (gateway, app) = gateway(&forwarder.url("127.0.0.1"), &trusting(""));
        gateway.ready().await;
        let before = forwarder.handshakes();
        for _ in 0..20 {
            app.get("/task").await.ok();
        }
        forwarder.handshakes() - before
    };
    let needed = twenty(&engine::url()).await;
    assert!((1..5).contains(&needed), "{needed}");
    // The twin: an engine that takes one request for each connection.
    assert_eq!(twenty(&Recorder::before(&engine::url()).url()).await, 20);
}

#[tokio::test]
async fn an_answer_that_is_cut_is_not_taken_for_a_whole_one() {
    let head = "HTTP/1.1 200 \r\nContent-Type: application/json\r\nConnection: close\r\n";
    let plain = |length: &str, body: &str| format!("{head}{length}\r\n{body}");
    let long = format!("[{}", " ".repeat(300_000));
    let chunks = |end: &str| {
        let size = long.len();
        plain("Transfer-Encoding: chunked\r\n", &format!("{size:x}\r\n{long}\r\n1\r\n]\r\n{end}"))
    };
    for (what, answer, cut, told) in [
        // Only the end of TLS says that it is the end.
        ("no length", plain("", "[]"), false, true),
        ("no length, long", plain("", &format!("{long}]")), false, true),
        ("all chunks", chunks("0\r\n\r\n"), true, true),
        ("no last chunk", chunks(""), false, false),
        ("a length", plain("Content-Length: 2\r\n", "[]"), true, true),
        ("less than its length", plain("Content-Length: 3\r\n", "[]"), false, false),
    ] {
        for (tells_the_end, whole) in [(false, cut), (true, told)] {
            let fake = Recorder::fake();
            let bytes = answer.clone();
            fake.script(move |_| Answer::Raw(bytes.clone().into()));
            let forwarder = Forwarder::before(&fake.url(), Terms { tells_the_end, ..Terms::default() });
            let (_gateway, app) = gateway(&forwarder.url("127.0.0.1"), &trusting(""));
            let reply = app.try_send(reqwest::Method::GET, "/task", &[], Vec::new()).await;
            // One that was begun before it broke off ends its connection.
            let taken = reply.as_ref().is_ok_and(|reply| reply.status == 200);
            assert_eq!(taken, whole, "{what}, close_notify {tells_the_end}: {reply:?}");
            if let Ok(reply) = reply.as_ref() {
                assert!(taken || reply.refusal().as_deref() == Some("TG502-ANSWER"), "{what}: {reply}");
                assert!(!taken || reply.json() == json!([]), "{what}: {reply}");
            }
        }
    }
}

#[tokio::test]
async fn an_address_that_never_ends_a_handshake_is_left_for_another() {
    // The system takes its connections; nobody reads them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = (format!("'https://{}/engine-rest'", silent.local_addr().unwrap()), silent);
    let forwarder = Forwarder::before(&engine::url(), Terms::default());
    let start = |urls: &str| {
        let yaml = format!(
            "issuers: [{{issuer: '{}', audiences: ['{AUDIENCE}']}}]\nlimits: {{workers: 1}}\n{}",
            issuer().issuer(),
            trusting(&format!(", urls: [{urls}], connect_timeout: 400ms"))
        );
        let gateway = Plan::bare(binary()).config(&yaml).launch().unwrap();
        let app = gateway.api().with_token(&issuer().token(&format!("t{}", random())));
        (gateway, app)
    };
    let (gateway, app) = start(&silent.0);
    let began = Instant::now();
    // Nothing was sent, so even a write may come again.
    let reply = app.post("/task/create", json!({"name": "x"})).await.refused(502, "TG502-ENGINE");
    assert_eq!(reply.header("retry-after"), Some("1"), "{}", gateway.log());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // The twin: another address takes it.
    let (gateway, app) = start(&format!("{}, '{}'", silent.0, forwarder.url("127.0.0.1")));
    for _ in 0..4 {
        app.post("/task/create", json!({"name": "x"})).await.ok();
    }
    assert!(gateway.log().contains("is left out"), "{}", gateway.log());
}
