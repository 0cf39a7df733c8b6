//! Timers by deadline. Time is a number here, so this part knows no clock and never sleeps.

use bskip_core::{BSkipMap, Key};
use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};

/// A scheduled timer: where it is in the queue. Timers of one deadline are in the order of scheduling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Timer {
    deadline: u64,
    id: u64,
}

impl Timer {
    /// When it is due.
    pub(crate) fn deadline(self) -> u64 {
        self.deadline
    }
}

impl Key for Timer {
    type Words = (u64, u64);

    fn to_words(self) -> (u64, u64) {
        (self.deadline, self.id)
    }

    fn from_words((deadline, id): (u64, u64)) -> Self {
        Self { deadline, id }
    }
}

/// Tasks, each with a deadline. All methods take `&self`, from any thread.
///
/// A task comes out once: due, or cancelled. If `pop_due` and `cancel` race, the map's removal decides.
pub(crate) struct TimerQueue<T> {
    timers: BSkipMap<Timer, T>,
    ids: AtomicU64,
}

impl<T> TimerQueue<T> {
    pub(crate) fn new() -> Self {
        Self { timers: BSkipMap::new(), ids: AtomicU64::new(0) }
    }

    /// Adds a task. Keep the timer to cancel it.
    pub(crate) fn schedule(&self, deadline: u64, task: T) -> Timer {
        // Relaxed: only the numbers must differ.
        let timer = Timer { deadline, id: self.ids.fetch_add(1, Ordering::Relaxed) };
        let other = self.timers.insert(timer, task);
        debug_assert!(other.is_none(), "no other timer has this id");
        timer
    }

    /// Takes a task out before it is due. `None` if it has come out already.
    pub(crate) fn cancel(&self, timer: Timer) -> Option<T> {
        self.timers.remove(&timer)
    }

    /// Moves a task to another deadline. `None` if it has come out already. These are two steps: between them, the
    /// queue does not have the task.
    pub(crate) fn reschedule(&self, timer: Timer, deadline: u64) -> Option<Timer> {
        self.cancel(timer).map(|task| self.schedule(deadline, task))
    }

    /// Takes the first task out if it is due at `now`. One step: what it takes is the first task at that
    /// moment.
    pub(crate) fn pop_due(&self, now: u64) -> Option<(Timer, T)> {
        self.timers.pop_first_if(|timer, _| timer.deadline <= now)
    }

    /// Takes out all that is due at `now`, in order. Several threads may share the work.
    pub(crate) fn due(&self, now: u64) -> impl Iterator<Item = (Timer, T)> {
        iter::from_fn(move || self.pop_due(now))
    }

    /// The deadline of the first task. Takes no lock.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.timers.keys().next().map(Timer::deadline)
    }
}
