//! How commands end.

use std::process::ExitCode;

/// How a command ended. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done as asked.
    Ok,
    /// 1: something failed on the way: an address in use, a file that can't be written.
    Failed,
    /// 2: the command line can't be understood.
    Usage,
    /// 3: findings that stop the start, or a request that would be refused.
    Findings,
}

impl Exit {
    /// The number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
