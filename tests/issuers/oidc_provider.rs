//! npm `oidc-provider`, a certified implementation: its two shapes of tokens, and its keys as they come and go.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::support::api::Api;
use crate::support::gateway::Plan;
use crate::support::{engine, random};
use crate::{AUDIENCE, binary, claims, gateway, part};

/// A running issuer; ends with its owner.
struct Provider {
    child: Child,
    url: String,
    api: Api,
}

impl Provider {
    async fn start() -> Self {
        let mut child = Command::new("node")
            .arg(installed())
            .arg(AUDIENCE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node: `make setup` installs it");
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the issuer ended instead of serving: {url}");
        Self { child, api: Api::new(&url), url }
    }

    /// A gateway with its five flags before this issuer.
    fn plan(&self, engine_url: &str) -> Plan {
        Plan::new(binary(), engine_url, &self.url, AUDIENCE)
    }

    async fn does(&self, command: &str) {
        self.api.send(Method::POST, command, &[], Vec::new()).await.ok();
    }

    async fn fetches(&self) -> usize {
        self.api.get("/_fetches").await.ok().text().parse().unwrap()
    }

    /// A token by client credentials, as an application gets it.
    async fn token(&self, client: &str) -> String {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret=demo");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = self.api.send(Method::POST, "/oauth/token", &headers, form.into()).await.ok();
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The issuer's program, with its packages beside it under `target/`; npm runs when the lock file is another.
fn installed() -> &'static Path {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let from = engine::project().join("tests/issuers/oidc-provider");
        let to = engine::project().join("target/oidc-provider");
        std::fs::create_dir_all(&to).unwrap();
        let lock = std::fs::read(from.join("package-lock.json")).unwrap();
        let is_new = std::fs::read(to.join("installed.json")).ok() != Some(lock.clone());
        for file in ["issuer.mjs", "package.json", "package-lock.json"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
        if is_new {
            let npm = ["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
            let done = Command::new("npm").args(npm).current_dir(&to).status();
            assert!(done.expect("npm: `make setup` installs it").success(), "npm ci failed");
            std::fs::write(to.join("installed.json"), lock).unwrap();
        }
        to.join("issuer.mjs")
    })
}

#[tokio::test]
async fn both_profiles_are_taken_without_settings() {
    let provider = Provider::start().await;
    let (gateway, recorder) = gateway(|engine| provider.plan(engine)).await;
    for (profile, typ, claim) in [("rfc9068", "at+jwt", "client_id"), ("auth0", "JWT", "azp")] {
        provider.does(&format!("/_profile/{profile}")).await;
        let client = format!("t{}", random());
        let token = provider.token(&client).await;
        assert_eq!(
            (part(&token, 0)["typ"].as_str(), claims(&token)[claim].as_str()),
            (Some(typ), Some(&*client))
        );
        recorder.forget();
        gateway.api().with_token(&token).get("/task/count").await.ok();
        let pin = format!("tenantIdIn={client}");
        assert_eq!(recorder.only().query.as_deref(), Some(&*pin), "pinned to the client");
        // The twin differs in one letter, in the middle of the signature.
        let (before, after) = token.split_at(token.len() - 100);
        let forged = format!("{before}{}{}", if after.starts_with('A') { 'B' } else { 'A' }, &after[1..]);
        gateway.api().with_token(&forged).get("/task/count").await.refused(401, "TG401-SIGNATURE");
    }
}

#[tokio::test]
async fn keys_rotate_and_retire_under_one_gateway() {
    let provider = Provider::start().await;
    let (gateway, _recorder) =
        gateway(|engine| provider.plan(engine).env("TENANTGATE_KEYS__COOLDOWN", "1s")).await;
    let client = format!("t{}", random());
    let asks = |token: String| {
        let api = gateway.api().with_token(&token);
        async move { api.get("/task/count").await }
    };
    let first = provider.token(&client).await;
    asks(first.clone()).await.ok();
    assert_eq!(provider.fetches().await, 1);

    // With overlap: the new key's first token is taken at once, by one fetch; the old one is still good.
    provider.does("/_rotate").await;
    let second = provider.token(&client).await;
    assert_ne!(part(&first, 0)["kid"], part(&second, 0)["kid"]);
    asks(second.clone()).await.ok();
    asks(provider.token(&client).await).await.ok();
    asks(first.clone()).await.ok();
    assert_eq!(provider.fetches().await, 2);

    // Without overlap: the same for the new key, and the old ones are gone with the fetch that found it,
    // remembered tokens included.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    provider.does("/_replace").await;
    asks(second.clone()).await.ok();
    let third = provider.token(&client).await;
    asks(third.clone()).await.ok();
    assert_eq!(provider.fetches().await, 3);
    for old in [&first, &second] {
        assert_eq!(asks(old.clone()).await.status, 401);
    }
    asks(third).await.ok();
}

#[tokio::test]
async fn a_retired_key_is_dropped_in_the_background() {
    let provider = Provider::start().await;
    let (gateway, _recorder) =
        gateway(|engine| provider.plan(engine).env("TENANTGATE_KEYS__RENEW_EVERY", "10s")).await;
    let client = format!("t{}", random());
    let old = provider.token(&client).await;
    provider.does("/_rotate").await;
    let new = provider.token(&client).await;
    let (old, new) = (gateway.api().with_token(&old), gateway.api().with_token(&new));
    old.get("/task/count").await.ok();
    provider.does("/_retire").await;
    // Nothing asks for another key meanwhile: only the renewal can notice.
    let patience = Instant::now() + Duration::from_secs(15);
    while old.get("/task/count").await.status == 200 {
        assert!(Instant::now() < patience, "a retired key is still taken after 15 s");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    new.get("/task/count").await.ok();
}
