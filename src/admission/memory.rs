//! The memory that bodies under way may take together: a flood of large ones is refused, not paid for.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Kind, Refusal};

/// Memory is granted in pieces of this size.
const PIECE: usize = 64 * 1024;

/// What all bodies share.
pub struct Memory {
    pieces: Arc<Semaphore>,
}

/// What one body was granted; given back when dropped.
pub struct Granted {
    pieces: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
    count: usize,
}

impl Memory {
    /// Memory of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { pieces: Arc::new(Semaphore::new(bytes.div_ceil(PIECE))) }
    }

    /// Nothing granted yet.
    pub fn none(&self) -> Granted {
        Granted { pieces: self.pieces.clone(), permit: None, count: 0 }
    }
}

impl Granted {
    /// Takes enough for so many bytes in all.
    ///
    /// # Errors
    /// [`Kind::Overloaded`], at once: waiting would hold what others wait for.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.div_ceil(PIECE).saturating_sub(self.count);
        let Some(more) = u32::try_from(more).ok().filter(|m| *m > 0) else { return Ok(()) };
        let granted = self.pieces.clone().try_acquire_many_owned(more).map_err(|_| {
            let what = "too many large bodies are in progress; try again";
            Refusal::new(Kind::Overloaded, what).retry_after(1)
        })?;
        self.count += more as usize;
        match &mut self.permit {
            Some(permit) => permit.merge(granted),
            None => self.permit = Some(granted),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_granted_until_it_is_used_up_and_given_back() {
        let memory = Memory::new(4 * PIECE);
        let mut first = memory.none();
        first.grow(10).unwrap();
        first.grow(3 * PIECE).unwrap();
        let mut second = memory.none();
        second.grow(PIECE).unwrap();
        assert_eq!(second.grow(PIECE + 1).unwrap_err().kind(), Kind::Overloaded);
        drop(first);
        second.grow(PIECE + 1).unwrap();
    }
}
