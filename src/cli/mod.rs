//! The command line: arguments in, a command run, an exit code out.
//!
//! The only place that prints. It decides nothing about requests or settings; it shows what others decided.
#![allow(clippy::disallowed_macros, reason = "commands talk to people by printing")]

mod args;
mod caller;
mod check;
mod exit;
mod explain;
mod serve;

#[cfg(test)]
pub(crate) use args::SettingsArgs;
pub use args::{Arguments, Command};
pub use exit::Exit;

use std::io::Write as _;

use clap::{CommandFactory, Parser, error::ErrorKind};

/// Runs the program with the process's arguments and environment.
pub fn main() -> Exit {
    match Arguments::try_parse() {
        Ok(arguments) => run(arguments),
        Err(error) => {
            // Nobody is left to tell when the pipe is closed.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked { Exit::Ok } else { Exit::Usage }
        }
    }
}

fn run(arguments: Arguments) -> Exit {
    match arguments.command {
        Command::Serve(settings) => serve::serve(&settings.into(), environment()),
        Command::Check(check) => check::check(check, environment()),
        Command::Explain(explain) => explain::explain(explain, environment()),
        Command::Schema => print(&crate::config::schema()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "tenantgate", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Prints to the standard output. A closed pipe (`tenantgate check | head`) ends as failed and never panics, as
/// `println!` would.
fn print(text: &str) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(_) => Exit::Failed,
    }
}

/// The environment; variables that are no UTF-8 come with the faulty bytes replaced, so that they are findings.
#[allow(clippy::disallowed_methods, reason = "here it is read")]
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}
