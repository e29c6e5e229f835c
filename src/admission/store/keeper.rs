//! The task that keeps the connection to the store, gives places back and renews leases.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    TlsCertificates,
};
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::place::{Keys, Name};
use super::{Shared, StoreFault, locked, milliseconds};
use crate::causes;
use crate::config;

/// Between two attempts to reach a store that is away.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest time for a connection, and for what the task itself asks: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Places given back with one request to the store.
const TOGETHER: usize = 512;

/// What requests tell the task.
pub(super) enum Told {
    /// A request has ended, or its client has left and the engine may go on for so long.
    Ended { keys: Arc<Keys>, name: Name, goes_on: Option<Duration> },
    /// The store did not answer over the connection with that number.
    Broken { epoch: u64, why: String },
}

/// The task, before it is started.
pub(crate) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) told: mpsc::UnboundedReceiver<Told>,
}

/// Reads the settings; connects to nothing.
pub(super) fn client(store: &config::Store, address: &config::StoreAddress) -> Result<Client, StoreFault> {
    let (host, port) = (address.host.clone(), address.port);
    let at = if address.tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let mut login = RedisConnectionInfo::default().set_db(address.database);
    if let Some(user) = &store.username {
        login = login.set_username(user);
    }
    if let Some(password) = &store.password {
        login = login.set_password(password.expose_secret());
    }
    let info: ConnectionInfo = at.into_connection_info()?.set_redis_settings(login);
    if !address.tls {
        return Ok(Client::open(info)?);
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: store.authorities.clone() };
    Ok(Client::build_with_tls(info, certificates)?)
}

/// What ended the use of a connection.
enum Ended {
    /// Nobody counts in this store any more.
    Unused,
    Broken(String),
}

impl Keeper {
    /// Looks for the store and keeps the connection, until nobody counts there any more.
    pub(in crate::admission) async fn run(mut self) {
        let mut told = false;
        for epoch in 0.. {
            let why = match self.connect().await {
                Ok(connection) => {
                    tracing::info!("the store of the limits answers: all replicas count together");
                    told = false;
                    *locked(&self.shared.connection) = Some((epoch, connection.clone()));
                    let ended = self.keep(epoch, connection).await;
                    self.shared.away(epoch);
                    match ended {
                        Ended::Unused => return,
                        Ended::Broken(why) => why,
                    }
                }
                Err(why) => why,
            };
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(why, "the store of the limits is away: each replica counts by itself");
            }
            if !self.wait().await {
                return;
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        let connect = async {
            // No times of the library's own: those of the settings hold.
            let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            // Loaded here, so that what is asked in one go with others is known.
            self.shared.hold.load_async(&mut connection).await?;
            Ok(connection)
        };
        match tokio::time::timeout(PATIENCE, connect).await {
            Ok(connected) => connected.map_err(|error: redis::RedisError| causes::in_full(&error)),
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        }
    }

    /// A pause in which nothing is kept: what ends now ends in the store with its lease. False: nobody counts any more.
    async fn wait(&mut self) -> bool {
        let until = Instant::now() + PAUSE;
        loop {
            match tokio::time::timeout_at(until, self.told.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Gives back and renews over one connection.
    async fn keep(&mut self, epoch: u64, mut connection: MultiplexedConnection) -> Ended {
        // The first at once: a store that was started anew has forgotten all places.
        let mut renew = tokio::time::interval(self.shared.lease / 3);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = Vec::new();
        loop {
            let mut together = redis::pipe();
            tokio::select! {
                count = self.told.recv_many(&mut told, TOGETHER) => {
                    if count == 0 {
                        return Ended::Unused;
                    }
                    for told in told.drain(..) {
                        match told {
                            Told::Ended { keys, name, goes_on } => self.end(&mut together, &keys, &name, goes_on),
                            Told::Broken { epoch: of, why } if of == epoch => return Ended::Broken(why),
                            Told::Broken { .. } => {}
                        }
                    }
                }
                _ = renew.tick() => self.renew(&mut together),
            }
            let why = match tokio::time::timeout(PATIENCE, together.exec_async(&mut connection)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => causes::in_full(&error),
                Err(_) => format!("no answer within {PATIENCE:?}"),
            };
            return Ended::Broken(why);
        }
    }

    fn end(&self, together: &mut redis::Pipeline, keys: &Keys, name: &str, goes_on: Option<Duration>) {
        together.cmd("ZREM").arg(&keys.places).arg(name).ignore();
        if let Some(goes_on) = goes_on {
            self.hold(together, &keys.left, name, goes_on);
        }
    }

    fn renew(&self, together: &mut redis::Pipeline) {
        for (name, keys) in locked(&self.shared.held).iter() {
            self.hold(together, &keys.places, name, self.shared.lease);
        }
        // With nothing to renew, it shows whether the store is there.
        together.cmd("PING").ignore();
    }

    fn hold(&self, together: &mut redis::Pipeline, key: &str, name: &str, time: Duration) {
        let hold = self.shared.hold.get_hash();
        together.cmd("EVALSHA").arg(hold).arg(1).arg(key).arg(milliseconds(time)).arg(name).ignore();
    }
}
