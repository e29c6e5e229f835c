//! Names of the engine's beans: the list of `policies/models.yaml` against those of running engines.

use std::collections::BTreeSet;
use std::fs;

use super::*;

const BEANS: &str = "tests/data/bean-names.txt";

fn beans() -> BTreeSet<String> {
    let text = fs::read_to_string(BEANS).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

const MODEL: &str = "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>\
    <process id='p'><userTask id='u' name='a ${NAME}'/></process></definitions>";

/// Whether a document that says the name as an expression is refused.
fn refuses_name(inspector: &Inspector, name: &str) -> bool {
    let model = MODEL.replace("NAME", name);
    !inspector.inspect("a.bpmn", model.as_bytes(), "T").is_empty()
}

/// Where no variable has the name, an expression shows the bean.
#[test]
fn every_name_of_a_bean_is_refused() {
    let deny =
        Inspector::new(Code::Deny, SharedResources::Hidden).unwrap_or_else(|faults| panic!("{faults:?}"));
    let all = beans();
    assert!(all.len() > 200, "found {} names only", all.len());
    let shown: Vec<_> = all.iter().filter(|name| !refuses_name(&deny, name)).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    // The twin: names that models give to variables.
    for name in
        ["order", "amount", "approved", "customerId", "job", "errors", "engineNo", "tasks", "error_", "größe"]
    {
        assert!(!refuses_name(&deny, name), "{name}");
    }
}

/// The file of names holds all of the engine's (where its libraries are available: `tests/run`).
#[test]
fn the_names_of_beans_are_those_of_the_engine() {
    let Some(mut command) = fuzzing::engine::command("Beans") else { return };
    let words =
        ["--server.port=0", "--spring.main.banner-mode=console", "--spring.servlet.multipart.enabled=true"];
    let output = command.args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found: BTreeSet<_> = text.lines().map(str::to_owned).collect();
    assert!(found.len() > 100, "{}", String::from_utf8_lossy(&output.stderr));
    let missing: Vec<_> = found.difference(&beans()).cloned().collect();
    assert!(missing.is_empty(), "run tests/engine/tools/beans: {missing:#?}");
}
