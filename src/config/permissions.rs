//! `permissions`: which scopes a token needs for each kind of rule.

use super::scope_pattern::is_scope;
use super::section::{Checks, F, section};

section! {
    /// The scopes, or Auth0 permissions, that each kind of operation needs: any one of its list, in the claim `scope`
    /// (a text or a list) or `permissions` (a list). A kind that is not named needs none.
    /// [operations.md](operations.md) shows the kind of each operation.
    pub struct Permissions {
        /// For operations that change nothing.
        pub read: Option<Vec<String>> = None,
        /// For work on existing tasks, variables and jobs.
        pub work: Option<Vec<String>> = None,
        /// For creating instances and tasks, and for events.
        pub start: Option<Vec<String>> = None,
        /// For changing deployments and definitions.
        pub deploy: Option<Vec<String>> = None,
        /// For bulk operations, the history, and a tenant's own records.
        pub administer: Option<Vec<String>> = None,
    }
}

impl Permissions {
    /// The names of the kinds.
    pub(crate) const KINDS: [&str; 5] = ["read", "work", "start", "deploy", "administer"];

    /// The kinds, each with the scopes of which it needs one; none: it needs none.
    pub(crate) fn kinds(&self) -> [(&'static str, Option<&[String]>); Self::KINDS.len()] {
        let [read, work, start, deploy, administer] = Self::KINDS;
        [
            (read, self.read.as_deref()),
            (work, self.work.as_deref()),
            (start, self.start.as_deref()),
            (deploy, self.deploy.as_deref()),
            (administer, self.administer.as_deref()),
        ]
    }

    /// Whether any kind needs a scope.
    pub(crate) fn any(&self) -> bool {
        self.kinds().iter().any(|(_, scopes)| scopes.is_some())
    }

    pub(super) fn check(&self, c: &mut Checks<'_>) {
        for (kind, scopes) in self.kinds() {
            let path = format!("permissions.{kind}");
            // Written without a value, it would need nothing, which nobody means who writes it down.
            if c.is_named(&path) && scopes.is_none_or(<[String]>::is_empty) {
                c.report(F::InvalidPermission, &path, "names no scope");
            }
            for (at, _) in scopes.into_iter().flatten().enumerate().filter(|(_, scope)| !is_scope(scope)) {
                c.report(F::InvalidPermission, &format!("{path}.{at}"), "is no scope");
            }
        }
    }
}
