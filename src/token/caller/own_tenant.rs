//! The caller's own tenant and its user, by `tenancy.tenant_from` and `tenancy.aliases`.
//!
//! Whoever may name clients at the issuer can make any text a client id. So a client id never becomes a tenant that a
//! claim, a map or an alias yields for others.

use super::super::claims::Claims;
use super::super::log_text::for_log;
use super::at;
use super::fault::type_of;
use crate::config::{Aliases, Issuer, Tenancy, TenantSource};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Tenant;

/// Finds a caller's own tenant.
pub(super) struct OwnTenant {
    sources: Vec<TenantSource>,
    aliases: Aliases,
    reserved: Vec<String>,
}

impl OwnTenant {
    pub(super) fn new(settings: &Tenancy) -> Self {
        Self {
            sources: settings.tenant_from.clone(),
            aliases: settings.aliases.clone(),
            reserved: settings.reserved_client_ids.clone(),
        }
    }

    /// The tenant and the user.
    ///
    /// # Errors
    /// [`Kind::TenantClaim`] for a claim that is missing, no text, not mapped or no tenant; [`Kind::ClientId`] for a
    /// client id that can't be a user, or a tenant where it has to be one.
    pub(super) fn find(
        &self,
        claims: &Claims,
        client_id: &str,
        issuer: &Issuer,
    ) -> Result<(Tenant, Tenant), Refusal> {
        for source in &self.sources {
            if source.claim.is_one_of(&issuer.client_id_claims) {
                return self.by_client_id(client_id, source);
            }
            let claim = &source.claim;
            let Some(value) = at(claims, claim).map_err(wrong)? else { continue };
            let Some(text) = value.as_str() else {
                return Err(wrong(format_args!("`{claim}` is {} and no text", type_of(value))));
            };
            let tenant = self.tenant(text, source)?;
            let user = Tenant::parse(client_id, &self.reserved)?;
            return Ok((tenant, user));
        }
        if self.sources.is_empty() {
            return self.by_client_id(client_id, &TenantSource::default());
        }
        Err(wrong("none of the claims in `tenancy.tenant_from` is there"))
    }

    /// The tenant of a claim's value. A value that a map lacks never falls through to the client's own tenant: it is
    /// an organization that nobody told of.
    fn tenant(&self, text: &str, source: &TenantSource) -> Result<Tenant, Refusal> {
        let claim = &source.claim;
        let shown = for_log(text);
        let id = if source.map.is_empty() {
            // Nothing behind a prefix would be the tenant of every client without a value.
            Some(format!("{}{text}", source.prefix)).filter(|_| !text.is_empty())
        } else {
            source.map.get(text).cloned()
        };
        let Some(id) = id else {
            return Err(wrong(format_args!("`{claim}` is `{shown}`, which is empty or not in its map")));
        };
        Tenant::read(&id, &self.reserved)
            .map_err(|fault| wrong(format_args!("`{claim}` is `{shown}`, which makes no tenant: {fault}")))
    }

    fn by_client_id(&self, client_id: &str, source: &TenantSource) -> Result<(Tenant, Tenant), Refusal> {
        let user = Tenant::parse(client_id, &self.reserved);
        // An id that can't be a user acts under its tenant's name: only the operator's own word leads here.
        let named = |tenant: &str| {
            let tenant = Tenant::parse(tenant, &self.reserved)?;
            let user = user.clone().unwrap_or_else(|_| tenant.clone());
            Ok((tenant, user))
        };
        if let Some(tenant) = self.aliases.get(client_id) {
            return named(tenant);
        }
        if !source.map.is_empty() {
            let Some(tenant) = source.map.get(client_id) else {
                return Err(wrong(format_args!("client id `{}` is not in the map", for_log(client_id))));
            };
            return named(tenant);
        }
        let user = user?;
        let tenant = match source.prefix.is_empty() {
            true => user.clone(),
            false => Tenant::parse(&format!("{}{client_id}", source.prefix), &self.reserved)?,
        };
        if self.is_of_others(&tenant, source) {
            let message =
                "the token's client id cannot be a tenant: it is reserved for the tenants of other clients";
            let cause = "an alias, or another source of `tenancy.tenant_from`, yields it";
            return Err(Refusal::new(Kind::ClientId, message).because(cause));
        }
        Ok((tenant, user))
    }

    /// Whether an alias, or a source other than the client id, yields the tenant for others.
    fn is_of_others(&self, tenant: &Tenant, client_id: &TenantSource) -> bool {
        let id = tenant.as_str();
        self.aliases.values().any(|alias| alias.eq_ignore_ascii_case(id))
            || self.sources.iter().any(|s| s.claim != client_id.claim && s.may_yield(id))
    }
}

/// A refusal for a tenant that can't be found. Only the log names the claim.
fn wrong(why: impl std::fmt::Display) -> Refusal {
    let message =
        "the token names no tenant that can be used here; ask for a token of the right organization";
    Refusal::new(Kind::TenantClaim, message).because(why)
}
