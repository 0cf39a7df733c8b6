//! Pinned workers over a map on `NumaArena`. The tests pass on any machine and check more on several nodes.
//!
//! * Leaves lie on the node of the worker that filled them.
//! * If all workers fill their ranges, each node has blocks in proportion to its keys.
//! * The same holds if the arena places leaves by the partition's bounds, whichever worker makes them.
//! * A map for each node lies on that node alone.
//! * Handles, partition and pool agree on which worker owns a key.

use std::ops::RangeInclusive;
use std::sync::Arc;

use bskip_core::BSkipMap;
use bskip_core::arena::NumaNodeId;
use bskip_topology::{Machine, Partition, PinPlan, PinPolicy, WorkerPool};
use numa_alloc::{NumaArena, PageSize, Policy};

/// Keys of each worker.
const SHARE: u64 = 10_000;

/// Plans of every kind for at least two workers.
fn plans() -> Vec<PinPlan> {
    let machine = Machine::discover();
    let policies = ["none", "compact", "scatter", "per-node", "per-l3", "smt-last"];
    let plan = |name: &str| {
        let policy: PinPolicy = name.parse().expect("a policy");
        policy.plan(&machine, machine.parallelism().max(2)).expect("this process has a CPU")
    };
    policies.map(plan).into()
}

/// The keys of all workers of the plan.
fn keys(plan: &PinPlan) -> u64 {
    plan.len() as u64 * SHARE
}

/// The keys of a worker's range, each far from the one before. Ascending keys would fill leaves completely in
/// some ranges, and only half where a neighbour's key lies behind them.
fn spread(range: RangeInclusive<u64>) -> impl Iterator<Item = u64> {
    (0..SHARE).map(move |i| range.start() + i * 7919 % SHARE)
}

fn builder() -> numa_alloc::Builder {
    NumaArena::builder().page_size(PageSize::Small)
}

/// Checks that nearly all touched pages are where the arena asked for them, as far as the kernel tells.
fn assert_placed(arena: &NumaArena) {
    let report = arena.verify_placement();
    for node in report.nodes.iter().filter(|_| report.refused.is_none()) {
        let elsewhere: usize = node.elsewhere.iter().map(|(_, pages)| pages).sum();
        assert!(elsewhere <= node.placed / 100, "{report}");
    }
}

/// The arena has the nodes that a plan names, also if CPUs are on a node without memory.
fn assert_known(arena: &NumaArena, partition: &Partition) {
    let nodes = arena.nodes();
    assert!(
        partition.bounds().iter().all(|(_, node)| nodes.contains(&NumaNodeId(*node))),
        "{partition:?}, {nodes:?}"
    );
}

/// Checks that each node has blocks in proportion to its keys below `keys`.
fn assert_in_proportion(arena: &NumaArena, partition: &Partition, keys: u64) {
    assert_known(arena, partition);
    let stats = arena.stats();
    let all = stats.total().issued_blocks as f64;
    for node in &stats.nodes {
        let here = (0..keys).filter(|&key| partition.node_of(key) == Some(node.node.0)).count();
        let (share, blocks) = (here as f64 / keys as f64, node.usage.issued_blocks as f64 / all);
        assert!((share - blocks).abs() < 0.05, "{share} of the keys, {}", arena.report());
    }
}

#[test]
fn a_worker_fills_its_own_node() {
    for plan in plans() {
        let pool = WorkerPool::new(plan);
        for alone in 0..pool.len() {
            let arena = builder().build().expect("an arena");
            let map = BSkipMap::with_arena(arena.clone()).expect("an empty map");
            let nodes = pool.run(|worker| {
                if worker.index() == alone {
                    spread(0..=SHARE - 1).for_each(|key| assert_eq!(map.insert(key, key), None));
                }
                worker.node().filter(|_| worker.is_pinned())
            });
            let Some(home) = nodes[alone].map(NumaNodeId) else { continue };
            assert!(arena.nodes().contains(&home), "worker {alone} of node {home}");
            let away = arena.stats().nodes.into_iter().filter(|node| node.node != home);
            let blocks: usize = away.map(|node| node.usage.issued_blocks).sum();
            // The empty map's own blocks are where this thread was.
            assert!(
                blocks <= 2 && map.len() as u64 == SHARE,
                "worker {alone} of node {home}: {}",
                arena.report()
            );
        }
    }
}

#[test]
fn each_range_lies_on_the_node_of_its_worker() {
    for plan in plans() {
        let keys = keys(&plan);
        let partition = Partition::new(&plan, 0..=keys - 1);
        let arena = builder().build().expect("an arena");
        let map = BSkipMap::with_arena(arena.clone()).expect("an empty map");
        let pool = WorkerPool::new(plan);
        let pinned = pool.run(|worker| {
            let owner = worker.index() as u64;
            spread(partition.range(worker.index())).for_each(|key| assert_eq!(map.insert(key, owner), None));
            worker.is_pinned()
        });
        assert_eq!(map.len() as u64, keys);
        for (key, owner) in map.iter() {
            assert_eq!(partition.worker_of(key) as u64, owner);
        }
        assert_placed(&arena);
        if !pinned.iter().all(|&pinned| pinned) {
            continue;
        }
        assert_in_proportion(&arena, &partition, keys);
    }
}

#[test]
fn bounds_place_the_leaves_that_others_make() {
    for plan in plans() {
        let keys = keys(&plan);
        let partition = Partition::new(&plan, 0..=keys - 1);
        let bounds: Vec<_> =
            partition.bounds().into_iter().map(|(lowest, node)| (lowest, NumaNodeId(node))).collect();
        // Workers may move between nodes.
        if bounds.is_empty() {
            continue;
        }
        let arena = builder().policy(Policy::Range(bounds)).build().expect("nodes of the machine");
        let map = BSkipMap::with_arena(arena.clone()).expect("an empty map");
        for worker in 0..plan.len() {
            spread(partition.range(worker)).for_each(|key| assert_eq!(map.insert(key, key), None));
        }
        assert_placed(&arena);
        assert_in_proportion(&arena, &partition, keys);
    }
}

#[test]
fn a_map_for_each_node_lies_on_that_node() {
    for plan in plans() {
        let keys = keys(&plan);
        let partition = Partition::new(&plan, 0..=keys - 1);
        let pool = WorkerPool::with_per_node(plan, |worker| {
            let node = worker.node().map(NumaNodeId);
            let arena = builder().policy(node.map_or(Policy::Local, Policy::Node)).build();
            let map = BSkipMap::with_arena(arena.expect("a node of the machine")).expect("an empty map");
            Arc::new((node, map))
        });
        pool.run(|worker| {
            let (_, map) = &**worker.handle;
            spread(partition.range(worker.index())).for_each(|key| assert_eq!(map.insert(key, !key), None));
        });
        let owner = |key| &pool.handles()[partition.worker_of(key)].1;
        assert!((0..keys).all(|key| owner(key).get(&key) == Some(!key)));
        for handle in pool.handles() {
            let (node, map) = &**handle;
            let stats = map.arena().stats();
            assert_placed(map.arena());
            for other in stats.nodes.iter().filter(|other| node.is_some_and(|node| node != other.node)) {
                assert_eq!(other.usage.issued_blocks, 0, "{}", map.arena().report());
            }
        }
    }
}
