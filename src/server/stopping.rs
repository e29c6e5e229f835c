//! How one worker's connections and tasks learn that the gateway stops, and when the last of them has ended.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::{Context, Waker};

use tokio::sync::Notify;

/// Where the gateway is on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    #[default]
    Serving,
    /// Requests are still taken; each answer ends its connection, so that the next one goes elsewhere.
    Leaving,
    /// Connections that wait for a request end, and long polls are answered.
    Stopping,
}

/// The worker's own view.
#[derive(Default)]
pub(super) struct Stopping {
    phase: Cell<Phase>,
    /// The connections' tasks, by number.
    tasks: RefCell<HashMap<u64, Option<Waker>>>,
    next: Cell<u64>,
    ended: Notify,
}

/// A task that the worker waits for before it ends.
pub(super) struct Live {
    stopping: Rc<Stopping>,
    number: u64,
}

impl Stopping {
    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// From now on in that phase: everyone looks once more.
    pub(super) fn set(&self, phase: Phase) {
        self.phase.set(phase);
        self.tasks.borrow().values().flatten().for_each(Waker::wake_by_ref);
    }

    /// One more task.
    pub(super) fn live(self: &Rc<Self>) -> Live {
        let number = self.next.get();
        self.next.set(number + 1);
        self.tasks.borrow_mut().insert(number, None);
        Live { stopping: self.clone(), number }
    }

    /// When the last task has ended.
    pub(super) async fn all_ended(&self) {
        while !self.tasks.borrow().is_empty() {
            self.ended.notified().await;
        }
    }
}

impl Live {
    /// The task, which is running now, is woken when the phase changes.
    pub(super) fn wakes(&self, context: &Context<'_>) {
        self.stopping.tasks.borrow_mut().insert(self.number, Some(context.waker().clone()));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stopping.tasks.borrow_mut().remove(&self.number);
        self.stopping.ended.notify_one();
    }
}
