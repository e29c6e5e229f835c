//! `tenancy.grants` and `tenancy.all_tenants`: which claims and scopes of a token grant other tenants' data.

use super::claim::ClaimPath;
use super::level::Level;
use super::scope_pattern::ScopePattern;
use super::section::{Checks, F, section, unset};

section! {
    /// A claim, or a pattern of scopes, that grants tenants besides the own one.
    pub struct GrantSource {
        /// The claim: its name, or a list of names for a nested claim. It contains a list of tenants (each at `level`), a
        /// list of `{tenant, level}`, or a map of tenants and levels. This or `scope`.
        pub claim: ClaimPath = ClaimPath::default(),
        /// A scope pattern such as `tenant:{tenant}:{level}`, applied to the claims `scope` (a string or a list)
        /// and `permissions` (a list). This or `claim`.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub scope: String = String::new(),
        /// The level if claim or scope contains none: `read`, `work` (reading, and working on existing data) or
        /// `all`.
        #[schemars(with = "Level")]
        pub level: Option<Level> = None,
    }
}

section! {
    /// A scope that grants every tenant.
    pub struct AllTenants {
        /// A scope, or a pattern that contains `{level}` (`read` or `work`) such as `tenants:{level}`, applied to
        /// the claims `scope` and `permissions`.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub scope: String = String::new(),
        /// The level if the scope contains none: `read` or `work`.
        #[schemars(with = "Level")]
        pub level: Option<Level> = None,
    }
}

pub(super) fn check(grants: &[GrantSource], all_tenants: Option<&AllTenants>, c: &mut Checks<'_>) {
    let mut patterns: Vec<ScopePattern> = Vec::new();
    let all_tenants = all_tenants.and_then(|all| ScopePattern::of_all_tenants(&all.scope, all.level).ok());
    patterns.extend(all_tenants);
    for (at, grant) in grants.iter().enumerate() {
        let path = format!("tenancy.grants.{at}");
        match (c.is_written(&format!("{path}.claim")), c.is_written(&format!("{path}.scope"))) {
            (true, false) if grant.claim.is_blank() => {
                c.report(F::MissingClaim, &format!("{path}.claim"), "names no claim, or an empty one");
            }
            (true, false) => {}
            (false, true) => match ScopePattern::of_tenant(&grant.scope, grant.level) {
                Err(fault) => c.report(F::InvalidScopePattern, &format!("{path}.scope"), fault),
                Ok(pattern) => {
                    if patterns.iter().any(|other| other.overlaps(&pattern)) {
                        let what = "can match a scope that another pattern also matches";
                        c.report(F::OverlappingScopes, &format!("{path}.scope"), what);
                    }
                    patterns.push(pattern);
                }
            },
            (true, true) => c.report(F::InvalidGrant, &path, "names a claim and a scope"),
            (false, false) => c.report(F::InvalidGrant, &path, "names neither a claim nor a scope"),
        }
    }
}

impl AllTenants {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        let path = "tenancy.all_tenants";
        if self.level == Some(Level::All) {
            let what = "cannot be `all`: nobody may start, deploy or administer in every tenant";
            c.report(F::InvalidGrant, &format!("{path}.level"), what);
        }
        if let Err(fault) = ScopePattern::of_all_tenants(&self.scope, self.level) {
            c.report(F::InvalidScopePattern, &format!("{path}.scope"), fault);
        }
        let what = "gives tokens with this scope the data of every tenant, including future ones";
        c.report(F::AllTenantsGranted, path, what);
    }
}
