//! The whole file: all sections, and the keys that stand outside of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::object_types::ObjectTypes;
use super::section::{Checks, F, section};
use super::{
    Cors, Deployments, Engine, IdentityHeaders, Issuer, Keys, Limits, Log, Permissions, Tenancy, Tls,
    address, issuers,
};

section! {
    /// Everything that `serve` needs. A section's keys have their own defaults, so a file may leave out any of them.
    #[schemars(title = "Tenantgate configuration", description = "The whole file.")]
    pub(crate) struct Settings {
        /// Where applications connect: IP address and port. Port 0 lets the system choose; the bound address is logged.
        #[serde(deserialize_with = "listener")]
        #[schemars(with = "String")]
        pub listen: SocketAddr = every_address(8080),
        /// Where `/metrics`, `/healthz` and `/readyz` are served: IP address and port. The engine cannot be reached
        /// there.
        #[serde(deserialize_with = "listener")]
        #[schemars(with = "String")]
        pub admin_listen: SocketAddr = every_address(9090),
        /// Scheme and authority for `links[].href` in responses, for example `https://camunda.example.com`. Null:
        /// scheme and `Host` of the request.
        pub public_url: Option<String> = None,
        /// TLS on the public listener.
        pub tls: Tls = Tls::default(),
        /// The engine behind the gateway.
        pub engine: Engine = Engine::default(),
        /// The issuers whose tokens are accepted; at least one. `--issuer`, `--audience` and `--jwks-url` (or
        /// `TENANTGATE_ISSUER`, `TENANTGATE_AUDIENCE`, `TENANTGATE_JWKS_URL`) configure a single one and replace
        /// this list.
        pub issuers: Vec<Issuer> = Vec::new(),
        /// Tenants and what they can access.
        pub tenancy: Tenancy = Tenancy::default(),
        /// The scopes that each kind of operation requires.
        pub permissions: Permissions = Permissions::default(),
        /// Answer `GET /tenantgate/whoami` below the engine's path: user, tenants and permissions of the token, and when
        /// it expires. False: as any path that the engine does not have.
        pub whoami: bool = true,
        /// What deployed models may contain.
        pub deployments: Deployments = Deployments::default(),
        /// What variable values may contain.
        pub values: Values = Values::default(),
        /// The headers that name the caller on the engine's side. The client's own copies are removed in every
        /// spelling.
        pub identity_headers: IdentityHeaders = IdentityHeaders::default(),
        /// The rules.
        pub policies: Policies = Policies::default(),
        /// Sizes, durations and numbers. Each limit applies per replica, but for those that `limits.store` names.
        pub limits: Limits = Limits::default(),
        /// The issuers' keys, and how long verified tokens are remembered.
        pub keys: Keys = Keys::default(),
        /// The log.
        pub log: Log = Log::default(),
        /// Cross-origin requests from browsers. Off unless an origin is listed.
        pub cors: Cors = Cors::default(),
    }
}

section! {
    /// What values of variables may be.
    pub(crate) struct Values {
        /// Java classes that `objectTypeName` may name: the engine instantiates them.
        pub object_types: ObjectTypes = ObjectTypes::default(),
    }
}

section! {
    /// The rules.
    pub(crate) struct Policies {
        /// Folder whose rules replace the built-in ones. Null: the rules built into the binary.
        #[schemars(extend("x-path" = true))]
        pub directory: Option<PathBuf> = None,
    }
}

fn every_address(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

/// An address. A faulty one becomes any: `check` reports it from the text, with its own code.
fn listener<'de, D: Deserializer<'de>>(reader: D) -> Result<SocketAddr, D::Error> {
    Ok(String::deserialize(reader)?.parse().unwrap_or(every_address(0)))
}

impl Settings {
    /// Checks what the schema can't say, section by section, and fills in what is made of several keys or files.
    pub(super) fn check(&mut self, c: &mut Checks<'_>) {
        self.check_listeners(c);
        if let Some(url) = &mut self.public_url {
            match address::bare_origin(url) {
                Ok(origin) => *url = origin,
                Err(why) => c.report(F::InvalidPublicUrl, "public_url", format_args!("can't be used: {why}")),
            }
        }
        self.tls.check(c);
        self.engine.check(c);
        issuers::check(&mut self.issuers, c);
        self.tenancy.check(&self.issuers, c);
        self.permissions.check(c);
        self.identity_headers.check(c);
        if let Some(folder) = self.policies.directory.as_ref().filter(|folder| !folder.is_dir()) {
            let what = format_args!("names `{}`, which is not a readable folder", folder.display());
            c.report(F::NotADirectory, "policies.directory", what);
        }
        self.deployments.check(c);
        self.values.object_types.check(c);
        self.log.check(c);
        self.cors.check(c);
        self.keys.check(c);
        self.limits.check(self.deployments.largest_model(), c);
    }

    /// The keys in which `after` differs that are read at the start only.
    pub(crate) fn fixed_until_restart(&self, after: &Self) -> Vec<&'static str> {
        let (limits, later) = (&self.limits, &after.limits);
        let changed = [
            ("listen", self.listen != after.listen),
            ("admin_listen", self.admin_listen != after.admin_listen),
            ("tls", self.tls.is_on() != after.tls.is_on()),
            ("limits.workers", limits.workers != later.workers),
            ("limits.connections", limits.connections != later.connections),
            ("log.format", self.log.format != after.log.format),
            ("log.filter", self.log.filter != after.log.filter),
        ];
        changed.into_iter().filter_map(|(key, changed)| changed.then_some(key)).collect()
    }

    fn check_listeners(&self, c: &mut Checks<'_>) {
        for path in ["listen", "admin_listen"] {
            if c.text(path).is_some_and(|text| text.parse::<SocketAddr>().is_err()) {
                c.report(F::InvalidAddress, path, "is not an IP address and a port");
            }
        }
        let (public, admin) = (self.listen, self.admin_listen);
        let overlap = public.ip() == admin.ip() || [public, admin].iter().any(|a| a.ip().is_unspecified());
        if public.port() != 0 && public.port() == admin.port() && overlap {
            let path = c.written_one("admin_listen", "listen");
            c.report(F::SameAddress, path, "uses the port of the other listener");
        }
    }
}
