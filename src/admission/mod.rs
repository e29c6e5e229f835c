//! Who may come in now: each tenant's share of requests and its rate, and the memory that bodies and answers may take together.

mod memory;
mod rate;
mod shares;

pub(crate) use memory::{Granted, Memory, PIECE, keeping};
pub(crate) use rate::Rates;
pub(crate) use shares::{Share, Shares};
