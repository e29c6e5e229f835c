//! The caller that `explain` explains for.

use super::args::{ExplainArgs, Grant};
use super::explain::Text;
use crate::causes;
use crate::config::Settings;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Grants, Tenant};
use crate::token::{Tokens, caller_of_client};

/// Who asks: the bearer of a token, or an application by its client id.
pub(super) async fn caller(args: &ExplainArgs, settings: &Settings) -> Result<Caller, Refusal> {
    let failed = |what: String| Refusal::new(Kind::Internal, what);
    let Settings { issuers, keys, tenancy, permissions, limits, .. } = settings;
    if let Some(file) = &args.token {
        let token =
            std::fs::read_to_string(file).map_err(|e| failed(format!("the token can't be read: {e}")))?;
        let tokens = Tokens::new(issuers, keys, tenancy, permissions, limits.max_token_bytes)
            .map_err(|error| failed(causes::in_full(&error)))?;
        let header = format!("Bearer {}", token.trim());
        tokens.start();
        return tokens.caller(&[header.as_bytes()]).await;
    }
    let caller = caller_of_client(args.client_id.as_deref().unwrap_or("example"), issuers, tenancy)?;
    let mut grants = Grants::default();
    for Grant { tenant, level } in &args.grants {
        let tenant = Tenant::parse(tenant, &tenancy.reserved_client_ids)?;
        if caller.own() != Some(&tenant) {
            grants.add(tenant, *level);
        }
    }
    Ok(caller.granted(grants))
}

/// The caller's tenant, and what differs from a caller that has nothing else.
pub(super) fn describe(caller: &Caller, settings: &Settings, text: &mut Text) {
    let own = caller.own().map(Tenant::as_str);
    text.line("caller", own.unwrap_or("a person, who has no tenant"));
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
