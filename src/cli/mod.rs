//! The command line: arguments in, a command run, an exit code out.
//!
//! The only place that prints. It decides nothing about requests or settings; it shows what others decided.
#![allow(clippy::disallowed_macros, reason = "commands talk to people by printing")]

mod args;
mod caller;
mod check;
mod curl;
mod exit;
mod explain;
mod serve;

#[cfg(test)]
pub(crate) use args::SettingsArgs;
pub use args::{Arguments, Command};
pub use exit::Exit;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory, Parser, error::ErrorKind};

/// Runs the program with the process's arguments and environment.
pub fn main() -> Exit {
    let words = match pasted(std::env::args_os().collect()) {
        Ok(words) => words,
        Err(fault) => {
            eprintln!("error: {fault}");
            return Exit::Usage;
        }
    };
    match Arguments::try_parse_from(words) {
        Ok(arguments) => run(arguments),
        Err(error) => {
            // Nobody is left to tell when the pipe is closed.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked { Exit::Ok } else { Exit::Usage }
        }
    }
}

/// `explain … curl …` with the curl line in explain's own words. Before it stand options of `explain`, all of which take a
/// value.
fn pasted(words: Vec<OsString>) -> Result<Vec<OsString>, curl::CurlFault> {
    let of_explain = words.get(1).is_some_and(|word| word == "explain");
    let is_option = |word: &OsString| word.to_str().is_some_and(|w| w.starts_with("--") && !w.contains('='));
    let before = |at: usize| at.checked_sub(1).and_then(|at| words.get(at));
    let at = words
        .iter()
        .enumerate()
        .position(|(at, word)| at > 1 && word == "curl" && !before(at).is_some_and(is_option));
    let Some((options, line)) = at.filter(|_| of_explain).and_then(|at| words.split_at_checked(at)) else {
        return Ok(words);
    };
    let line: Vec<String> = line.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut words = options.to_vec();
    words.extend(curl::arguments(&line)?.into_iter().map(OsString::from));
    Ok(words)
}

fn run(arguments: Arguments) -> Exit {
    match arguments.command {
        Command::Serve(settings) => serve::serve(&settings.into(), environment()),
        Command::Check(check) => check::check(check, environment()),
        Command::Explain(explain) => explain::explain(explain, environment()),
        Command::Schema => print(&crate::config::schema()),
        Command::Manual { folder } => match clap_mangen::generate_to(Arguments::command(), &folder) {
            Ok(()) => Exit::Ok,
            Err(error) => {
                eprintln!("error: the man pages cannot be written to `{}`: {error}", folder.display());
                Exit::Failed
            }
        },
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
