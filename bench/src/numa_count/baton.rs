//! Lets threads work one at a time, in a fixed order, so each finds the same in its cache in every run.

use crossbeam_utils::{Backoff, CachePadded};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The holder after a panic: no thread.
const NONE: usize = usize::MAX;

/// Goes round from thread 0 to the last thread, and back to 0.
pub(super) struct Baton {
    holder: CachePadded<AtomicUsize>,
    threads: usize,
}

impl Baton {
    /// A baton for `threads` threads. Thread 0 holds it.
    pub(super) fn new(threads: usize) -> Self {
        Self { holder: CachePadded::default(), threads }
    }

    /// Waits until it is `me`'s turn, does the work, and passes the baton on.
    ///
    /// # Panics
    /// If the work of another thread has panicked, so the baton comes round no more.
    pub(super) fn turn<T>(&self, me: usize, work: impl FnOnce() -> T) -> T {
        self.wait(me);
        let mut pass = Pass { baton: self, to: NONE };
        let done = work();
        pass.to = (me + 1) % self.threads;
        done
    }

    fn wait(&self, me: usize) {
        let backoff = Backoff::new();
        loop {
            // Acquire pairs with the Release in `Pass`: this thread sees what the thread before did.
            match self.holder.load(Ordering::Acquire) {
                holder if holder == me => return,
                NONE => panic!("another worker has panicked"),
                _ => backoff.snooze(),
            }
        }
    }
}

/// Passes the baton on when it drops. If the work panics, no thread gets it ([`NONE`]).
struct Pass<'a> {
    baton: &'a Baton,
    to: usize,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Release pairs with the Acquire in `wait`.
        self.baton.holder.store(self.to, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::thread;

    #[test]
    fn turns_go_round_in_order() {
        let (baton, order) = (Baton::new(3), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for me in 0..3 {
                let (baton, order) = (&baton, &order);
                scope.spawn(move || (0..100).for_each(|_| baton.turn(me, || order.lock().unwrap().push(me))));
            }
        });
        let order = order.into_inner().unwrap();
        assert!(order.iter().copied().eq((0..300).map(|turn| turn % 3)));
    }

    #[test]
    fn a_panic_does_not_leave_the_others_waiting() {
        let baton = Baton::new(2);
        let ends = thread::scope(|scope| {
            [0, 1].map(|me| {
                let baton = &baton;
                scope.spawn(move || baton.turn(me, || assert!(me == 1))).join().is_err()
            })
        });
        assert_eq!(ends, [true, true]);
    }
}
