//! Giving the memory of free blocks back to the system: how much goes, what stays, and that first words never
//! repeat.
#![cfg(all(target_os = "linux", not(bskip_narrow)))]

mod support;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use bskip_core::BSkipMap;
use bskip_core::arena::{BlockId, NumaNodeId, Placement};
use numa_alloc::{NumaArena, NumaPool, PageSize, Policy};
use support::{LEAF, Owned, leaf_pool, words};

const SLAB: usize = 2 << 20;
/// A bound on the bytes of a stripe in front of its first slab.
const START: usize = 512 << 10;
const BLOCKS: usize = 20_000;

fn take(pool: &NumaPool, blocks: usize) -> Vec<Owned> {
    (0..blocks).map(|_| Owned::acquire(pool, Placement::Policy).unwrap()).collect()
}

/// Fills a block like a node whose version has grown to `version`.
fn fill(pool: &NumaPool, block: BlockId, version: u64) {
    let words = words(pool, block, LEAF);
    words.iter().for_each(|word| word.store(u64::MAX, Relaxed));
    words[0].store(version, Relaxed);
}

#[test]
fn free_slabs_go_back_and_first_words_only_grow() {
    for builder in [
        NumaArena::builder().page_size(PageSize::Small),
        NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave),
        NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave).prefault(true),
    ] {
        println!("{builder:?}");
        let arena = builder.build().unwrap();
        let pool = leaf_pool(&arena);
        let blocks = take(&pool, BLOCKS);
        let mut versions: HashMap<BlockId, u64> = HashMap::new();
        for (i, block) in blocks.iter().enumerate() {
            let version = 2 * (i as u64 * 7919 % 1000 + 1);
            fill(&pool, block.id, version);
            versions.insert(block.id, version);
        }
        let full = pool.usage();
        assert_eq!(arena.trim(), 0, "no block is free");

        // A few blocks stay, so that some slabs are not free.
        let (stay, go): (Vec<_>, Vec<_>) = blocks.into_iter().enumerate().partition(|(i, _)| i % 9_001 == 0);
        for (_, block) in go {
            block.release(&pool);
        }
        let given = arena.trim();
        println!("{given} of {} bytes given back", full.reserved_bytes);
        assert!(given.is_multiple_of(SLAB));
        // All whole slabs between the first and the last block of two nodes go, except those with a block
        // that stayed.
        assert!(given >= (BLOCKS * LEAF.size() / SLAB - 2 * stay.len() - 4) * SLAB, "{given}");
        assert_eq!(pool.usage().reserved_bytes, full.reserved_bytes - given);
        assert_eq!(arena.trim(), 0, "there is nothing more to give back");
        let report = arena.verify_placement();
        let untouched: usize = report.nodes.iter().map(|node| node.untouched).sum();
        assert!(report.refused.is_some() || untouched * report.page_bytes >= given, "{report}");

        // A reader with an old number finds the old contents or zeros.
        let words_of = |id: &BlockId| words(&pool, *id, LEAF).iter().map(|word| word.load(Relaxed));
        for (id, version) in &versions {
            assert!(words_of(id).skip(1).all(|word| word == 0 || word == u64::MAX));
            assert!([0, *version].contains(&words_of(id).next().unwrap()));
        }
        for (_, block) in &stay {
            assert_eq!(words_of(&block.id).next(), Some(versions[&block.id]));
            assert!(words_of(&block.id).skip(1).all(|word| word == u64::MAX));
        }

        // Three times, because memory that was given back once is given back again.
        for _ in 0..3 {
            let again = take(&pool, BLOCKS - stay.len());
            let usage = pool.usage();
            assert_eq!(usage.issued_blocks, BLOCKS);
            // The memory is now counted in pages; before it was counted in slabs.
            assert!((usage.issued_bytes..=full.reserved_bytes).contains(&usage.reserved_bytes), "{usage:?}");
            let mut fresh = 0;
            for block in &again {
                let version = words_of(&block.id).next().unwrap();
                // Some blocks may come from memory that was never used.
                let before = versions.insert(block.id, version + 2).unwrap_or(0);
                // A block in a slab that stayed is unchanged. Any other has a first word that is even and
                // larger than ever.
                assert!(version >= before && version.is_multiple_of(2), "{version} after {before}");
                fresh += usize::from(version > before);
                assert!(words_of(&block.id).skip(1).all(|word| word == 0 || word == u64::MAX));
                fill(&pool, block.id, version + 2);
            }
            assert!(fresh * LEAF.size() >= given / 2, "{fresh} blocks");
            again.into_iter().for_each(|block| _ = block.release(&pool));
            arena.trim();
            // Memory that was never used before may have been used since, and gone with the rest, on two
            // nodes.
            let kept = full.reserved_bytes - given;
            assert!((kept - 2 * SLAB..=kept).contains(&pool.usage().reserved_bytes));
        }
    }
}

/// Slabs become free one after the other, in several orders, the worst case among them. `trim` runs after
/// each.
#[test]
fn slabs_that_become_free_later_join_earlier_holes() {
    const SLABS: usize = 12;
    const ALL: usize = SLABS * SLAB / LEAF.size();
    let orders: [fn(&mut Vec<usize>); 4] = [
        |_| {},
        |slabs| slabs.reverse(),
        |slabs| slabs.sort_by_key(|slab| slab % 2),
        |slabs| slabs.sort_by_key(|slab| slab * 5 % SLABS),
    ];
    for order in orders {
        let arena = NumaArena::builder().pretend_nodes(1).page_size(PageSize::Small).build().unwrap();
        let pool = leaf_pool(&arena);
        let mut order_of_slabs: Vec<usize> = (0..SLABS).collect();
        order(&mut order_of_slabs);
        println!("{order_of_slabs:?}");
        let mut versions: HashMap<BlockId, u64> = HashMap::new();
        // Trims again, because some holes have been taken again by now, the last one only in part.
        for blocks in [ALL, ALL * 2 / 3, ALL] {
            let mut by_slab: Vec<Vec<Owned>> = (0..=SLABS).map(|_| Vec::new()).collect();
            for block in take(&pool, blocks) {
                let version = words(&pool, block.id, LEAF)[0].load(Relaxed);
                let slab = block.id.0.get() as usize * 64 / SLAB;
                // Each slab has other versions, in neither ascending nor descending order.
                let new =
                    version + 2 * (u64::from(block.id.0.get()) % 7 + 1 + 10 * (slab * 7 % SLABS) as u64);
                let before = versions.insert(block.id, new).unwrap_or(0);
                assert!(version >= before && version.is_multiple_of(2), "{version} after {before}");
                fill(&pool, block.id, new);
                by_slab[slab].push(block);
            }
            assert_eq!(pool.usage().issued_blocks, blocks);
            for &slab in &order_of_slabs {
                by_slab[slab].drain(..).for_each(|block| _ = block.release(&pool));
                arena.trim();
                assert_eq!(arena.trim(), 0, "there is nothing more to give back");
            }
            by_slab.into_iter().flatten().for_each(|block| _ = block.release(&pool));
            arena.trim();
            let usage = pool.usage();
            // The memory in front of the first slab stays. The last slab ends in less than a block, which was
            // never used, so it is not free.
            assert!(usage.issued_blocks == 0 && usage.reserved_bytes <= START + SLAB, "{usage:?}");
        }
    }
}

#[test]
fn memory_given_back_is_available_to_other_pools_and_counts_again_when_used() {
    const LIMIT: usize = 8 * SLAB;
    let arena = NumaArena::builder().limit(LIMIT).pretend_nodes(1).build().unwrap();
    let fill = |pool: &NumaPool| {
        std::iter::from_fn(|| Owned::acquire(pool, Placement::Policy).ok()).collect::<Vec<_>>()
    };
    let empty = |pool: &NumaPool, blocks: Vec<Owned>| blocks.into_iter().for_each(|b| _ = b.release(pool));
    let (one, other) = (leaf_pool(&arena), leaf_pool(&arena));
    let reserved = || arena.stats().total().reserved_bytes;
    let blocks = fill(&one);
    let count = blocks.len();
    assert_eq!((reserved(), fill(&other).len()), (LIMIT, 0));
    empty(&one, blocks);
    // Two parts of the memory stay: the part in front of the first slab, and the part of the last slab within
    // the limit, which is not a whole slab.
    const GIVEN: usize = LIMIT - SLAB;
    assert_eq!((arena.trim(), reserved()), (GIVEN, SLAB));
    assert_eq!(fill(&other).len(), (GIVEN - 64) / LEAF.size());
    assert_eq!(reserved(), LIMIT);
    let left = fill(&one).len();
    assert!(left <= SLAB.div_ceil(LEAF.size()), "{left}");
    drop(other);
    assert_eq!(left + fill(&one).len(), count);
    assert_eq!(reserved(), LIMIT);
}

/// Threads acquire and release blocks on two nodes while another thread trims. No block gets two owners, and
/// no first word repeats.
#[test]
fn trim_runs_while_other_threads_use_the_pool() {
    let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
    let pool = leaf_pool(&arena);
    let versions = Mutex::new(HashMap::<BlockId, u64>::new());
    let done = AtomicBool::new(false);
    let given = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4_u64)
            .map(|thread| {
                let (pool, versions) = (&pool, &versions);
                scope.spawn(move || {
                    for round in 0..6 {
                        let node = Placement::NumaNode(NumaNodeId(((thread + round) % 2) as u32));
                        let blocks: Vec<_> = (0..6000).map(|_| Owned::acquire(pool, node).unwrap()).collect();
                        for block in &blocks {
                            let words = block.words(pool, LEAF);
                            assert_eq!(words[1].swap(thread + 1, Relaxed), 0, "two owners");
                            let version = words[0].load(Relaxed);
                            let before = versions.lock().unwrap().insert(block.id, version + 2);
                            assert!(version >= before.unwrap_or(0), "{version} after {before:?}");
                            words[0].store(version + 2, Relaxed);
                        }
                        for block in blocks {
                            assert_eq!(block.words(pool, LEAF)[1].swap(0, Relaxed), thread + 1, "two owners");
                            block.release(pool);
                        }
                    }
                })
            })
            .collect();
        let trimmer = scope.spawn(|| {
            let mut given = 0;
            while !done.load(Relaxed) {
                given += arena.trim();
            }
            given + arena.trim()
        });
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        done.store(true, Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
        trimmer.join().unwrap()
    });
    println!("{given} bytes given back");
    assert!(given > 0);
    let usage = pool.usage();
    assert_eq!(usage.issued_blocks, 0);
    // On each node, two slabs may stay. One is the last slab, which ends in less than a block. The other is
    // the slab after it, which was never used if blocks came home just after it was committed.
    assert!(usage.reserved_bytes <= 4 * SLAB, "{usage:?}");
}

/// Maps read nodes that other threads have removed. No reader takes such a node for another that has reused
/// its block.
fn a_map_goes_on(replicas: bool) {
    const KEYS: u64 = 40_000;
    let builder = NumaArena::builder().pretend_nodes(2).policy(Policy::Interleave);
    let arena = builder.replicate_inner(replicas).page_size(PageSize::Small).build().unwrap();
    let map = BSkipMap::with_arena(arena.clone()).unwrap();
    let writing = AtomicUsize::new(3);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (map, writing) = (&map, &writing);
            scope.spawn(move || {
                // Counts down even if an assertion fails.
                let _guard = Countdown(writing);
                let keys = || (0..KEYS).map(|key| key * 3 + thread);
                for round in 0..3 {
                    keys().for_each(|key| assert_eq!(map.insert(key, key * 8 + round), None));
                    keys().for_each(|key| assert_eq!(map.get(&key), Some(key * 8 + round)));
                    keys().for_each(|key| assert_eq!(map.remove(&key), Some(key * 8 + round)));
                }
            });
        }
        scope.spawn(|| {
            let mut key = 1;
            while writing.load(Relaxed) > 0 {
                key = (key * 48_271) % (KEYS * 3);
                assert!(map.get(&key).is_none_or(|value| value / 8 == key));
            }
        });
        scope.spawn(|| {
            while writing.load(Relaxed) > 0 {
                arena.trim();
            }
        });
    });
    assert_eq!(map.len(), 0);
    arena.trim();
    let kept = arena.stats().total();
    println!("{kept:?}");
    assert!(kept.reserved_bytes <= 8 * SLAB, "{kept:?}");
}

#[test]
fn a_map_works_while_its_memory_is_given_back() {
    a_map_goes_on(false);
}

#[test]
fn a_map_with_replicas_works_while_its_memory_is_given_back() {
    a_map_goes_on(true);
}

struct Countdown<'a>(&'a AtomicUsize);

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[test]
fn trim_keeps_hugetlb_pages() {
    let arena = NumaArena::builder().page_size(PageSize::Hugetlb2M).build().unwrap();
    let pool = leaf_pool(&arena);
    take(&pool, BLOCKS).into_iter().for_each(|block| _ = block.release(&pool));
    assert_eq!(arena.trim(), 0);
}
