//! The engine's own XML parser, as a process: what it makes of a file.
//!
//! In: a file. Out: its elements as the engine sees them, or that the engine refuses it. Runs
//! `tests/engine/tools/Models.java` on the libraries in `TENANTGATE_ENGINE_LIBRARIES` (`tests/run` and `fuzz/run` set
//! it); without the variable nothing is compared.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Namespace, name, text, and attributes as namespace, name and value.
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) local: String,
    pub(super) text: String,
    pub(super) attributes: Vec<(String, String, String)>,
}

struct Reader {
    // Ends with its input, so with this process.
    _process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

/// The words that run a program of `tests/engine/tools`, if the libraries are there.
pub(crate) fn command(program: &str) -> Option<Command> {
    let libraries = std::env::var("TENANTGATE_ENGINE_LIBRARIES").ok()?;
    let mut command = Command::new("java");
    // The engine's own classes lie beside its libraries.
    let path = format!("{libraries}/*:{libraries}/../classes");
    command.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", &path]);
    command.arg(format!("{}/tests/engine/tools/{program}.java", env!("CARGO_MANIFEST_DIR")));
    Some(command)
}

/// What the engine makes of that file; `strict`: by BPMN's schema, as at a deployment (slow). `None`: there is no
/// engine to ask. `Some(None)`: it refuses.
pub(super) fn read(file: &[u8], strict: bool) -> Option<Option<Vec<Element>>> {
    static READER: OnceLock<Option<Mutex<Reader>>> = OnceLock::new();
    let reader = READER.get_or_init(|| {
        let mut command = command("Models")?;
        command.arg("read").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("java starts");
        let (input, output) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        Some(Mutex::new(Reader { _process: process, input, output }))
    });
    let mut reader = reader.as_ref()?.lock().expect("no test broke off");
    Some(reader.ask(file, strict).expect("the engine's parser answers"))
}

impl Reader {
    fn ask(&mut self, file: &[u8], strict: bool) -> io::Result<Option<Vec<Element>>> {
        self.input.write_all(&[u8::from(strict)])?;
        self.input.write_all(&u32::try_from(file.len()).map_err(io::Error::other)?.to_be_bytes())?;
        self.input.write_all(file)?;
        self.input.flush()?;
        let Ok(count) = u32::try_from(self.number()?) else { return Ok(None) };
        (0..count).map(|_| self.element()).collect::<io::Result<_>>().map(Some)
    }

    fn element(&mut self) -> io::Result<Element> {
        let (namespace, local, text) = (self.text()?, self.text()?, self.text()?);
        let count = self.number()?;
        let attributes = (0..count).map(|_| Ok((self.text()?, self.text()?, self.text()?)));
        Ok(Element { namespace, local, text, attributes: attributes.collect::<io::Result<_>>()? })
    }

    fn number(&mut self) -> io::Result<i32> {
        let mut bytes = [0; 4];
        self.output.read_exact(&mut bytes)?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<String> {
        let length = usize::try_from(self.number()?).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }
}
