//! How a thread waits: it pauses, then yields its time slice, then sleeps; or it does what the embedder says.
//!
//! A lock is held for tens of nanoseconds. If a lock stays locked for longer, its holder is not running: it
//! waits for a processor, or it sleeps in a closure. The holder gets a processor sooner when waiting threads
//! give theirs up. So a thread that waits for a holder sleeps in the end. A thread that only loses races
//! never sleeps, because the threads that win them are running.

use core::any::TypeId;
use core::marker::PhantomData;

/// How threads wait for each other in the maps of an arena. Kernels, unikernels and runtimes may have a
/// better way than this crate.
///
/// The type is the choice of an arena ([`BlockPool::Relax`](crate::BlockPool::Relax)); [`DefaultRelax`] is
/// the usual one. [`GlobalArena::relax`](crate::GlobalArena::relax) and `BumpArena::relax` choose another:
///
/// ```
/// use bskip_core::{BSkipMap, GlobalArena, Relax};
///
/// struct Scheduler;
///
/// impl Relax for Scheduler {
///     fn relax(attempts: u32) {
///         if attempts < 20 {
///             core::hint::spin_loop();
///         } else {
///             std::thread::yield_now(); // your scheduler's call
///         }
///     }
/// }
///
/// type Map<K, V> = BSkipMap<K, V, GlobalArena<Scheduler>>;
/// let map: Map<u64, u64> = BSkipMap::with_arena(GlobalArena::new().relax())?;
/// # assert_eq!(map.insert(1, 1), None);
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
pub trait Relax: 'static {
    /// Waits a little. The map calls this again and again until the thread can go on.
    ///
    /// `attempts` is the number of earlier calls of the same wait, from 0 on. A lock is held for tens of
    /// nanoseconds, so the first few calls should only pause ([`core::hint::spin_loop`]). If the lock is
    /// still held after some dozens of calls, its holder is not running: yield the processor to another
    /// thread. A thread may also sleep, but nothing wakes it, so it must wake by itself.
    ///
    /// `attempts` goes beyond 31 only when the thread waits for one holder of a node's lock and holds no lock
    /// itself. In all other cases it stays at 31, and the function should not sleep. There are three such
    /// cases:
    /// * The thread has lost a race.
    /// * It waits for the lock of a pool, perhaps under locks of the map.
    /// * It makes a [`range_snapshot`](crate::BSkipMap::range_snapshot) under locks, and waits for the next
    ///   leaf. It holds the locks of the leaves before that one.
    ///
    /// The function must not use a map, and must not unwind.
    ///
    /// Under any strategy but [`DefaultRelax`], a closure that would wait for its own thread waits forever
    /// instead of panicking. In a runtime that switches fibers, one thread of the system may run several of
    /// its threads. This crate cannot tell them apart, so it does not judge.
    fn relax(attempts: u32);
}

/// Pauses 16 times. Then, with the feature `std`, yields to the scheduler 16 times, then sleeps: 32 µs at
/// first, then about as long as the thread has waited so far, 33 ms at most. Without `std`, keeps pausing, 64
/// times a call.
///
/// If a machine preempts threads but has no `std`, choose a [`Relax`] of your own that yields. Otherwise a
/// waiting thread uses up its time slice while the holder of the lock cannot run.
#[derive(Clone, Copy, Debug)]
pub struct DefaultRelax;

impl Relax for DefaultRelax {
    fn relax(attempts: u32) {
        relax(attempts);
    }
}

/// Whether threads wait in the default way. Only then is a thread of the system one thread of the program.
#[cfg_attr(not(all(feature = "std", not(any(loom, shuttle)))), allow(dead_code))]
pub(crate) fn is_default<R: Relax>() -> bool {
    TypeId::of::<R>() == TypeId::of::<DefaultRelax>()
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
    _relax: PhantomData<fn() -> R>,
}

impl<R: Relax> Backoff<R> {
    /// For a thread that has lost a race, or that waits for a short section while it holds locks: it never
    /// sleeps.
    pub(crate) const fn new() -> Self {
        Self { attempts: 0, most: PAUSES + YIELDS - 1, _relax: PhantomData }
    }

    /// For a thread that holds no lock and waits for one holder of one lock.
    pub(crate) const fn for_holder() -> Self {
        Self { attempts: 0, most: u32::MAX, _relax: PhantomData }
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
