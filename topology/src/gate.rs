//! A gate at which workers wait for each other, so that they begin together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Opens when the last worker arrives, unless it was closed before. It is like `Barrier`, but it can be
/// closed: if one thread cannot be started, the others must not wait for it.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    change: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The number of workers that have not arrived yet.
    Missing(usize),
    Open,
    Closed,
}

impl Gate {
    /// A gate for this many workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self { state: Mutex::new(State::Missing(workers)), change: Condvar::new() }
    }

    /// Arrives at the gate and waits for the others. Returns whether the gate opened.
    pub(crate) fn pass(&self) -> bool {
        let mut state = self.lock();
        *state = match *state {
            State::Missing(0 | 1) => State::Open,
            State::Missing(more) => State::Missing(more - 1),
            settled => settled,
        };
        if *state == State::Open {
            self.change.notify_all();
        }
        let waits = |state: &mut State| matches!(state, State::Missing(_));
        *self.change.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner) == State::Open
    }

    /// Turns away the workers that wait, and those that arrive later.
    pub(crate) fn close(&self) {
        *self.lock() = State::Closed;
        self.change.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn no_worker_passes_before_the_last_arrives() {
        let (gate, coming) = (Gate::new(4), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    coming.fetch_add(1, Ordering::Relaxed);
                    assert!(gate.pass());
                    // The gate's mutex orders the additions before this.
                    assert_eq!(coming.load(Ordering::Relaxed), 4);
                });
            }
        });
    }

    #[test]
    fn a_closed_gate_turns_workers_away() {
        let gate = Gate::new(3);
        thread::scope(|scope| {
            let early = scope.spawn(|| gate.pass());
            gate.close();
            assert!(!early.join().expect("the thread does not panic"));
        });
        assert!(!gate.pass());
    }
}
