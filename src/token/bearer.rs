//! `Authorization` → the one bearer token.
//!
//! In: all values of the header, in order. Out: the token's bytes, by which a remembered one is found; then its three
//! parts of base64url, unverified. It never picks one of several tokens, and never takes one from elsewhere (RFC 6750
//! sections 2.2 and 2.3 are not supported).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::refusal::{Kind, Refusal};

/// A token as sent: nothing of it is proved.
pub(crate) struct UnverifiedToken<'a> {
    /// The first part.
    pub(crate) header: &'a str,
    /// The second part.
    pub(crate) claims: &'a str,
    /// The third part: canonical base64url.
    pub(crate) signature: &'a str,
    /// First and second part with the dot between them: what was signed (RFC 7515 section 5.2).
    pub(crate) signed: &'a str,
}

/// A refusal of a token that can't be read. Only the log says why.
pub(crate) fn malformed(why: impl std::fmt::Display) -> Refusal {
    let message =
        "the bearer token cannot be read: send one JWT in compact form in one `Authorization` header";
    Refusal::new(Kind::TokenMalformed, message).because(why)
}

/// Takes the one token out of the header's values (RFC 6750 section 2.1).
///
/// # Errors
/// [`Kind::TokenMissing`] without a bearer token, [`Kind::HeadersTooLarge`] over `max_bytes`,
/// [`Kind::TokenMalformed`] for several.
pub(crate) fn token<'a>(authorization: &[&'a [u8]], max_bytes: usize) -> Result<&'a [u8], Refusal> {
    let value = match authorization {
        [] => return Err(missing()),
        [one] => *one,
        // A proxy in front may have checked the other one.
        [..] => return Err(malformed("more than one Authorization header")),
    };
    // Before anything is decoded, so that a large value costs nothing.
    if value.len() > max_bytes {
        let message = format!("the `Authorization` header is longer than {max_bytes} bytes");
        return Err(Refusal::new(Kind::HeadersTooLarge, message));
    }
    let (scheme, rest) = match value.iter().position(|b| *b == b' ') {
        Some(at) => value.split_at(at),
        None => (value, [].as_slice()),
    };
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(missing().because("another authentication scheme"));
    }
    Ok(after_spaces(rest))
}

fn missing() -> Refusal {
    Refusal::new(Kind::TokenMissing, "send a token of the issuer as `Authorization: Bearer <token>`")
}

/// Spaces only: RFC 9110 section 11.4 allows no tab between scheme and token.
fn after_spaces(rest: &[u8]) -> &[u8] {
    let spaces = rest.iter().take_while(|b| **b == b' ').count();
    rest.get(spaces..).unwrap_or_default()
}

/// Exactly three parts: five are an encrypted token, and JSON serialisation has none.
///
/// # Errors
/// [`Kind::TokenMalformed`].
pub(crate) fn split(token: &[u8]) -> Result<UnverifiedToken<'_>, Refusal> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !token.iter().all(|b| part(b) || *b == b'.') {
        return Err(malformed("a character that is neither base64url nor a dot"));
    }
    let text = std::str::from_utf8(token).map_err(malformed)?;
    let mut parts = text.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed("not three parts"));
    };
    // An empty signature is an unsecured token (RFC 7518 section 3.6) under any name of algorithm.
    if header.is_empty() || claims.is_empty() || signature.is_empty() {
        return Err(malformed("an empty part"));
    }
    let signed = text.get(..header.len() + 1 + claims.len()).unwrap_or_default();
    check_end(signature)?;
    Ok(UnverifiedToken { header, claims, signature, signed })
}

/// Refuses a signature that is not canonical base64url. Its characters are checked already, so only the last ones can
/// be wrong; the rest is decoded where it is verified.
fn check_end(signature: &str) -> Result<(), Refusal> {
    let end = signature.get(signature.len() / 4 * 4..).unwrap_or_default();
    match URL_SAFE_NO_PAD.decode_slice(end, &mut [0; 3]) {
        Ok(_) => Ok(()),
        Err(_) => Err(malformed("signature: not canonical base64url")),
    }
}

/// Decodes one part, canonical base64url only (RFC 7515 section 2, RFC 4648 section 3.5).
///
/// # Errors
/// [`Kind::TokenMalformed`].
pub(crate) fn decode(name: &str, part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed(format_args!("{name}: not canonical base64url")))
}

#[cfg(test)]
mod tests {
    use super::{UnverifiedToken, split};
    use crate::refusal::{Kind, Refusal};

    fn token<'a>(values: &[&'a [u8]], max_bytes: usize) -> Result<UnverifiedToken<'a>, Refusal> {
        split(super::token(values, max_bytes)?)
    }

    #[test]
    fn one_bearer_token_and_nothing_else() {
        let taken: &[&[u8]] = &[b"Bearer e30.e30.AA", b"bearer e30.e30.AA", b"BEARER  e30.e30.AA"];
        for value in taken {
            let found = token(&[value], 100).expect("taken");
            assert_eq!((found.signed, found.signature), ("e30.e30", "AA"));
        }
        let refused: &[(&str, &[&[u8]], Kind)] = &[
            ("no header", &[], Kind::TokenMissing),
            ("empty value", &[b""], Kind::TokenMissing),
            ("another scheme", &[b"Basic e30.e30.AA"], Kind::TokenMissing),
            ("a longer scheme", &[b"Bearerx e30.e30.AA"], Kind::TokenMissing),
            ("token without scheme", &[b"e30.e30.AA"], Kind::TokenMissing),
            ("empty bearer", &[b"Bearer"], Kind::TokenMalformed),
            ("empty bearer with space", &[b"Bearer "], Kind::TokenMalformed),
            ("two headers", &[b"Bearer e30.e30.AA", b"Bearer e30.e30.AA"], Kind::TokenMalformed),
            ("two headers, one empty", &[b"Bearer e30.e30.AA", b""], Kind::TokenMalformed),
            ("two tokens, comma", &[b"Bearer e30.e30.AA, Bearer e30.e30.AA"], Kind::TokenMalformed),
            ("bearer twice", &[b"Bearer Bearer e30.e30.AA"], Kind::TokenMalformed),
            ("tab", &[b"Bearer\te30.e30.AA"], Kind::TokenMissing),
            ("tab after space", &[b"Bearer \te30.e30.AA"], Kind::TokenMalformed),
            ("space at the end", &[b"Bearer e30.e30.AA "], Kind::TokenMalformed),
            ("two parts", &[b"Bearer e30.e30"], Kind::TokenMalformed),
            ("four parts", &[b"Bearer e30.e30.AA.AA"], Kind::TokenMalformed),
            ("five parts (JWE)", &[b"Bearer e30.AA.AA.AA.AA"], Kind::TokenMalformed),
            ("many dots", &[b"Bearer ......................"], Kind::TokenMalformed),
            ("no signature", &[b"Bearer e30.e30."], Kind::TokenMalformed),
            ("no header part", &[b"Bearer .e30.AA"], Kind::TokenMalformed),
            ("no claims (detached)", &[b"Bearer e30..AA"], Kind::TokenMalformed),
            ("JSON serialisation", &[b"Bearer {\"payload\":\"e30\"}"], Kind::TokenMalformed),
            ("padding", &[b"Bearer e30.e30.AA=="], Kind::TokenMalformed),
            ("loose last bits", &[b"Bearer e30.e30.AB"], Kind::TokenMalformed),
            ("impossible length", &[b"Bearer e30.e30.AAAAA"], Kind::TokenMalformed),
            ("plus and slash", &[b"Bearer e30.e30.A+/A"], Kind::TokenMalformed),
            ("line break", &[b"Bearer e30.e30.AA\r\n"], Kind::TokenMalformed),
            ("not ASCII", &[b"Bearer e30.e30.\xc3\xa4"], Kind::TokenMalformed),
            ("NUL", &[b"Bearer e30.e30.AA\0"], Kind::TokenMalformed),
        ];
        for (name, values, kind) in refused {
            assert_eq!(token(values, 100).err().map(|r| r.kind()), Some(*kind), "{name}");
        }
    }

    #[test]
    fn the_size_is_capped_before_anything_is_read() {
        let value = format!("Bearer e30.e30.{}", "A".repeat(84));
        assert!(token(&[value.as_bytes()], value.len()).is_ok());
        let found = token(&[value.as_bytes()], value.len() - 1).err().map(|r| r.kind());
        assert_eq!(found, Some(Kind::HeadersTooLarge));
        let huge = vec![b'A'; 1 << 20];
        assert_eq!(token(&[&huge], 8192).err().map(|r| r.kind()), Some(Kind::HeadersTooLarge));
    }
}
