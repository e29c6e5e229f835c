//! The list of the engine's statements (`tests/data/engine-statements.tsv`) knows every statement of the engine that
//! the tests run, and says of each why it can't match another tenant's row.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use tenantgate::policy::How;

use crate::stage::Stage;
use crate::support::engine::project;
use crate::support::random;

/// Where the mappings lie in the engine's jar.
const MAPPINGS: &str = "org/camunda/bpm/engine/impl/mapping/entity";

/// Verdict, and whether a test must hold it.
const VERDICTS: [(&str, bool); 8] = [
    ("by-id", false),
    ("by-query", true),
    ("engine-only", false),
    ("insert", false),
    ("no", false),
    ("pinned", true),
    ("denied", true),
    ("yes", true),
];

/// File and id of a statement → its kind.
type Statements = BTreeMap<(String, String), String>;

/// The statements of one mapping.
fn statements(file: &str, xml: &str) -> Statements {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    let document =
        roxmltree::Document::parse_with_options(xml, options).unwrap_or_else(|e| panic!("{file}: {e}"));
    let kinds = ["select", "insert", "update", "delete"];
    let all = document.root_element().children().filter(|n| kinds.contains(&n.tag_name().name()));
    all.map(|n| {
        let id = n.attribute("id").unwrap_or_else(|| panic!("{file}: a statement without id"));
        ((file.to_owned(), id.to_owned()), n.tag_name().name().to_owned())
    })
    .collect()
}

/// The engine's libraries, which `make engine` puts there.
fn libraries() -> PathBuf {
    std::env::var_os("TENANTGATE_ENGINE_LIBRARIES")
        .map_or_else(|| project().join("tests/engine/target/lib"), PathBuf::from)
}

/// All statements of the engine.
fn of_the_engine() -> Statements {
    let number = |name: &str| {
        name.strip_prefix("camunda-engine-")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    let jars: Vec<_> = names(&libraries()).into_iter().filter(|name| number(name)).collect();
    let [jar] = &jars[..] else { panic!("not one engine: {jars:?}; run `make engine`") };
    let folder = tempfile::tempdir().unwrap();
    let mut unpack = Command::new("jar");
    unpack.arg("xf").arg(libraries().join(jar)).arg(MAPPINGS).current_dir(folder.path());
    assert!(unpack.status().unwrap().success(), "{jar} can't be unpacked");
    let mappings = folder.path().join(MAPPINGS);
    let mut all = Statements::new();
    for file in names(&mappings) {
        all.extend(statements(&file, &std::fs::read_to_string(mappings.join(&file)).unwrap()));
    }
    all
}

/// What is wrong between the engine's statements and the list; `tested` tells whether there is a test of a name.
fn problems(found: &Statements, list: &str, tested: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut listed = Statements::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let [file, id, kind, matches, verdict, reason, tests] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            problems.push(format!("not seven columns: {line}"));
            continue;
        };
        if listed.insert((file.to_owned(), id.to_owned()), kind.to_owned()).is_some() {
            problems.push(format!("twice: {file} {id}"));
        }
        if matches.is_empty() || reason.is_empty() {
            problems.push(format!("says not what it matches by, or why: {file} {id}"));
        }
        match VERDICTS.iter().find(|(name, _)| *name == verdict) {
            None => problems.push(format!("no such verdict: {file} {id} {verdict}")),
            Some((_, true)) if tests.is_empty() => problems.push(format!("no test: {file} {id}")),
            Some((_, true | false)) => {}
        }
        for test in tests.split(", ").filter(|t| !t.is_empty() && !tested(t)) {
            problems.push(format!("no such test: {file} {id} {test}"));
        }
    }
    if listed.is_empty() {
        problems.push("the list is empty".to_owned());
    }
    for (statement, kind) in found {
        match listed.get(statement) {
            None => problems.push(format!("not in the list: {statement:?}")),
            Some(said) if said != kind => problems.push(format!("is a {kind}: {statement:?}")),
            Some(_) => {}
        }
    }
    let gone = listed.keys().filter(|statement| !found.contains_key(*statement));
    problems.extend(gone.map(|statement| format!("no longer in the engine: {statement:?}")));
    problems
}

/// Whether `module`, `module::test` or `module::inner::test` is there among these tests.
fn there(name: &str) -> bool {
    let source = |module: &str| {
        let path = project().join("tests/gateway").join(module.replace("::", "/"));
        std::fs::read_to_string(path.with_extension("rs"))
            .or_else(|_| std::fs::read_to_string(path.join("mod.rs")))
            .ok()
    };
    let test =
        |module: &str, test: &str| source(module).is_some_and(|text| text.contains(&format!("fn {test}(")));
    source(name).is_some() || name.rsplit_once("::").is_some_and(|(module, name)| test(module, name))
}

#[test]
fn the_list_knows_every_statement_of_the_engine() {
    let found = of_the_engine();
    // A test that read nothing would pass.
    assert!(found.len() >= 880, "{}", found.len());
    let problems = problems(&found, include_str!("../data/engine-statements.tsv"), there);
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The twin: each kind of disagreement is found, and a list that agrees is taken.
#[test]
fn a_statement_that_the_list_does_not_know_is_found() {
    let mapping = |more: &str| {
        let xml = format!(
            r#"<?xml version="1.0"?><!DOCTYPE mapper PUBLIC "-//mybatis.org//DTD Mapper 3.0//EN" "http://mybatis.org/dtd/mybatis-3-mapper.dtd">
            <mapper namespace="x"><sql id="part">where A_ = 1</sql><select id="a">select 1</select>{more}</mapper>"#
        );
        statements("X.xml", &xml)
    };
    let list = "# a head\nX.xml\ta\tselect\tA_\tpinned\tbecause\tstory::good\n";
    let told = |found: &Statements, list: &str| problems(found, list, |name| name == "story::good");
    assert_eq!(told(&mapping(""), list), [""; 0]);
    let more = mapping(r#"<delete id="b">delete from X</delete>"#);
    assert_eq!(told(&more, list), [r#"not in the list: ("X.xml", "b")"#]);
    let none = told(&mapping(""), "# only a head\n");
    assert_eq!(none, ["the list is empty", r#"not in the list: ("X.xml", "a")"#]);
    let gone = format!("{list}X.xml\tz\tselect\tA_\tno\tbecause\t\n");
    assert_eq!(told(&mapping(""), &gone), [r#"no longer in the engine: ("X.xml", "z")"#]);
    for (good, bad, what) in [
        ("because", "", "says not what it matches by, or why: X.xml a"),
        ("story::good", "", "no test: X.xml a"),
        ("story::good", "story::other", "no such test: X.xml a story::other"),
        ("pinned", "perhaps", "no such verdict: X.xml a perhaps"),
        ("select", "update", r#"is a select: ("X.xml", "a")"#),
    ] {
        assert_eq!(told(&mapping(""), &list.replace(good, bad)), [what]);
    }
    let twice = format!("{list}{}", list.lines().last().unwrap());
    assert_eq!(told(&mapping(""), &twice), ["twice: X.xml a"]);
    // Names of tests are looked up in the sources.
    for name in ["story", "statements::there", "threats::body::j1_duplicate_keys", "models"] {
        assert!(there(name), "{name}");
    }
    for name in ["no_such", "statements::no_such", "threats::body::no_such", ""] {
        assert!(!there(name), "{name}");
    }
}

/// What the list calls denied by an operation.
#[tokio::test]
async fn denied_operations_never_reach_the_engine() {
    let stage = Stage::start().await;
    let app = stage.client(&format!("t{}", random()));
    let policy = tenantgate::policy::load(None).unwrap_or_else(|findings| panic!("{findings:?}"));
    let denied: Vec<_> = policy.rules().iter().filter(|r| matches!(r.how, How::Deny(_))).collect();
    assert!(denied.len() > 50, "{}", denied.len());
    for rule in denied {
        let path = rule.operation.template().as_str();
        let segments: Vec<_> = path.split('/').map(|s| if s.starts_with('{') { "x1" } else { s }).collect();
        let method: Method = rule.operation.method().name().parse().unwrap();
        app.json(method, &segments.join("/"), "{}").await.refused(403, "TG403-DENIED");
    }
    stage.recorder.nothing();
    // The twin.
    app.get("/task").await.ok();
    assert_eq!(stage.recorder.seen().len(), 1);
}
