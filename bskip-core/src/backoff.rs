//! What a thread does while it cannot go on: pause, then give the time slice away, then sleep; or what the
//! embedder says.
//!
//! A lock is held for tens of nanoseconds, so the holder of one that stays locked does not run: it waits for a
//! processor, or sleeps in a closure. It gets one the sooner the less the waiters want one. That is a reason to sleep,
//! and the only one: a thread that loses one race after the other does so to threads that run.

use core::mem;
use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// Pauses before the time slice is given away. Measured: never giving it away halves the throughput of 8 threads on
/// 2 cores, because a preempted holder cannot run while waiters spin.
const PAUSES: u32 = 16;

/// How often the time slice is given away before the thread sleeps.
const YIELDS: u32 = 16;

/// The first sleep in microseconds, and how often it doubles: each is about as long as the wait before it, and none
/// longer than 33 milliseconds, so that a thousand waiters together wake 30 times a millisecond at most.
#[cfg(feature = "std")]
const FIRST_SLEEP: u64 = 32;
#[cfg(feature = "std")]
const DOUBLINGS: u32 = 10;

/// Counts how often the caller has waited for the same thing.
pub(crate) struct Backoff {
    attempts: u32,
    /// Where counting stops.
    most: u32,
}

impl Backoff {
    /// For who has lost a race, or waits for the end of a short section while it holds locks: never sleeps.
    pub(crate) const fn new() -> Self {
        Self { attempts: 0, most: PAUSES + YIELDS - 1 }
    }

    /// For who waits, holding no lock, for one holder of one lock.
    pub(crate) const fn for_holder() -> Self {
        Self { attempts: 0, most: u32::MAX }
    }

    /// Waits a little; longer when called again.
    #[cold]
    pub(crate) fn wait(&mut self) {
        #[cfg(any(loom, shuttle))]
        if crate::sync::give_way() {
            return;
        }
        let attempts = self.attempts;
        self.attempts = attempts.saturating_add(1).min(self.most);
        match relax_function() {
            Some(relax) => relax(attempts),
            None => relax(attempts),
        }
    }
}

/// The function given to [`set_relax`]; null before.
static RELAX: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Says what a thread does while it waits for another, in all maps of the program: for kernels, unikernels and
/// runtimes that know better than this crate how to wait.
///
/// `relax` is called again and again with the number of calls before it for the same thing, from 0 on, and returns
/// when it is worth looking again. Locks are held for tens of nanoseconds, so at first a pause is right
/// (`core::hint::spin_loop`); a holder that has not come on after some dozen of them does not run, so then the
/// processor is better given to another thread. There is no wake-up: a thread that sleeps must wake by itself.
/// A thread that does not wait for the holder of a lock, but loses races, or that itself holds locks of the map (when
/// it waits for a pool of blocks), never counts further than 31: it had better not sleep.
///
/// It must not use a map, nor unwind. A closure that would wait for its own thread is no longer told so by a panic
/// once this was called, since what is one thread to this crate may be several to the runtime: it waits in `relax`
/// for ever. Call this before the first map is used, or at any time: threads take it up when they wait next.
///
/// Without it a thread pauses 16 times; then, with the feature `std`, it yields to the scheduler 16 times, and then
/// sleeps, 32 microseconds at first, then about as long as it has waited, 33 milliseconds at most; without `std` it
/// pauses 64 times a call and no end: on a machine that preempts threads, set a function that yields.
///
/// ```
/// fn relax(attempts: u32) {
///     if attempts < 20 {
///         core::hint::spin_loop();
///     } else {
///         std::thread::yield_now(); // your scheduler's
///     }
/// }
/// bskip_core::set_relax(relax);
/// ```
pub fn set_relax(relax: fn(attempts: u32)) {
    // Release pairs with the Acquire in `relax_function`: what the function needs was there before it was set.
    RELAX.store(relax as *mut (), Ordering::Release);
}

/// The function given to [`set_relax`].
pub(crate) fn relax_function() -> Option<fn(u32)> {
    // Acquire pairs with the Release in `set_relax`.
    let function = RELAX.load(Ordering::Acquire);
    // SAFETY: the word is null, which is `None`, or a function of this very type that `set_relax` put there.
    unsafe { mem::transmute::<*mut (), Option<fn(u32)>>(function) }
}

#[cfg(feature = "std")]
fn relax(attempts: u32) {
    use core::time::Duration;

    if attempts < PAUSES {
        core::hint::spin_loop();
    } else if attempts < PAUSES + YIELDS {
        std::thread::yield_now();
    } else {
        let doublings = (attempts - PAUSES - YIELDS).min(DOUBLINGS);
        std::thread::sleep(Duration::from_micros(FIRST_SLEEP << doublings));
    }
}

/// Without an operating system there is nobody to yield to: leave the bus alone for a while.
#[cfg(not(feature = "std"))]
fn relax(attempts: u32) {
    let pauses = if attempts < PAUSES { 1 } else { 64 };
    (0..pauses).for_each(|_| core::hint::spin_loop());
}
