//! Uploads hold a thread of the engine as long as their client sends: who sends too slowly is cut off, and all together leave
//! some threads to the others.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stage::{issuer, plan};
use crate::streams::{answer, engine, own_task, upload};
use crate::support::multipart::Form;
use crate::support::recorder::{Answer, Recorder};

const PATH: &str = "/task/own/attachment/create";
const SIZE: usize = 512 * 1024;

fn attaching(tenants: &'static [&'static str]) -> Recorder {
    let recorder = Recorder::fake();
    recorder.script(move |seen| {
        // Whose task it is depends on who asks: each has one of that id.
        let user = seen.header("x-camunda-tenants").first().copied().unwrap_or_default();
        let tenant = tenants.iter().find(|tenant| **tenant == user).copied().unwrap_or("nobody");
        own_task(seen, tenant).unwrap_or_else(|| Answer::Json(200, json!({"id": "a"}).to_string()))
    });
    recorder
}

fn status(reply: Option<crate::support::raw::Message>) -> Option<u16> {
    reply.and_then(|reply| reply.start.split(' ').nth(1)?.parse().ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_too_slow_is_cut_off_and_never_ends_at_the_engine() {
    for (least, expected) in [("1048576", 408), ("65536", 200)] {
        let recorder = attaching(&["slow"]);
        let gateway = plan(&recorder.url())
            .env("TENANTGATE_LIMITS__MIN_BODY_BYTES_PER_SECOND", least)
            .env("TENANTGATE_LIMITS__BODY_RATE_WINDOW", "1s")
            .start()
            .await;
        // 160 KiB a second, never a quarter of one without a byte.
        let slow = || upload(&gateway, "slow", PATH, SIZE, Duration::from_millis(400));
        assert_eq!(status(tokio::task::block_in_place(slow)), Some(expected), "at least {least}");
        let seen = recorder.seen();
        let attached = seen.iter().filter(|seen| seen.method == "POST" && seen.message.complete);
        let attached = attached.filter(|seen| seen.path.ends_with("/create")).count();
        assert_eq!(attached, usize::from(expected == 200), "at least {least}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_does_not_take_a_form_is_a_504() {
    for (wait, expected) in [(8000, 504), (0, 200)] {
        let (tell, told) = mpsc::channel();
        let address = engine(move |mut stream, head| {
            if !head.starts_with("POST ") || head.starts_with("POST /engine-rest/task ") {
                return answer(&mut stream, &json!([{"id": "own", "tenantId": "large"}]).to_string());
            }
            let _ = tell.send(());
            std::thread::sleep(Duration::from_millis(wait));
            let mut piece = vec![0; 1 << 20];
            let mut end = Vec::new();
            while let Ok(read @ 1..) = std::io::Read::read(&mut stream, &mut piece) {
                end.extend_from_slice(&piece[read.saturating_sub(64)..read]);
                if end.ends_with(b"--\r\n\r\n0\r\n\r\n") {
                    break;
                }
            }
            answer(&mut stream, &json!({"id": "a"}).to_string());
        });
        let gateway = plan(&format!("http://{address}/engine-rest"))
            .env("TENANTGATE_ENGINE__TIMEOUT", "1s")
            .start()
            .await;
        let began = Instant::now();
        // More than all buffers on the way hold.
        let large = || upload(&gateway, "large", PATH, 24 * 1024 * 1024, Duration::ZERO);
        assert_eq!(status(tokio::task::block_in_place(large)), Some(expected));
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        told.recv().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_tenants_uploads_together_are_bounded() {
    for (uploads, expected) in [("1", 503), ("2", 200)] {
        let recorder = attaching(&["one", "two"]);
        let gateway = plan(&recorder.url())
            .env("TENANTGATE_LIMITS__UPLOADS", uploads)
            .env("TENANTGATE_ENGINE__TIMEOUT", "1s")
            .start()
            .await;
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let slow = scope.spawn(|| upload(&gateway, "one", PATH, SIZE, Duration::from_millis(400)));
                std::thread::sleep(Duration::from_millis(500));
                let second = upload(&gateway, "two", PATH, 1024, Duration::ZERO);
                let told = second.as_ref().map(|reply| reply.all("retry-after").len());
                assert_eq!((status(second), told), (Some(expected), Some(usize::from(expected == 503))));
                assert_eq!(status(slow.join().unwrap()), Some(200));
            });
        });
        // Other requests were never in that line.
        gateway.api().with_token(&issuer().token("two")).get("/task").await.ok();
    }
}

/// A deployment whose model, near the largest that is taken, keeps the inspector busy for a while.
fn large_model(tasks: usize) -> Form {
    let tasks = r#"<userTask id="a" name="b"><documentation>c</documentation></userTask>"#.repeat(tasks);
    let model = format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p" isExecutable="true">{tasks}</process></definitions>"#
    );
    Form::new().field("deployment-name", "large").file("f", "large.bpmn", model.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_answers_others_while_a_large_model_is_inspected() {
    let recorder = Recorder::fake();
    recorder.script(|seen| match seen.path.as_str() {
        "/engine-rest/deployment/create" => {
            Answer::Json(200, json!({"id": "d", "name": "large", "tenantId": "models"}).to_string())
        }
        _ => Answer::Json(200, "[]".into()),
    });
    let gateway = plan(&recorder.url()).env("TENANTGATE_LIMITS__WORKERS", "1").start().await;
    let app = |tenant: &str| gateway.api().with_token(&issuer().token(tenant));
    let (deployer, reader) = (app("models"), app("reads"));
    reader.get("/task").await.ok();
    let began = Instant::now();
    let deployment =
        tokio::spawn(async move { deployer.form("/deployment/create", large_model(24_000)).await });
    let mut slowest = Duration::ZERO;
    let mut reads = 0;
    while !deployment.is_finished() {
        let one = Instant::now();
        reader.get("/task").await.ok();
        slowest = slowest.max(one.elapsed());
        reads += 1;
    }
    let took = began.elapsed();
    // The twin: the model was inspected, and deployed.
    deployment.await.unwrap().ok();
    assert!(reads > 10 && slowest < took / 3, "{reads} reads, the slowest {slowest:?} of {took:?}");
}
