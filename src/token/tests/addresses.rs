//! Where keys may come from: discovery, and TLS with an authority of one's own.

use serde_json::json;

use super::support::*;
use crate::refusal::Kind;
use crate::token::Cause;

#[tokio::test]
async fn discovery_names_the_keys_of_this_very_issuer() {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let name = format!("{}/realm", server.address);
    let path = "/realm/.well-known/openid-configuration";
    let mut settings = issuer(&name, String::new());
    settings.discovery = true;
    let cases = [
        ("right", json!({ "issuer": name, "jwks_uri": server.jwks_url() }), Ok("app-one".into())),
        (
            "another issuer",
            json!({ "issuer": "https://evil.example", "jwks_uri": server.jwks_url() }),
            Err(()),
        ),
        ("a slash more", json!({ "issuer": format!("{name}/"), "jwks_uri": server.jwks_url() }), Err(())),
        ("no issuer", json!({ "jwks_uri": server.jwks_url() }), Err(())),
        ("no keys", json!({ "issuer": name }), Err(())),
        ("plain http", json!({ "issuer": name, "jwks_uri": "http://issuer.example/k" }), Err(())),
        ("a file", json!({ "issuer": name, "jwks_uri": "file:///etc/passwd" }), Err(())),
    ];
    for (case, document, expected) in cases {
        server.does(path, Does::json(&document));
        let tokens = tokens(&[settings.clone()], &fast());
        let found = user(&tokens, &pair.sign(&claims(&name))).await;
        assert_eq!(found, expected.map_err(|()| Kind::KeysUnavailable), "{case}");
        assert_eq!(failed(&tokens, Cause::Discovery), u64::from(found.is_err()), "{case}");
    }
}

/// Serves a key set over TLS, on a thread of its own.
fn serve_tls(body: &serde_json::Value) -> u16 {
    use rustls::pki_types::pem::PemObject;
    use std::io::{Read, Write};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/");
    let certificate = rustls::pki_types::CertificateDer::from_pem_file(format!("{folder}server.pem"));
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(format!("{folder}server.key"));
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocols")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"))
        .expect("a configuration");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let body = body.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = rustls::ServerConnection::new(config.clone()).expect("a session");
            let mut stream = rustls::StreamOwned::new(session, stream);
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            if stream.read(&mut [0; 4096]).is_ok() {
                drop(stream.write_all((head + &body).as_bytes()));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    port
}

#[tokio::test]
async fn https_needs_an_authority_that_is_trusted() {
    let pair = Pair::rsa_a("k");
    let port = serve_tls(&json!({ "keys": [pair.public()] }));
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.pem");
    for (name, host, ca_file, expected) in [
        ("trusted", "localhost", Some(authority.into()), Ok("app-one".to_owned())),
        ("not trusted", "localhost", None, Err(Kind::KeysUnavailable)),
        ("another name", "127.0.0.2", Some(authority.into()), Err(Kind::KeysUnavailable)),
    ] {
        let mut settings = issuer("https://issuer.example/", format!("https://{host}:{port}/jwks"));
        settings.ca_file = ca_file;
        let tokens = tokens(&[settings], &fast());
        let found = user(&tokens, &pair.sign(&claims("https://issuer.example/"))).await;
        assert_eq!(found, expected, "{name}");
    }
}
