//! What can go wrong with one answer of the engine.

use serde_json::{Value, json};

use super::raw::Message;
use super::recorder::Answer;

/// A fault of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 500 as the engine words it.
    Broken,
    /// 500 as a page.
    BrokenPage,
    /// 503 of something before the engine.
    Unavailable,
    /// The connection ends in the middle of the body.
    HalfCut,
    /// The connection ends without a byte.
    Cut,
    /// No answer.
    Silent,
    /// 404 as the engine words it.
    NotFound,
    /// The engine's status without a body.
    Empty,
    /// The engine's status and `null`.
    Null,
    /// What the engine said, with null in the place of each value.
    Nulls,
    /// What the engine said in a list, or a list of it in an object.
    OtherShape,
}

use Fault::{
    Broken, BrokenPage, Cut, Empty, HalfCut, NotFound, Null, Nulls, OtherShape, Silent, Unavailable,
};

impl Fault {
    /// All, those that cost time last.
    pub const ALL: &[Fault] =
        &[Broken, BrokenPage, Unavailable, HalfCut, Cut, NotFound, Empty, Null, Nulls, OtherShape, Silent];

    /// Whether the engine could not say anything at all.
    pub fn is_hard(self) -> bool {
        matches!(self, Broken | BrokenPage | Unavailable | HalfCut | Cut | Silent)
    }

    /// What the recorder answers.
    pub fn answer(self) -> Answer {
        let engines = |kind: &str| json!({"type": kind, "message": "no", "code": 0}).to_string();
        match self {
            Broken => Answer::Json(500, engines("ProcessEngineException")),
            BrokenPage => Answer::Raw(page("500", "<html><body>Internal Server Error</body></html>")),
            Unavailable => Answer::Raw(page("503", "<html><body>Service Unavailable</body></html>")),
            NotFound => Answer::Json(404, engines("InvalidRequestException")),
            HalfCut => Answer::Altered(|said| {
                let (mut bytes, half) = (whole(said, &said.body), said.body.len() / 2);
                bytes.truncate(bytes.len() - said.body.len() + half);
                Answer::Raw(bytes)
            }),
            Cut => Answer::Cut,
            Silent => Answer::Hang,
            Empty => Answer::Altered(|said| Answer::Raw(whole(said, b""))),
            Null => Answer::Altered(|said| Answer::Raw(whole(said, b"null"))),
            Nulls => Answer::Altered(|said| altered(said, nulled)),
            OtherShape => Answer::Altered(|said| {
                altered(said, |value| match value {
                    Value::Array(_) => json!({"rows": value}),
                    Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                        json!([value])
                    }
                })
            }),
        }
    }
}

fn page(status: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    let head = format!("HTTP/1.1 {status} \r\nContent-Type: text/html\r\nContent-Length: {length}");
    format!("{head}\r\nConnection: close\r\n\r\n{text}").into()
}

/// The engine's status and content type with another body.
fn whole(said: &Message, body: &[u8]) -> Vec<u8> {
    let content_type = said.all("content-type").first().copied().unwrap_or("application/json");
    let length = body.len();
    let head = format!("{}\r\nContent-Type: {content_type}\r\nContent-Length: {length}", said.start);
    [head.as_bytes(), b"\r\nConnection: close\r\n\r\n", body].concat()
}

/// What is no JSON is taken as a text.
fn altered(said: &Message, change: impl Fn(Value) -> Value) -> Answer {
    let text = || Value::String(String::from_utf8_lossy(&said.body).into_owned());
    let value = serde_json::from_slice(&said.body).unwrap_or_else(|_| text());
    Answer::Raw(whole(said, change(value).to_string().as_bytes()))
}

/// Objects and lists keep their form.
fn nulled(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, nulled(value))).collect(),
        Value::Array(elements) => elements.into_iter().map(nulled).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}
