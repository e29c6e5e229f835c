//! The story of two applications on one engine, from nothing: `make demo`.
//!
//! Starts the stock engine, an issuer in the manner of Auth0 and the gateway, plays the story through the gateway
//! as the applications would, shows what was allowed and refused, and stays up to be tried until Ctrl-C, with a task
//! list for people in the browser. With `ONCE=1` it ends after the story. Exit code 0 only when every step came out as told.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

/// Applications with work for people.
mod applications;
/// The task list's process.
mod page;
/// The steps, in order.
mod story;
/// Steps as they came out, as a table.
mod table;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use applications::Applications;
use page::Page;
use support::engine::Engine;
use support::gateway::{Gateway, Plan};
use support::issuer::{AUDIENCE, Issuer, SECRET};

#[tokio::main]
async fn main() -> ExitCode {
    let once = std::env::var("ONCE").is_ok_and(|v| !v.is_empty() && v != "0");
    println!("Two applications on one Camunda 7.24, kept apart by tenantgate\n");
    let (engine, issuer, gateway) = match start(once).await {
        Ok(started) => started,
        Err(why) => {
            eprintln!("\n{why}");
            return ExitCode::FAILURE;
        }
    };
    let mut stage = story::Stage::new(engine.url(), &issuer, &gateway);
    stage.play().await;
    let as_told = stage.table.print();
    if !once && let Err(why) = stay(&engine, &issuer, &gateway).await {
        eprintln!("\n{why}");
        return ExitCode::FAILURE;
    }
    if as_told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The task list, and applications that register by a line of input, until Ctrl-C.
async fn stay(engine: &Engine, issuer: &Issuer, gateway: &Gateway) -> Result<(), String> {
    println!();
    let applications = Applications { issuer, gateway };
    let list = progress("task list: a page over the tasks of all applications", async {
        applications.two(story::A, story::B).await?;
        let page = Page::start(&beside("task-list")?, issuer, gateway.api().base())?;
        Ok((page.url.clone(), page))
    });
    let list = list.await?;
    how_to_try(issuer, gateway, engine.url());
    how_to_see(&list.url);
    let mut lines = lines();
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            Some(line) = lines.recv() => match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["new", name] if name.chars().all(|c| c.is_ascii_alphanumeric()) => {
                    match applications.another(name).await {
                        Ok(()) => println!("{name} has two tasks now: reload {}", list.url),
                        Err(why) => println!("{name} could not set itself up: {why}"),
                    }
                }
                [] => {}
                _ => println!("`new NAME` registers an application (letters and digits); Ctrl-C ends all of it"),
            },
        }
    }
    println!("\nstopping");
    Ok(())
}

/// Lines of input as they come; none where there is no input.
fn lines() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}

/// The three parts, each with its time.
async fn start(once: bool) -> Result<(Engine, Issuer, Gateway), String> {
    let engine = progress("engine: stock Camunda 7.24, no authentication (about 10 s)", async {
        Engine::start().map(|e| (e.url().to_owned(), e))
    });
    let engine = engine.await?;
    let issuer = progress("issuer: in the manner of Auth0, for development only", async {
        let issuer = Issuer::start();
        Ok((issuer.issuer().to_owned(), issuer))
    });
    let issuer = issuer.await?;
    let gateway = progress("gateway: tenantgate serve with its five flags", async {
        let plan = Plan::new(binary()?, engine.url(), issuer.issuer(), AUDIENCE);
        // The task list's client works for all applications; nobody else's token has the scope.
        let gateway = if once { plan } else { plan.config(page::YAML) }.launch()?;
        let reply = gateway.readiness(200).await;
        if reply.status != 200 {
            return Err(format!("the gateway is not ready: {}\n{}", reply.text(), gateway.log()));
        }
        Ok((gateway.api().base().to_owned(), gateway))
    });
    let gateway = gateway.await?;
    Ok((engine, issuer, gateway))
}

async fn progress<T>(
    what: &str,
    work: impl Future<Output = Result<(String, T), String>>,
) -> Result<T, String> {
    print!("  {what:<60} ");
    let _ = std::io::stdout().flush();
    let began = Instant::now();
    let (address, made) = work.await?;
    println!("{:>5.1} s  {address}", began.elapsed().as_secs_f32());
    Ok(made)
}

/// The gateway's program, which cargo builds beside the folder of this one.
fn binary() -> Result<PathBuf, String> {
    if let Ok(named) = std::env::var("TENANTGATE_TEST_BINARY") {
        return Ok(named.into());
    }
    beside("../tenantgate")
}

/// A program that cargo builds beside this one.
fn beside(name: &str) -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let path = this.parent().map(|folder| folder.join(name)).unwrap_or_default();
    if path.exists() { Ok(path) } else { Err(format!("{} is missing: run `make demo`", path.display())) }
}

fn how_to_try(issuer: &Issuer, gateway: &Gateway, engine: &str) {
    let (token_url, api) = (format!("{}oauth/token", issuer.issuer()), gateway.api().base().to_owned());
    let (a, b) = (story::A, story::B);
    println!(
        r#"
Try it yourself. A token for each application (the secret of every client is `{SECRET}`):

  token() {{ curl -s {token_url} -d grant_type=client_credentials \
      -d client_id=$1 -d client_secret={SECRET} -d audience={AUDIENCE} \
      | sed 's/.*"access_token":"\([^"]*\)".*/\1/'; }}
  TOKEN_A=$(token {a})
  TOKEN_B=$(token {b})

What each sees (both deployed `order`), and what it may not:

  curl -sw '\n' -H "Authorization: Bearer $TOKEN_A" {api}/process-definition
  curl -sw '\n' -H "Authorization: Bearer $TOKEN_B" {api}/process-definition
  curl -sw '\n' -H "Authorization: Bearer $TOKEN_A" '{api}/task?tenantIdIn={b}'
  curl -sw '\n' -H "Authorization: Bearer $TOKEN_A" {api}/process-definition/key/order/tenant-id/{b}
  curl -sw '\n' {api}/task

The engine itself, with nothing between, shows everything to everybody:

  curl -sw '\n' {engine}/process-definition

The operator's side:

  curl -s http://{admin}/readyz
  curl -s http://{admin}/metrics

A third application needs nothing but a client at the issuer: try `token anything`."#,
        admin = gateway.admin,
    );
}

fn how_to_see(list: &str) {
    println!(
        r#"
The tasks of all applications, for people (sign in as Ada in one browser and as Grace in another):

  {list}

Type `new parcels` to let a third application register: its tasks show at once. Ctrl-C ends all of it."#
    );
}
