//! What a connection runs over: TCP, or TLS on it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A stream of bytes that can be broken off.
pub(in crate::server) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// When it is dropped, the client sees that it was broken off: a reset, and no end of TLS before it.
    fn abort(&self);
}

impl Transport for TcpStream {
    fn abort(&self) {
        // Where the system refuses, it is an end like any other.
        let _ = self.set_zero_linger();
    }
}

impl Transport for TlsStream<TcpStream> {
    fn abort(&self) {
        self.get_ref().0.abort();
    }
}
