//! The pages. `html!` escapes every text: names, variables and comments are whatever an application wrote.

/// Fields of a form.
mod fields;
/// The list.
pub(crate) mod list;
/// One task.
pub(crate) mod task;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::applications::Names;
use crate::assets;
use crate::problem::Told;
use crate::session::Session;
use crate::when::Moment;

/// A page as an answer.
pub(crate) fn respond(status: StatusCode, page: Markup) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page.into_string())
}

/// What a page says at its top: something went well, or not.
fn notice(text: Option<&str>, bad: bool) -> Markup {
    html! {
        @if let Some(text) = text {
            p.notice.bad[bad] role=(if bad { "alert" } else { "status" }) { (text) }
        }
    }
}

fn layout(title: &str, session: Option<&Session>, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Task list" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href={ "/style.css?" (assets::version(assets::STYLE)) };
                script src={ "/script.js?" (assets::version(assets::SCRIPT)) } defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { img src="/icon.svg" alt="" width="28" height="28"; "Task list" }
                    @if let Some(session) = session {
                        form.who action="/sign-out" method="post" {
                            (form_token(session))
                            span { span.quiet { "Signed in as " } strong { (session.person.name) } }
                            button.plain type="submit" { "Sign out" }
                        }
                    }
                }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}

fn form_token(session: &Session) -> Markup {
    html! { input type="hidden" name="form_token" value=(session.form_token); }
}

/// The way in.
pub(crate) fn welcome(to: &str) -> Markup {
    let to = url::form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
    let main = html! {
        section.card.alone {
            h1 { "One list for all applications" }
            p { "The open tasks of every application that runs on this engine: find yours, claim it, complete it." }
            p { a.button href={ "/sign-in?" (to) } { "Sign in" } }
        }
    };
    layout("Sign in", None, &main)
}

/// The way out.
pub(crate) fn signed_out(at_the_issuer: Option<&str>) -> Markup {
    let main = html! {
        section.card.alone {
            h1 { "You are signed out" }
            p { a.button href="/sign-in" { "Sign in again" } }
            @if let Some(url) = at_the_issuer {
                p { a href=(url) { "Sign out of your account as well" } }
            }
        }
    };
    layout("Signed out", None, &main)
}

/// What went wrong.
pub(crate) fn problem(told: &Told) -> Markup {
    let (text, to) = &told.next;
    let main = html! {
        section.card.alone role="alert" {
            h1 { (told.title) }
            p { (told.text) }
            @if let Some(code) = &told.code {
                p.quiet { "The gateway’s code: " code { (code) } }
            }
            p { a.button href=(to) { (text) } }
        }
    };
    layout(told.title, None, &main)
}

/// A moment; the script puts it into the person's own time.
fn moment(moment: Moment) -> Markup {
    html! { time datetime=(moment.for_browser()) { (moment.shown()) } }
}

fn moment_of(text: Option<&str>) -> Markup {
    html! { @if let Some(at) = text.and_then(Moment::read) { (moment(at)) } @else { "–" } }
}

/// An application, always in the same colour.
fn application(names: &Names, tenant: Option<&str>) -> Markup {
    let tenant = tenant.unwrap_or_default();
    let digest =
        tenant.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hue = (digest >> 21) % 6;
    html! { span class={ "app hue-" (hue) } { (names.of(tenant)) } }
}
