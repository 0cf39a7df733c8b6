//! A policy by keys places leaves, and leaves move between nodes while the map is used.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bskip_core::{BSkipMap, BulkLoad, Key, MigrateCursor, NumaNodeId, Promotion};
use numa_alloc::{NumaArena, PageSize, Policy};
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::rng::mix;

type Map = BSkipMap<u64, u64, NumaArena>;

const NODES: u32 = 3;
const N: u64 = 30_000;

fn map(policy: Policy, promotion: Promotion, seed: u64) -> Map {
    let arena = NumaArena::builder().pretend_nodes(NODES).policy(policy).page_size(PageSize::Small);
    let arena = arena.replicate_inner(true).build().expect("pretended nodes");
    Map::with_config(arena, config(promotion, seed)).expect("memory")
}

/// Keys below a third of all words belong to node 2, the next third to node 1, the last to node 0.
fn thirds() -> (Policy, fn(u64) -> u32) {
    const THIRD: u64 = u64::MAX / 3;
    let bounds = vec![(0, NumaNodeId(2)), (THIRD, NumaNodeId(1)), (2 * THIRD, NumaNodeId(0))];
    (Policy::Range(bounds), |key| 2 - (key / THIRD).min(2) as u32)
}

/// The least key and the node of each leaf but the first.
fn homes<K: Key, V>(map: &BSkipMap<K, V, NumaArena>) -> Vec<(K, NumaNodeId)> {
    let mut homes = Vec::new();
    map.migrate(&mut MigrateCursor::new(), usize::MAX, |low, home| {
        homes.extend(low.map(|low| (low, home)));
        None
    });
    homes
}

/// Leaves that are not on the node of their least key.
fn misplaced(map: &Map, node_of: impl Fn(u64) -> u32) -> usize {
    homes(map).iter().filter(|(low, home)| home.0 != node_of(*low)).count()
}

#[test]
fn leaves_are_born_on_the_node_of_their_keys() {
    let (policy, node_of) = thirds();
    for promotion in CRUEL_PROMOTIONS {
        let map = map(policy.clone(), promotion, 1);
        (0..N).map(mix).for_each(|key| assert_eq!(map.insert(key, key), None));
        let leaves = homes(&map).len();
        assert!(leaves > 400);
        // Redistribution may move a boundary across a bound, above all while there are few leaves.
        let misplaced = misplaced(&map, node_of);
        assert!(misplaced * 100 < leaves, "{promotion:?}: {misplaced} of {leaves}");
        let stats = map.arena().stats();
        assert!(stats.nodes.iter().all(|node| node.usage.issued_blocks > leaves / 4), "{stats}");
        assert_eq!(stats.misses, 0);
    }
    let arena = NumaArena::builder().pretend_nodes(NODES).policy(policy).build().expect("nodes");
    let step = u64::MAX / N;
    let load = BulkLoad::with_arena(arena).expect("memory");
    load.part((0..N).map(|i| (i * step, i))).expect("sorted, and memory");
    let built: Map = load.finish().expect("memory");
    assert_eq!(misplaced(&built, node_of), 0);
    assert!(homes(&built).len() > 400);
}

#[test]
fn everything_moves_and_comes_back() {
    let (policy, node_of) = thirds();
    for (promotion, seed) in CRUEL_PROMOTIONS.into_iter().zip(1..) {
        let mut map = map(policy.clone(), promotion, seed);
        (0..N).map(mix).for_each(|key| assert_eq!(map.insert(key, !key), None));
        let before = map.check_invariants();
        let mut cursor = MigrateCursor::new();
        let mut calls = 0;
        while map.migrate(&mut cursor, 10, |_, _| Some(NumaNodeId(1))) {
            calls += 1;
            assert!(!cursor.is_done());
        }
        assert!(calls * 10 < before.leaves && before.leaves <= calls * 10 + 10);
        // The first leaf stays where it is.
        assert!(cursor.refused_leaves() <= 1, "{cursor:?}");
        assert!(cursor.moved_leaves() > before.leaves / 2, "{cursor:?}");
        assert!(homes(&map).iter().all(|(_, home)| *home == NumaNodeId(1)));
        let after = map.check_invariants();
        assert_eq!(
            (after.keys, after.leaves, after.inners, after.unlisted),
            (before.keys, before.leaves, before.inners, before.unlisted)
        );
        assert!((0..N).map(mix).all(|key| map.get(&key) == Some(!key)));

        let mut back = MigrateCursor::new();
        assert!(!map.rebalance(&mut back, usize::MAX));
        assert_eq!(misplaced(&map, node_of), 0);
        assert!(back.is_done() && back.moved_leaves() > before.leaves / 2);
        map.check_invariants();
        assert!((0..N).map(mix).all(|key| map.get(&key) == Some(!key)));
    }
}

#[test]
fn a_node_that_is_not_there_takes_nothing() {
    let map = map(Policy::Local, Promotion::default(), 2);
    (0..N).for_each(|key| assert_eq!(map.insert(key, key), None));
    let before = homes(&map);
    let mut cursor = MigrateCursor::new();
    assert!(!map.migrate(&mut cursor, usize::MAX, |_, _| Some(NumaNodeId(9))));
    assert_eq!((cursor.moved_leaves(), cursor.refused_leaves()), (0, before.len() + 1));
    assert_eq!(homes(&map), before);
    // If the policy does not place by keys, there is nothing to do.
    let mut cursor = MigrateCursor::new();
    assert!(!map.rebalance(&mut cursor, usize::MAX));
    assert_eq!((cursor.moved_leaves(), cursor.refused_leaves()), (0, 0));
}

#[test]
fn owned_values_move_and_are_dropped_once() {
    let arena = NumaArena::builder().pretend_nodes(2).page_size(PageSize::Small).build().expect("nodes");
    let map: BSkipMap<u64, String, NumaArena> = BSkipMap::with_arena(arena).expect("memory");
    (0..2000).for_each(|key| drop(map.insert(key, format!("value {key}"))));
    for node in [0, 1, 0] {
        map.migrate(&mut MigrateCursor::new(), usize::MAX, |_, _| Some(NumaNodeId(node)));
    }
    assert!((0..2000).all(|key| map.remove(&key) == Some(format!("value {key}"))));
}

/// Writers split, merge and empty leaves, and scans read them, while two threads move them about.
#[test]
fn leaves_move_under_writers_and_scans() {
    for (promotion, seed) in CRUEL_PROMOTIONS.into_iter().zip(1..) {
        let (policy, _) = thirds();
        let mut map = map(policy, promotion, seed);
        let stop = AtomicBool::new(false);
        // These keys stay throughout.
        (0..N).map(mix).filter(|key| key % 2 == 0).for_each(|key| assert_eq!(map.insert(key, !key), None));
        let moved: usize = std::thread::scope(|scope| {
            let movers: Vec<_> = (0..2)
                .map(|mover| {
                    let (map, stop) = (&map, &stop);
                    scope.spawn(move || {
                        let (mut moved, mut round) = (0, mover);
                        while !stop.load(Relaxed) {
                            let mut cursor = MigrateCursor::new();
                            while map.migrate(&mut cursor, 20, |_, _| Some(NumaNodeId(round % NODES))) {}
                            moved += cursor.moved_leaves();
                            round += 1;
                        }
                        moved
                    })
                })
                .collect();
            let writers: Vec<_> = (0..2)
                .map(|writer| {
                    let map = &map;
                    scope.spawn(move || {
                        let mine = || (0..N).map(mix).filter(move |key| key % 4 == 2 * writer + 1);
                        for _ in 0..3 {
                            mine().for_each(|key| assert_eq!(map.insert(key, !key), None));
                            assert!(mine().all(|key| map.get(&key) == Some(!key)));
                            let even = map.iter().filter(|pair| pair.0 % 2 == 0).count();
                            assert_eq!(even, (0..N).map(mix).filter(|key| key % 2 == 0).count());
                            mine().for_each(|key| assert_eq!(map.remove(&key), Some(!key)));
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.join().expect("writers find what is theirs");
            }
            stop.store(true, Relaxed);
            movers.into_iter().map(|mover| mover.join().expect("movers do not fail")).sum()
        });
        assert!(moved > 1000, "{moved}");
        map.check_invariants();
        let mut expected: Vec<u64> = (0..N).map(mix).filter(|key| key % 2 == 0).collect();
        expected.sort_unstable();
        assert!(map.iter().eq(expected.into_iter().map(|key| (key, !key))));
    }
}
