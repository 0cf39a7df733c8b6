//! A number that many threads count up and down. Each thread has a cache line of its own, unless there are more
//! threads than lines.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;

use crate::arena::{AllocError, AllocErrorKind};
use crate::sync::{AtomicUsize, Ordering};

/// How many lines a counter has.
const STRIPES: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

/// What some threads have counted, modulo the range of a `usize`. Two lines, because processors load lines in pairs.
#[repr(align(128))]
struct Stripe(AtomicUsize);

/// A counter that may be absent. Counting then costs a branch.
pub(crate) struct Counter(Option<Box<[Stripe]>>);

impl Counter {
    /// An absent counter.
    pub(crate) const NONE: Self = Self(None);

    /// A counter at 0, or an absent one.
    pub(crate) fn new(is_there: bool) -> Result<Self, AllocError> {
        if !is_there {
            return Ok(Self(None));
        }
        let mut stripes = Vec::new();
        stripes.try_reserve_exact(STRIPES).map_err(|_| AllocError {
            layout: Layout::new::<[Stripe; STRIPES]>(),
            kind: AllocErrorKind::OutOfMemory,
        })?;
        stripes.extend((0..STRIPES).map(|_| Stripe(AtomicUsize::new(0))));
        Ok(Self(Some(stripes.into_boxed_slice())))
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Counts one up.
    #[inline(always)]
    pub(crate) fn add_one(&self) {
        if let Some(stripes) = &self.0 {
            add(stripes, 1);
        }
    }

    /// Counts one down.
    #[inline(always)]
    pub(crate) fn take_one(&self) {
        if let Some(stripes) = &self.0 {
            add(stripes, usize::MAX);
        }
    }

    /// Counts `n` down.
    #[inline(always)]
    pub(crate) fn take(&self, n: usize) {
        if let Some(stripes) = &self.0 {
            add(stripes, n.wrapping_neg());
        }
    }

    /// Counts `n` up.
    pub(crate) fn add(&self, n: usize) {
        if let Some(stripes) = &self.0 {
            add(stripes, n);
        }
    }

    /// Back to 0.
    pub(crate) fn reset(&mut self) {
        self.0.iter_mut().flatten().for_each(|stripe| *stripe = Stripe(AtomicUsize::new(0)));
    }

    /// The number, if there is a counter. Exact while no thread counts.
    pub(crate) fn get(&self) -> Option<usize> {
        let stripes = self.0.as_deref()?;
        // Relaxed: a thread that knows of another one's count knows it from elsewhere, and then sees it.
        let sum =
            stripes.iter().fold(0, |sum: usize, stripe| sum.wrapping_add(stripe.0.load(Ordering::Relaxed)));
        // What one thread has counted up, another one may have counted down. If this meets only the second, the sum
        // may be below 0.
        Some((sum as isize).max(0) as usize)
    }
}

/// Out of line, so that an absent counter costs as little as it can.
#[inline(never)]
fn add(stripes: &[Stripe], n: usize) {
    // Relaxed: as in `get`.
    stripes[stripe() % stripes.len()].0.fetch_add(n, Ordering::Relaxed);
}

/// This thread's line.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
fn stripe() -> usize {
    use core::cell::Cell;
    use core::sync::atomic::AtomicUsize;
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    std::thread_local! {
        static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    MINE.with(|mine| {
        if mine.get() == usize::MAX {
            mine.set(THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES);
        }
        mine.get()
    })
}

/// A line by the stack, of which each thread has its own. Two threads seldom get the same.
#[cfg(all(not(feature = "std"), not(any(loom, shuttle))))]
fn stripe() -> usize {
    let here = 0u8;
    let stack = (&raw const here).addr() >> 14;
    crate::mix::mix(stack as u64) as usize % STRIPES
}

/// Model checkers repeat a run, so it must not depend on the thread.
#[cfg(any(loom, shuttle))]
fn stripe() -> usize {
    0
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn it_counts_if_it_is_there() {
        let absent = Counter::new(false).expect("nothing is allocated");
        absent.add_one();
        assert_eq!((absent.get(), absent.is_there()), (None, false));
        let mut counter = Counter::new(true).expect("memory");
        counter.take_one();
        assert_eq!(counter.get(), Some(0), "never below 0");
        counter.add(7);
        counter.add(3);
        counter.take(2);
        assert_eq!(counter.get(), Some(7));
        counter.reset();
        assert_eq!(counter.get(), Some(0));
    }
}
