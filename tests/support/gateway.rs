//! The gateway's own process, as an operator starts it: five flags, perhaps a file and an environment.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use super::api::{Api, Reply};

/// How a gateway is to be started.
pub struct Plan {
    binary: PathBuf,
    flags: Vec<String>,
    env: Vec<(String, String)>,
    config: Option<String>,
}

impl Plan {
    /// `serve` with its five flags and nothing else.
    pub fn new(binary: impl AsRef<Path>, engine_url: &str, issuer: &str, audience: &str) -> Self {
        let mut plan = Self::without_issuer(binary, engine_url);
        plan.flags.extend(["--issuer", issuer, "--audience", audience].map(str::to_owned));
        plan
    }

    /// `serve` with its first three flags: the issuers are the file's.
    pub fn without_issuer(binary: impl AsRef<Path>, engine_url: &str) -> Self {
        let mut plan = Self::bare(binary);
        plan.flags.extend(["--engine-url", engine_url].map(str::to_owned));
        plan
    }

    /// `serve` on ports of its own: the engine is the file's, too.
    pub fn bare(binary: impl AsRef<Path>) -> Self {
        let flags = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let flags = flags.map(str::to_owned).into();
        Self { binary: binary.as_ref().to_owned(), flags, env: Vec::new(), config: None }
    }

    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a configuration file with this text.
    pub fn config(mut self, yaml: &str) -> Self {
        self.config = Some(yaml.to_owned());
        self
    }

    fn launch_or_end(self) -> Result<Gateway, Ended> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(&self.binary);
        command.args(&self.flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // What the outside world set must not change what a test sees.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
            command.env_remove(name);
        }
        command.envs(self.env);
        if let Some(yaml) = self.config {
            let file = folder.path().join("tenantgate.yaml");
            std::fs::write(&file, yaml).expect("a file");
            command.arg("--config").arg(file);
        }
        let binary = self.binary.display().to_string();
        let mut child = command.spawn().unwrap_or_else(|e| panic!("can't start {binary}: {e}"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (tell, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                let _ = tell.send(line);
            }
        });
        // Drop ends the process on every way out from here.
        let unset = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut gateway = Gateway { child, address: unset, admin: unset, log, _folder: folder };
        let patience = Instant::now() + Duration::from_secs(30);
        while gateway.address == unset || gateway.admin == unset {
            let left = patience.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                let log = format!("the gateway did not tell its addresses:\n{}", gateway.log());
                return Err(Ended { code: gateway.exit_code(), log });
            };
            // The longer text first: it holds the other.
            if let Some(address) = address_after(&line, "admin listening on ") {
                gateway.admin = address;
            } else if let Some(address) = address_after(&line, "listening on ") {
                gateway.address = address;
            }
        }
        Ok(gateway)
    }

    /// Runs it where it should end by itself: its exit code and what it said; fails the test when it serves.
    pub fn finish(self) -> (Option<i32>, String) {
        let text = match self.launch_or_end() {
            Ok(gateway) => panic!("serves at {} instead of ending:\n{}", gateway.address, gateway.log()),
            Err(ended) => ended,
        };
        (text.code, text.log)
    }

    /// Starts it and waits for its two addresses; it need not be ready yet.
    ///
    /// # Errors
    /// With its log when it ended instead.
    pub fn launch(self) -> Result<Gateway, String> {
        self.launch_or_end().map_err(|ended| ended.log)
    }

    /// Starts it and waits until it is ready.
    pub async fn start(self) -> Gateway {
        let gateway = self.launch().unwrap_or_else(|e| panic!("{e}"));
        gateway.ready().await;
        gateway
    }
}

/// A gateway that did not serve.
struct Ended {
    code: Option<i32>,
    log: String,
}

fn address_after(line: &str, words: &str) -> Option<SocketAddr> {
    let rest = line.split(words).nth(1)?;
    let text: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    text.parse().ok()
}

/// A running gateway; ends with its owner.
pub struct Gateway {
    child: Child,
    /// Where applications connect.
    pub address: SocketAddr,
    /// Where the operator connects.
    pub admin: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Gateway {
    /// A client without token.
    pub fn api(&self) -> Api {
        Api::new(&format!("http://{}/engine-rest", self.address))
    }

    /// A client of the admin listener.
    pub fn admin(&self) -> Api {
        Api::new(&format!("http://{}", self.admin))
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The process's id, for signals.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit code, when it ends within a second by itself.
    fn exit_code(&mut self) -> Option<i32> {
        for _ in 0..20 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Waits until `/readyz` answers 200; fails the test after 30 seconds.
    pub async fn ready(&self) {
        let reply = self.readiness(200).await;
        assert_eq!(reply.status, 200, "never ready: {reply}\n{}", self.log());
    }

    /// Asks `/readyz` until it answers that status or 30 seconds are over; the last answer.
    pub async fn readiness(&self, status: u16) -> Reply {
        let patience = Instant::now() + Duration::from_secs(30);
        let admin = self.admin();
        loop {
            let reply = admin.get("/readyz").await;
            if reply.status == status || Instant::now() > patience {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
