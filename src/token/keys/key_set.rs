//! Usable keys, ready to verify with.
//!
//! In: keys that passed the filter. Out: a set, looked up by `kid`, that never changes: a renewal makes a new
//! one. Each key has an identity of its own, so that a `kid` used again for another key is another key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use aws_lc_rs::signature::{self, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jwks_client_rs::JsonWebKey;

use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};

/// What tells a key from every other one: a hash of its type and numbers.
pub(crate) type Identity = [u8; SHA256_OUTPUT_LEN];

/// A key to verify with.
pub(crate) struct Key {
    pub(crate) identity: Identity,
    /// Ready to verify with, once for each algorithm that it may be used with: its own `alg`, else all of its type
    /// and curve. Reading its numbers anew for each token would cost a tenth of the verification.
    usable: Vec<(Algorithm, ParsedPublicKey)>,
}

/// The keys of an issuer at one time.
pub(crate) struct KeySet {
    keys: HashMap<String, Arc<Key>>,
    /// When they were fetched. Monotonic: a stepped wall clock does not age them.
    pub(crate) fetched: Instant,
}

impl KeySet {
    /// Makes a set; the second part names the keys that turned out not to be keys.
    pub(crate) fn new(written: Vec<JsonWebKey>) -> (Self, Vec<String>) {
        let (mut keys, mut odd) = (HashMap::new(), Vec::new());
        for key in written {
            let kid = key.key_id().to_owned();
            match Key::new(&key) {
                Some(key) => drop(keys.insert(kid, Arc::new(key))),
                None => odd.push(format!("key `{}`: its numbers are no key", super::filter::shown(&kid))),
            }
        }
        (Self { keys, fetched: Instant::now() }, odd)
    }

    /// The key of that name.
    pub(crate) fn get(&self, kid: &str) -> Option<&Arc<Key>> {
        self.keys.get(kid)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Key {
    /// `None`: the numbers are no key (a point off the curve, say), or the algorithm does not fit. Sources of
    /// another make come here without our filter, so nothing is taken for granted.
    fn new(written: &JsonWebKey) -> Option<Self> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (usable, hashed) = match written {
            JsonWebKey::Rsa(key) => {
                let (n, e) = (number(bytes(key.modulus())?), number(bytes(key.exponent())?));
                let parts = signature::RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
                let usable = RSA
                    .iter()
                    .map(|(algorithm, with)| Some((*algorithm, parts.to_parsed_public_key(with).ok()?)));
                (usable.collect::<Option<Vec<_>>>()?, [b"RSA".to_vec(), n, e])
            }
            JsonWebKey::Ec(key) => {
                let (x, y) = (bytes(key.x())?, bytes(key.y())?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let (algorithm, with) = match key.curve() {
                    "P-256" => (ES256, &signature::ECDSA_P256_SHA256_FIXED),
                    "P-384" => (ES384, &signature::ECDSA_P384_SHA384_FIXED),
                    _ => return None,
                };
                let usable = vec![(algorithm, ParsedPublicKey::new(with, &point).ok()?)];
                (usable, [key.curve().into(), x, y])
            }
            JsonWebKey::Okp(key) if key.curve() == "Ed25519" => {
                let x = bytes(key.x())?;
                let usable = vec![(EdDSA, ParsedPublicKey::new(&signature::ED25519, &x).ok()?)];
                (usable, [b"Ed25519".to_vec(), x, Vec::new()])
            }
            JsonWebKey::Okp(_) => return None,
        };
        let usable = match written.alg() {
            None => usable,
            Some(name) => {
                let own: Algorithm = name.parse().ok()?;
                vec![usable.into_iter().find(|(algorithm, _)| *algorithm == own)?]
            }
        };
        Some(Self { identity: identity(&hashed), usable })
    }

    /// The algorithms that it may be used with.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.usable.iter().map(|(algorithm, _)| *algorithm)
    }

    /// The key for that algorithm.
    pub(crate) fn for_algorithm(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.usable.iter().find(|(usable, _)| *usable == algorithm).map(|(_, key)| key)
    }
}

/// What aws-lc calls the algorithms of an RSA key (RFC 7518 sections 3.3 and 3.5); keys under 2048 bits are none.
const RSA: [(Algorithm, &signature::RsaParameters); 6] = [
    (RS256, &signature::RSA_PKCS1_2048_8192_SHA256),
    (RS384, &signature::RSA_PKCS1_2048_8192_SHA384),
    (RS512, &signature::RSA_PKCS1_2048_8192_SHA512),
    (PS256, &signature::RSA_PSS_2048_8192_SHA256),
    (PS384, &signature::RSA_PSS_2048_8192_SHA384),
    (PS512, &signature::RSA_PSS_2048_8192_SHA512),
];

/// Without leading zeros, which some issuers write and aws-lc refuses.
fn number(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|b| *b == 0).collect()
}

/// Lengths go in, too: without them, bytes could move from one part to the next.
fn identity(parts: &[Vec<u8>]) -> Identity {
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    let mut out = Identity::default();
    for (to, from) in out.iter_mut().zip(digest(&SHA256, &all).as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

    fn set(keys: Value) -> (KeySet, Vec<String>) {
        KeySet::new(serde_json::from_value(keys).expect("keys"))
    }

    #[test]
    fn numbers_that_are_no_key_are_left_out() {
        let ec = |kid: &str, x: &str| json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": Y });
        let (found, odd) = set(json!([ec("on", X), ec("off", Y), ec("short", "AAAA")]));
        assert!(found.get("on").is_some_and(|key| key.algorithms().eq([ES256])));
        assert_eq!((found.len(), odd.len()), (1, 2), "{odd:?}");
    }

    /// A source of another make has no filter of ours before it.
    #[test]
    fn algorithms_must_fit_without_the_filter_too() {
        let ec = |alg: &str| json!([{ "kty": "EC", "crv": "P-256", "kid": "k", "alg": alg, "x": X, "y": Y }]);
        assert_eq!(set(ec("ES256")).0.len(), 1);
        for alg in ["ES384", "RS256", "HS256", "none", ""] {
            assert_eq!(set(ec(alg)).0.len(), 0, "{alg}");
        }
    }

    #[test]
    fn a_key_is_told_by_its_numbers_and_not_by_its_name_or_spelling() {
        let sample = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/vectors/auth0/auth0_sample_jwks.json"
        ));
        let mut rsa = serde_json::from_str::<Value>(sample).expect("JSON")["keys"][0].take();
        let of = |key: &Value| {
            let (set, odd) = set(json!([key]));
            assert_eq!(odd, Vec::<String>::new());
            set.get(key["kid"].as_str().expect("kid")).expect("the key").identity
        };
        let first = of(&rsa);
        let n = URL_SAFE_NO_PAD.decode(rsa["n"].as_str().expect("n")).expect("base64");
        rsa["n"] = json!(URL_SAFE_NO_PAD.encode([&[0], n.as_slice()].concat()));
        rsa["kid"] = json!("renamed");
        assert_eq!(of(&rsa), first, "with a leading zero");
        rsa["e"] = json!("Aw");
        assert_ne!(of(&rsa), first);
    }
}
