//! The engine's REST interface, through the gateway: sent with the page's own token, answered as data or as a problem.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::issuer::Issuer;
use crate::problem::Problem;
use crate::settings::Settings;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The engine behind the gateway.
pub(crate) struct Engine {
    client: reqwest::Client,
    base: Url,
    issuer: Arc<Issuer>,
}

/// What the engine says instead of doing something.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

/// The rows of a list to show.
pub(crate) struct Rows {
    pub(crate) first: usize,
    pub(crate) most: usize,
}

struct Ask<'a> {
    method: Method,
    path: &'a [&'a str],
    query: Vec<(&'a str, String)>,
    body: Option<&'a Value>,
}

impl Engine {
    /// Nothing is asked yet.
    pub(crate) fn new(settings: &Settings, issuer: Arc<Issuer>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .timeout(PATIENCE)
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { client, base: settings.engine.clone(), issuer })
    }

    /// What stands at a path.
    ///
    /// # Errors
    /// [`Problem::Gone`] where nothing does, and others.
    pub(crate) async fn read(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Problem> {
        let query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let answer = self.send(&Ask { method: Method::GET, path, query, body: None }).await?;
        answer.map_err(read_problem)
    }

    /// The rows that a query finds.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub(crate) async fn find(
        &self,
        path: &[&str],
        body: &Value,
        rows: Option<Rows>,
    ) -> Result<Value, Problem> {
        let query = match rows {
            Some(rows) => {
                vec![("firstResult", rows.first.to_string()), ("maxResults", rows.most.to_string())]
            }
            None => Vec::new(),
        };
        let answer = self.send(&Ask { method: Method::POST, path, query, body: Some(body) }).await?;
        answer.map_err(read_problem)
    }

    /// Changes something; what the engine says where it did not.
    ///
    /// # Errors
    /// [`Problem::Unknown`] where no answer came, and others.
    pub(crate) async fn change(&self, path: &[&str], body: &Value) -> Result<Result<(), No>, Problem> {
        let ask = Ask { method: Method::POST, path, query: Vec::new(), body: Some(body) };
        match self.send(&ask).await {
            Ok(answer) => Ok(answer.map(drop)),
            // It was sent: who did not hear of it can't say that nothing happened.
            Err(Problem::Unreachable { why }) => Err(Problem::Unknown { why }),
            Err(other) => Err(other),
        }
    }

    /// Sends, and once again with a new token where the gateway does not take the first: it passed nothing on then.
    async fn send(&self, ask: &Ask<'_>) -> Result<Result<Value, No>, Problem> {
        let token = self.issuer.own_token().await?;
        let mut answer = self.once(ask, &token).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.issuer.refused(&token).await;
            answer = self.once(ask, &self.issuer.own_token().await?).await?;
        }
        let status = answer.status();
        let text = answer.bytes().await.map_err(|e| unreachable(&e))?;
        let json = serde_json::from_slice::<Value>(&text);
        if status.is_success() {
            let empty = status == StatusCode::NO_CONTENT;
            return match json {
                Ok(value) => Ok(Ok(value)),
                Err(_) if empty => Ok(Ok(Value::Null)),
                Err(e) => Err(Problem::Unexpected { why: format!("{status} without JSON: {e}") }),
            };
        }
        let json = json.unwrap_or_default();
        let field = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (code, message) = (field("code"), field("message"));
        match status {
            StatusCode::UNAUTHORIZED => Err(Problem::OwnToken { why: format!("{code}: {message}") }),
            StatusCode::FORBIDDEN => Err(Problem::Forbidden { code, message }),
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Err(Problem::Unreachable { why: format!("{status} {code}: {message}") })
            }
            _ => Ok(Err(No { status, message })),
        }
    }

    async fn once(&self, ask: &Ask<'_>, token: &SecretString) -> Result<reqwest::Response, Problem> {
        let mut url = self.base.clone();
        // Each segment is written by the library: what stands in an id can't become a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let mut request = self
            .client
            .request(ask.method.clone(), url)
            .bearer_auth(token.expose_secret())
            .header("Accept", "application/json");
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        request.send().await.map_err(|e| unreachable(&e))
    }
}

fn unreachable(error: &reqwest::Error) -> Problem {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(next) = source {
        why = format!("{why}: {next}");
        source = next.source();
    }
    Problem::Unreachable { why }
}

fn read_problem(no: No) -> Problem {
    match no.status {
        StatusCode::NOT_FOUND => Problem::Gone { how: None },
        StatusCode::BAD_REQUEST => Problem::Refused { message: no.message },
        status => Problem::Unexpected { why: format!("{status}: {}", no.message) },
    }
}
