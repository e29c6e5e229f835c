//! An explanation beside what the gateway did.

use super::told::{Question, Shown, Told};
use crate::isolation::uuids;
use crate::support::api::Reply;
use crate::support::recorder::Seen;

/// What the gateway did.
pub struct Done {
    pub reply: Reply,
    /// All that reached the engine.
    pub seen: Vec<Seen>,
    /// Whose ids were asked for: the caller's own, which go on as they are.
    pub own: bool,
    /// The others' ids, in whose place something else goes on.
    pub others: Vec<String>,
}

/// What an explanation says otherwise than the gateway does.
pub fn differences(told: &Told, done: &Done) -> Vec<String> {
    let mut found = Vec::new();
    let refused = done.reply.refusal().map(|code| (done.reply.status, code));
    let lines: Vec<String> = done.seen.iter().map(line).collect();
    if told.refused.is_some() || told.answered.is_some() {
        // A form is read behind the look-ups of the ids beside it.
        let reached = done.seen.iter().filter(|seen| !told.asks(seen, false)).map(line);
        found.extend(reached.map(|line| format!("reached the engine: {line}")));
        let answered = (done.reply.status, done.reply.text());
        let agree = match &told.answered {
            Some(told) => *told == answered,
            None => told.refused == refused,
        };
        if !agree {
            found.push(format!("the gateway says {}", done.reply));
        }
        return found;
    }
    if done.seen.is_empty() {
        found.push(format!("nothing reached the engine: {}", done.reply));
        return found;
    }
    if refused.is_some() && told.questions.is_empty() {
        found.push(format!("refused without a question that is told: {}", done.reply));
    }
    let carried: Vec<usize> = (0..done.seen.len()).filter(|at| told.shows(&done.seen[*at], done)).collect();
    if done.own && refused.is_none() && !told.shown.is_empty() && carried.is_empty() {
        found.push(format!("`to engine` did not come: {lines:#?}"));
    }
    // A record that does not show the caller is asked for again.
    let probed = told.probed && !done.own;
    let goes_on = if probed { carried.last() } else { carried.first() };
    for (at, seen) in done.seen.iter().enumerate() {
        let behind = goes_on.is_some_and(|goes_on| at > *goes_on);
        let shown = Some(&at) == goes_on || (probed && carried.contains(&at));
        if !shown && !told.asks(seen, behind) {
            found.push(format!("not told: {}", lines[at]));
        }
    }
    found
}

/// A kind of request: method and path, with `…` for keys and what looks like an id.
pub type Kind = String;

/// The kinds of questions that are told.
pub fn told_kinds(told: &Told) -> impl Iterator<Item = Kind> {
    told.questions.iter().map(|question| kind(&question.method, &question.path))
}

/// The kinds of requests that reached the engine.
pub fn seen_kinds(seen: &[Seen]) -> impl Iterator<Item = Kind> {
    seen.iter().map(|seen| kind(&seen.method, seen.path.trim_start_matches("/engine-rest")))
}

fn kind(method: &str, path: &str) -> Kind {
    let mut before = "";
    let segments = path.split('/').map(|segment| {
        let is_id = before == "key" || segment.contains(|c: char| c.is_ascii_digit());
        before = segment;
        if is_id { "…" } else { segment }
    });
    format!("{method} {}", segments.collect::<Vec<_>>().join("/"))
}

impl Told {
    fn shows(&self, seen: &Seen, done: &Done) -> bool {
        // What is told for the caller's own stands first.
        let most = if done.own { 1 } else { self.shown.len() };
        self.shown.iter().take(most).any(|shown| shown.is(seen, done))
    }

    fn asks(&self, seen: &Seen, behind: bool) -> bool {
        self.questions.iter().any(|question| question.behind == behind && question.is(seen))
    }
}

impl Shown {
    fn is(&self, seen: &Seen, done: &Done) -> bool {
        let plain = |text: &str| if done.own { text.to_owned() } else { without(text, &done.others) };
        let headers = self.headers.iter().all(|header| {
            let (name, value) = header.split_once(": ").unwrap();
            seen.header(name) == [value]
        });
        self.method == seen.method
            && plain(&self.target) == plain(&target(seen))
            && (self.form || plain(&self.body) == plain(&seen.text()))
            && headers
            && !self.headers.is_empty()
    }
}

impl Question {
    fn is(&self, seen: &Seen) -> bool {
        let path = seen.path.trim_start_matches("/engine-rest");
        let (told, came): (Vec<&str>, Vec<&str>) =
            (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(told, came): (&&str, &&str)| *told == "…" || told == came;
        self.method == seen.method && told.len() == came.len() && told.iter().zip(&came).all(fits)
    }
}

/// A text with `*` for what is not the caller's, and for what goes on in its place.
fn without(text: &str, others: &[String]) -> String {
    let text = others.iter().fold(text.replace("%3A", ":"), |text, id| text.replace(id.as_str(), "*"));
    uuids(&text).iter().fold(text.clone(), |text, id| text.replace(id.as_str(), "*"))
}

fn target(seen: &Seen) -> String {
    format!("{}{}", seen.path, seen.query.as_ref().map_or(String::new(), |query| format!("?{query}")))
}

fn line(seen: &Seen) -> String {
    format!("{} {} {}", seen.method, target(seen), seen.text())
}
