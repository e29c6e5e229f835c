//! A small REST client for tests: one base address, perhaps a token, and answers that tell all they hold.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::multipart::Form;

/// A client of one REST interface (the engine's own, or the gateway's).
#[derive(Clone)]
pub struct Api {
    base: String,
    token: Option<String>,
    client: reqwest::Client,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Method and path that were asked, for messages.
    pub asked: String,
    /// The HTTP status.
    pub status: u16,
    /// Header names (lower case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// A client of `base` (with the path, as `http://127.0.0.1:8080/engine-rest`), without token.
    pub fn new(base: &str) -> Self {
        // Neither redirects nor proxies nor limits in time: what the server does is what a test sees.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(300))
            // Before the engine closes an idle connection (20 s), which the next request could just meet.
            .pool_idle_timeout(Duration::from_secs(5))
            .build()
            .expect("a client");
        Self { base: base.trim_end_matches('/').to_owned(), token: None, client }
    }

    /// The same with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The base address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends one request; `path` begins with a slash and may hold a query.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|e| panic!("{path}: {e:?}"))
    }

    /// Like [`Api::send`], but a connection that breaks is an error, not a failed test.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = |v: &reqwest::header::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect();
        let body = response.bytes().await?.to_vec();
        Ok(Reply { asked: format!("{method} {path}"), status, headers, body })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], Vec::new()).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.json(Method::POST, path, &body.to_string()).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.json(Method::PUT, path, &body.to_string()).await
    }

    /// Any method with a body that is said to be JSON, sent as it is.
    pub async fn json(&self, method: Method, path: &str, body: &str) -> Reply {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, body.as_bytes().to_vec()).await
    }

    /// POST of a multipart form.
    pub async fn form(&self, path: &str, form: Form) -> Reply {
        let content_type = form.content_type();
        self.send(Method::POST, path, &[("content-type", &content_type)], form.into_body()).await
    }
}

impl Reply {
    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("not JSON ({e}): {self}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// This answer, when it is a 2xx; fails the test else.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "expected 2xx: {self}");
        self
    }

    /// This answer, when it has that status; fails the test else.
    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{self}");
        self
    }

    /// The stable code of a refusal (`TG…`), if it is one.
    pub fn refusal(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body["code"].as_str().filter(|c| c.starts_with("TG")).map(str::to_owned)
    }

    /// Fails the test unless this is a refusal with that status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.refusal().as_deref()), (status, Some(code)), "{self}");
        self
    }

    /// The `id` of a JSON object.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {self}")).to_owned()
    }

    /// The `id`s of a JSON list, sorted.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let list = self.json();
        let list = list.as_array().unwrap_or_else(|| panic!("no list: {self}"));
        let mut ids: Vec<_> = list.iter().filter_map(|v| v["id"].as_str()).map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// Status, headers without the date, and body, with the asked id as `<id>`: two answers that tell their
    /// readers the same are equal here.
    pub fn telling(&self, asked_id: &str) -> (u16, Vec<(String, String)>, String) {
        let plain = |text: &str| text.replace(asked_id, "<id>");
        let mut headers: Vec<_> = self.headers.iter().map(|(n, v)| (n.clone(), plain(v))).collect();
        headers.retain(|(name, _)| name != "date");
        headers.sort();
        (self.status, headers, plain(&self.text()))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.text().chars().take(600).collect();
        write!(f, "{} → {} {:?} {body}", self.asked, self.status, self.headers)
    }
}
