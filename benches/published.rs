//! Tokens of an issuer that publishes keys of the benchmark's own.

use std::io::{Read, Write};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tenantgate::config;
use tenantgate::token::Tokens;

use crate::support::issuer::AUDIENCE;

/// The issuer's name.
pub const ISSUER: &str = "https://issuer.example/";

/// Serves the key set to whoever asks; its address.
fn publish(keys: &Value) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    let body = keys.to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

fn settings(jwks_url: String) -> config::Issuer {
    config::Issuer {
        issuer: ISSUER.into(),
        audiences: vec![AUDIENCE.into()],
        audience_optional: false,
        jwks_url,
        discovery: false,
        algorithms: vec![Algorithm::RS256, Algorithm::ES256],
        leeway: Duration::from_secs(30),
        client_id_claims: vec!["azp".into()],
        application_tokens_only: true,
        people: None,
        required_claims: Vec::new(),
        ca_file: None,
        allow_http: false,
    }
}

/// Ready to verify what these keys signed.
pub fn tokens(
    runtime: &tokio::runtime::Runtime,
    keys: Vec<Value>,
    settings_of_keys: &config::Keys,
) -> Tokens {
    let issuers = [settings(publish(&json!({ "keys": keys })))];
    let (tenancy, permissions) = (config::Tenancy::default(), config::Permissions::default());
    let tokens = Tokens::new(&issuers, settings_of_keys, &tenancy, &permissions, 8192).unwrap();
    runtime.block_on(async {
        tokens.start();
        while tokens.ready().is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    tokens
}
