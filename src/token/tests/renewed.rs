//! Tokens by new settings, after those by old ones.

use super::support::*;
use crate::config;
use crate::refusal::Kind;
use crate::token::Tokens;

fn after(before: &Tokens, issuer: &config::Issuer, keys: &config::Keys) -> Tokens {
    let (tenancy, permissions) = (config::Tenancy::default(), config::Permissions::default());
    let tokens =
        Tokens::after(Some(before), std::slice::from_ref(issuer), keys, &tenancy, &permissions, 8192)
            .expect("settings");
    tokens.start();
    tokens
}

#[tokio::test]
async fn the_keys_of_the_same_place_are_taken_over_and_remembered_tokens_are_not() {
    let (pair, keys) = (Pair::rsa_a("a"), fast());
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let mut settings = issuer.settings();
    let token = pair.sign(&claims(&settings.issuer));
    let old = tokens(&[settings.clone()], &keys);
    assert_eq!(user(&old, &token).await, Ok("app-one".into()));
    // The issuer is away: what is known must do.
    issuer.does("/jwks", Does::Close);
    let same = after(&old, &settings, &keys);
    assert_eq!(user(&same, &token).await, Ok("app-one".into()));
    assert_eq!((issuer.hits("/jwks"), same.stats().accepted), (1, 2), "fetched once, counted on");
    settings.audiences = vec!["another".into()];
    let other = after(&same, &settings, &keys);
    assert_eq!(user(&other, &token).await, Err(Kind::TokenAudience));
    // The old ones go, the renewal of the keys stays with the last.
    drop((old, same));
    tokio::task::yield_now().await;
    assert_eq!(other.stats().issuers[0].keys, 1);
    assert!(other.ready().is_ok());
}

#[tokio::test]
async fn the_keys_of_another_place_are_fetched_anew() {
    let (pair, keys) = (Pair::rsa_a("a"), fast());
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    issuer.does("/other", Does::keys(&[&Pair::rsa_b("b")]));
    let mut settings = issuer.settings();
    let token = pair.sign(&claims(&settings.issuer));
    let old = tokens(&[settings.clone()], &keys);
    assert!(user(&old, &token).await.is_ok());
    settings.jwks_url = format!("{}/other", issuer.address);
    let other = after(&old, &settings, &keys);
    assert_eq!(user(&other, &token).await, Err(Kind::TokenSignature));
    assert!(issuer.hits("/other") >= 1);
    let less_often = config::Keys { cooldown: keys.cooldown / 2, ..keys };
    settings.jwks_url = issuer.jwks_url();
    let _kept = after(&old, &settings, &less_often);
    until("fetched by a store of its own", || issuer.hits("/jwks") == 2).await;
}
