//! An issuer for development, in the manner of Auth0: client credentials by form or JSON at `/oauth/token`, keys
//! at `/.well-known/jwks.json`; people sign in at `/authorize` (`people.rs`). It trusts whoever says the secret `demo`, so it is never part of the product.
//!
//! For tests it also signs any header and claims, with its own or another key.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::people::{Chosen, Client, People};

/// The secret of every client.
pub const SECRET: &str = "demo";
/// The audience of the tokens that [`Issuer::token`] makes.
pub const AUDIENCE: &str = "https://camunda.test/engine-rest";

/// An RSA key with its id.
#[derive(Clone)]
pub struct Key {
    /// The `kid`.
    pub kid: String,
    pair: Arc<KeyPair>,
}

impl Key {
    /// A new key of 2048 bits.
    pub fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        Self { kid: format!("key-{}", super::random()), pair: Arc::new(pair) }
    }

    /// The public half as a JSON Web Key (RFC 7517).
    pub fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
        let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e})
    }

    /// The public half as PEM (SubjectPublicKeyInfo).
    pub fn public_pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().expect("a public key");
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The header of an honest token.
    pub fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.kid})
    }

    /// A compact JWS of exactly this header and payload, signed with RS256 whatever the header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{text}.{}", BASE64.encode(signature))
    }
}

struct State {
    issuer: String,
    keys: Mutex<Vec<Key>>,
    jwks_fetches: AtomicUsize,
    people: People,
}

/// A running issuer; ends with its owner.
pub struct Issuer {
    state: Arc<State>,
    address: SocketAddr,
    server: actix_web::dev::ServerHandle,
}

impl Issuer {
    /// Starts one on a free port.
    pub fn start() -> Self {
        Self::start_at(0)
    }

    /// Starts one on that port.
    pub fn start_at(port: u16) -> Self {
        Self::start_on(std::net::TcpListener::bind(("127.0.0.1", port)).expect("a port for the issuer"), None)
    }

    /// Starts one on a listener, with that `iss` or its address.
    pub fn start_on(listener: std::net::TcpListener, issuer: Option<String>) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            issuer: issuer.unwrap_or_else(|| format!("http://{address}/")),
            keys: Mutex::new(vec![Key::generate()]),
            jwks_fetches: AtomicUsize::new(0),
            people: People::default(),
        });
        let data = web::Data::from(Arc::clone(&state));
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(data.clone())
                        .route("/oauth/token", web::post().to(token))
                        .route("/authorize", web::get().to(authorize))
                        .route("/authorize", web::post().to(chosen))
                        .route("/.well-known/jwks.json", web::get().to(jwks))
                        .route("/.well-known/openid-configuration", web::get().to(discovery))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { state, address, server: told.recv().expect("the issuer's server") }
    }

    /// The exact `iss` of its tokens: with a slash at its end, as Auth0's.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what a client gets besides tokens of its own name, as an operator does.
    pub fn register(&self, id: &str, client: Client) {
        self.state.people.register(id, client);
    }

    /// How often its keys were fetched.
    pub fn jwks_fetches(&self) -> usize {
        self.state.jwks_fetches.load(Ordering::SeqCst)
    }

    /// The key that signs now.
    pub fn key(&self) -> Key {
        self.state.keys.lock().unwrap().last().expect("a key").clone()
    }

    /// Adds a key that signs from now on; the old ones stay published.
    pub fn rotate(&self) -> Key {
        let key = Key::generate();
        self.state.keys.lock().unwrap().push(key.clone());
        key
    }

    /// Withdraws all keys but the newest.
    pub fn withdraw_old_keys(&self) {
        let mut keys = self.state.keys.lock().unwrap();
        let old = keys.len() - 1;
        keys.drain(..old);
    }

    /// The claims of an honest token for the default audience.
    pub fn claims(&self, client: &str) -> Value {
        claims(&self.state.issuer, client, AUDIENCE)
    }

    /// An honest token.
    pub fn token(&self, client: &str) -> String {
        self.token_with(client, |_, _| {})
    }

    /// A token whose header and claims were changed before signing.
    pub fn token_with(&self, client: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let key = self.key();
        let (mut header, mut claims) = (key.header(), self.claims(client));
        change(&mut header, &mut claims);
        key.sign(&header, &claims)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // The stop is told at once; the future only waits for it.
        drop(self.server.stop(false));
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn claims(issuer: &str, client: &str, audience: &str) -> Value {
    json!({
        "iss": issuer, "sub": format!("{client}@clients"), "aud": audience, "iat": now(), "exp": now() + 86_400,
        "azp": client, "gty": "client-credentials",
    })
}

async fn jwks(state: web::Data<State>) -> HttpResponse {
    state.jwks_fetches.fetch_add(1, Ordering::SeqCst);
    let keys: Vec<_> = state.keys.lock().unwrap().iter().map(Key::jwk).collect();
    HttpResponse::Ok().json(json!({"keys": keys}))
}

async fn discovery(state: web::Data<State>) -> HttpResponse {
    let issuer = &state.issuer;
    HttpResponse::Ok().json(json!({
        "issuer": issuer, "token_endpoint": format!("{issuer}oauth/token"),
        "authorization_endpoint": format!("{issuer}authorize"),
        "jwks_uri": format!("{issuer}.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn token(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let is_json = actix_web::HttpMessage::content_type(&request) == "application/json";
    let asked: Option<Value> = if is_json {
        serde_json::from_slice(&body).ok()
    } else {
        web::Query::<serde_json::Map<String, Value>>::from_query(&String::from_utf8_lossy(&body))
            .ok()
            .map(|form| Value::Object(form.into_inner()))
    };
    let asked = asked.unwrap_or_default();
    let field = |name: &str| asked[name].as_str().filter(|v| !v.is_empty());
    let no = |status: u16, error: &str, text: &str| {
        let status = actix_web::http::StatusCode::from_u16(status).unwrap();
        HttpResponse::build(status).json(json!({"error": error, "error_description": text}))
    };
    let (Some(client), Some(SECRET)) = (field("client_id"), field("client_secret")) else {
        return no(401, "access_denied", "Unauthorized");
    };
    let key = state.keys.lock().unwrap().last().expect("a key").clone();
    let given = |answer: &Value| HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(answer);
    match field("grant_type") {
        Some("client_credentials") => {
            let Some(audience) = field("audience") else {
                return no(403, "access_denied", "no audience parameter");
            };
            let mut claims = claims(&state.issuer, client, audience);
            let Client { scope, lives, .. } = state.people.client(client);
            if !scope.is_empty() {
                claims["scope"] = json!(scope);
            }
            if let Some(lives) = lives {
                claims["exp"] = json!(now() + lives);
            }
            let token = key.sign(&key.header(), &claims);
            // Said of all, as a client that is told another end never meets a token that ended.
            given(&json!({"access_token": token, "token_type": "Bearer", "expires_in": 86_400}))
        }
        Some("authorization_code") => {
            let part = |name: &str| field(name).unwrap_or_default();
            let redeemed =
                state.people.redeemed(part("code"), client, part("redirect_uri"), part("code_verifier"));
            let Some((asked, (id, name))) = redeemed else {
                return no(403, "invalid_grant", "the code is not this client's, or was used");
            };
            let claims = json!({
                "iss": state.issuer, "sub": id, "aud": client, "iat": now(), "exp": now() + 600, "nonce": asked.nonce,
                "name": name,
            });
            let token = key.sign(&key.header(), &claims);
            given(
                &json!({"access_token": "opaque", "id_token": token, "token_type": "Bearer", "expires_in": 600}),
            )
        }
        _ => no(403, "unsupported_grant_type", "only client_credentials and authorization_code"),
    }
}

async fn authorize(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    state.people.page(request.query_string())
}

async fn chosen(state: web::Data<State>, form: web::Form<Chosen>) -> HttpResponse {
    state.people.chosen(&form)
}
