//! A token's claims → who it proves, by the issuer's settings.
//!
//! In: claims whose signature holds (but for [`unverified_issuer`], which only chooses the keys to try), the
//! settings of their issuer, the time. Out: the client id and the time of expiry. A claim of the wrong type never
//! counts as missing, and an invalid claim is never replaced by another.

use serde_json::{Map, Value};

use crate::config::{Issuer, People};
use crate::refusal::{Kind, Refusal};
use crate::token::log_text::for_log;

/// Claims, each name once.
pub(crate) type Claims = Map<String, Value>;

/// Times after the year 9999 are a mistake or an attack on arithmetic, not a time.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Claims of ID tokens (OpenID Connect Core section 2) and of logout or event tokens (RFC 8417): they are signed
/// by the same keys and have the same claims otherwise (RFC 8725 section 3.12).
const NOT_OF_ACCESS_TOKENS: [&str; 5] = ["nonce", "at_hash", "c_hash", "s_hash", "events"];

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bearer<'a> {
    /// An application's: its client id, not yet checked to be a tenant.
    Application(&'a str),
    /// A person's: `sub`, and the prefix of the user id; not yet checked to make one.
    Person {
        /// The issuer's prefix.
        prefix: &'a str,
        /// The claim.
        sub: &'a str,
    },
}

/// What the claims prove.
#[derive(Debug, PartialEq)]
pub(crate) struct Proved<'a> {
    pub(crate) bearer: Bearer<'a>,
    /// `exp`, in seconds since 1970.
    pub(crate) until: f64,
}

/// The issuer that the token names, unproved: it only chooses the keys that must verify the token. Exactly one string:
/// with an array, an issuer could speak for another (RFC 7519 section 4.1.1).
pub(crate) fn unverified_issuer(claims: &Claims) -> Option<&str> {
    claims.get("iss").and_then(Value::as_str)
}

/// Checks all claims but `iss`, by which `issuer` was chosen.
///
/// # Errors
/// [`Kind::TokenAudience`], [`Kind::TokenExpired`], [`Kind::TokenEarly`], [`Kind::TokenNotApplication`] or
/// [`Kind::TokenClaims`].
pub(crate) fn check<'a>(claims: &'a Claims, issuer: &'a Issuer, now: f64) -> Result<Proved<'a>, Refusal> {
    let until = times(claims, issuer.leeway.as_secs_f64(), now)?;
    let client_id = client_id(claims, &issuer.client_id_claims)?;
    let people = issuer.people.as_ref().filter(|people| !of_application(claims, client_id, people));
    match people {
        Some(People { audiences, .. }) if !audiences.is_empty() => audience(claims, audiences, false)?,
        Some(_) | None => audience(claims, &issuer.audiences, issuer.audience_optional)?,
    }
    kind_of_token(claims)?;
    required(claims, issuer)?;
    let bearer = match people {
        Some(people) => person(claims, client_id, people)?,
        None => application(claims, client_id.ok_or_else(no_client_id)?, issuer)?,
    };
    Ok(Proved { bearer, until })
}

/// Whether the token is surely no person's. Where people sign in by the same client, a `sub` that is the client id proves
/// nothing: the issuer may let its users choose theirs. Where they sign in by any client, that holds for all tokens that
/// are made for people's audiences.
fn of_application(claims: &Claims, client_id: Option<&str>, people: &People) -> bool {
    // A token that says so itself is no person's either without the client id: it is refused.
    let Some(client_id) = client_id else { return is_application(claims, "", false) };
    let by_any_client = people.client_ids.is_empty();
    let for_people = || audience(claims, &people.audiences, false).is_ok();
    let by_people = people.client_ids.iter().any(|of_people| of_people == client_id);
    is_application(claims, client_id, !(by_people || by_any_client && for_people()))
}

/// A person's token, by a client that the issuer's settings name.
fn person<'a>(
    claims: &'a Claims,
    client_id: Option<&str>,
    people: &'a People,
) -> Result<Bearer<'a>, Refusal> {
    if !people.client_ids.is_empty() {
        let client_id = client_id.ok_or_else(no_client_id)?;
        if !people.client_ids.iter().any(|of_people| of_people == client_id) {
            let message = "the token is a user's, of an application by which nobody signs in here";
            return Err(not_application(message, "its client is not in `people.client_ids`"));
        }
    }
    match claims.get("sub") {
        Some(Value::String(sub)) => Ok(Bearer::Person { prefix: &people.prefix, sub }),
        Some(_) | None => Err(wrong("`sub` is missing or no text")),
    }
}

fn application<'a>(claims: &Claims, client_id: &'a str, issuer: &Issuer) -> Result<Bearer<'a>, Refusal> {
    if issuer.application_tokens_only && !is_application(claims, client_id, true) {
        let message = "the token is a user's; only tokens of the client credentials grant are accepted";
        return Err(not_application(message, "no proof of client credentials"));
    }
    Ok(Bearer::Application(client_id))
}

fn not_application(message: &'static str, why: &str) -> Refusal {
    Refusal::new(Kind::TokenNotApplication, message).because(why)
}

/// `exp`, `nbf`, `iat` (RFC 7519 sections 4.1.4 to 4.1.6).
fn times(claims: &Claims, leeway: f64, now: f64) -> Result<f64, Refusal> {
    let Some(exp) = time(claims, "exp")? else {
        return Err(wrong("`exp` is missing"));
    };
    if now >= exp + leeway {
        let refusal = Refusal::new(Kind::TokenExpired, "the token has expired; get a new one");
        return Err(refusal.because(format_args!("expired {:.0} s ago", now - exp)));
    }
    for name in ["nbf", "iat"] {
        if let Some(from) = time(claims, name)?
            && now + leeway < from
        {
            let refusal = Refusal::new(Kind::TokenEarly, "the token is not valid yet; check the clocks");
            return Err(refusal.because(format_args!("`{name}` lies {:.0} s ahead", from - now)));
        }
    }
    Ok(exp)
}

/// A time in seconds, whole or not. Present but no time is an error, `null` included.
fn time(claims: &Claims, name: &str) -> Result<Option<f64>, Refusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(time) if (0.0..=LAST_SECOND).contains(&time) => Ok(Some(time)),
        _ => Err(wrong(format_args!("`{name}` is not a time"))),
    }
}

/// `aud`: a string, or an array of strings of which one is ours (RFC 7519 section 4.1.3).
fn audience(claims: &Claims, audiences: &[String], optional: bool) -> Result<(), Refusal> {
    let refuse = |why: &str| {
        let message = "the token was made for another audience; ask the issuer for one for this gateway";
        Err(Refusal::new(Kind::TokenAudience, message).because(why))
    };
    // INVARIANT: `audiences` is empty only with `audience_optional` (`Tokens::new`), and an `aud` that is there
    // must name us even then.
    let ours = |value: &str| audiences.iter().any(|a| a == value);
    match claims.get("aud") {
        None if optional => Ok(()),
        None => refuse("`aud` is missing"),
        Some(Value::String(one)) if ours(one) => Ok(()),
        Some(Value::String(one)) => refuse(&format!("`aud` is `{}`", for_log(one))),
        Some(Value::Array(all)) => {
            // An element of another type means that the issuer builds the claim in a way that we don't know.
            let Some(all) = all.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else {
                return Err(wrong("`aud` holds something else than strings"));
            };
            if all.into_iter().any(ours) { Ok(()) } else { refuse("`aud` holds only others") }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            Err(wrong("`aud` is neither string nor array"))
        }
    }
}

/// Bearer access tokens only.
fn kind_of_token(claims: &Claims) -> Result<(), Refusal> {
    // RFC 7800: who sends such a token must also prove a key, which a bearer does not.
    if claims.contains_key("cnf") {
        let message = "the token is bound to a sender's key; only bearer tokens are accepted";
        return Err(Refusal::new(Kind::TokenNotApplication, message).because("`cnf` is present"));
    }
    if let Some(name) = NOT_OF_ACCESS_TOKENS.iter().find(|name| claims.contains_key(**name)) {
        return Err(wrong(format_args!("`{name}` is present: not an access token")));
    }
    // Keycloak names the kind of token in `typ`, Cognito in `token_use`.
    for (name, access) in [("typ", "Bearer"), ("token_use", "access")] {
        match claims.get(name) {
            None => {}
            Some(Value::String(value)) if value.eq_ignore_ascii_case(access) => {}
            Some(_) => return Err(wrong(format_args!("`{name}` is not `{access}`: not an access token"))),
        }
    }
    Ok(())
}

/// The operator's own conditions: equal values, types included.
fn required(claims: &Claims, issuer: &Issuer) -> Result<(), Refusal> {
    match issuer.required_claims.iter().find(|(name, value)| claims.get(name) != Some(value)) {
        None => Ok(()),
        Some((name, _)) => Err(wrong(format_args!("required claim `{name}` is missing or another"))),
    }
}

/// The first claim present wins; none where there is none of them. One that is no string, or two that differ, are refused,
/// a person's as well: another reader could take the other one and see another client.
fn client_id<'a>(claims: &'a Claims, names: &[String]) -> Result<Option<&'a str>, Refusal> {
    let mut found: Option<&str> = None;
    for name in names {
        match (claims.get(name), found) {
            (None, _) => {}
            (Some(Value::String(id)), None) => found = Some(id),
            (Some(Value::String(id)), Some(first)) if id == first => {}
            (Some(Value::String(_)), Some(_)) => return Err(wrong("two client id claims differ")),
            (Some(_), _) => return Err(wrong(format_args!("client id claim `{name}` is not a string"))),
        }
    }
    Ok(found)
}

fn no_client_id() -> Refusal {
    wrong("no client id claim")
}

/// Whether the token proves client credentials: that of a user who signed in through the application carries the same
/// client id (RFC 9068 section 5 warns of users named like a client). `by_sub`: the client id as `sub` will do.
fn is_application(claims: &Claims, client_id: &str, by_sub: bool) -> bool {
    let says = |name: &str, value: &str| claims.get(name).map(|v| v.as_str() == Some(value));
    let (gty, idtyp) = (says("gty", "client-credentials"), says("idtyp", "app"));
    // OAuth's own spelling is no proof, but no sign of a user either.
    let user_grant = gty == Some(false) && says("gty", "client_credentials") == Some(false);
    let sub = match claims.get("sub").and_then(Value::as_str) {
        Some(sub) => by_sub && (sub == client_id || sub.strip_suffix("@clients") == Some(client_id)),
        None => false,
    };
    // A claim that says "user" overrules one that says "application".
    !user_grant && idtyp != Some(false) && (gty == Some(true) || idtyp == Some(true) || sub)
}

/// A refusal for missing or wrong claims. Only the log names the claim.
fn wrong(why: impl std::fmt::Display) -> Refusal {
    let message = "the token's claims are not as required; ask for an access token for this gateway";
    Refusal::new(Kind::TokenClaims, message).because(why)
}

#[cfg(test)]
#[path = "tests/claims.rs"]
mod tests;
