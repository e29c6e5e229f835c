//! Why an answer of the engine can't be had.

use std::io;

use crate::http1::Malformed;

/// An answer that can be read in more than one way, or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// Not a status line and header lines, each ended by CR LF.
    #[error("its head can't be read")]
    Head,
    /// More bytes or lines than a head may have.
    #[error("its head is too long")]
    LongHead,
    /// More than one length, or a length and chunks, or something that is neither.
    #[error("its length is ambiguous")]
    Framing,
    /// A status that has no answer behind it, or never ends.
    #[error("its status is not a final one")]
    Status,
    /// A chunk's size, end or trailer is not written as it must be.
    #[error("its chunks can't be read")]
    Chunk,
    /// Something came, or the connection ended, before anything was asked.
    #[error("it comes before the request")]
    Unasked,
    /// The connection ended before the answer did.
    #[error("it ends too early")]
    CutOff,
}

impl From<Malformed> for Broken {
    fn from(fault: Malformed) -> Self {
        match fault {
            Malformed::Head => Self::Head,
            Malformed::LongHead => Self::LongHead,
            Malformed::Framing => Self::Framing,
            Malformed::Chunk => Self::Chunk,
        }
    }
}

impl Broken {
    /// The connection ended or could not be used, and nothing of an answer that came is wrong.
    fn is_cut_off(self) -> bool {
        matches!(self, Self::CutOff | Self::Unasked)
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// The answer.
    #[error("the engine's answer is broken: {0}")]
    Broken(#[from] Broken),
    /// The connection.
    #[error("the connection broke")]
    Connection(#[from] io::Error),
}

impl ExchangeError {
    /// The connection ended, and nothing of an answer that came is wrong.
    pub(crate) fn is_cut_off(&self) -> bool {
        match self {
            Self::Broken(broken) => broken.is_cut_off(),
            Self::Connection(_) => true,
        }
    }
}
