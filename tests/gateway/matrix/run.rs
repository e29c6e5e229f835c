//! One row: asked by the caller with own, foreign, missing and shared ids, and by nobody straight at the engine.

use reqwest::Method;
use serde_json::Value;

use super::Shared;
use super::cases::{Ask, Row, Sort};
use super::columns::{Column, Filler, Sides};
use super::state::Secrets;
use crate::isolation::{batch_to_its_end, uuids};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::multipart::Form;
use crate::support::recorder::Seen;

/// What a row came to.
#[derive(Default)]
pub struct Outcome {
    /// Column → what reached the engine and what came back.
    pub cells: Vec<(&'static str, String)>,
    pub problems: Vec<String>,
}

/// Everything a row needs.
pub struct Run<'a> {
    pub stage: &'a Stage,
    pub sides: Sides<'a>,
    /// B's, then the shared side's where there is one.
    pub secrets: &'a [Secrets],
    pub setting: Shared,
    /// Who asks; none: the client whose id is the own side's tenant.
    pub client: Option<&'a Api>,
}

/// Reads of what can be shared; what is counted about a shared definition is everybody's and stays hidden.
pub fn may_show_shared(row: &Row) -> bool {
    let kinds = [
        "deployment",
        "process-definition",
        "decision-definition",
        "decision-requirements-definition",
        "case-definition",
    ];
    let path = row.ask.path.trim_start_matches('/');
    let kind = path.split(['/', '?']).next().unwrap_or_default();
    row.method == "GET" && kinds.contains(&kind) && !path.contains("statistics")
}

/// An answer and what was asked for it.
struct Answered {
    reply: Reply,
    asked: String,
    /// The answer's text with the asked ids named alike.
    plain: (u16, Vec<(String, String)>, String),
    cell: String,
}

impl Run<'_> {
    fn app(&self) -> Api {
        let own = || self.stage.client(self.sides.own.tenant.as_deref().unwrap());
        self.client.cloned().unwrap_or_else(own)
    }

    /// Asked for all columns.
    pub async fn row(&self, row: &Row) -> Outcome {
        // The caller's own comes last: it may use its id up.
        self.columns(row, &[Column::Foreign, Column::Missing, Column::Shared, Column::Own]).await
    }

    /// Asked for these columns.
    pub async fn columns(&self, row: &Row, columns: &[Column]) -> Outcome {
        let mut outcome = Outcome::default();
        let app = self.app();
        let subject = [&row.ask.path, &row.ask.query, row.ask.body.as_deref().unwrap_or("")]
            .into_iter()
            .chain(row.ask.form.iter().map(|(_, v)| v.as_str()))
            .any(|text| text.replace("<own ", "").contains('<'));
        for kind in &row.needs {
            self.sides.own.kept(kind).await;
        }
        let shows_shared = self.setting == Shared::Readable && may_show_shared(row);
        let secrets = if shows_shared { self.secrets.get(..1).unwrap() } else { self.secrets };
        let mut answers = Vec::new();
        for &column in columns {
            if !subject && column != Column::Own {
                continue;
            }
            let Some(template) = template(row, column) else { continue };
            let mut filler = Filler::new(self.sides, column);
            let Some(ask) = filler.ask(template).await else { continue };
            self.stage.recorder.forget();
            let answered = self.answer(&app, row, &ask, &filler).await;
            outcome.cells.push((column.name(), answered.cell.clone()));
            let found = secrets.iter().filter_map(|s| s.seen_in(&answered.reply, &answered.asked));
            outcome.problems.extend(found.map(|what| format!("{} {}: {what}", row.name, column.name())));
            answers.push((column, answered));
            // What is refused for everybody has nothing to be compared with.
            // A key that nobody has goes to the engine as it was asked, not with the tenant that `direct` names.
            let by_shared_key = shows_shared && row.ask.path.contains("/key/");
            let bare = self.client.is_none() && row.sort == Sort::Ids && row.own != Some(403);
            if column == Column::Missing && bare && !by_shared_key {
                let direct = self.direct(row, &ask, &mut filler).await;
                let through = &answers.last().unwrap().1;
                outcome.problems.extend(differ(row, "missing id and engine", &through.plain, &direct, false));
            }
        }
        let of = |column| answers.iter().find(|(c, _)| *c == column).map(|(_, a)| a);
        if let (Some(foreign), Some(missing)) = (of(Column::Foreign), of(Column::Missing)) {
            let what = "foreign and missing";
            outcome.problems.extend(differ(row, what, &foreign.plain, &missing.plain, true));
            // A person who names the tenant behind the files was asked for one before.
            let refusals = ["TG403-TENANT", "TG403-OWN-TENANT"];
            let refused = foreign.reply.refusal().is_some_and(|code| refusals.contains(&code.as_str()));
            if row.sort == Sort::Tenants && !refused {
                outcome.problems.push(format!("{}: not refused: {}", row.name, foreign.reply));
            }
        }
        if let (Some(shared), Some(missing), Sort::Ids) = (of(Column::Shared), of(Column::Missing), row.sort)
            && !shows_shared
        {
            let what = "shared and missing";
            outcome.problems.extend(differ(row, what, &shared.plain, &missing.plain, true));
        }
        if let Some(own) = of(Column::Own) {
            let (status, expected) = (own.reply.status, row.own);
            let works = expected.map_or((200..300).contains(&status), |s| s == status);
            if !works {
                let problem = format!(
                    "{} own: expected {expected:?}: {}\n    asked {}",
                    row.name, own.reply, own.asked
                );
                outcome.problems.push(problem);
            } else if row.filled && is_empty(&own.reply) {
                outcome.problems.push(format!("{} own: nothing there: {}", row.name, own.reply));
            }
        }
        outcome
    }

    /// What one column is answered, with the asked ids and what is new each time named alike.
    pub async fn answered(&self, row: &Row, column: Column) -> Option<Plain> {
        for kind in &row.needs {
            self.sides.own.kept(kind).await;
        }
        let mut filler = Filler::new(self.sides, column);
        let ask = filler.ask(template(row, column)?).await?;
        let app = self.app();
        Some(plain(&send(&app, &row.method, &ask).await, &filler))
    }

    async fn answer(&self, app: &Api, row: &Row, ask: &Ask, filler: &Filler<'_>) -> Answered {
        let reply = send(app, &row.method, ask).await;
        self.settle(&reply).await;
        let asked = format!("{} {}", target(ask), ask.body.as_deref().unwrap_or_default());
        let asked = ask.form.iter().fold(asked, |asked, (_, value)| format!("{asked} {value}"));
        let plain = plain(&reply, filler);
        let sent = self.stage.recorder.seen();
        let sent = sent.last().map_or("nothing".to_owned(), |seen| self.sent(seen, filler));
        let cell = format!("{sent} → {}", came_back(&reply));
        Answered { reply, asked, plain, cell }
    }

    /// Batches run to their end before anything is compared.
    async fn settle(&self, reply: &Reply) {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if body.get("batchJobDefinitionId").is_some()
            && let Some(id) = body["id"].as_str()
        {
            let id = id.split('.').next().unwrap_or(id);
            batch_to_its_end(&self.sides.own.engine, id).await;
        }
    }

    /// The same request, as the engine alone answers it.
    async fn direct(&self, row: &Row, ask: &Ask, filler: &mut Filler<'_>) -> Plain {
        let path = filler.text(&row.direct).await.unwrap();
        let reply = send(&self.sides.own.engine, &row.method, &Ask { path, ..ask.clone() }).await;
        self.settle(&reply).await;
        plain(&reply, filler)
    }

    /// A request as it reached the engine, with names in the place of ids.
    fn sent(&self, seen: &Seen, filler: &Filler<'_>) -> String {
        let query = seen.query.as_ref().map_or(String::new(), |q| format!("?{q}"));
        let path = seen.path.trim_start_matches("/engine-rest");
        let form = seen.header("content-type").iter().any(|t| t.starts_with("multipart"));
        let body = if form { " (form)".to_owned() } else { format!(" {}", seen.text()) };
        let text = format!("{} {path}{query}{body}", seen.method).replace("%3A", ":");
        let text = text.replace(self.sides.own.tenant.as_deref().unwrap(), "<T>");
        let text = text.replace(&self.sides.own.solo, "<solo>").replace(&self.sides.own.marker, "<marker>");
        let mut text = filler.values.iter().fold(text, |text, (value, name)| match name.as_str() {
            // A key that all have is a name, not an id.
            "own" if value.len() < 10 => text,
            "own" => text.replace(value.as_str(), "<own>"),
            // The column says whose it is; so cells that are alike look alike.
            _ => text.replace(value.as_str(), "<asked>"),
        });
        for id in uuids(&text) {
            text = text.replace(&id, "<stand-in>");
        }
        // Own definitions are counted several at a time: which of them comes last is chance.
        if let Some((before, rest)) = text.split_once("/process-instance/count?processDefinitionId=") {
            let after = rest.split_once('&').map_or("", |(_, after)| after);
            text = format!("{before}/process-instance/count?processDefinitionId=<a definition>&{after}");
        }
        text.trim_end().to_owned()
    }
}

/// What is asked in a column; none where the row has nothing for it.
fn template(row: &Row, column: Column) -> Option<&Ask> {
    match (column, row.sort) {
        (Column::Shared, Sort::Tenants) => row.without_tenant.as_ref(),
        _ => Some(&row.ask),
    }
}

pub type Plain = (u16, Vec<(String, String)>, String);

/// Path and query.
pub fn target(ask: &Ask) -> String {
    let mark = if ask.query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", ask.path, ask.query)
}

/// Sends what is filled in.
pub async fn send(api: &Api, method: &str, ask: &Ask) -> Reply {
    let method: Method = method.parse().unwrap();
    let target = target(ask);
    if !ask.form.is_empty() {
        return api.form(&target, form(ask)).await;
    }
    match &ask.body {
        Some(body) => api.json(method, &target, body).await,
        None if method == Method::GET || method == Method::DELETE => {
            api.send(method, &target, &[], Vec::new()).await
        }
        None => api.json(method, &target, "").await,
    }
}

/// The form that is sent.
pub fn form(ask: &Ask) -> Form {
    ask.form.iter().fold(Form::new(), |form, (name, value)| match name.as_str() {
        "data" | "content" => form.file(name, "x.txt", value.as_bytes()),
        name if name.contains('.') => form.file(name, name, value.as_bytes()),
        name => form.field(name, value),
    })
}

/// The answer without what differs between any two: dates, lengths, fresh ids; the asked ids named alike.
fn plain(reply: &Reply, filler: &Filler<'_>) -> Plain {
    let (status, mut headers, mut text) = reply.telling("\u{0}");
    headers.retain(|(name, _)| name != "content-length");
    let fill = |text: String| {
        filler.values.iter().fold(text, |text, (value, name)| match name.as_str() {
            "own" => text,
            _ => text.replace(value.as_str(), "<asked>"),
        })
    };
    text = fill(text);
    for id in uuids(&text) {
        text = text.replace(&id, "<id>");
    }
    for port in
        text.match_indices("http://127.0.0.1:").map(|(at, _)| at).collect::<Vec<_>>().into_iter().rev()
    {
        let end = text[port + 7..].find('/').map_or(text.len(), |end| port + 7 + end);
        text.replace_range(port..end, "<origin>");
    }
    let headers = headers.into_iter().map(|(n, v)| (n, fill(v))).collect();
    (status, headers, without_times(&text))
}

/// `2026-11-23T15:00:00.000+0000` becomes `<time>`, and a signature behind an id goes.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("T") {
        let stamp = at.checked_sub(10).and_then(|from| rest.get(from..from + 28));
        let is_stamp = stamp.is_some_and(|s| {
            s.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                10 => b == b'T',
                13 | 16 => b == b':',
                19 => b == b'.',
                23 => b == b'+' || b == b'-',
                _ => b.is_ascii_digit(),
            })
        });
        if is_stamp {
            out.push_str(&rest[..at - 10]);
            out.push_str("<time>");
            rest = &rest[at + 18..];
        } else {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out.split("<id>.").enumerate().fold(String::new(), |out, (i, part)| match i {
        0 => part.to_owned(),
        _ => format!(
            "{out}<id>{}",
            part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c))
        ),
    })
}

fn differ(row: &Row, what: &str, one: &Plain, other: &Plain, headers: bool) -> Option<String> {
    // The order of an object's members tells nothing.
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    let alike = one.2 == other.2 || (json(&one.2).is_some() && json(&one.2) == json(&other.2));
    let same = one.0 == other.0 && alike && (!headers || one.1 == other.1);
    (!same).then(|| format!("{}: {what} differ:\n    {one:?}\n    {other:?}", row.name))
}

fn is_empty(reply: &Reply) -> bool {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body.as_array().is_some_and(Vec::is_empty) || body["count"] == 0
}

/// Status, and what tells answers of one status apart.
fn came_back(reply: &Reply) -> String {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let told = match reply.status {
        200 if is_empty(reply) => " empty".to_owned(),
        400.. => {
            let named = body["code"].as_str().or_else(|| body["type"].as_str());
            named.map_or(String::new(), |name| format!(" {name}"))
        }
        _ => String::new(),
    };
    format!("{}{told}", reply.status)
}
