//! A time limit that is moved with every request and reached seldom: neither a clock is read nor a timer set for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// The limit; the timer behind it is set anew only when it ends before the limit is reached.
pub(crate) struct Deadline {
    sleep: Pin<Box<Sleep>>,
    at: At,
}

/// When the limit is reached.
enum At {
    Exactly(Instant),
    /// Not before so long, and at most twice as long, after the last request: counted when the timer ends.
    After(Duration),
}

impl Deadline {
    pub(crate) fn new(after: Duration) -> Self {
        let at = Instant::now() + after;
        Self { sleep: Box::pin(tokio::time::sleep_until(at)), at: At::Exactly(at) }
    }

    /// So long from now.
    pub(crate) fn set(&mut self, after: Duration) {
        self.set_at(Instant::now() + after);
    }

    /// At that time.
    pub(crate) fn set_at(&mut self, at: Instant) {
        self.at = At::Exactly(at);
        if at < self.sleep.deadline() {
            self.sleep.as_mut().reset(at);
        }
    }

    /// At least so long from now, and at most twice as long.
    pub(crate) fn set_about(&mut self, after: Duration) {
        self.at = At::After(after);
    }

    /// Ready when the limit was reached.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(context));
            let at = match self.at {
                At::Exactly(at) if at <= self.sleep.deadline() => return Poll::Ready(()),
                At::Exactly(at) => at,
                At::After(after) => Instant::now() + after,
            };
            self.at = At::Exactly(at);
            self.sleep.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Seconds until it is reached.
    async fn waits(deadline: &mut Deadline) -> f32 {
        let began = Instant::now();
        std::future::poll_fn(|context| deadline.poll(context)).await;
        began.elapsed().as_secs_f32().round()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_reached_when_it_was_set_to_and_not_when_its_timer_ends() {
        assert_eq!(waits(&mut Deadline::new(10 * SECOND)).await, 10.0);
        let mut moved = Deadline::new(10 * SECOND);
        moved.set(20 * SECOND);
        assert_eq!(waits(&mut moved).await, 20.0);
        let mut sooner = Deadline::new(10 * SECOND);
        sooner.set(5 * SECOND);
        assert_eq!(waits(&mut sooner).await, 5.0);
        // The timer that stands already ends first, then the whole time is waited for.
        let mut about = Deadline::new(10 * SECOND);
        tokio::time::sleep(4 * SECOND).await;
        about.set_about(10 * SECOND);
        assert_eq!(waits(&mut about).await, 16.0);
        about.set_about(10 * SECOND);
        assert_eq!(waits(&mut about).await, 10.0);
    }
}
