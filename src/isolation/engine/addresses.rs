//! Every address of the engine, shared by all workers: one engine, so any of them answers any request.
//!
//! In: the settings. Out: the address for the next request, in turn, without those that are left out. A name's network
//! addresses are asked for anew as time goes by, beside the requests, and at once where none of the known ones works.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::future::{join_all, select_ok};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::ServerName;

use super::address::{Address, CheckError, Configured};
use super::error::{EngineSetupError, NotAlive};
use super::request::{RequestHead, authorization};
use super::tls::tls;
use crate::causes;
use crate::config;

/// How long a name's network addresses are taken for its own.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// Time between two questions about names, where none of the known addresses works.
const BETWEEN: Duration = Duration::from_secs(1);
/// Most network addresses of one name.
const MOST: usize = 64;

/// All addresses of the engine.
pub(crate) struct Addresses {
    configured: Vec<Arc<Configured>>,
    /// One of them is a name.
    named: bool,
    all: ArcSwap<Vec<Arc<Address>>>,
    began: Instant,
    /// When names were asked for last, in milliseconds since it began, counted from 1; 0: never.
    asked: AtomicU64,
    asking: tokio::sync::Mutex<()>,
    connect_timeout: Duration,
}

/// What the metrics show of a configured address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddressStats {
    /// As configured: scheme, host and port.
    pub(crate) origin: String,
    /// Network addresses that it stands for.
    pub(crate) known: usize,
    /// Those of them that are left out.
    pub(crate) left_out: usize,
}

impl Addresses {
    /// Nothing is asked or connected yet.
    ///
    /// # Errors
    /// Certificates that can't be read, or an address that names no host.
    pub(crate) fn new(engine: &config::Engine) -> Result<Self, EngineSetupError> {
        let fixed = authorization(engine)?;
        let tls = tls(engine)?;
        let configured = engine.origins.iter().map(|origin| configured(origin, engine, &fixed, &tls));
        let configured = configured.collect::<Result<Vec<_>, _>>()?;
        let known = configured.iter().filter_map(|one| Some((one, one.literal()?)));
        let known = known.filter_map(|(one, socket)| Address::new(one.clone(), socket).ok());
        let all: Vec<_> = known.map(Arc::new).collect();
        Ok(Self {
            named: all.len() < configured.len(),
            configured,
            all: ArcSwap::from_pointee(all),
            began: Instant::now(),
            asked: AtomicU64::new(0),
            asking: tokio::sync::Mutex::default(),
            connect_timeout: engine.connect_timeout,
        })
    }

    /// The line that names the first of them in a request.
    pub(super) fn first_host_line(&self) -> &[u8] {
        self.configured.first().map_or(&[], |one| &one.host_line)
    }

    /// The next address in turn that is used and was not tried. Those whose time is over are tried aside.
    pub(super) fn next(&self, turn: usize, tried: &[Arc<Address>]) -> Option<Arc<Address>> {
        let all = self.all.load();
        (0..all.len()).filter_map(|at| all.get(turn.wrapping_add(at) % all.len())).find_map(|address| {
            if address.circuit.is_open() {
                address.try_aside();
                return None;
            }
            (!tried.iter().any(|one| Arc::ptr_eq(one, address))).then(|| address.clone())
        })
    }

    /// Time until one of those that are left out is tried again; none where there is no address at all.
    pub(super) fn remaining(&self) -> Option<Duration> {
        let now = Instant::now();
        self.all.load().iter().map(|address| address.circuit.remaining(now)).min()
    }

    /// Asks for the names' addresses beside the requests, where they are old.
    pub(super) fn keep_fresh(self: &Arc<Self>) {
        // One at a time: each request would begin one while the answer is waited for.
        let due = self.named && self.is_older(KNOWN_FOR) && !self.all.load().is_empty();
        if due && self.asking.try_lock().is_ok() {
            let addresses = self.clone();
            drop(tokio::spawn(async move { addresses.renew(KNOWN_FOR).await }));
        }
    }

    /// Asks for them at once: none of the known ones works.
    pub(super) async fn renew_now(&self) {
        if self.named {
            self.renew(BETWEEN).await;
        }
    }

    fn is_older(&self, than: Duration) -> bool {
        let asked = self.asked.load(Ordering::Relaxed);
        asked == 0 || self.began.elapsed() + Duration::from_millis(1) > Duration::from_millis(asked) + than
    }

    async fn renew(&self, than: Duration) {
        let _one = self.asking.lock().await;
        // Another request asked while this one waited.
        if !self.is_older(than) {
            return;
        }
        let before = self.all.load_full();
        let found = join_all(self.configured.iter().map(|one| self.behind(one, &before))).await;
        self.all.store(Arc::new(found.into_iter().flatten().collect()));
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.asked.store(now.saturating_add(1), Ordering::Relaxed);
    }

    /// The network addresses of a configured one; those that are known already keep their circuits.
    async fn behind(&self, one: &Arc<Configured>, before: &[Arc<Address>]) -> Vec<Arc<Address>> {
        let known = || before.iter().filter(|address| Arc::ptr_eq(&address.configured, one));
        if one.literal().is_some() {
            return known().cloned().collect();
        }
        let asked = tokio::net::lookup_host((one.host.as_str(), one.port));
        let sockets: Vec<SocketAddr> = match tokio::time::timeout(self.connect_timeout, asked).await {
            Ok(Ok(sockets)) => sockets.take(MOST).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        if sockets.is_empty() {
            // Who answers for names is away; the engine need not be.
            return known().cloned().collect();
        }
        let address = |socket: SocketAddr| match known().find(|address| address.socket == socket) {
            Some(address) => Some(address.clone()),
            None => Address::new(one.clone(), socket).ok().map(Arc::new),
        };
        sockets.into_iter().filter_map(address).collect()
    }

    /// Whether any address answers, for readiness.
    ///
    /// # Errors
    /// Why none is ready.
    pub(super) async fn any_alive(&self) -> Result<(), NotAlive> {
        if self.all.load().is_empty() || self.is_older(KNOWN_FOR) {
            self.renew_now().await;
        }
        let all = self.all.load_full();
        let each = all.iter().map(|address| {
            Box::pin(async move {
                match address.check().await {
                    Ok(status) if status.is_success() => Ok(()),
                    Ok(status) => Err(CheckError::Status(status)),
                    Err(why) => Err(why),
                }
            })
        });
        match each.len() {
            0 => Err(NotAlive::NoAddress),
            _ => select_ok(each).await.map(drop).map_err(|why| NotAlive::NoAnswer(causes::in_full(&why))),
        }
    }

    /// For the metrics.
    pub(crate) fn stats(&self) -> Vec<AddressStats> {
        let all = self.all.load();
        let stats = self.configured.iter().map(|one| {
            let of = || all.iter().filter(|address| Arc::ptr_eq(&address.configured, one));
            let left_out = of().filter(|address| address.circuit.is_open()).count();
            AddressStats { origin: one.origin.clone(), known: of().count(), left_out }
        });
        stats.collect()
    }
}

fn configured(
    origin: &str,
    engine: &config::Engine,
    fixed: &[u8],
    tls: &rustls::ClientConfig,
) -> Result<Arc<Configured>, EngineSetupError> {
    let no_host = || EngineSetupError::NoHost(origin.to_owned());
    let uri: http::Uri =
        origin.parse().map_err(|source| EngineSetupError::Origin { origin: origin.to_owned(), source })?;
    let (scheme, authority) = (uri.scheme().ok_or_else(no_host)?, uri.authority().ok_or_else(no_host)?);
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let server = ServerName::try_from(bare.to_owned()).map_err(|_| no_host())?;
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        // The certificate has to be the name's, whatever network address is behind it.
        .with_server_name_resolver(hyper_rustls::FixedServerNameResolver::new(server))
        .enable_http1()
        .wrap_connector(http);
    let host_line = [b"host: ", authority.as_str().as_bytes(), b"\r\n"].concat();
    let version = RequestHead::new("GET", [&engine.base_path, "/version"], &host_line, fixed)
        .map_err(|_| no_host())?
        .without_body();
    Ok(Arc::new(Configured {
        origin: origin.to_owned(),
        scheme: scheme.clone(),
        host: host.to_owned(),
        port: authority.port_u16().unwrap_or(if *scheme == http::uri::Scheme::HTTPS { 443 } else { 80 }),
        host_line,
        version,
        connector,
        connect_timeout: engine.connect_timeout,
        patience: Configured::patience(engine.timeout),
    }))
}
