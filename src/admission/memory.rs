//! The memory that bodies and answers under way may take together: a flood of large ones is refused, not paid for. One tenant
//! has a part of it: by bodies that end slowly, and answers that it does not read, it could hold all of it as long as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Kind, Refusal};
use crate::tenancy::ShareOf;

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
    parts: Arc<Parts>,
    /// Whose part it is taken of; none: the gateway's own questions, which end as soon as the engine has answered.
    of: Option<ShareOf>,
}

/// What each tenant holds.
struct Parts {
    /// Most pieces of one.
    most: usize,
    held: Mutex<HashMap<ShareOf, usize>>,
    /// Told when one gives back.
    freed: Notify,
}

impl Parts {
    fn held(&self) -> MutexGuard<'_, HashMap<ShareOf, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pieces of a tenant's part; given back when dropped.
struct Part {
    parts: Arc<Parts>,
    of: ShareOf,
    count: usize,
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut held = self.parts.held();
        if let Some(count) = held.get_mut(&self.of) {
            *count = count.saturating_sub(self.count);
            if *count == 0 {
                held.remove(&self.of);
            }
        }
        drop(held);
        self.parts.freed.notify_waiters();
    }
}

/// What one was granted; given back when dropped.
pub struct Granted {
    memory: Memory,
    permit: Option<OwnedSemaphorePermit>,
    part: Option<Part>,
    count: usize,
}

impl Memory {
    /// Memory of so many bytes, of which one tenant may hold half; `largest`: what one request may take in any case.
    pub fn new(bytes: usize, largest: usize) -> Self {
        let all = bytes.div_ceil(PIECE);
        let most = all.div_ceil(2).max(largest.div_ceil(PIECE));
        let parts = Parts { most, held: Mutex::default(), freed: Notify::new() };
        let (pieces, turn) = (Arc::new(Semaphore::new(all)), Arc::new(Semaphore::new(1)));
        Self { pieces, turn, all, parts: Arc::new(parts), of: None }
    }

    /// The same, taken of that one's part.
    pub(crate) fn of(&self, of: ShareOf) -> Self {
        Self { of: Some(of), ..self.clone() }
    }

    /// Nothing granted yet.
    pub fn none(&self) -> Granted {
        Granted { memory: self.clone(), permit: None, part: None, count: 0 }
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

fn used_up_by_own() -> Refusal {
    let what = "too many large bodies and answers of your own are in progress; try again";
    Refusal::new(Kind::Overloaded, what).retry_after(1)
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
        // First: who waits for its own must not stand in line before others.
        let part = self.part(more).await?;
        let granted = match self.memory.pieces.clone().try_acquire_many_owned(permits) {
            Ok(granted) => granted,
            Err(_) => self.wait(permits).await?,
        };
        self.count += more;
        match (&mut self.part, part) {
            (Some(have), Some(mut more)) => have.count += std::mem::take(&mut more.count),
            (have @ None, more) => *have = more,
            (Some(_), None) => {}
        }
        match &mut self.permit {
            Some(permit) => permit.merge(granted),
            None => self.permit = Some(granted),
        }
        Ok(())
    }

    /// Pieces of the tenant's part. Who holds some already does not wait for what only its own requests can give back.
    async fn part(&self, more: usize) -> Result<Option<Part>, Refusal> {
        let Some(of) = &self.memory.of else { return Ok(None) };
        let parts = &self.memory.parts;
        let until = tokio::time::Instant::now() + WAIT;
        loop {
            // From here on nothing that is given back is missed.
            let freed = parts.freed.notified();
            {
                let mut held = parts.held();
                let have = held.get(of).copied().unwrap_or_default();
                if have + more <= parts.most {
                    held.insert(of.clone(), have + more);
                    return Ok(Some(Part { parts: parts.clone(), of: of.clone(), count: more }));
                }
            }
            if self.count + more > parts.most || self.count > 0 {
                return Err(used_up_by_own());
            }
            tokio::time::timeout_at(until, freed).await.map_err(|_| used_up_by_own())?;
        }
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
    use crate::tenancy::Tenant;

    fn kind(refused: Result<(), Refusal>) -> Kind {
        refused.unwrap_err().kind()
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_granted_until_it_is_used_up_and_given_back() {
        let memory = Memory::new(4 * PIECE, 0);
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
        let memory = Memory::new(4 * PIECE, 0);
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
        let memory = Memory::new(4 * PIECE, 0);
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

    #[tokio::test(start_paused = true)]
    async fn one_tenant_holds_half_and_the_others_have_the_rest() {
        let share = |tenant: &str| ShareOf::Tenant(Tenant::parse(tenant, &[]).unwrap());
        let memory = Memory::new(4 * PIECE, 0);
        let [mut first, mut second, mut third] = [(); 3].map(|()| memory.of(share("A")).none());
        first.grow(PIECE).await.unwrap();
        second.grow(PIECE).await.unwrap();
        assert_eq!(kind(second.grow(2 * PIECE).await), Kind::Overloaded);
        assert_eq!(kind(third.grow(1).await), Kind::Overloaded);
        // The twin, with all of its part, at once.
        let began = tokio::time::Instant::now();
        let mut other = memory.of(share("B")).none();
        other.grow(2 * PIECE).await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(other);
        // What its own requests give back is waited for.
        let (waited, ()) = tokio::join!(third.grow(1), async {
            tokio::time::sleep(WAIT / 2).await;
            drop(first);
        });
        waited.unwrap();
        drop((second, third));
        assert!(memory.parts.held().is_empty());
        // What one request may take goes before the half.
        Memory::new(4 * PIECE, 3 * PIECE).of(share("A")).none().grow(3 * PIECE).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_held_is_counted_until_its_last_slice_is_dropped() {
        let memory = Memory::new(4 * PIECE, 0);
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
