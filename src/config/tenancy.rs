//! `tenancy`: tenants and what they may see.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use super::grants::{self, AllTenants, GrantSource};
use super::section::{Checks, F, section};
use super::tenant_sources::{Aliases, TenantSource, TenantSources};
use super::{Issuer, secrets};

section! {
    /// Tenants and what they can access.
    pub struct Tenancy {
        /// Deployments and definitions without a tenant: `hidden`, or `readable` by every application (never
        /// started or changed).
        pub shared_resources: SharedResources = SharedResources::Hidden,
        /// Files with keys that sign batch handles, at least 32 bytes each; leading and trailing white space is
        /// ignored. The first key signs, all are accepted. All replicas need the same files. Empty: a random key;
        /// handles become invalid when the process ends.
        #[schemars(extend("x-path" = true))]
        pub batch_key_files: Vec<PathBuf> = Vec::new(),
        /// The keys in these files. Empty: a random one.
        #[serde(skip)]
        pub batch_keys: Vec<BatchKey> = Vec::new(),
        /// Client ids that never become tenants, in addition to `camunda-admin`; case-insensitive.
        pub reserved_client_ids: Vec<String> = Vec::new(),
        /// The claims that name a caller's own tenant: the first one in the token is used, and a token without any
        /// of them is refused. The last may be the client id. Empty: the client id only.
        pub tenant_from: Vec<TenantSource> = Vec::new(),
        /// Client ids and the tenants they get instead: for ids that are not valid tenant ids, and for clients that
        /// were replaced. No other client gets such a tenant.
        pub aliases: Aliases = Aliases::new(),
        /// Claims and scopes that grant other tenants' data. Empty: none.
        pub grants: Vec<GrantSource> = Vec::new(),
        /// The scope that grants reading every tenant's data, or working on it. Null: none.
        #[schemars(extend("x-weakens" = true))]
        pub all_tenants: Option<AllTenants> = None,
        /// Users that a request may name as acting: who claims a task, its assignee, owner or candidate.
        /// `as-asked`: any user; `pinned`: only the caller.
        pub users: Users = Users::AsAsked,
    }
}

/// A key for batch handles; does not print.
pub type BatchKey = secrecy::SecretSlice<u8>;

/// What callers see of definitions and deployments without tenant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SharedResources {
    /// Nothing.
    #[default]
    Hidden,
    /// They can be read, never written or started.
    Readable,
}

/// Which users a request may name to act.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Users {
    /// Anybody.
    #[default]
    AsAsked,
    /// The caller only.
    Pinned,
}

impl Tenancy {
    pub(super) fn check(&mut self, issuers: &[Issuer], c: &mut Checks<'_>) {
        let sources = TenantSources {
            sources: &self.tenant_from,
            aliases: &self.aliases,
            reserved: &self.reserved_client_ids,
            issuers,
        };
        sources.check(c);
        grants::check(&self.grants, self.all_tenants.as_ref(), c);
        if let Some(all_tenants) = &self.all_tenants {
            all_tenants.check(c);
        }
        if self.shared_resources == SharedResources::Readable {
            let what = "lets every application read definitions and deployments that have no tenant";
            c.report(F::SharedResourcesReadable, "tenancy.shared_resources", what);
        }
        if self.batch_key_files.is_empty() {
            let what =
                "is empty: batch handles become invalid when the process ends and work on one replica only";
            c.report(F::NoBatchKeys, "tenancy.batch_key_files", what);
        }
        for (at, file) in self.batch_key_files.iter().enumerate() {
            let path = format!("tenancy.batch_key_files.{at}");
            match secrets::batch_key(file) {
                Ok(key) if self.batch_keys.iter().any(|k| k.expose_secret() == key.expose_secret()) => {
                    c.report(F::WeakBatchKey, &path, "contains the same key as an earlier file");
                }
                Ok(key) => self.batch_keys.push(key),
                Err(fault) => c.file(&path, &fault),
            }
        }
    }
}
