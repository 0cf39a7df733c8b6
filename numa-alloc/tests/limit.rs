//! The byte limit: over all pools, reached exactly, and no end of the pool.

mod support;

use std::sync::Mutex;

use bskip_core::arena::{AllocErrorKind, NodeArena, NodeKind, NodePool, Placement};
use numa_alloc::NumaArena;
use support::{LEAF, Owned, layout, leaf_pool};

const LIMIT: usize = 3 << 20;
/// A stripe's first block begins one unit in.
const CAPACITY: usize = (LIMIT - 64) / 1152;

fn fill(pool: &impl NodePool) -> Vec<Owned> {
    let mut blocks = Vec::new();
    loop {
        match Owned::acquire(pool, Placement::Policy) {
            Ok(block) => blocks.push(block),
            Err(error) => {
                assert_eq!((error.kind, error.layout), (AllocErrorKind::LimitReached, LEAF));
                return blocks;
            }
        }
    }
}

#[test]
fn a_full_pool_refuses_and_serves_again_after_a_release() {
    let arena = NumaArena::builder().limit(LIMIT).build().unwrap();
    let pool = leaf_pool(&arena);
    let mut blocks = fill(&pool);
    assert_eq!(blocks.len(), CAPACITY);
    assert_eq!(pool.usage().reserved_bytes, LIMIT);
    for _ in 0..3 {
        let released = blocks.swap_remove(CAPACITY / 2).release(&pool);
        let block = Owned::acquire(&pool, Placement::Policy).unwrap();
        assert_eq!(block.id, released);
        assert_eq!(Owned::acquire(&pool, Placement::Policy).unwrap_err().kind, AllocErrorKind::LimitReached);
        blocks.push(block);
    }
    let error = arena.pool(LEAF, NodeKind::Inner).unwrap().acquire(Placement::Policy).unwrap_err();
    assert_eq!(error.kind, AllocErrorKind::LimitReached);
    drop(pool);
    assert_eq!(fill(&leaf_pool(&arena)).len(), CAPACITY);
}

/// What threads leave in their shards is found by others when nothing else is left.
#[test]
fn threads_share_the_last_blocks() {
    for nodes in [1, 3] {
        let arena = NumaArena::builder().limit(LIMIT).pretend_nodes(nodes).build().unwrap();
        let pool = leaf_pool(&arena);
        let all = Mutex::new(Vec::new());
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let blocks = fill(&pool);
                        all.lock().unwrap().extend(blocks);
                    });
                }
            });
            let mut blocks = core::mem::take(&mut *all.lock().unwrap());
            blocks.extend(fill(&pool));
            let usage = pool.usage();
            assert_eq!((usage.issued_blocks, usage.reserved_bytes), (blocks.len(), LIMIT));
            // Each stripe may end in less than a block, and each loses its first unit.
            assert!((CAPACITY - nodes as usize..=CAPACITY).contains(&blocks.len()), "{}", blocks.len());
            std::thread::scope(|scope| {
                for part in 0..4 {
                    let (blocks, pool) = (&blocks, &pool);
                    scope.spawn(move || {
                        for block in blocks.iter().skip(part).step_by(4) {
                            Owned { id: block.id }.release(pool);
                        }
                    });
                }
            });
            assert_eq!(pool.usage().issued_blocks, 0);
        }
    }
}

#[test]
fn the_last_of_the_limit_is_not_all_taken_by_one_pool() {
    let arena = NumaArena::builder().limit(256 << 10).build().unwrap();
    let leaves = leaf_pool(&arena);
    let inners = arena.pool(layout(896, 64), NodeKind::Inner).unwrap();
    for pool in [&leaves, &inners, &leaves, &inners] {
        pool.acquire(Placement::Policy).unwrap();
    }
    assert!(arena.stats().total().reserved_bytes <= 256 << 10);
}

#[test]
fn a_limit_below_a_page_holds_nothing() {
    let arena = NumaArena::builder().limit(1000).build().unwrap();
    let error = leaf_pool(&arena).acquire(Placement::Policy).unwrap_err();
    assert_eq!(error.kind, AllocErrorKind::LimitReached);
}

#[test]
fn impossible_layouts_are_refused() {
    let arena = NumaArena::new().unwrap();
    for layout in [layout(4 << 20, 4 << 20), layout(1 << 45, 64)] {
        let error = arena.pool(layout, NodeKind::Leaf).unwrap_err();
        assert_eq!((error.kind, error.layout), (AllocErrorKind::AddressSpaceExhausted, layout));
    }
}
