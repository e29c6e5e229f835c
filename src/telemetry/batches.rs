//! Standard error, written many lines at a time.
//!
//! In: whole lines. Out: the same lines, in the order in which they came. A line that may wait goes out within a tenth
//! of a second, or sooner with the next one that may not: a request in four would otherwise be spent on writing its
//! access line. No line is dropped: who finds too many of them waiting writes them itself, and waits for whoever reads
//! them, as every line did before.

use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long lines are gathered. The promise is twice that: a busy machine wakes nobody in time.
const GATHERED: Duration = Duration::from_millis(50);
/// Bytes that wait before whoever adds to them writes them.
const MOST: usize = 64 * 1024;

/// Lines on their way out.
pub(super) struct Batches<W> {
    waiting: Mutex<Waiting>,
    /// Told when a line wakes the writer, and at the end.
    more: Condvar,
    /// Held while lines are taken and written, so that no two writers change their order.
    out: Mutex<W>,
}

struct Waiting {
    text: Vec<u8>,
    /// Somebody will come for them.
    gathered: bool,
    /// That one sleeps until it is told that there are some.
    asleep: bool,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> Batches<W> {
    /// Until [`Batches::gather`] runs, each line is written at once.
    pub(super) const fn new(out: W) -> Self {
        let waiting = Waiting { text: Vec::new(), gathered: false, asleep: false };
        Self { waiting: Mutex::new(waiting), more: Condvar::new(), out: Mutex::new(out) }
    }

    /// A line that may wait.
    pub(super) fn line(&self, line: &[u8]) {
        let mut waiting = held(&self.waiting);
        waiting.text.extend_from_slice(line);
        let write = !waiting.gathered || waiting.text.len() > MOST;
        // Once in a while only: it is a system call.
        let wake = !write && std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if write {
            self.write();
        } else if wake {
            self.more.notify_one();
        }
    }

    /// A line that is written when this returns, with all before it.
    pub(super) fn at_once(&self, line: &[u8]) {
        held(&self.waiting).text.extend_from_slice(line);
        self.write();
    }

    /// Writes what waits. A log that can't be written stops no request.
    fn write(&self) {
        let mut out = held(&self.out);
        let text = std::mem::take(&mut held(&self.waiting).text);
        if !text.is_empty() {
            let _ = out.write_all(&text).and_then(|()| out.flush());
        }
    }

    /// From now on lines may wait, for [`Batches::write_gathered`] on a thread of its own.
    pub(super) fn gather(&self) {
        held(&self.waiting).gathered = true;
    }

    /// Writes what waits, time and again, until the end.
    pub(super) fn write_gathered(&self) {
        let asleep = |waiting: &mut Waiting| waiting.gathered && waiting.asleep;
        let gathering = |waiting: &mut Waiting| waiting.gathered;
        loop {
            let mut waiting = held(&self.waiting);
            waiting.asleep = waiting.text.is_empty();
            let waiting = self.more.wait_while(waiting, asleep).unwrap_or_else(PoisonError::into_inner);
            let waited = self.more.wait_timeout_while(waiting, GATHERED, gathering);
            let (waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let ended = !waiting.gathered;
            drop(waiting);
            self.write();
            if ended {
                return;
            }
        }
    }

    /// No line waits any more: those that do are written, and each that still comes is written at once.
    pub(super) fn end(&self) {
        held(&self.waiting).gathered = false;
        self.more.notify_one();
        self.write();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};
    use std::time::Instant;

    /// Tells each write.
    struct Told(mpsc::Sender<String>);

    impl Write for Told {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(String::from_utf8(text.to_vec()).unwrap());
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn running() -> (Arc<Batches<Told>>, mpsc::Receiver<String>, std::thread::JoinHandle<()>) {
        let (tell, told) = mpsc::channel();
        let batches = Arc::new(Batches::new(Told(tell)));
        batches.gather();
        let writer = batches.clone();
        let writer = std::thread::spawn(move || writer.write_gathered());
        (batches, told, writer)
    }

    #[test]
    fn lines_leave_together_and_soon() {
        let (batches, told, writer) = running();
        for _ in 0..3 {
            let began = Instant::now();
            batches.line(b"a\n");
            batches.line(b"b\n");
            assert_eq!(told.recv_timeout(Duration::from_secs(5)).unwrap(), "a\nb\n");
            assert!(began.elapsed() >= GATHERED);
        }
        batches.end();
        writer.join().unwrap();
    }

    #[test]
    fn a_line_that_may_not_wait_takes_those_before_it_along() {
        let (batches, told, _writer) = running();
        batches.line(b"a\n");
        batches.at_once(b"b\n");
        assert_eq!(told.try_recv().unwrap(), "a\nb\n");
        batches.end();
    }

    #[test]
    fn at_the_end_nothing_waits_and_nothing_will() {
        let (batches, told, writer) = running();
        batches.line(b"a\n");
        batches.end();
        assert_eq!(told.try_recv().unwrap(), "a\n");
        writer.join().unwrap();
        batches.line(b"late\n");
        assert_eq!(told.try_recv().unwrap(), "late\n");
    }

    #[test]
    fn no_more_wait_than_there_is_room_for_and_none_is_dropped() {
        let (batches, told, _writer) = running();
        // Whoever reads the log is slow: nothing is written for a while.
        let slow = held(&batches.out);
        let adds = batches.clone();
        let adding = std::thread::spawn(move || {
            (0..2 * MOST / 8).for_each(|n| adds.line(format!("{n:07}\n").as_bytes()))
        });
        let patience = Instant::now() + Duration::from_secs(5);
        while held(&batches.waiting).text.len() <= MOST && Instant::now() < patience {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(20));
        let waiting = held(&batches.waiting).text.len();
        assert!(waiting > MOST && waiting <= MOST + 8, "{waiting}");
        drop(slow);
        adding.join().unwrap();
        batches.end();
        let all: String = told.try_iter().collect();
        let expected: String = (0..2 * MOST / 8).map(|n| format!("{n:07}\n")).collect();
        assert!(all == expected, "{} of {} bytes", all.len(), expected.len());
    }

    #[test]
    fn threads_at_one_time_mix_no_lines() {
        let (batches, told, _writer) = running();
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let batches = batches.clone();
                std::thread::spawn(move || {
                    for n in 0..2000 {
                        let line = format!("{thread} {n}\n");
                        if n % 7 == 0 {
                            batches.at_once(line.as_bytes())
                        } else {
                            batches.line(line.as_bytes())
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        batches.end();
        let all: String = told.try_iter().collect();
        for thread in 0..4 {
            let of_thread: Vec<_> =
                all.lines().filter_map(|l| l.strip_prefix(&format!("{thread} "))).collect();
            let expected: Vec<_> = (0..2000).map(|n| n.to_string()).collect();
            assert_eq!(of_thread, expected);
        }
    }
}
