//! The recipes of docs/grants.md: settings as the page has them, and a token as the issuer makes it.

use serde_json::{Value, json};

use super::support::*;
use crate::config;
use crate::refusal::Kind;
use crate::tenancy::{Caller, Tenant};
use crate::token::Tokens;

const ENGINE: &str = "engine: { url: http://camunda:8080/engine-rest }\n";

/// The settings under a heading of the page.
fn documented(heading: &str) -> config::Settings {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grants.md"));
    let (_, under) = page.split_once(&format!("\n### {heading}\n")).expect("the heading");
    let block = under.split("```yaml\n").nth(1).and_then(|b| b.split("```").next()).expect("a block");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recipe.yaml");
    std::fs::write(&file, format!("{ENGINE}{block}")).expect("a file");
    let args = config::GatherArgs { config: Some(file), ..config::GatherArgs::default() };
    let gathered = config::gather(&args, std::iter::empty());
    gathered.settings.unwrap_or_else(|| panic!("{heading}: {:?}", gathered.findings))
}

/// What becomes of tokens under a recipe's settings.
struct Recipe {
    pair: Pair,
    tokens: Tokens,
    issuer: String,
    _server: Misbehaving,
}

impl Recipe {
    async fn of(heading: &str) -> Self {
        let pair = Pair::rsa_a("k");
        let server = Misbehaving::new(Does::keys(&[&pair])).await;
        let config::Settings { issuers, tenancy, permissions, .. } = documented(heading);
        let [issuer] = <[config::Issuer; 1]>::try_from(issuers).expect("one issuer");
        let issuer = config::Issuer { jwks_url: server.settings().jwks_url, discovery: false, ..issuer };
        let name = issuer.issuer.clone();
        let tokens = Tokens::new(&[issuer], &fast(), &tenancy, &permissions, 8192).expect("settings");
        tokens.start();
        Self { pair, tokens, issuer: name, _server: server }
    }

    async fn caller(&self, mut claims: Value) -> Result<Caller, Kind> {
        claims["iss"] = json!(self.issuer);
        if claims.get("aud").is_none() {
            claims["aud"] = json!(AUDIENCE);
        }
        claims["iat"] = json!(now());
        claims["exp"] = json!(now() + 600);
        outcome(&self.tokens, &self.pair.sign(&claims)).await.map_err(|r| r.kind())
    }
}

/// User, own tenant, grants, all tenants, kinds.
fn shown(caller: &Caller) -> String {
    let grants: Vec<_> = caller.grants().iter().map(|(tenant, level)| format!("{tenant}={level}")).collect();
    let all = caller.all_tenants().map_or("-", |level| level.name());
    let kinds: Vec<_> = caller.permits().kinds().collect();
    let own = caller.own().map_or("no tenant", Tenant::as_str);
    format!("{} in {own}; {}; {all}; {}", caller.user(), grants.join(" "), kinds.join(" "))
}

/// A token's claims with more of them.
fn and(mut claims: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn auth0_with_organizations_and_permissions() {
    let recipe = Recipe::of("Auth0 with organizations and permissions").await;
    let m2m = json!({ "azp": "AbC", "sub": "AbC@clients", "gty": "client-credentials" });
    let granted = json!({
        "org_id": "org_AbC123", "scope": "camunda:deploy tenant:billing:read",
        "permissions": ["camunda:deploy", "tenant:billing:read"],
    });
    let found = recipe.caller(and(m2m.clone(), granted)).await.map(|c| shown(&c));
    let kinds = "read work start deploy administer";
    assert_eq!(found, Ok(format!("AbC in orders; billing=read; -; {kinds}")));
    let found = recipe.caller(m2m.clone()).await.map(|c| shown(&c));
    assert_eq!(found, Ok("AbC in AbC; ; -; read work start administer".into()));
    let unknown = and(m2m, json!({ "org_id": "org_Other" }));
    assert_eq!(recipe.caller(unknown).await.err(), Some(Kind::TenantClaim));
}

#[tokio::test]
async fn auth0_with_an_action() {
    let recipe = Recipe::of("Auth0 with an Action").await;
    let m2m = json!({ "azp": "AbC", "sub": "AbC@clients", "gty": "client-credentials" });
    let claims =
        json!({ "https://example.com/tenant": "orders", "https://example.com/tenants": ["billing"] });
    let found = recipe.caller(and(m2m.clone(), claims)).await.map(|c| shown(&c));
    assert_eq!(found, Ok("AbC in orders; billing=read; -; read work start deploy administer".into()));
    assert_eq!(recipe.caller(m2m).await.err(), Some(Kind::TenantClaim));
}

#[tokio::test]
async fn keycloak() {
    let recipe = Recipe::of("Keycloak").await;
    let service_account = json!({
        "typ": "Bearer", "azp": "orders-web", "client_id": "orders-web", "scope": "profile tenants:read",
        "sub": "6c3b9ee3-4b4e-4b1a-8c5f-5b0a6f1a6f11", "preferred_username": "service-account-orders-web",
        "tenant": "orders", "tenants": [{ "tenant": "billing", "level": "work" }],
    });
    let found = recipe.caller(service_account.clone()).await.map(|c| shown(&c));
    let expected = "orders-web in orders; billing=work; read; read work start deploy administer";
    assert_eq!(found, Ok(expected.into()));
    // The mapper's type left at String: the text of a list is no list.
    let text = and(service_account, json!({ "tenants": "[{\"tenant\": \"billing\", \"level\": \"work\"}]" }));
    assert_eq!(recipe.caller(text).await.err(), Some(Kind::Grant));
}

#[tokio::test]
async fn entra_id() {
    let recipe = Recipe::of("Entra ID").await;
    let client = "11111111-1111-1111-1111-111111111111";
    let application = |client: &str, roles: Value| {
        json!({
            "azp": client, "azpacr": "1", "idtyp": "app", "oid": "oid-1", "sub": "oid-1", "ver": "2.0",
            "tid": "00000000-0000-0000-0000-000000000000", "roles": roles,
        })
    };
    let found = recipe.caller(application(client, json!(["billing"]))).await.map(|c| shown(&c));
    let expected = format!("{client} in orders; billing=read; -; read work start deploy administer");
    assert_eq!(found, Ok(expected));
    let found = recipe.caller(application(client, json!("billing"))).await;
    assert_eq!(found.err(), Some(Kind::Grant));
    // A client that is called like the aliased one's tenant.
    assert_eq!(recipe.caller(application("orders", json!([]))).await.err(), Some(Kind::ClientId));
}

#[tokio::test]
async fn auth0_with_people() {
    let recipe = Recipe::of("Auth0 with people").await;
    let ada = json!({
        "azp": "taskListClientId", "sub": "auth0|ada", "scope": "openid profile",
        "permissions": ["tenant:orders:work"],
    });
    let kinds = "read work start deploy administer";
    let found = recipe.caller(ada.clone()).await.map(|c| shown(&c));
    assert_eq!(found, Ok(format!("auth0|ada in no tenant; orders=work; -; {kinds}")));
    let by_another_client = and(ada.clone(), json!({ "azp": "orders" }));
    assert_eq!(recipe.caller(by_another_client).await.err(), Some(Kind::TokenNotApplication));
    let nothing = and(ada, json!({ "permissions": [] }));
    assert_eq!(recipe.caller(nothing).await.err(), Some(Kind::Grant));
    let m2m = json!({ "azp": "orders", "sub": "orders@clients", "gty": "client-credentials" });
    let found = recipe.caller(m2m).await.map(|c| shown(&c));
    assert_eq!(found, Ok(format!("orders in orders; ; -; {kinds}")));
}

#[tokio::test]
async fn keycloak_with_people() {
    let recipe = Recipe::of("Keycloak with people").await;
    let sub = "6c3b9ee3-4b4e-4b1a-8c5f-5b0a6f1a6f11";
    let ada = json!({
        "typ": "Bearer", "azp": "task-list", "sub": sub, "aud": ["people-of-camunda", "account"],
        "preferred_username": "ada", "tenants": ["orders"],
    });
    let kinds = "read work start deploy administer";
    let found = recipe.caller(ada.clone()).await.map(|c| shown(&c));
    assert_eq!(found, Ok(format!("person:{sub} in no tenant; orders=work; -; {kinds}")));
    let for_the_api = and(ada, json!({ "aud": AUDIENCE }));
    assert_eq!(recipe.caller(for_the_api).await.err(), Some(Kind::TokenAudience));
    let service_account = json!({
        "typ": "Bearer", "azp": "orders", "client_id": "orders", "sub": sub, "idtyp": "app",
        "preferred_username": "service-account-orders",
    });
    let found = recipe.caller(service_account.clone()).await.map(|c| shown(&c));
    assert_eq!(found, Ok(format!("orders in orders; ; -; {kinds}")));
    let without_proof = and(service_account, json!({ "idtyp": null }));
    assert!(recipe.caller(without_proof).await.is_err());
}
