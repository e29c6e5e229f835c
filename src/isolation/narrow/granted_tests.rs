//! Narrowing for callers whose token grants more tenants than their own.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::tests::{handles, narrowing};
use super::*;
use crate::isolation::draft::Value;
use crate::json;
use crate::policy;
use crate::tenancy::{Grants, Level, Tenant};

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy::load(None).unwrap());

const EACH: [RuleKind; 5] =
    [RuleKind::Read, RuleKind::Work, RuleKind::Start, RuleKind::Deploy, RuleKind::Administer];

/// The caller A with these grants.
fn caller(granted: &[(&str, Level)]) -> Caller {
    let mut grants = Grants::default();
    granted.iter().for_each(|(id, level)| grants.add(Tenant::parse(id, &[]).unwrap(), *level));
    Caller::new(Tenant::parse("A", &[]).unwrap()).granted(grants)
}

fn pairs(caller: &Caller, kind: RuleKind, query: &[(&str, &str)]) -> Result<Vec<String>, Kind> {
    let (policy, handles) = (&*POLICY, handles());
    let narrowing = narrowing(policy, caller, &handles, &[], (kind, SharedResources::Hidden));
    let pairs = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let rules = policy.field_rules_named("TaskQuery").unwrap();
    let (pairs, _) = narrowing.query(rules, pairs).map_err(|refusal| refusal.kind())?;
    let text = |value: Value| match value {
        Value::Text(text) => text,
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

#[test]
fn more_tenants_than_a_query_string_holds_are_named_or_asked_by_post() {
    let ids: Vec<String> = (0..1000).map(|n| format!("tenant-{n:04}")).collect();
    let granted: Vec<(&str, Level)> = ids.iter().map(|id| (id.as_str(), Level::Read)).collect();
    let caller = caller(&granted);
    assert_eq!(pairs(&caller, RuleKind::Read, &[]), Err(Kind::TargetTooLong));
    assert_eq!(
        pairs(&caller, RuleKind::Read, &[("tenantIdIn", "tenant-0007")]).unwrap(),
        ["tenantIdIn=tenant-0007"]
    );
    let (text, _) = object(&caller, RuleKind::Read, "TaskQuery", "{}").unwrap();
    assert_eq!(text.matches("tenant-").count(), 1000);
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
        kind in proptest::sample::select(EACH.to_vec()),
        named in proptest::collection::vec(proptest::sample::select(vec!["A", "B", "C", "D", "E", "F", ""]), 0..4),
    ) {
        let caller = caller(&granted);
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
}
