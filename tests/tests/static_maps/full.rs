//! Arenas that are filled to the last block.

use bskip_core::{BSkipMap, StaticArena};
use tests::config::scaled;
use tests::rng::mix;
use tests::threads;

use crate::arena;

type Map = BSkipMap<u64, u64, &'static StaticArena>;

#[test]
fn a_full_arena_takes_pairs_again_after_removals() {
    let arena = arena(&[(0, 100_000), (0, 50_000)]);
    let mut map = Map::new_in(arena);
    let (leaf, inner) = Map::NODE_BYTES;
    for round in 0..scaled(20) {
        let key = |i: u64| mix(i + (round << 32));
        let full = (0..).find_map(|i| map.try_insert(key(i), i).err()).expect("150 kB are soon full");
        assert_eq!(full.key, key(full.value));
        assert_eq!(full.cause.kind, bskip_core::AllocErrorKind::OutOfMemory);
        assert_eq!(map.len() as u64, full.value);
        assert!((0..full.value).all(|i| map.get(&key(i)) == Some(i)), "the map is as it was");
        map.check_invariants();
        let usage = map.usage();
        assert_eq!(arena.remaining() + usage.reserved_bytes, arena.capacity());
        if round == 0 {
            assert!(arena.remaining() < 2 * (leaf + 64), "{} left", arena.remaining());
            let notes = usage.reserved_bytes - usage.issued_bytes;
            assert!(notes < usage.issued_blocks * 16 + 1000, "{notes} bytes of notes for {usage:?}");
        }
        assert!(usage.issued_bytes + usage.issued_bytes / 64 + 4 * (leaf + inner) > arena.capacity());
        // A key that is there needs no memory.
        assert_eq!(map.insert(key(0), 0), Some(0));
        assert!((0..full.value).all(|i| map.remove(&key(i)) == Some(i)));
        assert!(map.is_empty());
        assert!(map.usage().issued_blocks < 8, "blocks of removed leaves are free");
    }
    drop(map);
    assert_eq!(arena.remaining(), arena.capacity());
}

/// Threads insert into a full arena and remove again. What was accepted is there, and nothing else.
#[test]
fn threads_fill_an_arena_and_empty_it() {
    let arena = arena(&[(0, 40_000)]);
    let mut map = Map::new_in(arena);
    let accepted = threads::run(3, |t| {
        let mut mine = Vec::new();
        let mut refused = 0;
        for step in 0..scaled(60_000) {
            let key = mix(step * 3 + t as u64);
            if step / 3000 % 2 == 0 {
                match map.try_insert(key, key) {
                    Ok(None) => mine.push(key),
                    Ok(Some(_)) => panic!("only this thread inserts this key"),
                    Err(back) => {
                        assert_eq!((back.key, back.value), (key, key));
                        refused += 1;
                    }
                }
            } else if let Some(key) = mine.pop() {
                assert_eq!(map.remove(&key), Some(key));
            }
        }
        assert!(refused > 0, "the arena was never full");
        mine
    });
    map.check_invariants();
    assert_eq!(map.len(), accepted.iter().map(Vec::len).sum());
    assert!(accepted.iter().flatten().all(|key| map.get(key) == Some(*key)));
    assert_eq!(arena.remaining() + map.usage().reserved_bytes, arena.capacity());
}

/// Maps with nodes of other sizes use the memory of maps that have dropped.
#[test]
fn a_map_that_drops_gives_everything_back() {
    let arena = arena(&[(0, 60_000), (1, 60_000)]);
    for round in 0..20u64 {
        let small: BSkipMap<u16, (), &'static StaticArena> = BSkipMap::new_in(arena);
        let large: BSkipMap<u64, [u64; 100], &'static StaticArena> = BSkipMap::new_in(arena);
        let middle = BSkipMap::<u128, u64, _>::with_arena(arena).expect("room for a leaf");
        let mut refused = 0;
        for i in 0..2000 {
            refused += usize::from(small.try_insert(i as u16, ()).is_err());
            refused += usize::from(large.try_insert(mix(i), [round; 100]).is_err());
            refused += usize::from(middle.try_insert(u128::from(mix(i)), i).is_err());
        }
        assert!(refused > 0 && large.len() > 20, "{refused}");
        assert!(large.iter().all(|(_, value)| value == [round; 100]));
    }
    assert_eq!(arena.remaining(), arena.capacity());
}
