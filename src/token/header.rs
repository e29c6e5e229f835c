//! A token's header → algorithm and key id.
//!
//! In: the first part, unverified. Out: its algorithm and `kid`, which only *choose* among what the issuer's settings
//! and key set allow. A key, or the address of one, is never taken from a token (RFC 8725 sections 3.1 and 3.10).

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::bearer::{UnverifiedToken, decode, malformed};
use super::json;
use crate::refusal::Refusal;

/// Longest `kid`, in bytes. Real ones have up to 64.
pub(crate) const MAX_KID: usize = 256;

/// Header parameters that change how a token is read, or bring a key along. `crit` with any content: no extension is
/// supported (RFC 7515 section 4.1.11); `b64` is RFC 7797; `zip` and `enc` are encryption's;
/// `cty` says that the content is another token (RFC 7519 section 5.2).
const REFUSED: [&str; 9] = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty"];

/// What is used of the header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnverifiedHeader {
    /// The algorithm: a known one, not yet an allowed one.
    pub(crate) algorithm: Algorithm,
    /// The key id.
    pub(crate) kid: String,
}

/// Reads the header.
///
/// # Errors
/// [`Kind::TokenMalformed`](crate::refusal::Kind::TokenMalformed).
pub(crate) fn read(token: &UnverifiedToken<'_>) -> Result<UnverifiedHeader, Refusal> {
    let bytes = decode("header", token.header)?;
    let mut header = json::object(&bytes).map_err(|e| malformed(format_args!("header: {e}")))?;
    if let Some(name) = REFUSED.iter().find(|name| header.contains_key(**name)) {
        return Err(malformed(format_args!("header has `{name}`")));
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if is_access_token(typ) => {}
        // A logout, event or DPoP token of the same issuer has another `typ` (RFC 8725 section 3.11).
        Some(_) => return Err(malformed("header's `typ` is not one of an access token")),
    }
    let algorithm = match header.get("alg") {
        // Exact names: `none` in any case, and `rs256`, are no algorithms.
        Some(Value::String(name)) => name.parse().map_err(|_| malformed("header's `alg` is unknown"))?,
        _ => return Err(malformed("header has no `alg`")),
    };
    match header.remove("kid") {
        Some(Value::String(kid)) if !kid.is_empty() && kid.len() <= MAX_KID => {
            Ok(UnverifiedHeader { algorithm, kid })
        }
        // Without a `kid`, every key would have to be tried.
        _ => Err(malformed("header's `kid` is missing, empty, too long or not a string")),
    }
}

/// `JWT`, or RFC 9068 section 2.1's type with or without `application/`.
fn is_access_token(typ: &str) -> bool {
    ["JWT", "at+jwt", "application/at+jwt"].iter().any(|t| t.eq_ignore_ascii_case(typ))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::Algorithm;

    use super::{UnverifiedHeader, read};
    use crate::refusal::Kind;
    use crate::token::bearer;

    fn header(text: &str) -> Result<UnverifiedHeader, Kind> {
        let value = format!("Bearer {}.e30.AA", URL_SAFE_NO_PAD.encode(text));
        let token = bearer::token(&[value.as_bytes()], 8192).and_then(bearer::split).expect("a shape");
        read(&token).map_err(|r| r.kind())
    }

    #[test]
    fn headers_of_access_tokens_are_taken() {
        let expected = UnverifiedHeader { algorithm: Algorithm::RS256, kid: "k".into() };
        for text in [
            r#"{"alg":"RS256","kid":"k"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"jwt"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"AT+JWT"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"application/at+jwt"}"#,
            r#"{"alg":"RS256","kid":"k","x5t":"AAAA"}"#,
            r#"{"alg":"RS256","kid":"k","unknown":{"a":[1]}}"#,
        ] {
            assert_eq!(header(text).as_ref(), Ok(&expected), "{text}");
        }
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(256));
        assert!(header(&long).is_ok());
    }

    #[test]
    fn each_attack_by_header_is_refused() {
        let attacks: &[(&str, &str)] = &[
            ("alg none", r#"{"alg":"none","kid":"k"}"#),
            ("alg None", r#"{"alg":"None","kid":"k"}"#),
            ("alg nOnE", r#"{"alg":"nOnE","kid":"k"}"#),
            ("alg in lower case", r#"{"alg":"rs256","kid":"k"}"#),
            ("alg with a space", r#"{"alg":"RS256 ","kid":"k"}"#),
            ("alg unknown", r#"{"alg":"ES256K","kid":"k"}"#),
            ("alg missing", r#"{"kid":"k"}"#),
            ("alg null", r#"{"alg":null,"kid":"k"}"#),
            ("alg array", r#"{"alg":["RS256"],"kid":"k"}"#),
            ("alg twice", r#"{"alg":"RS256","alg":"none","kid":"k"}"#),
            ("alg twice by escape", r#"{"alg":"RS256","\u0061lg":"RS256","kid":"k"}"#),
            ("kid twice", r#"{"alg":"RS256","kid":"k","kid":"l"}"#),
            ("unknown twice", r#"{"alg":"RS256","kid":"k","x":1,"x":1}"#),
            ("kid missing", r#"{"alg":"RS256"}"#),
            ("kid empty", r#"{"alg":"RS256","kid":""}"#),
            ("kid number", r#"{"alg":"RS256","kid":1}"#),
            ("kid null", r#"{"alg":"RS256","kid":null}"#),
            ("jwk", r#"{"alg":"RS256","kid":"k","jwk":{"kty":"RSA"}}"#),
            ("jku", r#"{"alg":"RS256","kid":"k","jku":"https://evil.example/"}"#),
            ("x5u", r#"{"alg":"RS256","kid":"k","x5u":"https://evil.example/"}"#),
            ("x5c", r#"{"alg":"RS256","kid":"k","x5c":["AAAA"]}"#),
            ("crit", r#"{"alg":"RS256","kid":"k","crit":["exp"],"exp":1}"#),
            ("crit empty", r#"{"alg":"RS256","kid":"k","crit":[]}"#),
            ("crit null", r#"{"alg":"RS256","kid":"k","crit":null}"#),
            ("b64 false", r#"{"alg":"RS256","kid":"k","b64":false}"#),
            ("b64 true", r#"{"alg":"RS256","kid":"k","b64":true}"#),
            ("zip", r#"{"alg":"RS256","kid":"k","zip":"DEF"}"#),
            ("enc", r#"{"alg":"RS256","kid":"k","enc":"A128GCM"}"#),
            ("nested token", r#"{"alg":"RS256","kid":"k","cty":"JWT"}"#),
            ("typ of a logout token", r#"{"alg":"RS256","kid":"k","typ":"logout+jwt"}"#),
            ("typ of an event", r#"{"alg":"RS256","kid":"k","typ":"secevent+jwt"}"#),
            ("typ of a DPoP proof", r#"{"alg":"RS256","kid":"k","typ":"dpop+jwt"}"#),
            ("typ empty", r#"{"alg":"RS256","kid":"k","typ":""}"#),
            ("typ null", r#"{"alg":"RS256","kid":"k","typ":null}"#),
            ("typ array", r#"{"alg":"RS256","kid":"k","typ":["JWT"]}"#),
            ("array", r#"["alg","RS256"]"#),
            ("not JSON", r#"alg=RS256"#),
            ("two objects", r#"{"alg":"RS256","kid":"k"}{}"#),
        ];
        for (name, text) in attacks {
            assert_eq!(header(text), Err(Kind::TokenMalformed), "{name}");
        }
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
        assert_eq!(header(&long), Err(Kind::TokenMalformed), "kid of 257 bytes");
    }
}
