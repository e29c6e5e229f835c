//! What the tests share: keys, tokens, and an issuer that misbehaves on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::config;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Caller;
use crate::token::keys::install_provider;
use crate::token::{Cause, Tokens};

/// The audience of all test tokens.
pub(super) const AUDIENCE: &str = "https://camunda.example.com/engine-rest";

/// A key pair with its name.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    secret: EncodingKey,
}

macro_rules! key_file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/", $name))
    };
}

impl Pair {
    pub(super) fn rsa_a(kid: &str) -> Self {
        Self::new(kid, Algorithm::RS256, EncodingKey::from_rsa_der(key_file!("rsa2048-a.der")))
    }
    pub(super) fn rsa_b(kid: &str) -> Self {
        Self::new(kid, Algorithm::RS256, EncodingKey::from_rsa_der(key_file!("rsa2048-b.der")))
    }
    pub(super) fn p256(kid: &str) -> Self {
        Self::new(kid, Algorithm::ES256, EncodingKey::from_ec_der(key_file!("p256.der")))
    }
    pub(super) fn p384(kid: &str) -> Self {
        Self::new(kid, Algorithm::ES384, EncodingKey::from_ec_der(key_file!("p384.der")))
    }
    pub(super) fn ed25519(kid: &str) -> Self {
        Self::new(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(key_file!("ed25519.der")))
    }
    fn new(kid: &str, algorithm: Algorithm, secret: EncodingKey) -> Self {
        // Before the first signature, which would install the stock one.
        assert!(install_provider());
        Self { kid: kid.into(), algorithm, secret }
    }
    pub(super) fn with(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The public half as an issuer shows it.
    pub(super) fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.secret, self.algorithm).expect("a key");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    pub(super) fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.kid, "typ": "JWT" })
    }

    /// A token of these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_text(&self.header().to_string(), &claims.to_string())
    }

    /// A token of exactly these texts; the signature is always this key's and algorithm's.
    pub(super) fn sign_text(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims)))
    }

    /// A token of exactly these first two parts.
    pub(super) fn sign_parts(&self, signed: &str) -> String {
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.secret, self.algorithm);
        format!("{signed}.{}", signature.expect("signed"))
    }
}

/// The public half of a key that is too short.
pub(super) fn rsa_1024(kid: &str) -> Value {
    let mut jwk: Value = serde_json::from_slice(key_file!("rsa1024.public.json")).expect("JSON");
    jwk["kid"] = json!(kid);
    jwk
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).expect("a time")
}

/// Claims of an application's token that is good for an hour.
pub(super) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "azp": "app-one", "sub": "app-one@clients",
        "gty": "client-credentials", "iat": now(), "exp": now() + 3600,
    })
}

/// Settings as they are without any configuration.
pub(super) fn issuer(name: &str, jwks_url: String) -> config::Issuer {
    config::Issuer {
        issuer: name.into(),
        audiences: vec![AUDIENCE.into()],
        audience_optional: false,
        jwks_url,
        discovery: false,
        algorithms: vec![Algorithm::RS256],
        leeway: Duration::from_secs(30),
        client_id_claims: vec!["azp".into(), "client_id".into()],
        application_tokens_only: true,
        people: None,
        required_claims: Vec::new(),
        ca_file: None,
        allow_http: false,
    }
}

/// Settings that let a test see everything within a second.
pub(super) fn fast() -> config::Keys {
    config::Keys {
        renew_every: Duration::from_secs(3600),
        timeout: Duration::from_millis(500),
        cooldown: Duration::from_secs(3600),
        ..config::Keys::default()
    }
}

/// Tokens of these issuers, started.
pub(super) fn tokens(issuers: &[config::Issuer], keys: &config::Keys) -> Tokens {
    let tokens =
        Tokens::new(issuers, keys, &config::Tenancy::default(), &config::Permissions::default(), 8192)
            .expect("settings");
    tokens.start();
    tokens
}

/// What becomes of a token.
pub(super) async fn outcome(tokens: &Tokens, token: &str) -> Result<Caller, Refusal> {
    let value = format!("Bearer {token}");
    tokens.caller(&[value.as_bytes()]).await
}

/// The user that a token proves, or the refusal's kind.
pub(super) async fn user(tokens: &Tokens, token: &str) -> Result<String, Kind> {
    outcome(tokens, token).await.map(|c| c.user().to_owned()).map_err(|r| r.kind())
}

/// Failed fetches of the first issuer, by cause.
pub(super) fn failed(tokens: &Tokens, cause: Cause) -> u64 {
    let stats = tokens.stats();
    stats.issuers[0].fetches_failed.iter().find(|(c, _)| *c == cause).expect("a cause").1
}

/// Waits until something holds; a second at most.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// What the issuer does when asked.
#[derive(Clone)]
pub(super) enum Does {
    Answer(u16, &'static str, Vec<u8>),
    Hang,
    /// Answers well, a moment later.
    Late(Vec<u8>),
    Drip,
    Close,
    /// Says a large length, sends a little, closes.
    Truncate,
    /// Sends without end.
    Flood,
}

impl Does {
    pub(super) fn keys(pairs: &[&Pair]) -> Self {
        let keys: Vec<_> = pairs.iter().map(|p| p.public()).collect();
        Self::json(&json!({ "keys": keys }))
    }
    pub(super) fn json(value: &Value) -> Self {
        Self::Answer(200, "content-type: application/json\r\n", value.to_string().into_bytes())
    }
}

/// An issuer on a port of its own.
#[derive(Clone)]
pub(super) struct Misbehaving {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
}

struct State {
    does: HashMap<String, Does>,
    hits: HashMap<String, usize>,
}

impl Misbehaving {
    pub(super) async fn new(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let does = HashMap::from([("/jwks".to_owned(), does)]);
        let state = Arc::new(Mutex::new(State { does, hits: HashMap::new() }));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state }
    }
    pub(super) fn jwks_url(&self) -> String {
        format!("{}/jwks", self.address)
    }
    /// Settings for this issuer.
    pub(super) fn settings(&self) -> config::Issuer {
        issuer("https://issuer.example/", self.jwks_url())
    }
    pub(super) fn does(&self, path: &str, does: Does) {
        self.state.lock().expect("state").does.insert(path.into(), does);
    }
    pub(super) fn hits(&self, path: &str) -> usize {
        self.state.lock().expect("state").hits.get(path).copied().unwrap_or(0)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let does = {
        let mut state = state.lock().expect("state");
        *state.hits.entry(path.clone()).or_default() += 1;
        state.does.get(&path).cloned().unwrap_or(Does::Answer(404, "", Vec::new()))
    };
    let start = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    match does {
        Does::Answer(status, headers, body) => {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
                body.len()
            );
            drop(stream.write_all(&[head.as_bytes(), &body].concat()).await);
        }
        Does::Late(body) => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(stream.write_all(&[start(body.len()).as_bytes(), &body].concat()).await);
        }
        Does::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
        Does::Drip => {
            drop(stream.write_all(start(100_000).as_bytes()).await);
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Does::Close => {}
        Does::Truncate => drop(stream.write_all((start(100_000) + "{\"keys\":[").as_bytes()).await),
        Does::Flood => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
            let much = vec![b' '; 65536];
            while stream.write_all(&much).await.is_ok() {}
        }
    }
}

/// Settings as an operator writes them.
pub(super) fn written(yaml: &str) -> config::Settings {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tenantgate.yaml");
    let head = "engine: { url: http://camunda:8080/engine-rest }\n\
        issuers: [{ issuer: https://issuer.example/, audiences: [a] }]\n";
    std::fs::write(&file, format!("{head}{yaml}")).expect("a file");
    let args = config::GatherArgs { config: Some(file), ..config::GatherArgs::default() };
    let gathered = config::gather(&args, std::iter::empty());
    gathered.settings.unwrap_or_else(|| panic!("{yaml}: {:?}", gathered.findings))
}
