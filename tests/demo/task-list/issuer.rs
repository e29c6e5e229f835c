//! The issuer: who signs in (authorization code with PKCE, OpenID Connect), and the page's own token (client
//! credentials), renewed in time.
//!
//! No token leaves this program but to the issuer and the gateway, and none is logged.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::problem::Problem;
use crate::session::{Attempt, Person};
use crate::settings::Settings;

/// How long before its end a token is renewed, at most.
const BEFORE_ITS_END: Duration = Duration::from_secs(60);

/// The issuer, as seen by one client of it.
pub(crate) struct Issuer {
    client: reqwest::Client,
    issuer: String,
    client_id: String,
    client_secret: SecretString,
    audience: String,
    scope: String,
    user_claim: String,
    signed_in: String,
    discovered: OnceCell<Discovered>,
    own: Mutex<Option<OwnToken>>,
}

/// What the issuer says of itself.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
}

struct OwnToken {
    text: SecretString,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct OwnTokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

#[derive(Deserialize)]
struct CodeAnswer {
    id_token: String,
}

impl Issuer {
    /// Nothing is asked yet.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            client,
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            audience: settings.audience.clone(),
            scope: settings.scope.clone(),
            user_claim: settings.user_claim.clone(),
            signed_in: settings.url.join("signed-in").map_err(|e| e.to_string())?.into(),
            discovered: OnceCell::new(),
            own: Mutex::new(None),
        })
    }

    /// The page's own token; a new one where there is none, or it ends soon.
    ///
    /// # Errors
    /// The issuer gives none.
    pub(crate) async fn own_token(&self) -> Result<SecretString, Problem> {
        // Held while asking, so that many requests ask once.
        let mut own = self.own.lock().await;
        if let Some(token) = own.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.text.clone());
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("audience", self.audience.as_str()),
            ("scope", self.scope.as_str()),
        ];
        let answer: OwnTokenAnswer =
            self.token(&form).await.map_err(|why| Problem::OwnToken { why: format!("no token: {why}") })?;
        let lives = Duration::from_secs(answer.expires_in);
        let renew_at = Instant::now() + lives.saturating_sub(BEFORE_ITS_END.min(lives / 5));
        let text = SecretString::from(answer.access_token);
        *own = Some(OwnToken { text: text.clone(), renew_at });
        Ok(text)
    }

    /// The gateway did not take this token: the next one is new.
    pub(crate) async fn refused(&self, token: &SecretString) {
        let mut own = self.own.lock().await;
        // Another request may have a new one already.
        if own.as_ref().is_some_and(|own| own.text.expose_secret() == token.expose_secret()) {
            *own = None;
        }
    }

    /// Where a person signs in.
    ///
    /// # Errors
    /// The issuer can't be asked where that is.
    pub(crate) async fn sign_in_at(&self, attempt: &Attempt) -> Result<String, Problem> {
        let at = async { address(&self.discovered().await?.authorization_endpoint) };
        let mut url = at.await.map_err(|why| Problem::SignIn { why })?;
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.signed_in),
            ("scope", "openid profile"),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &attempt.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url.into())
    }

    /// Where a person signs out of the issuer as well, if it has such a place.
    pub(crate) async fn sign_out_at(&self) -> Option<String> {
        let mut url = address(self.discovered().await.ok()?.end_session_endpoint.as_ref()?).ok()?;
        url.query_pairs_mut().append_pair("client_id", &self.client_id);
        Some(url.into())
    }

    /// Who signed in.
    ///
    /// # Errors
    /// The code is not taken, or the id token does not hold.
    pub(crate) async fn person(&self, code: &str, attempt: &Attempt) -> Result<Person, Problem> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.signed_in.as_str()),
            ("code_verifier", attempt.verifier.as_str()),
        ];
        let proved = async {
            let answer: CodeAnswer = self.token(&form).await?;
            self.verified(&answer.id_token, &attempt.nonce).await
        };
        proved.await.map_err(|why| Problem::SignIn { why })
    }

    /// An id token (OpenID Connect Core, 3.1.3.7): signature, issuer, audience, time, nonce.
    async fn verified(&self, id_token: &str, nonce: &str) -> Result<Person, String> {
        let header = decode_header(id_token).map_err(|e| format!("the id token's header: {e}"))?;
        let kid = header.kid.ok_or("the id token names no key")?;
        // People sign in seldom, so keys are fetched each time: none is older than the issuer's.
        let keys: JwkSet = self.get(&self.discovered().await?.jwks_uri).await?;
        let key = keys.find(&kid).ok_or("the issuer has no such key")?;
        let key = DecodingKey::from_jwk(key).map_err(|e| format!("the issuer's key: {e}"))?;
        // One algorithm, whatever the token says of itself.
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.client_id]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Map<String, Value>>(id_token, &key, &rules)
            .map_err(|e| format!("the id token: {e}"))?
            .claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text("nonce") != Some(nonce) {
            return Err("the id token is for another sign-in".into());
        }
        let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        if text("azp").map_or(several, |azp| azp != self.client_id) {
            return Err("the id token is for another client".into());
        }
        let id =
            text(&self.user_claim).ok_or_else(|| format!("the id token has no `{}`", self.user_claim))?;
        if id.len() > 255 || id.chars().any(char::is_control) {
            return Err("the user id is none that the engine keeps".into());
        }
        let name =
            ["name", "preferred_username", "nickname", "email"].into_iter().find_map(text).unwrap_or(id);
        Ok(Person { id: id.to_owned(), name: name.to_owned() })
    }

    async fn discovered(&self) -> Result<&Discovered, String> {
        let ask = || async {
            let text = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
            let found: Discovered = self.get(&text).await?;
            if found.issuer != self.issuer {
                return Err(format!("the issuer calls itself `{}`", found.issuer));
            }
            Ok(found)
        };
        self.discovered.get_or_try_init(ask).await
    }

    async fn get<T: DeserializeOwned>(&self, at: &str) -> Result<T, String> {
        let answer = self.client.get(address(at)?).send().await.map_err(|e| format!("the issuer: {e}"))?;
        answer.json().await.map_err(|e| format!("the issuer's answer: {e}"))
    }

    /// Asks the token endpoint; an error tells the issuer's code and nothing of what was sent.
    async fn token<T: DeserializeOwned>(&self, form: &[(&str, &str)]) -> Result<T, String> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        body.append_pair("client_id", &self.client_id);
        body.append_pair("client_secret", self.client_secret.expose_secret());
        let url = address(&self.discovered().await?.token_endpoint)?;
        let request = self.client.post(url).header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(body.finish()).send().await.map_err(|e| format!("the issuer: {e}"))?;
        let status = answer.status();
        if !status.is_success() {
            let body: Value = answer.json().await.unwrap_or_default();
            let error = body.get("error").and_then(Value::as_str).unwrap_or("no reason given");
            return Err(format!("the issuer answers {status}: {error}"));
        }
        answer.json().await.map_err(|e| format!("the issuer's answer: {}", e.without_url()))
    }
}

fn address(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|e| format!("the issuer's address `{text}`: {e}"))
}

#[cfg(test)]
#[path = "issuer_tests.rs"]
mod tests;
