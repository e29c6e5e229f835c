//! What the addresses answer. Whoever is not signed in sees the way to sign in, whatever the address.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::forms::{Answers, Form, added, filled};
use crate::list_query::ListQuery;
use crate::problem::Problem;
use crate::session::{Attempt, Session};
use crate::tasks::{self, Action};
use crate::views::{self, task::Again};
use crate::{Shared, assets};

type Answer = Result<HttpResponse, Problem>;
type Fields = web::Form<Vec<(String, String)>>;

/// All of them.
pub(crate) fn all(to: &mut web::ServiceConfig) {
    to.route("/", web::get().to(list))
        .route("/task/{id}", web::get().to(task))
        .route("/task/{id}/claim", web::post().to(claim))
        .route("/task/{id}/unclaim", web::post().to(unclaim))
        .route("/task/{id}/complete", web::post().to(complete))
        .route("/task/{id}/comment", web::post().to(comment))
        .route("/sign-in", web::get().to(sign_in))
        .route("/signed-in", web::get().to(signed_in))
        .route("/sign-out", web::post().to(sign_out))
        .route("/style.css", web::get().to(assets::style))
        .route("/script.js", web::get().to(assets::script))
        .route("/icon.svg", web::get().to(assets::icon))
        .default_service(web::to(async || -> Answer { Err(Problem::NoPage) }));
}

async fn list(request: HttpRequest, shared: web::Data<Shared>) -> Answer {
    let Some(session) = shared.sessions.of(cookies(&request)) else { return Ok(welcome(&request)) };
    let query = web::Query::<ListQuery>::from_query(request.query_string());
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    let listed = tasks::list(&shared.engine, &query, &session.person).await?;
    let seen = listed.tasks.iter().filter_map(|task| task.tenant_id.clone());
    let names = shared.applications.names(&shared.engine, seen).await?;
    shared.sessions.sees(&session, query.link(|other| other.page = query.page));
    let notice = shared.sessions.told(&session);
    let page = views::list::page(&session, notice.as_deref(), &query, &listed, &names, &shared.sessions);
    Ok(views::respond(StatusCode::OK, page))
}

async fn task(request: HttpRequest, shared: web::Data<Shared>, id: web::Path<String>) -> Answer {
    let Some(session) = shared.sessions.of(cookies(&request)) else { return Ok(welcome(&request)) };
    let task = tasks::task(&shared.engine, &shared.sessions, &id).await?;
    let details = tasks::details(&shared.engine, task).await?;
    show(&shared, &session, &details, StatusCode::OK, &Again::default()).await
}

async fn show(
    shared: &Shared,
    session: &Session,
    details: &tasks::Details,
    status: StatusCode,
    again: &Again,
) -> Answer {
    let names = shared.applications.names(&shared.engine, details.task.tenant_id.clone()).await?;
    let page = views::task::page(&views::task::Seen {
        session,
        notice: shared.sessions.told(session).as_deref(),
        back: &shared.sessions.last_list(session),
        details,
        names: &names,
        sessions: &shared.sessions,
        again,
    });
    Ok(views::respond(status, page))
}

async fn claim(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
    fields: Fields,
) -> Answer {
    let session = whose(&request, &shared, &fields)?;
    act(&shared, &session, &id, &Action::Claim).await?;
    shared.sessions.tell(&session, "The task is yours now.");
    Ok(go(&format!("/task/{id}")))
}

async fn unclaim(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
    fields: Fields,
) -> Answer {
    let session = whose(&request, &shared, &fields)?;
    act(&shared, &session, &id, &Action::Unclaim).await?;
    shared.sessions.tell(&session, "You gave the task back: anybody can claim it now.");
    Ok(go(&format!("/task/{id}")))
}

async fn comment(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
    fields: Fields,
) -> Answer {
    let session = whose(&request, &shared, &fields)?;
    let text = field(&fields, "text").trim();
    if text.is_empty() || text.chars().count() > 4000 {
        shared.sessions.tell(&session, "A comment has 1 to 4,000 characters. Nothing was changed.");
    } else {
        act(&shared, &session, &id, &Action::Comment(text)).await?;
        shared.sessions.tell(&session, "Your comment was added.");
    }
    Ok(go(&format!("/task/{id}#comments")))
}

async fn complete(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
    fields: Fields,
) -> Answer {
    let session = whose(&request, &shared, &fields)?;
    let task = tasks::task(&shared.engine, &shared.sessions, &id).await?;
    let title = task.title().to_owned();
    let details = tasks::details(&shared.engine, task).await?;
    let written: BTreeMap<String, String> = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("field.")?.to_owned(), value.clone())))
        .collect();
    let rows = rows(&fields);
    let (by_form, Answers { variables, faults }) = match &details.form {
        Form::Fields(fields) => (true, filled(fields, &written)),
        Form::None => (false, added(&rows)),
        Form::NotShown(why) => return Err(Problem::Refused { message: why.clone() }),
    };
    let again = |refused| Again {
        written: Some(written.clone()),
        rows: rows.clone(),
        faults: faults.clone(),
        refused,
    };
    if !faults.is_empty() {
        let text = "Some fields need another look. Nothing was changed.".to_owned();
        return show(&shared, &session, &details, StatusCode::UNPROCESSABLE_ENTITY, &again(Some(text))).await;
    }
    let action = Action::Complete { by_form, variables: variables.into() };
    match act(&shared, &session, &id, &action).await {
        // What was written is not lost with it.
        Err(Problem::Refused { message }) => {
            let text = format!("The engine did not accept that: {message}");
            show(&shared, &session, &details, StatusCode::BAD_REQUEST, &again(Some(text))).await
        }
        Err(other) => Err(other),
        Ok(()) => {
            shared.sessions.tell(&session, format!("“{title}” is completed."));
            Ok(go(&shared.sessions.last_list(&session)))
        }
    }
}

async fn act(shared: &Shared, session: &Session, id: &str, action: &Action<'_>) -> Result<(), Problem> {
    tasks::act(&shared.engine, &shared.sessions, id, &session.person, action).await
}

/// Variables that were added by hand: each row has a name, a type and a value.
fn rows(fields: &[(String, String)]) -> Vec<(String, String, String)> {
    let column = |name: &str| {
        fields.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.clone()).collect::<Vec<_>>()
    };
    let (names, kinds, values) = (column("added.name"), column("added.type"), column("added.value"));
    names.into_iter().zip(kinds).zip(values).map(|((name, kind), value)| (name, kind, value)).collect()
}

async fn sign_in(request: HttpRequest, shared: web::Data<Shared>) -> Answer {
    let to = parameter(&request, "to").unwrap_or_default();
    let attempt = Attempt::new(&to);
    let at = shared.issuer.sign_in_at(&attempt).await?;
    let cookie = shared.sessions.attempt(attempt);
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, at)).insert_header((SET_COOKIE, cookie)).finish())
}

async fn signed_in(request: HttpRequest, shared: web::Data<Shared>) -> Answer {
    let no = |why: &str| Problem::SignIn { why: why.to_owned() };
    let cookies = cookies(&request);
    let attempt =
        shared.sessions.attempted(cookies).ok_or_else(|| no("no sign-in was begun in this browser"))?;
    // Somebody else's code, brought to this browser, would sign it in as them.
    if parameter(&request, "state").as_deref() != Some(attempt.state.as_str()) {
        return Err(no("the answer is for another sign-in"));
    }
    let code = parameter(&request, "code").ok_or_else(|| {
        no(&format!("the issuer says no: {}", parameter(&request, "error").unwrap_or_default()))
    })?;
    let person = shared.issuer.person(&code, &attempt).await?;
    let mut answer = HttpResponse::SeeOther();
    for cookie in shared.sessions.begin(person, cookies) {
        answer.append_header((SET_COOKIE, cookie));
    }
    Ok(answer.insert_header((LOCATION, attempt.to)).finish())
}

async fn sign_out(request: HttpRequest, shared: web::Data<Shared>, fields: Fields) -> Answer {
    whose(&request, &shared, &fields)?;
    let cookie = shared.sessions.end(cookies(&request));
    let page = views::signed_out(shared.issuer.sign_out_at().await.as_deref());
    let mut answer = views::respond(StatusCode::OK, page);
    if let Ok(cookie) = cookie.parse() {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(answer)
}

fn welcome(request: &HttpRequest) -> HttpResponse {
    let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
    views::respond(StatusCode::OK, views::welcome(to))
}

/// Whose form this is.
fn whose(request: &HttpRequest, shared: &Shared, fields: &[(String, String)]) -> Result<Session, Problem> {
    let session = shared.sessions.of(cookies(request)).ok_or(Problem::Stale)?;
    if session.wrote(field(fields, "form_token")) { Ok(session) } else { Err(Problem::Stale) }
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

fn cookies(request: &HttpRequest) -> &str {
    request.headers().get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}
