//! A wire between the gateway and what is behind it, that can be cut, slowed down or made to talk nonsense.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections end at once, open ones as well.
    Refuses,
    /// Each eighth answer is cut in its middle.
    Cuts,
    /// Answers arrive late and in drops.
    Drips,
    /// Each eighth answer is no HTTP.
    Garbles,
}

impl Fault {
    const ALL: [Self; 5] = [Self::None, Self::Refuses, Self::Cuts, Self::Drips, Self::Garbles];
}

/// The wire.
#[derive(Clone)]
pub struct Wire {
    pub address: SocketAddr,
    fault: Arc<AtomicU8>,
    open: Arc<AtomicUsize>,
}

impl Wire {
    /// Passes on what arrives at a free port.
    pub async fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Self { address, fault: Arc::default(), open: Arc::default() };
        let passing = wire.clone();
        tokio::spawn(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else { continue };
                if passing.fault() == Fault::Refuses {
                    continue;
                }
                let passing = passing.clone();
                tokio::spawn(async move {
                    passing.open.fetch_add(1, Ordering::SeqCst);
                    if let Ok(far) = TcpStream::connect(there).await {
                        passing.pass(near, far).await;
                    }
                    passing.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        wire
    }

    /// From now on this is wrong with it.
    pub fn set(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Fault {
        Fault::ALL[usize::from(self.fault.load(Ordering::SeqCst))]
    }

    async fn pass(&self, mut near: TcpStream, mut far: TcpStream) {
        let (mut sent, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        let mut answers = 0_usize;
        loop {
            let tick = tokio::time::sleep(Duration::from_millis(500));
            let done = tokio::select! {
                () = tick => if self.fault() == Fault::Refuses { Err(std::io::ErrorKind::ConnectionReset.into()) } else { Ok(1) },
                read = near.read(&mut sent) => match read {
                    Ok(count) if count > 0 => far.write_all(&sent[..count]).await.map(|()| count),
                    ended => ended,
                },
                read = far.read(&mut answered) => match read {
                    Ok(count) if count > 0 => {
                        answers += 1;
                        self.answer(&mut near, &answered[..count], answers).await.map(|()| count)
                    }
                    ended => ended,
                },
            };
            if !matches!(done, Ok(count) if count > 0) {
                return;
            }
        }
    }

    async fn answer(&self, near: &mut TcpStream, bytes: &[u8], number: usize) -> std::io::Result<()> {
        let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        match self.fault() {
            Fault::None => near.write_all(bytes).await,
            Fault::Refuses => Err(broken()),
            Fault::Cuts if number.is_multiple_of(8) => {
                near.write_all(&bytes[..bytes.len() / 2]).await?;
                Err(broken())
            }
            Fault::Garbles if number.is_multiple_of(8) => {
                near.write_all(b"\x00\x01 nonsense\r\n\r\n").await?;
                Err(broken())
            }
            Fault::Cuts | Fault::Garbles => near.write_all(bytes).await,
            Fault::Drips => {
                for piece in bytes.chunks(bytes.len().div_ceil(4)) {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    near.write_all(piece).await?;
                }
                Ok(())
            }
        }
    }
}
