//! Usable keys, ready to verify with.
//!
//! In: keys that passed the filter. Out: a set, looked up by `kid`, that never changes: a renewal makes a new one.
//! Each key has an identity, so that a `kid` that is used again for another key is not mistaken for the first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use jwks_client_rs::JsonWebKey;

use super::provider::ReadyKey;
use crate::token::log_text::for_log;

/// What tells a key from every other one: a hash of its type and numbers.
pub(crate) type Identity = [u8; SHA256_OUTPUT_LEN];

/// A key to verify with.
pub(crate) struct Key {
    /// Its name, by which a token chooses it.
    pub(crate) kid: Box<str>,
    pub(crate) identity: Identity,
    /// Ready for the algorithms that it may be used with: its own `alg`, else all of its type and curve.
    ready: ReadyKey,
}

/// The keys of an issuer at one time.
pub(crate) struct KeySet {
    keys: HashMap<String, Arc<Key>>,
    /// When they were fetched. Monotonic: a stepped wall clock does not age them.
    pub(crate) fetched: Instant,
}

impl KeySet {
    /// Makes a set. The second part says which of them are no keys after all.
    pub(crate) fn new(written: Vec<JsonWebKey>) -> (Self, Vec<String>) {
        let (mut keys, mut odd) = (HashMap::new(), Vec::new());
        for key in written {
            let kid = key.key_id().to_owned();
            match Key::new(&key) {
                Some(key) => drop(keys.insert(kid, Arc::new(key))),
                None => odd.push(format!("key `{}`: its numbers are no key", for_log(&kid))),
            }
        }
        (Self { keys, fetched: Instant::now() }, odd)
    }

    /// The key with that `kid`.
    pub(crate) fn get(&self, kid: &str) -> Option<&Arc<Key>> {
        self.keys.get(kid)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Key {
    /// `None`: the numbers are no key (a point off the curve, say), or the algorithm does not fit. Does not rely on the
    /// filter for that.
    fn new(written: &JsonWebKey) -> Option<Self> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (key, fitting, hashed) = match written {
            JsonWebKey::Rsa(key) => {
                let (n, e) = (number(bytes(key.modulus())?), number(bytes(key.exponent())?));
                let key = DecodingKey::from_rsa_raw_components(&n, &e);
                (key, AlgorithmFamily::Rsa.algorithms().to_vec(), [b"RSA".to_vec(), n, e])
            }
            JsonWebKey::Ec(key) => {
                let (x, y) = (bytes(key.x())?, bytes(key.y())?);
                let algorithm = match key.curve() {
                    "P-256" => Algorithm::ES256,
                    "P-384" => Algorithm::ES384,
                    _ => return None,
                };
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                (DecodingKey::from_ec_der(&point), vec![algorithm], [key.curve().into(), x, y])
            }
            JsonWebKey::Okp(key) if key.curve() == "Ed25519" => {
                let x = bytes(key.x())?;
                (DecodingKey::from_ed_der(&x), vec![Algorithm::EdDSA], [b"Ed25519".to_vec(), x, Vec::new()])
            }
            JsonWebKey::Okp(_) => return None,
        };
        let usable = match written.alg() {
            None => fitting,
            Some(name) => {
                let own: Algorithm = name.parse().ok()?;
                fitting.contains(&own).then(|| vec![own])?
            }
        };
        let kid = written.key_id().into();
        Some(Self { kid, identity: identity(&hashed), ready: ReadyKey::new(key, &usable)? })
    }

    /// The algorithms that it may be used with.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.ready.algorithms()
    }

    /// Whether it may be used with that algorithm.
    pub(crate) fn has(&self, algorithm: Algorithm) -> bool {
        self.ready.algorithms().any(|own| own == algorithm)
    }

    /// Whether `signature`, in base64url, is this key's over `message`.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> bool {
        // `jsonwebtoken` itself would accept any algorithm of the key's type.
        self.has(algorithm)
            && jsonwebtoken::crypto::verify(signature, message, self.ready.key(), algorithm).unwrap_or(false)
    }
}

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
        assert!(found.get("on").is_some_and(|key| key.algorithms().eq([Algorithm::ES256])));
        assert_eq!((found.len(), odd.len()), (1, 2), "{odd:?}");
    }

    #[test]
    fn algorithms_must_fit_without_the_filter_too() {
        let ec = |alg: &str| json!([{ "kty": "EC", "crv": "P-256", "kid": "k", "alg": alg, "x": X, "y": Y }]);
        assert_eq!(set(ec("ES256")).0.len(), 1);
        for alg in ["ES384", "RS256", "HS256", "none", ""] {
            assert_eq!(set(ec(alg)).0.len(), 0, "{alg}");
        }
    }

    #[test]
    fn a_key_is_known_by_its_numbers_and_not_by_its_name_or_spelling() {
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
