//! TLS on the public listener: HTTP/1.1 inside it, certificates of clients, and new ones while it runs. The certificates of
//! these tests are in tests/support/tls, and nowhere else of use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::isolation::until;
use crate::stage::{issuer, plan};
use crate::support::engine::project;
use crate::support::gateway::Gateway;
use crate::support::recorder::{Answer, Recorder};

fn file(name: &str) -> PathBuf {
    project().join("tests/support/tls").join(name)
}

/// A client that trusts this certificate, shows its own or none, and speaks these protocols.
fn client(trusts: &str, shows: bool, protocols: &[&str]) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(trusts)).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = if shows {
        let chain = vec![CertificateDer::from_pem_file(file("client.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(file("client.key.pem")).unwrap();
        builder.with_client_auth_cert(chain, key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// The whole answer to one request; none where there is no handshake.
async fn ask(gateway: &Gateway, client: &TlsConnector) -> Option<String> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut stream = client.connect("localhost".try_into().unwrap(), stream).await.ok()?;
    let token = issuer().token("someone");
    let request = format!(
        "GET /engine-rest/task HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    // Without a certificate that is asked for, the first read tells.
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

fn served(answer: Option<String>) -> bool {
    answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n[]"))
}

async fn gateway(folder: &Path, more: &str) -> (Recorder, Gateway) {
    let recorder = Recorder::fake();
    recorder.script(|_| Answer::Json(200, "[]".into()));
    let folder = folder.display();
    let yaml = format!("tls: {{certificate_file: {folder}/c.pem, key_file: {folder}/k.pem{more}}}\n");
    let gateway = plan(&recorder.url()).config(&yaml).start().await;
    (recorder, gateway)
}

fn put(folder: &Path, name: &str, from: &str) {
    std::fs::copy(file(from), folder.join(name)).unwrap();
}

#[tokio::test]
async fn http_1_1_is_spoken_inside_tls_and_new_certificates_are_taken_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "c.pem", "one.pem");
    put(folder, "k.pem", "one.key.pem");
    let (_recorder, gateway) = gateway(folder, "").await;
    let (one, two) = (client("one.pem", false, &["h2", "http/1.1"]), client("two.pem", false, &[]));
    assert!(served(ask(&gateway, &one).await));
    assert!(!served(ask(&gateway, &two).await));
    assert!(
        !served(ask(&gateway, &client("one.pem", false, &["h2"])).await),
        "a protocol that nobody speaks"
    );
    let mut plain = TcpStream::connect(gateway.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "an answer in plain text");

    // A certificate without its key: the old ones stay.
    put(folder, "c.pem", "two.pem");
    let reads = async |result: &str| {
        let patience = Instant::now() + Duration::from_secs(20);
        let line = format!("tenantgate_configuration_reloads_total{{result=\"{result}\"}} 1");
        while !gateway.admin().get("/metrics").await.text().contains(&line) {
            assert!(Instant::now() < patience, "{line}: {}", gateway.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    reads("refused").await;
    assert!(served(ask(&gateway, &one).await));
    assert!(gateway.log().contains("the old one stays in force"), "{}", gateway.log());
    put(folder, "k.pem", "two.key.pem");
    reads("taken").await;
    assert!(served(ask(&gateway, &two).await));
    assert!(!served(ask(&gateway, &one).await));
}

#[tokio::test]
async fn clients_show_a_certificate_where_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "c.pem", "one.pem");
    put(folder, "k.pem", "one.key.pem");
    let (recorder, gateway) =
        gateway(folder, &format!(", client_ca_file: {}", file("ca.pem").display())).await;
    recorder.forget();
    assert!(!served(ask(&gateway, &client("one.pem", false, &[])).await));
    recorder.nothing();
    assert!(served(ask(&gateway, &client("one.pem", true, &[])).await));
}

#[tokio::test]
async fn handshakes_that_fail_are_counted_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "c.pem", "one.pem");
    put(folder, "k.pem", "one.key.pem");
    let (_recorder, gateway) =
        gateway(folder, &format!(", client_ca_file: {}", file("ca.pem").display())).await;
    let failed = async || {
        let figures = gateway.admin().get("/metrics").await.ok().text();
        let name = "\ntenantgate_tls_handshakes_failed_total ";
        figures.split_once(name).unwrap().1.lines().next().unwrap().to_owned()
    };
    assert_eq!(failed().await, "0");
    // A look whether the port is open, with and without waiting.
    drop(TcpStream::connect(gateway.address).await.unwrap());
    let mut looks = TcpStream::connect(gateway.address).await.unwrap();
    looks.shutdown().await.unwrap();
    assert_eq!(looks.read(&mut [0]).await.unwrap(), 0);
    assert!(served(ask(&gateway, &client("one.pem", true, &[])).await));
    assert_eq!(failed().await, "0");
    for (what, count) in [("not trusted", "1"), ("no certificate", "2"), ("no TLS", "3"), ("half", "4")] {
        match what {
            "not trusted" => assert!(!served(ask(&gateway, &client("two.pem", true, &[])).await)),
            "no certificate" => assert!(!served(ask(&gateway, &client("one.pem", false, &[])).await)),
            "no TLS" => {
                let mut plain = TcpStream::connect(gateway.address).await.unwrap();
                plain.write_all(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n").await.unwrap();
                let _ = plain.read_to_end(&mut Vec::new()).await;
            }
            // The first bytes of a ClientHello, and then no more.
            _ => {
                let mut half = TcpStream::connect(gateway.address).await.unwrap();
                half.write_all(&[22, 3, 1, 2]).await.unwrap();
                let _ = half.read(&mut [0]).await;
            }
        }
        // It may end a moment after its client knows.
        until(what, async || failed().await == count).await;
    }
    assert!(served(ask(&gateway, &client("one.pem", true, &[])).await));
    assert_eq!(failed().await, "4");
}

#[tokio::test]
async fn files_that_do_not_belong_together_stop_the_start() {
    let start = |tls: String| plan("http://127.0.0.1:1/engine-rest").config(&tls).finish();
    let path = |name: &str| file(name).display().to_string();
    for (certificate, key, code) in [
        ("one.pem", "two.key.pem", "invalid-certificate"),
        ("one.key.pem", "one.key.pem", "invalid-certificate"),
        ("one.pem", "one.pem", "invalid-certificate"),
        ("one.pem", "none.pem", "unreadable-file"),
    ] {
        let (exit, log) =
            start(format!("tls: {{certificate_file: {}, key_file: {}}}\n", path(certificate), path(key)));
        assert!(exit == Some(3) && log.contains(code), "{certificate}, {key}: {exit:?}: {log}");
    }
    let (exit, log) = start(format!("tls: {{certificate_file: {}}}\n", path("one.pem")));
    assert!(exit == Some(3) && log.contains("incomplete-tls"), "{exit:?}: {log}");
}
