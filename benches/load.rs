//! Programs under load, and what they cost.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::api::Api;
use crate::support::free_port;
use crate::support::issuer::AUDIENCE;

/// A process that ends with its owner.
pub struct Running(pub Child);

impl Running {
    /// Starts it; nobody reads what it says.
    pub fn start(command: &mut Command) -> Self {
        Self::with(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Starts it.
    pub fn with(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's workers end with a master that is told to, not with one that is killed.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// An nginx with one worker.
pub fn nginx(folder: &Path, name: &str, http: &str) -> Running {
    let file = folder.join(format!("{name}.conf"));
    let text = format!(
        "daemon off; worker_processes 1; pid {name}.pid; error_log {name}.error;\n\
         events {{ worker_connections 1024; }}\nhttp {{ keepalive_requests 10000000; access_log off;\n{http} }}\n"
    );
    std::fs::write(&file, text).unwrap();
    Running::start(Command::new("nginx").arg("-p").arg(folder).arg("-c").arg(&file))
}

/// CPU of a process and its children so far, in nanoseconds: the scheduler's own sum, as ticks miss short turns.
pub fn spent(pid: u32) -> u64 {
    let entries = |path: &str| {
        let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let parent = |pid: &str| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold blanks: state, parent.
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let of_thread = |path: String| {
        let text = std::fs::read_to_string(path).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    let own =
        entries("/proc").into_iter().filter(|name| *name == pid.to_string() || parent(name) == Some(pid));
    own.flat_map(|name| {
        let threads = format!("/proc/{name}/task");
        entries(&threads).into_iter().filter_map(move |t| of_thread(format!("{threads}/{t}/schedstat")))
    })
    .sum()
}

/// Memory that a process holds, in MiB.
pub fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap() / 1024.0
}

/// The gateway's program in the release profile, as `benches/run` builds it.
pub fn binary() -> String {
    std::env::var("TENANTGATE_TEST_BINARY").expect("run `make bench`: it names the program to measure")
}

/// A file to log to, as all of them do: who read a pipe would take part of the time.
pub fn log(folder: &Path, name: &str) -> File {
    File::create(folder.join(name)).unwrap()
}

/// The gateway's process, with one worker.
pub struct Gateway {
    running: Running,
    /// Where applications connect.
    pub port: u16,
    admin: u16,
}

impl Gateway {
    /// Starts it before an engine that is its issuer, too, and waits until it is ready.
    pub fn start(binary: &str, folder: &Path, backend: u16) -> Self {
        Self::with(binary, folder, backend, &[])
    }

    /// The same, with more flags.
    pub fn with(binary: &str, folder: &Path, backend: u16, more: &[&str]) -> Self {
        let [port, admin] = [free_port(), free_port()];
        let mut command = Command::new(binary);
        command.arg("serve");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTGATE_")) {
            command.env_remove(name);
        }
        command.env("TENANTGATE_LIMITS__WORKERS", "1");
        for (flag, value) in [
            ("--listen", format!("127.0.0.1:{port}")),
            ("--admin-listen", format!("127.0.0.1:{admin}")),
            ("--engine-url", format!("http://127.0.0.1:{backend}/engine-rest")),
            ("--issuer", format!("http://127.0.0.1:{backend}/")),
            ("--audience", AUDIENCE.to_owned()),
        ] {
            command.args([flag, &value]);
        }
        command.args(more);
        let running = Running::with(command.stdout(Stdio::null()).stderr(log(folder, "gateway.log")));
        let gateway = Self { running, port, admin };
        let patience = Instant::now() + Duration::from_secs(30);
        while gateway.ask("/readyz").is_none() {
            let log = || std::fs::read_to_string(folder.join("gateway.log")).unwrap_or_default();
            assert!(Instant::now() < patience, "the gateway is not ready:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        gateway
    }

    /// A page of the admin listener, if it is there.
    pub fn ask(&self, path: &str) -> Option<String> {
        let api = Api::new(&format!("http://127.0.0.1:{}", self.admin));
        let reply = tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(async { api.try_send(reqwest::Method::GET, path, &[], Vec::new()).await });
        reply.ok().filter(|reply| reply.status == 200).map(|reply| reply.text())
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.running.0.id()
    }
}
