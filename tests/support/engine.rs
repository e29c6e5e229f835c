//! The one real engine of a test run.
//!
//! `make test` starts it and tells its address in `TENANTGATE_TEST_ENGINE`; under a plain `cargo test` it is
//! started here. It ends with this process however that ends: it hangs on a pipe that only this process holds.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use super::api::Api;

/// Runs its arguments until its own input ends, then ends them by their id. The program's output is passed on.
/// A Ctrl-C reaches this shell too; were it to die of it, nobody would end the program.
const KEEPER: &str = r#""$@" </dev/null & child=$!
trap '' INT TERM HUP
exec >/dev/null 2>&1
cat
kill $child
wait $child"#;

/// An engine that this process started.
pub struct Engine {
    keeper: Child,
    url: String,
}

impl Engine {
    /// Starts `engine.jar` on a free port and waits until it serves; takes about 10 seconds.
    ///
    /// # Errors
    /// When there is no Java, no jar, or the engine ends instead of serving.
    pub fn start() -> Result<Self, String> {
        let jar = project().join("tests/engine/target/engine.jar");
        if !jar.exists() {
            return Err(format!("{} is missing: run `make engine`", jar.display()));
        }
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh", "java", "-XX:TieredStopAtLevel=1", "-jar"])
            .arg(&jar)
            .env("ENGINE_PORT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|e| format!("can't start the engine: {e}"))?;
        let output = BufReader::new(keeper.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        let port = lines.find_map(|l| {
            let rest = l.split("Tomcat started on port ").nth(1)?;
            rest.split(' ').next()?.parse::<u16>().ok()
        });
        // Keep reading, or the engine would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        match port {
            Some(port) => Ok(Self { keeper, url: format!("http://127.0.0.1:{port}/engine-rest") }),
            None => {
                let _ = keeper.kill();
                Err("the engine ended before it served".into())
            }
        }
    }

    /// The address of its REST interface.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Its input ends, so the keeper ends the engine.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The address of the engine's REST interface; starts one when the environment names none.
pub fn url() -> String {
    static URL: OnceLock<String> = OnceLock::new();
    static KEPT: Mutex<Option<Engine>> = Mutex::new(None);
    let start = || {
        let engine = Engine::start().unwrap_or_else(|e| panic!("{e}"));
        let url = engine.url.clone();
        // A static is never dropped, so its pipe lives exactly as long as this process.
        *KEPT.lock().unwrap() = Some(engine);
        url
    };
    let named = std::env::var("TENANTGATE_TEST_ENGINE").ok().filter(|u| !u.is_empty());
    URL.get_or_init(|| named.unwrap_or_else(start)).clone()
}

/// A client of the engine itself.
pub fn api() -> Api {
    Api::new(&url())
}

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
