//! One issuer for the whole run; for each test a gateway of its own, and a recorder between it and the engine.

use std::sync::OnceLock;

use crate::support::api::Api;
use crate::support::engine;
use crate::support::gateway::{Gateway, Plan};
use crate::support::issuer::{AUDIENCE, Issuer};
use crate::support::recorder::Recorder;

/// The issuer of this run.
pub fn issuer() -> &'static Issuer {
    static ISSUER: OnceLock<Issuer> = OnceLock::new();
    ISSUER.get_or_init(Issuer::start)
}

/// The gateway's program; `TENANTGATE_TEST_BINARY` puts another in its place.
pub fn binary() -> String {
    std::env::var("TENANTGATE_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tenantgate").to_owned())
}

/// `serve` with its five flags, before that engine.
pub fn plan(engine_url: &str) -> Plan {
    Plan::new(binary(), engine_url, issuer().issuer(), AUDIENCE)
}

/// A gateway that is ready, and what reaches the engine through it.
pub struct Stage {
    /// Between gateway and engine.
    pub recorder: Recorder,
    /// The gateway.
    pub gateway: Gateway,
}

impl Stage {
    /// With the real engine and the five flags only.
    pub async fn start() -> Self {
        Self::with(|plan| plan).await
    }

    /// With the real engine and a changed plan.
    pub async fn with(change: impl FnOnce(Plan) -> Plan) -> Self {
        let recorder = Recorder::before(&engine::url());
        let gateway = change(plan(&recorder.url())).start().await;
        Self { recorder, gateway }
    }

    /// With the real engine, and an issuer with more settings (as in `{}`) than the flags can say.
    pub async fn with_issuer(of_issuer: &str, more: &str) -> Self {
        let recorder = Recorder::before(&engine::url());
        let yaml = format!(
            "issuers: [{{issuer: '{}', audiences: ['{AUDIENCE}'], {of_issuer}}}]\n{more}",
            issuer().issuer()
        );
        let gateway = Plan::without_issuer(binary(), &recorder.url()).config(&yaml).start().await;
        Self { recorder, gateway }
    }

    /// The gateway as that client sees it.
    pub fn client(&self, client_id: &str) -> Api {
        self.gateway.api().with_token(&issuer().token(client_id))
    }
}
