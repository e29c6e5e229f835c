//! The tenants that a token grants besides the own one, by `tenancy.grants` and `tenancy.all_tenants`.

use serde_json::{Map, Value};

use super::super::claims::Claims;
use super::super::error::SetupError;
use super::super::log_text::for_log;
use super::at;
use super::fault::{ClaimFault, type_of};
use super::scopes::Scopes;
use crate::config::{self, ClaimPath, ScopePattern};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Grants, Level, Tenant};

/// Most entries of one token, over all its claims and scopes.
const MOST: usize = 10_000;

/// What grants tenants.
pub(super) struct GrantRules {
    claims: Vec<(ClaimPath, Option<Level>)>,
    scopes: Vec<ScopePattern>,
    all_tenants: Option<ScopePattern>,
    reserved: Vec<String>,
}

/// What was read so far of one token.
struct Read<'a> {
    grants: Grants,
    entries: usize,
    own: Option<&'a Tenant>,
    reserved: &'a [String],
}

impl GrantRules {
    /// # Errors
    /// A pattern of scopes that can't be read.
    pub(super) fn new(settings: &config::Tenancy) -> Result<Self, SetupError> {
        let (claims, scopes): (Vec<_>, Vec<_>) = settings.grants.iter().partition(|g| g.scope.is_empty());
        let scopes = scopes.into_iter().map(|g| {
            ScopePattern::of_tenant(&g.scope, g.level)
                .map_err(|fault| SetupError::Scope { pattern: g.scope.clone(), fault })
        });
        let all_tenants = settings.all_tenants.as_ref().map(|all| {
            ScopePattern::of_all_tenants(&all.scope, all.level)
                .map_err(|fault| SetupError::Scope { pattern: all.scope.clone(), fault })
        });
        Ok(Self {
            claims: claims.into_iter().map(|g| (g.claim.clone(), g.level)).collect(),
            scopes: scopes.collect::<Result<_, _>>()?,
            all_tenants: all_tenants.transpose()?,
            reserved: settings.reserved_client_ids.clone(),
        })
    }

    /// Whether scopes grant anything.
    pub(super) fn by_scope(&self) -> bool {
        !self.scopes.is_empty() || self.all_tenants.is_some()
    }

    /// The granted tenants. The own one is left out: no grant can narrow it.
    ///
    /// # Errors
    /// [`Kind::Grant`] for whatever a setting names and can't be read.
    pub(super) fn read(
        &self,
        claims: &Claims,
        scopes: &Scopes<'_>,
        own: Option<&Tenant>,
    ) -> Result<Grants, Refusal> {
        let mut read = Read { grants: Grants::default(), entries: 0, own, reserved: &self.reserved };
        for (path, level) in &self.claims {
            let read = at(claims, path).and_then(|value| value.map_or(Ok(()), |v| read.claim(v, *level)));
            read.map_err(|fault| unreadable(path, fault))?;
        }
        for scope in scopes.iter() {
            for found in self.scopes.iter().filter_map(|pattern| pattern.find(scope)) {
                let added = match found.level {
                    Some(level) => read.add(found.tenant, level),
                    None => Err(ClaimFault::Level),
                };
                added.map_err(|fault| unreadable(for_log(scope), fault))?;
            }
        }
        Ok(read.grants)
    }

    /// The level at which the token grants every tenant: the highest of its scopes.
    ///
    /// # Errors
    /// [`Kind::Grant`] for a scope that names another level than `read` and `work`.
    pub(super) fn all_tenants(&self, scopes: &Scopes<'_>) -> Result<Option<Level>, Refusal> {
        let Some(pattern) = &self.all_tenants else { return Ok(None) };
        let mut highest = None;
        for scope in scopes.iter() {
            let Some(found) = pattern.find(scope) else { continue };
            match found.level {
                // Nobody starts, deploys or administers in every tenant.
                Some(Level::All) | None => return Err(unreadable(for_log(scope), ClaimFault::AllTenants)),
                Some(level) => highest = highest.max(Some(level)),
            }
        }
        Ok(highest)
    }
}

impl Read<'_> {
    /// A claim in one of its three shapes. What has two of them has none.
    fn claim(&mut self, value: &Value, level: Option<Level>) -> Result<(), ClaimFault> {
        match value {
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let mut ids = items.iter().filter_map(Value::as_str);
                ids.try_for_each(|id| self.add(id, level.ok_or(ClaimFault::NoLevel)?))
            }
            Value::Array(items) => items.iter().try_for_each(|item| {
                self.object(item.as_object().ok_or_else(|| ClaimFault::Item(type_of(item)))?)
            }),
            Value::Object(members) => {
                members.iter().try_for_each(|(id, level)| self.add(id, named(Some(level))?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err(ClaimFault::Type(type_of(value)))
            }
        }
    }

    /// `{tenant, level}` and nothing else.
    fn object(&mut self, members: &Map<String, Value>) -> Result<(), ClaimFault> {
        if let Some(other) = members.keys().find(|name| !matches!(name.as_str(), "tenant" | "level")) {
            return Err(ClaimFault::Member(other.clone()));
        }
        let id = members.get("tenant").and_then(Value::as_str).ok_or(ClaimFault::NoTenant)?;
        self.add(id, named(members.get("level"))?)
    }

    fn add(&mut self, id: &str, level: Level) -> Result<(), ClaimFault> {
        self.entries += 1;
        if self.entries > MOST {
            return Err(ClaimFault::TooMany(MOST));
        }
        let tenant = Tenant::read(id, self.reserved)
            .map_err(|fault| ClaimFault::Tenant { id: id.to_owned(), fault })?;
        if self.own != Some(&tenant) {
            self.grants.add(tenant, level);
        }
        Ok(())
    }
}

fn named(level: Option<&Value>) -> Result<Level, ClaimFault> {
    level.and_then(|level| Level::named(level.as_str()?)).ok_or(ClaimFault::Level)
}

/// A refusal for a claim or scope that can't be read. Only the log names it.
pub(super) fn unreadable(what: impl std::fmt::Display, fault: ClaimFault) -> Refusal {
    let message = "the grants in the token cannot be read, so none of them is used; they must be corrected at the issuer";
    Refusal::new(Kind::Grant, message).because(format_args!("`{what}`: {fault}"))
}
