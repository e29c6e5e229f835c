//! `identity_headers`: the headers that tell the engine's side who calls.

use super::section::{Checks, F, section};

/// Headers that mean something to HTTP, to proxies or to the engine: overwriting one breaks or widens requests.
const KNOWN: &str = "\
    authorization cookie set-cookie host connection keep-alive te trailer upgrade transfer-encoding \
    expect range date pragma cache-control vary via warning age etag location allow from origin referer \
    user-agent forwarded traceparent tracestate baggage x-request-id x-real-ip x-http-method \
    x-http-method-override x-method-override x-original-url x-rewrite-url x-requested-with \
    www-authenticate max-forwards http2-settings server link retry-after last-modified";
/// Beginnings of such names.
const KNOWN_BEGINNINGS: &str = "accept access-control- content- if- proxy- sec- x-forwarded- x-xsrf- x-csrf-";

section! {
    /// The identity headers. Once checked, the names are in lower case.
    pub(crate) struct IdentityHeaders {
        /// The header that names the user.
        pub user: String = "X-Camunda-User".into(),
        /// The header that names the tenants.
        pub tenants: String = "X-Camunda-Tenants".into(),
    }
}

impl IdentityHeaders {
    pub(super) fn check(&mut self, c: &mut Checks<'_>) {
        let (user, tenants) = ("identity_headers.user", "identity_headers.tenants");
        check_name(c, user, &mut self.user);
        check_name(c, tenants, &mut self.tenants);
        if self.user == self.tenants {
            let path = c.written_one(tenants, user);
            c.report(F::SameIdentityHeaders, path, "is the name of the other header, too");
        }
    }
}

fn check_name(c: &mut Checks<'_>, path: &str, name: &mut String) {
    name.make_ascii_lowercase();
    // No `_`: servers drop such headers or read them as `-`, so two spellings would name one header.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if name.is_empty() || name.len() > 64 || name.trim_matches('-') != name || !name.bytes().all(plain) {
        c.report(F::InvalidIdentityHeader, path, "is no name for a header");
    } else if is_known(name) {
        c.report(F::KnownIdentityHeader, path, format_args!("is `{name}`, a header with another meaning"));
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.split(' ').any(|known| name == known) || KNOWN_BEGINNINGS.split(' ').any(|b| name.starts_with(b))
}
