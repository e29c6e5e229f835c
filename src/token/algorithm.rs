//! Which algorithms a signature may have at all.

use jsonwebtoken::Algorithm;

/// HMAC keys are secrets: none is ever made here, and a public key that is used as one is the oldest trick (RFC 8725
/// section 2.1).
pub(crate) fn is_symmetric(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}
