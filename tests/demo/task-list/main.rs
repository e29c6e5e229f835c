//! A page over the tasks of all applications of one engine, for people: a template to copy (README.md beside this).
//!
//! It holds the token that the gateway takes and shows the browser none. All it knows of the engine comes through the
//! gateway's REST interface; it keeps nothing but sessions, in memory.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the gateway's rules of the house: its settings, clock and clients are not this program's"
)]
#![allow(clippy::wildcard_enum_match_arm, reason = "JSON values, of which few kinds count")]

/// Whose tasks there are: applications and their names.
mod applications;
/// Files for the browser.
mod assets;
/// The engine's REST interface, through the gateway.
mod engine;
/// What a task asks of the person who completes it.
mod forms;
/// The issuer: who signs in, and the token of this page.
mod issuer;
/// What the address of a list says: search, filters, sorting, page.
mod list_query;
/// What went wrong, in words for people.
mod problem;
/// What the addresses answer.
mod routes;
/// Who is signed in.
mod session;
/// The settings.
mod settings;
/// Tasks, and what belongs to one.
mod tasks;
/// The pages.
mod views;
/// Moments as the engine writes them, and days as people do.
mod when;

use std::process::ExitCode;
use std::sync::Arc;

use actix_web::{App, HttpServer, middleware, web};

use applications::Applications;
use engine::Engine;
use issuer::Issuer;
use session::Sessions;
use settings::Settings;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) engine: Engine,
    pub(crate) applications: Applications,
    pub(crate) sessions: Sessions,
}

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("task-list: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let settings = Settings::read()?;
    let listener = std::net::TcpListener::bind(settings.listen.as_str())
        .map_err(|e| format!("can't listen on {}: {e}", settings.listen))?;
    let issuer = Arc::new(Issuer::new(&settings)?);
    let engine = Engine::new(&settings, Arc::clone(&issuer))?;
    let url = settings.url.clone();
    let sessions = Sessions::new(url.scheme() == "https");
    let shared = Shared { issuer, engine, applications: Applications::default(), sessions };
    let shared = web::Data::new(shared);
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::FormConfig::default().limit(256 * 1024))
            .wrap(headers())
            .configure(routes::all)
    };
    let server = HttpServer::new(app)
        .workers(2)
        .listen(listener)
        .map_err(|e| e.to_string())?
        .shutdown_timeout(2)
        .run();
    println!("task-list: listening on {url}");
    server.await.map_err(|e| e.to_string())
}

/// What every answer says to the browser: nothing of others is loaded, no script but ours runs, nobody frames us, and
/// no page is kept.
fn headers() -> middleware::DefaultHeaders {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    middleware::DefaultHeaders::new()
        .add(("Content-Security-Policy", policy))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "same-origin"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cache-Control", "no-store"))
}
