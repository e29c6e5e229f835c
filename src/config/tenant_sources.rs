//! `tenancy.tenant_from` and `tenancy.aliases`: whose tenant a token's bearer is.
//!
//! Whoever may choose the names of clients at the issuer can make a client id of any text, so two sources may never
//! yield the same tenant by chance: that is found here. What a map or an alias says of itself is the operator's word.

use std::collections::BTreeMap;

use super::Issuer;
use super::claim::ClaimPath;
use super::section::{Checks, F, section};
use super::tenant_id::tenant_id;

/// Client ids and the tenants that they get instead.
pub type Aliases = BTreeMap<String, String>;

section! {
    /// A claim that names the caller's own tenant.
    pub struct TenantSource {
        /// The claim: its name, or a list of names for a nested claim. One of the issuer's `client_id_claims` is the
        /// client id. Required.
        pub claim: ClaimPath = ClaimPath::default(),
        /// Prefix added to the claim's value.
        pub prefix: String = String::new(),
        /// Maps each value to a tenant. Values that are not listed are refused.
        pub map: BTreeMap<String, String> = BTreeMap::new(),
    }
}

impl TenantSource {
    /// Whether it could yield this tenant, upper and lower case being alike: some collations merge them.
    pub(crate) fn may_yield(&self, tenant: &str) -> bool {
        match self.map.is_empty() {
            true => begins_with(tenant, &self.prefix),
            false => self.map.values().any(|value| value.eq_ignore_ascii_case(tenant)),
        }
    }
}

fn begins_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The settings that say whose tenant it is.
pub(super) struct TenantSources<'a> {
    pub(super) sources: &'a [TenantSource],
    pub(super) aliases: &'a Aliases,
    pub(super) reserved: &'a [String],
    pub(super) issuers: &'a [Issuer],
}

impl TenantSources<'_> {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        for (at, source) in self.sources.iter().enumerate() {
            self.check_source(c, &path(at), source);
            self.check_order(c, at, source);
            for (before, other) in self.sources.iter().enumerate().take(at) {
                if self.collide(source, other) {
                    let what = format!("can produce the same tenant as `{}`", path(before));
                    c.report(F::CollidingTenants, &path(at), what);
                }
            }
        }
        self.check_aliases(c);
        self.check_shared(c);
    }

    fn check_source(&self, c: &mut Checks<'_>, path: &str, source: &TenantSource) {
        if source.claim.is_blank() {
            c.report(F::MissingClaim, &format!("{path}.claim"), "names no claim, or an empty one");
        }
        if !source.prefix.is_empty() && !source.map.is_empty() {
            c.report(F::PrefixAndMap, path, "has a prefix and a map");
        }
        // Else one whose last value is taken out would let every value pass.
        if source.map.is_empty() && c.is_named(&format!("{path}.map")) {
            c.report(F::EmptyMap, &format!("{path}.map"), "maps no value");
        }
        if !source.prefix.is_empty() && tenant_id(&format!("{}x", source.prefix), &[]).is_err() {
            c.report(F::InvalidPrefix, &format!("{path}.prefix"), "cannot be the beginning of a tenant id");
        }
        self.check_tenants(c, &format!("{path}.map"), &source.map);
    }

    /// Keys that are texts of tokens, and values that are tenants.
    fn check_tenants(&self, c: &mut Checks<'_>, path: &str, map: &BTreeMap<String, String>) {
        for (from, tenant) in map {
            if from.is_empty() {
                c.report(F::InvalidTenant, path, "has an empty key");
            }
            if let Err(fault) = tenant_id(tenant, self.reserved) {
                c.report(F::InvalidTenant, &format!("{path}.{from}"), format!("cannot be a tenant: {fault}"));
            }
        }
    }

    fn is_client_id(&self, source: &TenantSource) -> bool {
        self.issuers.iter().any(|issuer| source.claim.is_one_of(&issuer.client_id_claims))
    }

    /// What stands behind a source that is always there, or that was there before, is never reached.
    fn check_order(&self, c: &mut Checks<'_>, at: usize, source: &TenantSource) {
        let before = self.sources.iter().take(at);
        let client_id = |source: &TenantSource| self.is_client_id(source);
        if before.clone().any(client_id) {
            c.report(F::UnreachableSource, &path(at), "comes after the client id, which every token has");
        } else if before.clone().any(|other| other.claim == source.claim) {
            c.report(F::UnreachableSource, &path(at), "repeats an earlier claim");
        }
        let everywhere = self.issuers.iter().all(|issuer| source.claim.is_one_of(&issuer.client_id_claims));
        if client_id(source) && !everywhere {
            let what = "is the client id at one issuer, and another claim at the next";
            c.report(F::CollidingTenants, &format!("{}.claim", path(at)), what);
        }
    }

    /// Whether two sources could yield the same tenant for different clients. A client id as it stands can be any
    /// text: the gateway refuses one that is, or could be, a tenant of another source, where that has a prefix or map.
    fn collide(&self, one: &TenantSource, other: &TenantSource) -> bool {
        let any = |s: &TenantSource| s.map.is_empty();
        let bare = |s: &TenantSource| any(s) && s.prefix.is_empty();
        let kept_apart = |s: &TenantSource, other: &TenantSource| {
            bare(s) && self.is_client_id(s) && !bare(other) && !self.is_client_id(other)
        };
        if kept_apart(one, other) || kept_apart(other, one) {
            return false;
        }
        match (any(one), any(other)) {
            (true, true) => {
                begins_with(&one.prefix, &other.prefix) || begins_with(&other.prefix, &one.prefix)
            }
            (true, false) => other.map.values().any(|tenant| one.may_yield(tenant)),
            (false, true) => one.map.values().any(|tenant| other.may_yield(tenant)),
            // Both are the operator's word; `check_shared` tells.
            (false, false) => false,
        }
    }

    fn check_aliases(&self, c: &mut Checks<'_>) {
        let all = "tenancy.aliases";
        self.check_tenants(c, all, self.aliases);
        if self.aliases.is_empty() {
            return;
        }
        if !self.sources.is_empty() && !self.sources.iter().any(|source| self.is_client_id(source)) {
            c.report(
                F::UnusedAliases,
                all,
                "is never used: the client id is not a source in `tenancy.tenant_from`",
            );
        }
        for (client, tenant) in self.aliases {
            let path = format!("{all}.{client}");
            // A client of that name has data of its own elsewhere: which of the two is meant would be a guess.
            let next = self.aliases.iter().find(|(other, _)| other.eq_ignore_ascii_case(tenant));
            if next.is_some_and(|(_, its)| !its.eq_ignore_ascii_case(tenant)) {
                let what = "is a client id that has an alias for another tenant";
                c.report(F::ChainedAlias, &path, what);
            }
            let of_claims = self.sources.iter().filter(|s| !self.is_client_id(s) && s.map.is_empty());
            if of_claims.clone().any(|source| source.may_yield(tenant)) {
                c.report(
                    F::CollidingTenants,
                    &path,
                    "is a tenant that `tenancy.tenant_from` can also produce",
                );
            }
        }
    }

    /// Tenants that settings name twice.
    fn check_shared(&self, c: &mut Checks<'_>) {
        let aliases = self.aliases.iter().map(|(from, to)| (format!("tenancy.aliases.{from}"), to));
        let mapped = self.sources.iter().enumerate().flat_map(|(at, source)| {
            source.map.iter().map(move |(from, to)| (format!("{}.map.{from}", path(at)), to))
        });
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (path, tenant) in aliases.chain(mapped) {
            if let Some(before) = seen.get(&tenant.to_ascii_lowercase()) {
                c.report(F::SharedTenant, &path, format!("is also the tenant of `{before}`"));
            } else {
                seen.insert(tenant.to_ascii_lowercase(), path);
            }
        }
    }
}

fn path(at: usize) -> String {
    format!("tenancy.tenant_from.{at}")
}
