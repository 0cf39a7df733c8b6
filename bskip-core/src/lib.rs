//! A concurrent ordered map for programs with or without an operating system: a B-skiplist whose readers
//! write nothing and whose memory comes from where you say.
//!
//! ```
//! use bskip_core::BSkipMap;
//!
//! let map = BSkipMap::new();
//! std::thread::scope(|threads| {
//!     threads.spawn(|| (0..1000u64).for_each(|k| drop(map.insert(2 * k, k))));
//!     threads.spawn(|| (0..1000u64).for_each(|k| drop(map.insert(2 * k + 1, k))));
//! });
//! assert_eq!(map.get(&10), Some(5));
//! assert_eq!(map.range(..=7).next_back(), Some((7, 3)));
//! assert_eq!(map.pop_first(), Some((0, 0)));
//! ```
//!
//! Many keys at a time: [`get_many`](BSkipMap::get_many), [`contains_many`](BSkipMap::contains_many),
//! [`insert_many`](BSkipMap::insert_many), [`remove_many`](BSkipMap::remove_many) let their searches wait for memory
//! together.
//!
//! ```
//! # let map: bskip_core::BSkipMap<u64, u64> = (0..2000).map(|k| (k, k / 2)).collect();
//! let mut values = [None; 3];
//! map.get_many(&[11, 5000, 12], &mut values);
//! assert_eq!(values, [Some(5), None, Some(6)]);
//! ```
//!
//! # Consistency
//! Operations on one key, and those on the first and last, are linearizable. Iteration is ordered, within
//! bounds and misses no key that stays, but is no snapshot. [`BSkipMap`] says it exactly.
//!
//! How it works, and why that is right, is written down in the repository, for checking against the code:
//! `bskip-core/docs/PROTOCOL.md`.
//!
//! # Memory
//! A map asks a [`NodeArena`] for blocks: [`GlobalArena`] (the default, over the global allocator, in huge pages on Linux),
//! `BumpArena` (feature `bump`, with a byte limit), `numa_alloc::NumaArena` (placed on NUMA nodes, huge
//! pages), or your own. [`BSkipMap::try_insert`] gives the pair back when there is none left.
//!
//! # Features
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `std` | yes | waiting threads yield to the scheduler, then sleep; the coin's seed is random; closures that would wait for their own thread panic; x86-64's vector instructions are used where the processor has them. Without it the crate is `no_std`, needs only `alloc`, waits as [`set_relax`] says, and uses vector instructions if the build promises them |
//! | `bump` | no | `BumpArena`, through crate `bumpalo` |
//! | `check` | no | `BSkipMap::check_invariants` |
//! | `stats` | no | module `stats`: counts of locks and of writes to shared memory, thread by thread; needs `std` |
//! | `chaos` | no | for tests: threads yield at random where the protocol leaves a window open; needs `std` |
//!
//! # Vector instructions
//! Searches and moves in a node are by AVX-512 or AVX on x86-64, by NEON on AArch64, else word by word. On x86-64 the
//! processor is asked once, at the first search, so an ordinary build is good for every machine and as fast, within a
//! few percent, as one with `-C target-cpu=native`. A build that promises AVX (`native`, `x86-64-v3`, `-v4`) asks nobody
//! and uses the best that it promises: with `x86-64-v3` that is AVX, also where there is AVX-512.
//!
//! 64-bit atomics are needed, and inline assembly (x86, Arm, RISC-V, LoongArch …).
//!
//! # When to choose something else
//! * Keys that are long or of varying length (strings): a trie such as masstree or ART.
//! * A snapshot of many keys at one moment: a persistent or multi-version map.
//! * Only point lookups, no order: a hash map.
//! * One thread: `BTreeMap` has references to values, and entries.

#![cfg_attr(not(any(feature = "std", loom, shuttle)), no_std)]

#[cfg(any(not(target_has_atomic = "64"), bskip_without_64_bit_atomics))]
compile_error!("bskip-core needs 64-bit atomic operations, and this target has none");

/// The crate `cfg-if`, as much of it as is needed: by this name rustfmt finds the modules within.
macro_rules! cfg_if {
    (if #[cfg($condition:meta)] { $($item:item)* }) => { $(#[cfg($condition)] $item)* };
}

extern crate alloc;

// `cfg_attr(not(debug_assertions), inline(always))` below here: what is shipped has the function wherever it is used;
// builds with assertions, which is how the tests are built, once for each type, and take half the time. Where the function
// moves values it also saves stack: an unoptimised build that inlines keeps a copy of a value for each place.

// Without them nothing below would compile, and the one sentence above would go under.
cfg_if! { if #[cfg(all(target_has_atomic = "64", not(bskip_without_64_bit_atomics)))] {
    pub mod arena;
    mod backoff;
    mod chaos;
    mod config;
    mod height;
    mod index;
    #[cfg(feature = "internals")]
    #[doc(hidden)]
    pub mod internals;
    mod iter;
    mod key;
    mod lock;
    #[cfg(all(test, loom))]
    mod loom_tests;
    mod map;
    mod mix;
    mod node;
    mod reentrancy;
    #[cfg(all(test, shuttle))]
    mod shuttle_tests;
    mod simd;
    mod spin;
    #[cfg(feature = "stats")]
    pub mod stats;
    #[cfg(not(feature = "stats"))]
    mod stats;
    #[cfg(not(any(loom, shuttle)))]
    mod sync;
    #[cfg(any(loom, shuttle))]
    #[doc(hidden)]
    pub mod sync;
    mod unwind;
    mod value;

    #[cfg(feature = "bump")]
    pub use arena::BumpArena;
    pub use arena::{
        AllocError, AllocErrorKind, BlockId, GlobalArena, HugePages, NodeArena, NodeId, NodeKind, NodePool, Placement,
        PoolUsage,
    };
    pub use backoff::set_relax;
    pub use config::{Config, Promotion, Refresh};
    #[cfg(feature = "check")]
    pub use index::Structure;
    pub use iter::{ClonedRange, Range};
    pub use key::{Key, KeyWords};
    pub use map::{BSkipMap, BulkError, BulkLoad, InsertError, InsertManyError, MigrateCursor, ShrinkCursor};
}}
