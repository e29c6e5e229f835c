//! The memory that bodies and answers under way may take together: a flood of large ones is refused, not paid for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Kind, Refusal};

/// Memory is granted in pieces of this size. What is smaller is counted by nobody but the share of its tenant.
pub(crate) const PIECE: usize = 64 * 1024;
/// How long is waited for memory that others give back.
const WAIT: Duration = Duration::from_secs(2);

/// What all share.
#[derive(Clone)]
pub struct Memory {
    pieces: Arc<Semaphore>,
    /// Of those that hold memory already, one may wait for more.
    turn: Arc<Semaphore>,
    all: usize,
}

/// What one was granted; given back when dropped.
pub struct Granted {
    memory: Memory,
    permit: Option<OwnedSemaphorePermit>,
    count: usize,
}

impl Memory {
    /// Memory of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let all = bytes.div_ceil(PIECE);
        Self { pieces: Arc::new(Semaphore::new(all)), turn: Arc::new(Semaphore::new(1)), all }
    }

    /// Nothing granted yet.
    pub fn none(&self) -> Granted {
        Granted { memory: self.clone(), permit: None, count: 0 }
    }

    /// All of it, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.all.saturating_mul(PIECE)
    }

    /// What is granted now, in bytes.
    pub(crate) fn granted(&self) -> usize {
        self.all.saturating_sub(self.pieces.available_permits()).saturating_mul(PIECE)
    }
}

fn used_up() -> Refusal {
    Refusal::new(Kind::Overloaded, "too many large bodies and responses are in progress; try again")
        .retry_after(1)
}

impl Granted {
    /// Takes enough for so many bytes in all; waits a while for what others give back.
    ///
    /// # Errors
    /// [`Kind::Overloaded`], where nobody gave enough back in time. Who holds memory and finds another one waiting that
    /// does gets it at once: else each of two could wait for what the other holds.
    pub(crate) async fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.div_ceil(PIECE).saturating_sub(self.count);
        if more == 0 {
            return Ok(());
        }
        let permits = u32::try_from(more).ok().filter(|_| self.count + more <= self.memory.all);
        let permits = permits.ok_or_else(used_up)?;
        let granted = match self.memory.pieces.clone().try_acquire_many_owned(permits) {
            Ok(granted) => granted,
            Err(_) => self.wait(permits).await?,
        };
        self.count += more;
        match &mut self.permit {
            Some(permit) => permit.merge(granted),
            None => self.permit = Some(granted),
        }
        Ok(())
    }

    async fn wait(&self, permits: u32) -> Result<OwnedSemaphorePermit, Refusal> {
        let _turn = match self.count {
            0 => None,
            _ => Some(self.memory.turn.try_acquire().map_err(|_| used_up())?),
        };
        let waited = tokio::time::timeout(WAIT, self.memory.pieces.clone().acquire_many_owned(permits)).await;
        waited.map_err(|_| used_up())?.map_err(|_| used_up())
    }

    /// The bytes, which give it back when the last of them is dropped.
    pub(crate) fn hold(self, bytes: Bytes) -> Bytes {
        if self.count == 0 { bytes } else { keeping(bytes, self) }
    }
}

struct Kept<T> {
    bytes: Bytes,
    _with: T,
}

impl<T> AsRef<[u8]> for Kept<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes that keep something until the last of them is dropped.
pub(crate) fn keeping(bytes: Bytes, with: impl Send + 'static) -> Bytes {
    Bytes::from_owner(Kept { bytes, _with: with })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(refused: Result<(), Refusal>) -> Kind {
        refused.unwrap_err().kind()
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_granted_until_it_is_used_up_and_given_back() {
        let memory = Memory::new(4 * PIECE);
        let mut first = memory.none();
        first.grow(10).await.unwrap();
        first.grow(3 * PIECE).await.unwrap();
        assert_eq!(memory.granted(), 3 * PIECE);
        let mut second = memory.none();
        second.grow(PIECE).await.unwrap();
        let began = tokio::time::Instant::now();
        let refusal = second.grow(PIECE + 1).await.unwrap_err();
        assert_eq!((refusal.kind(), refusal.retry_after_seconds()), (Kind::Overloaded, Some(1)));
        assert_eq!(began.elapsed(), WAIT);
        drop(first);
        second.grow(PIECE + 1).await.unwrap();
        // What never fits is not waited for.
        assert_eq!(kind(second.grow(5 * PIECE).await), Kind::Overloaded);
        assert_eq!(began.elapsed(), WAIT);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_what_another_gives_back() {
        let memory = Memory::new(4 * PIECE);
        let mut first = memory.none();
        first.grow(4 * PIECE).await.unwrap();
        let mut second = memory.none();
        let (waited, ()) = tokio::join!(second.grow(2 * PIECE), async {
            tokio::time::sleep(WAIT / 2).await;
            drop(first);
        });
        waited.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_that_hold_half_each_one_gives_up_at_once_and_the_other_goes_on() {
        let memory = Memory::new(4 * PIECE);
        let (mut first, mut second) = (memory.none(), memory.none());
        first.grow(2 * PIECE).await.unwrap();
        second.grow(2 * PIECE).await.unwrap();
        let began = tokio::time::Instant::now();
        let (waited, refused) = tokio::join!(first.grow(3 * PIECE), async move {
            let refused = second.grow(3 * PIECE).await;
            drop(second);
            refused
        });
        waited.unwrap();
        assert_eq!(kind(refused), Kind::Overloaded);
        assert!(began.elapsed() < WAIT / 10);
    }

    #[tokio::test]
    async fn what_is_held_is_counted_until_its_last_slice_is_dropped() {
        let memory = Memory::new(4 * PIECE);
        let mut granted = memory.none();
        granted.grow(2 * PIECE).await.unwrap();
        let whole = granted.hold(Bytes::from_static(b"[1,2]"));
        let slice = whole.slice(1..2);
        drop(whole);
        assert_eq!((slice.as_ref(), memory.granted()), (&b"1"[..], 2 * PIECE));
        drop(slice);
        assert_eq!(memory.granted(), 0);
    }
}
