//! `jsonwebtoken`'s cryptography, with keys that are parsed once.
//!
//! In: usable keys of the issuers. Out: a provider for the whole process, whose verifiers find a key ready by its
//! numbers. The stock provider parses an RSA key anew for each token, a fifth of a verification. It never decides
//! which key or algorithm is allowed (`key_set` does), and a key that is not in here is left to the stock provider.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{self as aws, ParsedPublicKey};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER as STOCK;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier};
use jsonwebtoken::errors::Result;
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

static PROVIDER: LazyLock<CryptoProvider> =
    LazyLock::new(|| CryptoProvider { verifier_factory: verifier, ..STOCK.clone() });

/// All keys that some key set still holds, in the order of their numbers. A `Vec`, as there are a few dozen at most.
static PARSED: LazyLock<ArcSwap<Vec<Arc<ParsedKey>>>> = LazyLock::new(ArcSwap::default);

/// Makes this the provider of `jsonwebtoken` in this process.
///
/// `false`: another one is there already. A process has one, and the first use of `jsonwebtoken` installs the stock
/// one.
pub(crate) fn install() -> bool {
    static INSTALLED: LazyLock<bool> = LazyLock::new(|| PROVIDER.install_default().is_ok());
    *INSTALLED
}

/// A key with its parsed forms, one for each algorithm that it may be used with.
struct ParsedKey {
    key: DecodingKey,
    forms: Vec<(Algorithm, ParsedPublicKey)>,
}

/// A key that the provider finds ready for as long as this lives.
pub(super) struct ReadyKey(Arc<ParsedKey>);

impl ReadyKey {
    /// Parses a key for these algorithms and makes it known to the provider. `None`: its numbers are no key, or it
    /// does not fit one of them.
    pub(super) fn new(key: DecodingKey, algorithms: &[Algorithm]) -> Option<Self> {
        let forms = algorithms.iter().map(|algorithm| Some((*algorithm, parse(&key, *algorithm)?)));
        let forms = forms.collect::<Option<Vec<_>>>()?;
        let ready = Arc::new(ParsedKey { key, forms });
        PARSED.rcu(|keys| {
            let mut keys = Vec::clone(keys);
            let place = keys.partition_point(|other| numbers(&other.key) < numbers(&ready.key));
            keys.insert(place, Arc::clone(&ready));
            keys
        });
        Some(Self(ready))
    }

    /// The key as `jsonwebtoken` takes it.
    pub(super) fn key(&self) -> &DecodingKey {
        &self.0.key
    }

    /// The algorithms that it may be used with.
    pub(super) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.forms.iter().map(|(algorithm, _)| *algorithm)
    }
}

impl Drop for ReadyKey {
    fn drop(&mut self) {
        PARSED.rcu(|keys| keys.iter().filter(|key| !Arc::ptr_eq(key, &self.0)).cloned().collect::<Vec<_>>());
    }
}

/// The form of a key that verifies one algorithm (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1); RSA keys under
/// 2048 bits have none.
fn parse(key: &DecodingKey, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    if key.family() != algorithm.family() {
        return None;
    }
    match (key.kind(), rsa_parameters(algorithm)) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, Some(with)) => {
            aws::RsaPublicKeyComponents { n, e }.to_parsed_public_key(with).ok()
        }
        (DecodingKeyKind::SecretOrDer(point), None) => {
            let with: &'static dyn aws::VerificationAlgorithm = match algorithm {
                Algorithm::ES256 => &aws::ECDSA_P256_SHA256_FIXED,
                Algorithm::ES384 => &aws::ECDSA_P384_SHA384_FIXED,
                Algorithm::EdDSA => &aws::ED25519,
                _ => return None,
            };
            ParsedPublicKey::new(with, point).ok()
        }
        _ => None,
    }
}

/// What aws-lc calls the algorithms of an RSA key.
fn rsa_parameters(algorithm: Algorithm) -> Option<&'static aws::RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &aws::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &aws::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &aws::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &aws::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// What orders and tells keys: their numbers, whole. A hash would need a comparison besides.
fn numbers(key: &DecodingKey) -> (&[u8], &[u8]) {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(point) => (point, &[]),
        DecodingKeyKind::RsaModulusExponent { n, e } => (n, e),
    }
}

/// The provider's factory: called for each token.
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A secret with the bytes of a public key is not that key.
    if key.family() == algorithm.family()
        && let Some(verifier) = ParsedVerifier::find(*algorithm, key)
    {
        return Ok(Box::new(verifier));
    }
    (STOCK.verifier_factory)(algorithm, key)
}

/// One form of one key.
struct ParsedVerifier {
    key: Arc<ParsedKey>,
    form: usize,
    algorithm: Algorithm,
}

impl ParsedVerifier {
    /// Two issuers, or two names, may have the same numbers for different algorithms: all of those are looked through.
    fn find(algorithm: Algorithm, key: &DecodingKey) -> Option<Self> {
        let (keys, wanted) = (PARSED.load(), numbers(key));
        let place = keys.partition_point(|other| numbers(&other.key) < wanted);
        let same = keys.get(place..)?.iter().take_while(|other| numbers(&other.key) == wanted);
        for key in same {
            if let Some(form) = key.forms.iter().position(|(other, _)| *other == algorithm) {
                return Some(Self { key: Arc::clone(key), form, algorithm });
            }
        }
        None
    }
}

impl Verifier<Vec<u8>> for ParsedVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let (_, form) = self.key.forms.get(self.form).ok_or_else(signature::Error::new)?;
        form.verify_sig(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for ParsedVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
