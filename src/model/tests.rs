//! The corpus of `tests/data/models`, and the lists against the engine's own model API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;

const TENANT: &str = "modelA1";

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/models")
}

fn inspector(code: Code) -> Inspector {
    Inspector::new(code, SharedResources::Hidden).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// `element attribute code`, `-` for none.
fn lines(findings: &[ModelFinding]) -> Vec<String> {
    let or = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let one =
        |f: &ModelFinding| format!("{} {} {}", or(&f.element), f.attribute.as_deref().unwrap_or("-"), f.code);
    findings.iter().map(one).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    findings: Vec<String>,
    under_allow: UnderAllow,
    seen: BTreeMap<String, String>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum UnderAllow {
    Refused,
    Taken,
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(&fs::read_to_string(corpus().join("cases.yaml")).unwrap()).unwrap()
}

#[test]
fn hostile_models_are_refused_and_their_honest_twins_are_not() {
    let cases = cases();
    assert!(cases.len() >= 60, "found {} cases only", cases.len());
    let deny = inspector(Code::Deny);
    let allow = inspector(Code::Allow);
    for case in &cases {
        let hostile = fs::read(corpus().join("hostile").join(&case.file)).unwrap();
        let honest = fs::read(corpus().join("honest").join(&case.file)).unwrap();
        assert!(!case.findings.is_empty() && !case.seen.is_empty(), "{}: an empty expectation", case.file);
        let found = deny.inspect(&case.file, &hostile, TENANT);
        assert_eq!(lines(&found), case.findings, "{}", case.file);
        assert!(
            found.iter().all(|f| f.line > 0 && !f.what.is_empty() && !f.remedy.is_empty()),
            "{}",
            case.file
        );
        assert_eq!(lines(&deny.inspect(&case.file, &honest, TENANT)), [""; 0], "honest {}", case.file);
        let under_allow = if allow.inspect(&case.file, &hostile, TENANT).is_empty() {
            UnderAllow::Taken
        } else {
            UnderAllow::Refused
        };
        assert_eq!(under_allow, case.under_allow, "{} under `code: allow`", case.file);
        assert_eq!(lines(&allow.inspect(&case.file, &honest, TENANT)), [""; 0], "honest {}", case.file);
    }
}

#[test]
fn every_file_of_the_corpus_is_a_case() {
    let listed: BTreeSet<String> = cases().into_iter().map(|case| case.file).collect();
    for folder in ["hostile", "honest"] {
        let names = fs::read_dir(corpus().join(folder)).unwrap();
        let found: BTreeSet<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let only_here: Vec<_> =
            found.difference(&listed).filter(|name| !name.starts_with("whole-")).collect();
        assert!(only_here.is_empty(), "{folder}: {only_here:?}");
        assert!(listed.is_subset(&found), "{folder}: {:?}", listed.difference(&found));
    }
}

#[test]
fn whole_honest_models_are_taken() {
    let deny = inspector(Code::Deny);
    let mut count = 0;
    for entry in fs::read_dir(corpus().join("honest")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("whole-") {
            count += 1;
            assert_eq!(deny.inspect(&name, &fs::read(&path).unwrap(), TENANT), [], "{name}");
        }
    }
    assert!(count >= 3, "found {count} whole models only");
}

const NAMES: &str = "tests/data/model-api-names.txt";

/// What no list knows could run code unseen.
#[test]
fn every_name_of_the_engines_model_api_is_listed() {
    let names = fs::read_to_string(NAMES).unwrap();
    let lists = data::Lists::parse(LISTS).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut count = 0;
    let mut missing = Vec::new();
    for line in names.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<_> = line.split(' ').collect();
        let kind = *ModelKind::XML.iter().find(|kind| kind.as_str() == words[0]).unwrap();
        let known = match words[1] {
            "element" => lists.knows_element(kind, words[2]),
            "attribute" => lists.knows_attribute(kind, words[2]),
            other => panic!("{other}"),
        };
        count += 1;
        if !known {
            missing.push(line);
        }
    }
    assert!(count > 600, "found {count} names only");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The file of names is what the engine's libraries say (where they are available: `tests/run`).
#[test]
fn the_names_of_the_model_api_are_those_of_the_engine() {
    let Some(mut command) = fuzzing::engine::command("Models") else { return };
    let output = command.arg("names").output().unwrap();
    let listed = fs::read_to_string(NAMES).unwrap();
    let listed: BTreeSet<_> = listed.lines().collect();
    let text = String::from_utf8(output.stdout).unwrap();
    // The API's oldest types have a constant without a value.
    let found: BTreeSet<_> = text.lines().filter(|line| !line.ends_with(' ')).collect();
    assert!(found.len() > 600, "{}", String::from_utf8_lossy(&output.stderr));
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "add to {NAMES}: {missing:#?}");
}

fn bpmn(inner: &str) -> Vec<u8> {
    format!(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' \
         xmlns:camunda='http://camunda.org/schema/1.0/bpmn' xmlns:v='urn:vendor'>{inner}</definitions>"
    )
    .into_bytes()
}

/// Every line of `refused` is in force, whatever prefix the name has.
#[test]
fn every_refused_name_is_refused() {
    let lists = data::Lists::parse(LISTS).unwrap_or_else(|faults| panic!("{faults:?}"));
    let deny = inspector(Code::Deny);
    let mut count = 0;
    for line in lists.lines(ModelKind::Bpmn) {
        let value = match line.treatment {
            data::Treatment::Never => line.values[0].clone(),
            data::Treatment::Code
            | data::Treatment::Tenant
            | data::Treatment::Only
            | data::Treatment::With => "other".to_owned(),
        };
        let mut models: Vec<String> = Vec::new();
        for attribute in line.attributes.iter().map(|name| name.replace('*', "any")) {
            let element = line.elements.first().map_or("task", String::as_str);
            models.extend(["", "camunda:", "v:"].map(|p| format!("<{element} {p}{attribute}='{value}'/>")));
        }
        if line.attributes.is_empty() {
            for element in &line.elements {
                models.extend(["", "camunda:", "v:"].map(|p| format!("<{p}{element}/>")));
            }
        }
        for model in models {
            count += 1;
            assert!(!deny.inspect("a.bpmn", &bpmn(&model), TENANT).is_empty(), "{model}");
        }
    }
    assert!(count > 80, "tried {count} only");
}

/// Attributes and texts are searched for expressions wherever they stand.
#[test]
fn every_place_is_searched_for_expressions() {
    let deny = inspector(Code::Deny);
    for model in [
        "<task name='@'/>",
        "<task camunda:assignee='@'/>",
        "<task v:any='@'/>",
        "<documentation>@</documentation>",
        "<v:any>@</v:any>",
        "<task><![CDATA[@]]></task>",
        "<task>a @ b</task>",
        "<task name='a @ b'/>",
    ] {
        for start in ["$", "#"] {
            let with = |expression: &str| bpmn(&model.replace('@', &format!("{start}{{{expression}}}")));
            assert_eq!(lines(&deny.inspect("a.bpmn", &with("a"), TENANT)), [""; 0], "{model}");
            assert_eq!(deny.inspect("a.bpmn", &with("a.b"), TENANT).len(), 1, "{model}");
        }
    }
}

/// The names of the engine's own objects, one by one; a longer name is a variable's.
#[test]
fn no_bare_name_of_the_engine_is_taken() {
    let deny = inspector(Code::Deny);
    let with =
        |name: &str| deny.inspect("a.bpmn", &bpmn(&format!("<task name='a ${{{name}}}'/>")), TENANT).len();
    for name in
        ["execution", "task", "externalTask", "caseExecution", "processEngine", "environment", "jdbcTemplate"]
    {
        assert_eq!((with(name), with(&format!("{name}Id"))), (1, 0), "{name}");
    }
    for name in ["runtimeService", "anyService", "dataSource", "systemProperties", "systemEnvironment"] {
        assert_eq!((with(name), with(&format!("{name}Id"))), (1, 0), "{name}");
    }
}

/// The engine fetches what `xsi:schemaLocation` names, unless it is the model's own schema.
#[test]
fn only_the_models_own_schema_may_be_named() {
    const OWN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";
    let schema = |name: &str, value: &str| {
        let xsi = "http://www.w3.org/2001/XMLSchema-instance";
        bpmn(&format!("<task xmlns:xsi='{xsi}' {name}='{value}'/>"))
    };
    for code in [Code::Deny, Code::Allow] {
        let inspector = inspector(code);
        let taken =
            |name: &str, value: &str| inspector.inspect("a.bpmn", &schema(name, value), TENANT).is_empty();
        for own in [format!("{OWN} BPMN20.xsd"), format!(" {OWN}\n{OWN}.xsd "), String::new()] {
            assert!(taken("xsi:schemaLocation", &own), "{own}");
        }
        for other in [
            "urn:other BPMN20.xsd".to_owned(),
            format!("{OWN} http://localhost/BPMN20.xsd"),
            format!("{OWN} BPMN20.xsd urn:other BPMN20.xsd"),
            format!("{OWN} /etc/passwd"),
            "http://www.omg.org/spec/CMMN/20151109/MODEL CMMN11.xsd".to_owned(),
            OWN.to_owned(),
        ] {
            assert!(!taken("xsi:schemaLocation", &other), "{other}");
        }
        assert!(!taken("xsi:noNamespaceSchemaLocation", "BPMN20.xsd"));
    }
}

#[test]
fn no_other_document_is_drawn_in() {
    for code in [Code::Deny, Code::Allow] {
        let inspector = inspector(code);
        let lines = |model: &str| lines(&inspector.inspect("a.bpmn", &bpmn(model), TENANT));
        assert_eq!(lines("<task xml:lang='de' xml:space='preserve'/>"), [""; 0]);
        assert_eq!(lines("<task xml:base='http://localhost/'/>"), ["task xml:base other-document"]);
        let include = "<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='x'/>";
        assert_eq!(lines(include), ["include - other-document"]);
        assert_eq!(lines(&include.replace("2001/XInclude", "2001/Other")), [""; 0]);
    }
}

#[test]
fn a_shared_definition_is_called_by_the_literal_null_only_where_it_is_readable() {
    let model = |tenant: &str| bpmn(&format!("<callActivity camunda:calledElementTenantId='{tenant}'/>"));
    let hidden = inspector(Code::Deny);
    let readable = Inspector::new(Code::Deny, SharedResources::Readable).unwrap();
    assert_eq!(readable.inspect("a.bpmn", &model("${null}"), TENANT), []);
    assert_eq!(hidden.inspect("a.bpmn", &model("${null}"), TENANT).len(), 1);
    for other in ["#{null}", "${null }", " ${null}", "${a}", "modelB1", "modela1", "modelA1 ", "", "null"] {
        assert_eq!(readable.inspect("a.bpmn", &model(other), TENANT).len(), 1, "{other}");
    }
}

#[test]
fn the_end_of_a_name_tells_the_kind() {
    for (name, kind) in [
        ("a.bpmn", Some(ModelKind::Bpmn)),
        ("foobpmn", Some(ModelKind::Bpmn)),
        ("a.bpmn20.xml", Some(ModelKind::Bpmn)),
        ("a.dmn", Some(ModelKind::Dmn)),
        ("adir/a.dmn11.xml", Some(ModelKind::Dmn)),
        ("a.cmmn", Some(ModelKind::Cmmn)),
        ("a.cmmn10.xml", Some(ModelKind::Cmmn)),
        ("a.cmmn11.xml", Some(ModelKind::Cmmn)),
        ("form", Some(ModelKind::Form)),
        ("a.BPMN", None),
        ("a.bpmn ", None),
        ("a.xml", None),
        ("a.form.json", None),
        ("", None),
    ] {
        assert_eq!(Inspector::kind(name), kind, "{name}");
    }
    assert_eq!(inspector(Code::Deny).inspect("a.txt", b"${a.b}", TENANT), []);
}

#[test]
fn a_finding_has_its_place() {
    let model = bpmn("\n<process id='P'>\n  <task/><userTask id='ä' name='${a.b}'/>\n</process>");
    let found = inspector(Code::Deny).inspect("a.bpmn", &model, TENANT);
    let place = found.iter().map(|f| (f.line, f.column, f.id.as_deref())).collect::<Vec<_>>();
    assert_eq!(place, [(3, 10, Some("ä"))]);
}

/// What a caller wrote long is told short, however often it is told.
#[test]
fn findings_stay_small() {
    let long = "x".repeat(1_000_000);
    let deny = inspector(Code::Deny);
    for model in [
        format!("<task id='{long}'>{}</task>", "<a b='${c.d}'/>".repeat(500)),
        format!("<{long} b='${{c.d}}' c='${{c.d}}'/>"),
        format!("<task {long}='${{c.d}}'/>"),
        format!("<task a='${{{long}.b}}'/>"),
        format!("<task a='${{{long}Service}}'/>"),
        format!("<task calledElementTenantId='{long}'/>"),
        format!("<camunda:{long}/>"),
        format!("<{long}></b>"),
        format!("<{long}:a/>"),
        format!("<a {long}='1' {long}='2'/>"),
        format!("<a>&{long};</a>"),
    ] {
        let found = deny.inspect("a.bpmn", &bpmn(&model), TENANT);
        assert!(!found.is_empty());
        assert!(found.iter().all(|one| one.to_string().len() < 2000), "{}", &model[..20]);
    }
}

#[test]
fn a_file_of_another_kind_or_size_is_refused() {
    let deny = inspector(Code::Deny);
    assert_eq!(lines(&deny.inspect("a.dmn", &bpmn(""), TENANT)), ["- - root"]);
    assert_eq!(lines(&deny.inspect("a.bpmn", &bpmn(""), TENANT)), [""; 0]);
    assert_eq!(lines(&deny.inspect("a.form", &vec![b' '; MAX_BYTES + 1], TENANT)), ["- - too-large"]);
}

#[test]
fn a_file_can_be_checked_without_a_tenant() {
    let honest = corpus().join("honest");
    let check = |name: &str, tenant| {
        lines(&check_file(&honest.join(name), tenant, Code::Deny, SharedResources::Hidden))
    };
    assert_eq!(check("called-tenant.bpmn", Some(TENANT)), [""; 0]);
    assert_eq!(
        check("called-tenant.bpmn", None),
        ["callActivity camunda:calledElementTenantId foreign-tenant"]
    );
    assert_eq!(check("class.bpmn", None), [""; 0]);
    assert_eq!(check("missing.bpmn", None), ["- - unreadable"]);
    assert_eq!(check("../cases.yaml", None), ["- - not-a-model"]);
}
