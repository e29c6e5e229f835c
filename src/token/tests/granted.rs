//! What a token grants, by settings as an operator writes them: each claim that can't be read beside a twin that can
//! and differs in one thing.

use serde_json::{Value, json};

use super::support::*;
use crate::refusal::Kind;
use crate::tenancy::{Caller, Level};
use crate::token::Tokens;

/// An issuer with one key, and the settings before it.
struct Scene {
    pair: Pair,
    tokens: Tokens,
    _server: Misbehaving,
}

impl Scene {
    /// `yaml`: `tenancy` and `permissions`.
    async fn with(yaml: &str) -> Self {
        let pair = Pair::rsa_a("k");
        let server = Misbehaving::new(Does::keys(&[&pair])).await;
        let settings = written(yaml);
        let (tenancy, permissions) = (&settings.tenancy, &settings.permissions);
        // Roomier than the default: ten thousand tenants fill a hundred kilobytes.
        let tokens =
            Tokens::new(&[server.settings()], &fast(), tenancy, permissions, 1 << 20).expect("settings");
        tokens.start();
        Self { pair, tokens, _server: server }
    }

    /// The caller of a token with these claims more.
    async fn caller(&self, more: &Value) -> Result<Caller, Kind> {
        let mut claims = claims("https://issuer.example/");
        for (name, value) in more.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        self.bare(&claims.to_string()).await
    }

    async fn bare(&self, claims: &str) -> Result<Caller, Kind> {
        let token = self.pair.sign_text(&self.pair.header().to_string(), claims);
        outcome(&self.tokens, &token).await.map_err(|r| r.kind())
    }
}

/// Own tenant and user, with a slash between.
fn own(caller: &Caller) -> String {
    format!("{}/{}", caller.own().unwrap(), caller.user())
}

/// The grants, as `B=read C=all`.
fn grants(caller: &Caller) -> String {
    let all: Vec<_> = caller.grants().iter().map(|(tenant, level)| format!("{tenant}={level}")).collect();
    all.join(" ")
}

async fn table(yaml: &str, shown: fn(&Caller) -> String, rows: &[(&str, Value, Result<&str, Kind>)]) {
    assert!(rows.iter().any(|r| r.2.is_ok()) && rows.iter().any(|r| r.2.is_err()), "a twin is missing");
    let scene = Scene::with(yaml).await;
    for (name, more, expected) in rows {
        let found = scene.caller(more).await.map(|caller| shown(&caller));
        assert_eq!(found, expected.map(str::to_owned), "{name}: {yaml}");
    }
}

const NO_TENANT: Result<&str, Kind> = Err(Kind::TenantClaim);
const UNREADABLE: Result<&str, Kind> = Err(Kind::Grant);

#[tokio::test]
async fn without_settings_no_claim_grants_anything() {
    let scene = Scene::with("").await;
    let claims = json!({
        "scope": "tenant:B:all tenants:work", "permissions": ["tenant:B:all"], "org_id": "B", "tenants": ["B"],
    });
    let caller = scene.caller(&claims).await.expect("a caller");
    assert_eq!((own(&caller).as_str(), grants(&caller).as_str()), ("app-one/app-one", ""));
    assert_eq!((caller.all_tenants(), caller.permits().kinds().count()), (None, 5));
    // Nor is one looked at.
    assert!(scene.caller(&json!({ "scope": 42, "permissions": null })).await.is_ok());
}

#[tokio::test]
async fn a_claim_names_the_tenant_and_the_user_stays_the_client() {
    let rows = [
        ("an organization", json!({ "org_id": "one" }), Ok("org-one/app-one")),
        ("another one", json!({ "org_id": "two" }), Ok("org-two/app-one")),
        (
            "another client",
            json!({ "azp": "app-two", "sub": "app-two", "org_id": "one" }),
            Ok("org-one/app-two"),
        ),
        ("none: the client id", json!({}), Ok("app-one/app-one")),
        ("null", json!({ "org_id": null }), NO_TENANT),
        ("number", json!({ "org_id": 1 }), NO_TENANT),
        ("truth value", json!({ "org_id": true }), NO_TENANT),
        ("list", json!({ "org_id": ["one"] }), NO_TENANT),
        ("object", json!({ "org_id": { "id": "one" } }), NO_TENANT),
        ("empty", json!({ "org_id": "" }), NO_TENANT),
        ("comma", json!({ "org_id": "one,two" }), NO_TENANT),
        ("slash", json!({ "org_id": "../one" }), NO_TENANT),
        ("blank", json!({ "org_id": "one " }), NO_TENANT),
        ("line end", json!({ "org_id": "one\r\n" }), NO_TENANT),
        ("too long", json!({ "org_id": "x".repeat(61) }), NO_TENANT),
        (
            "a client named like an organization",
            json!({ "azp": "org-one", "sub": "org-one" }),
            Err(Kind::ClientId),
        ),
        ("in other case", json!({ "azp": "ORG-one", "sub": "ORG-one" }), Err(Kind::ClientId)),
        ("nearly", json!({ "azp": "org.one", "sub": "org.one" }), Ok("org.one/org.one")),
        (
            "a client that can't be a user",
            json!({ "azp": "a|b", "sub": "a|b", "org_id": "one" }),
            Err(Kind::ClientId),
        ),
    ];
    let yaml = "tenancy: { tenant_from: [{ claim: org_id, prefix: org- }, { claim: azp }] }";
    table(yaml, own, &rows).await;
    let longest = json!({ "org_id": "x".repeat(60) });
    assert!(Scene::with(yaml).await.caller(&longest).await.is_ok());
}

#[tokio::test]
async fn a_token_without_the_claim_is_refused_where_the_list_does_not_end_with_the_client() {
    let rows = [
        ("there", json!({ "app": { "tenant": "shop" } }), Ok("shop/app-one")),
        ("missing", json!({}), NO_TENANT),
        ("missing inside", json!({ "app": {} }), NO_TENANT),
        ("a name with a dot is no way", json!({ "app.tenant": "shop" }), NO_TENANT),
        ("no object on the way", json!({ "app": "shop" }), NO_TENANT),
        ("a list on the way", json!({ "app": [{ "tenant": "shop" }] }), NO_TENANT),
        ("null on the way", json!({ "app": null }), NO_TENANT),
        ("reserved", json!({ "app": { "tenant": "camunda-admin" } }), NO_TENANT),
        ("reserved by a setting", json!({ "app": { "tenant": "Root" } }), NO_TENANT),
        (
            "a reserved client",
            json!({ "azp": "root", "sub": "root", "app": { "tenant": "shop" } }),
            Err(Kind::ClientId),
        ),
    ];
    let yaml = "tenancy: { reserved_client_ids: [root], tenant_from: [{ claim: [app, tenant] }] }";
    table(yaml, own, &rows).await;
}

#[tokio::test]
async fn a_value_that_a_map_lacks_is_never_the_client_s_own_tenant() {
    let rows = [
        ("mapped", json!({ "org_id": "org_1" }), Ok("shop/app-one")),
        ("another of the same tenant", json!({ "org_id": "org_2" }), Ok("shop/app-one")),
        ("not mapped", json!({ "org_id": "org_3" }), NO_TENANT),
        ("in other case", json!({ "org_id": "Org_1" }), NO_TENANT),
        ("a tenant of the map", json!({ "org_id": "shop" }), NO_TENANT),
        ("empty", json!({ "org_id": "" }), NO_TENANT),
        ("none", json!({}), Ok("app-one/app-one")),
        ("a client named like the tenant", json!({ "azp": "Shop", "sub": "Shop" }), Err(Kind::ClientId)),
    ];
    let map = "{ claim: org_id, map: { org_1: shop, org_2: shop } }";
    table(&format!("tenancy: {{ tenant_from: [{map}, {{ claim: azp }}] }}"), own, &rows).await;
    // The client id by a map: only those in it.
    let rows = [
        ("mapped", json!({}), Ok("shop/app-one")),
        ("no user", json!({ "azp": "a|b", "sub": "a|b" }), Ok("store/store")),
        ("not mapped", json!({ "azp": "other", "sub": "other" }), NO_TENANT),
    ];
    let yaml = "tenancy: { tenant_from: [{ claim: azp, map: { app-one: shop, 'a|b': store } }] }";
    table(yaml, own, &rows).await;
}

#[tokio::test]
async fn the_client_id_is_the_last_source_by_whichever_claim_it_came() {
    let yaml = "tenancy: { tenant_from: [{ claim: client_id, prefix: app. }] }";
    assert_eq!(
        Scene::with(yaml).await.caller(&json!({})).await.map(|c| own(&c)),
        Ok("app.app-one/app-one".into())
    );
    let rows = [
        ("fits", json!({ "azp": "x", "sub": "x" }), Ok("app.x/x")),
        (
            "too long with the prefix",
            json!({ "azp": "x".repeat(61), "sub": "x".repeat(61) }),
            Err(Kind::ClientId),
        ),
    ];
    table(yaml, own, &rows).await;
}

#[tokio::test]
async fn an_alias_gives_its_client_a_tenant_that_no_other_client_gets() {
    let client = |id: &str| json!({ "azp": id, "sub": id });
    let rows = [
        ("aliased", client("orders-2"), Ok("orders/orders-2")),
        ("aliased, no user", client("auth0|1"), Ok("shop/shop")),
        ("aliased, reserved", client("camunda-admin"), Ok("ops/ops")),
        ("itself", client("store"), Ok("store/store")),
        ("itself under another id", client("store-2"), Ok("store/store-2")),
        ("another client", client("other"), Ok("other/other")),
        ("a client of the tenant's name", client("orders"), Err(Kind::ClientId)),
        ("in other case", client("Orders"), Err(Kind::ClientId)),
        ("another id that can't be one", client("auth0|2"), Err(Kind::ClientId)),
    ];
    let yaml = "tenancy: { aliases: { orders-2: orders, 'auth0|1': shop, camunda-admin: ops, \
        store: store, store-2: store } }";
    table(yaml, own, &rows).await;
}

#[tokio::test]
async fn a_list_of_ids_grants_them_at_the_setting_s_level() {
    let many = |n: usize| (0..n).map(|i| format!("t{i}")).collect::<Vec<_>>();
    let rows = [
        ("ids", json!({ "ts": ["B", "C"] }), Ok("B=read C=read")),
        ("twice", json!({ "ts": ["B", "B"] }), Ok("B=read")),
        ("the own one", json!({ "ts": ["app-one", "B"] }), Ok("B=read")),
        ("none", json!({ "ts": [] }), Ok("")),
        ("missing", json!({}), Ok("")),
        ("null", json!({ "ts": null }), UNREADABLE),
        ("text", json!({ "ts": "B" }), UNREADABLE),
        ("number", json!({ "ts": 1 }), UNREADABLE),
        ("truth value", json!({ "ts": true }), UNREADABLE),
        ("a number in it", json!({ "ts": ["B", 1] }), UNREADABLE),
        ("null in it", json!({ "ts": ["B", null] }), UNREADABLE),
        ("an object in it", json!({ "ts": ["B", { "tenant": "C", "level": "read" }] }), UNREADABLE),
        ("a list in it", json!({ "ts": [["B"]] }), UNREADABLE),
        ("empty", json!({ "ts": ["B", ""] }), UNREADABLE),
        ("comma", json!({ "ts": ["B,C"] }), UNREADABLE),
        ("star", json!({ "ts": ["*"] }), UNREADABLE),
        ("dots", json!({ "ts": [".."] }), UNREADABLE),
        ("too long", json!({ "ts": ["x".repeat(65)] }), UNREADABLE),
        ("reserved", json!({ "ts": ["Camunda-Admin"] }), UNREADABLE),
        ("10,001 entries", json!({ "ts": many(10_001) }), UNREADABLE),
    ];
    let yaml = "tenancy: { grants: [{ claim: ts, level: read }] }";
    table(yaml, grants, &rows).await;
    let scene = Scene::with(yaml).await;
    let most = scene.caller(&json!({ "ts": many(10_000) })).await.expect("a caller");
    assert_eq!(most.grants().iter().count(), 10_000);
    // The own tenant stays whole.
    let listed = scene.caller(&json!({ "ts": ["app-one"] })).await.expect("a caller");
    assert_eq!(listed.level("app-one"), Some(Level::All));
    // Without a level, ids grant nothing that could be named.
    let rows = [
        ("objects", json!({ "ts": [{ "tenant": "B", "level": "work" }] }), Ok("B=work")),
        ("ids", json!({ "ts": ["B"] }), UNREADABLE),
    ];
    table("tenancy: { grants: [{ claim: ts }] }", grants, &rows).await;
}

#[tokio::test]
async fn objects_and_maps_name_the_level() {
    let one = |object: Value| json!({ "ts": [object] });
    let rows = [
        (
            "levels",
            json!({ "ts": [{ "tenant": "B", "level": "read" }, { "tenant": "C", "level": "all" }] }),
            Ok("B=read C=all"),
        ),
        (
            "twice: the higher",
            json!({ "ts": [{ "tenant": "B", "level": "work" }, { "tenant": "B", "level": "read" }] }),
            Ok("B=work"),
        ),
        ("the own one with less", one(json!({ "tenant": "app-one", "level": "read" })), Ok("")),
        ("unknown level", one(json!({ "tenant": "B", "level": "write" })), UNREADABLE),
        ("level in other case", one(json!({ "tenant": "B", "level": "Read" })), UNREADABLE),
        ("level null", one(json!({ "tenant": "B", "level": null })), UNREADABLE),
        ("level a list", one(json!({ "tenant": "B", "level": ["read"] })), UNREADABLE),
        ("no level", one(json!({ "tenant": "B" })), UNREADABLE),
        ("no tenant", one(json!({ "level": "read" })), UNREADABLE),
        ("tenant a number", one(json!({ "tenant": 1, "level": "read" })), UNREADABLE),
        ("tenant empty", one(json!({ "tenant": "", "level": "read" })), UNREADABLE),
        ("a member more", one(json!({ "tenant": "B", "level": "read", "only": "x" })), UNREADABLE),
        ("the own one, unreadable", one(json!({ "tenant": "app-one", "level": "none" })), UNREADABLE),
        ("a map", json!({ "ts": { "B": "read", "C": "all" } }), Ok("B=read C=all")),
        ("an empty map", json!({ "ts": {} }), Ok("")),
        ("a map with an unknown level", json!({ "ts": { "B": "read", "C": "" } }), UNREADABLE),
        ("a map with a truth value", json!({ "ts": { "B": true } }), UNREADABLE),
        ("a map with an empty id", json!({ "ts": { "": "read" } }), UNREADABLE),
        ("a map with a comma", json!({ "ts": { "B,C": "read" } }), UNREADABLE),
    ];
    // A level beside them names what ids alone are granted at, and nothing else.
    table("tenancy: { grants: [{ claim: ts, level: all }] }", grants, &rows).await;
    let scene = Scene::with("tenancy: { grants: [{ claim: ts }] }").await;
    let head = claims("https://issuer.example/").to_string();
    let twice = |map: &str| format!("{},\"ts\":{map}}}", head.trim_end_matches('}'));
    assert!(scene.bare(&twice(r#"{"B":"read","C":"all"}"#)).await.is_ok());
    let found = scene.bare(&twice(r#"{"B":"read","B":"all"}"#)).await;
    assert_eq!(found.err(), Some(Kind::TokenMalformed));
}

#[tokio::test]
async fn scopes_grant_by_their_pattern() {
    let scope = |text: &str| json!({ "scope": text });
    let rows = [
        ("one", scope("tenant:B:read"), Ok("B=read")),
        ("among others", scope("openid  tenant:B:read tenants tenant:C"), Ok("B=read")),
        ("several", scope("tenant:B:read tenant:B:work tenant:C:all"), Ok("B=work C=all")),
        ("the own one with less", scope("tenant:app-one:read"), Ok("")),
        ("a list", json!({ "scope": ["tenant:B:read"] }), Ok("B=read")),
        ("permissions", json!({ "permissions": ["tenant:B:all"], "scope": "tenant:B:read" }), Ok("B=all")),
        ("none", json!({}), Ok("")),
        ("another scope", scope("Tenant:B:read"), Ok("")),
        ("unknown level", scope("tenant:B:write"), UNREADABLE),
        ("empty level", scope("tenant:B:"), UNREADABLE),
        ("empty tenant", scope("tenant::read"), UNREADABLE),
        ("comma", scope("tenant:B,C:read"), UNREADABLE),
        ("a colon more", scope("tenant:B:C:read"), UNREADABLE),
        ("reserved", scope("tenant:camunda-admin:read"), UNREADABLE),
        ("scope a number", json!({ "scope": 1 }), UNREADABLE),
        ("scope null", json!({ "scope": null }), UNREADABLE),
        ("scope an object", json!({ "scope": {} }), UNREADABLE),
        ("a number in the list", json!({ "scope": ["openid", 1] }), UNREADABLE),
        ("permissions a text", json!({ "permissions": "tenant:B:read" }), UNREADABLE),
        ("permissions null", json!({ "permissions": null }), UNREADABLE),
        ("permissions with null", json!({ "permissions": [null] }), UNREADABLE),
    ];
    table("tenancy: { grants: [{ scope: 'tenant:{tenant}:{level}' }] }", grants, &rows).await;
    let rows = [("fixed", scope("watch:B"), Ok("B=read")), ("empty", scope("watch:"), UNREADABLE)];
    table("tenancy: { grants: [{ scope: 'watch:{tenant}', level: read }] }", grants, &rows).await;
}

#[tokio::test]
async fn a_way_through_something_else_than_objects_is_never_a_missing_claim() {
    let rows = [
        ("there", json!({ "app": { "tenants": ["B"], "org": "one" } }), Ok("org-one/app-one")),
        ("missing inside", json!({ "app": {} }), Ok("app-one/app-one")),
        ("a text on the way", json!({ "app": "one" }), NO_TENANT),
        ("null on the way", json!({ "app": null }), NO_TENANT),
        ("a list on the way", json!({ "app": [{ "org": "one" }] }), NO_TENANT),
    ];
    let yaml = "tenancy: { tenant_from: [{ claim: [app, org], prefix: org- }, { claim: azp }] }";
    table(yaml, own, &rows).await;
    let rows = [
        ("there", json!({ "app": { "tenants": ["B"] } }), Ok("B=read")),
        ("missing inside", json!({ "app": {} }), Ok("")),
        ("a list on the way", json!({ "app": ["B"] }), UNREADABLE),
        ("null on the way", json!({ "app": null }), UNREADABLE),
        ("reserved by a setting", json!({ "app": { "tenants": ["Root"] } }), UNREADABLE),
    ];
    let grant = "grants: [{ claim: [app, tenants], level: read }]";
    table(&format!("tenancy: {{ reserved_client_ids: [root], {grant} }}"), grants, &rows).await;
}

#[tokio::test]
async fn entries_of_all_sources_count_together() {
    let yaml = "tenancy: { grants: [{ claim: a, level: read }, { claim: b, level: all }] }";
    let scene = Scene::with(yaml).await;
    let many = |n: usize| (0..n).map(|i| format!("t{i}")).collect::<Vec<_>>();
    let fits = json!({ "a": many(5_000), "b": many(5_000) });
    let caller = scene.caller(&fits).await.expect("a caller");
    assert!(caller.grants().iter().all(|(_, level)| level == Level::All));
    let found = scene.caller(&json!({ "a": many(5_000), "b": many(5_001) })).await;
    assert_eq!(found.err(), Some(Kind::Grant));
}

#[tokio::test]
async fn a_scope_grants_every_tenant_for_reading_or_working_only() {
    let all = |caller: &Caller| format!("{:?}", caller.all_tenants().map(Level::name));
    let scope = |text: &str| json!({ "scope": text });
    let rows = [
        ("reading", scope("tenants:read"), Ok("Some(\"read\")")),
        ("working", scope("tenants:read tenants:work"), Ok("Some(\"work\")")),
        ("none", scope("tenants"), Ok("None")),
        ("all", scope("tenants:all"), UNREADABLE),
        ("unknown", scope("tenants:read tenants:write"), UNREADABLE),
        ("empty", scope("tenants:"), UNREADABLE),
        ("unreadable scopes", json!({ "scope": 1 }), UNREADABLE),
    ];
    table("tenancy: { all_tenants: { scope: 'tenants:{level}' } }", all, &rows).await;
}

#[tokio::test]
async fn scopes_permit_kinds() {
    let kinds = |caller: &Caller| caller.permits().kinds().collect::<Vec<_>>().join(" ");
    let rows = [
        ("none", json!({}), Ok("start deploy administer")),
        ("one", json!({ "scope": "engine:read" }), Ok("read start deploy administer")),
        ("the other", json!({ "permissions": ["engine:all"] }), Ok("read work start deploy administer")),
        ("nearly", json!({ "scope": "engine:rea engine:readx Engine:read" }), Ok("start deploy administer")),
        ("unreadable", json!({ "scope": { "engine:read": true } }), UNREADABLE),
    ];
    table("permissions: { read: [engine:read, engine:all], work: [engine:all] }", kinds, &rows).await;
}

#[tokio::test]
async fn the_caller_knows_when_its_token_expires() {
    let caller = Scene::with("").await.caller(&json!({ "exp": now() + 60 })).await.expect("a caller");
    let expires = i64::try_from(caller.expires().expect("a time")).expect("a time");
    assert!((now() + 50..=now() + 60).contains(&expires));
}
