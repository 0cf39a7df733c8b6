//! Which operation writes shared memory, and how much: the feature `stats`.
//!
//! Properties:
//! - reading `Copy` values in any way locks nothing, writes nothing and calls no pool, while others write
//!   too;
//! - an insertion locks at most 1.10 nodes on average, a removal 1.07. An operation that changes one value
//!   locks one node;
//! - a lock that cannot be taken is counted as failed;
//! - every word of a node that changes is counted, whichever instructions change it;
//! - threads count for themselves.

use bskip_core::internals::use_instructions;
use bskip_core::stats::{Counts, counted, counts};
use bskip_core::{
    AllocError, BSkipMap, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalArena,
    GlobalHints,
};
use bskip_core::{Config, Placement, PoolUsage, Promotion, Refresh};
use core::alloc::Layout;
use core::ops::ControlFlow;
use core::ptr::NonNull;
use numa_alloc::NumaArena;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use tests::rng::mix;
use tests::shapes::Shape;

#[expect(dead_code, reason = "only its look-ups are counted here")]
#[path = "../../bskip-core/examples/memtable/table.rs"]
mod table;

type Map = BSkipMap<u64, u64>;

/// A map of these keys, each with its complement as value.
fn filled(keys: &[u64]) -> Map {
    let map = Map::with_config(GlobalArena::new(), Config::new().seed(1)).expect("memory");
    keys.iter().for_each(|&key| assert_eq!(map.insert(key, !key), None));
    map
}

/// Reads in every way that needs no lock, around every `step`th key. The map has all of `keys`, perhaps
/// others too.
fn read_in_every_way<A: BlockArena>(map: &BSkipMap<u64, u64, A>, keys: &[u64], step: usize) {
    let count_chunks = |pairs: &mut usize, keys: &[u64], _: &[u64]| {
        *pairs += keys.len();
        if *pairs < 1000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    for &key in keys.iter().step_by(step) {
        assert_eq!(map.get(&key), Some(!key));
        assert!(map.contains_key(&key));
        assert!(map.get(&(key ^ 1)).is_none_or(|value| value == !(key ^ 1)));
        assert_eq!(map.range(key..).take(100).next(), Some((key, !key)));
        assert!(map.range(..=key).rev().take(100).all(|(key, value)| value == !key));
        let mut pairs = 0;
        let _ = map.try_for_each_chunk(key.., |keys, values| count_chunks(&mut pairs, keys, values));
        let _ = map.try_for_each_chunk_rev(..=key, |keys, values| count_chunks(&mut pairs, keys, values));
        assert!(pairs > 0);
    }
    for keys in keys.chunks(50).step_by(step) {
        let mut values = vec![None; keys.len()];
        map.get_many(keys, &mut values);
        assert!(keys.iter().zip(values).all(|(key, value)| value == Some(!key)));
        let mut found = vec![false; keys.len()];
        map.contains_many(keys, &mut found);
        assert!(found.iter().all(|&found| found));
    }
    assert!(map.first_key_value() <= map.last_key_value());
    assert!(map.len() >= keys.len() && !map.is_empty());
    assert!(map.iter().count() >= keys.len() && map.iter().rev().count() >= keys.len());
}

#[test]
fn reads_write_nothing() {
    let keys = Shape::Random.keys(100_000);
    let map = filled(&keys);
    let ((), read) = counted(|| read_in_every_way(&map, &keys, 7));
    assert_eq!(read, Counts::default());
    assert_eq!(counted(|| map.update(&keys[0], |value| *value += 1)).1.locks, 1, "it counts at all");
}

/// A memtable's look-up finds the newest version of a key, and copies its bytes.
#[test]
fn look_ups_in_a_memtable_write_nothing() {
    let table = table::Memtable::new(1 << 26);
    let (key, value) = (|i: u64| mix(i / 10).to_be_bytes(), |i: u64| vec![i as u8; i as usize % 500 * 5]);
    (1..20_000).for_each(|i| table.write(i, &key(i), Some(&value(i))).expect("room"));
    let ((), read) = counted(|| {
        let mut copy = Vec::new();
        for i in 1..20_000 {
            assert_eq!(table.get_into(&key(i), i, &mut copy), Some(true));
            assert_eq!(copy, value(i));
            assert_eq!(table.get(&key(i), i, |found| found == Some(&copy)), Some(true));
        }
    });
    assert_eq!(read, Counts::default());
    assert!(counted(|| table.write(20_000, b"k", None).expect("room")).1.locks > 0, "it counts at all");
}

#[test]
fn reads_by_replicas_write_nothing_once_they_are_up_to_date() {
    let keys = Shape::Random.keys(100_000);
    for refresh in [Refresh::Synchronous, Refresh::Lazy] {
        let arena = NumaArena::builder().pretend_nodes(3).replicate_inner(true).build().expect("nodes");
        let map = BSkipMap::with_config(arena, Config::new().refresh(refresh).seed(1)).expect("memory");
        keys.iter().for_each(|&key| assert_eq!(map.insert(key, !key), None));
        assert_eq!(map.refresh_replicas() > 0, refresh == Refresh::Lazy);
        let ((), read) = counted(|| read_in_every_way(&map, &keys, 7));
        assert_eq!(read, Counts::default(), "{refresh:?}");
    }
}

#[test]
fn reads_write_nothing_while_others_write() {
    let keys = Shape::Random.keys(100_000);
    let map = filled(&keys[..20_000]);
    let rest = &keys[20_000..];
    thread::scope(|threads| {
        threads.spawn(|| {
            for (i, &key) in rest.iter().enumerate() {
                assert_eq!(map.insert(key, !key), None);
                if i % 3 == 0 {
                    assert_eq!(map.remove(&key), Some(!key));
                }
            }
        });
        let reader = threads.spawn(|| {
            read_in_every_way(&map, &keys[..20_000], 7);
            counts()
        });
        assert_eq!(reader.join().expect("right answers"), Counts::default());
    });
}

/// Counts the locks for a thousand insertions and removals of random keys, and checks that they are not too
/// many. A thread that is alone must never fail to lock.
#[test]
#[cfg_attr(small_nodes, ignore = "about nodes of 64 slots")]
fn one_node_is_locked_for_a_change_and_rarely_more() {
    const KEYS: u64 = 400_000;
    let keys = Shape::Random.keys(KEYS);
    let (map, inserted) = counted(|| filled(&keys));
    let ((), removed) = counted(|| keys.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key))));
    // The aim is 1100 thousandths for both. The one lock that every operation takes counts 1000. In an
    // insertion, splits add 41 (the fresh leaf and the node above), and redistribution adds the rest.
    for (what, counts, most) in [("insert", inserted, 1105), ("remove", removed, 1070)] {
        let thousandths = counts.locks * 1000 / KEYS;
        println!(
            "{what}: {thousandths} thousandths of a lock, {} words written",
            counts.shared_writes / KEYS
        );
        assert!((1000..=most).contains(&thousandths), "{what}: {thousandths} thousandths of a lock");
        assert_eq!(counts.failed_locks, 0, "{what}");
        // Locking and unlocking, and the pair that is inserted or removed.
        assert!(counts.shared_writes >= 3 * KEYS, "{what}: {counts:?}");
        assert!(counts.pool_calls > KEYS / 64 && counts.pool_calls < KEYS / 16, "{what}: {counts:?}");
    }
}

#[test]
fn a_change_of_one_value_locks_one_node() {
    let map = filled(&Shape::Random.keys(1000));
    let key = map.first_key_value().expect("a pair").0;
    let (_, changed) = counted(|| map.insert(key, 1));
    let (_, updated) = counted(|| map.update(&key, |value| *value += 1));
    let (value, read) = counted(|| map.get_with(&key, |value| *value));
    assert_eq!(value, Some(2));
    for counts in [changed, updated, read] {
        assert_eq!((counts.locks, counts.failed_locks, counts.pool_calls), (1, 0, 0));
        // The lock, the value, the lock.
        assert_eq!(counts.shared_writes, 3);
    }
    let (missing, none) = counted(|| (map.remove(&(key - 1)), map.update(&(key - 1), |_| ())));
    assert_eq!((missing, none), ((None, None), Counts::default()));
}

/// A [`GlobalArena`] that makes another insertion overtake a search: it runs the insertion when the search
/// has asked for the addresses of this many blocks.
#[derive(Clone, Copy, Default)]
struct Overtaking;

struct OvertakingPool(<GlobalArena as BlockArena>::Pool);

thread_local! {
    /// How many blocks to wait for, the key of the other insertion, and this thread's count of locks when the
    /// search began.
    static OVERTAKE: Cell<Option<(u64, u64, u64)>> = const { Cell::new(None) };
}

static OVERTAKEN: LazyLock<BSkipMap<u64, u64, Overtaking>> = LazyLock::new(|| {
    let config = Config::new().promotion(Promotion::Overflow).seed(1);
    BSkipMap::with_config(Overtaking, config).expect("memory")
});

// SAFETY: the pools are those of `GlobalArena`.
unsafe impl BlockArena for Overtaking {
    type Pool = OvertakingPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<OvertakingPool, AllocError> {
        Ok(OvertakingPool(GlobalArena::new().pool(layout, kind)?))
    }
}

// SAFETY: every call goes to a pool of `GlobalArena`, which keeps the contract.
unsafe impl BlockPool for OvertakingPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        self.0.acquire(placement)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        match OVERTAKE.get() {
            // The other insertion must not run under the lock that the search took: the thread would wait for
            // itself.
            Some((0, key, locks)) if counts().locks == locks => {
                OVERTAKE.set(None);
                assert_eq!(OVERTAKEN.insert(key, 0), None);
            }
            Some((blocks, key, locks)) if counts().locks == locks => {
                OVERTAKE.set(Some((blocks - 1, key, locks)));
            }
            _ => {}
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.address(block) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        self.0.usage()
    }
}

#[test]
fn a_lock_that_cannot_be_taken_counts_as_failed() {
    // Ascending keys leave full leaves behind. An insertion then searches once more before it locks.
    let mut expected: BTreeMap<u64, u64> = (0..100 * 64).map(|k| (2 * k, 0)).collect();
    expected.keys().for_each(|&key| assert_eq!(OVERTAKEN.insert(key, 0), None));
    let mut failed = 0;
    for blocks in 0.. {
        // Each insertion goes into another leaf.
        let key = 2 * (64 * blocks + 40) + 1;
        OVERTAKE.set(Some((blocks, key + 2, counts().locks)));
        let (old, counts) = counted(|| OVERTAKEN.insert(key, 1));
        assert_eq!(old, None);
        expected.insert(key, 1);
        if OVERTAKE.take().is_some() {
            // The search asks for fewer blocks than this.
            assert_eq!(counts.failed_locks, 0);
            break;
        }
        expected.insert(key + 2, 0);
        failed += counts.failed_locks;
    }
    assert!(OVERTAKEN.iter().eq(expected));
    assert!(failed > 0, "no insertion came between a search and its lock");
}

/// A [`GlobalArena`] that records where its blocks are, in the order of their first issue, and how many words
/// each has.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Vec<(usize, usize)>>>);

impl Watched {
    /// All words of all blocks.
    fn words(&self) -> Vec<u64> {
        let blocks = self.0.lock().expect("not poisoned");
        let words = blocks.iter().flat_map(|&(block, words)| (0..words).map(move |i| block + 8 * i));
        let read = |address| {
            let word = core::ptr::with_exposed_provenance::<AtomicU64>(address);
            // SAFETY: a word of a block of a pool that lives, and only this thread writes to it.
            unsafe { &*word }.load(Ordering::Relaxed)
        };
        words.map(read).collect()
    }
}

struct WatchedPool(<GlobalArena as BlockArena>::Pool, Layout, Watched);

// SAFETY: the pools are those of `GlobalArena`.
unsafe impl BlockArena for Watched {
    type Pool = WatchedPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<WatchedPool, AllocError> {
        Ok(WatchedPool(GlobalArena::new().pool(layout, kind)?, layout, self.clone()))
    }
}

// SAFETY: every call goes to a pool of `GlobalArena`, which keeps the contract.
unsafe impl BlockPool for WatchedPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let id = self.0.acquire(placement)?;
        // SAFETY: issued just now.
        let address = unsafe { self.0.address(id) }.as_ptr().expose_provenance();
        let (mut blocks, block) = (self.2.0.lock().expect("not poisoned"), (address, self.1.size() / 8));
        if !blocks.contains(&block) {
            blocks.push(block);
        }
        Ok(id)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.address(block) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        self.0.usage()
    }
}

/// Runs `change`. The words that differ afterwards must not be more than those that were counted. A block's
/// words are zero at first.
fn counts_what_it_writes(arena: &Watched, words: &mut Vec<u64>, change: impl FnOnce()) {
    let ((), counts) = counted(change);
    let after = arena.words();
    words.resize(after.len(), 0);
    let differ = words.iter().zip(&after).filter(|(before, after)| before != after).count() as u64;
    assert!(differ > 0 && differ <= counts.shared_writes, "{differ} words differ: {counts:?}");
    *words = after;
}

#[test]
fn no_word_changes_uncounted() {
    let keys: Vec<u64> = (0..3000).map(mix).collect();
    for instructions in ["portable", "avx", "avx512", "whatever the build has"] {
        if !use_instructions(instructions) && !instructions.contains(' ') {
            continue;
        }
        let arena = Watched::default();
        let map = BSkipMap::with_config(arena.clone(), Config::new().seed(1)).expect("memory");
        let mut words = arena.words();
        for &key in &keys {
            counts_what_it_writes(&arena, &mut words, || assert_eq!(map.insert(key, !key), None));
        }
        for key in &keys {
            counts_what_it_writes(&arena, &mut words, || assert_eq!(map.remove(key), Some(!key)));
        }
    }
}

#[test]
fn threads_count_for_themselves() {
    let map = filled(&[]);
    let ((), here) = counted(|| {
        let there = thread::scope(|threads| {
            threads.spawn(|| counted(|| map.insert(1, 1)).1).join().expect("no panic")
        });
        assert_eq!(there.locks, 1);
        let both = there + counted(|| map.insert(2, 2)).1;
        assert_eq!((both.locks, (both - there).locks), (2, 1));
    });
    assert_eq!(here.locks, 1);
}
