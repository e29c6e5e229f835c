//! Programs under load, and what they cost.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::api::Api;
use crate::support::free_port;
use crate::support::issuer::AUDIENCE;

/// What is asked with a token that was seen.
pub const CASES: [(&str, &str); 4] = [
    ("version", "/version"),
    ("list", LIST),
    ("by key", "/process-definition/key/order"),
    ("by id", "/task/0b6f3a52-9d0c-11f0-8de9-0242ac120002"),
];
/// What is asked with any token.
pub const LIST: &str = "/task?maxResults=10";
/// What the engine answers it.
pub const TASK: &str = r#"[{"id":"0b6f3a52-9d0c-11f0-8de9-0242ac120002","name":"Approve","assignee":null,"created":"2026-11-23T10:00:00.000+0000","due":null,"followUp":null,"lastUpdated":null,"delegationState":null,"description":null,"executionId":"0b6f3a4e-9d0c-11f0-8de9-0242ac120002","owner":null,"parentTaskId":null,"priority":50,"processDefinitionId":"order:1:0b6aa65d-9d0c-11f0-8de9-0242ac120002","processInstanceId":"0b6f134d-9d0c-11f0-8de9-0242ac120002","taskDefinitionKey":"approve","caseExecutionId":null,"caseInstanceId":null,"caseDefinitionId":null,"suspended":false,"formKey":null,"camundaFormRef":null,"tenantId":"app-one","taskState":"Created"}]"#;

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

/// An engine that answers with one record, and the issuer of the key in `jwks.json`.
pub fn engine(folder: &Path, port: u16) -> Running {
    let record = TASK.trim_matches(['[', ']']);
    let text = format!(
        "server {{ listen 127.0.0.1:{port} backlog=1024; default_type application/json;\n\
         location = /.well-known/jwks.json {{ root {0}; try_files /jwks.json =404; }}\n\
         location ~ ^/engine-rest/(task/.|process-definition/) {{ return 200 '{record}'; }}\n\
         location / {{ return 200 '{TASK}'; }} }}",
        folder.display()
    );
    nginx(folder, "backend", &text)
}

/// A script for wrk that asks `most` times, with these tokens in turn.
pub fn script(folder: &Path, name: &str, tokens: &[String], most: usize) -> PathBuf {
    let list = folder.join(format!("{name}.txt"));
    std::fs::write(&list, tokens.join("\n")).unwrap();
    let file = folder.join(format!("{name}.lua"));
    let lua = format!(
        "local all, n, at = {{}}, 0, 0\n\
         for l in io.lines('{}') do n = n + 1; all[n] = l end\n\
         local sent = 0\n\
         request = function()\n\
           at = at % n + 1; sent = sent + 1\n\
           if sent >= {most} then wrk.thread:stop() end\n\
           local lines = {{['Authorization'] = 'Bearer ' .. all[at], ['Accept'] = 'application/json'}}\n\
           return wrk.format('GET', nil, lines)\n\
         end\n",
        list.display()
    );
    std::fs::write(&file, lua).unwrap();
    file
}

/// What a run of wrk has shown; all requests were answered well.
pub struct Wrk {
    /// How many requests.
    pub requests: u32,
    said: String,
}

impl Wrk {
    /// The time within which so many requests were answered (`50%`), in milliseconds.
    pub fn percentile(&self, name: &str) -> f64 {
        let time = self.said.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
        let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
        let milliseconds = time.and_then(|time| {
            units
                .iter()
                .find_map(|(unit, factor)| Some(time.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
        });
        milliseconds.unwrap_or_else(|| panic!("no {name}: {}", self.said))
    }
}

/// Loads `port` by one thread.
pub fn wrk(name: &str, port: u16, path: &str, script: &Path, flags: &[&str]) -> Wrk {
    let url = format!("http://127.0.0.1:{port}/engine-rest{path}");
    let done =
        Command::new("wrk").arg("-t1").args(flags).arg("-s").arg(script).arg(&url).output().expect("wrk");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{name}: {said}");
    let count = said.lines().find_map(|l| l.trim().split(" requests in").next()?.parse::<u32>().ok());
    Wrk { requests: count.unwrap_or_else(|| panic!("{name}: {said}")), said }
}

/// Loads `port` by sixteen connections for a second, and says how many requests were answered.
pub fn asked(name: &str, port: u16, path: &str, script: &Path) -> u32 {
    wrk(name, port, path, script, &["-c16", "-d1s"]).requests
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
        Self::before(binary, folder, backend, backend, more)
    }

    /// The same, with an issuer of its own.
    pub fn before(binary: &str, folder: &Path, engine: u16, issuer: u16, more: &[&str]) -> Self {
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
            ("--engine-url", format!("http://127.0.0.1:{engine}/engine-rest")),
            ("--issuer", format!("http://127.0.0.1:{issuer}/")),
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
