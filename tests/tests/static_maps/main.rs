//! Maps in statics, on arenas over memory that the program gives them.
//!
//! Properties:
//! - no operation of such a map asks the global allocator, but for those that return memory of it
//!   (`nothing_allocates`);
//! - before the first insertion a map takes no memory, and every operation finds it empty;
//! - threads that insert at the same time make one first leaf (`first_leaf`);
//! - a full arena refuses a pair, gives it back, and takes pairs again after removals; every byte is accounted for
//!   (`full`);
//! - with regions on several NUMA nodes, blocks come from the node that is asked for (`nodes`);
//! - an empty map in a static has at most 256 bytes.

mod first_leaf;
mod full;
mod guard;
mod nodes;
mod nothing_allocates;
mod strings;

use bskip_core::{BSkipMap, BSkipSet, NumaNodeId, StaticArena};
use tests::threads;

/// An arena of these regions, which stays for ever.
fn arena(regions: &[(u32, usize)]) -> &'static StaticArena {
    let arena: &'static StaticArena = Box::leak(Box::new(StaticArena::new()));
    for &(node, bytes) in regions {
        let memory = vec![0xa5u8; bytes].leak();
        arena.add_region_on(NumaNodeId(node), memory).expect("room for a region");
    }
    arena
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_empty_map_is_small() {
    assert!(size_of::<BSkipMap<u64, u64, &'static StaticArena>>() <= 256);
    assert!(size_of::<BSkipSet<[u8; 32], &'static StaticArena>>() <= 256);
}

/// Two maps of different types in statics share an arena, from the first insertion on.
#[test]
fn threads_share_static_maps() {
    const THREADS: u64 = 4;
    const KEYS: u64 = 20_000;
    static ARENA: StaticArena = StaticArena::new();
    static MAP: BSkipMap<u64, u64, &'static StaticArena> = BSkipMap::new_in(&ARENA);
    static SET: BSkipSet<(u32, u64), &'static StaticArena> = BSkipSet::new_in(&ARENA);

    ARENA.add_region(vec![0; 4 << 20].leak()).expect("the first region");
    let key = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let sums = threads::run(THREADS as usize, |t| {
        let mut removed = 0;
        for i in (t as u64..THREADS * KEYS).step_by(THREADS as usize) {
            assert_eq!(MAP.insert(key(i), i), None);
            assert!(SET.insert((i as u32 % 7, key(i))));
            assert_eq!(MAP.get(&key(i)), Some(i));
            if i % 3 == 0 {
                assert_eq!(MAP.remove(&key(i)), Some(i));
                assert!(SET.remove(&(i as u32 % 7, key(i))));
                removed += 1;
            }
        }
        removed
    });
    let left = (THREADS * KEYS - sums.iter().sum::<u64>()) as usize;
    assert_eq!((MAP.len(), SET.len(), MAP.iter().count()), (left, left, left));
    assert!(MAP.iter().rev().all(|(at, i)| at == key(i) && i % 3 > 0));
    assert_eq!(MAP.hint_bytes(), 0);
    let reserved = MAP.usage().reserved_bytes + SET.usage().reserved_bytes;
    assert_eq!(ARENA.remaining() + reserved, ARENA.capacity());
}
