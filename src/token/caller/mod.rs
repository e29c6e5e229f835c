//! Claims that hold → the caller, by the operator's settings.
//!
//! In: claims that were checked, the client id that they prove, the settings. Out: the caller with its own tenant,
//! grants and permissions. Nothing is granted unless a setting names the claim; a claim that a setting names and that
//! can't be read is a refusal, never an empty or full set.

mod fault;
mod grants;
mod own_tenant;
mod scopes;

use std::borrow::Cow;

use serde_json::Value;

use self::fault::{ClaimFault, type_of};
use self::grants::GrantRules;
use self::own_tenant::OwnTenant;
use self::scopes::Scopes;
use super::claims::{Bearer, Claims, Proved};
use super::error::SetupError;
use super::log_text::for_log;
use crate::config::{self, ClaimPath, Permissions};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Permitted, Tenant, UserId};

/// Makes callers of claims.
pub(super) struct CallerRules {
    own_tenant: OwnTenant,
    reserved: Vec<String>,
    grants: GrantRules,
    permissions: Permissions,
}

impl CallerRules {
    /// # Errors
    /// A pattern of scopes that can't be read; `config` has reported it before.
    pub(super) fn new(tenancy: &config::Tenancy, permissions: &Permissions) -> Result<Self, SetupError> {
        Ok(Self {
            own_tenant: OwnTenant::new(tenancy),
            reserved: tenancy.reserved_client_ids.clone(),
            grants: GrantRules::new(tenancy)?,
            permissions: permissions.clone(),
        })
    }

    /// The caller that the claims of an issuer's token prove.
    ///
    /// # Errors
    /// [`Kind::ClientId`], [`Kind::TenantClaim`] or
    /// [`Kind::Grant`]; [`Kind::TokenClaims`] for a person whose `sub` makes no user id.
    pub(super) fn caller(
        &self,
        claims: &Claims,
        proved: &Proved<'_>,
        issuer: &config::Issuer,
    ) -> Result<Caller, Refusal> {
        let caller = match proved.bearer {
            Bearer::Application(client_id) => {
                let (tenant, user) = self.own_tenant.find(claims, client_id, issuer)?;
                Caller::new(tenant).acting_as(user)
            }
            Bearer::Person { prefix, sub } => Caller::person(self.user(prefix, sub)?),
        };
        let scopes = match self.grants.by_scope() || self.permissions.any() {
            true => Scopes::read(claims)?,
            false => Scopes::default(),
        };
        let grants = self.grants.read(claims, &scopes, caller.own())?;
        let all_tenants = self.grants.all_tenants(&scopes)?;
        let permitted = Permitted::by(&self.permissions, |scope| scopes.has(scope));
        if caller.own().is_none() && grants.is_empty() && all_tenants.is_none() {
            let message = "the token is a person's and grants no tenant; ask for the right to see one";
            return Err(Refusal::new(Kind::Grant, message).because("no claim or scope grants a tenant"));
        }
        let caller = caller.granted_all_tenants(all_tenants);
        let caller = if grants.is_empty() { caller } else { caller.granted(grants) };
        Ok(caller.permitted(permitted).until(whole_seconds(proved.until)))
    }

    /// The user of a person.
    fn user(&self, prefix: &str, sub: &str) -> Result<UserId, Refusal> {
        UserId::of_person(prefix, sub, &self.reserved).map_err(|fault| {
            let message = "the token's user id cannot be used here; it must be changed at the issuer";
            let cause = format!("`{}` cannot be a user: {fault}", for_log(&format!("{prefix}{sub}")));
            Refusal::new(Kind::TokenClaims, message).because(cause)
        })
    }
}

/// The caller that a client's token without any other claim proves, for `explain`. Where only claims name the tenant,
/// the id stands for one.
///
/// # Errors
/// [`Kind::ClientId`] or [`Kind::TenantClaim`].
pub(crate) fn caller_of_client(
    client_id: &str,
    issuers: &[config::Issuer],
    tenancy: &config::Tenancy,
) -> Result<Caller, Refusal> {
    let by_client_id = |issuer: &&config::Issuer| {
        tenancy.tenant_from.iter().any(|source| source.claim.is_one_of(&issuer.client_id_claims))
    };
    let issuer = issuers.iter().find(by_client_id).or_else(|| issuers.first());
    let Some(issuer) = issuer.filter(|i| tenancy.tenant_from.is_empty() || by_client_id(i)) else {
        return Ok(Caller::new(Tenant::parse(client_id, &tenancy.reserved_client_ids)?));
    };
    let (tenant, user) = OwnTenant::new(tenancy).find(&Claims::new(), client_id, issuer)?;
    Ok(Caller::new(tenant).acting_as(user))
}

/// `exp` without its fraction; `claims` took it only in a range that fits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_seconds(time: f64) -> u64 {
    time as u64
}

/// What stands at a path of claims; none if the way ends before.
///
/// # Errors
/// The name on the way that holds something else than an object, `null` included.
fn at<'c>(claims: &'c Claims, path: &ClaimPath) -> Result<Option<&'c Value>, ClaimFault> {
    let mut names = path.names().iter();
    let mut found = names.next().and_then(|name| claims.get(name));
    let mut way: Cow<'_, str> = path.names().first().map_or("", String::as_str).into();
    for name in names {
        let Some(value) = found else { return Ok(None) };
        let Some(inside) = value.as_object() else {
            return Err(ClaimFault::Way { way: way.into_owned(), is: type_of(value) });
        };
        found = inside.get(name);
        way = format!("{way} → {name}").into();
    }
    Ok(found)
}
