//! Own data answers as the engine does: a sample of the cases of `make parity`, and what they can't see.

use crate::harness;
use crate::stage::Stage;
use crate::support::recorder::Answer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sample_of_own_reads_and_writes_answers_as_the_engine_does() {
    let report = harness::some(97).await;
    report.print();
    report.assert();
}

#[tokio::test]
async fn an_answer_without_content_type_stays_so() {
    let stage = Stage::start().await;
    let app = stage.client("someone");
    // Allowed twin: what the engine does say stays as it is, without a charset.
    let typed = b"HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let bare = b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n";
    let untyped = b"HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    for (answer, status, expected) in
        [(&typed[..], 200, Some("application/json")), (&bare[..], 204, None), (&untyped[..], 200, None)]
    {
        stage.recorder.script(move |_| Answer::Raw(answer.to_vec()));
        let reply = app.get("/history/cleanup/configuration").await.status(status);
        assert_eq!(reply.header("content-type"), expected, "{reply}");
        assert_eq!(reply.body.is_empty(), status == 204, "{reply}");
    }
}
