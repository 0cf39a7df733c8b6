//! Policies, homes, remote frees and misses on several nodes. The nodes are pretended, so the tests run on
//! any machine.

mod support;

use std::collections::{HashMap, HashSet};

use bskip_core::arena::{AllocErrorKind, BlockArena, BlockKind, NumaNodeId, Placement};
use numa_alloc::{BuildError, NumaArena, NumaPool, PageSize, Policy, RemoteFrees};
use support::{Owned, layout, leaf_pool};

fn on(node: u32) -> Placement {
    Placement::NumaNode(NumaNodeId(node))
}

/// How many of `blocks` new blocks are on each node.
fn homes(pool: &NumaPool, placement: Placement, blocks: usize) -> HashMap<u32, usize> {
    let mut homes = HashMap::new();
    for _ in 0..blocks {
        let block = Owned::acquire(pool, placement).unwrap();
        *homes.entry(block.home(pool).unwrap().0).or_default() += 1;
    }
    homes
}

#[test]
fn placements_override_policies() {
    let homes_under = |policy: Policy| {
        let arena = NumaArena::builder().pretend_nodes(4).policy(policy).build().unwrap();
        let pool = leaf_pool(&arena);
        let by_policy = homes(&pool, Placement::Policy, 400);
        assert_eq!(homes(&pool, on(3), 5000), HashMap::from([(3, 5000)]));
        assert_eq!(arena.stats().misses, 0);
        by_policy
    };
    assert_eq!(homes_under(Policy::Interleave), (0..4).map(|node| (node, 100)).collect());
    assert_eq!(homes_under(Policy::Node(NumaNodeId(2))), HashMap::from([(2, 400)]));
    assert_eq!(homes_under(Policy::Local).values().sum::<usize>(), 400);
    assert_eq!(homes_under(Policy::Local).len(), 1);
    let preferred = homes_under(Policy::PreferredMany(vec![NumaNodeId(1)]));
    assert_eq!(preferred, HashMap::from([(1, 400)]));
}

#[test]
fn weights_are_kept_exactly() {
    let policy: Policy = "weighted-interleave:0=3,3=1,1=4".parse().unwrap();
    let arena = NumaArena::builder().pretend_nodes(4).policy(policy).build().unwrap();
    let pool = leaf_pool(&arena);
    for _ in 0..50 {
        assert_eq!(homes(&pool, Placement::Policy, 8), HashMap::from([(0, 3), (3, 1), (1, 4)]));
    }
    assert_eq!(arena.stats().misses, 0);
}

#[test]
fn nearest_remote_and_memory_only_avoid_the_node_of_the_thread() {
    // Pretended nodes form a ring: the nearest node is the next one.
    let under = |policy: Policy| {
        let builder = NumaArena::builder().pretend_nodes(2).pretend_cpuless_nodes(2).policy(policy);
        // Small pages, because a machine may refuse huge pages and that would be reported.
        let builder = builder.page_size(PageSize::Small);
        let arena = builder.inner_policy(Policy::Local).build().unwrap();
        let (leaves, inners) = (leaf_pool(&arena), arena.pool(layout(896, 64), BlockKind::Inner).unwrap());
        let here = homes(&inners, Placement::Policy, 10);
        let leaves = homes(&leaves, Placement::Policy, 10);
        assert_eq!(arena.stats().misses, 0);
        assert_eq!(arena.fallbacks(), []);
        assert_eq!((here.len(), leaves.len()), (1, 1));
        (*here.keys().next().unwrap(), *leaves.keys().next().unwrap())
    };
    let (here, nearest) = under(Policy::NearestRemote);
    assert_eq!(nearest, here + 1);
    let (here, tiered) = under(Policy::MemoryOnly);
    assert!(here < 2 && tiered == 2, "{here} {tiered}");
}

#[test]
fn inner_levels_have_a_policy_of_their_own() {
    let builder = NumaArena::builder().pretend_nodes(3).policy(Policy::Node(NumaNodeId(2)));
    let arena = builder.inner_policy(Policy::Interleave).build().unwrap();
    assert_eq!((arena.policy(), arena.inner_policy()), (&Policy::Node(NumaNodeId(2)), &Policy::Interleave));
    let inners = arena.pool(layout(896, 64), BlockKind::Inner).unwrap();
    assert_eq!(homes(&leaf_pool(&arena), Placement::Policy, 30), HashMap::from([(2, 30)]));
    assert_eq!(homes(&inners, Placement::Policy, 30), (0..3).map(|node| (node, 10)).collect());
    assert!(arena.report().starts_with("placement node:2 (inner levels interleave), pages transparent"));
    assert!(
        format!("{arena:?}").contains("policy: Node(NumaNodeId(2)), inner_policy: Interleave"),
        "{arena:?}"
    );
    let same = NumaArena::builder().policy(Policy::Interleave).build().unwrap();
    assert_eq!(same.inner_policy(), &Policy::Interleave);
}

#[test]
fn threads_are_local_to_their_node() {
    let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
    let pool = leaf_pool(&arena);
    for _ in 0..4 {
        let homes =
            std::thread::scope(|scope| scope.spawn(|| homes(&pool, Placement::Policy, 100)).join().unwrap());
        assert_eq!(homes.len(), 1, "{homes:?}");
    }
    assert_eq!(arena.stats().misses, 0);
}

#[test]
fn remote_frees_go_home_and_are_used_again() {
    const EACH: usize = 4000;
    let arena = NumaArena::builder().pretend_nodes(3).build().unwrap();
    let pool = leaf_pool(&arena);
    let fill = || -> Vec<Owned> {
        (0..3 * EACH).map(|i| Owned::acquire(&pool, on(i as u32 % 3)).unwrap()).collect()
    };
    let blocks = fill();
    let full = arena.stats();
    assert_eq!(full.nodes.iter().map(|node| node.usage.issued_blocks).collect::<Vec<_>>(), [EACH; 3]);
    // This thread is on one node, so the blocks of the two other nodes are remote to it.
    for block in blocks {
        block.release(&pool);
    }
    let empty = arena.stats();
    assert_eq!(empty.total().issued_blocks, 0);
    let mut remote: Vec<_> = empty.nodes.iter().map(|node| node.remote_frees as usize).collect();
    remote.sort_unstable();
    assert_eq!(remote, [0, EACH, EACH]);

    let again = fill();
    for (i, block) in again.iter().enumerate() {
        assert_eq!(block.home(&pool), Some(NumaNodeId(i as u32 % 3)));
    }
    let refilled = arena.stats();
    assert_eq!(refilled.misses, 0);
    assert_eq!(refilled.total(), full.total());
}

#[test]
fn adopted_blocks_are_issued_by_the_thread_that_freed_them() {
    let adopting = NumaArena::builder().pretend_nodes(2).remote_frees(RemoteFrees::Adopt);
    for (builder, adopts) in [(adopting, true), (NumaArena::builder().pretend_nodes(2), false)] {
        let arena = builder.build().unwrap();
        let pool = leaf_pool(&arena);
        let here = *homes(&pool, Placement::Policy, 1).keys().next().unwrap();
        // Use up the free blocks of the thread's own node, so that the next blocks are new or from the other
        // node.
        homes(&pool, on(here), 15);
        let other = 1 - here;
        let take = || (0..100).map(|_| Owned::acquire(&pool, on(other)).unwrap()).collect::<Vec<_>>();
        let ids: HashSet<_> = take().into_iter().map(|block| block.release(&pool)).collect();
        let local: Vec<_> = (0..40).map(|_| Owned::acquire(&pool, Placement::Policy).unwrap()).collect();
        let adopted = local.iter().filter(|block| ids.contains(&block.id)).count();
        assert_eq!(adopted, if adopts { 40 } else { 0 });
        assert!(
            local
                .iter()
                .all(|block| block.home(&pool) == Some(NumaNodeId(if adopts { other } else { here })))
        );
        let stats = arena.stats();
        assert_eq!((stats.misses, stats.nodes[here as usize].misses), (adopted as u64, adopted as u64));
        assert_eq!(stats.nodes[other as usize].usage.issued_blocks, adopted);
        assert_eq!(arena.report().contains("remote frees adopted"), adopts);
        // A thread that wants the other node gets the blocks again, without a miss.
        let again = take();
        assert!(again.iter().filter(|block| ids.contains(&block.id)).count() >= 100 - 40 - 16, "{adopts}");
        assert_eq!(arena.stats().misses, adopted as u64);
        again.into_iter().chain(local).for_each(|block| _ = block.release(&pool));
        assert_eq!(arena.stats().total().issued_blocks, 16);
    }
}

/// Blocks that one thread adopted are not lost for other threads.
#[test]
fn adopted_blocks_are_found_before_the_limit() {
    let builder = NumaArena::builder().pretend_nodes(2).remote_frees(RemoteFrees::Adopt).limit(4 << 20);
    let arena = builder.build().unwrap();
    let pool = leaf_pool(&arena);
    let fill =
        || -> Vec<Owned> { std::iter::from_fn(|| Owned::acquire(&pool, Placement::Policy).ok()).collect() };
    let blocks = fill();
    let count = blocks.len();
    blocks.into_iter().for_each(|block| _ = block.release(&pool));
    // This thread is on the other node, or at least uses another shard.
    let found = std::thread::scope(|scope| scope.spawn(|| fill().len()).join().unwrap());
    assert_eq!(found, count);
}

#[test]
fn a_missing_node_is_a_miss() {
    let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
    let pool = leaf_pool(&arena);
    homes(&pool, on(7), 10);
    assert_eq!(arena.stats().misses, 10);
}

/// Blocks so large that a stripe holds only a few. None of them is touched.
#[test]
fn a_full_node_overflows_to_the_next() {
    let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
    let pool = arena.pool(layout(20 << 30, 64), BlockKind::Leaf).unwrap();
    let mut blocks = Vec::new();
    let refusal = loop {
        match Owned::acquire(&pool, on(1)) {
            Ok(block) => blocks.push(block),
            Err(error) => break error.kind,
        }
    };
    assert_eq!(refusal, AllocErrorKind::AddressSpaceExhausted);
    let overflowed = blocks.iter().filter(|block| block.home(&pool) == Some(NumaNodeId(0))).count();
    assert_eq!(overflowed * 2, blocks.len());
    assert!(overflowed > 0);
    assert_eq!(arena.stats().misses, overflowed as u64);
    let back = blocks.swap_remove(0).release(&pool);
    assert_eq!(Owned::acquire(&pool, on(0)).unwrap().id, back);
}

#[test]
fn the_build_error_names_an_unknown_node() {
    let nodes = NumaArena::new().unwrap().nodes();
    let missing = NumaNodeId(4000);
    let builds = [
        NumaArena::builder().policy(Policy::Node(missing)).build(),
        NumaArena::builder().policy(Policy::PreferredMany(vec![nodes[0], missing])).build(),
        NumaArena::builder().inner_policy(Policy::Node(missing)).build(),
        NumaArena::builder().policy(Policy::WeightedInterleave(vec![(nodes[0], 2), (missing, 1)])).build(),
        NumaArena::builder().nodes(&[missing]).build(),
    ];
    for build in builds {
        let BuildError::NoSuchNode { node, available } = build.unwrap_err() else { panic!("another error") };
        assert_eq!(node, missing);
        // A memory-only node is available too, although no arena uses it by default.
        assert!(nodes.iter().all(|node| available.contains(node)), "{available:?}");
    }
    assert_eq!(NumaArena::builder().nodes(&[]).build().unwrap_err(), BuildError::NoNodes);
    assert_eq!(NumaArena::builder().nodes(&nodes[..1]).build().unwrap().nodes(), &nodes[..1]);
}

#[test]
fn the_report_has_settings_and_misses() {
    let arena = NumaArena::builder().pretend_nodes(2).limit(8 << 20).build().unwrap();
    let pool = leaf_pool(&arena);
    homes(&pool, on(1), 2);
    homes(&pool, on(5), 1);
    let report = arena.report();
    assert!(
        report.starts_with("placement local, pages transparent, limit 8388608 bytes\nnode 0: "),
        "{report}"
    );
    assert!(report.contains("\nmisses: 1"), "{report}");
}
