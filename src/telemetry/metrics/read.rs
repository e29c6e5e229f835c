//! Metrics that others keep: read and put into families at the time of the scrape.

use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, Registry};

use super::metric::metrics;
use crate::admission::StoreStats;
use crate::isolation;
use crate::token;
use crate::version;

metrics! {
    /// Read at the time of the scrape.
    Read {
        /// Always 1; the labels are the version and commit of the running program.
        build: GaugeVec = "tenantgate_build_info"["version", "commit"];
        /// Long polls that are waiting for the engine's response.
        long_polls: Gauge = "tenantgate_long_polls_in_flight"[];
        /// Tenants with at least one request in progress.
        tenants_active: Gauge = "tenantgate_tenants_active"[];
        /// Memory that bodies and held answers were granted, of `limits.max_buffered_bytes`.
        buffered: Gauge = "tenantgate_buffered_bytes"[];
        /// Whether the store of `limits.store` answers: 1, or 0 while each replica counts by itself. No series without a store.
        store_up: GaugeVec = "tenantgate_limits_store_up"["address"];
        /// Requests that were counted by this replica alone, because the store of `limits.store` was away.
        store_alone: IntCounter = "tenantgate_limits_counted_alone_total"[];
        /// Tokens by outcome: `accepted`, or the refusal's code.
        tokens: IntCounterVec = "tenantgate_tokens_total"["outcome"];
        /// Look-ups of remembered tokens by result: `hit` or `miss`.
        token_cache: IntCounterVec = "tenantgate_token_cache_total"["result"];
        /// Verified tokens currently remembered.
        tokens_remembered: Gauge = "tenantgate_tokens_remembered"[];
        /// Usable keys of an issuer; at 0 none of its tokens can be verified.
        keys: GaugeVec = "tenantgate_keys"["issuer"];
        /// Time since an issuer's key set was fetched; no series if it never was.
        key_set_age: GaugeVec = "tenantgate_key_set_age_seconds"["issuer"];
        /// Time of the last successful fetch of a key set, in seconds since 1970.
        key_set_last: GaugeVec = "tenantgate_key_set_last_success_timestamp_seconds"["issuer"];
        /// Fetches of key sets by result: `ok`, or the kind of failure.
        key_fetches: IntCounterVec = "tenantgate_key_fetches_total"["issuer", "result"];
        /// Tokens that named a key which their issuer does not have.
        unknown_kids: IntCounterVec = "tenantgate_unknown_kids_total"["issuer"];
        /// Look-ups of remembered owners by result: `hit` or `miss`.
        ownership_cache: IntCounterVec = "tenantgate_ownership_cache_total"["result"];
        /// Owners currently remembered.
        owners_remembered: Gauge = "tenantgate_owners_remembered"[];
        /// Requests to the engine to find owners.
        ownership_questions: IntCounter = "tenantgate_ownership_questions_total"[];
        /// Network addresses behind an address of the engine in the settings (`engine.url`, `engine.urls`); 0: its name is
        /// not known.
        engine_addresses: GaugeVec = "tenantgate_engine_addresses"["address"];
        /// Those of them that are left out at the moment, because they can't be connected to or don't answer.
        engine_left_out: GaugeVec = "tenantgate_engine_addresses_left_out"["address"];
    }
}

/// What is read of others.
pub(crate) struct Scraped<'a> {
    /// Of tokens and keys.
    pub(crate) tokens: &'a token::Stats,
    /// Of owners.
    pub ownership: &'a isolation::Stats,
    /// Of the engine's addresses.
    pub(crate) addresses: &'a [isolation::AddressStats],
    /// Long polls under way.
    pub long_polls: usize,
    /// Tenants with requests under way.
    pub tenants_active: usize,
    /// Bytes of memory that were granted.
    pub buffered: usize,
    /// Of the store of the limits.
    pub(crate) store: Option<StoreStats>,
}

/// All of them, registered in a registry of their own.
pub(super) fn read(scraped: &Scraped<'_>) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    let read = Read::register(&registry)?;
    read.build.with_label_values(&[version::VERSION, version::COMMIT]).set(1.0);
    read.long_polls.set(float(scraped.long_polls as u64));
    read.tenants_active.set(float(scraped.tenants_active as u64));
    read.buffered.set(float(scraped.buffered as u64));
    if let Some(store) = &scraped.store {
        read.store_up.with_label_values(&[&store.address]).set(if store.up { 1.0 } else { 0.0 });
        read.store_alone.inc_by(store.alone);
    }
    tokens(&read, scraped.tokens);
    let owners = scraped.ownership;
    read.ownership_cache.with_label_values(&["hit"]).inc_by(owners.hits);
    read.ownership_cache.with_label_values(&["miss"]).inc_by(owners.misses);
    read.owners_remembered.set(float(owners.remembered));
    read.ownership_questions.inc_by(owners.questions);
    for address in scraped.addresses {
        let origin = address.origin.as_str();
        read.engine_addresses.with_label_values(&[origin]).set(float(address.known as u64));
        read.engine_left_out.with_label_values(&[origin]).set(float(address.left_out as u64));
    }
    Ok(registry)
}

fn tokens(read: &Read, stats: &token::Stats) {
    read.tokens.with_label_values(&["accepted"]).inc_by(stats.accepted);
    for (kind, count) in &stats.refused {
        read.tokens.with_label_values(&[kind.code()]).inc_by(*count);
    }
    read.token_cache.with_label_values(&["hit"]).inc_by(stats.remembered_hits);
    read.token_cache.with_label_values(&["miss"]).inc_by(stats.remembered_misses);
    read.tokens_remembered.set(float(stats.remembered));
    for issuer in &stats.issuers {
        let name = issuer.issuer.as_str();
        read.keys.with_label_values(&[name]).set(float(issuer.keys as u64));
        if let Some(seconds) = issuer.age_seconds {
            read.key_set_age.with_label_values(&[name]).set(seconds);
        }
        if let Some(seconds) = issuer.last_success {
            read.key_set_last.with_label_values(&[name]).set(seconds);
        }
        read.key_fetches.with_label_values(&[name, "ok"]).inc_by(issuer.fetches_ok);
        for (cause, count) in &issuer.fetches_failed {
            read.key_fetches.with_label_values(&[name, cause.label()]).inc_by(*count);
        }
        read.unknown_kids.with_label_values(&[name]).inc_by(issuer.unknown_kids);
    }
}

fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a bounded count far below 2^52")]
    let count = count as f64;
    count
}
