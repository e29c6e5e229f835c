//! The task that keeps the connection to the store, gives places back and renews leases.

use std::collections::VecDeque;
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
use super::{HOLD, Shared, StoreFault, TAKE, locked, milliseconds};
use crate::causes;
use crate::config;

/// Between two attempts to reach a store that is away.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest time for a connection, and for what the task itself asks: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Places given back with one request to the store.
const TOGETHER: usize = 512;
/// Most places that wait for a store that is away; of more, the leases end.
const MOST_ENDED: usize = 65_536;

/// A request that has ended.
pub(super) struct Ended {
    pub(super) keys: Arc<Keys>,
    pub(super) name: Name,
    /// Its client has left, and the engine may go on until then.
    pub(super) goes_on_until: Option<std::time::Instant>,
}

/// What requests say to the task.
pub(super) enum Notice {
    Ended(Ended),
    /// The store did not answer over the connection with that number.
    Broken {
        epoch: u64,
        why: String,
    },
}

/// The task, before it is started.
pub(crate) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) notices: mpsc::UnboundedReceiver<Notice>,
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
enum Over {
    /// Nobody counts in this store any more.
    Unused,
    Broken(String),
}

impl Keeper {
    /// Looks for the store and keeps the connection, until nobody counts there any more.
    pub(in crate::admission) async fn run(mut self) {
        let mut warned = false;
        let mut ended = VecDeque::new();
        for epoch in 0.. {
            let why = match self.connect().await {
                Ok(connection) => {
                    tracing::info!("the store of the limits answers: all replicas count together");
                    warned = false;
                    *locked(&self.shared.connection) = Some((epoch, connection.clone()));
                    let over = self.keep(epoch, connection, &mut ended).await;
                    self.shared.away(epoch);
                    match over {
                        Over::Unused => return,
                        Over::Broken(why) => why,
                    }
                }
                Err(why) => why,
            };
            if !std::mem::replace(&mut warned, true) {
                tracing::warn!(why, "the store of the limits is away: each replica counts by itself");
            }
            if !self.wait(&mut ended).await {
                return;
            }
        }
    }

    /// A connection to a store that can count: one that can only be read, say, is as good as none.
    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        let connect = async {
            // No times of the library's own: those of the settings hold.
            let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            // Both are asked for by their hashes later.
            for (script, code) in [(&self.shared.take, TAKE), (&self.shared.hold, HOLD)] {
                let hash: String =
                    redis::cmd("SCRIPT").arg("LOAD").arg(code).query_async(&mut connection).await?;
                if hash != script.get_hash() {
                    return Err((redis::ErrorKind::UnexpectedReturnType, "it does not load scripts").into());
                }
            }
            let probe = Keys::of_probe(&self.shared.prefix);
            let mut asked = self.shared.take.key(&probe.rate);
            asked.key(&probe.places).key(&probe.left);
            asked.arg(self.shared.step).arg(u32::MAX).arg(1000).arg(&self.shared.replica);
            asked.invoke_async::<(u8, u64)>(&mut connection).await?;
            let mut together = redis::pipe();
            self.hold(&mut together, &probe.left, &self.shared.replica, Duration::from_secs(1));
            together.cmd("ZREM").arg(&probe.places).arg(&self.shared.replica).ignore();
            together.exec_async(&mut connection).await?;
            Ok(connection)
        };
        match tokio::time::timeout(PATIENCE, connect).await {
            Ok(connected) => connected.map_err(|error: redis::RedisError| causes::in_full(&error)),
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        }
    }

    /// A pause, in which requests end. False: nobody counts any more.
    async fn wait(&mut self, ended: &mut VecDeque<Ended>) -> bool {
        let until = Instant::now() + PAUSE;
        loop {
            match tokio::time::timeout_at(until, self.notices.recv()).await {
                Ok(Some(Notice::Ended(one))) => keep(ended, one),
                Ok(Some(Notice::Broken { .. })) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Gives back and renews over one connection. What has ended stays in `ended` until the store knows: a place that is not
    /// given back would be missing for the rest of its lease, after each hiccup of the store.
    async fn keep(
        &mut self,
        epoch: u64,
        mut connection: MultiplexedConnection,
        ended: &mut VecDeque<Ended>,
    ) -> Over {
        // The first at once: a store that was started anew has forgotten all places.
        let mut renew = tokio::time::interval(self.shared.lease / 3);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut notices = Vec::new();
        loop {
            let mut together = redis::pipe();
            if ended.is_empty() {
                tokio::select! {
                    count = self.notices.recv_many(&mut notices, TOGETHER) => {
                        if count == 0 {
                            return Over::Unused;
                        }
                    }
                    _ = renew.tick() => self.renew(&mut together),
                }
            }
            let mut broken = None;
            for notice in notices.drain(..) {
                match notice {
                    Notice::Ended(one) => keep(ended, one),
                    Notice::Broken { epoch: of, why } if of == epoch => broken = Some(why),
                    Notice::Broken { .. } => {}
                }
            }
            if let Some(why) = broken {
                return Over::Broken(why);
            }
            let count = ended.len().min(TOGETHER);
            ended.iter().take(count).for_each(|one| self.end(&mut together, one));
            let why = match tokio::time::timeout(PATIENCE, together.exec_async(&mut connection)).await {
                Ok(Ok(())) => {
                    ended.drain(..count);
                    continue;
                }
                Ok(Err(error)) => causes::in_full(&error),
                Err(_) => format!("no answer within {PATIENCE:?}"),
            };
            return Over::Broken(why);
        }
    }

    fn end(&self, together: &mut redis::Pipeline, ended: &Ended) {
        together.cmd("ZREM").arg(&ended.keys.places).arg(&ended.name).ignore();
        let left =
            ended.goes_on_until.map(|until| until.saturating_duration_since(std::time::Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.hold(together, &ended.keys.left, &ended.name, left);
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

/// Keeps what the store does not know yet.
fn keep(ended: &mut VecDeque<Ended>, one: Ended) {
    if ended.len() < MOST_ENDED {
        ended.push_back(one);
    }
}
