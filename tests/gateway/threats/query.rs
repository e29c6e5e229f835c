//! Q1–Q5: the tenant is pinned once, whatever the query says of it.

use crate::stage::Stage;
use crate::support::world::World;

#[tokio::test]
async fn q1_duplicates() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for query in [
        format!("tenantIdIn={}&tenantIdIn={}", a.tenant, b.tenant),
        format!("tenantIdIn={}&tenantIdIn={}", b.tenant, a.tenant),
        format!("tenantIdIn=&tenantIdIn={}", b.tenant),
    ] {
        app.get(&format!("/task?{query}")).await.refused(400, "TG400-QUERY");
    }
    stage.recorder.nothing();
    app.get(&format!("/task?tenantIdIn={}", a.tenant)).await.ok();
    assert_eq!(stage.recorder.only().query, Some(format!("tenantIdIn={}", a.tenant)));
}

#[tokio::test]
async fn q2_comma_lists() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for list in ["A,B", "A%2CB", "B,A", ",B", "A,%20B", "A,,B"] {
        let list = list.replace('A', &a.tenant).replace('B', &b.tenant);
        app.get(&format!("/task?tenantIdIn={list}")).await.refused(403, "TG403-TENANT");
    }
    stage.recorder.nothing();
    let reply = app.get(&format!("/task?tenantIdIn={0},{0}", a.tenant)).await.ok();
    a.is_in(&reply);
    b.not_in(&reply);
}

#[tokio::test]
async fn q3_wishes_for_what_has_no_tenant() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for list in ["/task", "/process-instance", "/deployment", "/history/task", "/job"] {
        for wish in ["true", "1", "%22true%22"] {
            let reply = app.get(&format!("{list}?withoutTenantId={wish}")).await;
            assert!(reply.status == 400 || reply.text() == "[]", "{list} {wish}: {reply}");
        }
    }
    stage.recorder.nothing();
    // They add to what is there: taken out, and the pin stays.
    for (list, wish) in [
        ("/deployment", "includeDeploymentsWithoutTenantId"),
        ("/process-definition", "includeProcessDefinitionsWithoutTenantId"),
        ("/job", "includeJobsWithoutTenantId"),
        ("/event-subscription", "includeEventSubscriptionsWithoutTenantId"),
    ] {
        stage.recorder.forget();
        let reply = app.get(&format!("{list}?{wish}=true")).await.ok();
        b.not_in(&reply);
        assert!(!reply.ids().is_empty());
        assert_eq!(stage.recorder.only().query, Some(format!("tenantIdIn={}", a.tenant)), "{list}");
    }
    app.get("/user?memberOfTenant=x").await.refused(403, "TG403-DENIED");
}

#[tokio::test]
async fn q4_encoded_names() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    for name in ["tenant%49dIn", "%74enantIdIn", "%74%65%6E%61%6E%74IdIn"] {
        app.get(&format!("/task?{name}={}", b.tenant)).await.refused(403, "TG403-TENANT");
        app.get(&format!("/task?{name}={0}&tenantIdIn={0}", a.tenant)).await.refused(400, "TG400-QUERY");
    }
    stage.recorder.nothing();
    // `;` separates nothing, so this names no tenant of anybody: it is part of the name's value.
    let reply = app.get(&format!("/task?name=x;tenantIdIn={}", b.tenant)).await.ok();
    assert_eq!(reply.text(), "[]");
    stage.recorder.forget();
    app.get(&format!("/task?tenant%49dIn={}", a.tenant)).await.ok();
    assert_eq!(stage.recorder.only().query, Some(format!("tenantIdIn={}", a.tenant)));
}

#[tokio::test]
async fn q5_empty_values() {
    let stage = Stage::start().await;
    let World { a, b, .. } = World::seed().await;
    let app = stage.client(&a.tenant);
    // To the engine each of these is no filter at all, or nearly.
    for value in ["tenantIdIn", "tenantIdIn=", "tenantIdIn=%20", "tenantIdIn=,", "tenantIdIn=+"] {
        for list in ["/task", "/process-instance", "/history/external-task-log"] {
            stage.recorder.forget();
            let reply = app.get(&format!("{list}?{value}")).await;
            b.not_in(&reply);
            if reply.status == 200 {
                let sent = stage.recorder.only().query;
                assert_eq!(sent, Some(format!("tenantIdIn={}", a.tenant)), "{list} {value}");
            } else {
                stage.recorder.nothing();
            }
        }
    }
}
