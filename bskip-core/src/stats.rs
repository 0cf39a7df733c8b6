//! Feature `stats`: counts how much a thread locks, and how much it writes that other threads may be looking
//! at.
//!
//! Every thread counts for itself, so counting shares nothing. These places count:
//!
//! | what | counted in |
//! | --- | --- |
//! | a node locked, or not | `lock`, `try_lock`, which all locks of nodes come through |
//! | a store or read-modify-write of an atomic | `sync`, whose atomics count, so none can be forgotten |
//! | words stored by vector instructions | `node/words/moves`, and `simd/x86/avx512` for its moves by masks |
//! | a block taken or given back | `index`, which alone calls the pools |
//!
//! Without the feature this module has three empty functions. Under a model checker, which runs all its
//! threads on one thread of the system, writes are not counted.

#[cfg(feature = "stats")]
mod imp {
    use core::cell::Cell;
    use core::ops::{Add, Sub};

    /// What a thread did.
    ///
    /// If all counts are as before, the operation wrote nothing that another thread could see. So it slowed
    /// down no other thread.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    #[non_exhaustive]
    pub struct Counts {
        /// Nodes locked, fresh ones included.
        pub locks: u64,
        /// Failed attempts to lock a node: another thread had locked it, or it had changed since it was read.
        pub failed_locks: u64,
        /// Words of shared memory written: of nodes and their locks, the hint table, the root, the pools of
        /// this crate, their spin locks and counters. Each store and each read-modify-write of an atomic
        /// counts as one, even a compare-and-swap that fails. Each word that a vector instruction stores
        /// counts, too.
        ///
        /// The count leaves out what a pool of another crate writes (see `pool_calls`), what the global
        /// allocator writes, and what the user's code writes. It also leaves out plain data under a spin
        /// lock; locking and unlocking count as two.
        pub shared_writes: u64,
        /// Calls of [`acquire`](crate::BlockPool::acquire) and [`release`](crate::BlockPool::release).
        pub pool_calls: u64,
    }

    impl Counts {
        const ZERO: Self = Self { locks: 0, failed_locks: 0, shared_writes: 0, pool_calls: 0 };

        fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
            Self {
                locks: f(self.locks, other.locks),
                failed_locks: f(self.failed_locks, other.failed_locks),
                shared_writes: f(self.shared_writes, other.shared_writes),
                pool_calls: f(self.pool_calls, other.pool_calls),
            }
        }
    }

    /// The sum of two counts, of two threads or of two times.
    impl Add for Counts {
        type Output = Self;
        fn add(self, other: Self) -> Self {
            self.zip(other, u64::wrapping_add)
        }
    }

    /// What was counted since `earlier`.
    impl Sub for Counts {
        type Output = Self;
        fn sub(self, earlier: Self) -> Self {
            self.zip(earlier, u64::wrapping_sub)
        }
    }

    std::thread_local! {
        static COUNTS: Cell<Counts> = const { Cell::new(Counts::ZERO) };
    }

    /// This thread's counts since it began, over all maps. O(1).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1000).map(|k| (k, k)).collect();
    /// let before = bskip_core::stats::counts();
    /// map.insert(7, 8);
    /// assert_eq!((bskip_core::stats::counts() - before).locks, 1);
    /// ```
    #[must_use]
    pub fn counts() -> Counts {
        COUNTS.get()
    }

    /// Runs `f`. Returns its result, and what this thread counted meanwhile.
    ///
    /// ```
    /// use bskip_core::stats::{Counts, counted};
    ///
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1000).map(|k| (k, k)).collect();
    /// assert_eq!(counted(|| map.get(&7)), (Some(7), Counts::default()));
    /// assert_eq!(counted(|| map.range(..100).count()), (100, Counts::default()));
    /// ```
    ///
    /// # Panics
    /// If `f` does.
    pub fn counted<R>(f: impl FnOnce() -> R) -> (R, Counts) {
        let before = counts();
        let result = f();
        (result, counts() - before)
    }

    #[inline]
    fn change(f: impl FnOnce(&mut Counts)) {
        let mut counts = COUNTS.get();
        f(&mut counts);
        COUNTS.set(counts);
    }

    /// This thread tried to lock a node. `is_locked` says whether it succeeded.
    #[inline]
    pub(crate) fn locked(is_locked: bool) {
        change(|counts| *if is_locked { &mut counts.locks } else { &mut counts.failed_locks } += 1);
    }

    /// `words` words of shared memory are being written.
    #[inline]
    pub(crate) fn wrote(words: usize) {
        change(|counts| counts.shared_writes += words as u64);
    }

    /// A pool was asked for a block, or got one back.
    #[inline]
    pub(crate) fn called_pool() {
        change(|counts| counts.pool_calls += 1);
    }
}

#[cfg(not(feature = "stats"))]
mod imp {
    #[inline(always)]
    pub(crate) fn locked(_: bool) {}

    #[inline(always)]
    pub(crate) fn wrote(_: usize) {}

    #[inline(always)]
    pub(crate) fn called_pool() {}
}

#[cfg(feature = "stats")]
pub use imp::{Counts, counted, counts};
pub(crate) use imp::{called_pool, locked, wrote};
