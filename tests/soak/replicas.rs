//! Three replicas of the gateway behind HAProxy. The first is never restarted: what grows is seen by it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::api::Api;
use crate::support::free_port;
use crate::support::issuer::AUDIENCE;

/// Longest time that a replica may take to end: its delay and its grace, and a little more.
const TO_END: Duration = Duration::from_secs(35);

/// A replica: a process, and how to start the next one in its place.
pub struct Replica {
    name: String,
    folder: PathBuf,
    flags: Vec<String>,
    pub listen: u16,
    pub admin: u16,
    child: Child,
}

impl Replica {
    fn start(folder: &Path, name: &str, engine: SocketAddr, issuer: &str, jwks: &str) -> Self {
        let [listen, admin] = [free_port(), free_port()];
        let flags = [
            ("--listen", format!("127.0.0.1:{listen}")),
            ("--admin-listen", format!("127.0.0.1:{admin}")),
            ("--engine-url", format!("http://{engine}/engine-rest")),
            ("--issuer", issuer.to_owned()),
            ("--audience", AUDIENCE.to_owned()),
            ("--jwks-url", jwks.to_owned()),
            ("--config", folder.join("replica.yaml").display().to_string()),
        ];
        let flags = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        let (name, folder) = (name.to_owned(), folder.to_owned());
        let child = spawn(&folder, &name, &flags);
        Self { name, folder, flags, listen, admin, child }
    }

    /// Ends it as Kubernetes does, waits until it has ended, and starts the next one at its addresses.
    pub async fn restart(&mut self) {
        self.replace().await;
        self.ready().await;
        // HAProxy must have seen it before the next one goes.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// The same, but does not wait for the next one, which may not become ready for some time.
    pub async fn replace(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < TO_END, "{} does not end", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("  {} ended after {:.1} s", self.name, began.elapsed().as_secs_f64());
        self.child = spawn(&self.folder, &self.name, &self.flags);
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        let patience = Instant::now() + Duration::from_secs(30);
        let admin = Api::new(&format!("http://127.0.0.1:{}", self.admin));
        while !admin
            .try_send(reqwest::Method::GET, "/readyz", &[], Vec::new())
            .await
            .is_ok_and(|reply| reply.status == 200)
        {
            assert!(Instant::now() < patience, "{} is never ready", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Memory that it holds, in MiB.
    pub fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Files and connections that it holds.
    pub fn open(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// What it logged, all of its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, name: &str, flags: &Vec<String>) -> Child {
    let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenantgate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
        command.env_remove(name);
    }
    command.arg("serve").args(flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().unwrap()
}

/// All of them, and the one address that clients know.
pub struct Fleet {
    pub replicas: Vec<Replica>,
    pub address: String,
    balancer: Child,
}

impl Fleet {
    /// Starts everything and waits until it is ready.
    pub async fn start(folder: &Path, engine: SocketAddr, issuer: &str, jwks: &str) -> Self {
        // A batch handle is good at every replica only with one key for all.
        let key = folder.join("batch.key");
        std::fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
        let settings = format!(
            "tenancy: {{batch_key_files: ['{}']}}\nlimits: {{workers: 1}}\nengine: {{timeout: 10s}}\n\
             keys: {{renew_every: 10s, cooldown: 1s, timeout: 2s}}\nlog: {{filter: 'info,tenantgate::access=off,tenantgate::audit=off'}}\n",
            key.display()
        );
        std::fs::write(folder.join("replica.yaml"), settings).unwrap();
        let start = |name: &str| Replica::start(folder, name, engine, issuer, jwks);
        let replicas: Vec<_> = ["stays", "restarts-1", "restarts-2"].map(start).into();
        for replica in &replicas {
            replica.ready().await;
        }
        let port = free_port();
        let servers: String = replicas
            .iter()
            .map(|r| {
                format!(
                    "  server {} 127.0.0.1:{} check port {} inter 250ms fall 1 rise 1\n",
                    r.name, r.listen, r.admin
                )
            })
            .collect();
        let text = format!(
            "global\n  maxconn 4000\ndefaults\n  mode http\n  timeout client 120s\n  timeout server 120s\n  timeout connect 2s\n\
             \x20 option redispatch\n  retries 3\nfrontend f\n  bind 127.0.0.1:{port}\n  default_backend b\n\
             backend b\n  balance roundrobin\n  http-reuse safe\n  option httpchk GET /readyz\n{servers}"
        );
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap());
        let mut balancer = Command::new("haproxy");
        balancer.env("PATH", path).arg("-db").arg("-f").arg(&file);
        let balancer = balancer.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("haproxy");
        tokio::time::sleep(Duration::from_secs(2)).await;
        Self { replicas, address: format!("http://127.0.0.1:{port}/engine-rest"), balancer }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.balancer.kill();
        let _ = self.balancer.wait();
    }
}
