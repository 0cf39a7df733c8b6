//! What a map asks of the machine below it: how to wait, where a thread runs, a random number. An embedder
//! answers by a type of its own.

use crate::numa_node::NumaNodeId;

/// What the maps of an arena ask of the machine that they run on. Kernels, unikernels and runtimes may have
/// better answers than this crate.
///
/// The type is the choice of an arena ([`BlockPool::Platform`](crate::BlockPool::Platform)), so two maps of one
/// program may have two platforms. [`DefaultPlatform`](crate::DefaultPlatform) is the usual one.
/// [`GlobalArena::platform`](crate::GlobalArena::platform) and `BumpArena::platform` choose another:
///
/// ```
/// use bskip_core::{BSkipMap, GlobalArena, NumaNodeId, Platform};
///
/// struct Kernel;
///
/// impl Platform for Kernel {
///     fn relax(attempts: u32) {
///         if attempts < 20 {
///             core::hint::spin_loop();
///         } else {
///             std::thread::yield_now(); // your scheduler's call
///         }
///     }
///
///     fn numa_node() -> Option<NumaNodeId> {
///         Some(NumaNodeId(0)) // from the record of this CPU
///     }
///
///     fn seed() -> u64 {
///         0x9e37_79b9_7f4a_7c15 // from the machine's source of random numbers
///     }
/// }
///
/// type Map<K, V> = BSkipMap<K, V, GlobalArena<Kernel>>;
/// let map: Map<u64, u64> = BSkipMap::with_arena(GlobalArena::new().platform())?;
/// # assert_eq!(map.insert(1, 1), None);
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
///
/// Only [`relax`](Self::relax) is required. No method may use a map, and none may unwind unless it says so.
pub trait Platform: 'static {
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
    /// On any platform but [`DefaultPlatform`](crate::DefaultPlatform), a closure that would wait for its own
    /// thread waits forever instead of panicking. In a runtime that switches fibers, one thread of the system
    /// may run several of its threads. This crate cannot tell them apart, so it does not judge.
    fn relax(attempts: u32);

    /// Ends the call, or the program, when a map finds something that cannot be: a broken arena, memory that other
    /// code has overwritten, a bug of this crate; or a closure that would wait for its own thread. `message` says
    /// what. By default this panics. It may unwind: the map then unlocks what the thread has locked.
    ///
    /// The thread may hold locks of the map, so this must not use it. Wrong arguments of a call are no case for this
    /// method: they panic, as the call's documentation says.
    fn broken(message: &'static str) -> ! {
        panic!("{message}")
    }

    /// The NUMA node of the CPU that runs this, or `None` if the platform does not know. An arena that has
    /// memory on several nodes may ask for it. The answer is a preference: a wrong one costs time only.
    fn numa_node() -> Option<NumaNodeId> {
        None
    }

    /// Enters a section around locks: for instance, turns off interrupts or preemption on this CPU. Returns what
    /// [`leave`](Self::leave) needs. By default this does nothing.
    ///
    /// A map takes no lock that another thread may wait for outside of a section. So if a section turns off
    /// preemption, no thread waits for a holder that does not run. If it turns off interrupts, an interrupt handler
    /// never finds a lock that the interrupted code holds.
    ///
    /// * A thread enters a section before each try to lock. It leaves it after it has unlocked everything, and before
    ///   it waits for the holder of a node's lock.
    /// * Sections nest: the lock of a pool may be taken within the section around a node's lock. The thread leaves
    ///   the inner one first. A section ends on the thread where it began, also if a panic unwinds.
    /// * Reading `Copy` values does not enter a section, nor does reading keys.
    ///
    /// Within a section run:
    /// * the change itself: it moves up to some dozens of pairs, and copies a changed inner node to its replicas;
    /// * closures and `Clone` of values that a map runs under a lock;
    /// * [`BlockPool::acquire`](crate::BlockPool::acquire) for the block of a split, and the zeroing of a new block.
    ///   With a [`GlobalArena`](crate::GlobalArena), the pool asks the global allocator;
    /// * in a map of byte strings with long keys or values, the growth of the list of cells, which asks the global
    ///   allocator;
    /// * [`range_snapshot`](crate::BSkipMap::range_snapshot), if it has to lock: it reads the whole range in one
    ///   section, and its vectors grow there, by the global allocator;
    /// * [`relax`](Self::relax) in the last two of the cases named there.
    ///
    /// So if sections turn off interrupts or preemption, a global allocator that these calls ask must not sleep. If it
    /// takes a lock, all code must take that lock within such a section. The same is true of an arena of your own.
    /// [`StaticArena`](crate::StaticArena) does so.
    fn enter() -> usize {
        0
    }

    /// Leaves the section that [`enter`](Self::enter) began, which returned `token`. By default this does nothing.
    fn leave(token: usize) {
        _ = token;
    }

    /// The seed of a new map's coin, unless [`Config::seed`](crate::Config::seed) gives one. An attacker who
    /// knows the seed and chooses the keys can make a map lopsided, so the seed should be hard to guess.
    ///
    /// A map in a static asks when it first needs the seed, for instance at the first insertion. Several CPUs may then
    /// call this at the same time, also for one map. The map keeps one of the answers.
    ///
    /// By default the seed is random with the feature `std`. Without it, the seed is made of an address and a
    /// counter: it is different for every map, but not secret.
    fn seed() -> u64 {
        some_seed()
    }
}

#[cfg(feature = "std")]
fn some_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[cfg(not(feature = "std"))]
fn some_seed() -> u64 {
    use crate::sync::{AtomicUsize, Ordering};
    static MAPS: AtomicUsize = AtomicUsize::new(1);
    let count = MAPS.fetch_add(1, Ordering::Relaxed) as u64;
    count.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (&raw const MAPS).addr() as u64
}
