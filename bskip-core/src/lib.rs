//! A concurrent ordered map for programs with or without an operating system. It is a B-skiplist whose
//! readers write nothing, and you choose where its memory comes from.
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
//! [`get_many`](BSkipMap::get_many), [`contains_many`](BSkipMap::contains_many),
//! [`insert_many`](BSkipMap::insert_many) and [`remove_many`](BSkipMap::remove_many) search for many keys at
//! a time, so the searches wait for memory together:
//!
//! ```
//! # let map: bskip_core::BSkipMap<u64, u64> = (0..2000).map(|k| (k, k / 2)).collect();
//! let mut values = [None; 3];
//! map.get_many(&[11, 5000, 12], &mut values);
//! assert_eq!(values, [Some(5), None, Some(6)]);
//! ```
//!
//! [`BSkipBytesMap`] takes keys of any length: text, bytes, and whatever has an order-preserving encoding,
//! such as tuples of strings and numbers. Look-ups borrow:
//!
//! ```
//! use bskip_core::BSkipBytesMap;
//!
//! let map: BSkipBytesMap<String, u64> = BSkipBytesMap::new();
//! map.insert("pear", 2);
//! assert_eq!(map.get("pear"), Some(2));
//! ```
//!
//! In a [`BSkipBlobMap`] the values are byte strings too, of any length. Readers copy them out without a
//! lock:
//!
//! ```
//! use bskip_core::BSkipBlobMap;
//!
//! let map: BSkipBlobMap<[u8]> = BSkipBlobMap::new();
//! map.insert(b"key".as_slice(), b"a value of any length");
//! assert_eq!(map.get_with(b"key".as_slice(), |value| value.len()), Some(21));
//! ```
//!
//! [`BSkipSet`] and [`BSkipBytesSet`] are sets: maps without room for values.
//!
//! ```
//! use bskip_core::BSkipSet;
//!
//! let set: BSkipSet<u64> = (0..100).filter(|k| k % 7 == 0).collect();
//! assert!(set.contains(&49) && set.intersection(&BSkipSet::from([7, 8])).eq([7]));
//! ```
//!
//! `bskip-core/docs/GUIDE.md` in the repository has more examples: building from sorted pairs, making a map
//! compact, NUMA nodes.
//!
//! # Consistency
//! Operations on one key, and on the first or last pair, are linearizable. Scans are ordered, stay within
//! their bounds and miss no key that stays, but they are no snapshots. [`BSkipMap`](BSkipMap#consistency) has
//! the exact rules. `bskip-core/docs/CONSISTENCY.md` in the repository has a table of all operations: what
//! each promises, locks and allocates, and what a panic leaves. `bskip-core/docs/PROTOCOL.md` says how the
//! map works and why it is correct.
//!
//! # Memory
//! A map takes blocks of memory from an arena: [`GlobalArena`] is the default (the global allocator, and huge
//! pages on Linux). [`StaticArena`] takes memory that the program gives it, and its maps need no allocator: they
//! can be in statics ([`BSkipMap::new_in`]). `BumpArena` (feature `bump`) has a byte limit. `numa_alloc::NumaArena`
//! places blocks on NUMA nodes and uses huge pages. Or write [your own](arena#an-arena-of-your-own).
//!
//! `try_` before the name of a method that inserts means: if there is no memory, return an error and give
//! back what was not inserted. The method without `try_` panics then. (One other name begins with `try_`:
//! [`try_for_each_chunk`](BSkipMap::try_for_each_chunk), after std's [`Iterator::try_for_each`].)
//!
//! # Names
//! A method that `BTreeMap` of std or `SkipMap` of crossbeam has, and that does the same here, has the same
//! name. The differences have one cause: no reference to a value can leave the map, because another thread
//! may change or remove the value at any time. `bskip-core/docs/MIGRATION.md` in the repository lists every
//! method of std's, crossbeam's and artmap's maps and sets with its counterpart here. The most used ones:
//!
//! | there | here | |
//! | --- | --- | --- |
//! | std: `get` gives `&V` | [`get`](BSkipMap::get) copies, [`get_cloned`](BSkipMap::get_cloned) clones, [`get_with`](BSkipMap::get_with) lends `&V` to a closure | cloning and lending lock the leaf |
//! | std: `get_mut`, `entry(..).and_modify(..)` | [`update`](BSkipMap::update) | lends `&mut V` to a closure |
//! | std: `entry`; papaya: `compute` | [`compute`](BSkipMap::compute) | a closure decides under the leaf's lock; it runs once |
//! | crossbeam: `compare_insert` | [`compare_insert`](BSkipMap::compare_insert) | says whether it has inserted |
//! | crossbeam: `Entry::remove` removes that very entry | [`remove_if`](BSkipMap::remove_if) | removes what the closure recognises |
//! | std: `first_key_value`, `last_key_value`; crossbeam: `front`, `back` | [`first_key_value`](BSkipMap::first_key_value), [`last_key_value`](BSkipMap::last_key_value), and `…_cloned` | std's names; they give the pair, not references |
//! | std: `pop_first`, `pop_last`; crossbeam: `pop_front`, `pop_back` | [`pop_first`](BSkipMap::pop_first), [`pop_last`](BSkipMap::pop_last) | std's names |
//! | std: `first_entry`, `last_entry`; std's `Vec`: `pop_if` | [`compute_first`](BSkipMap::compute_first), [`compute_last`](BSkipMap::compute_last), [`pop_first_if`](BSkipMap::pop_first_if), [`pop_last_if`](BSkipMap::pop_last_if) | a closure decides under the leaf's lock |
//! | std: `range`, `iter` give references; crossbeam: entries | [`range`](BSkipMap::range), [`iter`](BSkipMap::iter) give pairs | [`cloned`](Range::cloned) for values that are not `Copy` |
//! | RocksDB: iterators with `seek`, `seek_for_prev`, `next`, `prev`; std (unstable): `BTreeMap` cursors | [`cursor`](BSkipMap::cursor), [`cursor_owned`](BSkipMap::cursor_owned) | RocksDB's names, because a cursor stands at a pair |
//! | std: `entry(..).or_insert_with(..)`; crossbeam: `get_or_insert_with` | [`get_or_insert_with`](BSkipMap::get_or_insert_with) gives a clone, [`entry_or_insert_with`](BSkipMap::entry_or_insert_with) lends `&mut V` | crossbeam's `get_or_insert` is [here](BSkipMap::get_or_insert) too |
//! | std (unstable): `try_insert` fails if the key is there | [`insert_if_absent`](BSkipMap::insert_if_absent) gives the value back if the key is there | here `try_` is about memory |
//! | std: `map[&key]` (`Index`) | none: it would have to give a reference | [`get`](BSkipMap::get) and its variants |
//! | std: `Clone`, `PartialEq`, `Eq`, `PartialOrd`, `Ord`, `Hash` | the same, for values that are `Clone` | they read [the whole map](BSkipMap#whole-maps), and no snapshot of it |
//! | std: `FromIterator`, `From<[_; N]>`, `Extend`, also of references, `IntoIterator for &map` | the same | `extend(&map)` takes another map of this crate |
//! | std: `range_mut`, `iter_mut`, `values_mut` | [`range_update`](BSkipMap::range_update) | lends `&mut V` to a closure |
//! | std: `retain`, `extract_if`, `split_off`, `into_iter`, `into_keys`, `into_values`, `keys`, `values` | the same names | `retain` and `extract_if` take `&self` |
//! | crossbeam: `lower_bound`, `upper_bound` | [`lower_bound`](BSkipMap::lower_bound), [`upper_bound`](BSkipMap::upper_bound) | and [`floor`](BSkipMap::floor), [`ceiling`](BSkipMap::ceiling), [`lower`](BSkipMap::lower), [`higher`](BSkipMap::higher) |
//! | crossbeam: `insert`, `remove` give entries | [`insert`](BSkipMap::insert), [`remove`](BSkipMap::remove) give the old value | as std's |
//!
//! # Features
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `std` | yes | A waiting thread yields to the scheduler, then sleeps. The seed of the coin is random. A closure that would wait for its own thread panics. On x86-64, vector instructions are used if the processor has them. Turns on `huge-pages`. |
//! | `huge-pages` | with `std` | On Linux, large maps on a [`GlobalArena`] lie on huge pages. |
//! | `bump` | no | `BumpArena`, by the crate `bumpalo`. |
//! | `serde` | no | `Serialize` and `Deserialize`: maps as maps, sets as sequences. Reading streams, and makes an error of missing memory. `&mut map` is a `DeserializeSeed`, for a map in an arena of your own. |
//! | `rayon` | no | `par_iter` and `par_range`, divided where nodes start; collecting and extending in parallel. A [`BSkipBytesSet`] is collected, but not extended. A [`BSkipBlobMap`] has none of these. Turns on `std`. |
//! | `allocator-api2` | no | `AllocatorArena`: node memory from any allocator of that crate's trait. |
//! | `bytes` | no | `Bytes` and `BytesMut` are keys of byte maps. As values they need no feature: `Bytes::from` takes over the copy that [`BSkipBlobMap::get`] returns. |
//! | `check` | no | `BSkipMap::check_invariants`. |
//! | `stats` | no | The module `stats`: counts of locks and of writes to shared memory, for each thread. Turns on `std`. |
//! | `chaos` | no | For tests: threads yield at random where the protocol leaves a window open. Turns on `std`. |
//!
//! There is no feature `equivalent`. The traits of that crate compare a form of a key with a key. The maps
//! hold no keys: a [`BSkipMap`] holds words, which it compares several at a time, and its keys are `Copy`, so
//! a borrowed form would save nothing. A map of byte strings takes any type with
//! [the same encoding](BytesKey::Form), which does what `Equivalent` and `Borrow` do.
//!
//! Without `std` the crate is `no_std` and needs only `alloc`. A waiting thread then spins, unless your arena
//! has a [`Platform`] of its own. Vector instructions are used only if the build promises them.
//!
//! # Vector instructions
//! Searches and moves within a node use AVX-512 or AVX on x86-64, NEON on AArch64, and plain code elsewhere.
//! On x86-64 the crate asks the processor once, at the first search. So an ordinary build runs on every
//! machine, and is within a few percent of one with `-C target-cpu=native`. If the build promises AVX
//! (`native`, `x86-64-v3`, `-v4`), the crate does not ask and uses the best that is promised: with
//! `x86-64-v3` that is AVX, even on a machine with AVX-512.
//!
//! # Targets
//! | target | map |
//! | --- | --- |
//! | 64 bits: `x86_64`, `aarch64`, `riscv64gc` …, with or without an operating system | as described |
//! | 32 bits with 64-bit atomics: `i686`, `armv7` … | the same |
//! | 32 bits without them: `thumbv7em-none-eabihf`, `riscv32imac-unknown-none-elf` … | a node's version lies in two words, and each word of a key in two halves. The map promises the same, and a lookup takes a few more loads. (On RISC-V of any width, see section 12 of the PROTOCOL for operations on several nodes.) No lock takes the place of the missing atomics, so an interrupt handler that interrupts a writer may read by a [`Handler`] |
//! | no compare-and-swap (`thumbv6m`, `riscv32imc` …), or no inline assembly in stable Rust | none: a `compile_error!` says what is missing |
//!
//! `RUSTFLAGS="--cfg bskip_narrow"` makes any build do without 64-bit atomics and vector instructions. It is for
//! tests.
//!
//! # Small code
//! With `opt-level = "s"` or `"z"`, the crate inlines less. The code of a map's calls then has about two thirds of the
//! bytes, and the calls take longer. A map has at most 6 levels instead of 16. That is enough for some 10^8 keys. In
//! larger maps, searches take more steps to the right on the topmost level.
//!
//! # When to choose something else
//! * Strings with hundreds of bytes in common: a trie such as ART. This map compares these bytes in every
//!   node.
//! * A snapshot of the whole map, kept for long: a persistent or multi-version map. (Of a bounded range there
//!   is [`range_snapshot`](BSkipMap::range_snapshot).)
//! * Only point lookups, no order: a hash map.
//! * One thread: `BTreeMap` has references to values, and entries.

#![cfg_attr(not(any(feature = "std", loom, shuttle)), no_std)]
// Such a build has few of the tests.
#![cfg_attr(all(loom, bskip_narrow), allow(dead_code))]

#[cfg(any(not(all(target_has_atomic = "32", target_has_atomic = "ptr")), bskip_without_atomics))]
compile_error!(
    "bskip-core needs atomic compare-and-swap of 32 bits and of pointers, which this target lacks"
);

#[cfg(not(any(
    miri,
    target_arch = "x86",
    target_arch = "x86_64",
    target_arch = "arm",
    target_arch = "aarch64",
    target_arch = "arm64ec",
    target_arch = "riscv32",
    target_arch = "riscv64",
    target_arch = "loongarch32",
    target_arch = "loongarch64",
    target_arch = "s390x",
    target_arch = "powerpc",
    target_arch = "powerpc64",
)))]
compile_error!("bskip-core needs inline assembly, which Rust does not have for this target");

/// A small part of the crate `cfg-if`. rustfmt knows the name, so it formats the modules inside.
macro_rules! cfg_if {
    (if #[cfg($condition:meta)] { $($item:item)* }) => { $(#[cfg($condition)] $item)* };
}

extern crate alloc;

// `cfg_attr(not(any(debug_assertions, small_code)), inline(always))` in this crate: release builds inline the
// function everywhere. Builds with assertions, such as the tests', compile it once for each type and take half
// the time. They also need less stack if the function moves values: an unoptimised build that inlines keeps a
// copy of the value for each place. Builds for size (`small_code`, which the build script sets) compile it once
// too, and take two thirds of the code.

// Without atomics nothing below compiles. So it is left out, and the error above is the only one.
cfg_if! { if #[cfg(all(target_has_atomic = "32", target_has_atomic = "ptr", not(bskip_without_atomics)))] {
    pub mod arena;
    mod backoff;
    mod blob;
    mod blob_map;
    mod busy;
    mod bytes_map;
    mod bytes_set;
    mod cells;
    mod chaos;
    mod columns;
    mod compute;
    mod config;
    mod counter;
    mod cursor;
    mod ends;
    mod few;
    mod handler;
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
    mod merge;
    mod mix;
    mod node;
    mod numa_node;
    #[cfg(feature = "rayon")]
    mod parallel;
    mod platform;
    mod reentrancy;
    mod section;
    #[cfg(feature = "serde")]
    mod serialize;
    mod set;
    mod sets;
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
    mod taken;
    mod unwind;
    mod value;
    mod whole;

    #[cfg(feature = "allocator-api2")]
    pub use arena::AllocatorArena;
    #[cfg(feature = "bump")]
    pub use arena::BumpArena;
    pub use arena::{
        AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalHints,
        HintMemory, HugePages, KeyPrefix, NoHints, NumaBlocks, NumaNodeId, Placement, PoolUsage, RegionError,
        RegionUsage, StaticArena, StaticMemory,
    };
    pub use backoff::DefaultPlatform;
    pub use busy::{Busy, TryInsertCause};
    pub use blob_map::{BSkipBlobMap, BlobBulkLoad, BlobChunk, BlobCursor, BlobKeys, BlobRange, OwnedBlobCursor};
    pub use bytes_map::{
        BSkipBytesMap, BytesBulkError, BytesBulkLoad, BytesChunk, BytesCursor, BytesExtractIf, BytesInsertError,
        BytesInsertErrorKind, BytesInsertManyError, BytesKeys, BytesMigrateCursor, BytesRange, BytesShrinkCursor,
        ClonedBytesRange, OwnedBytesCursor,
    };
    pub use bytes_set::{BSkipBytesSet, BytesMerged, BytesSetRange};
    pub use columns::Values;
    pub use compute::{Compute, Operation};
    pub use config::{Config, Promotion, Refresh};
    #[cfg(feature = "check")]
    pub use index::Structure;
    pub use handler::{BytesHandler, Handler, Reservation, SetHandler, TryInsertError};
    pub use iter::{ClonedRange, Range};
    pub use key::{BytesKey, Key, KeyBuffer, KeyReader, KeyWords, KeyWriter};
    pub use map::{
        AppendError, BSkipMap, BulkError, BulkLoad, Cursor, ExtractIf, InsertError, InsertManyError, Keys,
        MigrateCursor, OwnedCursor, ShrinkCursor,
    };
    #[cfg(feature = "rayon")]
    pub use parallel::{
        ClonedParBytesRange, ClonedParRange, ParBytesRange, ParBytesSetRange, ParRange, ParSetRange,
    };
    pub use platform::Platform;
    pub use set::{BSkipSet, Merged, SetRange};
    pub use taken::{Drain, IntoIter, IntoKeys, IntoValues};
}}
