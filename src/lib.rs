//! Tenantgate keeps the applications of a shared Camunda 7 engine inside their own tenants.
//!
//! A request's journey, stage by stage, each handing on a proof that the next one needs:
//!
//! 1. `server`: a connection's request; [`request`] reads it one way only;
//! 2. [`token`]: the bearer token is verified against the issuer's keys;
//! 3. `tenancy`: its claims become the caller: user, own tenant, grants and permissions;
//! 4. [`policy`]: method and path become the one operation and its rule; `admission` gives it a place;
//! 5. `plan`: what would be sent, asked or refused ([`json`], [`form`], [`model`] read what the request carries,
//!    `operations` hold what one request can't do);
//! 6. [`isolation`]: the ids in it are looked up, the draft becomes a permit, and the permit the engine's request;
//! 7. `response`: the engine's answer is guarded and becomes the reply.
//!
//! At any stage a `refusal` may end the journey. [`config`] holds the settings, `state` what all requests share,
//! `telemetry` metrics and logs, [`cli`] the commands.

// Tests play issuers, engines and clients, and list cases at length.
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::disallowed_macros,
        clippy::too_many_lines
    )
)]

mod admission;
mod causes;
pub mod cli;
pub mod config;
mod context;
pub mod form;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod golden;
mod http1;
pub mod isolation;
mod journey;
pub mod json;
pub mod model;
mod operations;
mod percent;
mod plan;
pub mod policy;
mod refusal;
pub mod request;
mod response;
mod server;
mod state;
mod telemetry;
mod tenancy;
pub mod token;
mod version;
mod whoami;
