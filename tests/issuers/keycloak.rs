//! Keycloak as it comes from Maven: the recipe of docs/tokens-and-keys.md on the real thing.
//!
//! A service account's `sub` is the id of a hidden user, so `sub` proves nothing. `client_id` does: the built-in
//! scope `service_account` maps it from a note that only the client credentials grant leaves in the session.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::gateway::Plan;
use crate::support::random;
use crate::{AUDIENCE, binary, claims, gateway, part};

/// The recipe as docs/tokens-and-keys.md has it, for that issuer.
fn recipe(issuer: &str) -> String {
    let page = include_str!("../../docs/tokens-and-keys.md");
    let (_, under) = page.split_once("\n### Keycloak\n").expect("the heading");
    let block = under.split("```yaml\n").nth(1).and_then(|b| b.split("```").next()).expect("a block");
    let at = "https://keycloak.example.com/realms/camunda";
    let audience = "https://camunda.example.com/engine-rest";
    assert!(block.contains(at) && block.contains(audience), "{block}");
    block.replace(at, issuer).replace(audience, AUDIENCE)
}

/// A new realm on the Keycloak that `make keycloak` started.
struct Realm {
    keycloak: Api,
    name: String,
}

impl Realm {
    async fn new() -> Self {
        let url = std::env::var("TENANTGATE_TEST_KEYCLOAK").expect("run `make keycloak`");
        let realm = Self { keycloak: Api::new(&url), name: format!("r{}", random()) };
        let admin = realm.admin().await;
        admin.post("/admin/realms", json!({"realm": realm.name, "enabled": true})).await.status(201);
        let password = json!([{"type": "password", "value": "pw", "temporary": false}]);
        let user = json!({"username": "ann", "enabled": true, "email": "ann@example.com", "emailVerified": true,
            "firstName": "Ann", "lastName": "Doe", "credentials": password});
        admin.post(&realm.path("/users"), user).await.status(201);
        realm
    }

    fn path(&self, rest: &str) -> String {
        format!("/admin/realms/{}{rest}", self.name)
    }

    fn issuer(&self) -> String {
        format!("{}/realms/{}", self.keycloak.base(), self.name)
    }

    /// A gateway by the recipe, with lines changed.
    fn plan(&self, engine: &str, changes: &[(&str, &str)]) -> Plan {
        let mut recipe = recipe(&self.issuer());
        for (from, to) in changes {
            assert!(recipe.contains(from), "{recipe}");
            recipe = recipe.replace(from, to);
        }
        Plan::without_issuer(binary(), engine).config(&recipe)
    }

    /// The admin API; its token lives for a minute, so it is asked for anew each time.
    async fn admin(&self) -> Api {
        let form = "grant_type=password&client_id=admin-cli&username=admin&password=admin";
        self.keycloak.with_token(&self.ask("master", form).await)
    }

    /// A client with service account, log-in of users, and the audience mapper.
    async fn client(&self, id: &str) {
        let audience = json!({"name": "gateway", "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true"}});
        let client = json!({"clientId": id, "secret": "demo", "enabled": true, "publicClient": false,
            "serviceAccountsEnabled": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": true,
            "redirectUris": ["http://127.0.0.1/*"], "protocolMappers": [audience]});
        self.admin().await.post(&self.path("/clients"), client).await.status(201);
    }

    async fn ask(&self, realm: &str, form: &str) -> String {
        let path = format!("/realms/{realm}/protocol/openid-connect/token");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = self.keycloak.send(Method::POST, &path, &headers, form.into()).await.ok();
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn application(&self, id: &str) -> String {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret=demo");
        self.ask(&self.name, &form).await
    }

    /// Ann's token, come by that client.
    async fn user(&self, id: &str, scope: &str) -> String {
        let form = format!(
            "grant_type=password&client_id={id}&client_secret=demo&username=ann&password=pw&scope={scope}"
        );
        self.ask(&self.name, &form).await
    }

    /// The ids of the realm's keys for RS256.
    async fn signing_keys(&self) -> Vec<String> {
        let path = self.path("/components?type=org.keycloak.keys.KeyProvider");
        let all = self.admin().await.get(&path).await.ok().json();
        let signs = |c: &&Value| c["providerId"] == "rsa-generated";
        all.as_array().unwrap().iter().filter(signs).map(|c| c["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn rotate(&self) {
        let config = json!({"priority": ["200"], "enabled": ["true"], "active": ["true"],
            "algorithm": ["RS256"], "keySize": ["2048"]});
        let key = json!({"name": "rotated", "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider", "config": config});
        self.admin().await.post(&self.path("/components"), key).await.status(201);
    }

    async fn retire(&self, key: &str) {
        self.admin().await.delete(&self.path(&format!("/components/{key}"))).await.status(204);
    }
}

#[tokio::test]
#[ignore = "needs Keycloak: make keycloak"]
async fn service_accounts_are_taken_and_users_refused() {
    let realm = Realm::new().await;
    let client = format!("t{}", random());
    realm.client(&client).await;
    let (gateway, recorder) = gateway(|engine| realm.plan(engine, &[])).await;
    let token = realm.application(&client).await;
    recorder.forget();
    gateway.api().with_token(&token).get("/task/count").await.ok();
    let pin = format!("tenantIdIn={client}");
    assert_eq!(recorder.only().query.as_deref(), Some(&*pin), "pinned to the client");
    recorder.forget();
    // The same client, the same audience, the same `azp`; asking for the scope does not bring the claim.
    for scope in ["openid", "service_account"] {
        let user = realm.user(&client, scope).await;
        let (ours, theirs) = (claims(&token), claims(&user));
        assert_eq!((&theirs["azp"], &theirs["aud"]), (&ours["azp"], &ours["aud"]));
        assert!(theirs.get("client_id").is_none());
        gateway.api().with_token(&user).get("/task/count").await.refused(401, "TG401-CLAIMS");
    }
    recorder.nothing();
}

/// Why the recipe says what it says: what the defaults make of Keycloak's tokens.
#[tokio::test]
#[ignore = "needs Keycloak: make keycloak"]
async fn the_defaults_take_nobody_and_half_the_recipe_takes_users() {
    let realm = Realm::new().await;
    let client = format!("t{}", random());
    realm.client(&client).await;
    let (token, user) = (realm.application(&client).await, realm.user(&client, "openid").await);
    let defaults = [("client_id_claims: [client_id]", ""), ("application_tokens_only: false", "")];
    let (strict, recorder) = gateway(|engine| realm.plan(engine, &defaults)).await;
    for token in [&token, &user] {
        let refused = strict.api().with_token(token).get("/task/count").await;
        refused.refused(403, "TG403-NOT-APPLICATION");
    }
    recorder.nothing();
    // `azp` as the client id is the trap: a user's token has it, too.
    let trap = [("[client_id]", "[azp]")];
    let (open, _recorder) = gateway(|engine| realm.plan(engine, &trap)).await;
    for token in [&token, &user] {
        open.api().with_token(token).get("/task/count").await.ok();
    }
}

#[tokio::test]
#[ignore = "needs Keycloak: make keycloak"]
async fn keys_rotate_and_retire_by_the_admin_api() {
    let realm = Realm::new().await;
    let client = format!("t{}", random());
    realm.client(&client).await;
    let plan = |engine: &str| {
        let keys = [("COOLDOWN", "1s"), ("RENEW_EVERY", "10s")];
        let plan = realm.plan(engine, &[]);
        keys.iter().fold(plan, |plan, (name, value)| plan.env(&format!("TENANTGATE_KEYS__{name}"), value))
    };
    let (gateway, _recorder) = gateway(plan).await;
    let old = realm.application(&client).await;
    gateway.api().with_token(&old).get("/task/count").await.ok();
    let keys = realm.signing_keys().await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    realm.rotate().await;
    let new = realm.application(&client).await;
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    for token in [&new, &old] {
        gateway.api().with_token(token).get("/task/count").await.ok();
    }
    realm.retire(&keys[0]).await;
    let patience = Instant::now() + Duration::from_secs(15);
    while gateway.api().with_token(&old).get("/task/count").await.status == 200 {
        assert!(Instant::now() < patience, "a retired key is still taken after 15 s");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    gateway.api().with_token(&new).get("/task/count").await.ok();
}
