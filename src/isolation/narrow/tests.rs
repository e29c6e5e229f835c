use bytes::Bytes;

use super::field::Narrowed;
use super::*;
use crate::isolation::draft::Value;
use crate::json;
use crate::policy;
use crate::tenancy::Tenant;

pub(super) fn narrowing<'a>(
    policy: &'a Policy,
    caller: &'a Caller,
    handles: &'a Handles,
    params: &'a [String],
    (kind, shared): (RuleKind, SharedResources),
) -> Narrowing<'a> {
    let users = Users::AsAsked;
    Narrowing { policy, caller, kind, shared, users, handles, params, shared_key: false }
}

fn narrow_pairs(
    field_rules: &str,
    kind: RuleKind,
    shared: SharedResources,
    query: &[(&str, &str)],
) -> Result<(Vec<String>, Narrowed), Kind> {
    let (policy, caller, handles) = (policy::load(None).unwrap(), caller(), handles());
    let params = ["A".to_owned()];
    let narrowing = narrowing(&policy, &caller, &handles, &params, (kind, shared));
    let pairs = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let id = policy.field_rules_named(field_rules).unwrap();
    let (pairs, narrowed) = narrowing.query(id, pairs).map_err(|r| r.kind())?;
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Tenants(tenants) => Tenant::joined(&tenants),
        Value::Id(asked) => format!("?{}", asked.id()),
    };
    Ok((pairs.into_iter().map(|(n, v)| format!("{n}={}", text(v))).collect(), narrowed))
}

fn caller() -> Caller {
    Caller::new(Tenant::parse("A", &[]).unwrap())
}

pub(super) fn handles() -> Handles {
    Handles::new(&[vec![7; 32].into()], "default")
}

fn pairs(field_rules: &str, query: &[(&str, &str)]) -> Result<Vec<String>, Kind> {
    let (pairs, narrowed) = narrow_pairs(field_rules, RuleKind::Read, SharedResources::Hidden, query)?;
    assert!(!narrowed.empty && !narrowed.without_tenant);
    Ok(pairs)
}

fn object(field_rules: &str, kind: RuleKind, body: &str) -> Result<(String, Narrowed), Kind> {
    object_with(field_rules, kind, SharedResources::Hidden, body)
}

fn object_with(
    field_rules: &str,
    kind: RuleKind,
    shared: SharedResources,
    body: &str,
) -> Result<(String, Narrowed), Kind> {
    let (policy, caller, handles) = (policy::load(None).unwrap(), caller(), handles());
    let params = ["A".to_owned()];
    let narrowing = narrowing(&policy, &caller, &handles, &params, (kind, shared));
    let json = json::read(&Bytes::copy_from_slice(body.as_bytes()), 64).unwrap();
    let id = policy.field_rules_named(field_rules).unwrap();
    let (json, narrowed) = narrowing.object(id, json).map_err(|r| r.kind())?;
    let text = json.write_with(&mut |asked| format!("?{}", asked.id()));
    Ok((String::from_utf8(text).unwrap(), narrowed))
}

fn read(field_rules: &str, body: &str) -> Result<String, Kind> {
    let (text, narrowed) = object(field_rules, RuleKind::Read, body)?;
    assert!(!narrowed.empty);
    Ok(text)
}

#[test]
fn q1_a_tenant_parameter_twice_is_refused_even_if_equal() {
    assert_eq!(pairs("TaskQuery", &[("tenantIdIn", "A")]).unwrap(), ["tenantIdIn=A"]);
    assert_eq!(pairs("TaskQuery", &[("tenantIdIn", "A"), ("tenantIdIn", "A")]), Err(Kind::QueryAmbiguous));
    assert_eq!(
        pairs("TaskQuery", &[("name", "x"), ("name", "y")]).unwrap(),
        ["name=x", "name=y", "tenantIdIn=A"]
    );
}

#[test]
fn q2_a_comma_list_holds_own_tenants_only() {
    assert_eq!(pairs("TaskQuery", &[("tenantIdIn", "A,A")]).unwrap(), ["tenantIdIn=A"]);
    for foreign in ["A,B", "B", " A", "A, A", "a"] {
        assert_eq!(pairs("TaskQuery", &[("tenantIdIn", foreign)]), Err(Kind::ForeignTenant), "{foreign}");
    }
}

#[test]
fn q3_wishes_for_records_without_tenant_are_answered_empty_and_never_dropped() {
    for (yes, empty) in [("true", true), ("\"true\"", true), ("1", true), ("false", false), ("0", false)] {
        let (pairs, narrowed) = narrow_pairs(
            "ProcessInstanceQuery",
            RuleKind::Read,
            SharedResources::Hidden,
            &[("withoutTenantId", yes)],
        )
        .unwrap();
        assert_eq!(narrowed.empty, empty, "{yes}");
        assert_eq!(pairs, ["tenantIdIn=A"]);
    }
    assert_eq!(pairs("ProcessInstanceQuery", &[("withoutTenantId", "TRUE")]), Err(Kind::QueryAmbiguous));
    assert_eq!(pairs("JobQuery", &[("includeJobsWithoutTenantId", "true")]).unwrap(), ["tenantIdIn=A"]);
    assert_eq!(
        pairs("ProcessInstanceQuery", &[("processDefinitionWithoutTenantId", "true")]).unwrap(),
        ["processDefinitionWithoutTenantId=true", "tenantIdIn=A"]
    );
}

#[test]
fn q5_i9_an_empty_pin_is_never_sent() {
    for empty in ["", " ", ",", ",,"] {
        assert_eq!(pairs("TaskQuery", &[("tenantIdIn", empty)]).unwrap(), ["tenantIdIn=A"], "`{empty}`");
    }
    for empty in ["{}", r#"{"tenantIdIn":null}"#, r#"{"tenantIdIn":[]}"#, r#"{"tenantIdIn":["A"]}"#] {
        assert_eq!(read("TaskQuery", empty).unwrap(), r#"{"tenantIdIn":["A"]}"#, "{empty}");
    }
}

#[test]
fn j3_pins_of_other_types_are_refused() {
    for odd in [r#""A""#, "1", "{}", "[null]", "[1]", "true"] {
        let body = format!(r#"{{"tenantIdIn":{odd}}}"#);
        assert_eq!(read("TaskQuery", &body), Err(Kind::BodyAmbiguous), "{odd}");
    }
    for foreign in [r#"["B"]"#, r#"["A","B"]"#, r#"[""]"#] {
        let body = format!(r#"{{"tenantIdIn":{foreign}}}"#);
        assert_eq!(read("TaskQuery", &body), Err(Kind::ForeignTenant), "{foreign}");
    }
}

#[test]
fn j2_or_queries_are_checked_and_not_pinned() {
    let body = r#"{"orQueries":[{"tenantIdIn":["A"],"name":"x","orQueries":[{}]}]}"#;
    assert_eq!(
        read("TaskQuery", body).unwrap(),
        r#"{"orQueries":[{"tenantIdIn":["A"],"name":"x"}],"tenantIdIn":["A"]}"#
    );
    assert_eq!(read("TaskQuery", r#"{"orQueries":[{"tenantIdIn":["B"]}]}"#), Err(Kind::ForeignTenant));
    assert_eq!(read("TaskQuery", r#"{"orQueries":[{"nameExpression":"${x}"}]}"#), Err(Kind::FieldDenied));
}

#[test]
fn i10_a_wish_for_records_without_tenant_inside_or_queries_stays() {
    let body = r#"{"tenantIdIn":["A"],"orQueries":[{"withoutTenantId":true}]}"#;
    assert_eq!(read("ProcessInstanceQuery", body).unwrap(), body);
}

#[test]
fn a_wish_for_records_without_tenant_is_empty_for_reads_and_refused_for_writes() {
    for (wish, empty) in [("true", true), ("\"TRUE\"", true), ("1", true), ("false", false), ("null", false)]
    {
        let body = format!(r#"{{"withoutTenantId":{wish}}}"#);
        let (text, narrowed) = object("TaskQuery", RuleKind::Read, &body).unwrap();
        assert_eq!((text.as_str(), narrowed.empty), (r#"{"tenantIdIn":["A"]}"#, empty), "{wish}");
    }
    let body = r#"{"processInstanceQuery":{"withoutTenantId":true}}"#;
    assert_eq!(object("Modification", RuleKind::Administer, body), Err(Kind::WithoutTenant));
    let twin = r#"{"processInstanceQuery":{"withoutTenantId":false}}"#;
    assert_eq!(
        object("Modification", RuleKind::Administer, twin).unwrap().0,
        r#"{"processInstanceQuery":{"tenantIdIn":["A"]}}"#
    );
}

#[test]
fn an_absent_embedded_query_is_never_added() {
    let body = r#"{"processInstanceIds":["x"],"processInstanceQuery":null}"#;
    let narrowed = object("Modification", RuleKind::Administer, body).unwrap().0;
    assert_eq!(narrowed, r#"{"processInstanceIds":["?x"],"processInstanceQuery":null}"#);
}

#[test]
fn a_null_among_the_ids_of_a_write_is_refused() {
    let body = r#"{"processInstanceIds":["x",null]}"#;
    assert_eq!(object("Modification", RuleKind::Administer, body), Err(Kind::BodyAmbiguous));
    // The twin: a read.
    let narrowed = object("Modification", RuleKind::Read, body).unwrap().0;
    assert!(narrowed.contains(r#""processInstanceIds":["?x",null]"#), "{narrowed}");
}

#[test]
fn every_topic_is_pinned() {
    let body = r#"{"workerId":"w","topics":[{"topicName":"t"},{"topicName":"t","tenantIdIn":[]}]}"#;
    assert_eq!(
        object("FetchAndLock", RuleKind::Work, body).unwrap().0,
        r#"{"workerId":"w","topics":[{"topicName":"t","tenantIdIn":["A"]},{"topicName":"t","tenantIdIn":["A"]}]}"#
    );
    let body = r#"{"topics":[{"topicName":"t","withoutTenantId":true}]}"#;
    assert_eq!(object("FetchAndLock", RuleKind::Work, body), Err(Kind::WithoutTenant));
    let body = r#"{"topics":[{"topicName":"t","tenantIdIn":["B"]}]}"#;
    assert_eq!(object("FetchAndLock", RuleKind::Work, body), Err(Kind::ForeignTenant));
}

#[test]
fn a_selector_by_key_gets_its_tenant() {
    let body = r#"{"processDefinitionKey":"p","suspended":true}"#;
    assert_eq!(
        object("SuspendInstances", RuleKind::Administer, body).unwrap().0,
        r#"{"processDefinitionKey":"p","suspended":true,"processDefinitionTenantId":"A"}"#
    );
    let by_id = r#"{"processDefinitionId":"p","suspended":true}"#;
    assert_eq!(
        object("SuspendInstances", RuleKind::Administer, by_id).unwrap().0,
        r#"{"processDefinitionId":"?p","suspended":true}"#
    );
    let without_tenant = r#"{"processDefinitionKey":"p","processDefinitionWithoutTenantId":true}"#;
    assert_eq!(object("SuspendInstances", RuleKind::Administer, without_tenant), Err(Kind::WithoutTenant));
}

#[test]
fn i8_the_id_in_the_body_is_the_paths() {
    assert_eq!(
        object("OwnTenant", RuleKind::Administer, r#"{"name":"n"}"#).unwrap().0,
        r#"{"name":"n","id":"?A"}"#
    );
    assert!(object("OwnTenant", RuleKind::Administer, r#"{"id":"A"}"#).is_ok());
    assert_eq!(object("OwnTenant", RuleKind::Administer, r#"{"id":"B"}"#), Err(Kind::ForeignTenant));
}

#[test]
fn a_tasks_id_is_not_the_clients_to_choose() {
    assert_eq!(object("TaskCreate", RuleKind::Start, r#"{"id":"x"}"#), Err(Kind::TaskId));
    assert_eq!(object("TaskCreate", RuleKind::Start, r#"{"id":null}"#).unwrap().0, r#"{"tenantId":"A"}"#);
    assert_eq!(object("TaskCreate", RuleKind::Start, r#"{"tenantId":"B"}"#), Err(Kind::ForeignTenant));
}

#[test]
fn a_signal_to_an_execution_gets_no_tenant() {
    assert_eq!(
        object("Signal", RuleKind::Start, r#"{"name":"s"}"#).unwrap().0,
        r#"{"name":"s","tenantId":"A"}"#
    );
    assert_eq!(
        object("Signal", RuleKind::Start, r#"{"name":"s","executionId":"e"}"#).unwrap().0,
        r#"{"name":"s","executionId":"?e"}"#
    );
}

#[test]
fn shared_definitions_show_under_readable() {
    let run = |query: &[(&str, &str)]| {
        narrow_pairs("ProcessDefinitionQuery", RuleKind::Read, SharedResources::Readable, query).unwrap()
    };
    let all = "includeProcessDefinitionsWithoutTenantId=true";
    assert_eq!(run(&[]).0, ["tenantIdIn=A", all]);
    assert_eq!(run(&[("tenantIdIn", "A")]).0, ["tenantIdIn=A"]);
    assert_eq!(
        run(&[("tenantIdIn", "A"), ("includeProcessDefinitionsWithoutTenantId", "true")]).0,
        ["tenantIdIn=A", all]
    );
    assert_eq!(run(&[("withoutTenantId", "true")]).0, ["withoutTenantId=true"]);
    assert!(run(&[]).1.without_tenant);
    let jobs =
        narrow_pairs("JobQuery", RuleKind::Read, SharedResources::Readable, &[("withoutTenantId", "1")]);
    assert!(jobs.unwrap().1.empty);
}

/// A query says the same in a query string and in a body.
#[test]
fn both_adapters_decide_alike_under_readable() {
    let field_rules = "ProcessDefinitionQuery";
    let all = "includeProcessDefinitionsWithoutTenantId";
    for (pairs, body) in [
        (&[][..], "{}"),
        (&[("withoutTenantId", "true")][..], r#"{"withoutTenantId":true}"#),
        (&[("withoutTenantId", "false")][..], r#"{"withoutTenantId":false}"#),
        (&[("tenantIdIn", "A")][..], r#"{"tenantIdIn":["A"]}"#),
        (
            &[(all, "true"), ("tenantIdIn", "A")][..],
            r#"{"includeProcessDefinitionsWithoutTenantId":true,"tenantIdIn":["A"]}"#,
        ),
        (&[("incidentId", "x")][..], r#"{"incidentId":"x"}"#),
        (&[("incidentId", "x"), ("withoutTenantId", "1")][..], r#"{"incidentId":"x","withoutTenantId":1}"#),
    ] {
        for shared in [SharedResources::Hidden, SharedResources::Readable] {
            let (sent, by_query) = narrow_pairs(field_rules, RuleKind::Read, shared, pairs).unwrap();
            let (text, by_body) = object_with(field_rules, RuleKind::Read, shared, body).unwrap();
            assert_eq!(
                (by_query.empty, by_query.without_tenant),
                (by_body.empty, by_body.without_tenant),
                "{body}"
            );
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let mut members: Vec<String> = json
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_string().replace(['[', ']', '"'], "")))
                .collect();
            let mut sent = sent;
            sent.sort();
            members.sort();
            assert_eq!(sent, members, "{body} {shared:?}");
        }
    }
}

#[test]
fn an_opened_handle_is_the_pin() {
    let a = Caller::new(Tenant::parse("A", &[]).unwrap());
    let own = handles().seal("batch", &a, "id-1").unwrap();
    let (pairs, narrowed) =
        narrow_pairs("BatchQuery", RuleKind::Read, SharedResources::Hidden, &[("batchId", &own)]).unwrap();
    assert_eq!(pairs, ["batchId=id-1", "withoutTenantId=true"]);
    assert_eq!((narrowed.without_tenant, narrowed.opened), (true, vec![("id-1".to_owned(), own.clone())]));
    let b = Caller::new(Tenant::parse("B", &[]).unwrap());
    for not_own in ["id-1".to_owned(), handles().seal("batch", &b, "id-1").unwrap()] {
        let (pairs, narrowed) =
            narrow_pairs("BatchQuery", RuleKind::Read, SharedResources::Hidden, &[("batchId", &not_own)])
                .unwrap();
        assert_eq!(pairs, [format!("batchId={not_own}"), "tenantIdIn=A".to_owned()]);
        assert!(!narrowed.without_tenant);
    }
    let jobs = handles().seal("job-definition", &a, "def").unwrap();
    let body = format!(r#"{{"jobQuery":{{"jobDefinitionId":"{jobs}"}}}}"#);
    assert_eq!(
        object("JobRetries", RuleKind::Administer, &body).unwrap().0,
        r#"{"jobQuery":{"jobDefinitionId":"def","withoutTenantId":true}}"#
    );
    let body = format!(r#"{{"jobQuery":{{"jobDefinitionId":"{own}"}}}}"#);
    assert_eq!(
        object("JobRetries", RuleKind::Administer, &body).unwrap().0,
        format!(r#"{{"jobQuery":{{"jobDefinitionId":"{own}","tenantIdIn":["A"]}}}}"#)
    );
}

/// The field rules of the engine's lists: what they let through always holds exactly one pin.
const LISTS: &[&str] =
    &["TaskQuery", "ProcessInstanceQuery", "JobQuery", "ExecutionQuery", "BatchQuery", "DeploymentQuery"];

proptest::proptest! {
    /// An empty, doubled or foreign pin is never sent, whatever a query string holds.
    #[test]
    fn a_query_string_holds_exactly_the_own_pin(
        field_rules in proptest::sample::select(LISTS),
        query in proptest::collection::vec((
            "tenantIdIn|tenantIdin|withoutTenantId|includeJobsWithoutTenantId|name|orQueries|batchId",
            "A|B|A,B|,|| |A,|true|false|1|null|x",
        ), 0..5),
    ) {
        let query: Vec<(&str, &str)> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        if let Ok((sent, narrowed)) = narrow_pairs(field_rules, RuleKind::Read, SharedResources::Hidden, &query) {
            let pins: Vec<_> = sent.iter().filter(|p| p.starts_with("tenantIdIn=")).collect();
            proptest::prop_assert_eq!(pins, ["tenantIdIn=A"]);
            // A name that the engine's list does not know means nothing to it.
            let policy = policy::load(None).unwrap();
            let known = |name: &str| policy.field_rules(policy.field_rules_named(field_rules).unwrap()).field(name).is_some();
            let without_tenant = sent.iter().filter_map(|p| p.split_once('=')).any(|(name, _)| {
                (name.starts_with("withoutTenantId") || name.starts_with("include")) && known(name)
            });
            proptest::prop_assert!(!without_tenant && !narrowed.without_tenant);
        }
    }

    /// The same of a body.
    #[test]
    fn a_body_holds_exactly_the_own_pin(
        field_rules in proptest::sample::select(LISTS),
        pin in r#"|"tenantIdIn":(null|\[\]|\["A"\]|\["A","A"\]|\["B"\]|\[""\]|"A"|7),"#,
        without in r#"|"withoutTenantId":(null|true|false|"true"|1|0|"x"),"#,
    ) {
        let body = format!("{{{pin}{without}\"name\":\"x\"}}");
        if let Ok((sent, _)) = object(field_rules, RuleKind::Read, &body) {
            let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
            proptest::prop_assert_eq!(&sent["tenantIdIn"], &serde_json::json!(["A"]));
            // where the engine's list has no such field the field means nothing to it.
            let known = !matches!(field_rules, "ExecutionQuery");
            proptest::prop_assert!(!known || sent.get("withoutTenantId").is_none());
        }
    }
}
