//! The issuer's bad days. Each has its good twin: [`calm`].

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::*;
use crate::refusal::Kind;
use crate::token::{Cause, Tokens};

#[tokio::test]
async fn calm() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    let token = pair.sign(&claims("https://issuer.example/"));
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()), "remembered");
    assert_eq!(tokens.ready(), Ok(()));
    let stats = tokens.stats();
    assert_eq!((stats.accepted, stats.remembered_hits, stats.remembered_misses), (2, 1, 1));
    assert_eq!((stats.issuers[0].keys, stats.issuers[0].fetches_ok), (1, 1));
    assert!(stats.issuers[0].age_seconds.is_some_and(|a| a < 10.0));
    assert!(stats.issuers[0].last_success.is_some_and(|t| t > 1.7e9));
    assert_eq!(issuer.hits("/jwks"), 1);
}

#[tokio::test]
async fn cold_requests_share_the_first_fetch() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    let many = (0..200).map(|i| {
        let mut claims = claims("https://issuer.example/");
        claims["jti"] = json!(i);
        let (tokens, token) = (tokens.clone(), pair.sign(&claims));
        async move { user(&tokens, &token).await }
    });
    for found in futures_util::future::join_all(many).await {
        assert_eq!(found, Ok("app-one".into()));
    }
    assert_eq!(issuer.hits("/jwks"), 1);
}

/// Each fault twice: at a cold start the request is told to come back, and with known keys nothing is noticed.
#[tokio::test]
async fn a_failing_issuer_is_a_503_without_keys_and_nothing_with_keys() {
    let good = Pair::rsa_a("k");
    let html = || b"<!doctype html><title>down for maintenance</title>".to_vec();
    let mut off_curve = Pair::p256("k").public();
    off_curve["x"] = off_curve["y"].clone();
    let weak = Does::json(&json!({ "keys": [rsa_1024("k")] }));
    let faults = [
        ("closes", Does::Close, Cause::Other),
        ("hangs", Does::Hang, Cause::Timeout),
        ("drips", Does::Drip, Cause::Timeout),
        ("stops in the middle", Does::Truncate, Cause::Other),
        ("never stops", Does::Flood, Cause::TooLarge),
        ("429", Does::Answer(429, "retry-after: 7\r\n", Vec::new()), Cause::Status),
        ("500", Does::Answer(500, "", Vec::new()), Cause::Status),
        ("404", Does::Answer(404, "", Vec::new()), Cause::Status),
        ("redirect", Does::Answer(302, "location: /other\r\n", Vec::new()), Cause::Status),
        ("HTML with 200", Does::Answer(200, "content-type: text/html\r\n", html()), Cause::Content),
        ("nothing with 200", Does::Answer(200, "", Vec::new()), Cause::Content),
        ("huge", Does::Answer(200, "", vec![b' '; 300 * 1024]), Cause::TooLarge),
        ("no keys", Does::json(&json!({ "keys": [] })), Cause::Empty),
        ("keys of another type", Does::json(&json!({ "keys": {} })), Cause::Content),
        ("only odd keys", weak, Cause::Empty),
        ("only a point off its curve", Does::json(&json!({ "keys": [off_curve] })), Cause::Empty),
    ];
    for (name, fault, cause) in faults {
        let issuer = Misbehaving::new(fault.clone()).await;
        issuer.does("/other", Does::keys(&[&good]));
        let cold = tokens(&[issuer.settings()], &fast());
        let token = good.sign(&claims("https://issuer.example/"));
        let refusal = outcome(&cold, &token).await.expect_err(name);
        assert_eq!(refusal.kind(), Kind::KeysUnavailable, "{name}");
        assert!(refusal.retry_after_seconds().is_some_and(|s| s >= 1), "{name}");
        assert!(cold.ready().is_err(), "{name}");
        assert_eq!(failed(&cold, cause), 1, "{name}: {:?}", cold.stats().issuers);
        assert_eq!(issuer.hits("/other"), 0, "{name}: the redirect was followed");

        let issuer = Misbehaving::new(Does::keys(&[&good])).await;
        let keys = crate::config::Keys { renew_every: Duration::from_millis(100), ..fast() };
        let warm = tokens(&[issuer.settings()], &keys);
        until("ready", || warm.ready().is_ok()).await;
        issuer.does("/jwks", fault);
        until(name, || failed(&warm, cause) > 0).await;
        assert_eq!(user(&warm, &token).await, Ok("app-one".into()), "{name}");
        assert_eq!(warm.ready(), Ok(()), "{name}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let pair = Pair::rsa_a("k");
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = port.local_addr().expect("an address");
    drop(port);
    let tokens = tokens(&[issuer("https://issuer.example/", format!("http://{address}/jwks"))], &fast());
    let token = pair.sign(&claims("https://issuer.example/"));
    assert_eq!(user(&tokens, &token).await, Err(Kind::KeysUnavailable));
    assert_eq!(failed(&tokens, Cause::Connect), 1);
}

#[tokio::test]
async fn it_recovers_by_itself() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::Answer(500, "", Vec::new())).await;
    let keys = crate::config::Keys { renew_every: Duration::from_millis(50), ..fast() };
    let tokens = tokens(&[issuer.settings()], &keys);
    let token = pair.sign(&claims("https://issuer.example/"));
    assert_eq!(user(&tokens, &token).await, Err(Kind::KeysUnavailable));
    issuer.does("/jwks", Does::keys(&[&pair]));
    until("ready", || tokens.ready().is_ok()).await;
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
}

#[tokio::test]
async fn retry_after_is_honoured_and_told_on() {
    let pair = Pair::rsa_a("k");
    let asked = |headers| async move {
        let issuer = Misbehaving::new(Does::Answer(429, headers, Vec::new())).await;
        let tokens = tokens(&[issuer.settings()], &fast());
        let token = Pair::rsa_a("k").sign(&claims("https://issuer.example/"));
        let refusal = outcome(&tokens, &token).await.expect_err("no keys");
        tokio::time::sleep(Duration::from_millis(1300)).await;
        (refusal.retry_after_seconds(), issuer.hits("/jwks"))
    };
    let ((with, once), (without, twice)) = tokio::join!(asked("retry-after: 77\r\n"), asked(""));
    assert_eq!((with, once), (Some(77), 1));
    assert_eq!((without, twice), (Some(1), 2));
    drop(pair);
}

#[tokio::test]
async fn odd_keys_among_good_ones_cost_nothing_but_themselves() {
    let (good, second) = (Pair::rsa_a("good"), Pair::p256("second"));
    let mut keys = vec![
        json!(null),
        json!("key"),
        json!({ "kty": "oct", "kid": "oct", "k": "AAAA" }),
        json!({ "kty": "AKP", "kid": "akp", "alg": "ML-DSA-44", "pub": "AAAA" }),
        rsa_1024("weak"),
    ];
    keys.extend([good.public(), second.public()]);
    let issuer = Misbehaving::new(Does::json(&json!({ "keys": keys }))).await;
    let mut settings = issuer.settings();
    settings.algorithms.push(jsonwebtoken::Algorithm::ES256);
    let tokens = tokens(&[settings], &fast());
    for (pair, expected) in [
        (&good, Ok("app-one".into())),
        (&second, Ok("app-one".into())),
        (&Pair::rsa_a("oct"), Err(Kind::TokenSignature)),
    ] {
        assert_eq!(user(&tokens, &pair.sign(&claims("https://issuer.example/"))).await, expected);
    }
}

#[tokio::test]
async fn rotation_with_overlap_is_noticed_by_the_new_kid() {
    let (old, new) = (Pair::rsa_a("old"), Pair::rsa_b("new"));
    let issuer = Misbehaving::new(Does::keys(&[&old])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    let of = |pair: &Pair| pair.sign(&claims("https://issuer.example/"));
    assert_eq!(user(&tokens, &of(&old)).await, Ok("app-one".into()));
    issuer.does("/jwks", Does::keys(&[&old, &new]));
    assert_eq!(user(&tokens, &of(&new)).await, Ok("app-one".into()));
    assert_eq!(user(&tokens, &of(&old)).await, Ok("app-one".into()));
    assert_eq!(issuer.hits("/jwks"), 2);
}

/// All who come with a new key while it is fetched wait for it; none is sent away in the meantime.
#[tokio::test]
async fn rotation_under_load_refuses_nobody() {
    let (old, new) = (Pair::rsa_a("old"), Pair::rsa_b("new"));
    let issuer = Misbehaving::new(Does::keys(&[&old])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    until("ready", || tokens.ready().is_ok()).await;
    issuer.does("/jwks", Does::Late(json!({ "keys": [new.public()] }).to_string().into_bytes()));
    let many = (0..20).map(|i| {
        let mut claims = claims("https://issuer.example/");
        claims["jti"] = json!(i);
        let (tokens, token) = (tokens.clone(), new.sign(&claims));
        async move {
            tokio::time::sleep(Duration::from_millis(5 * i)).await;
            user(&tokens, &token).await
        }
    });
    for found in futures_util::future::join_all(many).await {
        assert_eq!(found, Ok("app-one".into()));
    }
    assert_eq!(issuer.hits("/jwks"), 2);
}

#[tokio::test]
async fn a_withdrawn_or_replaced_key_drops_remembered_tokens_at_the_next_renewal() {
    for (name, after) in [("withdrawn", Pair::rsa_b("new")), ("replaced", Pair::rsa_b("k"))] {
        let old = Pair::rsa_a("k");
        let issuer = Misbehaving::new(Does::keys(&[&old])).await;
        let keys = crate::config::Keys { renew_every: Duration::from_millis(100), ..fast() };
        let tokens = tokens(&[issuer.settings()], &keys);
        let token = old.sign(&claims("https://issuer.example/"));
        assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
        // The twin: a renewal that brings the same key keeps it.
        let before = tokens.stats().issuers[0].fetches_ok;
        until("renewed", || tokens.stats().issuers[0].fetches_ok > before + 1).await;
        assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
        assert_eq!(tokens.stats().remembered_hits, 1, "{name}");
        issuer.does("/jwks", Does::keys(&[&after]));
        let before = tokens.stats().issuers[0].fetches_ok;
        until("renewed", || tokens.stats().issuers[0].fetches_ok > before + 1).await;
        assert_eq!(user(&tokens, &token).await, Err(Kind::TokenSignature), "{name}");
    }
}

#[tokio::test]
async fn keys_older_than_the_limit_are_not_used() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let keys = crate::config::Keys {
        renew_every: Duration::from_millis(50),
        max_age: Duration::from_millis(400),
        ..fast()
    };
    let tokens = tokens(&[issuer.settings()], &keys);
    let token = pair.sign(&claims("https://issuer.example/"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()), "renewed in time");
    issuer.does("/jwks", Does::Answer(500, "", Vec::new()));
    until("too old", || tokens.ready().is_err()).await;
    assert_eq!(user(&tokens, &token).await, Err(Kind::KeysUnavailable), "remembered ones neither");
    issuer.does("/jwks", Does::keys(&[&pair]));
    until("ready", || tokens.ready().is_ok()).await;
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
}

#[tokio::test]
async fn ten_thousand_unknown_kids_cause_one_fetch() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    until("ready", || tokens.ready().is_ok()).await;
    let template = pair.sign(&claims("https://issuer.example/"));
    let rest = template.split_once('.').expect("a token").1.to_owned();
    let forged = (0..10_000).map(|i| {
        use base64::Engine as _;
        let header = json!({ "alg": "RS256", "kid": format!("k{i}") }).to_string();
        let token = format!("{}.{rest}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header));
        let tokens = tokens.clone();
        async move { user(&tokens, &token).await }
    });
    for found in futures_util::future::join_all(forged).await {
        assert_eq!(found, Err(Kind::TokenSignature));
    }
    assert_eq!(issuer.hits("/jwks"), 2, "the first fetch, and one for all of them");
    assert_eq!(tokens.stats().issuers[0].unknown_kids, 10_000);
}

#[tokio::test]
async fn an_unknown_kid_is_asked_for_again_only_after_the_cooldown_and_a_proven_one_later_still() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let keys = crate::config::Keys { cooldown: Duration::from_millis(200), ..fast() };
    let tokens = tokens(&[issuer.settings()], &keys);
    let of = |kid: &str| Pair::rsa_a(kid).sign(&claims("https://issuer.example/"));
    for (kid, fetches) in [("a", 2), ("b", 2), ("a", 2)] {
        assert_eq!(user(&tokens, &of(kid)).await, Err(Kind::TokenSignature));
        assert_eq!(issuer.hits("/jwks"), fetches, "{kid}");
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    for (kid, fetches) in [("a", 2), ("b", 3)] {
        assert_eq!(user(&tokens, &of(kid)).await, Err(Kind::TokenSignature));
        assert_eq!(issuer.hits("/jwks"), fetches, "{kid} after the cooldown");
    }
}

#[tokio::test]
async fn bad_signatures_never_fetch() {
    let (pair, other) = (Pair::rsa_a("k"), Pair::rsa_b("k"));
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let keys = crate::config::Keys { cooldown: Duration::ZERO, ..fast() };
    let tokens = tokens(&[issuer.settings()], &keys);
    assert_eq!(user(&tokens, &pair.sign(&claims("https://issuer.example/"))).await, Ok("app-one".into()));
    for i in 0..100 {
        let mut claims = claims("https://issuer.example/");
        claims["jti"] = json!(i);
        assert_eq!(user(&tokens, &other.sign(&claims)).await, Err(Kind::TokenSignature));
    }
    assert_eq!(issuer.hits("/jwks"), 1);
    assert_eq!(tokens.stats().remembered, 1, "no failure is kept");
}

/// How long tokens never seen take whose key is known.
async fn median_latency(tokens: &Tokens, pair: &Pair, name: &str) -> Duration {
    let mut times = Vec::new();
    for i in 0..101 {
        let mut claims = claims("https://issuer.example/");
        claims["jti"] = json!(format!("{name} {i}"));
        let token = pair.sign(&claims);
        let begin = Instant::now();
        assert_eq!(user(tokens, &token).await, Ok("app-one".into()));
        times.push(begin.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_known_key_answers_while_a_fetch_for_an_unknown_one_hangs() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let keys = crate::config::Keys { timeout: Duration::from_secs(3), ..fast() };
    let tokens = tokens(&[issuer.settings()], &keys);
    until("ready", || tokens.ready().is_ok()).await;
    let calm = median_latency(&tokens, &pair, "calm").await;
    issuer.does("/jwks", Does::Hang);
    let asking = {
        let (tokens, token) = (tokens.clone(), Pair::rsa_a("x").sign(&claims("https://issuer.example/")));
        tokio::spawn(async move { user(&tokens, &token).await })
    };
    until("the fetch hangs", || issuer.hits("/jwks") == 2).await;
    let meanwhile = median_latency(&tokens, &pair, "meanwhile").await;
    let ratio = meanwhile.as_secs_f64() / calm.as_secs_f64();
    assert!(ratio < 3.0, "calm {calm:?}, meanwhile {meanwhile:?}");
    assert!(!asking.is_finished(), "the other one still waits: the fetch really hung");
    assert_eq!(asking.await.expect("no panic"), Err(Kind::KeysUnavailable));
    // In the back-off nobody waits, and nobody asks.
    let token = Pair::rsa_a("y").sign(&claims("https://issuer.example/"));
    let begin = Instant::now();
    assert_eq!(user(&tokens, &token).await, Err(Kind::KeysUnavailable));
    assert!(begin.elapsed() < Duration::from_millis(250));
}

#[tokio::test]
async fn the_wall_clock_is_stepped() {
    let pair = Pair::rsa_a("k");
    let issuer = Misbehaving::new(Does::keys(&[&pair])).await;
    let tokens = tokens(&[issuer.settings()], &fast());
    let token = pair.sign(&claims("https://issuer.example/"));
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
    let clock = &tokens.shared.clock;
    clock.step(3600);
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()), "within the leeway, verified anew");
    assert_eq!(tokens.stats().remembered_hits, 0);
    clock.step(60);
    assert_eq!(user(&tokens, &token).await, Err(Kind::TokenExpired), "a remembered token, too");
    assert_eq!(tokens.ready(), Ok(()), "keys don't age by the wall clock");
    clock.step(-3660);
    assert_eq!(user(&tokens, &token).await, Ok("app-one".into()));
    clock.step(-3600);
    let early = pair.sign(&{
        let mut claims = claims("https://issuer.example/");
        claims["jti"] = json!("early");
        claims
    });
    assert_eq!(user(&tokens, &early).await, Err(Kind::TokenEarly));
}

#[tokio::test]
async fn one_issuers_bad_day_is_not_the_others() {
    let pair = Pair::rsa_a("k");
    let (good, bad) = (Misbehaving::new(Does::keys(&[&pair])).await, Misbehaving::new(Does::Hang).await);
    let both =
        [issuer("https://good.example/", good.jwks_url()), issuer("https://bad.example/", bad.jwks_url())];
    let tokens = tokens(&both, &fast());
    assert_eq!(user(&tokens, &pair.sign(&claims("https://good.example/"))).await, Ok("app-one".into()));
    assert_eq!(user(&tokens, &pair.sign(&claims("https://bad.example/"))).await, Err(Kind::KeysUnavailable));
    let reason = tokens.ready().expect_err("one is not ready").to_string();
    assert!(reason.contains("https://bad.example/") && !reason.contains("https://good.example/"), "{reason}");
}
