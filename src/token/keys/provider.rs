//! `jsonwebtoken`'s cryptography, with keys that are parsed once.
//!
//! In: usable keys of the issuers. Out: a provider for the whole process, whose verifiers find a key ready by its
//! numbers. The stock provider parses an RSA key anew for each token, a seventh of its time. This one never decides
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

/// The form of a key that verifies one algorithm. `None`: the key does not fit it.
fn parse(key: &DecodingKey, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    if key.family() != algorithm.family() {
        return None;
    }
    let (_, form) = FORMS.iter().find(|(of, _)| *of == algorithm)?;
    match (form, key.kind()) {
        (Form::Numbers(with), DecodingKeyKind::RsaModulusExponent { n, e }) => {
            aws::RsaPublicKeyComponents { n, e }.to_parsed_public_key(with).ok()
        }
        (Form::Point(with), DecodingKeyKind::SecretOrDer(point)) => ParsedPublicKey::new(*with, point).ok(),
        (Form::Numbers(_), DecodingKeyKind::SecretOrDer(_))
        | (Form::Point(_), DecodingKeyKind::RsaModulusExponent { .. }) => None,
    }
}

/// What a key is made of, and what aws-lc calls the algorithm.
enum Form {
    Numbers(&'static aws::RsaParameters),
    Point(&'static dyn aws::VerificationAlgorithm),
}

/// RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1. RSA keys have at least 2048 bits; no symmetric algorithm is here.
static FORMS: [(Algorithm, Form); 9] = [
    (Algorithm::RS256, Form::Numbers(&aws::RSA_PKCS1_2048_8192_SHA256)),
    (Algorithm::RS384, Form::Numbers(&aws::RSA_PKCS1_2048_8192_SHA384)),
    (Algorithm::RS512, Form::Numbers(&aws::RSA_PKCS1_2048_8192_SHA512)),
    (Algorithm::PS256, Form::Numbers(&aws::RSA_PSS_2048_8192_SHA256)),
    (Algorithm::PS384, Form::Numbers(&aws::RSA_PSS_2048_8192_SHA384)),
    (Algorithm::PS512, Form::Numbers(&aws::RSA_PSS_2048_8192_SHA512)),
    (Algorithm::ES256, Form::Point(&aws::ECDSA_P256_SHA256_FIXED)),
    (Algorithm::ES384, Form::Point(&aws::ECDSA_P384_SHA384_FIXED)),
    (Algorithm::EdDSA, Form::Point(&aws::ED25519)),
];

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

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::KeyPair as _;
    use jsonwebtoken::EncodingKey;
    use jsonwebtoken::crypto::{sign, verify};

    use super::*;

    const RSA_KEY: &[u8] =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/rsa2048-a.der"));
    const MESSAGE: &[u8] = b"header.claims";

    /// A public key of its own for each test: `exponent` makes it one that no other test has.
    fn key(exponent: u8) -> DecodingKey {
        let pair = aws_lc_rs::rsa::KeyPair::from_der(RSA_KEY).expect("a key");
        let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        DecodingKey::from_rsa_raw_components(&n, &[1, 0, exponent])
    }

    fn signature(algorithm: Algorithm) -> String {
        assert!(install());
        sign(MESSAGE, &EncodingKey::from_rsa_der(RSA_KEY), algorithm).expect("signed")
    }

    fn is_ready(algorithm: Algorithm, key: &DecodingKey) -> bool {
        ParsedVerifier::find(algorithm, key).is_some()
    }

    #[test]
    fn a_key_is_ready_as_long_as_somebody_holds_it() {
        let [first, second] = [key(3), key(5)];
        let key_ready = ReadyKey::new(first.clone(), &[Algorithm::RS256]).expect("a key");
        let again =
            ReadyKey::new(first.clone(), &[Algorithm::PS256]).expect("the same key, for another algorithm");
        assert!(is_ready(Algorithm::RS256, &first) && is_ready(Algorithm::PS256, &first));
        assert!(!is_ready(Algorithm::RS384, &first) && !is_ready(Algorithm::RS256, &second));
        drop(key_ready);
        assert!(!is_ready(Algorithm::RS256, &first) && is_ready(Algorithm::PS256, &first));
        drop(again);
        assert!(!is_ready(Algorithm::PS256, &first));
    }

    #[test]
    fn jsonwebtoken_verifies_by_ready_keys_and_by_others() {
        let key = key(1);
        for algorithm in [Algorithm::RS256, Algorithm::PS512] {
            let good = signature(algorithm);
            let other = signature(Algorithm::RS384);
            let holds = |signature: &str| verify(signature, MESSAGE, &key, algorithm).expect("an answer");
            assert!(holds(&good) && !holds(&other), "by the stock provider");
            let key_ready = ReadyKey::new(key.clone(), &[algorithm]).expect("a key");
            assert!(is_ready(algorithm, &key));
            assert!(holds(&good) && !holds(&other), "by the ready key");
            drop(key_ready);
        }
    }

    #[test]
    fn a_secret_with_the_bytes_of_a_public_key_is_another_key() {
        signature(Algorithm::RS256);
        let public = [7; 32];
        let key_ready = ReadyKey::new(DecodingKey::from_ed_der(&public), &[Algorithm::EdDSA]).expect("a key");
        let secret = DecodingKey::from_secret(&public);
        assert!(verify("AA", MESSAGE, &secret, Algorithm::EdDSA).is_err(), "its type does not fit");
        assert!(!verify("AA", MESSAGE, &secret, Algorithm::HS256).expect("an answer"));
        assert!(verify("AA", MESSAGE, key_ready.key(), Algorithm::HS256).is_err(), "nor the other way round");
    }

    #[test]
    fn keys_that_do_not_fit_are_none() {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
            assert!(ReadyKey::new(key(7), &[Algorithm::RS256, algorithm]).is_none(), "{algorithm:?}");
        }
        assert!(ReadyKey::new(DecodingKey::from_ec_der(&[4; 65]), &[Algorithm::ES256]).is_none());
        assert!(ReadyKey::new(DecodingKey::from_secret(&[7; 32]), &[Algorithm::HS256]).is_none());
    }
}
