//! The callers of the matrix: one line each.

use serde_json::{Value, json};
use tenantgate::policy::RuleKind;

use crate::stage::{Stage, issuer};
use crate::support::api::Api;

/// Which tenants a caller reaches besides its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// None: its own one is what is asked for.
    Own,
    /// One that its token names.
    Named,
    /// One that its token names, and it has none of its own.
    NamedAlone,
    /// All that have a record.
    Every,
}

/// A caller.
pub struct Caller {
    pub name: &'static str,
    settings: &'static str,
    pub reach: Reach,
    /// The level at which it reaches it.
    level: &'static str,
    /// The client id and the claims of a token, of the tenant of its own and the one that it reaches.
    token: fn(&str, &str) -> (String, Value),
}

const NAMED: &str = "tenancy:\n  grants:\n    - claim: https://example.com/tenants\n      level: read\n";
const EVERY: &str = "tenancy:\n  all_tenants: {scope: \"tenants:{level}\"}\n";
const PEOPLE_SIGN_IN_BY: &str = "web";
const SHARED: &str = "tenancy:\n  tenant_from:\n    - claim: https://example.com/tenant\n";

/// Without the right to say more, there is `the_access_matrix`.
pub const CALLERS: &[Caller] = &[
    Caller::new("read", NAMED, Reach::Named, "read", |own, other| named(own, other, "read")),
    Caller::new("work", NAMED, Reach::Named, "work", |own, other| named(own, other, "work")),
    Caller::new("all", NAMED, Reach::Named, "all", |own, other| named(own, other, "all")),
    Caller::new("every-read", EVERY, Reach::Every, "read", |own, _| every(own, "read")),
    Caller::new("every-work", EVERY, Reach::Every, "work", |own, _| every(own, "work")),
    Caller::new("person", NAMED, Reach::NamedAlone, "all", |_, other| {
        let (_, mut claims) = named("", other, "all");
        // Nothing proves client credentials.
        (claims["sub"], claims["gty"]) = (json!("ada"), json!("password"));
        (PEOPLE_SIGN_IN_BY.to_owned(), claims)
    }),
    Caller::new("second", SHARED, Reach::Own, "all", |own, _| (format!("second-{own}"), shared(own))),
];

fn named(own: &str, other: &str, level: &str) -> (String, Value) {
    (own.to_owned(), json!({"https://example.com/tenants": [{"tenant": other, "level": level}]}))
}

fn every(own: &str, level: &str) -> (String, Value) {
    (own.to_owned(), json!({"scope": format!("openid tenants:{level}")}))
}

fn shared(tenant: &str) -> Value {
    json!({"https://example.com/tenant": tenant})
}

impl Caller {
    /// The gateway for it.
    pub async fn stage(&self) -> Stage {
        let settings = format!("engine:\n  timeout: 5m\n{}", self.settings);
        if self.reach != Reach::NamedAlone {
            return Stage::with(|plan| plan.config(&settings)).await;
        }
        let people = format!("people: {{client_ids: [{PEOPLE_SIGN_IN_BY}], prefix: 'person:'}}");
        Stage::with_issuer(&format!("application_tokens_only: false, {people}"), &settings).await
    }

    const fn new(
        name: &'static str,
        settings: &'static str,
        reach: Reach,
        level: &'static str,
        token: fn(&str, &str) -> (String, Value),
    ) -> Self {
        Self { name, settings, reach, level, token }
    }

    /// Whether its level covers a kind of rule.
    pub fn covers(&self, kind: RuleKind) -> bool {
        match self.level {
            "read" => kind == RuleKind::Read,
            "work" => matches!(kind, RuleKind::Read | RuleKind::Work),
            _ => true,
        }
    }

    /// Its client.
    pub fn client(&self, stage: &Stage, own: &str, reached: &str) -> Api {
        let (client_id, claims) = (self.token)(own, reached);
        client(stage, &client_id, &claims)
    }
}

/// The client of a tenant that its id names.
pub fn first_client(stage: &Stage, tenant: &str) -> Api {
    client(stage, tenant, &shared(tenant))
}

fn client(stage: &Stage, client_id: &str, more: &Value) -> Api {
    let token = issuer().token_with(client_id, |_, claims| {
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    });
    stage.gateway.api().with_token(&token)
}
