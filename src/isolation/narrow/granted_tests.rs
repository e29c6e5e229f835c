//! Narrowing for callers whose token grants more tenants than their own.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::tests::{handles, narrowing};
use super::*;
use crate::isolation::draft::{Preview, Value};
use crate::isolation::engine::LONGEST_TARGET;
use crate::json;
use crate::policy::{self, How};
use crate::tenancy::{Grants, Level, Tenant, UserId};

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy::load(None).unwrap());

const EACH: [RuleKind; 5] =
    [RuleKind::Read, RuleKind::Work, RuleKind::Start, RuleKind::Deploy, RuleKind::Administer];

/// The caller A with these grants.
fn caller(granted: &[(&str, Level)]) -> Caller {
    let mut grants = Grants::default();
    granted.iter().for_each(|(id, level)| grants.add(Tenant::parse(id, &[]).unwrap(), *level));
    Caller::new(Tenant::parse("A", &[]).unwrap()).granted(grants)
}

/// A person with these grants.
fn a_person(granted: &[(&str, Level)]) -> Caller {
    Caller::person(UserId::of_person("person:", "ada", &[]).unwrap())
        .granted(caller(granted).grants().clone())
}

fn pairs(caller: &Caller, kind: RuleKind, query: &[(&str, &str)]) -> Result<Vec<String>, Kind> {
    let (policy, handles) = (&*POLICY, handles());
    let narrowing = narrowing(policy, caller, &handles, &[], (kind, SharedResources::Hidden));
    let pairs = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let rules = policy.field_rules_named("TaskQuery").unwrap();
    let (pairs, _) = narrowing.query(rules, pairs).map_err(|refusal| refusal.kind())?;
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Tenants(tenants) => Tenant::joined(&tenants),
        Value::Id(id) => id.id().to_owned(),
    };
    Ok(pairs.into_iter().map(|(n, v)| format!("{n}={}", text(v))).collect())
}

fn object(caller: &Caller, kind: RuleKind, rules: &str, body: &str) -> Result<(String, Narrowed), Kind> {
    let (policy, handles) = (&*POLICY, handles());
    let narrowing = narrowing(policy, caller, &handles, &[], (kind, SharedResources::Hidden));
    let json = json::read(&body.to_owned().into(), 100).unwrap();
    let rules = policy.field_rules_named(rules).unwrap();
    let (json, narrowed) = narrowing.object(rules, json).map_err(|refusal| refusal.kind())?;
    Ok((String::from_utf8(json.write_with(&mut |id| id.id().to_owned())).unwrap(), narrowed))
}

#[test]
fn a_list_shows_all_granted_tenants_or_those_that_it_names() {
    let caller = caller(&[("B", Level::Read), ("C", Level::Work)]);
    let read = |query: &[(&str, &str)]| pairs(&caller, RuleKind::Read, query);
    assert_eq!(read(&[]).unwrap(), ["tenantIdIn=A,B,C"]);
    assert_eq!(read(&[("tenantIdIn", "C,A,C")]).unwrap(), ["tenantIdIn=C,A"]);
    assert_eq!(read(&[("tenantIdIn", "")]).unwrap(), ["tenantIdIn=A,B,C"]);
    for foreign in ["D", "A,D", "b", "B ", "*"] {
        assert_eq!(read(&[("tenantIdIn", foreign)]), Err(Kind::ForeignTenant), "{foreign}");
    }
}

#[test]
fn what_works_takes_tenants_at_its_level_and_what_writes_stays_at_home() {
    let caller = caller(&[("B", Level::Read), ("C", Level::Work), ("D", Level::All)]);
    assert_eq!(pairs(&caller, RuleKind::Work, &[]).unwrap(), ["tenantIdIn=A,C,D"]);
    assert_eq!(pairs(&caller, RuleKind::Work, &[("tenantIdIn", "B")]), Err(Kind::Level));
    assert_eq!(pairs(&caller, RuleKind::Administer, &[]).unwrap(), ["tenantIdIn=A"]);
    assert_eq!(pairs(&caller, RuleKind::Administer, &[("tenantIdIn", "D")]).unwrap(), ["tenantIdIn=D"]);
    assert_eq!(pairs(&caller, RuleKind::Administer, &[("tenantIdIn", "C")]), Err(Kind::Level));
}

#[test]
fn creates_go_to_the_own_tenant_unless_one_is_named_that_is_granted_in_full() {
    let caller = caller(&[("B", Level::Work), ("D", Level::All)]);
    let create = |body: &str| object(&caller, RuleKind::Start, "TaskCreate", body).map(|(text, _)| text);
    assert_eq!(create("{}").unwrap(), r#"{"tenantId":"A"}"#);
    assert_eq!(create(r#"{"tenantId":"D"}"#).unwrap(), r#"{"tenantId":"D"}"#);
    assert_eq!(create(r#"{"tenantId":"B"}"#), Err(Kind::Level));
    assert_eq!(create(r#"{"tenantId":"E"}"#), Err(Kind::ForeignTenant));
}

#[test]
fn a_body_that_writes_a_tenant_is_for_that_tenants_record() {
    let caller = caller(&[("B", Level::Work)]);
    let update = |body: &str| object(&caller, RuleKind::Work, "TaskUpdate", body).unwrap();
    let within = |narrowed: Narrowed| narrowed.within.map(|tenant| tenant.to_string());
    let (text, narrowed) = update(r#"{"tenantId":"B"}"#);
    assert!(text.contains(r#""tenantId":"B""#), "{text}");
    assert_eq!(within(narrowed).as_deref(), Some("B"));
    // The twin: without it the own tenant would be written into the other's record.
    assert_eq!(within(update("{}").1).as_deref(), Some("A"));
}

#[test]
fn the_owner_of_a_record_is_nobody_else() {
    let caller = caller(&[("B", Level::All)]);
    let filter = |body: &str| object(&caller, RuleKind::Work, "Filter", body).map(|(text, _)| text);
    assert_eq!(filter(r#"{"owner":"B"}"#), Err(Kind::ForeignTenant));
    assert!(filter(r#"{"owner":"A"}"#).unwrap().contains(r#""owner":"A""#));
    assert_eq!(object(&caller, RuleKind::Administer, "NewTenant", r#"{"id":"B"}"#), Err(Kind::ForeignTenant));
}

/// A caller with as many granted tenants, whose names have so many letters.
fn many(count: usize, length: usize) -> Caller {
    let ids: Vec<String> = (0..count).map(|n| format!("{n:0>length$}")).collect();
    let granted: Vec<(&str, Level)> = ids.iter().map(|id| (id.as_str(), Level::Read)).collect();
    caller(&granted)
}

/// What the engine would be asked for a list by GET.
fn fitted(
    caller: &Caller,
    path: &str,
    query: &[(&str, &str)],
    shared: SharedResources,
) -> Result<Vec<Preview>, String> {
    let (policy, handles) = (&*POLICY, handles());
    let segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
    let operation = policy.find("GET", &segments).unwrap();
    let How::Forward(forward) = &operation.rule.how else { panic!("{path} is not sent on") };
    let tenancy = crate::config::Tenancy { shared_resources: shared, ..crate::config::Tenancy::default() };
    let narrowing = Narrowing::new(policy, &tenancy, &handles, caller, &operation);
    let query = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let asks = RequestParts { method: "GET".to_owned(), query, body: None };
    let Outcome::Forward(draft) = narrowing.narrow(forward, asks).map_err(|r| r.message().to_owned())? else {
        panic!("nothing to ask");
    };
    Ok(
        match narrowing
            .fitted(forward, draft, LONGEST_TARGET)
            .map_err(|r| format!("{:?}: {}", r.kind(), r.message()))?
        {
            Fitted::Whole(draft) => vec![draft.preview()],
            Fitted::Pages(pages) => pages.drafts.iter().map(Draft::preview).collect(),
        },
    )
}

/// The tenants that a request names.
fn named(preview: &Preview) -> Vec<String> {
    match &preview.body {
        Some(body) => {
            let body: serde_json::Value = serde_json::from_slice(body).unwrap();
            body["tenantIdIn"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect()
        }
        None => {
            let pairs = preview.target.split(['?', '&']);
            let pins: Vec<&str> = pairs.filter_map(|pair| pair.strip_prefix("tenantIdIn=")).collect();
            assert_eq!(pins.len(), 1, "{}", preview.target);
            pins[0].split("%2C").map(str::to_owned).collect()
        }
    }
}

const HIDDEN: SharedResources = SharedResources::Hidden;

#[test]
fn more_tenants_than_a_query_string_holds_are_asked_for_by_post() {
    let caller = many(1000, 20);
    let query = [
        ("name", "a b,c"),
        ("active", "true"),
        ("priority", "7"),
        ("candidateGroups", "x,y"),
        ("processVariables", "a_eq_1,b_like_%c%"),
        ("dueAfter", "2026-01-02T03:04:05.000+0000"),
        ("sortBy", "created"),
        ("sortOrder", "desc"),
        ("firstResult", "5"),
        ("maxResults", "10"),
    ];
    let asked = fitted(&caller, "/task", &query, HIDDEN).unwrap();
    let [one] = asked.as_slice() else { panic!("{} requests", asked.len()) };
    assert_eq!((one.method.as_str(), one.target.as_str()), ("POST", "/task?firstResult=5&maxResults=10"));
    assert_eq!(named(one).len(), 1001);
    let mut body: serde_json::Value = serde_json::from_slice(one.body.as_ref().unwrap()).unwrap();
    body.as_object_mut().unwrap().remove("tenantIdIn");
    let expected = serde_json::json!({
        "name": "a b,c", "active": true, "priority": 7, "candidateGroups": ["x", "y"],
        "processVariables": [
            {"name": "a", "operator": "eq", "value": "1"}, {"name": "b", "operator": "like", "value": "%c%"}
        ],
        "dueAfter": "2026-01-02T03:04:05.000+0000", "sorting": [{"sortBy": "created", "sortOrder": "desc"}],
    });
    assert_eq!(body, expected);
    assert_eq!(
        fitted(&caller, "/task/count", &query, HIDDEN).unwrap()[0].target,
        "/task/count?firstResult=5&maxResults=10"
    );
    // The twins: fewer tenants, by grant or by name, are asked for as the client did.
    for (caller, query) in [(&many(200, 20), &[][..]), (&caller, &[("tenantIdIn", "A")])] {
        let asked = fitted(caller, "/task", query, HIDDEN).unwrap();
        assert_eq!((asked.len(), asked[0].method.as_str()), (1, "GET"));
    }
    // A long query of the client's own counts, too.
    let long = "x".repeat(5000);
    let asked = fitted(&many(200, 20), "/task", &[("name", &long)], HIDDEN).unwrap();
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "POST"));
    // It alone is the client's affair.
    let asked = fitted(&many(0, 20), "/task", &[("name", &"x".repeat(8000))], HIDDEN).unwrap();
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "GET"));
}

#[test]
fn what_can_not_be_written_anew_for_certain_is_asked_in_pages_or_refused() {
    let caller = many(1000, 20);
    for (name, value) in [
        ("_", "1"),
        ("active", "TRUE"),
        ("active", ""),
        ("priority", "07"),
        ("priority", "1.0"),
        ("candidateGroups", "a,,b"),
        ("candidateGroups", ""),
        ("processVariables", "a_b_eq_1"),
        ("processVariables", "a_eq_"),
        ("sortBy", "created"),
        ("sorting", "x"),
    ] {
        let sorted = [(name, value), ("maxResults", "1")];
        let refused = fitted(&caller, "/task", &sorted, HIDDEN).unwrap_err();
        assert!(
            refused.starts_with("TargetTooLong") && refused.ends_with("ask by POST"),
            "{name}: {refused}"
        );
        let count = fitted(&caller, "/task/count", &sorted, HIDDEN).unwrap();
        assert!(count.len() > 1 && count.iter().all(|one| one.method == "GET"), "{name}={value}");
    }
}

#[test]
fn a_list_without_a_twin_is_asked_in_pages_unless_it_is_sorted_or_cut() {
    let caller = many(1000, 20);
    let pages = fitted(&caller, "/process-definition", &[("key", "k")], HIDDEN).unwrap();
    assert!(pages.len() > 2 && pages.iter().all(|page| page.target.contains("?key=k&tenantIdIn=")));
    for name in ["sortBy", "sortOrder", "firstResult", "maxResults"] {
        let refused = fitted(&caller, "/process-definition", &[(name, "1")], HIDDEN).unwrap_err();
        assert!(refused.contains("remove sorting"), "{refused}");
        // The twins: few tenants, and a count, which the engine neither sorts nor cuts.
        assert_eq!(fitted(&many(9, 20), "/process-definition", &[(name, "1")], HIDDEN).unwrap().len(), 1);
        assert_eq!(
            fitted(&caller, "/process-definition/count", &[(name, "1")], HIDDEN).unwrap().len(),
            pages.len()
        );
    }
    // So long a query leaves no room for a tenant.
    let long = "x".repeat(7150);
    assert!(fitted(&caller, "/process-definition", &[("key", &long)], HIDDEN).is_err());
}

#[test]
fn shared_records_show_in_one_page_only() {
    let readable = SharedResources::Readable;
    let pages = fitted(&many(1000, 20), "/process-definition/count", &[], readable).unwrap();
    let includes = pages.iter().map(|page| page.target.matches("WithoutTenantId=true").count());
    assert_eq!(includes.collect::<Vec<_>>(), [vec![1], vec![0; pages.len() - 1]].concat());
}

#[test]
fn the_table_of_parameters_is_that_of_the_engine() {
    let mut engine = std::collections::BTreeSet::new();
    for line in include_str!("../../../tests/data/twin-lists.tsv").lines() {
        for parameter in line.split('\t').nth(1).unwrap().split(',') {
            let (name, kind) = parameter.split_once(':').unwrap();
            let kind = match kind {
                "String" | "Date" => "text",
                "Boolean" => "boolean",
                "Integer" | "Long" => "number",
                "StringArray" | "StringList" | "StringSet" => "list",
                "VariableList" => "variables",
                "ConditionList" => "conditions",
                other => panic!("{other}"),
            };
            // Sorting has a shape of its own, `orQueries` no form as a parameter, and expressions are refused.
            if !["sortBy", "sortOrder", "orQueries"].contains(&name) && !name.ends_with("Expression") {
                engine.insert((kind, name));
            }
        }
    }
    let lines = include_str!("parameters.tsv").lines().map(|line| line.split_once('\t').unwrap());
    let ours: Vec<_> =
        lines.flat_map(|(kind, names)| names.split(',').map(move |name| (kind, name))).collect();
    assert_eq!(ours.len(), engine.len());
    assert_eq!(ours.into_iter().collect::<std::collections::BTreeSet<_>>(), engine);
}

fn levels() -> impl Strategy<Value = Vec<(&'static str, Level)>> {
    let one =
        (proptest::sample::select(vec!["B", "C", "D", "E"]), proptest::sample::select(Level::EACH.to_vec()));
    proptest::collection::vec(one, 0..6)
}

proptest! {
    /// For any grants and any list query the engine is asked for granted tenants only, each at the level of the kind.
    #[test]
    fn the_engine_is_asked_for_a_subset_of_the_grants(
        granted in levels(),
        person in proptest::bool::ANY,
        kind in proptest::sample::select(EACH.to_vec()),
        named in proptest::collection::vec(proptest::sample::select(vec!["A", "B", "C", "D", "E", "F", ""]), 0..4),
    ) {
        let caller = if person { a_person(&granted) } else { caller(&granted) };
        let list = named.join(",");
        let query: &[(&str, &str)] = if named.is_empty() { &[] } else { &[("tenantIdIn", &list)] };
        if let Ok(pairs) = pairs(&caller, kind, query) {
            let pins: Vec<&str> = pairs.iter().filter_map(|pair| pair.strip_prefix("tenantIdIn=")).collect();
            prop_assert_eq!(pins.len(), 1);
            for tenant in pins[0].split(',') {
                prop_assert!(caller.level(tenant).is_some_and(|level| level >= kind.level()), "{}", tenant);
                prop_assert!(list.split(',').all(str::is_empty) || named.contains(&tenant), "{}", tenant);
            }
        }
        let body = serde_json::json!({"tenantIdIn": named}).to_string();
        if let Ok((text, _)) = object(&caller, kind, "TaskQuery", &body) {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let pins = json["tenantIdIn"].as_array().unwrap();
            prop_assert!(!pins.is_empty());
            for tenant in pins {
                let level = caller.level(tenant.as_str().unwrap());
                prop_assert!(level.is_some_and(|level| level >= kind.level()), "{}", tenant);
            }
        }
    }

    /// For any grants and any write: a tenant that is put in or named is granted at the level of the kind, and so is the
    /// owner of a record that goes on.
    #[test]
    fn the_owner_of_what_is_written_has_the_level(
        granted in levels(),
        person in proptest::bool::ANY,
        kind in proptest::sample::select(EACH.to_vec()),
        named in proptest::option::of(proptest::sample::select(vec!["A", "B", "C", "D", "E", "F", ""])),
    ) {
        let caller = if person { a_person(&granted) } else { caller(&granted) };
        let covers = |tenant: &str| caller.level(tenant).is_some_and(|level| level >= kind.level());
        let body = serde_json::json!({"tenantId": named}).to_string();
        for rules in ["TaskCreate", "TaskUpdate", "Message", "Condition", "Signal"] {
            if let Ok((text, narrowed)) = object(&caller, kind, rules, &body) {
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                let tenant = json["tenantId"].as_str().unwrap();
                prop_assert!(covers(tenant), "{} in {}", tenant, rules);
                prop_assert!(narrowed.within.is_none_or(|within| within.as_str() == tenant));
                let meant = named.filter(|named| !named.is_empty());
                prop_assert!(meant.is_none_or(|named| named == tenant), "{} in {}", tenant, rules);
            }
        }
        for owner in ["A", "B", "C", "D", "E", "F"] {
            let found = caller.at_level(owner, kind.level());
            prop_assert_eq!(matches!(found, Ok(Some(_))), covers(owner));
            // What is visible at a lower level is a refusal, what is not is as missing.
            prop_assert_eq!(found.is_err(), !covers(owner) && caller.level(owner).is_some());
        }
    }

    /// However many tenants there are, whatever their names: each request names a part of them that is not empty, no two
    /// the same, all together each, and none is longer than the engine reads.
    #[test]
    fn pages_share_the_grants_out(
        count in 0..600_usize,
        length in 3..64_usize,
        own in 0..7000_usize,
        path in proptest::sample::select(vec!["/task", "/task/count", "/process-definition", "/process-definition/count", "/incident"]),
    ) {
        let caller = many(count, length);
        let long = "x".repeat(own);
        if let Ok(asked) = fitted(&caller, path, &[("key", &long)], HIDDEN) {
            let mut all = Vec::new();
            for one in &asked {
                let named = named(one);
                prop_assert!(named.iter().all(|tenant| !tenant.is_empty()) && !named.is_empty());
                prop_assert!(one.target.len() <= LONGEST_TARGET || count == 0, "{}", one.target.len());
                all.extend(named);
            }
            all.sort();
            let mut granted: Vec<String> = caller.tenants(Level::Read).map(ToString::to_string).collect();
            granted.sort();
            prop_assert_eq!(all, granted);
        }
    }
}
