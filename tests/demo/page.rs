//! The task list's process, as whoever runs it starts it: its client at the issuer, and its settings.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::free_port;
use crate::support::issuer::{AUDIENCE, Issuer, SECRET};
use crate::support::people::Client;

/// The page's client.
pub const CLIENT: &str = "task-list";
/// What the gateway is told so that this client may work for all applications.
pub const YAML: &str = "tenancy:\n  all_tenants: { scope: 'tenants:{level}' }\n";

/// A running page; ends with its owner.
pub struct Page {
    child: Child,
    /// Where browsers reach it.
    pub url: String,
}

/// The page's client as its operator sets it up at the issuer.
pub fn client(url: &str) -> Client {
    Client { scope: "tenants:work".into(), callback: Some(format!("{url}signed-in")), lives: None }
}

impl Page {
    /// Registers its client and starts it.
    ///
    /// # Errors
    /// When it ends instead of serving.
    pub fn start(binary: &Path, issuer: &Issuer, engine: &str) -> Result<Self, String> {
        let listen = format!("127.0.0.1:{}", free_port());
        let url = format!("http://{listen}/");
        issuer.register(CLIENT, client(&url));
        let mut child = Command::new(binary)
            .envs([
                ("TASK_LIST_LISTEN", listen.as_str()),
                ("TASK_LIST_ENGINE", engine),
                ("TASK_LIST_ISSUER", issuer.issuer()),
                ("TASK_LIST_CLIENT_ID", CLIENT),
                ("TASK_LIST_CLIENT_SECRET", SECRET),
                ("TASK_LIST_AUDIENCE", AUDIENCE),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("can't start {}: {e}", binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines().map_while(Result::ok);
        let page = Self { child, url };
        if lines.any(|line| line.contains("listening on")) {
            std::thread::spawn(move || lines.for_each(drop));
            Ok(page)
        } else {
            Err("the task list ended instead of serving".into())
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
