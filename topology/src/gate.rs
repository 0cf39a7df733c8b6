//! A gate at which workers wait until all have come, so that they begin together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Opens when the last worker has come, unless it is closed before. A `Barrier` that can be given up: one
/// thread that cannot be started must not leave the others waiting.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    change: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many workers have not come yet.
    Missing(usize),
    Open,
    Closed,
}

impl Gate {
    /// For so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self { state: Mutex::new(State::Missing(workers)), change: Condvar::new() }
    }

    /// Comes to the gate and waits for the others; whether it has opened.
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

    /// Sends those away who wait and who come.
    pub(crate) fn close(&self) {
        *self.lock() = State::Closed;
        self.change.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that could panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn nobody_passes_before_the_last_has_come() {
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
    fn a_closed_gate_lets_nobody_wait() {
        let gate = Gate::new(3);
        thread::scope(|scope| {
            let early = scope.spawn(|| gate.pass());
            gate.close();
            assert!(!early.join().expect("it only waits"));
        });
        assert!(!gate.pass());
    }
}
