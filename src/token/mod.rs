//! Bearer token → caller.
//!
//! In: the `Authorization` header of a request. Out: the [`Caller`] that it proves, or a refusal. The stages:
//! `bearer` finds the one token, `header` reads its header, `issuer` and `keys` know who may sign, `verify` puts them
//! together, `claims` reads who it proves and `caller` what that one
//! may, `remembered` saves the work the next time. No request passes without a
//! verified token, and no token is logged.

mod algorithm;
mod bearer;
mod caller;
mod claims;
mod clock;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod header;
mod issuer;
mod json;
mod keys;
mod log_text;
mod remembered;
mod stats;
mod verify;

use std::sync::Arc;

pub(crate) use caller::caller_of_client;
pub use error::{IssuerError, NotReady, SetupError};
#[cfg(test)]
pub(crate) use keys::Cause;
pub(crate) use stats::Stats;

use crate::config;
use crate::refusal::Refusal;
use crate::tenancy::Caller;
use caller::CallerRules;
use clock::Clock;
use issuer::Issuer;
use remembered::{Remembered, TokenHash};
use stats::Outcomes;

/// Verifies tokens. Clones share everything.
#[derive(Clone)]
pub struct Tokens {
    shared: Arc<Shared>,
}

struct Shared {
    issuers: Vec<Issuer>,
    callers: CallerRules,
    max_token_bytes: usize,
    remembered: Remembered,
    outcomes: Arc<Outcomes>,
    clock: Clock,
}

impl Tokens {
    /// Prepares one key store and one HTTP client for each issuer, and makes the provider of `keys` the one of
    /// `jsonwebtoken` in this process. Nothing is fetched before [`Tokens::start`]. `max_token_bytes` caps the whole
    /// `Authorization` value.
    ///
    /// # Errors
    /// The first thing that is wrong with the settings; `config` has reported all of them before.
    pub fn new(
        issuers: &[config::Issuer],
        keys: &config::Keys,
        tenancy: &config::Tenancy,
        permissions: &config::Permissions,
        max_token_bytes: usize,
    ) -> Result<Tokens, SetupError> {
        Self::after(None, issuers, keys, tenancy, permissions, max_token_bytes)
    }

    /// The same by new settings, with the keys of issuers whose key sets come from the same place as `before`, and with
    /// its counters. No token is remembered: it is checked by the new settings first.
    ///
    /// # Errors
    /// As [`Tokens::new`].
    pub fn after(
        before: Option<&Tokens>,
        issuers: &[config::Issuer],
        keys: &config::Keys,
        tenancy: &config::Tenancy,
        permissions: &config::Permissions,
        max_token_bytes: usize,
    ) -> Result<Tokens, SetupError> {
        if !keys::install_provider() {
            return Err(SetupError::OtherProvider);
        }
        if issuers.is_empty() {
            return Err(SetupError::NoIssuer);
        }
        for (place, issuer) in issuers.iter().enumerate() {
            if issuers.iter().take(place).any(|other| other.issuer == issuer.issuer) {
                return Err(SetupError::IssuerTwice(issuer.issuer.clone()));
            }
        }
        let before = before.map(|tokens| &*tokens.shared);
        let known = before.map_or(&[][..], |before| &before.issuers);
        let made = issuers.iter().map(|settings| {
            let named = |source| SetupError::Issuer { issuer: settings.issuer.clone(), source };
            Issuer::new(settings, keys, known).map_err(named)
        });
        let made = made.collect::<Result<_, _>>()?;
        Ok(Self {
            shared: Arc::new(Shared {
                issuers: made,
                callers: CallerRules::new(tenancy, permissions)?,
                max_token_bytes,
                remembered: Remembered::new(keys),
                outcomes: before.map_or_else(Arc::default, |before| before.outcomes.clone()),
                clock: before.map_or_else(Clock::default, |before| before.clock.clone()),
            }),
        })
    }

    /// Starts the renewal of each issuer's keys on the current tokio runtime; the first fetch begins at once.
    /// Does nothing the second time. The renewals end with the last clone of this.
    pub fn start(&self) {
        self.shared.issuers.iter().for_each(|issuer| issuer.start(&self.shared.clock));
    }

    /// The caller that the request's token proves. `authorization`: all values of that header, in order.
    ///
    /// Never waits for a remembered token, or for one whose key is known. Others wait for the issuer, at most twice
    /// the fetch timeout.
    ///
    /// # Errors
    /// A refusal with status 401, 403, 431 or 503; its cause names the check and the `kid`, never the token.
    pub async fn caller(&self, authorization: &[&[u8]]) -> Result<Caller, Refusal> {
        let found = self.find(authorization).await;
        if let Err(refusal) = &found {
            self.shared.outcomes.refuse(refusal);
        }
        found
    }

    async fn find(&self, authorization: &[&[u8]]) -> Result<Caller, Refusal> {
        let shared = &*self.shared;
        let token = bearer::token(authorization, shared.max_token_bytes)?;
        let hash = Remembered::hash(token);
        if let Some(caller) = self.remembered(&hash) {
            shared.outcomes.hit();
            return Ok(caller);
        }
        shared.outcomes.miss();
        let now = || shared.clock.now();
        let verify = verify::verify(bearer::split(token)?, &shared.issuers, &shared.callers, now);
        // Boxed: most tokens are remembered, and their future should stay small.
        let verified = Box::pin(verify).await?;
        let caller = verified.caller.clone();
        if verified.until > now() {
            shared.remembered.keep(hash, verified);
        }
        shared.outcomes.accept();
        Ok(caller)
    }

    /// The caller of a remembered token that still holds: its `exp` is not past by the wall clock, which may have been
    /// stepped, and its issuer still has the key.
    fn remembered(&self, hash: &TokenHash) -> Option<Caller> {
        let shared = &*self.shared;
        let verified = shared.remembered.get(hash)?;
        let issuer = shared.issuers.get(verified.issuer);
        let known = issuer.is_some_and(|issuer| issuer.store.still_has(&verified.key));
        if known && shared.clock.now() < verified.until {
            return Some(verified.caller.clone());
        }
        shared.remembered.forget(hash);
        None
    }

    /// Whether every issuer's keys are present and not too old.
    ///
    /// # Errors
    /// Which issuers are not ready, and why: for `/readyz`.
    pub fn ready(&self) -> Result<(), NotReady> {
        let faults: Vec<_> = self.shared.issuers.iter().filter_map(|i| i.store.ready().err()).collect();
        if faults.is_empty() { Ok(()) } else { Err(NotReady(faults)) }
    }

    /// Numbers for the metrics.
    pub(crate) fn stats(&self) -> Stats {
        self.shared.outcomes.stats(&self.shared.issuers, self.shared.remembered.len())
    }
}

#[cfg(test)]
mod tests;
