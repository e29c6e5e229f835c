//! Ids that went to the engine in place of asked ones: a foreign or missing id goes as one that never existed, a handle
//! as the engine's id.

/// Which ids were sent in place of which asked ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Substitutes(Vec<(String, String)>);

impl Substitutes {
    pub(super) fn add(&mut self, sent: &str, asked: &str) {
        self.0.push((sent.to_owned(), asked.to_owned()));
    }

    /// Whether every id went on as it was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the asked ids back into the engine's answer, escaped for JSON where it is JSON.
    pub(crate) fn restore(&self, answer: &[u8], json: bool) -> Vec<u8> {
        let mut answer = answer.to_vec();
        for (sent, asked) in &self.0 {
            let asked = if json {
                let quoted = serde_json::to_string(asked).unwrap_or_default();
                quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
            } else {
                asked.clone()
            };
            answer = replace(&answer, sent.as_bytes(), asked.as_bytes());
        }
        answer
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(text.get(done..at).unwrap_or_default());
        out.extend_from_slice(to);
        done = at + from.len();
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    out
}

/// A text that names no record: an id or key that never existed.
pub(crate) fn fresh() -> String {
    uuid::Uuid::new_v4().to_string()
}
