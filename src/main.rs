//! The `tenantgate` program: parse the arguments, run the command, tell the outcome by the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    tenantgate::cli::main().into()
}
