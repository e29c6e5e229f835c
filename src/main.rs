//! The `tenantgate` program: parse the arguments, run the command, tell the outcome by the exit code.

use std::process::ExitCode;

/// A request takes many small pieces of memory for a short time: the system's allocator cost a tenth of it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tenantgate::cli::main().into()
}
