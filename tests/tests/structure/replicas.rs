//! Replicas of inner nodes: answers are right whether replicas are current or not, replicas are current when
//! they should be, and they are counted.

use bskip_core::{
    BSkipMap, BlockArena, BlockKind, BlockPool, BulkLoad, Config, NumaBlocks, Placement, Promotion, Refresh,
};
use numa_alloc::{NumaArena, PageSize, Policy};
use tests::config::some_promotions;
use tests::rng::mix;

type Map = BSkipMap<u64, u64, NumaArena>;

const NODES: u32 = 3;
const N: u64 = if cfg!(thorough) { 40_000 } else { 25_000 };

fn arena() -> NumaArena {
    let arena = NumaArena::builder().pretend_nodes(NODES).replicate_inner(true).page_size(PageSize::Small);
    arena.policy(Policy::Hash).build().expect("pretended nodes")
}

fn map(promotion: Promotion, refresh: Refresh) -> Map {
    let config = Config::new().promotion(promotion).refresh(refresh).seed(7);
    Map::with_config(arena(), config).expect("memory")
}

/// Threads of several nodes insert, remove and pop. Most leaves split, some merge. Returns what is left.
fn churn(map: &Map) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let mine = || (0..N).map(mix).filter(move |key| key % 4 == thread);
                mine().for_each(|key| assert_eq!(map.insert(key, !key), None));
                mine().step_by(3).for_each(|key| assert_eq!(map.remove(&key), Some(!key)));
                for (i, key) in mine().enumerate() {
                    assert_eq!(map.get(&key), (i % 3 > 0).then_some(!key));
                }
            });
        }
    });
}

/// Reads all that is left, on a thread of another node than the last one that read.
fn check_from_every_node(map: &Map) {
    // Tests that run beside this one use up some of the nodes' turns.
    for _ in 0..4 * NODES {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for thread in 0..4 {
                    let mine = (0..N).map(mix).filter(|key| key % 4 == thread).enumerate();
                    mine.for_each(|(i, key)| assert_eq!(map.get(&key), (i % 3 > 0).then_some(!key)));
                }
                let all: Vec<(u64, u64)> = map.iter().collect();
                assert!(all.is_sorted_by(|a, b| a.0 < b.0) && all.len() == map.len());
                let keys: Vec<u64> = all.iter().map(|pair| pair.0).collect();
                let mut values = vec![None; keys.len()];
                map.get_many(&keys, &mut values);
                assert!(all.iter().zip(&values).all(|(pair, value)| Some(pair.1) == *value));
                assert!(map.iter().rev().eq(all.iter().rev().copied()));
            });
        });
    }
}

#[test]
fn synchronous_replicas_are_their_originals() {
    for promotion in some_promotions() {
        let mut map = map(promotion, Refresh::Synchronous);
        churn(&map);
        let found = map.check_invariants();
        assert_eq!(found.stale_replicas, 0, "{promotion:?}: {found:?}");
        assert!(found.inners > 5, "{promotion:?}: {found:?}");
        check_from_every_node(&map);
        assert_eq!(map.refresh_replicas(), 0, "nothing to do");
        map.shrink_to_fit();
        assert_eq!(map.check_invariants().stale_replicas, 0, "after shrinking");
        map.clear();
        churn(&map);
        assert_eq!(map.check_invariants().stale_replicas, 0, "in blocks used again");
        check_from_every_node(&map);
    }
}

#[test]
fn lazy_replicas_lead_astray_and_follow() {
    for promotion in some_promotions() {
        let mut map = map(promotion, Refresh::Lazy);
        churn(&map);
        // Most leaves split once more, and only this thread searches for them.
        (N..3 * N).map(mix).for_each(|key| assert_eq!(map.insert(key, !key), None));
        // Only searches that were led astray have copied anything.
        let stale = map.check_invariants().stale_replicas;
        assert!(stale > 0, "{promotion:?}");
        check_from_every_node(&map);
        let fewer = map.check_invariants().stale_replicas;
        assert!(fewer < stale, "{promotion:?}: searches refresh what led them astray, {fewer} of {stale}");
        assert_eq!(map.refresh_replicas(), fewer);
        assert_eq!(map.check_invariants().stale_replicas, 0, "{promotion:?}");
        check_from_every_node(&map);
    }
}

#[test]
fn a_map_built_at_once_has_its_replicas() {
    let load = BulkLoad::with_arena(arena()).expect("memory");
    load.part((0..N).map(|key| (key, !key))).expect("sorted, and memory");
    let mut map: Map = load.finish().expect("memory");
    assert_eq!(map.check_invariants().stale_replicas, 0);
    let mut more = Map::with_arena(arena()).expect("memory");
    (N..2 * N).for_each(|key| assert_eq!(more.insert(key, !key), None));
    map.append(&mut more);
    assert_eq!(map.check_invariants().stale_replicas, 0, "appended");
    assert!((0..2 * N).all(|key| map.get(&key) == Some(!key)));
}

#[test]
fn replicas_cost_the_inner_nodes_once_more_on_every_node_and_count_for_the_limit() {
    let map = map(Promotion::Overflow, Refresh::Synchronous);
    let plain = NumaArena::builder().pretend_nodes(NODES).page_size(PageSize::Small).build().expect("nodes");
    let without = Map::with_arena(plain.clone()).expect("memory");
    for key in (0..N).map(mix) {
        map.insert(key, key);
        without.insert(key, key);
    }
    let stats = map.arena().stats();
    assert!(map.arena().replicates_inner() && map.arena().report().contains("inner levels replicated"));
    let replicas: Vec<usize> = stats.nodes.iter().map(|node| node.replica_bytes).collect();
    // Each node has the same amount: what the inner blocks of all nodes took.
    assert!(replicas.iter().all(|&bytes| bytes > 0 && bytes == replicas[0]), "{replicas:?}");
    assert_eq!(map.usage().reserved_bytes, stats.total().reserved_bytes + replicas.iter().sum::<usize>());
    assert!(plain.stats().nodes.iter().all(|node| node.replica_bytes == 0));
    drop(map);

    let limit = 8 << 20;
    let arena = NumaArena::builder().pretend_nodes(NODES).replicate_inner(true).limit(limit);
    let arena = arena.page_size(PageSize::Small).build().expect("nodes");
    let mut map = Map::with_arena(arena).expect("memory");
    let failed = (0..400_000).map(mix).find_map(|key| map.try_insert(key, key).err()).expect("a limit");
    assert_eq!(map.get(&failed.key), None);
    let taken = map.usage().reserved_bytes;
    assert!(taken <= limit && taken > limit * 9 / 10, "{taken}");
    map.check_invariants();
}

/// There are leaves and no level above them yet, and a reader by chunks asks for the read-ahead.
#[test]
fn readers_of_leaves_without_a_level_above() {
    let map = map(Promotion::Coin { one_in: u32::MAX }, Refresh::Synchronous);
    (0..1000).for_each(|key| assert_eq!(map.insert(key, !key), None));
    let (mut up, mut down) = (Vec::new(), Vec::new());
    map.for_each_chunk(.., |keys, _| {
        up.extend_from_slice(keys);
    });
    map.for_each_chunk_rev(.., |keys, _| {
        down.extend(keys.iter().rev());
    });
    assert!(up.iter().copied().eq(0..1000) && map.iter().rev().map(|pair| pair.0).eq((0..1000).rev()));
    down.sort_unstable();
    assert_eq!(up, down);
}

/// The replica that a thread searches is on the node that its local blocks are on.
#[test]
fn a_thread_has_the_replica_of_its_own_node() {
    let arena = arena();
    let layout = core::alloc::Layout::from_size_align(128, 64).expect("a layout");
    let pool = arena.pool(layout, BlockKind::Inner).expect("address space");
    let mut seen = [false; NODES as usize];
    for _ in 0..2 * NODES {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let block = pool.acquire(Placement::Policy).expect("memory");
                let replica = pool.nearest_replica();
                // SAFETY: the pool has issued the block.
                let home = unsafe { pool.home(block) };
                assert_eq!(home, arena.nodes()[replica]);
                seen[replica] = true;
            });
        });
    }
    assert_eq!(seen, [true; NODES as usize]);
}

/// One node needs no replicas: a search goes straight to the nodes.
#[test]
fn one_node_has_no_replicas() {
    let arena = NumaArena::builder().pretend_nodes(1).replicate_inner(true).build().expect("a node");
    assert!(!arena.replicates_inner());
    let mut map = Map::with_arena(arena).expect("memory");
    (0..N).for_each(|key| assert_eq!(map.insert(key, key), None));
    assert_eq!((map.refresh_replicas(), map.check_invariants().stale_replicas), (0, 0));
}
