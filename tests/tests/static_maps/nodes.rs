//! Regions on several NUMA nodes.

use std::cell::Cell;

use bskip_core::{BSkipMap, MigrateCursor, NumaNodeId, Platform, StaticArena};
use tests::rng::mix;
use tests::threads;

thread_local! {
    /// The node that this thread says it runs on.
    static NODE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// A machine whose threads say on which node they run.
struct Nodes;

impl Platform for Nodes {
    fn relax(_: u32) {
        std::thread::yield_now();
    }

    fn numa_node() -> Option<NumaNodeId> {
        NODE.get().map(NumaNodeId)
    }
}

type Map = BSkipMap<u64, u64, &'static StaticArena<Nodes>>;

fn arena(regions: &[(u32, usize)]) -> &'static StaticArena<Nodes> {
    let arena: &'static StaticArena<Nodes> = Box::leak(Box::new(StaticArena::new()));
    for &(node, bytes) in regions {
        arena.add_region_on(NumaNodeId(node), vec![0; bytes].leak()).expect("room for a region");
    }
    arena
}

fn used(arena: &StaticArena<Nodes>, node: u32) -> usize {
    arena.capacity_on(NumaNodeId(node)) - arena.remaining_on(NumaNodeId(node))
}

#[test]
fn blocks_come_from_the_node_of_the_thread_that_inserts() {
    let arena = arena(&[(0, 100_000), (1, 100_000), (0, 100_000)]);
    // The first leaf is where the thread runs that inserts first.
    let map = Map::new_in(arena);
    let counts = threads::run(2, |t| {
        NODE.set(Some(t as u32));
        // Each thread has keys of its own, apart from those of the other one.
        let key = |i: u64| (t as u64) << 63 | mix(i) >> 1;
        (0..).take_while(|&i| used(arena, t as u32) < 90_000 && map.try_insert(key(i), i).is_ok()).count()
    });
    assert!(counts.iter().all(|&count| count > 2000), "{counts:?}");
    assert_eq!(used(arena, 0) + used(arena, 1), map.usage().reserved_bytes);
    // A thread whose node is full gets blocks from other nodes.
    NODE.set(Some(1));
    let full = (0..).find_map(|i| map.try_insert(mix(i), i).err());
    assert!(full.is_some() && arena.regions().all(|region| region.remaining < 2048), "{arena:?}");
}

/// Leaves move to the NUMA node that the caller names, as far as it has room.
#[test]
fn leaves_migrate_between_regions() {
    let arena = arena(&[(0, 200_000), (1, 200_000)]);
    let mut map = Map::new_in(arena);
    (0..4000).for_each(|i| assert_eq!(map.insert(mix(i), i), None));
    assert_eq!(used(arena, 1), 0);
    let mut cursor = MigrateCursor::new();
    while map.migrate(&mut cursor, 10, |_, home| {
        assert!(home.0 < 2);
        Some(NumaNodeId(1))
    }) {}
    map.check_invariants();
    assert!((0..4000).all(|i| map.get(&mix(i)) == Some(i)));
    let moved = cursor.moved_leaves();
    assert!(moved > 50 && used(arena, 1) > moved * Map::NODE_BYTES.0, "{moved} moved, {arena:?}");
    assert_eq!(used(arena, 0) + used(arena, 1), map.usage().reserved_bytes);
    // Node 7 has no region, so nothing moves there. A map without a leaf has nothing to move.
    let mut cursor = MigrateCursor::new();
    while map.migrate(&mut cursor, 10, |_, _| Some(NumaNodeId(7))) {}
    assert_eq!(cursor.moved_leaves(), 0);
    let mut cursor = MigrateCursor::new();
    assert!(!Map::new_in(arena).migrate(&mut cursor, 10, |_, _| panic!("there is no leaf")));
}
