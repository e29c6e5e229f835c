//! What replicas count together: requests in progress, rates, and places as leases.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn requests_in_progress_are_counted_over_all_replicas() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "requests_per_tenant: 2";
    let together =
        both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&at(&store)))]);
    let alone = both([replica(&engine, limits, None), replica(&engine, limits, None)]);
    let other = format!("{}, prefix: other", at(&store));
    let apart = both([replica(&engine, limits, Some(&at(&store))), replica(&engine, limits, Some(&other))]);
    for (replicas, expected) in [(together.await, 429), (alone.await, 200), (apart.await, 200)] {
        for gateway in &replicas {
            if metric(gateway, "tenantgate_limits_store_up").await.is_some() {
                until_store_is(gateway, true).await;
            }
        }
        let [one, two] = &replicas;
        let begun = [begin(&app(one, "busy")).await, begin(&app(one, "busy")).await];
        let reply = app(two, "busy").get("/task").await;
        assert_eq!(reply.status, expected, "{reply}");
        if expected == 429 {
            assert_eq!(reply.refused(429, "TG429-SHARE").header("retry-after"), Some("1"));
        }
        app(two, "other").get("/task").await.ok();
        for one in begun {
            one.await.unwrap().ok();
        }
        // Given back, and at once.
        tokio::time::sleep(Duration::from_millis(100)).await;
        app(two, "busy").get("/task").await.ok();
    }
}

#[tokio::test]
async fn a_rate_holds_over_all_replicas() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "requests_per_second_per_tenant: 6";
    for (of_store, most) in [(Some(at(&store)), 9), (None, 16)] {
        let of = || replica(&engine, limits, of_store.as_deref());
        let [one, two] = both([of(), of()]).await;
        if of_store.is_some() {
            until_store_is(&one, true).await;
            until_store_is(&two, true).await;
        }
        let ask = |gateway: &Gateway, tenant| {
            let app = app(gateway, tenant);
            async move { app.get("/task").await }
        };
        let all = (0..10).flat_map(|_| [ask(&one, "fast"), ask(&two, "fast")]);
        let all = futures_util::future::join_all(all).await;
        let (taken, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|reply| reply.status == 200);
        assert!((6..=most).contains(&taken.len()), "{} were taken", taken.len());
        assert!(of_store.is_some() || taken.len() >= 12, "each replica has its own");
        for reply in refused {
            assert_eq!(reply.refused(429, "TG429-RATE").header("retry-after"), Some("1"));
        }
        ask(&two, "other").await.ok();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        ask(&two, "fast").await.ok();
    }
}

/// A place is a lease: it is renewed while its request lasts, in a store that was started anew, too, and ends with its
/// replica.
#[tokio::test]
async fn a_place_lasts_as_long_as_its_request_and_its_replica() {
    let (engine, mut store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 1";
    let more = format!("{}, lease: 1s", at(&store));
    let [one, two] = counting(&engine, limits, &more).await;
    let waits = tokio::spawn(poll(app(&one, "polls")));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    poll_and_leave(app(&two, "polls")).await.expect("an answer").refused(429, "TG429-SHARE");
    assert!(poll_and_leave(app(&two, "other")).await.is_none(), "it waits");
    store.kill();
    store.start_again();
    // Both have noticed by now.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    for gateway in [&one, &two] {
        until_store_is(gateway, true).await;
        assert!(gateway.log().contains("the store of the limits is away"), "{}", gateway.log());
    }
    poll_and_leave(app(&two, "polls")).await.expect("an answer").refused(429, "TG429-SHARE");
    drop(one);
    waits.abort();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(poll_and_leave(app(&two, "polls")).await.is_none(), "it waits");
}

/// The engine goes on with a long poll whose client has left, whichever replica it left.
#[tokio::test]
async fn who_leaves_one_replica_after_the_other_is_refused() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 2";
    let [one, two] = counting(&engine, limits, &at(&store)).await;
    for gateway in [&one, &two] {
        assert!(poll_and_leave(app(gateway, "leaves")).await.is_none(), "it waits");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for gateway in [&one, &two] {
        poll_and_leave(app(gateway, "leaves")).await.expect("an answer").refused(429, "TG429-SHARE");
        app(gateway, "leaves").get("/task").await.ok();
        assert!(poll_and_leave(app(gateway, "stays")).await.is_none(), "it waits");
    }
}

/// A long poll that a replica sends away is asked again at once, at another one. The twin, whose clients have left by
/// themselves: `who_leaves_one_replica_after_the_other_is_refused`.
#[tokio::test]
async fn long_polls_of_a_replica_that_stops_are_taken_by_another() {
    let (engine, store) = (engine(), Store::start(&[]));
    let limits = "long_polls_per_tenant: 1, shutdown_delay: 0s";
    let [one, two] = counting(&engine, limits, &at(&store)).await;
    let waits = tokio::spawn(poll(app(&one, "polls")));
    tokio::time::sleep(Duration::from_millis(500)).await;
    poll(app(&two, "polls")).await.refused(429, "TG429-SHARE");
    one.signal("TERM");
    waits.await.unwrap().refused(503, "TG503-STOPPING");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(500), poll(app(&two, "polls"))).await.is_err(),
        "it waits"
    );
}
