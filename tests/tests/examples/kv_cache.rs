//! The example `kv_cache` of `numa-alloc`, on two nodes that the arena pretends to have.
//!
//! Properties:
//! - blocks are evicted by score, the least first, on the own node before the other; a hit moves a block to
//!   its new score; a block is not evicted while it is pinned;
//! - too few blocks: nothing is reserved, and nothing is lost;
//! - among threads, a pinned block has the contents of its prefix and one owner, and each block is in one
//!   state.

#[path = "../../../numa-alloc/examples/kv_cache/cache.rs"]
mod cache;

use cache::{Block, KvCache, Usage};
use numa_alloc::NumaArena;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::config::shared_steps;
use tests::rng::Rng;
use tests::threads;

fn cache(blocks: u32) -> KvCache {
    let cache = KvCache::new(&NumaArena::builder().pretend_nodes(2), blocks).expect("memory");
    assert_eq!(cache.nodes().len(), 2);
    cache
}

/// Caches these prefixes, each with its score.
fn fill(cache: &KvCache, node: usize, prefixes: impl Iterator<Item = (u64, u64)>) {
    for (prefix, score) in prefixes {
        let block = cache.reserve(node, 1).expect("room")[0];
        assert_eq!(cache.admit(prefix, block), block);
        cache.unpin(prefix, score);
    }
}

#[test]
fn the_least_score_goes_first_on_the_own_node() {
    let cache = cache(100);
    // The scores of node 0 descend, those of node 1 ascend.
    fill(&cache, 0, (0..100).map(|prefix| (prefix, 1000 - prefix)));
    fill(&cache, 1, (100..200).map(|prefix| (prefix, prefix)));
    assert_eq!(cache.usage(), [Usage { evictable: 100, ..Usage::default() }; 2]);

    // 99 would be first: it is pinned. 98 is hit, and comes last.
    assert!(cache.pin(99).is_some() && cache.pin(98).is_some());
    cache.unpin(98, 2000);
    let reserved = cache.reserve(0, 3).expect("98 are not pinned");
    assert!(reserved.iter().all(|&block| cache.home(block) == 0));
    let is_cached = |prefix| cache.pin(prefix).inspect(|_| cache.unpin(prefix, 1000 - prefix)).is_some();
    assert!((90..98).all(|prefix| is_cached(prefix) == (prefix < 95)), "97, 96 and 95 have gone");
    assert!(is_cached(98));

    // 96 more are on node 0, all but the pinned one. Then node 1 gives its own, from the least score on.
    cache.unpin(99, 1);
    assert!(cache.pin(99).is_some());
    let more = cache.reserve(0, 100).expect("200 in all");
    assert_eq!(more.iter().filter(|&&block| cache.home(block) == 0).count(), 96);
    assert!((100..110).all(|prefix| cache.pin(prefix).is_some() == (prefix >= 104)));
    assert!(cache.pin(98).is_none());

    // 90 of node 1 are left, and not pinned. The pinned ones stay, and what was freed for nothing is free.
    assert_eq!(cache.reserve(1, 91), None);
    let usage = cache.usage();
    assert_eq!(usage[0], Usage { free: 0, evictable: 0, pinned: 1 });
    assert_eq!(usage[1], Usage { free: 90, evictable: 0, pinned: 6 });
    more.into_iter().chain(reserved).for_each(|block| cache.give_back(block));
    assert_eq!(cache.usage().iter().map(|usage| usage.free).sum::<usize>(), 99 + 94);
}

#[test]
fn the_second_to_compute_a_prefix_uses_the_first_block() {
    let cache = cache(2);
    let blocks = cache.reserve(1, 2).expect("both are free");
    assert_eq!(cache.admit(7, blocks[0]), blocks[0]);
    assert_eq!(cache.admit(7, blocks[1]), blocks[0]);
    cache.unpin(7, 1);
    assert_eq!(cache.reserve(1, 4), None, "it is pinned once more");
    assert_eq!(cache.pin(7), Some(blocks[0]));
    cache.unpin(7, 2);
    cache.unpin(7, 3);
    assert_eq!(cache.reserve(1, 4).map(|blocks| blocks.len()), Some(4));
    assert_eq!(cache.pin(7), None);
}

/// What the owner of a reserved block adds to its users.
const OWNED: u64 = 1 << 32;

/// Reserves a block and fills it.
fn fresh(
    cache: &KvCache,
    node: usize,
    prefix: u64,
    contents: &[AtomicU64],
    users: &[AtomicU64],
) -> Option<Block> {
    let block = cache.reserve(node, 1)?[0];
    let (contents, users) = (&contents[block.0 as usize], &users[block.0 as usize]);
    assert_eq!(users.fetch_add(OWNED, Ordering::Relaxed), 0, "a block in use was reserved");
    contents.store(prefix, Ordering::Relaxed);
    users.fetch_sub(OWNED, Ordering::Relaxed);
    Some(cache.admit(prefix, block))
}

#[test]
fn hits_and_evictions_at_once() {
    const BLOCKS: u32 = 60;
    const THREADS: usize = 4;
    let (cache, steps) = (cache(BLOCKS), shared_steps(10_000));
    // What each block holds, and how many threads use it now. Relaxed everywhere: the cache itself must order what
    // the owners of a block do, one after the other.
    let zeros = || (0..2 * BLOCKS).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
    let (contents, users) = (zeros(), zeros());
    let refused = threads::run(THREADS, |t| {
        let (mut rng, mut refused) = (Rng::new(t as u64), 0);
        for step in 0..steps {
            // Few prefixes are wanted often, many now and then.
            let prefix = if rng.below(2) == 0 { rng.below(20) } else { rng.below(500) };
            let block = cache.pin(prefix).or_else(|| fresh(&cache, t % 2, prefix, &contents, &users));
            let Some(Block(block)) = block else {
                refused += 1;
                continue;
            };
            let (contents, users) = (&contents[block as usize], &users[block as usize]);
            assert!(users.fetch_add(1, Ordering::Relaxed) < OWNED, "a pinned block was reserved");
            assert_eq!(contents.load(Ordering::Relaxed), prefix);
            if rng.below(16) == 0 {
                std::thread::yield_now();
            }
            assert_eq!(contents.load(Ordering::Relaxed), prefix, "a pinned block was evicted");
            users.fetch_sub(1, Ordering::Relaxed);
            cache.unpin(prefix, step + rng.below(100));
        }
        refused
    });
    assert_eq!(refused, [0; THREADS], "at most four blocks are pinned");
    for usage in cache.usage() {
        assert_eq!((usage.free + usage.evictable, usage.pinned), (BLOCKS as usize, 0));
    }
    let mut all = cache.reserve(1, 2 * BLOCKS as usize).expect("none is pinned");
    all.sort_unstable();
    assert!(all.into_iter().eq((0..2 * BLOCKS).map(Block)), "a block is lost, or comes twice");
}
