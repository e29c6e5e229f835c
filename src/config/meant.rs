//! From settings as written to settings as meant.
//!
//! In: the keys' values, the tree that knows their places, and which keys were faulty. Out: [`Settings`], and a
//! finding for whatever can't be meant or is a risk. Values with an error finding are filled with stand-ins, so that
//! the rest is checked in the same run; `gather` then withholds the settings.

use std::net::SocketAddr;
use std::path::Path;

use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;

use super::finding::{Code as F, Finding, Place};
use super::secrets::{BatchKeyFault, CaFault};
use super::shape::Faulty;
use super::tree::Node;
use super::written::{self, Written};
use super::{
    BasicAuth, Code, Cors, Deployments, Engine, Keys, Limits, Log, ObjectTypes, Settings, SharedResources,
    Tenancy, address, headers, issuers, secrets,
};

/// Checks that report to one list of findings.
pub(crate) struct Checks<'a> {
    tree: &'a Node,
    faulty: &'a Faulty,
    findings: &'a mut Vec<Finding>,
}

impl Checks<'_> {
    /// A finding about the key at `path`.
    pub(crate) fn report(
        &mut self,
        code: F,
        path: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let place = self.place(path);
        self.findings.push(Finding::new(code, place, message, remedy));
    }

    /// Whether the key at `path`, or what it stands in, was faulty and is reported already.
    pub(crate) fn is_faulty(&self, path: &str) -> bool {
        self.faulty.contains("")
            || self
                .faulty
                .iter()
                .any(|f| path == f || path.strip_prefix(f.as_str()).is_some_and(|r| r.starts_with('.')))
    }

    /// Whether the key at `path` was written, in the file, a variable or a flag.
    pub(crate) fn is_written(&self, path: &str) -> bool {
        path.split('.').try_fold(self.tree, Node::child).is_some()
    }

    /// Where the key at `path` was written, or the section that lacks it.
    fn place(&self, path: &str) -> Place {
        let mut node = self.tree;
        let mut place = Place::Missing;
        for key in path.split('.') {
            let Some(child) = node.child(key) else { break };
            node = child;
            place = child.place.clone();
        }
        place
    }

    /// Checks a file of certificate authorities.
    pub(crate) fn ca_file(&mut self, path: &str, file: Option<&Path>) {
        match file.map(secrets::ca_file) {
            None | Some(Ok(())) => {}
            Some(Err(CaFault::Unreadable(why))) => self.unreadable(path, &why),
            Some(Err(CaFault::NoCertificate)) => self.report(
                F::InvalidCaFile,
                path,
                format!("the file of `{path}` holds no certificate, or one that can't be read"),
                "name a file with PEM certificates (-----BEGIN CERTIFICATE-----)",
            ),
        }
    }

    fn unreadable(&mut self, path: &str, why: &str) {
        let message = format!("the file of `{path}` can't be used: {why}");
        self.report(F::UnreadableFile, path, message, "name a file that this process may read");
    }
}

/// The settings that `written` means.
pub(crate) fn settings(
    written: &Written,
    tree: &Node,
    faulty: &Faulty,
    findings: &mut Vec<Finding>,
) -> Option<Settings> {
    let mut checks = Checks { tree, faulty, findings };
    let c = &mut checks;
    let (listen, admin_listen) = listeners(c, written);
    let public_url = public_url(c, written.public_url.as_deref());
    let engine = engine(c, &written.engine);
    let issuers = issuers::issuers(c, &written.issuers);
    let tenancy = tenancy(c, &written.tenancy);
    let identity_headers = headers::identity_headers(c, &written.identity_headers);
    let policies_directory = written.policies.directory.clone();
    if policies_directory.as_ref().is_some_and(|dir| !dir.is_dir()) {
        c.report(
            F::NotADirectory,
            "policies.directory",
            "`policies.directory` is not a folder that can be read",
            "name a folder with rules, or leave it out for the built-in ones",
        );
    }
    if written.deployments.code == Code::Allow {
        c.report(
            F::CodeAllowed,
            "deployments.code",
            "deployed models may run code: whoever may deploy can reach every tenant's data",
            "set `deployments.code: deny` and let external tasks do the work",
        );
    }
    if written.values.object_types.refuse.is_empty() {
        c.report(
            F::ObjectTypesOpen,
            "values.object_types.refuse",
            "no prefix is refused: values may name any Java class, and the engine makes objects of it",
            "leave `values.object_types.refuse` out for the built-in list",
        );
    }
    let filter = written.log.filter.clone();
    if let Err(error) = EnvFilter::builder().parse(&filter) {
        let message = format!("`log.filter` can't be read: {error}");
        c.report(F::InvalidLogFilter, "log.filter", message, "write it as `info` or `info,tenantgate=debug`");
    }
    let cors = cors(c, &written.cors);
    if written.keys.max_age < written.keys.renew_every {
        let path = if c.is_written("keys.max_age") { "keys.max_age" } else { "keys.renew_every" };
        let message = "`keys.max_age` is less than `keys.renew_every`: keys would die before their renewal";
        c.report(F::OutOfRange, path, message, "let several renewals fit into `keys.max_age`");
    }
    Some(Settings {
        listen: listen?,
        admin_listen: admin_listen?,
        public_url,
        engine: engine?,
        issuers,
        tenancy,
        deployments: Deployments {
            code: written.deployments.code,
            max_model_bytes: Some(written.deployments.max_model_bytes),
        },
        identity_headers,
        policies_directory,
        limits: limits(&written.limits),
        keys: keys(&written.keys),
        log: Log { format: written.log.format, filter },
        cors,
        object_types: ObjectTypes {
            refused_prefixes: written.values.object_types.refuse.clone(),
            allowed_names: written.values.object_types.allow.clone(),
        },
    })
}

fn listeners(c: &mut Checks<'_>, written: &Written) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let mut parse = |path: &str, text: &str| {
        let address = text.parse::<SocketAddr>().ok();
        if address.is_none() {
            let message = format!("`{path}` is not an IP address and a port");
            c.report(F::InvalidAddress, path, message, "write it as `0.0.0.0:8080` or `[::]:8080`");
        }
        address
    };
    let (public, admin) = (parse("listen", &written.listen), parse("admin_listen", &written.admin_listen));
    if let (Some(p), Some(a)) = (public, admin) {
        let overlap = p.ip() == a.ip() || p.ip().is_unspecified() || a.ip().is_unspecified();
        if p.port() != 0 && p.port() == a.port() && overlap {
            let message = "`listen` and `admin_listen` have the same port";
            let path = if c.is_written("admin_listen") { "admin_listen" } else { "listen" };
            c.report(F::SameAddress, path, message, "give the admin listener a port of its own");
        }
    }
    (public, admin)
}

fn public_url(c: &mut Checks<'_>, text: Option<&str>) -> Option<String> {
    match address::bare_origin(text?) {
        Ok(origin) => Some(origin),
        Err(why) => {
            let remedy = "write scheme and authority only, as `https://camunda.example.com`";
            c.report(F::InvalidPublicUrl, "public_url", format!("`public_url` can't be used: {why}"), remedy);
            None
        }
    }
}

fn engine(c: &mut Checks<'_>, written: &written::Engine) -> Option<Engine> {
    let example = "write it as `http://camunda:8080/engine-rest`";
    let url = match written.url.as_deref() {
        Some(text) => address::parse(text)
            .and_then(|url| Ok((address::origin(&url), address::base_path(text)?)))
            .map_err(|why| {
                let message = format!("`engine.url` can't be used: {why}");
                c.report(F::InvalidEngineUrl, "engine.url", message, example);
            })
            .ok(),
        None => {
            if !c.is_faulty("engine.url") {
                let remedy = format!("set `engine.url`, --engine-url or TENANTGATE_ENGINE__URL; {example}");
                c.report(F::MissingEngineUrl, "engine.url", "the engine's URL is not set", remedy);
            }
            None
        }
    };
    let name = &written.name;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        c.report(
            F::InvalidEngineName,
            "engine.name",
            "`engine.name` may hold letters, digits, `-` and `_`",
            "take the name that the engine itself has, usually `default`",
        );
    }
    c.ca_file("engine.ca_file", written.ca_file.as_deref());
    let basic_auth = written.basic_auth.as_ref().and_then(|auth| basic_auth(c, auth));
    let (origin, base_path) = url?;
    Some(Engine {
        origin,
        base_path,
        name: name.clone(),
        basic_auth,
        ca_file: written.ca_file.clone(),
        connect_timeout: written.connect_timeout.0,
        timeout: written.timeout.0,
    })
}

fn basic_auth(c: &mut Checks<'_>, written: &written::BasicAuth) -> Option<BasicAuth> {
    let username = written.username.clone().unwrap_or_default();
    // A colon would end the user name on the wire (RFC 7617 section 2).
    if (username.is_empty() || username.contains(':') || username.chars().any(char::is_control))
        && !c.is_faulty("engine.basic_auth.username")
    {
        c.report(
            F::InvalidBasicAuth,
            "engine.basic_auth.username",
            "`engine.basic_auth.username` is missing, or holds a colon or control character",
            "name the user, or leave `engine.basic_auth` out",
        );
    }
    let path = "engine.basic_auth.password_file";
    let Some(file) = &written.password_file else {
        if !c.is_faulty(path) {
            let message = format!("`{path}` is missing");
            c.report(F::InvalidBasicAuth, path, message, "name a file that holds the password");
        }
        return None;
    };
    match secrets::password(file) {
        Ok(password) => Some(BasicAuth { username, password }),
        Err(why) => {
            c.unreadable(path, &why);
            None
        }
    }
}

fn tenancy(c: &mut Checks<'_>, written: &written::Tenancy) -> Tenancy {
    if written.shared_resources == SharedResources::Readable {
        c.report(
            F::SharedResourcesReadable,
            "tenancy.shared_resources",
            "every application reads definitions and deployments that have no tenant",
            "keep nothing secret in them, or set `tenancy.shared_resources: hidden`",
        );
    }
    if written.batch_key_files.is_empty() && !c.is_faulty("tenancy.batch_key_files") {
        c.report(
            F::NoBatchKeys,
            "tenancy.batch_key_files",
            "no batch key files: handles of batches die with the process, and replicas don't know each other's",
            "name a file with at least 32 random bytes in `tenancy.batch_key_files`, the same for all replicas",
        );
    }
    let mut batch_keys: Vec<super::BatchKey> = Vec::new();
    for (at, file) in written.batch_key_files.iter().enumerate() {
        let path = format!("tenancy.batch_key_files.{at}");
        let remedy = "make one with `openssl rand -base64 48`";
        match secrets::batch_key(file) {
            Ok(key) if batch_keys.iter().any(|k| k.expose_secret() == key.expose_secret()) => {
                c.report(F::WeakBatchKey, &path, format!("the key of `{path}` stands there twice"), remedy);
            }
            Ok(key) => batch_keys.push(key),
            Err(BatchKeyFault::Unreadable(why)) => c.unreadable(&path, &why),
            Err(BatchKeyFault::Short) => {
                let message = format!("the key of `{path}` has less than 32 bytes");
                c.report(F::WeakBatchKey, &path, message, remedy);
            }
        }
    }
    Tenancy {
        shared_resources: written.shared_resources,
        batch_keys,
        reserved_client_ids: written.reserved_client_ids.clone(),
    }
}

fn cors(c: &mut Checks<'_>, written: &written::Cors) -> Cors {
    let mut allowed_origins = Vec::new();
    for (at, text) in written.allowed_origins.iter().enumerate() {
        let path = format!("cors.allowed_origins.{at}");
        match address::bare_origin(text) {
            Ok(origin) => allowed_origins.push(origin),
            Err(why) => {
                let message = format!("`{path}` is no origin: {why}");
                c.report(F::InvalidOrigin, &path, message, "name each origin, as `https://app.example.com`");
            }
        }
    }
    Cors { allowed_origins }
}

fn limits(written: &written::Limits) -> Limits {
    Limits {
        max_target_bytes: written.max_target_bytes,
        max_json_bytes: written.max_json_bytes,
        max_json_depth: written.max_json_depth,
        max_stream_bytes: written.max_stream_bytes,
        max_held_answer_bytes: written.max_held_answer_bytes,
        max_token_bytes: written.max_token_bytes,
        body_idle_timeout: written.body_idle_timeout.0,
        requests_per_tenant: written.requests_per_tenant,
        long_polls_per_tenant: written.long_polls_per_tenant,
        shutdown_grace: written.shutdown_grace.0,
        shutdown_delay: written.shutdown_delay.0,
        workers: written.workers,
    }
}

fn keys(written: &written::Keys) -> Keys {
    Keys {
        renew_every: written.renew_every.0,
        max_age: written.max_age.0,
        cooldown: written.cooldown.0,
        timeout: written.timeout.0,
        max_bytes: written.max_bytes,
        max_keys: written.max_keys,
        remember_tokens_for: written.remember_tokens_for.0,
        remember_tokens: written.remember_tokens,
    }
}
