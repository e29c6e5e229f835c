//! `tenancy.grants` and `tenancy.all_tenants`: which claims and scopes of a token grant other tenants' data.

use super::claim::ClaimPath;
use super::level::Level;
use super::scope_pattern::ScopePattern;
use super::section::{Checks, F, section, unset};

section! {
    /// A claim, or a pattern of scopes, that grants tenants besides the own one.
    pub struct GrantSource {
        /// The claim, as its name or a list of names on the way to it. It holds a list of tenants (each at `level`), a
        /// list of `{tenant, level}`, or a map of tenants and levels. This or `scope`.
        pub claim: ClaimPath = ClaimPath::default(),
        /// A pattern of scopes, as `tenant:{tenant}:{level}`, over the claims `scope` (a text or a list) and
        /// `permissions` (a list). This or `claim`.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub scope: String = String::new(),
        /// The level where claim or scope names none: `read`, `work` (reading, and working on what is there) or `all`.
        #[schemars(with = "Level")]
        pub level: Option<Level> = None,
    }
}

section! {
    /// A scope that grants every tenant.
    pub struct AllTenants {
        /// A scope, or a pattern with `{level}` in it (`read` or `work`), as `tenants:{level}`, over the claims `scope`
        /// and `permissions`.
        #[serde(with = "unset")]
        #[schemars(with = "Option<String>")]
        pub scope: String = String::new(),
        /// The level where the scope names none: `read` or `work`.
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
                        let what = "can match a scope that another pattern matches, too";
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
            let what = "can't be `all`: nobody may start, deploy or administer in every tenant";
            c.report(F::InvalidGrant, &format!("{path}.level"), what);
        }
        if let Err(fault) = ScopePattern::of_all_tenants(&self.scope, self.level) {
            c.report(F::InvalidScopePattern, &format!("{path}.scope"), fault);
        }
        let what = "lets tokens with this scope see the data of every tenant, those of tomorrow included";
        c.report(F::AllTenantsGranted, path, what);
    }
}
