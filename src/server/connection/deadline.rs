//! A time limit that is moved with every request and reached seldom: the timer is set anew only when it ends too early.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

pub(super) struct Deadline {
    sleep: Pin<Box<Sleep>>,
    at: Instant,
}

impl Deadline {
    pub(super) fn new(after: Duration) -> Self {
        let at = Instant::now() + after;
        Self { sleep: Box::pin(tokio::time::sleep_until(at)), at }
    }

    pub(super) fn set(&mut self, after: Duration) {
        self.at = Instant::now() + after;
        if self.at < self.sleep.deadline() {
            self.sleep.as_mut().reset(self.at);
        }
    }

    /// Ready when the limit was reached.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(context));
            if self.at <= self.sleep.deadline() {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(self.at);
        }
    }
}
