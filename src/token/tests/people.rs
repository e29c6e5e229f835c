//! People, by settings as an operator writes them.

use serde_json::{Value, json};

use super::support::*;
use crate::config;
use crate::refusal::Kind;
use crate::token::Tokens;

const PEOPLE: &str = "tenancy:
  reserved_client_ids: [person:root]
  tenant_from: [{ claim: org_id, prefix: org- }, { claim: azp }]
  grants: [{ claim: tenants }]
  all_tenants: { scope: 'tenants:{level}' }
";

#[tokio::test]
async fn a_person_has_what_the_token_grants_and_no_tenant() {
    let pair = Pair::rsa_a("k");
    let server = Misbehaving::new(Does::keys(&[&pair])).await;
    let people =
        config::People { client_ids: vec!["web".into()], prefix: "person:".into(), ..Default::default() };
    let issuer = config::Issuer { application_tokens_only: false, people: Some(people), ..server.settings() };
    let settings = written(PEOPLE);
    let tokens = Tokens::new(&[issuer], &fast(), &settings.tenancy, &settings.permissions, 1 << 20);
    let tokens = tokens.expect("settings");
    tokens.start();
    let found = async |more: Value| {
        let mut claims = claims("https://issuer.example/");
        for (name, value) in json!({ "azp": "web", "sub": "ada", "gty": null }).as_object().unwrap() {
            claims[name] = value.clone();
        }
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let token = pair.sign_text(&pair.header().to_string(), &claims.to_string());
        let caller = outcome(&tokens, &token).await.map_err(|refusal| refusal.kind())?;
        let granted: Vec<_> =
            caller.grants().iter().map(|(tenant, level)| format!("{tenant}={level}")).collect();
        let own = caller.own().map_or("-", |own| own.as_str());
        let all = caller.all_tenants().map_or("-", crate::tenancy::Level::name);
        Ok(format!("{} {own} {} {all}", caller.user(), granted.join(",")))
    };
    let longest = "x".repeat(248);
    for (more, expected) in [
        (json!({ "tenants": { "B": "work" } }), Ok("person:ada - B=work -".to_owned())),
        (json!({ "scope": "tenants:read" }), Ok("person:ada -  read".to_owned())),
        // A claim that gives an application its tenant gives a person none, and `web` is no tenant to it.
        (json!({ "tenants": { "B": "all" }, "org_id": "C" }), Ok("person:ada - B=all -".to_owned())),
        (json!({ "tenants": { "web": "read" } }), Ok("person:ada - web=read -".to_owned())),
        (json!({}), Err(Kind::Grant)),
        (json!({ "tenants": {} }), Err(Kind::Grant)),
        (json!({ "tenants": ["B"] }), Err(Kind::Grant)),
        (json!({ "tenants": { "B": "work" }, "sub": "" }), Err(Kind::TokenClaims)),
        (json!({ "tenants": { "B": "work" }, "sub": "ada, eve" }), Err(Kind::TokenClaims)),
        (json!({ "tenants": { "B": "work" }, "sub": "Root" }), Err(Kind::TokenClaims)),
        (json!({ "tenants": { "B": "work" }, "sub": longest }), Ok(format!("person:{longest} - B=work -"))),
        (json!({ "tenants": { "B": "work" }, "sub": format!("{longest}x") }), Err(Kind::TokenClaims)),
    ] {
        assert_eq!(found(more.clone()).await, expected, "{more}");
    }
}
