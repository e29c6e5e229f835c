//! Whole folders of rules: every fault is found, with its place.

use std::path::Path;

use super::{PolicyFinding, load};

const OWNERSHIP: &str = "\
deployment: { look-up: [{ ask: GET /deployment, id: id }] }
process-definition: { look-up: [{ ask: GET /process-definition, ids: processDefinitionIdIn }] }
process-instance: { look-up: [{ ask: POST /process-instance, ids: processInstanceIds }] }
task: { look-up: [{ ask: GET /task, id: taskId }] }
";
const FIELD_RULES: &str = "\
TaskQuery: { tenantIdIn: tenants }
Any: {}
";
const RULES: &str = "\
# what is done with tasks
GET /task: { kind: read, query: TaskQuery, answer: [\"[]\"] }
GET /task/{id}: { kind: read, path: { id: task }, answer: [.] }
";

fn folder(files: &[(&str, &str)]) -> Result<usize, Vec<PolicyFinding>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("ownership.yaml", OWNERSHIP), ("fields.yaml", FIELD_RULES), ("task.yaml", RULES)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    load(Some(folder.path())).map(|policy| policy.rules().len())
}

/// `file:line code` of each finding.
fn places(files: &[(&str, &str)]) -> Vec<String> {
    let findings = folder(files).err().unwrap_or_default();
    assert!(findings.iter().all(|f| !f.what.is_empty() && !f.help.is_empty()), "{findings:?}");
    findings.iter().map(|f| format!("{}:{} {}", f.file, f.line, f.code)).collect()
}

#[test]
fn a_folder_without_fault_is_loaded() {
    assert_eq!(folder(&[]), Ok(2));
}

/// A rule, what stands in it for `@`, its twin with a fault, and the finding.
const FAULTY: &[(&str, &str, &str, &str)] = &[
    ("@ /a: { kind: read, query: Any }", "GET", "PATCH", "policy-syntax"),
    ("GET @: { kind: read, query: Any }", "/a", "a", "policy-syntax"),
    ("GET @: { kind: read, path: { id: task } }", "/a/{id}", "/a/{id}s", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: @ } }", "task", "Task", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: @ } }", "task", "job", "unknown-name"),
    ("GET /a/{id}: { kind: read, path: { id: @ } }", "task", "free", "not-kept-in"),
    ("GET /a/{id}: { kind: read, path: { id: @ } }", "task", "key-of task", "not-kept-in"),
    ("GET /a: { kind: read, query: @ }", "Any", "none", "policy-syntax"),
    ("GET /a: { kind: read, query: @ }", "Any", "JobQuery", "unknown-name"),
    ("PUT /a: { kind: work, body: @ }", "Any", "form", "policy-syntax"),
    ("PUT /a: { kind: work, body: @ }", "Any", "JobQuery", "unknown-name"),
    ("GET /a: { kind: read, to: '@' }", "/b/{T}", "b/{T}", "policy-syntax"),
    ("GET /a: { kind: read, to: '@' }", "/b/{T}", "/b/{T}/{id}", "unknown-name"),
    ("GET /a: { kind: read, query: Any, answer: ['@'] }", "a.b", "a..b", "policy-syntax"),
    ("GET /a: { kind: read, query: Any, bound: ['@'] }", "a.b", "a.", "policy-syntax"),
    (
        "GET /a/{id}: { kind: read, path: { id: task }, own-answer: true, answer: ['@'] }",
        ".",
        "a",
        "own-answer",
    ),
    ("GET /a/{id}: { kind: read, path: { id: task@ } }", "", ", ID: task", "path-parameter"),
    ("GET /a/{id}: { kind: read, path: { id: task }, to: '@' }", "/a/{id}", "/a", "path-parameter"),
    ("GET /a: { kind: read, body: @ }", "Any", "none", "not-kept-in"),
    ("GET /a: { kind: read, untenanted: '@' }", "it tells", "''", "untenanted-reason"),
    ("GET /a: { kind: read, deny: '@' }", "it tells", " it ", "deny-reason"),
    ("GET /a: { kind: read, query: Any@ }", "", ", deny: it tells", "rule-ways"),
    ("PUT /a: { kind: @, body: Any }", "work", "read", "kind-too-low"),
    ("DELETE /a: { kind: @, query: Any }", "deploy", "read", "kind-too-low"),
    ("GET /a/{id}: { kind: read, path: { id: task }, query: @ }", "Any", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, query: @ }", "Any", "", "policy-syntax"),
    ("POST /a/{id}: { kind: work, path: { id: task }, body: @ }", "Any", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, to: @ }", "'/a/{id}'", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, answer: @ }", "[.]", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, bound: @ }", "[.]", "~", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, empty: @ }", "list", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, own-only: @ }", "true", "null", "policy-syntax"),
    ("GET /a/{id}: { kind: read, path: { id: task }, handler: @ }", "filter-read", "null", "policy-syntax"),
    ("GET /a: { kind: read, deny: @ }", "it tells", "null", "policy-syntax"),
    ("GET /a: { kind: read, untenanted: @ }", "it tells", "null", "policy-syntax"),
    ("GET /a: { kind: read, local: @ }", "engines", "null", "policy-syntax"),
];

#[test]
fn a_faulty_rule_is_a_finding_at_its_line() {
    for (rule, good, bad, code) in FAULTY {
        let mine = |part: &str| {
            format!("# mine\n\nGET /b: {{ kind: read, query: Any }}\n{}\n", rule.replace('@', part))
        };
        assert_eq!(folder(&[("mine.yaml", &mine(good))]), Ok(4), "{rule} {good}");
        assert_eq!(places(&[("mine.yaml", &mine(bad))]), [format!("mine.yaml:4 {code}")], "{rule} {bad}");
    }
}

#[test]
fn two_rules_of_one_operation_are_a_finding_of_the_second() {
    let mine = |id: &str| format!("GET /task/{{{id}}}/x: {{ kind: read, path: {{ {id}: task }} }}\n");
    assert_eq!(folder(&[("mine.yaml", &mine("id"))]), Ok(3));
    let twice = places(&[("mine.yaml", &mine("id")), ("other.yaml", &format!("\n{}", mine("taskId")))]);
    assert_eq!(twice, ["other.yaml:2 two-rules"]);
    let files = [("mine.yaml", &*mine("id")), ("other.yaml", &*mine("taskId"))];
    let what = &folder(&files).err().unwrap()[0].what;
    assert_eq!(what, "`GET /task/{taskId}/x` takes the same requests as `GET /task/{id}/x` at mine.yaml:1");
}

#[test]
fn faults_of_shapes_and_families_have_their_lines() {
    let field_rules = |more: &str| format!("{FIELD_RULES}Mine:\n  # why\n  {more}\n");
    assert_eq!(places(&[("fields.yaml", &field_rules("id: { own: task }"))]), [""; 0]);
    for (more, code) in [
        ("id: { own: job }", "unknown-name"),
        ("id: { own: Job }", "policy-syntax"),
        ("id: { object: Job }", "unknown-name"),
        ("id: { path-id: first }", "policy-syntax"),
        ("\"*\": drop", "policy-syntax"),
    ] {
        assert_eq!(
            places(&[("fields.yaml", &field_rules(more))]),
            [format!("fields.yaml:5 {code}")],
            "{more}"
        );
    }
    let resource_types = |more: &str| format!("{OWNERSHIP}job: {more}\n");
    assert_eq!(
        places(&[("ownership.yaml", &resource_types("{ look-up: [{ ask: GET /job, id: jobId }] }"))]),
        [""; 0]
    );
    assert_eq!(
        places(&[("ownership.yaml", &resource_types("{ look-up: [] }"))]),
        ["ownership.yaml:5 missing-look-up"]
    );
    let tenant = format!("{OWNERSHIP}tenant: {{ look-up: [{{ ask: GET /job, id: jobId }}] }}\n");
    assert_eq!(places(&[("ownership.yaml", &tenant)]), ["ownership.yaml:5 reserved-type"]);
    assert_eq!(places(&[("ownership.yaml", &tenant.replace("tenant:", "tenants:"))]), [""; 0]);
    for more in [
        "{ look-up: [{ ask: GET /job }] }",
        "{ look-up: [{ ask: GET /job?active=true, id: jobId }] }",
        "{ look-up: [{ ask: GET /job, id: null }] }",
        "{ look-up: [{ ask: GET /job, id: jobId }], handle: null }",
        "{ look-up: [{ ask: GET /job, id: jobId }], shareable: null }",
        "{ look-up: null }",
        "{ look-up: [{ ask: PUT /job, id: jobId }] }",
        "{ look-up: [{ ask: GET /job, id: jobId }], owner: user }",
    ] {
        assert_eq!(
            places(&[("ownership.yaml", &resource_types(more))]),
            ["ownership.yaml:5 policy-syntax"],
            "{more}"
        );
    }
    let task = OWNERSHIP.lines().take(3).collect::<Vec<_>>().join("\n");
    assert_eq!(
        places(&[("ownership.yaml", &task), ("task.yaml", "GET /a: { kind: read, query: TaskQuery }\n")]),
        ["ownership.yaml:0 missing-type"]
    );
}

#[test]
fn all_faults_of_a_folder_are_found_in_one_run() {
    let mine = "\
PATCH /a: { kind: read, query: TaskQuery }
GET /b: { kind: read, query: Nothing }
GET /c/{id}:
  kind: read
  path: { id: Task }
GET /d: { kind: reed, query: TaskQuery }
GET /e: { kind: read, query: Mine }
GET /f/{id}: { kind: read, path: { id: job } }
";
    let field_rules = format!("{FIELD_RULES}Mine: {{ id: {{ own: Task }} }}\n");
    let ownership = format!("{OWNERSHIP}job: {{ look-up: [{{ ask: GET /job }}] }}\n");
    let mut found =
        places(&[("mine.yaml", mine), ("fields.yaml", &field_rules), ("ownership.yaml", &ownership)]);
    found.sort();
    // `/e` and `/f` name what is there, though with a fault of its own: one finding for each fault.
    let expected = [
        "fields.yaml:3 policy-syntax",
        "mine.yaml:1 policy-syntax",
        "mine.yaml:2 unknown-name",
        "mine.yaml:5 policy-syntax",
        "mine.yaml:6 policy-syntax",
        "ownership.yaml:5 policy-syntax",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_a_finding() {
    let nowhere = load(Some(Path::new("/nowhere/policies"))).err().unwrap_or_default();
    assert_eq!(
        nowhere.iter().map(|f| (f.code, f.file.as_str())).collect::<Vec<_>>(),
        [("policy-unreadable", "/nowhere/policies")]
    );
    let empty = tempfile::tempdir().unwrap();
    let codes: Vec<_> = load(Some(empty.path())).err().unwrap_or_default().iter().map(|f| f.code).collect();
    assert_eq!(codes.last(), Some(&"no-rules"));
}
