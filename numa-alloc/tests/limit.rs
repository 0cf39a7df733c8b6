//! The byte limit: it applies to all pools together, can be reached exactly, and does not end the pool.

mod support;

use std::sync::Mutex;

use bskip_core::arena::{AllocErrorKind, BlockArena, BlockKind, BlockPool, NumaNodeId, Placement};
use numa_alloc::{BuildError, NumaArena, Policy};
use support::{LEAF, Owned, layout, leaf_pool};

const LIMIT: usize = 3 << 20;
/// The first block of a stripe begins one unit after its start.
const CAPACITY: usize = (LIMIT - 64) / 1152;

fn fill(pool: &impl BlockPool) -> Vec<Owned> {
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
fn a_full_pool_fails_and_works_again_after_a_release() {
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
    let error = arena.pool(LEAF, BlockKind::Inner).unwrap().acquire(Placement::Policy).unwrap_err();
    assert_eq!(error.kind, AllocErrorKind::LimitReached);
    drop(pool);
    assert_eq!(fill(&leaf_pool(&arena)).len(), CAPACITY);
}

/// A thread finds blocks that others left in their shards when there are no other blocks.
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

/// If a node is at its limit, blocks go to the next nearest node, and the report shows it. Blocks that are
/// released on the node are used again.
#[test]
fn a_node_at_its_limit_overflows_to_the_next() {
    let builder = NumaArena::builder().pretend_nodes(3).policy(Policy::Node(NumaNodeId(1)));
    let arena = builder.node_limit(NumaNodeId(1), 1).node_limit(NumaNodeId(1), LIMIT).build().unwrap();
    let pool = leaf_pool(&arena);
    let take = || Owned::acquire(&pool, Placement::Policy).unwrap();
    let mut on_node: Vec<Owned> = (0..CAPACITY).map(|_| take()).collect();
    let overflowed: Vec<Owned> = (0..100).map(|_| take()).collect();
    assert!(on_node.iter().all(|block| block.home(&pool) == Some(NumaNodeId(1))));
    assert!(overflowed.iter().all(|block| block.home(&pool) == Some(NumaNodeId(2))));

    let stats = arena.stats();
    let by_node: Vec<_> = stats.nodes.iter().map(|n| (n.usage.issued_blocks, n.misses, n.limit)).collect();
    assert_eq!(by_node, [(0, 0, None), (CAPACITY, 100, Some(LIMIT)), (100, 0, None)]);
    assert_eq!((stats.misses, stats.nodes[1].usage.reserved_bytes), (100, LIMIT));
    let report = arena.report();
    let expected = format!("limit {LIMIT} bytes, 100 wanted here and placed elsewhere\n");
    assert!(report.contains(&expected), "{report}");

    on_node.swap_remove(7).release(&pool);
    assert_eq!(take().home(&pool), Some(NumaNodeId(1)));
    assert_eq!(take().home(&pool), Some(NumaNodeId(2)));
    // All pools share the limit, and a pool that drops gives its part back.
    let other = leaf_pool(&arena);
    assert_eq!(Owned::acquire(&other, Placement::Policy).unwrap().home(&other), Some(NumaNodeId(2)));
    drop(pool);
    assert_eq!(Owned::acquire(&other, Placement::Policy).unwrap().home(&other), Some(NumaNodeId(1)));
}

#[test]
fn node_limits_apply_in_addition_to_the_total_limit() {
    let builder = NumaArena::builder().pretend_nodes(2).limit(LIMIT).policy(Policy::Node(NumaNodeId(0)));
    let arena = builder.node_limit(NumaNodeId(0), 1 << 20).build().unwrap();
    let pool = leaf_pool(&arena);
    let blocks = fill(&pool);
    let stats = arena.stats();
    assert_eq!(stats.nodes[0].usage.reserved_bytes, 1 << 20);
    assert_eq!(stats.total().reserved_bytes, LIMIT);
    // Each of the two stripes may end in less than a block.
    assert!((CAPACITY - 2..=CAPACITY).contains(&blocks.len()), "{}", blocks.len());
    let none =
        NumaArena::builder().pretend_nodes(2).node_limit(NumaNodeId(0), 0).node_limit(NumaNodeId(1), 0);
    assert_eq!(fill(&leaf_pool(&none.build().unwrap())).len(), 0);
    let missing = NumaArena::builder().pretend_nodes(2).node_limit(NumaNodeId(2), 0).build().unwrap_err();
    let available = vec![NumaNodeId(0), NumaNodeId(1)];
    assert_eq!(missing, BuildError::NoSuchNode { node: NumaNodeId(2), available });
}

#[test]
fn one_pool_does_not_take_the_whole_rest_of_the_limit() {
    let arena = NumaArena::builder().limit(256 << 10).build().unwrap();
    let leaves = leaf_pool(&arena);
    let inners = arena.pool(layout(896, 64), BlockKind::Inner).unwrap();
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
fn impossible_layouts_are_errors() {
    let arena = NumaArena::new().unwrap();
    for layout in [layout(4 << 20, 4 << 20), layout(1 << 45, 64)] {
        let error = arena.pool(layout, BlockKind::Leaf).unwrap_err();
        assert_eq!((error.kind, error.layout), (AllocErrorKind::AddressSpaceExhausted, layout));
    }
}
