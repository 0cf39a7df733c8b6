//! How a thread waits: it pauses, then yields its time slice, then sleeps; or it does what the embedder says.
//!
//! A lock is held for tens of nanoseconds. If a lock stays locked for longer, its holder is not running: it
//! waits for a processor, or it sleeps in a closure. The holder gets a processor sooner when waiting threads
//! give theirs up. So a thread that waits for a holder sleeps in the end. A thread that only loses races
//! never sleeps, because the threads that win them are running.

use core::any::TypeId;
use core::marker::PhantomData;

use crate::platform::Platform;

/// The usual [`Platform`]. It waits as follows, and leaves all else as the trait has it.
///
/// A waiting thread pauses 16 times. Then, with the feature `std`, it yields to the scheduler 16 times, then sleeps:
/// 32 µs at first, then about as long as it has waited so far, 33 ms at most. Without `std`, it keeps pausing, 64
/// times a call.
///
/// If a machine preempts threads but has no `std`, choose a [`Platform`] of your own that yields. Otherwise a
/// waiting thread uses up its time slice while the holder of the lock cannot run.
#[derive(Clone, Copy, Debug)]
pub struct DefaultPlatform;

impl Platform for DefaultPlatform {
    fn relax(attempts: u32) {
        relax(attempts);
    }
}

/// Whether threads wait in the default way. Only then is a thread of the system one thread of the program.
#[cfg_attr(not(all(feature = "std", not(any(loom, shuttle)))), allow(dead_code))]
pub(crate) fn is_default<R: Platform>() -> bool {
    TypeId::of::<R>() == TypeId::of::<DefaultPlatform>()
}

/// How many times a thread pauses before it yields its time slice. Measured: if waiting threads never yield,
/// 8 threads on 2 cores have half the throughput, because a preempted holder cannot run while others spin.
const PAUSES: u32 = 16;

/// How often a thread yields before it sleeps.
const YIELDS: u32 = 16;

/// The first sleep in microseconds, and how often its length doubles. Each sleep is about as long as the wait
/// before it, and none is longer than 33 ms, so a thousand waiting threads wake at most 30 times a
/// millisecond together.
#[cfg(feature = "std")]
const FIRST_SLEEP: u64 = 32;
#[cfg(feature = "std")]
const DOUBLINGS: u32 = 10;

/// Waits in the way of `R`, and counts the waits for the same thing.
pub(crate) struct Backoff<R> {
    attempts: u32,
    /// Where counting stops.
    most: u32,
    _platform: PhantomData<fn() -> R>,
}

impl<R: Platform> Backoff<R> {
    /// For a thread that has lost a race, or that waits for a short section while it holds locks: it never
    /// sleeps.
    pub(crate) const fn new() -> Self {
        Self { attempts: 0, most: PAUSES + YIELDS - 1, _platform: PhantomData }
    }

    /// For a thread that holds no lock and waits for one holder of one lock.
    pub(crate) const fn for_holder() -> Self {
        Self { attempts: 0, most: u32::MAX, _platform: PhantomData }
    }

    /// Waits a little, and longer when called again.
    #[cold]
    pub(crate) fn wait(&mut self) {
        #[cfg(any(loom, shuttle))]
        if crate::sync::give_way() {
            return;
        }
        let attempts = self.attempts;
        self.attempts = attempts.saturating_add(1).min(self.most);
        R::relax(attempts);
    }
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

/// Without an operating system there is nothing to yield to, so the thread leaves the memory bus alone for a
/// while.
#[cfg(not(feature = "std"))]
fn relax(attempts: u32) {
    let pauses = if attempts < PAUSES { 1 } else { 64 };
    (0..pauses).for_each(|_| core::hint::spin_loop());
}
