//! Tenantgate keeps the applications of a shared Camunda 7 engine inside their own tenants.
//!
//! A request's journey, stage by stage, each handing on a proof that the next one needs:
//!
//! 1. [`token`]: the bearer token is verified against the issuer's keys;
//! 2. [`tenancy`]: its client id becomes the caller and its tenant;
//! 3. [`refusal`]: any stage may end the journey with a refusal.
//!
//! [`config`] holds the settings, [`model`] inspects deployed models.

pub mod cli;
pub mod config;
pub mod refusal;
pub mod tenancy;
