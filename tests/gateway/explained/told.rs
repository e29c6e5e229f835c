//! What `explain` prints, and how it is read.

use std::process::Command;

use crate::support::engine::project;

/// A request as it is told to reach the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub method: String,
    pub target: String,
    /// Lines of name and value.
    pub headers: Vec<String>,
    pub body: String,
    /// Rebuilt while it streams: its bytes are not told.
    pub form: bool,
}

/// A question that is told, without query and body; `…` stands for a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub method: String,
    pub path: String,
    /// It comes behind the request for the engine.
    pub behind: bool,
}

/// An explanation.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub text: String,
    /// Status and code.
    pub refused: Option<(u16, String)>,
    /// Status and body.
    pub answered: Option<(u16, String)>,
    pub shown: Vec<Shown>,
    pub questions: Vec<Question>,
    /// The answer to the request itself says whose the record is.
    pub probed: bool,
}

impl Told {
    /// Reads what was printed.
    pub fn read(text: &str) -> Self {
        let mut told = Self { text: text.to_owned(), ..Self::default() };
        for line in text.lines() {
            let Some((name, rest)) = line.split_at_checked(12) else { continue };
            match name.trim_end() {
                "refused" => {
                    let (status, rest) = rest.split_once(' ').unwrap();
                    let code = rest.split(':').next().unwrap();
                    told.refused = Some((status.parse().unwrap(), code.to_owned()));
                }
                "answered" => {
                    let (status, rest) = rest.split_once(' ').unwrap();
                    let body = rest.strip_suffix("(by the gateway)").unwrap().trim();
                    told.answered = Some((status.parse().unwrap(), body.to_owned()));
                }
                "to engine" => {
                    let (method, target) = rest.split_once(' ').unwrap();
                    let (method, target) = (method.to_owned(), target.to_owned());
                    told.shown.push(Shown { method, target, ..Shown::default() });
                }
                part @ ("" | "body" | "form") => {
                    let Some(shown) = told.shown.last_mut() else { continue };
                    match part {
                        "body" => shown.body = rest.to_owned(),
                        "form" => shown.form = true,
                        _ => shown.headers.push(rest.to_owned()),
                    }
                }
                "look-up" | "question" | "otherwise" => {
                    told.probed |= rest.contains("the answer contains it");
                    let behind = !told.shown.is_empty();
                    told.questions.extend(requests(rest).map(|(method, path)| Question {
                        method,
                        path,
                        behind,
                    }));
                }
                _ => {}
            }
        }
        told
    }

    /// Asks the program.
    pub fn by(arguments: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantgate"));
        command.arg("explain").args(arguments).current_dir(project());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let told = Self::read(&text);
        let expected = if told.refused.is_some() { 3 } else { 0 };
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}\n{text}{said}");
        told
    }
}

/// Methods and paths in a line.
fn requests(line: &str) -> impl Iterator<Item = (String, String)> {
    let words: Vec<&str> = line.split(' ').collect();
    let pairs: Vec<_> = words.windows(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
    pairs.into_iter().filter_map(|(method, path)| {
        let method = method.trim_start_matches('(').to_owned();
        let is_request = ["GET", "POST", "PUT", "DELETE"].contains(&method.as_str()) && path.starts_with('/');
        let path = path.split('?').next().unwrap().trim_end_matches([',', ';', ':', ')']).to_owned();
        is_request.then_some((method, path))
    })
}
