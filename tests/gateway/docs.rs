//! The documents: links lead somewhere, every command is run or rendered, and the language is plain.
//!
//! Fences that count: `yaml file=NAME` (any language) is written to a file of that name for the page's later
//! commands; `text output` behind a command is what it prints. The built-in rules lie in `policies/` there. Commands:
//!
//! - `sh run`: run (`exit=3`: ends with that code);
//! - `sh serve`: `tenantgate serve`, run as `tenantgate check` with the same settings;
//! - `sh explain`: a `curl` line to the gateway, run behind `tenantgate explain`;
//! - `sh cluster`: for a cluster, `tests/chart/docs` renders it;
//! - `sh shown`: what needs containers, a cluster, an issuer or minutes: its syntax is checked, and that targets exist.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    for folder in ["", "docs", "policies", "tests", "tests/demo/task-list", "helm", "deploy/terraform"] {
        for entry in std::fs::read_dir(project().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                pages.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(pages.len() > 12, "the pages were not found");
    pages
}

/// A page's lines outside fences.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn anchors(page: &str) -> Vec<String> {
    prose(page).filter(|l| l.starts_with('#')).map(|l| anchor(l.trim_start_matches('#'))).collect()
}

fn targets(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// The links of all pages that lead nowhere.
fn broken(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, page) in pages {
        for target in prose(page).flat_map(targets) {
            if target.starts_with("http://") || target.starts_with("https://") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let text = std::fs::canonicalize(&to).ok().and_then(|to| pages.get(&to));
            let found = match text {
                Some(text) => fragment.is_empty() || anchors(text).iter().any(|a| a == fragment),
                None => to.exists() && fragment.is_empty(),
            };
            if !found {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    broken
}

/// What parity knows to differ is told to those who will meet it.
#[test]
fn the_page_of_differences_holds_what_parity_knows() {
    let known = std::fs::read_to_string(project().join("tests/parity/known-differences.txt")).unwrap();
    let page = std::fs::read_to_string(project().join("docs/differences.md")).unwrap();
    let lines: Vec<_> = known.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).collect();
    assert!(lines.len() > 5, "{} differences", lines.len());
    for line in lines {
        let parts: Vec<_> = line.split(" | ").collect();
        let operation = if parts[0] == "*" { "any".to_owned() } else { format!("`{}`", parts[0]) };
        let row = format!("| {operation} | `{}` | {} |", parts[1], parts[2]);
        assert!(page.contains(&row), "docs/differences.md lacks: {row}");
    }
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    assert_eq!(broken(&pages), Vec::<String>::new());
    let links: usize = pages.values().map(|p| prose(p).flat_map(targets).count()).sum();
    assert!(links > 40, "no links were found");
    // The test finds what is broken.
    let mut wrong = pages;
    let readme = wrong.get_mut(&project().join("README.md")).unwrap();
    readme.push_str("\n[a](docs/missing.md) [b](docs/operating.md#missing)\n");
    assert_eq!(broken(&wrong).len(), 2);
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let pages = pages();
    let mut open = vec![project().join("README.md")];
    let mut reached = Vec::new();
    while let Some(path) = open.pop() {
        if reached.contains(&path) {
            continue;
        }
        for target in prose(&pages[&path]).flat_map(targets) {
            let file = path.parent().unwrap().join(target.split('#').next().unwrap());
            open.extend(std::fs::canonicalize(file).ok().filter(|p| pages.contains_key(p)));
        }
        reached.push(path);
    }
    let lost: Vec<_> = pages.keys().filter(|p| !reached.contains(p)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

/// A fenced block.
struct Fence {
    info: Vec<String>,
    text: String,
}

fn fences(page: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|l| !l.starts_with("```")).collect();
            let info = info.split_whitespace().map(str::to_owned).collect();
            found.push(Fence { info, text: text.join("\n") + "\n" });
        }
    }
    found
}

/// A folder with the built-in rules in it.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    for entry in std::fs::read_dir(project().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, folder.path().join("policies").join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// The tests' own variables are not the reader's.
fn unset_settings(command: &mut Command) {
    for (variable, _) in std::env::vars().filter(|(v, _)| v.starts_with("TENANTGATE_")) {
        command.env_remove(variable);
    }
}

/// What is run of a fence; none if it holds no command that runs here.
fn to_run(name: &str, info: &[String], text: String) -> Result<Option<String>, String> {
    if info.first().is_none_or(|language| language != "sh") {
        return Ok(None);
    }
    match info.get(1).map(String::as_str) {
        Some("run") => Ok(Some(text)),
        Some("serve") => Ok(Some(text.replacen("tenantgate serve", "tenantgate check", 1))),
        Some("explain") => Ok(Some(format!("TOKEN=reader; tenantgate explain {text}"))),
        Some("cluster") => Ok(None),
        Some("shown") => shown(name, &text).map(|()| None),
        _ => Err(format!("{name}: a command that is neither run nor rendered:\n{text}")),
    }
}

/// Commands that can't run here: the shell reads them, and `make` has their targets.
fn shown(name: &str, text: &str) -> Result<(), String> {
    let read = Command::new("sh").args(["-nc", text]).output().unwrap();
    if !read.status.success() {
        return Err(format!("{name}: the shell does not read:\n{text}"));
    }
    let makefile = std::fs::read_to_string(project().join("Makefile")).unwrap();
    for target in text.lines().filter_map(|line| line.strip_prefix("make ")?.split_whitespace().next()) {
        if !makefile.contains(&format!("\n{target}:")) {
            return Err(format!("{name}: make has no target {target}"));
        }
    }
    Ok(())
}

/// Runs a page's commands; how many, or what went otherwise than told.
fn run(name: &str, page: &str) -> Result<usize, String> {
    let folder = scratch();
    let binary = Path::new(env!("CARGO_BIN_EXE_tenantgate")).parent().unwrap();
    let search = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let (mut ran, mut printed) = (0, None);
    for Fence { info, text } in fences(page) {
        let value = |key: &str| info.iter().find_map(|word| word.strip_prefix(key));
        if let Some(file) = value("file=") {
            std::fs::write(folder.path().join(file), &text).unwrap();
        }
        if info.iter().any(|w| w == "output") {
            let printed = printed.take().ok_or(format!("{name}: an output without its command"))?;
            if printed != text {
                return Err(format!("{name}: told:\n{text}\nprinted:\n{printed}"));
            }
        }
        let Some(text) = to_run(name, &info, text)? else { continue };
        let mut command = Command::new("sh");
        command.args(["-euc", &text]).current_dir(folder.path()).env("PATH", &search);
        unset_settings(&mut command);
        let output = command.output().unwrap();
        let code = value("exit=").map_or(0, |code| code.parse().unwrap());
        if output.status.code() != Some(code) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("{name}: ended with {}, not {code}:\n{text}\n{said}", output.status));
        }
        printed = Some(String::from_utf8_lossy(&output.stdout).into_owned());
        ran += 1;
    }
    Ok(ran)
}

#[test]
fn commands_run_as_told() {
    let mut ran = 0;
    for (path, page) in pages() {
        ran += run(&path.display().to_string(), &page).unwrap_or_else(|fault| panic!("{fault}"));
    }
    assert!(ran > 15, "only {ran} commands were found");
    // The test finds what does not run, or prints something else.
    assert!(run("twin", "```sh run\ntenantgate chek\n```\n").is_err());
    assert!(run("twin", "```sh run\necho a\n```\n```text output\nb\n```\n").is_err());
    assert!(run("twin", "```sh\necho a\n```\n").is_err());
    assert!(run("twin", "```sh shown\nmake no-such-target\n```\n").is_err());
    assert!(run("twin", "```sh shown\nif\n```\n").is_err());
    assert!(run("twin", "```sh explain\ncurl -F a=b http://x/engine-rest/task\n```\n").is_err());
    assert!(run("twin", "```sh serve\ntenantgate serve --lisen x\n```\n").is_err());
    assert_eq!(run("twin", "```sh run\necho a\n```\n```text output\na\n```\n"), Ok(1));
}

const SCHEMA_LINE: &str = "# yaml-language-server: $schema=tenantgate.schema.json\n";
/// What an excerpt of a configuration leaves out.
const REST: [(&str, &str); 2] = [
    ("engine:", "engine: { url: http://camunda:8080/engine-rest }\n"),
    ("issuers:", "issuers: [{ issuer: https://issuer.example.com/, audiences: [engine] }]\n"),
];

/// The errors that `check` finds in a configuration, but for files that only its reader has.
fn config_errors(text: &str) -> Vec<String> {
    let mut whole = text.to_owned();
    for (key, rest) in REST {
        if !text.lines().any(|line| line.starts_with(key)) {
            whole.push_str(rest);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), whole).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantgate"));
    unset_settings(&mut command);
    let output = command.arg("check").arg("--config").arg(file.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let codes = text.lines().filter_map(|l| l.strip_prefix("error[")?.split(']').next());
    codes.filter(|code| !["unreadable-file", "not-a-directory"].contains(code)).map(str::to_owned).collect()
}

/// Every configuration in the documents begins with the line that connects editors, and holds no error.
#[test]
fn configurations_are_valid_and_name_their_schema() {
    let keys = ["engine:", "issuers:", "tenancy:", "permissions:", "deployments:", "policies:", "log:"];
    let mut seen = 0;
    for (path, page) in pages() {
        for Fence { info, text } in fences(&page) {
            let yaml = info.first().is_some_and(|i| i == "yaml");
            if !yaml || info.iter().any(|i| i.contains("values")) {
                continue;
            }
            let body = text.strip_prefix(SCHEMA_LINE);
            let config = keys.iter().any(|key| text.starts_with(key));
            assert!(!config, "{}: a configuration without the schema's line:\n{text}", path.display());
            if body.is_some() {
                assert_eq!(config_errors(&text), Vec::<String>::new(), "{}:\n{text}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "only {seen} configurations were found");
    assert_eq!(config_errors("tenancy: {users: everybody}\n"), ["invalid-value"]);
}

/// The phrases that texts must not hold.
fn forbidden() -> Vec<String> {
    let list = std::fs::read_to_string(project().join("tests/data/forbidden-phrases.txt")).unwrap();
    list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_lowercase).collect()
}

/// The forbidden phrases in a text, each with its place.
fn found(place: &str, text: &str, forbidden: &[String]) -> Vec<String> {
    // A phrase may go on in the next line, behind the sign of a comment.
    let words = text.lines().map(|line| line.trim().trim_start_matches(['/', '#', '!', '>']).trim());
    let text = words.collect::<Vec<_>>().join(" ").to_lowercase();
    forbidden
        .iter()
        .filter(|phrase| text.contains(*phrase))
        .map(|phrase| format!("{place}: {phrase}"))
        .collect()
}

/// The string literals of the program, without those of its tests.
fn strings(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).collect::<Vec<_>>().join("\n")
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                sources(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

#[test]
fn the_language_is_plain() {
    let forbidden = forbidden();
    assert!(forbidden.len() > 30);
    let mut texts: Vec<(String, String)> =
        pages().into_iter().map(|(path, page)| (path.display().to_string(), page)).collect();
    let mut files = Vec::new();
    sources(&project().join("src"), &mut files);
    assert!(files.len() > 150, "{} sources", files.len());
    for path in files {
        texts.push((path.display().to_string(), strings(&std::fs::read_to_string(&path).unwrap())));
    }
    for file in
        ["helm/templates/NOTES.txt", "helm/values.yaml", "docs/configuration.schema.json", "compose.yaml"]
    {
        texts.push((file.to_owned(), std::fs::read_to_string(project().join(file)).unwrap()));
    }
    for command in ["", "serve", "check", "explain"] {
        let words = [command, "--help"];
        let words = words.iter().filter(|word| !word.is_empty());
        let help = Command::new(env!("CARGO_BIN_EXE_tenantgate")).args(words).output().unwrap().stdout;
        texts.push((format!("tenantgate {command} --help"), String::from_utf8(help).unwrap()));
    }
    let all: Vec<_> = texts.iter().flat_map(|(place, text)| found(place, text, &forbidden)).collect();
    assert_eq!(all, Vec::<String>::new(), "say it in plain English");
    assert_eq!(found("twin", "Auth0\n/// and alike", &forbidden), ["twin: and alike"]);
}
