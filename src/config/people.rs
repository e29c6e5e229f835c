//! `issuers[].people`: whose tokens are people's, and under which user id they act.

use super::Issuer;
use super::section::{Checks, F, section};
use super::user_id::in_user_id;

section! {
    /// People who sign in at the issuer. A person acts as the user `<prefix><sub>`, in the tenants that the token's claims
    /// grant (`tenancy.grants`, `tenancy.all_tenants`), and has no tenant of its own.
    pub struct People {
        /// The audiences of people's tokens. Empty: the issuer's.
        pub audiences: Vec<String> = Vec::new(),
        /// The clients through which people sign in. Empty: any client of the issuer, so `audiences` must
        /// distinguish people's tokens.
        pub client_ids: Vec<String> = Vec::new(),
        /// Prefix of `sub` in the user id. If `sub` alone could be a client id, the prefix needs a `:`, for example
        /// `person:`.
        pub prefix: String = String::new(),
    }
}

impl People {
    pub(super) fn check(&self, issuer: &Issuer, c: &mut Checks<'_>, path: &str) {
        let key = |name: &str| format!("{path}.{name}");
        if issuer.application_tokens_only {
            let what =
                "is set together with `application_tokens_only: true`, which refuses every person's token";
            c.report(F::InvalidPeople, path, what);
        }
        if self.audiences.is_empty() && self.client_ids.is_empty() {
            let what = "names neither audiences nor clients: every user of the issuer would be accepted, through any application";
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
                "contains characters other than letters, digits and `_.-|:@+=/~`",
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
                "is a prefix of another issuer's, or the reverse: two people could get the same user id";
            c.report(F::CollidingPeople, &format!("issuers.{at}.people.prefix"), what);
        }
    }
}
