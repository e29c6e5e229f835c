//! One request asked of both, and what differs.

use reqwest::Method;

use crate::support::api::{Api, Reply};

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The path with its query.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A read, as the gateway is asked and as the engine is.
#[derive(Clone, Debug)]
pub struct Case {
    /// Method and template.
    pub operation: String,
    /// What is special.
    pub what: String,
    /// The method.
    pub method: String,
    /// To the gateway.
    pub gateway: Ask,
    /// To the engine.
    pub engine: Ask,
    /// Only the status has to be equal: the gateway words it in its own way.
    pub status_only: bool,
}

/// Headers about the connection or the moment, not about the answer.
const NOT_COMPARED: &[&str] =
    &["date", "connection", "keep-alive", "transfer-encoding", "content-length", "server", "set-cookie"];

impl Ask {
    /// With a JSON body.
    pub fn json(path: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { path: path.to_owned(), headers, body: body.as_bytes().to_vec() }
    }

    /// Without a body.
    pub fn of(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Sends it.
    pub async fn send(&self, to: &Api, method: &str) -> Reply {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        to.send(Method::from_bytes(method.as_bytes()).unwrap(), &self.path, &headers, self.body.clone()).await
    }
}

impl Case {
    /// The same request to both.
    pub fn same(operation: &str, what: &str, method: &str, ask: Ask) -> Self {
        Self {
            operation: operation.to_owned(),
            what: what.to_owned(),
            method: method.to_owned(),
            gateway: ask.clone(),
            engine: ask,
            status_only: false,
        }
    }

    /// What differs, if anything.
    pub async fn difference(&self, gateway: &Api, engine: &Api) -> Option<String> {
        let theirs = self.engine.send(engine, &self.method).await;
        let mut ours = self.gateway.send(gateway, &self.method).await;
        let origin = |api: &Api| api.base().trim_end_matches("/engine-rest").to_owned();
        if ours.body != theirs.body {
            let text = ours.text().replace(&origin(gateway), &origin(engine));
            ours.body = text.into_bytes();
        }
        if self.status_only && ours.status == theirs.status {
            return None;
        }
        let mut difference = answers(&ours, &theirs)?;
        // With a limit the database picks among rows that sort alike, and not always the same.
        if self.what.starts_with("sorted") && ours.status == 200 {
            let full = self.engine.path.replace("maxResults", "not").replace("firstResult", "not");
            let full = Ask { path: full, ..self.engine.clone() }.send(engine, &self.method).await;
            let mut seen = std::collections::BTreeSet::from([theirs.body.clone()]);
            for _ in 0..30 {
                let again = self.engine.send(engine, &self.method).await;
                if answers(&ours, &again).is_none() {
                    return None;
                }
                seen.insert(again.body);
            }
            if seen.len() > 1
                && rows_of(&ours, &full)
                && ours.json().as_array().map(Vec::len) == theirs.json().as_array().map(Vec::len)
            {
                return None;
            }
            difference.push_str(&format!("\n    (the engine itself gave {} answers)", seen.len()));
        }
        Some(difference)
    }
}

/// Whether every row of one list is in the other.
fn rows_of(some: &Reply, all: &Reply) -> bool {
    let (some, all) = (some.json(), all.json());
    let all = all.as_array().cloned().unwrap_or_default();
    some.as_array().is_some_and(|rows| rows.iter().all(|r| all.contains(r)))
}

/// What differs between two answers.
pub fn answers(ours: &Reply, theirs: &Reply) -> Option<String> {
    let same_headers = headers(ours, theirs);
    if ours.status == theirs.status && ours.body == theirs.body && same_headers.is_none() {
        return None;
    }
    let short = |reply: &Reply| {
        let text: String = reply.text().chars().take(700).collect();
        format!("{} → {} {text}", reply.asked, reply.status)
    };
    let why = match same_headers {
        _ if ours.status != theirs.status => "status".to_owned(),
        Some(text) => text,
        None => "body".to_owned(),
    };
    Some(format!("{why}\n    gateway {}\n    engine  {}", short(ours), short(theirs)))
}

fn headers(ours: &Reply, theirs: &Reply) -> Option<String> {
    let asked = ours.asked.clone();
    let kept = |reply: &Reply| {
        let mut kept: Vec<_> =
            reply.headers.iter().filter(|(n, _)| !NOT_COMPARED.contains(&n.as_str())).cloned().collect();
        kept.sort();
        kept
    };
    let (mut ours, mut theirs) = (kept(ours), kept(theirs));
    // The engine's filter for it looks at the method GET and at the path's end; both ways forbid to reuse unasked.
    if asked.starts_with("HEAD ") || asked.ends_with("/xml/") {
        ours.retain(|(n, _)| n != "cache-control");
        theirs.retain(|(n, _)| n != "cache-control");
    }
    if !theirs.iter().any(|(n, _)| n == "cache-control") {
        // What the engine left open is closed: no cache may keep one tenant's answer for another.
        ours.retain(|(n, v)| n != "cache-control" || v != "private, no-store");
    }
    (ours != theirs).then(|| format!("headers {ours:?} and {theirs:?}"))
}
