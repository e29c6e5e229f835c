//! A token as sent → the caller it proves.
//!
//! In: a token that was split, the issuers, the time. Out: the caller, and what is needed to remember the token. The
//! order is: header, issuer, algorithm, key, signature, claims. No claim but `iss` is read before the signature
//! holds, and `iss` only to choose whose keys must verify it.
//!
//! `jsonwebtoken` checks the signature, by the provider of `keys`. Its `decode` and `Validation` are not used: they
//! would read header and claims a second time, with other rules (a wrong type counts as missing, an array of issuers
//! is taken, `crit` is ignored) and with a clock of their own.

use jsonwebtoken::Algorithm;

use super::algorithm::is_symmetric;
use super::bearer::{UnverifiedToken, decode, malformed};
use super::caller::CallerRules;
use super::issuer::Issuer;
use super::keys::{Key, NoKey};
use super::log_text::for_log;
use super::remembered::Verified;
use super::{claims, header, json};
use crate::refusal::{Kind, Refusal};

/// Verifies a token.
///
/// # Errors
/// Every refusal of kind 401, [`Kind::TokenNotApplication`], [`Kind::ClientId`], [`Kind::TenantClaim`], [`Kind::Grant`],
/// [`Kind::KeysUnavailable`].
pub(crate) async fn verify(
    token: UnverifiedToken<'_>,
    issuers: &[Issuer],
    callers: &CallerRules,
    now: impl Fn() -> f64,
) -> Result<Verified, Refusal> {
    let unverified_header = header::read(&token)?;
    let bytes = decode("claims", token.claims)?;
    let unverified_claims = json::object(&bytes).map_err(|e| malformed(format_args!("claims: {e}")))?;
    let unverified_issuer = claims::unverified_issuer(&unverified_claims).unwrap_or_default();
    let Some((place, issuer)) =
        issuers.iter().enumerate().find(|(_, i)| i.settings.issuer == unverified_issuer)
    else {
        return Err(unknown_issuer(unverified_issuer, issuers));
    };
    let (algorithm, kid) = (unverified_header.algorithm, unverified_header.kid);
    if !issuer.settings.algorithms.contains(&algorithm) {
        return Err(signature(&kid, "its algorithm is not allowed for the issuer"));
    }
    // Only the keys of this issuer: a `kid` never crosses (threat T3).
    let key = issuer.store.key(&kid).await.map_err(|none| match none {
        NoKey::Unknown => signature(&kid, "the issuer has no such key"),
        NoKey::Unavailable { retry_after, why } => {
            let message = "the issuer's keys are unavailable; try again later";
            Refusal::new(Kind::KeysUnavailable, message)
                .because(format_args!("{why}; kid `{}`", for_log(&kid)))
                .retry_after(retry_after)
        }
    })?;
    // Never a reason to fetch: anybody can send bad signatures (threat K2).
    signature_holds(&token, &key, algorithm).map_err(|why| signature(&kid, why))?;
    let claims = unverified_claims;
    // Read now: waiting for a key takes time.
    let proved = claims::check(&claims, &issuer.settings, now())?;
    let caller = callers.caller(&claims, &proved, &issuer.settings)?;
    Ok(Verified { caller, issuer: place, key, until: proved.until })
}

/// Whether `key` signed the token with `algorithm`, which must be the key's own (RFC 8725 section 3.1).
pub(super) fn signature_holds(
    token: &UnverifiedToken<'_>,
    key: &Key,
    algorithm: Algorithm,
) -> Result<(), &'static str> {
    // No key has a symmetric algorithm. Checked again, since one that had would let its public half sign tokens.
    if is_symmetric(algorithm) || !key.has(algorithm) {
        return Err("its algorithm is not the key's");
    }
    let holds = key.verifies(algorithm, token.signed.as_bytes(), token.signature);
    if holds { Ok(()) } else { Err("the signature does not hold") }
}

/// One message for all causes: a forger must not learn which keys and algorithms exist.
fn signature(kid: &str, why: &str) -> Refusal {
    let message = "the token's signature does not hold; get a new token from the issuer";
    Refusal::new(Kind::TokenSignature, message).because(format_args!("{why}; kid `{}`", for_log(kid)))
}

/// No issuer of the settings has this name. A final slash more or less is the usual mistake, so the cause says so.
fn unknown_issuer(unverified: &str, issuers: &[Issuer]) -> Refusal {
    let plain = |name: &str| name.trim_end_matches('/').to_owned();
    let alike = issuers.iter().any(|i| plain(&i.settings.issuer) == plain(unverified));
    let hint = if alike { ", which differs from the configured issuer by the final slash only" } else { "" };
    Refusal::new(Kind::TokenIssuer, "the token's issuer is not accepted here")
        .because(format_args!("`iss` is `{}`{hint}", for_log(unverified)))
}
