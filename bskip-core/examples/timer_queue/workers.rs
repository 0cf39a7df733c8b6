//! Workers that sleep until the first timer is due, or until an earlier one is scheduled.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::queue::{Timer, TimerQueue};

/// A queue whose deadlines are microseconds since it was made.
pub(crate) struct Timers<T> {
    queue: TimerQueue<T>,
    start: Instant,
    alarm: Mutex<Alarm>,
    bell: Condvar,
}

struct Alarm {
    /// A sleeping worker wakes at this time or before. If none sleeps, this is an old number, and no worker
    /// needs the bell: a worker that is awake looks at the queue before it sleeps.
    wakes_at: u64,
    is_closed: bool,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        let alarm = Mutex::new(Alarm { wakes_at: 0, is_closed: false });
        Self { queue: TimerQueue::new(), start: Instant::now(), alarm, bell: Condvar::new() }
    }

    /// The microseconds since the queue was made.
    pub(crate) fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Adds a task that is due after `delay`. Wakes a worker only if all of them sleep for longer.
    pub(crate) fn schedule(&self, delay: Duration, task: T) -> Timer {
        let timer = self.queue.schedule(self.now() + delay.as_micros() as u64, task);
        let mut alarm = self.alarm();
        if timer.deadline() < alarm.wakes_at {
            alarm.wakes_at = timer.deadline();
            self.bell.notify_one();
        }
        timer
    }

    /// Takes a task out before it is due.
    pub(crate) fn cancel(&self, timer: Timer) -> Option<T> {
        let task = self.queue.cancel(timer);
        // Workers that wait for the last timer may end now.
        if task.is_some() && self.alarm().is_closed {
            self.bell.notify_all();
        }
        task
    }

    /// Waits until a task is due, and takes it. `None` if the queue is closed and empty.
    pub(crate) fn next(&self) -> Option<(Timer, T)> {
        loop {
            if let Some(due) = self.queue.pop_due(self.now()) {
                // This worker will be busy: another one watches the next deadline.
                self.bell.notify_one();
                return Some(due);
            }
            // Under the lock: a thread that schedules a timer after this look finds `wakes_at` set.
            let mut alarm = self.alarm();
            let next = self.queue.next_deadline();
            alarm.wakes_at = next.unwrap_or(u64::MAX);
            match next {
                Some(deadline) => {
                    let rest = Duration::from_micros(deadline.saturating_sub(self.now()));
                    if !rest.is_zero() {
                        drop(self.bell.wait_timeout(alarm, rest));
                    }
                }
                None if alarm.is_closed => return None,
                None => drop(self.bell.wait(alarm)),
            }
        }
    }

    /// Lets workers end when nothing is left. Schedule nothing after this.
    pub(crate) fn close(&self) {
        self.alarm().is_closed = true;
        self.bell.notify_all();
    }

    fn alarm(&self) -> MutexGuard<'_, Alarm> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
