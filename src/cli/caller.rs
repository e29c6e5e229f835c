//! The caller that `explain` explains for.

use super::args::{ExplainArgs, Grant};
use super::explain::Text;
use crate::causes;
use crate::config::Settings;
use crate::refusal::Refusal;
use crate::tenancy::{Caller, Grants, Tenant};
use crate::token::{Tokens, caller_of_client};

/// By what the caller is known.
pub(super) enum By<'a> {
    /// The token of this header.
    Token(Box<Tokens>, String),
    /// A client id, and what its token would grant.
    Id(&'a str, &'a [Grant]),
}

impl<'a> By<'a> {
    /// The bearer of `token`, or who the arguments name; or why tokens can't be verified, which is no refusal.
    pub(super) fn of(
        token: Option<String>,
        args: &'a ExplainArgs,
        settings: &Settings,
    ) -> Result<Self, String> {
        let Some(token) = token else {
            return Ok(Self::Id(args.client_id.as_deref().unwrap_or("example"), &args.grants));
        };
        let Settings { issuers, keys, tenancy, permissions, limits, .. } = settings;
        let tokens = Tokens::new(issuers, keys, tenancy, permissions, limits.max_token_bytes)
            .map_err(|error| format!("tokens can't be verified: {}", causes::in_full(&error)))?;
        Ok(Self::Token(Box::new(tokens), format!("Bearer {}", token.trim())))
    }

    /// The caller.
    pub(super) async fn caller(self, settings: &Settings) -> Result<Caller, Refusal> {
        let Settings { issuers, tenancy, .. } = settings;
        let (id, granted) = match self {
            Self::Token(tokens, header) => {
                tokens.start();
                return tokens.caller(&[header.as_bytes()]).await;
            }
            Self::Id(id, granted) => (id, granted),
        };
        let caller = caller_of_client(id, issuers, tenancy)?;
        let mut grants = Grants::default();
        for Grant { tenant, level } in granted {
            let tenant = Tenant::parse(tenant, &tenancy.reserved_client_ids)?;
            if caller.own() != Some(&tenant) {
                grants.add(tenant, *level);
            }
        }
        Ok(caller.granted(grants))
    }
}

/// The caller's tenant, and what differs from a caller that has nothing else.
pub(super) fn describe(caller: &Caller, settings: &Settings, text: &mut Text) {
    let own = caller.own().map(Tenant::as_str);
    text.line("caller", own.unwrap_or("a person (no tenant of its own)"));
    if own != Some(caller.user()) {
        text.line("user", caller.user());
    }
    for (tenant, level) in caller.grants().iter() {
        text.line("granted", &format!("{tenant} ({level})"));
    }
    if let Some(level) = caller.all_tenants() {
        text.line("granted", &format!("every tenant ({level})"));
    }
    if settings.permissions.any() {
        let kinds: Vec<_> = caller.permits().kinds().collect();
        text.line("permitted", &kinds.join(", "));
    }
}
