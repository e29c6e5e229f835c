//! `issuers[].people`: whose tokens are people's, and under which user id they act.

use super::Issuer;
use super::section::{Checks, F, section};
use super::user_id::in_user_id;

section! {
    /// People who sign in at the issuer. A person acts as the user `<prefix><sub>`, in the tenants that the token's claims
    /// grant (`tenancy.grants`, `tenancy.all_tenants`), and has no tenant of its own.
    pub struct People {
        /// The audiences of people's tokens. Empty: those of the issuer.
        pub audiences: Vec<String> = Vec::new(),
        /// The clients by which people sign in. Empty: any of the issuer, so `audiences` has to tell people's tokens apart.
        pub client_ids: Vec<String> = Vec::new(),
        /// What stands before `sub` in the user id. Where `sub` alone could be a client id it needs a `:`, as `person:`.
        pub prefix: String = String::new(),
    }
}

impl People {
    pub(super) fn check(&self, issuer: &Issuer, c: &mut Checks<'_>, path: &str) {
        let key = |name: &str| format!("{path}.{name}");
        if issuer.application_tokens_only {
            let what =
                "stands beside `application_tokens_only: true`, by which no token of a person is taken";
            c.report(F::InvalidPeople, path, what);
        }
        if self.audiences.is_empty() && self.client_ids.is_empty() {
            let what = "names neither audiences nor clients: every user of the issuer would come in, by any application";
            c.report(F::InvalidPeople, path, what);
        }
        for (name, texts) in [("audiences", &self.audiences), ("client_ids", &self.client_ids)] {
            if texts.iter().any(|text| text.trim().is_empty()) {
                c.report(F::InvalidPeople, &key(name), "has an empty text");
            }
        }
        if !in_user_id(&self.prefix) {
            c.report(
                F::InvalidPeople,
                &key("prefix"),
                "has characters other than letters, digits and `_.-|:@+=/~`",
            );
        }
    }
}

/// People of two issuers must not meet in one user id.
pub(super) fn check_apart(issuers: &[Issuer], c: &mut Checks<'_>) {
    let prefixes =
        issuers.iter().enumerate().filter_map(|(at, issuer)| Some((at, &issuer.people.as_ref()?.prefix)));
    let prefixes: Vec<_> = prefixes.collect();
    for (place, (at, prefix)) in prefixes.iter().enumerate() {
        let before = prefixes.iter().take(place);
        if before.into_iter().any(|(_, other)| other.starts_with(*prefix) || prefix.starts_with(*other)) {
            let what =
                "begins as that of another issuer, or the other way round: two people could be one user";
            c.report(F::CollidingPeople, &format!("issuers.{at}.people.prefix"), what);
        }
    }
}
