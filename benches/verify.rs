//! One signature's verification three ways: by aws-lc alone with a key that is parsed already, by `jsonwebtoken` with the
//! gateway's provider, and by `jsonwebtoken` with its stock provider.
//!
//! In: a key and many signatures for each algorithm. Out: the floors; exit code 1 when the gateway's way costs more than
//! the limit over aws-lc alone. The ways take turns in short batches, and the best batch of each counts: other work on
//! the machine only makes batches slower.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::too_many_lines
)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub)]

mod published;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER as STOCK;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use support::issuer::{AUDIENCE, Key, now};
use tenantgate::config;

/// Batches of each way, and verifications a batch.
const BATCHES: usize = 2000;
const BATCH: usize = 8;
/// Most that `jsonwebtoken` may add to one verification.
const LIMIT: Duration = Duration::from_nanos(500);
/// Keys that the issuer publishes besides.
const OTHERS: usize = 8;

/// A key in the forms of all three ways, and what it signed: message and signature, as in a token.
struct Sample {
    name: &'static str,
    algorithm: Algorithm,
    jwk: Value,
    parsed: ParsedPublicKey,
    key: DecodingKey,
    signed: Vec<(String, String)>,
}

fn claims(number: usize) -> Value {
    json!({"iss": "https://issuer.example/", "aud": AUDIENCE, "azp": "app", "sub": "app@clients",
        "gty": "client-credentials", "iat": now(), "exp": now() + 3600, "jti": number.to_string()})
}

fn rs256() -> Sample {
    let key = Key::generate();
    let jwk = key.jwk();
    let bytes = |name: &str| BASE64.decode(jwk[name].as_str().unwrap()).unwrap();
    let (n, e) = (bytes("n"), bytes("e"));
    let signed = (0..BATCH).map(|number| {
        let token = key.sign(&key.header(), &claims(number));
        let (message, signature) = token.rsplit_once('.').unwrap();
        (message.to_owned(), signature.to_owned())
    });
    Sample {
        name: "RS256, 2048 bits",
        algorithm: Algorithm::RS256,
        parsed: RsaPublicKeyComponents { n: &n, e: &e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .unwrap(),
        key: DecodingKey::from_rsa_raw_components(&n, &e),
        signed: signed.collect(),
        jwk,
    }
}

fn es256(kid: &str) -> Sample {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let signed = (0..BATCH).map(|number| {
        let header = BASE64.encode(json!({"alg": "ES256", "typ": "JWT", "kid": kid}).to_string());
        let message = format!("{header}.{}", BASE64.encode(claims(number).to_string()));
        let signature = BASE64.encode(pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap());
        (message, signature)
    });
    Sample {
        name: "ES256",
        algorithm: Algorithm::ES256,
        jwk: json!({"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig",
            "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])}),
        parsed: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap(),
        key: DecodingKey::from_ec_der(point),
        signed: signed.collect(),
    }
}

impl Sample {
    fn by_aws_lc(&self, message: &str, signature: &str) -> bool {
        let signature = BASE64.decode(signature).unwrap();
        self.parsed.verify_sig(message.as_bytes(), &signature).is_ok()
    }

    /// The call that the gateway makes.
    fn by_the_gateway(&self, message: &str, signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, self.algorithm).unwrap()
    }

    /// What that call does where no provider was installed.
    fn by_stock(&self, message: &str, signature: &str) -> bool {
        let verifier = (STOCK.verifier_factory)(&self.algorithm, &self.key).unwrap();
        verifier.verify(message.as_bytes(), &BASE64.decode(signature).unwrap()).is_ok()
    }

    /// The best time of one verification, each way.
    fn floors(&self) -> [Duration; 3] {
        let ways = [Self::by_aws_lc, Self::by_the_gateway, Self::by_stock];
        let mut best = [Duration::MAX; 3];
        for batch in 0..BATCHES {
            for turn in 0..ways.len() {
                // Another one begins each time.
                let way = (batch + turn) % ways.len();
                let began = Instant::now();
                let held = self.signed.iter().filter(|(m, s)| ways[way](self, m, s)).count();
                best[way] = best[way].min(began.elapsed());
                assert_eq!(held, BATCH);
            }
        }
        best.map(|time| time / u32::try_from(BATCH).unwrap())
    }
}

fn main() -> ExitCode {
    let samples = [rs256(), es256("measured")];
    let mut keys: Vec<_> = samples.iter().map(|sample| sample.jwk.clone()).collect();
    keys.extend((0..OTHERS).map(|number| es256(&format!("other-{number}")).jwk));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Its keys are in the provider as long as it lives.
    let _tokens = published::tokens(&runtime, keys, &config::Keys::default());
    println!(
        "\none verification, its signature's base64url included: best of {BATCHES} batches of {BATCH}\n"
    );
    println!(
        "{:<18} {:>10} {:>13} {:>8} {:>10} {:>14} {:>8}",
        "", "aws-lc", "the gateway's", "ratio", "more", "jwt's stock", "ratio"
    );
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let mut within = true;
    for sample in &samples {
        let [alone, ours, stock] = sample.floors();
        let more = micros(ours) - micros(alone);
        within &= ours <= alone + LIMIT;
        println!(
            "{:<18} {:>7.2} µs {:>10.2} µs {:>8.3} {more:>+7.2} µs {:>11.2} µs {:>8.3}",
            sample.name,
            micros(alone),
            micros(ours),
            micros(ours) / micros(alone),
            micros(stock),
            micros(stock) / micros(alone),
        );
    }
    println!("\nlimit: {:.2} µs more than aws-lc alone", micros(LIMIT));
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
