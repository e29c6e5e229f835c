//! The issuers: whose tokens are taken, and under which conditions.
//!
//! In: issuers as written. Out: issuers as meant, and findings. A condition that is half understood is never
//! dropped: it is an error, and the gateway does not start.

use jsonwebtoken::Algorithm;

use super::finding::Code as F;
use super::meant::Checks;
use super::{Issuer, address, written};

/// The issuers that `written` means.
pub(crate) fn issuers(c: &mut Checks<'_>, written: &[written::Issuer]) -> Vec<Issuer> {
    if written.is_empty() && !c.is_faulty("issuers") {
        let remedy = "set `issuers` in the file, or --issuer and --audience";
        c.report(F::EmptyIssuers, "issuers", "no issuer is configured, so no token could be taken", remedy);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut all = Vec::with_capacity(written.len());
    for (at, one) in written.iter().enumerate() {
        let path = format!("issuers.{at}");
        if let Some(name) = &one.issuer {
            // A slash at the end is no difference that an operator means; two sets of rules for one issuer would be.
            let plain = name.trim_end_matches('/').to_ascii_lowercase();
            if seen.contains(&plain) {
                let message = format!("`{path}.issuer` is the same as one before");
                c.report(F::DuplicateIssuer, &format!("{path}.issuer"), message, "merge the two into one");
            }
            seen.push(plain);
        }
        all.push(issuer(c, &path, one));
    }
    // Whoever may register clients at one of them can take the name, and so the tenant, of an application of another.
    if seen.len() > 1 {
        c.report(
            F::SeveralIssuers,
            "issuers",
            "an equal client id is the same tenant, whichever issuer signed its token",
            "keep one issuer, or see to it that none gives out a client id of another",
        );
    }
    all
}

fn issuer(c: &mut Checks<'_>, path: &str, written: &written::Issuer) -> Issuer {
    let key = |name: &str| format!("{path}.{name}");
    let name = written.issuer.clone().unwrap_or_default();
    match &written.issuer {
        Some(text) => url(c, &key("issuer"), text, written.allow_http),
        None if c.is_faulty(&key("issuer")) => {}
        None => {
            let message = format!("`{}` is not set", key("issuer"));
            c.report(F::MissingIssuer, &key("issuer"), message, "write the exact `iss` of its tokens");
        }
    }
    if let Some(text) = &written.jwks_url {
        url(c, &key("jwks_url"), text, written.allow_http);
        if written.discovery {
            let message = format!("`{path}` has both `jwks_url` and `discovery: true`");
            c.report(F::JwksUrlAndDiscovery, &key("discovery"), message, "keep one of the two");
        }
    }
    audiences(c, path, written);
    let algorithms = algorithms(c, &key("algorithms"), &written.algorithms);
    let claims = &written.client_id_claims;
    let unnamed = claims.is_empty() || claims.iter().any(|claim| claim.trim().is_empty());
    if unnamed && !c.is_faulty(&key("client_id_claims")) {
        let message = format!("`{}` names no claim, or an empty one", key("client_id_claims"));
        let remedy = "leave it out for `[azp, client_id]`";
        c.report(F::InvalidClientIdClaims, &key("client_id_claims"), message, remedy);
    }
    if !written.application_tokens_only {
        c.report(
            F::UserTokensTaken,
            &key("application_tokens_only"),
            "tokens of people who use an application are taken as the application's own",
            "set `application_tokens_only: true` unless the issuer marks no application tokens",
        );
    }
    c.ca_file(&key("ca_file"), written.ca_file.as_deref());
    let jwks_url = match &written.jwks_url {
        Some(url) => url.clone(),
        None if written.discovery => String::new(),
        None => address::default_jwks_url(&name),
    };
    Issuer {
        issuer: name,
        audiences: written.audiences.clone(),
        audience_optional: written.audience_optional,
        jwks_url,
        discovery: written.discovery,
        algorithms,
        leeway: written.leeway.0,
        client_id_claims: written.client_id_claims.clone(),
        application_tokens_only: written.application_tokens_only,
        required_claims: written.required_claims.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        ca_file: written.ca_file.clone(),
        allow_http: written.allow_http,
    }
}

/// An issuer's URL, or its keys': https, or this machine, or http where the operator says so.
fn url(c: &mut Checks<'_>, path: &str, text: &str, allow_http: bool) {
    let url = match address::parse(text) {
        Ok(url) => url,
        Err(why) => {
            let message = format!("`{path}` can't be used: {why}");
            c.report(F::InvalidIssuerUrl, path, message, "write it as `https://example.eu.auth0.com/`");
            return;
        }
    };
    if url.scheme() == "https" || address::is_loopback(&url) {
        return;
    }
    if allow_http {
        let message =
            format!("`{path}` is not https: whoever sits on the way can make tokens of every tenant");
        c.report(F::HttpIssuerAllowed, path, message, "use https and drop `allow_http`");
    } else {
        let message = format!("`{path}` is not https");
        c.report(F::IssuerNotHttps, path, message, "use https; where that can't be, set `allow_http: true`");
    }
}

fn audiences(c: &mut Checks<'_>, path: &str, written: &written::Issuer) {
    let key = format!("{path}.audiences");
    let blank = written.audiences.iter().any(|a| a.trim().is_empty());
    if blank || (written.audiences.is_empty() && !written.audience_optional && !c.is_faulty(&key)) {
        c.report(
            F::EmptyAudiences,
            &key,
            format!("`{key}` is empty: a token made for any other application would be taken"),
            "name the audience (the API's identifier at the issuer) in `audiences` or by --audience",
        );
    }
    if written.audience_optional {
        c.report(
            F::AudienceOptional,
            &format!("{path}.audience_optional"),
            "tokens without `aud` are taken",
            "make sure that `required_claims` tell this application's tokens from others",
        );
    }
}

fn algorithms(c: &mut Checks<'_>, path: &str, names: &[String]) -> Vec<Algorithm> {
    let example = "take RS256, or another of RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    if names.is_empty() && !c.is_faulty(path) {
        c.report(F::InvalidAlgorithm, path, format!("`{path}` is empty"), example);
    }
    let mut taken = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let path = format!("{path}.{at}");
        let upper = name.trim().to_ascii_uppercase();
        // A shared secret or no signature at all: anybody who knows the public key could sign (RFC 8725 section 2.1).
        if upper.starts_with("HS") || upper == "NONE" {
            let message = format!("`{path}` must never be taken: such tokens can be made by others");
            c.report(F::ForbiddenAlgorithm, &path, message, example);
        } else if let Ok(algorithm) = name.parse::<Algorithm>() {
            if !taken.contains(&algorithm) {
                taken.push(algorithm);
            }
        } else {
            let message = format!("`{path}` is no signature algorithm that is known here");
            c.report(F::InvalidAlgorithm, &path, message, example);
        }
    }
    taken
}
