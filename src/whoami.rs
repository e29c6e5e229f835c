//! `GET <base>/tenantgate/whoami`: what a token proves and grants, for the developer of the application that has it.
//!
//! In: a path that the engine does not have, and the caller. Out: JSON. The engine is not asked.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::policy::OperationKey;
use crate::refusal::{Kind, Refusal};
use crate::response::Reply;
use crate::tenancy::{Caller, Level, Tenant};

/// The operation, for the log and the metrics.
const OPERATION: &str = "GET /tenantgate/whoami";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    user: &'a str,
    /// Null for a person.
    tenant: Option<&'a str>,
    /// The own tenant and the granted ones.
    tenants: BTreeMap<&'a str, Level>,
    all_tenants: Option<Level>,
    /// The kinds of operations that the token permits.
    permissions: Vec<&'static str>,
    /// Seconds since 1970.
    expires: Option<u64>,
}

/// Whether this is the path. `on`: the setting; without it the path is one of many that there are not.
pub(crate) fn is_asked(on: bool, segments: &[String]) -> bool {
    on && matches!(segments, [first, second] if first == "tenantgate" && second == "whoami")
}

/// The operation's name; none for a method that it does not have.
pub(crate) fn operation(method: &str) -> Option<OperationKey> {
    OperationKey::try_from(OPERATION.to_owned()).ok().filter(|key| key.method().name() == method)
}

/// The answer for a caller.
///
/// # Errors
/// [`Kind::NoRule`] for another method than GET, HEAD and OPTIONS.
pub(crate) fn answer(method: &str, caller: &Caller) -> Result<Reply, Refusal> {
    match method {
        "GET" => Ok(Reply::json(200, body(caller))),
        "OPTIONS" => Ok(Reply::allow(&["GET"])),
        _ => Err(Refusal::new(Kind::NoRule, "there is no such operation; use GET")),
    }
}

fn body(caller: &Caller) -> String {
    let own = caller.own().map(Tenant::as_str);
    let granted = caller.grants().iter().map(|(tenant, level)| (tenant.as_str(), level));
    let answer = Answer {
        user: caller.user(),
        tenant: own,
        tenants: granted.chain(own.map(|own| (own, Level::All))).collect(),
        all_tenants: caller.all_tenants(),
        permissions: caller.permits().kinds().collect(),
        expires: caller.expires(),
    };
    // Texts and numbers only: this can't fail.
    serde_json::to_string(&answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::{Grants, UserId};

    fn tenant(id: &str) -> Tenant {
        Tenant::parse(id, &[]).unwrap()
    }

    #[test]
    fn the_answer_tells_all_that_the_token_says() {
        let plain = Caller::new(tenant("A"));
        let read = |caller: &Caller| serde_json::from_str::<serde_json::Value>(&body(caller)).unwrap();
        let kinds = ["read", "work", "start", "deploy", "administer"];
        let expected = serde_json::json!({
            "user": "A", "tenant": "A", "tenants": {"A": "all"}, "allTenants": null, "permissions": kinds,
            "expires": null,
        });
        assert_eq!(read(&plain), expected);
        let mut grants = Grants::default();
        grants.add(tenant("B"), Level::Read);
        let all =
            plain.acting_as(tenant("c")).granted(grants).granted_all_tenants(Some(Level::Work)).until(7);
        let expected = serde_json::json!({
            "user": "c", "tenant": "A", "tenants": {"A": "all", "B": "read"}, "allTenants": "work",
            "permissions": kinds, "expires": 7,
        });
        assert_eq!(read(&all), expected);
        let mut grants = Grants::default();
        grants.add(tenant("B"), Level::Work);
        let ada = UserId::of_person("person:", "ada", &[]).unwrap();
        let expected = serde_json::json!({
            "user": "person:ada", "tenant": null, "tenants": {"B": "work"}, "allTenants": null,
            "permissions": kinds, "expires": null,
        });
        assert_eq!(read(&Caller::person(ada).granted(grants)), expected);
    }

    #[test]
    fn the_path_is_one_and_only_while_it_is_on() {
        let path = |segments: &[&str]| segments.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        assert!(is_asked(true, &path(&["tenantgate", "whoami"])));
        assert!(!is_asked(false, &path(&["tenantgate", "whoami"])));
        for other in
            [&["tenantgate"][..], &["whoami"], &["tenantgate", "whoami", "x"], &["Tenantgate", "whoami"]]
        {
            assert!(!is_asked(true, &path(other)), "{other:?}");
        }
        assert!(operation("GET").is_some() && operation("POST").is_none());
    }
}
