//! What went wrong, in words for the person at the page. Causes go to the log, never a token.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::views;

/// Why a request can't be answered as asked.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Gateway or engine can't be asked. Nothing was sent that could have changed something.
    Unreachable { why: String },
    /// A change was sent, and no answer came: it may have been made.
    Unknown { why: String },
    /// The gateway refuses, with its code.
    Forbidden { code: String, message: String },
    /// The gateway does not take the page's own token, not even a new one.
    OwnToken { why: String },
    /// The task is not there any more; what is known of its end.
    Gone { how: Option<String> },
    /// Somebody else has the task.
    Faster { who: String, task: String },
    /// The person does not have the task, so can't do this with it.
    NotYours { task: String },
    /// The engine understood, and says no.
    Refused { message: String },
    /// Gateway or issuer answered what the page can't use.
    Unexpected { why: String },
    /// The form belongs to another session, or to none.
    Stale,
    /// Signing in did not work.
    SignIn { why: String },
    /// No such page.
    NoPage,
}

/// What a person is told.
pub(crate) struct Told {
    pub(crate) title: &'static str,
    pub(crate) text: String,
    /// What to do next: a text and where it leads.
    pub(crate) next: (&'static str, String),
    /// A code to look up in the gateway's documentation.
    pub(crate) code: Option<String>,
}

impl Problem {
    /// What the person is told.
    pub(crate) fn told(&self) -> Told {
        let list = || ("Back to the list", "/".to_owned());
        let told = |title, text: &str, next| Told { title, text: text.to_owned(), next, code: None };
        match self {
            Self::Unreachable { .. } => told(
                "The engine can’t be reached",
                "Nothing was changed. Try again in a moment.",
                ("Try again", "/".to_owned()),
            ),
            Self::Unknown { .. } => told(
                "No answer came",
                "The engine did not answer in time. Your change may have been made or not: look at the task before you \
                 try again.",
                list(),
            ),
            Self::Forbidden { code, message } => Told {
                code: Some(code.clone()),
                ..told("This page may not do that", &sentence(message), list())
            },
            Self::OwnToken { .. } => told(
                "This page can’t sign in at the gateway",
                "The gateway does not take the page’s own token. Nothing was changed. Tell who runs this page.",
                list(),
            ),
            Self::Gone { how } => told(
                "The task is no longer there",
                how.as_deref()
                    .unwrap_or("It was completed or withdrawn in the meantime. Nothing was changed."),
                list(),
            ),
            Self::Faster { who, task } => told(
                "Somebody else was faster",
                &format!("{who} has this task now. Nothing was changed."),
                ("Look at the task", format!("/task/{task}")),
            ),
            Self::NotYours { task } => told(
                "The task is not yours",
                "Claim it first. Nothing was changed.",
                ("Look at the task", format!("/task/{task}")),
            ),
            Self::Refused { message } => told("The engine did not accept that", &sentence(message), list()),
            Self::Unexpected { .. } => told(
                "Something unexpected came back",
                "The page could not use the answer that it got. Tell who runs it.",
                list(),
            ),
            Self::Stale => told(
                "This page was open for too long",
                "You were signed out, or signed in anew, since it was loaded. Nothing was changed.",
                list(),
            ),
            Self::SignIn { .. } => {
                told("Signing in did not work", "Please try again.", ("Sign in", "/sign-in".to_owned()))
            }
            Self::NoPage => told("There is no such page", "The address leads nowhere.", list()),
        }
    }

    /// The cause, for the log.
    fn why(&self) -> Option<&str> {
        match self {
            Self::Unreachable { why }
            | Self::Unknown { why }
            | Self::OwnToken { why }
            | Self::Unexpected { why }
            | Self::SignIn { why } => Some(why),
            Self::Forbidden { message, .. } => Some(message),
            Self::Gone { .. }
            | Self::Faster { .. }
            | Self::NotYours { .. }
            | Self::Refused { .. }
            | Self::Stale
            | Self::NoPage => None,
        }
    }
}

fn sentence(message: &str) -> String {
    let message = message.trim();
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told().title)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unreachable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unknown { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Forbidden { .. } | Self::Stale => StatusCode::FORBIDDEN,
            Self::Gone { .. } => StatusCode::GONE,
            Self::Faster { .. } | Self::NotYours { .. } => StatusCode::CONFLICT,
            Self::Refused { .. } | Self::SignIn { .. } => StatusCode::BAD_REQUEST,
            Self::OwnToken { .. } | Self::Unexpected { .. } => StatusCode::BAD_GATEWAY,
            Self::NoPage => StatusCode::NOT_FOUND,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Some(why) = self.why() {
            eprintln!("task-list: {self}: {}", why.escape_debug());
        }
        views::respond(self.status_code(), views::problem(&self.told()))
    }
}
