//! TLS in front of the engine, as a proxy has it: ends it, passes the bytes on as they are, and remembers each handshake.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::engine::project;

/// A file of tests/support/tls/engine.
pub fn pem(name: &str) -> PathBuf {
    project().join("tests/support/tls/engine").join(format!("{name}.pem"))
}

/// The first certificate of such a file.
pub fn first(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(pem(name)).unwrap().to_vec()
}

/// How it does that.
#[derive(Clone)]
pub struct Terms {
    /// The certificate that it shows.
    pub certificate: &'static str,
    /// Whose certificates it asks for; none: it asks for none.
    pub clients: Option<&'static str>,
    /// The only version of TLS that it speaks; none: all.
    pub version: Option<&'static SupportedProtocolVersion>,
    /// Whether it says that a connection is at its end (close_notify), or cuts it.
    pub tells_the_end: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { certificate: "engine", clients: None, version: None, tells_the_end: true }
    }
}

#[derive(Default)]
struct Seen {
    /// The certificate of each client, where it showed one.
    shown: Mutex<Vec<Option<Vec<u8>>>>,
    failed: Mutex<usize>,
}

/// A running forwarder; ends with its owner.
pub struct Forwarder {
    address: SocketAddr,
    seen: Arc<Seen>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Forwarder {
    /// In front of the engine at that address (`http://`, IP address and port).
    pub fn before(engine_url: &str, terms: Terms) -> Self {
        let engine: SocketAddr =
            engine_url.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port for the forwarder");
        listener.set_nonblocking(true).unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Seen>::default());
        let (acceptor, kept) = (acceptor(&terms), seen.clone());
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, engine, acceptor.clone(), kept.clone(), terms.tells_the_end));
            }
        });
        Self { address, seen, runtime: Some(runtime) }
    }

    /// What the gateway takes as the engine's address, by the forwarder's network address or a name of it.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/engine-rest", self.address.port())
    }

    /// The certificates that clients showed, one for each handshake that was done.
    pub fn shown(&self) -> Vec<Option<Vec<u8>>> {
        self.seen.shown.lock().unwrap().clone()
    }

    /// Handshakes that were done.
    pub fn handshakes(&self) -> usize {
        self.seen.shown.lock().unwrap().len()
    }

    /// Handshakes that failed.
    pub fn failed(&self) -> usize {
        *self.seen.failed.lock().unwrap()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn acceptor(terms: &Terms) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let only = terms.version.map(|version| vec![version]);
    let builder = builder.with_protocol_versions(only.as_deref().unwrap_or(rustls::ALL_VERSIONS)).unwrap();
    let builder = match terms.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(pem(authority)).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_file(pem(terms.certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(pem(&format!("{}.key", terms.certificate))).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

async fn serve(
    stream: TcpStream,
    engine: SocketAddr,
    tls: TlsAcceptor,
    seen: Arc<Seen>,
    tells_the_end: bool,
) {
    let Ok(stream) = tls.accept(stream).await else {
        *seen.failed.lock().unwrap() += 1;
        return;
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|c| c.to_vec());
    seen.shown.lock().unwrap().push(shown);
    let Ok(engine) = TcpStream::connect(engine).await else { return };
    let (mut from_engine, mut to_engine) = engine.into_split();
    let (mut from_gateway, mut to_gateway) = split(stream);
    tokio::select! {
        // The gateway is gone, and with it the engine's connection.
        _ = copy(&mut from_gateway, &mut to_engine) => {}
        _ = copy(&mut from_engine, &mut to_gateway) => {
            if tells_the_end {
                let _ = to_gateway.shutdown().await;
            }
        }
    }
}
